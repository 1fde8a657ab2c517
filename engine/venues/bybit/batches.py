"""Many orders in one request: split by category and to the venue's sizes, each with its outcome.

/v5/order/create-batch, amend-batch, cancel-batch, and cancel-all. Nothing is sent twice here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine, Iterator, Sequence
from typing import Any, TypeVar

from engine.core.reports import Outcome, RequestKind
from engine.core.requests import (
    AmendRequest,
    CancelRequest,
    MassCancelRequest,
    OrderRequest,
    VenueRequest,
)
from engine.core.types import Category
from engine.venues.bybit import bodies
from engine.venues.bybit.batch_reply import Named
from engine.venues.bybit.commands import Commands
from engine.venues.bybit.entry import OrderEntry, response
from engine.venues.bybit.instruments import SymbolMap
from engine.venues.bybit.rest import Answer
from engine.venues.errors import NotExecuted, VenueUnknown
from engine.venues.protocol import BatchAnswer, MassCancelResponse, OrderResponse
from engine.venues.reasons import Reason

LARGEST = {Category.SPOT: 10, Category.LINEAR: 20, Category.INVERSE: 20}
"""How many requests a batch of a category may have; the others are sent one by one."""

Request = TypeVar("Request", OrderRequest, AmendRequest, CancelRequest)
_Write = Callable[[Request], bytes | OrderResponse]
_Send = Callable[[Request], Coroutine[Any, Any, OrderResponse]]


class Batches:
    """One account's batches. Only those `categories` know them: others go one by one."""

    def __init__(
        self,
        entry: OrderEntry,
        commands: Commands,
        symbols: SymbolMap,
        categories: Collection[Category],
    ) -> None:
        self._entry = entry
        self._commands = commands
        self._symbols = symbols
        self._categories = frozenset(categories)

    def split(self, requests: Sequence[VenueRequest]) -> list[list[int]]:
        """The places of those that can leave together; while REST is banned each leaves alone.

        The socket has its own limits for single orders, and each then has its own fate.
        """
        portions: list[list[int]] = []
        filling: dict[Category, list[int]] = {}
        for place, request in enumerate(requests):
            if isinstance(request, AmendRequest) and request.waiting:
                portions.append([place])  # amend-batch knows no conditional orders
                continue
            category = self._symbols.venue(request.symbol)[0]
            portion = filling.get(category)
            if portion is None or len(portion) >= self._largest(category):
                portions.append(portion := [])
                filling[category] = portion
            portion.append(place)
        return portions

    def _largest(self, category: Category) -> int:
        if category not in self._categories or self._commands.shut_out:
            return 1
        return LARGEST.get(category, 1)

    async def place(self, requests: Sequence[OrderRequest]) -> list[BatchAnswer]:
        """Place orders; see `ExchangeClient.place_batch`."""
        entry = self._entry
        return await self._all(RequestKind.PLACE, requests, entry.write_place, entry.place)

    async def amend(self, requests: Sequence[AmendRequest]) -> list[BatchAnswer]:
        """Amend orders; see `ExchangeClient.amend_batch`."""
        entry = self._entry
        return await self._all(RequestKind.AMEND, requests, entry.write_amend, entry.amend)

    async def cancel(self, requests: Sequence[CancelRequest]) -> list[BatchAnswer]:
        """Cancel orders; see `ExchangeClient.cancel_batch`."""
        entry = self._entry
        return await self._all(RequestKind.CANCEL, requests, entry.write_cancel, entry.cancel)

    async def cancel_all(self, request: MassCancelRequest) -> MassCancelResponse:
        """Cancel whatever fits; see `ExchangeClient.cancel_all`."""
        symbol = self._symbols.venue(request.symbol)[1] if request.symbol else ""
        affected: frozenset[str] = frozenset()
        for body in bodies.cancel_all(request, symbol):
            found = await self._commands.cancel_all(body)
            affected |= found.affected
            answered = response("", found.answer)
            if not answered.accepted:
                return MassCancelResponse(
                    outcome=answered.outcome,
                    affected=affected,
                    reason=answered.reason,
                    text=answered.text,
                )
            if not found.done:
                return MassCancelResponse(
                    outcome=Outcome.REJECTED,
                    affected=affected,
                    reason=Reason.VENUE_BUSY,
                    text="the venue says that cancel-all did not succeed",
                )
        return MassCancelResponse(affected=affected)

    async def _all(
        self,
        kind: RequestKind,
        requests: Sequence[Request],
        write: _Write[Request],
        send: _Send[Request],
    ) -> list[BatchAnswer]:
        portions = self.split(requests)
        if len(portions) == 1:  # what is sent as it is called cannot be overtaken by a closing gate
            return await self._portion(kind, requests, write, send)
        work = [
            self._portion(kind, [requests[place] for place in portion], write, send)
            for portion in portions
        ]
        answers: dict[int, BatchAnswer] = {}
        for portion, answered in zip(portions, await asyncio.gather(*work), strict=True):
            answers.update(zip(portion, answered, strict=True))
        return [answers[place] for place in range(len(requests))]

    async def _portion(
        self,
        kind: RequestKind,
        requests: Sequence[Request],
        write: _Write[Request],
        send: _Send[Request],
    ) -> list[BatchAnswer]:
        """Send what is one batch of one category, or one request."""
        try:
            if len(requests) == 1:
                return [await send(requests[0])]
            return await self._batch(kind, requests, write)
        except (TimeoutError, ConnectionError) as failure:
            return [failure] * len(requests)

    async def _batch(
        self, kind: RequestKind, requests: Sequence[Request], write: _Write[Request]
    ) -> list[BatchAnswer]:
        written = [write(request) for request in requests]
        items = [body for body in written if isinstance(body, bytes)]
        found: Iterator[Answer | VenueUnknown | NotExecuted] = iter(())
        if items:
            category = self._symbols.venue(requests[0].symbol)[0]
            named = [
                _named(request)
                for request, body in zip(requests, written, strict=True)
                if isinstance(body, bytes)
            ]
            found = iter(await self._commands.batch(kind, bodies.batch(category, items), named))
        return [
            body if isinstance(body, OrderResponse) else _in_words(request, next(found))
            for request, body in zip(requests, written, strict=True)
        ]


def _in_words(request: VenueRequest, answer: Answer | VenueUnknown | NotExecuted) -> BatchAnswer:
    if isinstance(answer, Answer):
        return response(request.client_order_id, answer)
    return answer


def _named(request: VenueRequest) -> Named:
    by_venue = request.exchange_order_id if isinstance(request, CancelRequest) else ""
    return Named("" if by_venue else request.client_order_id, by_venue)
