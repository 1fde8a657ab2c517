"""Reading retired orders back from the journal, beside the engine's loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from engine.core.orders.machine import Order
from engine.core.requests import RecallAnswer, RecallOrder
from engine.journal.errors import JournalError

RECALLS_MAX = 1_024
"""Questions that may wait: beyond it the answer is at once that the order cannot be read."""


class Recaller:
    """Asks `read` for one order after the other, in the order in which they were asked for.

    `threaded` reads in a thread; otherwise in the caller, which makes virtual time exact.
    """

    def __init__(self, read: Callable[[RecallOrder], Order | None], *, threaded: bool) -> None:
        self._read = read
        self._threaded = threaded
        self._turn = asyncio.Lock()
        self._waiting = 0

    async def recall(self, recall: RecallOrder) -> RecallAnswer:
        """The journal's answer; an order that cannot be read is an answer, too."""
        if self._waiting >= RECALLS_MAX:
            return RecallAnswer(recall=recall, error=f"{RECALLS_MAX} orders wait to be read back")
        self._waiting += 1
        try:
            async with self._turn:
                return RecallAnswer(recall=recall, order=await self._answer(recall))
        except JournalError as error:
            return RecallAnswer(recall=recall, error=str(error))
        finally:
            self._waiting -= 1

    async def _answer(self, recall: RecallOrder) -> Order | None:
        if self._threaded:
            return await asyncio.to_thread(self._read, recall)
        return self._read(recall)
