"""Carrying one request out: lane, gate, breaker, timeout, and proof before a second attempt."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

from msgspec.structs import replace

from engine.clock import NS, Clock
from engine.core.reports import (
    AccountSnapshot,
    OrderLookup,
    RequestKind,
    Scope,
    VenuePnl,
)
from engine.core.requests import CancelRequest, OrderRequest, QueryOrder, VenueRequest
from engine.router.answers import from_lookup, given_up, refused, unknown
from engine.router.breaker import Breaker, BreakerState
from engine.router.breakers import Breakers
from engine.router.deadlines import Deadlines
from engine.router.gate import HaltGate
from engine.router.job import Job
from engine.router.lanes import Lane
from engine.router.retry import RETRIED, RetryPolicy
from engine.router.stats import KindStats
from engine.venues.errors import NotExecuted, VenueUnknown, fault_of
from engine.venues.protocol import Booked, ExchangeClient, OrderResponse
from engine.venues.reasons import Reason

# Looking a member up through its class takes 100 ns on Python 3.11; these are needed every request.
CLOSED = BreakerState.CLOSED
CANCEL = RequestKind.CANCEL
QUERY = RequestKind.QUERY

OPEN_ORDERS = frozenset({Scope.ORDERS})

Observer = Callable[[RequestKind, str, int, float], None]
"""Called with (kind, symbol, attempts, latency_s) when a request that was sent has ended."""


class Sender:
    """Takes each request to its outcome; knows nothing of the requests before it."""

    def __init__(
        self,
        client: ExchangeClient,
        clock: Clock,
        *,
        rng: random.Random,
        timeout_s: float,
        gate: HaltGate,
        lanes: Mapping[RequestKind, Lane],
        breakers: Mapping[RequestKind, Breaker],
        on_done: Observer | None,
    ) -> None:
        self.lanes = dict(lanes)
        self.breakers = Breakers(clock, breakers, self._read_something)
        self._by_kind = self.breakers.by_kind
        self.stats = {kind: KindStats(kind) for kind in RequestKind}
        self._client = client
        self._clock = clock
        self._timeout_s = timeout_s
        self._gate = gate
        self._on_done = on_done
        self._deadlines = Deadlines(clock, timeout_s)
        self._retry = RetryPolicy(clock, rng, timeout_s)

    async def carry_out(self, job: Job) -> OrderResponse:
        """Return the request's outcome. Nothing that the venue does raises."""
        started_ns = sent_ns = self._clock.now_ns()
        kind = job.kind
        breaker = self._by_kind[kind]
        if kind in self.lanes or breaker.state is not CLOSED:
            if not await self._enter_lane(kind):
                order_id = job.request.client_order_id
                return refused(order_id, Reason.RATE_LIMITED, f"the {kind} lane is full")
            if kind is not CANCEL and not only_reduces(job.request):
                await self.breakers.probe()
            sent_ns = self._clock.now_ns()
        route = job.route
        # Hardly anything is ever kept here, so that what would keep it is looked at first.
        if (
            self._gate.closed
            or breaker.state is not CLOSED
            or (route is not None and route.canceled)
        ):
            refusal = self._refusal(job)
            if refusal is not None:
                return refusal
        job.attempts = 1
        try:
            response = await self._deadlines.run(job.send(), sent_ns)
        except RETRIED as failure:
            self._failed(job, failure)
            response = await self._try_again(job, failure)
        else:
            if breaker.failures:
                breaker.succeeded()
        return self._book(job, response, started_ns)

    def _book(self, job: Job, response: OrderResponse, started_ns: int) -> OrderResponse:
        """Count a request that was sent and has ended; its response says in how many attempts."""
        attempts, latency_s = job.attempts, (self._clock.now_ns() - started_ns) / NS
        self.stats[job.kind].add(latency_s, attempts)
        if job.route is not None:
            metrics = job.route.metrics
            metrics.attempts, metrics.latency_s = attempts, latency_s
        if self._on_done is not None:
            self._on_done(job.kind, job.request.symbol, attempts, latency_s)
        return response if attempts == 1 else replace(response, attempts=attempts)

    async def _try_again(self, job: Job, failure: Exception) -> OrderResponse:
        async def again() -> OrderResponse:
            job.attempts += 1
            return await self._attempt_again(job)

        try:
            return await self._retry.run(failure, again)
        except RETRIED as last:
            return given_up(job.request.client_order_id, job.ambiguous, last)

    async def _attempt_again(self, job: Job) -> OrderResponse:
        """One retry. An order that may exist is looked for first and sent again only if absent."""
        request = job.request
        order_id = request.client_order_id
        if isinstance(request, OrderRequest) and job.ambiguous:
            known = self._confirmed(job) or await self._find(job, request)
            if known is not None:
                return known
        if job.kind is CANCEL:
            await self.breakers.pause(CANCEL)
        if not await self._enter_lane(job.kind):
            raise NotExecuted(f"the {job.kind} lane is full")
        refusal = self._refusal(job)
        if refusal is not None:
            # An earlier attempt may still arrive: what is refused now is only the next one.
            return unknown(order_id, refusal.text, refusal.reason) if job.ambiguous else refusal
        try:
            response = await self._deadlines.run(job.send(), self._clock.now_ns())
        except RETRIED as failure:
            self._failed(job, failure)
            raise
        self._by_kind[job.kind].succeeded()
        if not job.ambiguous or response.accepted or job.kind is CANCEL:
            return response
        if isinstance(request, OrderRequest):
            if response.reason == Reason.DUPLICATE_ID:  # proof that it exists, seen or not
                found = await self.lookup(_query(request))
                return from_lookup(request, found, amended=_is_amended(job)) or OrderResponse(
                    client_order_id=order_id, text=response.text
                )
            known = await self._find(job, request)
            if known is not None:
                return known
        return unknown(order_id, response.text, response.reason)

    def _confirmed(self, job: Job) -> OrderResponse | None:
        if job.route is None or not job.route.exchange_order_id:
            return None
        return OrderResponse(
            client_order_id=job.request.client_order_id,
            exchange_order_id=job.route.exchange_order_id,
        )

    async def _find(self, job: Job, request: OrderRequest) -> OrderResponse | None:
        """Look for the order; None is a clean absence. Raises VenueUnknown when nobody answers."""
        lookup = await self.lookup(_query(request))
        known = from_lookup(request, lookup, amended=_is_amended(job))
        if known is None and not lookup.complete:
            raise VenueUnknown("the venue could not be asked whether the order exists")
        return known

    def _refusal(self, job: Job) -> OrderResponse | None:
        """What keeps the next attempt here, asked right before it leaves."""
        request, route = job.request, job.route
        if isinstance(request, CancelRequest):
            return None
        if route is not None and route.canceled:
            return refused(request.client_order_id, Reason.CANCELED, "canceled before it was sent")
        if not self._gate.lets_pass(request):
            text = f"the halt gate is closed by {self._gate.closed_by}"
            return refused(request.client_order_id, Reason.HALTED, text)
        breaker = self._by_kind[job.kind]
        if breaker.state is not CLOSED and not only_reduces(request):
            text = breaker.status().denial(self._clock.now_ns())
            return refused(request.client_order_id, Reason.BREAKER_OPEN, text)
        return None

    async def _enter_lane(self, kind: RequestKind) -> bool:
        """Wait for a place in the kind's lane; False when that would take too long."""
        lane = self.lanes.get(kind)
        if lane is None:
            return True
        wait_s = lane.reserve(self._clock.now_ns(), self._timeout_s)
        if wait_s is None:
            return False
        if wait_s:
            await self._clock.sleep(wait_s)
        return True

    async def lookup(self, query: QueryOrder) -> OrderLookup:
        """Ask for one order, once. `complete` is False where the venue did not answer in time."""
        absent = OrderLookup(client_order_id=query.client_order_id, order=None, complete=False)
        await self.breakers.pause(QUERY)
        if not await self._enter_lane(QUERY):
            return absent
        stats = self.stats[QUERY]
        sent_ns = self._clock.now_ns()
        try:
            found = await self._deadlines.run(self._client.lookup(query), sent_ns)
        except RETRIED as failure:
            stats.note(failure)
            found = replace(absent, fault=fault_of(failure))
        finally:
            stats.add((self._clock.now_ns() - sent_ns) / NS, attempts=1)
        self.breakers.queried(found.fault)
        return found

    async def snapshot(
        self, fills_since_ns: int, scopes: frozenset[Scope], is_booked: Booked | None = None
    ) -> AccountSnapshot:
        """Ask for parts of the account, through the query lane. Never raises."""
        await self.breakers.pause(QUERY)
        if not await self._enter_lane(QUERY):
            return AccountSnapshot(
                open_orders=(),
                positions=(),
                fills=(),
                sent_ts=self._clock.now_ns(),
                duration_s=0.0,
                complete=False,
                error=BUSY,
                scopes=scopes,
            )
        snapshot = await self._client.snapshot(fills_since_ns, scopes, is_booked)
        self.stats[QUERY].add(snapshot.duration_s, attempts=1)
        self.breakers.queried(snapshot.fault)
        return snapshot

    async def pnl(self, since_ns: int) -> VenuePnl:
        """Ask for the venue's own figures of money, through the query lane. Never raises."""
        await self.breakers.pause(QUERY)
        if not await self._enter_lane(QUERY):
            return VenuePnl(
                balances={},
                closed={},
                cash=(),
                since_ts=since_ns,
                sent_ts=self._clock.now_ns(),
                complete=False,
                error=BUSY,
            )
        found = await self._client.pnl(since_ns)
        self.stats[QUERY].add(found.duration_s, attempts=1)
        self.breakers.queried(found.fault)
        return found

    def _note(self, job: Job, failure: Exception) -> None:
        self.stats[job.kind].note(failure)
        if not isinstance(failure, NotExecuted):
            job.ambiguous = True

    def _failed(self, job: Job, failure: Exception) -> None:
        self._note(job, failure)
        self.breakers.failed(job.kind, failure)

    async def _read_something(self) -> str:
        """The breakers' probe: why the venue did not tell the open orders, or nothing."""
        return (await self.snapshot(self._clock.now_ns(), OPEN_ORDERS)).fault


def only_reduces(request: VenueRequest) -> bool:
    """True for an order that adds no exposure whatever becomes of it."""
    return isinstance(request, OrderRequest) and request.reduce_only


def _is_amended(job: Job) -> bool:
    return job.route is not None and job.route.amended


def _query(request: VenueRequest) -> QueryOrder:
    return QueryOrder(client_order_id=request.client_order_id, symbol=request.symbol)


BUSY = "too many queries are waiting"
