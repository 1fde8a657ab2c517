"""The real engine on the in-process exchange, with its journal on a real disk, ready to trade."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from engine.bootstrap import Files, build_paper
from engine.clock import LiveClock
from engine.core.events import EventType, OrderEvent
from engine.core.limits import RiskLimits
from engine.core.status import EngineStatus, Envelope
from engine.engine import Engine
from engine.exchange import Exchange
from engine.runtime import prepare_to_trade
from tests.bench.market import LadderMarket

T = TypeVar("T")

LIMITS = RiskLimits(
    max_position_notional_usd=Decimal(10**9), max_open_orders=10**6, orders_per_s=10**6
)
"""Every check runs, and only an order that breaks a venue rule is denied."""


class Desk(NamedTuple):
    """An engine that trades, its market, and the exchange behind it."""

    engine: Engine
    market: LadderMarket
    exchange: Exchange


@asynccontextmanager
async def open_desk(folder: Path) -> AsyncIterator[Desk]:
    """Build and start an engine whose journal is in `folder`; it has seen every book."""
    clock = LiveClock()
    market = LadderMarket(clock.now_ns())
    engine, exchange = build_paper(
        clock=clock,
        source=market,
        files=Files(folder / "journal.db", folder / "halt.json"),
        limits=LIMITS,
        latency_ns=0,
    )
    exchange.start()
    await engine.start()
    await engine.settled()
    if len(engine.feed.books) < len(market.names):
        raise ValueError(f"only {len(engine.feed.books)} of {len(market.names)} books are here")
    prepare_to_trade()
    try:
        yield Desk(engine, market, exchange)
    finally:
        await engine.stop()
        exchange.stop()


def on_filled(
    engine: Engine, filled: Callable[[str], None], acked: Callable[[str], None] | None = None
) -> None:
    """Call `filled`, and `acked`, with an order's id when the event is durable and published."""

    def hear(envelope: Envelope) -> None:
        event = envelope.event
        if type(event) is not OrderEvent:
            return
        if event.type is EventType.FULL_FILL:
            filled(event.client_order_id)
        elif event.type is EventType.ORDER_ACK and acked is not None:
            acked(event.client_order_id)

    subscription = engine.publisher.subscribe()
    engine.publisher.tick(EngineStatus(ts=0))
    subscription.poll()
    subscription.push = hear  # type: ignore[method-assign]


async def check_books(desk: Desk, orders: int) -> None:
    """Raise ValueError unless every order was filled in two executions and is in the journal.

    Of those that have left memory for the journal only the number is known.
    """
    engine, state = desk.engine, desk.engine.state
    async with asyncio.timeout(10):  # what followed the last fill may be on its way to the disk
        await engine.until(lambda: engine.journal.last_seq == state.seq or bool(engine.failure))
    wrong = [
        order.client_order_id
        for order in state.orders.orders.values()
        if order.state != "Filled" or len(order.fills) != 2
    ]
    if wrong or len(state.orders.orders) + state.orders.retired.count != orders:
        raise ValueError(f"{len(wrong)} of {orders} orders did not fill twice, as {wrong[:3]}")
    if engine.failure:
        raise ValueError(f"not everything is durable: {engine.failure}")


def run_on(loop: str, main: Coroutine[Any, Any, T]) -> T:
    """Run `main` on a loop of that name: `uvloop` or `asyncio`."""
    if loop == "asyncio":
        return asyncio.run(main)
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)


def loops() -> tuple[str, ...]:
    """The event loops that can be measured here, the fastest first."""
    try:
        import uvloop
    except ImportError:
        return ("asyncio",)
    return (uvloop.__name__, "asyncio") if sys.platform != "win32" else ("asyncio",)
