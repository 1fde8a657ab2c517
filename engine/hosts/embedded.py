"""An engine in its own thread with its own event loop, for a console in the same process.

A stalled or lost terminal, a slow frame or a crash of the screen does not touch it. Nothing is
shared but queues: commands go in through `EmbeddedLink`, numbered events come out of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import secrets
import threading
from contextlib import AsyncExitStack
from typing import Protocol

from engine.control.telemetry import Telemetry
from engine.core.commands import CancelAll, Command, Kill
from engine.core.status import LinkUpdate, ReplayStatus
from engine.core.types import KillLevel
from engine.engine import Engine
from engine.runtime import loop_factory, prepare_to_trade

TICK_S = 0.1
"""How often market data and status are handed out: as often as a console draws."""
CANCEL_S = 5.0
"""How long a stop waits for its cancels; with the rest it stays within the promised 10 s."""


class Market(Protocol):
    """The market an embedded engine trades on, as far as a console may steer it."""

    def pause(self) -> None: ...

    def resume(self) -> None: ...

    def status(self) -> ReplayStatus | None:
        """Where a recording stands; None for a market without an end."""
        ...


class EngineHost(Protocol):
    """What runs in the engine's thread: an engine and everything beside it."""

    @property
    def engine(self) -> Engine: ...

    @property
    def market(self) -> Market: ...

    @property
    def telemetry(self) -> Telemetry: ...

    async def open(self, stack: AsyncExitStack) -> None:
        """Build and start; register on `stack` what must be closed, in order."""
        ...


class EmbeddedLink:
    """The console's door to an engine in another thread of this process."""

    def __init__(self, engine: Engine, market: Market, loop: asyncio.AbstractEventLoop) -> None:
        self._engine = engine
        self._market = market
        self._loop = loop
        self._subscription = engine.publisher.subscribe()
        self._run = secrets.token_hex(4)
        self._numbers = itertools.count(1)

    def submit(self, command: Command) -> None:
        """Hand over one command."""
        self._engine.submit(command)

    def kill(self, level: KillLevel, by: str = "operator", reason: str = "") -> None:
        """Close the gate within this very call, then have the engine latch and sweep."""
        if level is not KillLevel.PAUSE:
            self._engine.halt(by)
        command_id = f"kill-{self._run}-{next(self._numbers)}"
        self.submit(Kill(command_id=command_id, by=by, level=level, reason=reason))

    def poll(self) -> LinkUpdate:
        """Everything new since the last poll."""
        return self._subscription.poll()

    def watch(self, symbols: frozenset[str]) -> None:
        """Send these symbols' books."""
        self._subscription.symbols = symbols

    def pause_replay(self, paused: bool) -> None:
        """Stop or continue the frames of a recorded market."""
        with contextlib.suppress(RuntimeError):  # the engine has ended
            self._loop.call_soon_threadsafe(self._market.pause if paused else self._market.resume)


class EmbeddedEngine:
    """An engine thread. `failed` tells why it ended, when it did so by itself."""

    link: EmbeddedLink

    def __init__(self, host: EngineHost) -> None:
        self.failed = ""
        self._host = host
        self._error: Exception | None = None
        self._opened = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._stop_asked = False
        self._cancel_on_stop = False
        self._thread = threading.Thread(target=self._main, name="engine", daemon=True)

    def start(self) -> None:
        """Bring the engine up and return when it is. Raises what its host raised."""
        self._thread.start()
        self._opened.wait()
        if self._error is not None:
            raise self._error

    def stop(self, *, cancel: bool = False) -> None:
        """Ask the engine to end, after cancelling every open order if `cancel`; returns at once."""
        self._cancel_on_stop = cancel
        self._stop_asked = True
        loop, stopping = self._loop, self._stopping
        if loop is not None and stopping is not None:
            with contextlib.suppress(RuntimeError):  # the loop has just ended
                loop.call_soon_threadsafe(stopping.set)

    def join(self, timeout_s: float) -> bool:
        """Wait for the end; True when the state is saved and the thread is gone."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _main(self) -> None:
        try:
            with asyncio.Runner(loop_factory=loop_factory()) as runner:
                runner.run(self._serve())
        except Exception as error:  # there is nobody else to tell: `start` raises it, or it is read
            self._error = error
            self.failed = f"{type(error).__name__}: {error}"
        finally:
            self._opened.set()

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        stopping = asyncio.Event()
        self._stopping, self._loop = stopping, loop
        async with AsyncExitStack() as stack:
            await self._host.open(stack)
            engine = self._host.engine
            self.link = EmbeddedLink(engine, self._host.market, loop)
            self._opened.set()
            prepare_to_trade()
            engine.dispatcher.spawn(self._tick())
            if not self._stop_asked:  # else it was asked before there was anything to tell
                await stopping.wait()
            if self._cancel_on_stop:
                await _cancel_all(engine)

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        telemetry, engine = self._host.telemetry, self._host.engine
        engine.standstill.begin()
        due = loop.time()
        while True:
            engine.waking.look_round()
            telemetry.loop_lag_s = max(0.0, loop.time() - due)
            engine.publisher.tick(telemetry.look())
            due = loop.time() + TICK_S
            await asyncio.sleep(TICK_S)


async def _cancel_all(engine: Engine) -> None:
    """Cancel what is open and wait, within bounds, until nothing is."""
    engine.submit(CancelAll(command_id=f"exit-{secrets.token_hex(4)}", by="exit"))
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(CANCEL_S):
            await engine.until(
                lambda: all(order.is_external for order in engine.state.orders.open_orders())
            )
