"""When to commit: at once where something waits for it, else a moment later, in company.

What a venue has said of an order lets nothing out, and the order that comes next would wait for
the disk to be done with it: both go into that order's commit.
"""

from __future__ import annotations

import asyncio

PATIENCE_S = 0.003
"""How long what a venue has said waits for company: the next order of a rush is there by then."""
ENOUGH = 16
"""Events that are worth a commit of their own."""


class GroupCommit:
    """Tells its one waiter when a commit is due. Without patience it is due at every event.

    Create it on the loop that waits.
    """

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self._loop = asyncio.get_running_loop()
        self._due = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None

    def decided(self, events: int, *, awaited: bool) -> None:
        """Note how many events wait by now, and whether anything waits for them to be durable."""
        if awaited or events >= ENOUGH or not self._patience_s:
            self._due.set()
        elif events and self._timer is None:
            self._timer = self._loop.call_later(self._patience_s, self._due.set)

    async def due(self) -> None:
        """Wait until a commit is due; everything that waits goes into it."""
        await self._due.wait()
        self._due.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
