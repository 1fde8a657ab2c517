"""A size that may be a slip: beside a limit, and beside what was usual."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from console.slips import ORDERS_LOOKED_AT, doubts, recent_sizes
from engine.core.orders.machine import Order
from engine.core.types import EXTERNAL, OrderState, Side


def order(qty: str, symbol: str = "BTCUSDT", by: str = "ann", **more: object) -> Order:
    return Order(
        client_order_id="a",
        symbol=symbol,
        side=Side.BUY,
        qty=D(qty),
        by=by,
        **more,  # type: ignore[arg-type]
    )


def test_half_of_a_limit_is_no_slip_and_more_is() -> None:
    assert doubts(D(1), ("MAX_POSITION", D("0.5")), []) == ()
    assert doubts(D(1), ("MAX_POSITION", D("0.506")), []) == ("51 % of MAX_POSITION",)
    assert doubts(D(1), None, []) == ()


@pytest.mark.parametrize(
    ("sizes", "qty", "doubt"),
    [
        ("1 1 2 9 9", "6", ()),
        ("1 1 2 9 9", "6.1", ("3.0 times the usual 2",)),
        ("1 1 2 3 9 9", "7.5", ()),
        ("1 1 2 3 9 9", "25", ("10.0 times the usual 2.5",)),
        ("1 1 1 1", "100", ()),
        ("10 10 10 10 10", "31", ("3.1 times the usual 10",)),
    ],
)
def test_three_times_the_median_is_no_slip_and_more_is(
    sizes: str, qty: str, doubt: tuple[str, ...]
) -> None:
    assert doubts(D(qty), None, [D(size) for size in sizes.split()]) == doubt


def test_both_are_told() -> None:
    found = doubts(D(100), ("MAX_QTY", D(1)), [D(1)] * 20)
    assert found == ("100 % of MAX_QTY", "100.0 times the usual 1")


def test_the_usual_is_of_our_own_orders_in_this_market_that_were_sent() -> None:
    orders = [
        order("1"),
        order("2", "ETHUSDT"),
        order("3", by=EXTERNAL),
        order("4", state=OrderState.DENIED),
        order("5", state=OrderState.REJECTED),
        order("6", state=OrderState.FILLED),
    ]
    assert recent_sizes(orders, "BTCUSDT") == [D(1), D(6)]


def test_twenty_are_counted_of_the_newest_thousand_orders() -> None:
    assert recent_sizes([order("1")] * 30, "BTCUSDT") == [D(1)] * 20
    elsewhere = [order("1", "ETHUSDT")] * (ORDERS_LOOKED_AT - 1)
    assert recent_sizes([*elsewhere, order("2"), order("3")], "BTCUSDT") == [D(2)]
