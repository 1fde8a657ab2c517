"""Cancels that are decided together leave together.

Those of one turn of the loop are gathered until the task that carries them begins, which costs
none of them any time. One goes by itself. More go by the venue's cancel-all where that takes
nothing else, and as batches otherwise; what cancel-all has not named as taken is cancelled by
itself once the order stream had a moment to tell.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Protocol

from engine.clock import Clock, wait_for
from engine.core.orders.mass_cancel import plan_cancels
from engine.core.reports import RequestKind
from engine.core.requests import CancelRequest, MassCancelRequest
from engine.core.state import State
from engine.venues.protocol import MassCancelResponse, OrderResponse

TELLING_S = 0.25
"""How long the order stream has to tell what cancel-all took."""


class CancelRouter(Protocol):
    """What cancels need of the router."""

    async def cancel(self, request: CancelRequest) -> OrderResponse: ...
    async def cancel_batch(
        self, requests: Sequence[CancelRequest], told: Callable[[OrderResponse], None]
    ) -> list[OrderResponse]: ...
    async def mass_cancel(self, request: MassCancelRequest) -> MassCancelResponse: ...


class Cancels:
    """Gathers cancels and sends them; `report` is told the outcome of each, and when it left."""

    def __init__(
        self,
        state: State,
        router: CancelRouter,
        clock: Clock,
        spawn: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
        report: Callable[[RequestKind, OrderResponse, int], None],
    ) -> None:
        self._state = state
        self._router = router
        self._clock = clock
        self._spawn = spawn
        self._report = report
        self._gathered: list[CancelRequest] = []
        self.under_way: set[str] = set()
        """Orders whose cancel was sent with others, or waits to be, and has no answer yet."""
        self._running: dict[asyncio.Task[None], None] = {}  # in the order of starting

    def add(self, request: CancelRequest) -> None:
        """Send a cancel, with those that are added in the same turn of the loop.

        One that is under way with others, or waits for its turn, is not sent beside itself.
        """
        if request.client_order_id in self.under_way:
            return
        self._gathered.append(request)
        if len(self._gathered) == 1:
            task = self._spawn(self._send_gathered(self._gathered))
            self._running[task] = None
            task.add_done_callback(self._running.pop)

    async def answered(self, within_s: float) -> None:
        """Wait for the answers to what was added so far, `within_s` seconds at the most."""
        answers = asyncio.gather(*self._running, return_exceptions=True)
        with contextlib.suppress(TimeoutError):
            await wait_for(self._clock, asyncio.shield(answers), within_s)

    def part(self) -> None:
        """An order leaves now: its cancel must not ride with those that were added before."""
        if self._gathered:
            self._gathered = []

    async def _send_gathered(self, requests: list[CancelRequest]) -> None:
        if requests is self._gathered:
            self._gathered = []
        if len(requests) == 1:
            await self._one(requests[0])
            return
        order_ids = {request.client_order_id for request in requests}
        self.under_way.update(order_ids)
        try:
            await self._send(requests)
        finally:
            self.under_way.difference_update(order_ids)

    async def _send(self, requests: Sequence[CancelRequest]) -> None:
        plan = plan_cancels(self._state, requests)
        by_id = {request.client_order_id: request for request in requests}
        work = [
            self._all(mass, [by_id[order_id] for order_id in mass.client_order_ids])
            for mass in plan.mass
        ]
        if plan.single:
            work.append(self._each(plan.single))
        await (work[0] if len(work) == 1 else asyncio.gather(*work))

    async def _one(self, request: CancelRequest) -> None:
        sent_ns = self._clock.now_ns()
        self._told(await self._router.cancel(request), sent_ns)

    async def _each(self, requests: Sequence[CancelRequest]) -> None:
        """Cancel orders one by one, in as few requests as the venue takes."""
        if len(requests) == 1:
            await self._one(requests[0])
            return
        sent_ns = self._clock.now_ns()
        await self._router.cancel_batch(requests, lambda response: self._told(response, sent_ns))

    def _told(self, response: OrderResponse, sent_ns: int) -> None:
        self.under_way.discard(response.client_order_id)
        self._report(RequestKind.CANCEL, response, sent_ns)

    async def _all(self, mass: MassCancelRequest, requests: list[CancelRequest]) -> None:
        """Use cancel-all, as often as it takes some of them, and see to what it leaves."""
        sent_ns = self._clock.now_ns()
        answer = await self._router.mass_cancel(mass)
        left = []
        for request in requests:
            if answer.accepted and self._is_named(request, answer.affected):
                self._told(OrderResponse(client_order_id=request.client_order_id), sent_ns)
            else:
                left.append(request)
        if left and answer.accepted:
            await self._clock.sleep(TELLING_S)
            left = [request for request in left if self._is_open(request)]
        if not left:
            return
        if answer.accepted and len(left) < len(requests):
            await self._send(left)
        else:
            await self._each(left)

    def _is_named(self, request: CancelRequest, affected: frozenset[str]) -> bool:
        order = self._state.orders.get_order(request.client_order_id)
        venue_id = order.exchange_order_id if order is not None else request.exchange_order_id
        return request.client_order_id in affected or venue_id in affected

    def _is_open(self, request: CancelRequest) -> bool:
        order = self._state.orders.get_order(request.client_order_id)
        return order is not None and order.is_open
