"""The order core alone: what events cost to fold, and what orders cost to keep."""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections.abc import Iterator
from decimal import Decimal

from engine.core.events import Event, EventType, OrderEvent, OrderSubmitted
from engine.core.state import State, evolve
from engine.core.types import Liquidity, Side
from tests.bench.harness import Figure, Goal, Outcome, Plan, interleaved

ORDERS = 20_000
OPEN_FEW, OPEN_MANY = 1_000, 100_000


def submitted(number: int) -> OrderSubmitted:
    """A new order in one of fifty markets."""
    return OrderSubmitted(
        ts=number,
        command_id=f"c{number}",
        client_order_id=f"b{number}",
        symbol=f"B{number % 50:02}USDT",
        side=Side.BUY if number % 2 else Side.SELL,
        qty=Decimal(2),
        price=Decimal(1_000),
    )


def acknowledged(number: int) -> OrderEvent:
    """The venue has it."""
    return OrderEvent(EventType.ORDER_ACK, f"b{number}", number, f"x{number}", attempts=1)


def filled(number: int, part: int) -> OrderEvent:
    """One half, `part` 0 or 1."""
    return OrderEvent(
        EventType.FULL_FILL if part else EventType.PARTIAL_FILL,
        f"b{number}",
        number,
        f"x{number}",
        exec_id=f"e{number}-{part}",
        last_qty=Decimal(1),
        last_price=Decimal(1_000),
        fee=Decimal("0.55"),
        fee_currency="USDT",
        liquidity=Liquidity.TAKER,
    )


def measure(plan: Plan) -> Iterator[Outcome]:
    """Yield the cost of each event, how it grows, and the memory of an order."""
    orders = plan.scaled(ORDERS)
    runs = [_fold(orders, open_before=OPEN_FEW) for _ in range(plan.runs)]
    for place, name in enumerate(("submit", "ack", "fill")):
        yield Figure(f"fold one {name}", "us", [run[place] for run in runs])
    few, many = OPEN_FEW, plan.scaled(OPEN_MANY)
    grown = interleaved(
        min(plan.runs, 3),
        {
            "few": lambda: sum(_fold(orders, open_before=few)),
            "many": lambda: sum(_fold(orders, open_before=many)),
        },
    )
    ratio = [m / f for m, f in zip(grown["many"], grown["few"], strict=True)]
    yield Figure(f"with {many:,} open orders / with {few:,}", "x", ratio, Goal(1.3))
    yield Figure("memory of an open order", "B", [_memory(orders, fills=0)], Goal(2_048))
    yield Figure("memory of an order with two fills", "B", [_memory(orders, fills=2)])


def _fold(orders: int, *, open_before: int) -> tuple[float, float, float]:
    """us for a submit, an ack and a fill, with so many open orders in the book already."""
    state = State()
    for number in range(orders, orders + open_before):
        evolve(state, submitted(number))
        evolve(state, acknowledged(number))
    gc.collect()
    gc.freeze()
    try:
        return (
            _timed(state, [submitted(number) for number in range(orders)]),
            _timed(state, [acknowledged(number) for number in range(orders)]),
            _timed(state, [filled(number, part) for part in (0, 1) for number in range(orders)]),
        )
    finally:
        gc.unfreeze()


def _timed(state: State, events: list[Event]) -> float:
    started_s = time.perf_counter()
    for event in events:
        evolve(state, event)
    return (time.perf_counter() - started_s) / len(events) * 1e6


def _memory(orders: int, *, fills: int) -> float:
    """Bytes that one order adds to the state, its history and the ledger included."""
    gc.collect()
    tracemalloc.start()
    try:
        state = State()
        for number in range(orders):
            evolve(state, submitted(number))
            evolve(state, acknowledged(number))
            for part in range(fills):
                evolve(state, filled(number, part))
        gc.collect()
        return tracemalloc.get_traced_memory()[0] / orders
    finally:
        tracemalloc.stop()
