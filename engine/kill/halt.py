"""Stopping trading: the router's gate at once, the latch file behind it, and back together.

The gate needs nobody and works from any thread. The latch waits for a disk, so it is written
beside the loop: cancels are not held up by it. The third copy, an event, is the engine's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from engine.clock import Clock
from engine.core.types import KillLevel
from engine.kill.latch import Latch, LatchRecord
from engine.kill.worker import InlineWorker, ThreadWorker, Worker
from engine.router import HaltGate

DEADLINE_S = 5.0
"""How long the latch may take to write, in seconds of real time."""


class Halt:
    """Gate and latch of one account. `on_failure` is told when the latch refuses.

    `threaded` writes the latch in a thread; otherwise on the loop, for virtual time.
    """

    def __init__(
        self,
        gate: HaltGate,
        latch: Latch,
        clock: Clock,
        on_failure: Callable[[Exception], None],
        *,
        threaded: bool,
    ) -> None:
        self._gate = gate
        self._latch = latch
        self._clock = clock
        self._on_failure = on_failure
        self._worker: Worker = ThreadWorker(DEADLINE_S) if threaded else InlineWorker()
        self._closings = 0
        self._writing: asyncio.Task[bool] | None = None

    def close(self, by: str) -> None:
        """Close the gate, now, from any thread."""
        self._closings += 1
        self._gate.close(by)

    def engage(self, by: str, reason: str) -> None:
        """Close the gate and begin to write the latch. Use it on the loop."""
        self.close(by)
        ts = self._clock.now_ns()

        def write() -> int:
            self._latch.set(KillLevel.HALT, by, reason, ts)
            return 0

        self._writing = asyncio.get_running_loop().create_task(self._on_disk(write))

    def latched(self) -> LatchRecord | None:
        """What the latch file says, None where there is none."""
        return self._latch.read()

    def seen(self) -> int:
        """How often it was closed so far: what a release is decided on."""
        return self._closings

    async def release(self, seen: int) -> None:
        """Remove the latch and open the gate, unless it was closed again since `seen`."""
        await self.written()
        if seen == self._closings and await self._on_disk(self._clear):
            self.reopen(seen)

    def reopen(self, seen: int) -> None:
        """Open the gate, unless it was closed again since `seen`. The latch stays as it is."""
        by = self._gate.closed_by
        if seen == self._closings:
            self._gate.open()
        if seen != self._closings:  # another thread closed it between the two lines
            self._gate.close(by)

    async def written(self) -> None:
        """Wait until the latch is as durable as it gets."""
        if self._writing is not None:
            await self._writing

    async def finish(self) -> None:
        """Write what is to be written and end. The gate stays as it is."""
        await self.written()
        self._worker.close()

    def _clear(self) -> int:
        self._latch.clear()
        return 0

    async def _on_disk(self, job: Callable[[], int]) -> bool:
        try:
            await self._worker.run(job)
        except OSError as error:  # the gate stays closed and the journal is another copy
            self._on_failure(error)
            return False
        return True
