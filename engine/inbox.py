"""The engine's one entrance: what waits to be decided, control lane before data lane.

Any thread may put a command; reports and timers come from the engine's own loop. The bounds are
policies: a full control lane refuses the command (the asker is told "busy"), a full data lane is a
broken engine and stops it, because order events must never be shed.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from engine.core.commands import Command
from engine.core.decide.judge import Input

COMMANDS_MAX = 10_000
REPORTS_MAX = 1_000_000


class InboxFull(Exception):
    """Reports arrive faster than they are decided, beyond the bound: the engine must stop."""


class Inbox:
    """Two bounded lanes and one waiting reader. Create it on the loop that will read it.

    `on_full` is told when a report found no room, and is lost.
    """

    def __init__(self, on_full: Callable[[InboxFull], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_full = on_full
        self._commands: deque[Command] = deque()
        self._reports: deque[Input] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._closed = False

    def __len__(self) -> int:
        return len(self._commands) + len(self._reports)

    def put_command(self, command: Command) -> bool:
        """Queue a command, from any thread; False when the lane is full or the engine ends."""
        if self._closed or len(self._commands) >= COMMANDS_MAX:
            return False
        self._commands.append(command)
        if self._is_here():
            self._wake()
            return True
        try:
            self._loop.call_soon_threadsafe(self._wake)
        except RuntimeError:  # the loop has ended
            return False
        return True

    def put(self, item: Input) -> None:
        """Queue a report or a timer, from the loop's own thread."""
        if len(self._reports) >= REPORTS_MAX:
            self._on_full(InboxFull(f"{REPORTS_MAX} reports wait to be decided"))
            return
        self._reports.append(item)
        self._wake()

    def close(self) -> None:
        """Take no more commands, and end the reader when the reports that wait have been read."""
        self._closed = True
        self._commands.clear()
        self._wake()

    async def take(self, at_most: int) -> list[Input]:
        """Wait until something is there; return up to `at_most` inputs, commands first.

        Empty once the inbox is closed and nothing waits.
        """
        while not self._commands and not self._reports and not self._closed:
            self._waiter = self._loop.create_future()
            await self._waiter
        batch: list[Input] = []
        for lane in (self._commands, self._reports):
            while lane and len(batch) < at_most:
                batch.append(lane.popleft())
        return batch

    def _is_here(self) -> bool:
        """True where the loop runs: to wake it as a thread does takes it two system calls."""
        try:
            return asyncio.get_running_loop() is self._loop
        except RuntimeError:
            return False

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
