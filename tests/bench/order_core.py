"""The order core alone: what events cost to fold, and what orders cost to keep."""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections.abc import Iterator
from decimal import Decimal
from functools import partial

import msgspec

from engine.core.decide.judge import decide
from engine.core.events import EngineStarted, Event, EventType, OrderEvent, OrderSubmitted
from engine.core.limits import PAPER_LIMITS
from engine.core.seen import COMMANDS_REMEMBERED
from engine.core.state import State, evolve
from engine.core.types import Liquidity, Side
from tests.bench.harness import Figure, Goal, Outcome, Plan, interleaved, ratios
from tests.support.desk import Desk

ORDERS = 20_000
OPEN_FEW, OPEN_MANY, OPEN_MOST = 1_000, 100_000, 1_000_000
CLOSED_FEW, CLOSED_MANY = 1_000, 1_000_000
CLOSED_KEPT = 1_000
CHECKED_BESIDE = 1_000


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
    goals = {"submit": None, "ack": Goal(3.0), "fill": Goal(6.0)}
    for place, (name, goal) in enumerate(goals.items()):
        yield Figure(f"fold one {name}", "us", [run[place] for run in runs], goal)
    for many, most in ((OPEN_MANY, 1.3), (OPEN_MOST, 1.6)):
        counts = OPEN_FEW, plan.scaled(many)
        yield _growth(plan, "open orders", "open_before", counts, Goal(most))
    counts = CLOSED_FEW, plan.scaled(CLOSED_MANY)
    yield _growth(plan, "filled orders", "filled_before", counts, Goal(1.3))
    yield Figure(
        f"decide a place beside {CHECKED_BESIDE:,} open orders",
        "us",
        [_decide(orders // 4) for _ in range(plan.runs)],
        Goal(10.0),
    )
    yield Figure("memory of an open order", "B", [_memory(orders, fills=0)], Goal(2_048))
    name = "memory of a closed order and its two fills"
    yield Figure(f"{name}, in memory", "B", [_memory(orders, fills=2)], Goal(2_048))
    retired = _memory(orders, fills=2, closed_kept=CLOSED_KEPT)
    yield Figure(f"{name}, most retired", "B", [retired], Goal(2_048))
    yield Figure("memory of a retired order", "B", [_memory_retired(orders)])


def _growth(plan: Plan, what: str, before: str, counts: tuple[int, int], goal: Goal) -> Figure:
    """What a fold costs with many orders there before, in units of one with few."""
    orders = plan.scaled(ORDERS)
    took = interleaved(
        min(plan.runs, 3),
        {count: partial(_fold_sum, orders, **{before: count}) for count in counts},
    )
    few, many = counts
    return Figure(f"with {many:,} {what} / with {few:,}", "x", ratios(took[many], took[few]), goal)


def _fold_sum(orders: int, *, open_before: int = 0, filled_before: int = 0) -> float:
    return sum(_fold(orders, open_before=open_before, filled_before=filled_before))


def _fold(
    orders: int, *, open_before: int = 0, filled_before: int = 0
) -> tuple[float, float, float]:
    """us for a submit, an ack and a fill, with so many orders before: open ones, or filled ones.

    Of those that have filled most are retired; their executions stay in the ledger.
    """
    state = _started(CLOSED_KEPT if filled_before else 0)
    for number in range(orders, orders + open_before):
        evolve(state, submitted(number))
        evolve(state, acknowledged(number))
    for number in range(orders, orders + filled_before):
        for event in (
            submitted(number),
            acknowledged(number),
            filled(number, 0),
            filled(number, 1),
        ):
            evolve(state, event)
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


def _started(closed_kept: int) -> State:
    state = State()
    started = EngineStarted(
        ts=1, account="bench", venue="none", environment="none", closed_kept=closed_kept
    )
    evolve(state, started)
    return state


def _decide(places: int) -> float:
    """us to decide a place, every check included, with open orders beside it; none is folded."""
    desk = Desk(limits=msgspec.structs.replace(PAPER_LIMITS, orders_per_s=10_000))
    for number in range(CHECKED_BESIDE):
        desk.working(f"a{number}")
    context = desk.context()
    commands = [desk.place(f"n{number}") for number in range(places)]
    steps = []
    started_s = time.process_time()
    for command in commands:
        steps.append(next(decide(desk.state, command, context)))
    took_s = time.process_time() - started_s
    assert all(isinstance(step, OrderSubmitted) for step in steps), steps[0]
    return took_s / places * 1e6


def _timed(state: State, events: list[Event]) -> float:
    """us of processor time an event: a neighbour on the machine is not the core's doing."""
    started_s = time.process_time()
    for event in events:
        evolve(state, event)
    return (time.process_time() - started_s) / len(events) * 1e6


def _memory(orders: int, *, fills: int, closed_kept: int = 0) -> float:
    """Bytes that one order adds to the state, its history and the ledger included."""
    return _traced(_started(closed_kept), orders, fills)


def _memory_retired(orders: int) -> float:
    """Bytes that an order without a fill leaves."""
    return _traced(_started(1), orders, 0, OrderEvent(EventType.CANCEL_ACK, "", 1))


def _traced(state: State, orders: int, fills: int, last: OrderEvent | None = None) -> float:
    """Bytes an order.

    Events come from JSON as they come from a journal: nothing is shared between them. The ids of
    commands are at their bound already: one that is remembered takes the place of another.
    """
    gc.collect()
    tracemalloc.start()
    try:
        for number in range(COMMANDS_REMEMBERED):
            state.remember_command(f"p{number}")
        before = tracemalloc.get_traced_memory()[0]
        for number in range(orders):
            _live(state, number, fills, last)
        gc.collect()
        return (tracemalloc.get_traced_memory()[0] - before) / orders
    finally:
        tracemalloc.stop()


def _live(state: State, number: int, fills: int, last: OrderEvent | None) -> None:
    events: list[Event] = [submitted(number), acknowledged(number)]
    events += [filled(number, part) for part in range(fills)]
    if last is not None:
        events.append(msgspec.structs.replace(last, client_order_id=f"b{number}"))
    for event in events:
        evolve(state, msgspec.json.decode(msgspec.json.encode(event), type=Event))
