from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.core.limits import PAPER_LIMITS
from engine.core.orders.terms import (
    Attached,
    Exit,
    Slippage,
    SlippageUnit,
    Trigger,
    TriggerDirection,
)
from engine.core.risk.check import ALWAYS_ON, cleared
from engine.core.risk.rule import pick
from engine.core.risk.rules import RULES
from engine.core.risk.size import SIZE, is_sized
from engine.core.risk.terms import Terms
from engine.core.types import Category, OrderType
from tests.support.desk import Desk, d, perpetual

MARKET = replace(
    perpetual(), min_qty=d("0.002"), max_qty=d("0.010"), max_market_qty=d("0.005"),
    min_notional=d(200),
)  # fmt: skip
REFERENCE = d(60_000)


@given(
    qty=st.sampled_from(["0.001", "0.002", "0.0025", "0.004", "0.005", "0.006", "0.010", "0.011"]),
    price=st.sampled_from([None, "59999.9", "60000.05", "60000", "70000"]),
    category=st.sampled_from([Category.LINEAR, Category.INVERSE]),
    reduce_only=st.booleans(),
    most=st.sampled_from([None, d("0.004"), d("0.006")]),
    worth=st.sampled_from([d("0.005"), d(240), d(299), d(1_000)]),
)
def test_an_order_is_sized_when_it_passes_every_rule_of_the_table(
    qty: str,
    price: str | None,
    category: Category,
    reduce_only: bool,
    most: Decimal | None,
    worth: Decimal,
) -> None:
    desk = Desk()
    order = replace(
        desk.place(),
        qty=d(qty),
        price=None if price is None else d(price),
        type=OrderType.MARKET if price is None else OrderType.LIMIT,
        reduce_only=reduce_only,
    )
    limits = replace(PAPER_LIMITS, max_order_qty=most, max_order_notional_usd=worth)
    terms = Terms(
        state=desk.state,
        order=order,
        context=desk.context(),
        instrument=replace(MARKET, category=category),
        quote=desk.quotes["BTCUSDT"],
        reference=REFERENCE,
        price=REFERENCE if order.price is None else order.price,
        limits=limits,
    )
    lines = list(pick(SIZE, limits, limits))
    readings = [rule.read(terms, limit) for rule, limit in lines]
    assert len(lines) == len(SIZE)
    assert is_sized(terms) is all(reading is None or reading.passed for reading in readings)


@given(
    qty=st.sampled_from(["0.002", "0.0025", "0.004", "0.006"]),
    trigger=st.sampled_from([None, *(Trigger(d(59_999), way) for way in TriggerDirection)]),
    attached=st.sampled_from([None, Attached(take_profit=Exit(d("60000.05")))]),
    slippage=st.sampled_from([None, Slippage(SlippageUnit.TICKS, d(5))]),
)
def test_rules_that_are_not_looked_at_one_by_one_are_those_that_the_order_passes(
    qty: str, trigger: Trigger | None, attached: Attached | None, slippage: Slippage | None
) -> None:
    desk = Desk()
    order = replace(
        desk.place(), qty=d(qty), price=None, type=OrderType.MARKET,
        trigger=trigger, attached=attached, slippage=slippage,
    )  # fmt: skip
    terms = Terms(
        state=desk.state,
        order=order,
        context=desk.context(),
        instrument=MARKET,
        quote=desk.quotes["BTCUSDT"],
        reference=REFERENCE,
        price=REFERENCE,
        limits=PAPER_LIMITS,
    )
    special = (trigger, attached, slippage) != (None, None, None)
    assert cleared(terms) == (is_sized(terms) and (len(SIZE) if special else ALWAYS_ON))
    lines = list(pick(RULES, PAPER_LIMITS, PAPER_LIMITS))[: cleared(terms)]
    readings = [rule.read(terms, limit) for rule, limit in lines]
    assert [each for each in readings if each is not None and not each.passed] == []
