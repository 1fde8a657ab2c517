from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.events import EventType, OrderAdopted, OrderEvent, OrderSubmitted
from engine.core.orders import folds as order_folds
from engine.core.orders.exposure import Doubt
from engine.core.orders.usual import USUAL
from engine.core.state import State, evolve
from engine.core.types import ExecutionKind, Liquidity, OrderState, Side
from tests.support.desk import d

OTHERS = [kind for kind in EventType if kind not in USUAL]


def order_events() -> st.SearchStrategy[OrderEvent]:
    """Mostly what is usual, of few orders and executions: they get in each other's way."""
    return st.builds(
        OrderEvent,
        type=st.one_of(st.sampled_from(list(USUAL)), st.sampled_from(OTHERS)),
        client_order_id=st.sampled_from(["a1", "a1", "a2", "x9", "zz"]),
        ts=st.integers(10, 20),
        exchange_order_id=st.sampled_from(["", "x1", "x2"]),
        exec_id=st.sampled_from(["", "e1", "e2", "e3", "e4", "e5"]),
        last_qty=st.sampled_from([d(1), d(2), d("1.0"), d(0), None]),
        last_price=st.sampled_from([d(100), d(99), d(-1), None]),
        fee=st.sampled_from([None, d("0.1")]),
        fee_currency=st.sampled_from(["", "USDT"]),
        liquidity=st.sampled_from([None, *Liquidity]),
        qty=st.sampled_from([None, d(3), d(5)]),
        cum_qty=st.sampled_from([None, d(1), d(3)]),
        avg_price=st.sampled_from([None, d(100)]),
        status=st.sampled_from([None, *OrderState]),
        reason=st.sampled_from(["", "R"]),
        text=st.sampled_from(["", "t"]),
        attempts=st.integers(0, 2),
        command_id=st.sampled_from(["", "", "c1"]),
        exec_ts=st.integers(0, 15),
        exec_kind=st.sampled_from([ExecutionKind.TRADE, *ExecutionKind]),
        exec_pnl=st.sampled_from([None, None, d(1)]),
    )


def new_orders() -> list[OrderSubmitted | OrderAdopted]:
    terms: dict[str, Any] = {"symbol": "BTCUSDT", "qty": d(4), "price": d(100)}
    return [
        OrderSubmitted(ts=1, command_id="p1", client_order_id="a1", side=Side.BUY, **terms),
        OrderSubmitted(ts=2, command_id="p2", client_order_id="a2", side=Side.SELL, **terms),
        OrderAdopted(
            ts=3, client_order_id="x9", exchange_order_id="x9", side=Side.BUY,
            position_index=1, **terms,
        ),
    ]  # fmt: skip


def folded(events: list[OrderEvent]) -> tuple[object, ...]:
    state = State()
    for event in (*new_orders(), *events):
        evolve(state, event)
    exposure, activity = state.exposure, state.activity
    return (
        state.encode(),
        [exposure.in_doubt(doubt, symbol) for doubt in Doubt for symbol in ("", "BTCUSDT")],
        [exposure.working("BTCUSDT", side) for side in Side],
        [list(activity.filled_orders("BTCUSDT", side)) for side in Side],
        [order.client_order_id for order in state.orders.open_orders()],
        {name: state.orders.by_exchange_id(name) for name in ("x1", "x2", "x9")},
        list(state.positions.booked_fills()),
    )


@given(st.lists(order_events(), max_size=20))
def test_what_is_usual_does_what_the_rules_would_do(events: list[OrderEvent]) -> None:
    with patch.object(order_folds, "USUAL", {}):
        by_rule = folded(events)
    assert folded(events) == by_rule


def acknowledged(**more: Any) -> OrderEvent:
    return OrderEvent(EventType.ORDER_ACK, "a1", 5, "x1", attempts=2, **more)


def filled(exec_id: str = "e1", **more: Any) -> OrderEvent:
    content = {"last_qty": d(2), "last_price": d(100), **more}
    return OrderEvent(EventType.PARTIAL_FILL, "a1", 6, "x1", exec_id=exec_id, **content)


def state_of(*events: OrderEvent) -> State:
    state = State()
    for event in (new_orders()[0], *events):
        evolve(state, event)
    return state


@pytest.mark.parametrize(
    ("before", "event", "usual"),
    [
        ((), acknowledged(), True),
        ((acknowledged(),), acknowledged(), False),
        ((), acknowledged(command_id="c1"), False),
        ((), filled(), False),
        ((acknowledged(),), filled(), True),
        ((acknowledged(), filled()), filled(), False),
        ((acknowledged(), filled()), filled("e2"), True),
        ((acknowledged(), filled(), filled("e2")), filled("e3"), False),
        ((acknowledged(),), filled(""), False),
        ((acknowledged(),), filled(last_qty=None), False),
        ((acknowledged(),), filled(last_price=d(0)), False),
        ((acknowledged(),), filled(exec_pnl=d(1)), True),
    ],
)
def test_only_what_needs_no_rule_is_usual(
    before: tuple[OrderEvent, ...], event: OrderEvent, usual: bool
) -> None:
    assert USUAL[event.type](state_of(*before), event) is usual


def test_a_number_that_is_none_is_left_to_the_rules_to_refuse() -> None:
    state = state_of(acknowledged())
    with pytest.raises(ValueError, match=r"last_qty: .* is not a finite number"):
        evolve(state, filled(last_qty=Decimal("NaN")))


def test_an_acknowledgement_is_told_with_its_words() -> None:
    told: Mapping[str, tuple[str, str]] = {
        "": ("", ""), "t": ("", "t"), "R": ("R", ""), "R: t": ("R", "t"),
    }  # fmt: skip
    for text, (reason, words) in told.items():
        order = state_of(acknowledged(reason=reason, text=words)).orders.get_order("a1")
        assert order is not None
        assert order.history[-1].text == text


def test_an_order_that_fills_at_its_price_keeps_its_numbers_once() -> None:
    state = state_of(acknowledged(), filled(last_qty=d(4), last_price=Decimal("100")))
    order = state.orders.orders["a1"]
    (execution,) = state.positions.booked_fills()
    assert order.cum_qty is order.fills["e1"].qty is execution.qty is order.qty
    assert order.fills["e1"].price is execution.price is order.price


def test_an_order_that_fills_in_like_parts_keeps_their_numbers_once() -> None:
    parts = (
        filled(exec_id, last_qty=d(1), last_price=Decimal("99.0"), fee=Decimal("0.5"))
        for exec_id in ("e1", "e2")
    )
    state = state_of(acknowledged(), *parts)
    one, other = state.positions.booked_fills()
    assert (other.qty, other.price, other.fee) == (one.qty, one.price, one.fee)
    assert other.qty is one.qty
    assert other.price is one.price
    assert other.fee is one.fee


def test_an_order_without_a_history_fills_like_any_other() -> None:
    state = state_of(acknowledged())
    state.orders.orders["a1"].history.clear()
    evolve(state, filled())
    assert [entry.text for entry in state.orders.orders["a1"].history] == ["2 @ 100"]


def test_a_fill_beyond_the_order_is_booked_and_counted() -> None:
    state = state_of(acknowledged(), filled(last_qty=d(3)), filled("e2"))
    order = state.orders.orders["a1"]
    assert (order.state, order.cum_qty, order.overfill_qty) == (OrderState.FILLED, d(5), d(1))
    assert state.orders.anomalies == {"OVERFILL": 1}
