from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.core.limits import PAPER_LIMITS
from engine.core.risk.rule import pick
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
