"""The pre-trade check: what one order costs, with few and with many orders open."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from decimal import Decimal

from msgspec.structs import replace

from engine.core.commands import PlaceOrder
from engine.core.context import Context
from engine.core.events import InstrumentsChanged, LimitsChanged, Reconciled
from engine.core.instruments import Instrument
from engine.core.limits import LIVE_LIMITS, PAPER_LIMITS, RiskLimits
from engine.core.margin import AccountMargin
from engine.core.market import Quote
from engine.core.risk import Approved, check
from engine.core.state import State, evolve
from engine.core.status import ClockStatus
from engine.core.types import Category, Side
from tests.bench.harness import Figure, Goal, Outcome, Plan, interleaved
from tests.bench.order_core import acknowledged, submitted

CHECKS = 5_000
OPEN_FEW, OPEN_MANY = 1_000, 100_000
WIDE = {
    "max_position_notional_usd": Decimal(10**12),
    "max_open_orders": 10**6,
    "orders_per_s": 4_000,
}
NOW = 10**18
MARKETS = 50


def measure(plan: Plan) -> Iterator[Outcome]:
    """Yield the time of a check with paper's limits, how it grows, and with every limit on."""
    checks = plan.scaled(CHECKS)
    paper = replace(PAPER_LIMITS, **WIDE)
    few, many = (_check(paper, count) for count in (OPEN_FEW, plan.scaled(OPEN_MANY)))
    live = _check(
        replace(
            LIVE_LIMITS,
            **WIDE,
            symbols_allow=None,
            symbols={},
            max_order_notional_usd=Decimal(10**6),
            max_gross_notional_usd=Decimal(10**12),
            max_net_notional_usd=Decimal(10**12),
            max_open_orders_symbol=10**6,
        ),
        OPEN_FEW,
    )
    runs = interleaved(
        plan.runs,
        {
            "few": lambda: _timed(few, checks),
            "many": lambda: _timed(many, checks),
            "live": lambda: _timed(live, checks),
        },
    )
    yield Figure(f"check with {OPEN_FEW:,} open orders", "us", runs["few"], Goal(10))
    grown = [m / f for m, f in zip(runs["many"], runs["few"], strict=True)]
    yield Figure(f"with {plan.scaled(OPEN_MANY):,} open orders / with them", "x", grown, Goal(1.3))
    yield Figure(f"every limit on, in {MARKETS} markets", "us", runs["live"])


def _check(limits: RiskLimits, open_orders: int) -> Callable[[], object]:
    """A check of one more order that passes."""
    state = State()
    names = [f"B{number:02}USDT" for number in range(MARKETS)]
    evolve(state, InstrumentsChanged(ts=1, instruments=tuple(map(_market, names))))
    evolve(state, Reconciled(ts=1))
    evolve(state, LimitsChanged(ts=1, limits=limits, by="bench"))
    for number in range(open_orders):
        evolve(state, submitted(number))
        evolve(state, acknowledged(number))
    quotes = {
        name: Quote(symbol=name, mark=Decimal(1_000), ts=NOW, mark_ts=NOW, earlier=Decimal(1_000))
        for name in names
    }
    context = Context(
        now_ns=NOW,
        quotes=quotes,
        compared_ns=NOW,
        clock=ClockStatus(ts=NOW),
        margin=AccountMargin(equity=Decimal(10**12), ts=NOW),
    )
    order = PlaceOrder(
        command_id="c",
        client_order_id="b",
        symbol="B07USDT",
        side=Side.BUY,
        qty=Decimal(1),
        price=Decimal(999),
    )

    def run() -> object:
        return check(state, order, context)

    verdict = run()
    if not isinstance(verdict, Approved):
        raise ValueError(f"the order is denied: {verdict}")
    return run


def _market(name: str) -> Instrument:
    return Instrument(
        symbol=name,
        category=Category.LINEAR,
        venue_symbol=name,
        base=name.removesuffix("USDT"),
        quote="USDT",
        settle="USDT",
        tick_size=Decimal("0.1"),
        qty_step=Decimal("0.001"),
        min_qty=Decimal("0.001"),
        max_qty=Decimal(10_000),
        max_market_qty=Decimal(5_000),
        min_notional=Decimal(5),
    )


def _timed(run: Callable[[], object], times: int) -> float:
    started_s = time.perf_counter()
    for _ in range(times):
        run()
    return (time.perf_counter() - started_s) / times * 1e6
