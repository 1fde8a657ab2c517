"""Order histories with their expected outcome, folded as the engine folds its events."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from engine.core.orders.machine import Order
from engine.core.state import State, evolve
from tests.support.order_model import ReferenceOrder
from tests.support.order_words import number, order_event

FOUR_DECIMALS = Decimal("0.00005")


def run(case: dict[str, Any]) -> tuple[Order, list[str]]:
    """The order after all events of the case, and the state it showed after each."""
    state = State()
    order = state.orders.create_order("o1", "BTCUSDT", "Buy", str(case["qty"]))
    trace = []
    for ts, (word, *arguments) in enumerate(case["events"], start=1):
        evolve(state, order_event("o1", ts, word, *arguments))
        trace.append(order.state.name)
    return order, trace


def check(expect: dict[str, Any], shown: dict[str, Any]) -> None:
    """Compare what an order shows at the end, numbers as numbers."""
    average = number(expect["avg"])
    assert shown["status"] == expect["status"]
    assert {name: shown[name] for name in ("cum", "leaves", "order_qty", "overfill")} == {
        name: number(expect[name]) for name in ("cum", "leaves", "order_qty", "overfill")
    }
    if average is None:
        assert shown["avg"] is None
    else:
        assert abs(shown["avg"] - average) <= FOUR_DECIMALS


def test_an_order_history_ends_as_expected(order_case: dict[str, Any]) -> None:
    order, trace = run(order_case)
    assert trace == order_case["trace"]
    check(
        order_case["expect"],
        {
            "status": order.state.name,
            "cum": order.cum_qty,
            "leaves": order.leaves_qty,
            "avg": order.avg_price,
            "order_qty": order.qty,
            "overfill": order.overfill_qty,
        },
    )


def test_the_reference_model_ends_as_expected(order_case: dict[str, Any]) -> None:
    model = ReferenceOrder(order_case["qty"])
    trace = []
    for event in order_case["events"]:
        model.hear(*event)
        trace.append(model.answers()["status"])
    assert trace == order_case["trace"]
    check(order_case["expect"], model.answers())
