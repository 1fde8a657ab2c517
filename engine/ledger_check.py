"""Looking at our own books: is what was just booked the same wherever it is kept?"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from engine.core.ledger.conservation import recent_disagreements
from engine.core.state import State

NAMED_MAX = 5
"""Disagreements of the ledger that an error names; one is enough to stop."""


class LedgerBroken(Exception):
    """Executions, orders and positions do not agree: a bug of ours, and no ground to trade on."""


class LedgerCheck:
    """Checks the orders in `booked` when told to; a busy account has thousands of them.

    So it gives the loop a turn after each few. `on_wrong` hears what does not agree.
    """

    def __init__(
        self,
        state: State,
        spawn: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
        on_wrong: Callable[[LedgerBroken], None],
    ) -> None:
        self.booked: set[str] = set()
        self._state = state
        self._spawn = spawn
        self._on_wrong = on_wrong
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Check what was booked since the last check; one that is under way is left to end."""
        if self._task is None or self._task.done():
            booked, self.booked = self.booked, set()
            self._task = self._spawn(self._check(booked))

    async def finish(self) -> None:
        """Wait for the check that is under way."""
        if self._task is not None:
            await asyncio.wait((self._task,))

    async def _check(self, booked: set[str]) -> None:
        wrong: list[str] = []
        for found in recent_disagreements(self._state, booked):
            wrong += found
            if len(wrong) >= NAMED_MAX:
                break
            await asyncio.sleep(0)
        if wrong:
            self._on_wrong(LedgerBroken("; ".join(wrong[:NAMED_MAX])))
