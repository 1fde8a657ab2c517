"""Requests under way: what the router remembers of an order, and of one request's attempts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec

from engine.core.reports import RequestKind
from engine.core.requests import OrderRequest, VenueRequest
from engine.router.stats import RouteMetrics
from engine.venues.protocol import OrderResponse

Send = Callable[[], Coroutine[Any, Any, OrderResponse]]


class Route(msgspec.Struct, gc=False, eq=False):
    """One order's place request. `waiter` exists while a duplicate waits for the first outcome.

    Once `canceled`, somebody wants the order gone: it is not sent any more. Once `amended`, the
    venue may have it on other terms than those it was sent with. `exchange_order_id` is evidence
    from elsewhere that the venue has it. Tens of thousands are remembered, so they are kept out of
    garbage collection; nothing in them leads back to them.
    """

    request: OrderRequest
    metrics: RouteMetrics = msgspec.field(default_factory=RouteMetrics)
    response: OrderResponse | None = None
    waiter: asyncio.Future[OrderResponse] | None = None
    exchange_order_id: str = ""
    canceled: bool = False
    amended: bool = False

    def finish(self, response: OrderResponse) -> None:
        """Keep the outcome and tell whoever asked for the same order meanwhile."""
        self.response = response
        self.metrics.outcome = response.outcome
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(response)

    async def outcome(self) -> OrderResponse:
        """The first outcome, now or when it is known."""
        if self.response is not None:
            return self.response
        if self.waiter is None:
            self.waiter = asyncio.get_running_loop().create_future()
        return await asyncio.shield(self.waiter)


class Job(msgspec.Struct, gc=False, eq=False):
    """One request on its way. `ambiguous`: an attempt may have been carried out unanswered."""

    kind: RequestKind
    request: VenueRequest
    send: Send
    route: Route | None = None
    attempts: int = 0
    ambiguous: bool = False
