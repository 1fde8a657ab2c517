"""OrderRouter: halt gate, rate lanes, timeout, retry, deduplication and breaker for one account.

A response always comes back, never an exception: ACCEPTED and REJECTED are the venue's definite
word (or our own refusal to send), UNKNOWN means that the request may have been carried out.
"""

from __future__ import annotations

import random
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import Self

from engine.clock import Clock
from engine.core.reports import (
    EVERYTHING,
    AccountSnapshot,
    OrderLookup,
    RequestKind,
    Scope,
    SettingsReport,
    VenuePnl,
)
from engine.core.requests import (
    AmendRequest,
    CancelRequest,
    MassCancelRequest,
    OrderRequest,
    QueryOrder,
    SettingRequest,
)
from engine.core.status import BreakerStatus, RequestStats
from engine.core.types import OrderType, TimeInForce, to_decimal
from engine.router.answers import refused, terms_differ, unknown
from engine.router.batch import BatchSender
from engine.router.breaker import Breaker, create_breakers
from engine.router.gate import HaltGate
from engine.router.job import Job, Route
from engine.router.lanes import Lane
from engine.router.sender import CLOSED, Observer
from engine.router.stats import RouteMetrics
from engine.venues.orders import Number, order_request
from engine.venues.protocol import Booked, ExchangeClient, MassCancelResponse, OrderResponse
from engine.venues.reasons import Reason

REMEMBERED_ORDERS = 50_000
"""How many orders deduplication and metrics cover; then the oldest finished one is dropped."""


class OrderRouter:
    """The way to one venue account. Every attempt ends within `timeout_s` of the clock.

    `lanes` limits kinds of requests; a kind without a lane is not limited. A request that would
    wait in its lane for longer than `timeout_s` is refused. `on_done` observes finished requests.
    A cancelled call leaves its order with the outcome UNKNOWN: it may have reached the venue.
    """

    def __init__(
        self,
        client: ExchangeClient,
        clock: Clock,
        *,
        rng: random.Random,
        timeout_s: float = 5.0,
        gate: HaltGate | None = None,
        lanes: Mapping[RequestKind, Lane] | None = None,
        breakers: Mapping[RequestKind, Breaker] | None = None,
        on_done: Observer | None = None,
        remember: int = REMEMBERED_ORDERS,
    ) -> None:
        self.gate = gate or HaltGate(clock)
        self._client = client
        self._clock = clock
        self._remember = remember
        self._routes: OrderedDict[str, Route] = OrderedDict()
        self._sender = BatchSender(
            client,
            clock,
            rng=rng,
            timeout_s=timeout_s,
            gate=self.gate,
            lanes=lanes or {},
            breakers=breakers or create_breakers(),
            on_done=on_done,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the client behind the router."""
        await self._client.close()

    # --- requests ------------------------------------------------------------------------------

    async def place(self, request: OrderRequest) -> OrderResponse:
        """Place an order once, however often it is asked for.

        The same id with the same terms gives the first outcome, also while that is under way;
        with other terms it is refused as DUPLICATE_ID. What the gate, a lane or the breaker kept
        here was never an order: its id may be used again.
        """
        order_id = request.client_order_id
        route = self._routes.get(order_id)
        if route is not None:
            return await _same(route, request)
        job, route = self._begin(request)
        response = unknown(order_id, "the request was cancelled")
        try:
            response = await self._sender.carry_out(job)
        finally:
            self._end(job, route, response)
        return response

    def _begin(self, request: OrderRequest) -> tuple[Job, Route]:
        self._routes[request.client_order_id] = route = Route(request)
        if len(self._routes) > self._remember:
            self._forget_oldest()
        send = partial(self._client.place_order, request)
        return Job(RequestKind.PLACE, request, send, route), route

    def _end(self, job: Job, route: Route, response: OrderResponse) -> None:
        route.finish(response)
        if not job.attempts:
            self._routes.pop(response.client_order_id, None)

    async def amend(self, request: AmendRequest) -> OrderResponse:
        """Amend an order. UNKNOWN means that old and new terms are both possible."""
        self._note_amend(request.client_order_id)
        return await self._sender.carry_out(
            Job(RequestKind.AMEND, request, lambda: self._client.amend_order(request))
        )

    async def cancel(self, request: CancelRequest) -> OrderResponse:
        """Cancel an order. Neither the gate nor the breaker stands in its way.

        A place request of this order that is still under way is not sent again from now on.
        """
        self._give_up(request.client_order_id)
        return await self._sender.carry_out(
            Job(RequestKind.CANCEL, request, lambda: self._client.cancel_order(request))
        )

    def _note_amend(self, client_order_id: str) -> None:
        route = self._routes.get(client_order_id)
        if route is not None:
            route.amended = True

    def _give_up(self, client_order_id: str) -> None:
        route = self._routes.get(client_order_id)
        if route is not None:
            route.canceled = True

    async def place_batch(self, requests: Sequence[OrderRequest]) -> list[OrderResponse]:
        """Place many orders, in as few requests to the venue as it allows: a response each.

        What `place` promises of an order holds for each of them. One that may have arrived
        unanswered is UNKNOWN at once: whoever asked looks it up, one after the other.
        """
        begun: dict[str, tuple[Job, Route]] = {}
        known: dict[int, Route] = {}
        for place, request in enumerate(requests):
            route = self._routes.get(request.client_order_id)
            if route is not None:
                known[place] = route
            else:
                begun[request.client_order_id] = self._begin(request)

        def on_end(job: Job, response: OrderResponse) -> None:
            self._end(job, begun.pop(response.client_order_id)[1], response)

        jobs = [job for job, _ in begun.values()]
        try:
            found = await self._sender.carry_out_batch(jobs, self._client.place_batch, on_end)
        finally:
            for order_id, (job, route) in begun.items():
                self._end(job, route, unknown(order_id, "the request was cancelled"))
        mine = iter(found)
        return [
            await _same(known[place], request) if place in known else next(mine)
            for place, request in enumerate(requests)
        ]

    async def amend_batch(self, requests: Sequence[AmendRequest]) -> list[OrderResponse]:
        """`amend` many orders, in as few requests as the venue allows: a response each."""
        for request in requests:
            self._note_amend(request.client_order_id)
        jobs = [
            Job(RequestKind.AMEND, request, partial(self._client.amend_order, request))
            for request in requests
        ]
        return await self._sender.carry_out_batch(jobs, self._client.amend_batch, _nobody)

    async def cancel_batch(
        self, requests: Sequence[CancelRequest], told: Callable[[OrderResponse], None] | None = None
    ) -> list[OrderResponse]:
        """`cancel` many orders, in as few requests as the venue allows: a response each.

        They wait in their lane as long as it takes; `told` hears each outcome when it is known.
        """
        for request in requests:
            self._give_up(request.client_order_id)
        jobs = [
            Job(RequestKind.CANCEL, request, partial(self._client.cancel_order, request))
            for request in requests
        ]
        on_end = _nobody if told is None else lambda _job, response: told(response)
        return await self._sender.carry_out_batch(jobs, self._client.cancel_batch, on_end)

    async def mass_cancel(self, request: MassCancelRequest) -> MassCancelResponse:
        """Cancel whatever fits by the venue's own call, once, in the lane of cancels.

        It takes orders of anybody. It is not repeated: what it leaves is cancelled by itself.
        """
        for order_id in request.client_order_ids:
            self._give_up(order_id)
        return await self._sender.mass_cancel(request)

    async def lookup(self, query: QueryOrder) -> OrderLookup:
        """Ask for one order, once. `complete` is False where the venue did not answer in time."""
        return await self._sender.lookup(query)

    async def snapshot(
        self,
        fills_since_ns: int,
        scopes: frozenset[Scope] = EVERYTHING,
        is_booked: Booked | None = None,
    ) -> AccountSnapshot:
        """Ask for the account, or for parts of it, through the query lane. Never raises."""
        return await self._sender.snapshot(fills_since_ns, scopes, is_booked)

    async def pnl(self, since_ns: int) -> VenuePnl:
        """Ask for the venue's own figures of money, through the query lane. Never raises."""
        return await self._sender.pnl(since_ns)

    async def change_setting(self, request: SettingRequest) -> SettingsReport:
        """Set a market's leverage or position mode, once, unless the gate is closed."""
        if self.gate.closed:
            return SettingsReport(
                markets=(),
                asked_by=request.command_id,
                reason=Reason.HALTED,
                text="the gate is closed",
            )
        return await self._client.change_setting(request)

    def confirm(self, client_order_id: str, exchange_order_id: str) -> None:
        """Take evidence that the venue has an order: a retry that is due will not send it again."""
        route = self._routes.get(client_order_id)
        if route is not None:
            route.exchange_order_id = exchange_order_id

    # --- for scripts ---------------------------------------------------------------------------

    async def place_order(
        self,
        client_order_id: str,
        symbol: str,
        side: str,
        qty: Number,
        price: Number | None = None,
        *,
        type: str = OrderType.LIMIT,
        time_in_force: str = TimeInForce.GTC,
        post_only: bool = False,
        reduce_only: bool = False,
    ) -> OrderResponse:
        """`place`, in plain words. Raises ValueError that names a field that is off."""
        request = order_request(
            client_order_id,
            symbol,
            side,
            qty,
            price,
            type=type,
            time_in_force=time_in_force,
            post_only=post_only,
            reduce_only=reduce_only,
        )
        return await self.place(request)

    async def amend_order(
        self, client_order_id: str, *, qty: Number | None = None, price: Number | None = None
    ) -> OrderResponse:
        """`amend` an order that this router placed. Raises ValueError when nothing changes."""
        if qty is None and price is None:
            raise ValueError("amend_order: give qty, price, or both")
        symbol = self._symbol(client_order_id)
        if symbol is None:
            return refused(client_order_id, Reason.NOT_FOUND, _NOT_OURS)
        return await self.amend(
            AmendRequest(
                client_order_id=client_order_id,
                symbol=symbol,
                qty=None if qty is None else to_decimal(qty, "qty"),
                price=None if price is None else to_decimal(price, "price"),
            )
        )

    async def cancel_order(self, client_order_id: str) -> OrderResponse:
        """`cancel` an order that this router placed."""
        symbol = self._symbol(client_order_id)
        if symbol is None:
            return refused(client_order_id, Reason.NOT_FOUND, _NOT_OURS)
        return await self.cancel(CancelRequest(client_order_id=client_order_id, symbol=symbol))

    def _symbol(self, client_order_id: str) -> str | None:
        route = self._routes.get(client_order_id)
        return None if route is None else route.request.symbol

    # --- figures -------------------------------------------------------------------------------

    def get_metrics(self) -> dict[str, RouteMetrics]:
        """Attempts and latency of every remembered order, by client order id."""
        return {order_id: route.metrics for order_id, route in self._routes.items()}

    def stats(self) -> tuple[RequestStats, ...]:
        """Latency and trouble, one entry a kind of request."""
        return tuple(stats.summary() for stats in self._sender.stats.values())

    # --- the breakers --------------------------------------------------------------------------

    def breakers(self) -> tuple[BreakerStatus, ...]:
        """How each class of requests stands: places with amends, cancels, queries."""
        return self._sender.breakers.status()

    def placing_breaker(self) -> BreakerStatus | None:
        """What keeps new orders here; None while they may leave."""
        breaker = self._sender.breakers.by_kind[RequestKind.PLACE]
        return None if breaker.state is CLOSED else breaker.status()

    def hold(self, until_ns: int, reason: str) -> None:
        """The venue answers no HTTP request before then (unix ns): only the trade socket works."""
        self._sender.breakers.hold(until_ns, reason)

    async def unheld(self) -> None:
        """Wait until the venue answers queries again, where it has said that it does not."""
        await self._sender.breakers.unheld()

    async def keep_probing(self) -> None:
        """Try a venue that stopped answering again when it is time, for ever."""
        await self._sender.breakers.keep_probing()

    def budget(self) -> dict[RequestKind, float]:
        """Requests that each limited lane would let through at once now."""
        now_ns = self._clock.now_ns()
        return {kind: lane.left(now_ns) for kind, lane in self._sender.lanes.items()}

    def _forget_oldest(self) -> None:
        """Drop the oldest finished order; those under way are moved behind it."""
        for _ in range(len(self._routes)):
            order_id, route = next(iter(self._routes.items()))
            if route.response is not None:
                del self._routes[order_id]
                return
            self._routes.move_to_end(order_id)


async def _same(route: Route, request: OrderRequest) -> OrderResponse:
    """What becomes of a request whose id was used: the first outcome, where its terms agree."""
    difference = terms_differ(route.request, request)
    if difference:
        return refused(request.client_order_id, Reason.DUPLICATE_ID, difference)
    return await route.outcome()


def _nobody(_job: Job, _response: OrderResponse) -> None:
    """Nobody waits for single outcomes."""


_NOT_OURS = "not placed by this router, or long ago; use the request with its symbol"
