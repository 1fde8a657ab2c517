"""Looking at our own books: is what was just booked the same wherever it is kept?"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Iterator
from itertools import chain, islice
from typing import Any

from engine.clock import Clock
from engine.core.ledger.conservation import recent_disagreements
from engine.core.state import State

PAUSE_S = 0.002
"""Between two slices: the orders that come meanwhile are answered in."""
ORDERS_A_SLICE = 10
"""Orders looked at before anything else has its turn: no order waits for it longer than a tenth of
a millisecond."""
SLICES = 1_500
"""How many there are at the most, where only larger ones let a check end before the next begins."""
NAMED_MAX = 5
"""Disagreements of the ledger that an error names; one is enough to stop."""


class LedgerBroken(Exception):
    """Executions, orders and positions do not agree: a bug of ours, and no ground to trade on."""


class LedgerCheck:
    """Checks the orders in `booked` when told to; a busy account has thousands of them.

    So it takes a break after each few. `on_wrong` hears what does not agree.
    """

    def __init__(
        self,
        state: State,
        clock: Clock,
        spawn: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
        on_wrong: Callable[[LedgerBroken], None],
    ) -> None:
        self.booked: set[str] = set()
        self._state = state
        self._clock = clock
        self._spawn = spawn
        self._on_wrong = on_wrong
        self._slices: Iterator[list[str]] = iter(())
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Check what was booked since the last check; one that is under way is left to end."""
        if self._task is None or self._task.done():
            booked, self.booked = self.booked, set()
            size = max(ORDERS_A_SLICE, len(booked) // SLICES)
            self._slices = recent_disagreements(self._state, booked, orders_a_slice=size)
            self._task = self._spawn(self._check())

    def finish(self) -> None:
        """Check at once what is left of the check that is under way."""
        if self._task is not None:
            self._task.cancel()
            self._tell(chain.from_iterable(self._slices))

    async def _check(self) -> None:
        for wrong in self._slices:
            self._tell(wrong)
            await self._clock.sleep(PAUSE_S)

    def _tell(self, wrong: Iterable[str]) -> None:
        named = list(islice(wrong, NAMED_MAX))
        if named:
            self._on_wrong(LedgerBroken("; ".join(named)))
