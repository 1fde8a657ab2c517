"""What the router adds to a request that succeeds at once."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from decimal import Decimal

from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt

from engine.clock import LiveClock
from engine.core.reports import RequestKind
from engine.core.requests import OrderRequest
from engine.core.types import Side
from engine.router import HaltGate, OrderRouter, create_breakers
from engine.router.job import Job
from engine.router.retry import RETRIED, RetryPolicy
from engine.router.sender import Sender
from engine.venues.protocol import ExchangeClient, OrderResponse
from tests.bench.harness import Figure, Goal, Outcome, Plan, interleaved

ROUNDS, CALLS = 400, 100
"""Many short rounds, of which the fastest counts: a neighbour does not make our code slower."""
RESPONSE = OrderResponse(client_order_id="b0", exchange_order_id="x0")


class _Client:
    """Answers at once; everything else of the protocol is never called."""

    async def place_order(self, _request: OrderRequest) -> OrderResponse:
        return RESPONSE


def measure(plan: Plan) -> Iterator[Outcome]:
    """Yield the cost of each layer around a bare call of the client."""
    requests = [
        OrderRequest(
            client_order_id=f"b{number}", symbol="BTCUSDT", side=Side.BUY, qty=Decimal(1),
            price=Decimal(60_000),
        )
        for number in range(CALLS)
    ]  # fmt: skip

    def timed(prepare: Callable[[], Callable[[OrderRequest], Awaitable[object]]]) -> float:
        async def run() -> float:
            fastest_s = float("inf")
            for _ in range(plan.scaled(ROUNDS)):
                place = prepare()
                started_s = time.perf_counter()
                for request in requests:
                    await place(request)
                fastest_s = min(fastest_s, time.perf_counter() - started_s)
            return fastest_s / CALLS * 1e6

        return asyncio.run(run())

    results = interleaved(
        plan.runs,
        {
            "bare": lambda: timed(lambda: _Client().place_order),
            "retry": lambda: timed(_retry),
            "sender": lambda: timed(_sender),
            "router": lambda: timed(_router),
            "tenacity": lambda: timed(_tenacity),
        },
    )
    bare = results["bare"]

    def added(name: str) -> list[float]:
        return [all_us - bare_us for all_us, bare_us in zip(results[name], bare, strict=True)]

    yield Figure("retry: try, and keep what failed", "us", added("retry"), Goal(0.5))
    yield Figure(
        "sender: retry, timeout, gate, breaker, statistics", "us", added("sender"), Goal(2.0)
    )
    yield Figure("router: the sender, and deduplication", "us", added("router"))
    yield Figure("tenacity around the call, for comparison", "us", added("tenacity"))


def _retry() -> Callable[[OrderRequest], Awaitable[object]]:
    client = _Client()
    policy = RetryPolicy(LiveClock(), random.Random(0), patience_s=5.0)

    async def place(request: OrderRequest) -> object:
        try:
            return await client.place_order(request)
        except RETRIED as failure:
            return await policy.run(failure, lambda: client.place_order(request))

    return place


def _sender() -> Callable[[OrderRequest], Awaitable[object]]:
    clock, client = LiveClock(), _client()
    sender = Sender(
        client,
        clock,
        rng=random.Random(0),
        timeout_s=5.0,
        gate=HaltGate(clock),
        lanes={},
        breakers=create_breakers(),
        on_done=None,
    )

    def place(request: OrderRequest) -> Awaitable[object]:
        return sender.carry_out(
            Job(RequestKind.PLACE, request, lambda: client.place_order(request))
        )

    return place


def _router() -> Callable[[OrderRequest], Awaitable[object]]:
    return OrderRouter(_client(), LiveClock(), rng=random.Random(0)).place


def _tenacity() -> Callable[[OrderRequest], Awaitable[object]]:
    client = _Client()
    retrying = AsyncRetrying(stop=stop_after_attempt(4), retry=retry_if_exception_type(RETRIED))

    def place(request: OrderRequest) -> Awaitable[object]:
        return retrying(client.place_order, request)

    return place


def _client() -> ExchangeClient:
    client: ExchangeClient = _Client()  # type: ignore[assignment]
    return client
