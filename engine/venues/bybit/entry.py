"""Placing, amending and cancelling: one request, one answer."""

from __future__ import annotations

from collections import OrderedDict

from engine.core.reports import Outcome, RequestKind
from engine.core.requests import AmendRequest, CancelRequest, OrderRequest
from engine.venues.bybit import bodies
from engine.venues.bybit.commands import Commands
from engine.venues.bybit.instruments import SymbolMap
from engine.venues.bybit.rest import Answer
from engine.venues.bybit.retcodes import Verdict
from engine.venues.protocol import OrderResponse
from engine.venues.reasons import Reason

REMEMBERED_ORDERS = 10_000
"""How many placed orders' symbols are kept for calls that name only the order."""
BAD_ID = "an order id is 1 to 36 letters, digits, '-' or '_'"


class OrderEntry:
    """One account's commands about orders. What goes out goes out once: no retries here."""

    def __init__(self, commands: Commands, symbols: SymbolMap) -> None:
        self._commands = commands
        self._symbols = symbols
        self._placed: OrderedDict[str, str] = OrderedDict()

    def symbol(self, client_order_id: str) -> str | None:
        """The market of an order that was placed here, unless that is long ago."""
        return self._placed.get(client_order_id)

    async def place(self, request: OrderRequest) -> OrderResponse:
        """Place one order; accepted means taken in by the venue, not resting in its book."""
        body = self.write_place(request)
        if isinstance(body, OrderResponse):
            return body
        answer = await self._commands.command(RequestKind.PLACE, body)
        return response(request.client_order_id, answer)

    def write_place(self, request: OrderRequest) -> bytes | OrderResponse:
        """The body of a place request, or why it cannot leave."""
        link_id = request.client_order_id
        if not bodies.is_link_id(link_id):
            return _refused(link_id, Reason.REQUEST, BAD_ID)
        category, venue_symbol = self._symbols.venue(request.symbol)
        body = bodies.place(request, category, venue_symbol)
        self._placed[link_id] = request.symbol
        if len(self._placed) > REMEMBERED_ORDERS:
            self._placed.popitem(last=False)
        return body

    async def amend(self, request: AmendRequest) -> OrderResponse:
        """Change price, total quantity, or both. An amend that changes nothing is accepted."""
        body = self.write_amend(request)
        if isinstance(body, OrderResponse):
            return body
        answer = await self._commands.command(RequestKind.AMEND, body)
        return response(request.client_order_id, answer)

    def write_amend(self, request: AmendRequest) -> bytes | OrderResponse:
        """The body of an amend request, or why it cannot leave."""
        if not bodies.is_link_id(request.client_order_id):
            return _refused(request.client_order_id, Reason.REQUEST, BAD_ID)
        return bodies.amend(request, *self._symbols.venue(request.symbol))

    async def cancel(self, request: CancelRequest | str) -> OrderResponse:
        """Cancel one order. A bare id is enough for an order that was placed here.

        REJECTED with NOT_FOUND does not tell an order that never was from one that has ended.
        """
        if isinstance(request, str):
            symbol = self._placed.get(request)
            if symbol is None:
                return _refused(
                    request,
                    Reason.NOT_FOUND,
                    "not placed by this client; pass CancelRequest with its symbol",
                )
            request = CancelRequest(client_order_id=request, symbol=symbol)
        body = self.write_cancel(request)
        if isinstance(body, OrderResponse):
            return body
        answer = await self._commands.command(RequestKind.CANCEL, body)
        return response(request.client_order_id, answer)

    def write_cancel(self, request: CancelRequest) -> bytes | OrderResponse:
        """The body of a cancel request, or why it cannot leave."""
        if not request.exchange_order_id and not bodies.is_link_id(request.client_order_id):
            return _refused(request.client_order_id, Reason.REQUEST, BAD_ID)
        return bodies.cancel(request, *self._symbols.venue(request.symbol))


def response(client_order_id: str, answer: Answer) -> OrderResponse:
    """A definite answer, in the engine's words."""
    accepted = answer.ruling.verdict is Verdict.ACCEPTED
    return OrderResponse(
        client_order_id=client_order_id,
        exchange_order_id=answer.order_id,
        outcome=Outcome.ACCEPTED if accepted else Outcome.REJECTED,
        reason=answer.ruling.reason,
        text=answer.text,
        ts=answer.ts,
    )


def _refused(client_order_id: str, reason: Reason, text: str) -> OrderResponse:
    return OrderResponse(
        client_order_id=client_order_id, outcome=Outcome.REJECTED, reason=reason, text=text
    )
