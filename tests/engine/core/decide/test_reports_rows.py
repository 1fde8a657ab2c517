"""Rows that come late, out of order, in one instant, or not at all."""

from __future__ import annotations

import pytest

from engine.core.events import OrderAdopted
from engine.core.orders.terms import Attached, Exit, Trigger, TriggerDirection
from engine.core.reports import OrderLookup, VenueStatus
from engine.core.requests import QueryOrder
from engine.core.types import EXTERNAL, OrderState, OrderType, Side
from tests.support.desk import Desk, d, fill, row


def test_a_working_row_of_a_conditional_order_means_that_it_has_triggered() -> None:
    desk = Desk()
    desk.working()
    desk.give(row(status=VenueStatus.UNTRIGGERED, ts=10))
    desk.give(row(status=VenueStatus.NEW, ts=12))
    assert desk.order().state is OrderState.NEW
    assert desk.give(row(status=VenueStatus.TRIGGERED, ts=11)) == []


def test_the_row_that_ends_an_order_brings_its_last_terms() -> None:
    desk = Desk()
    desk.working()
    ended = row(status=VenueStatus.CANCELED, qty=d("0.008"), price=d(59_000), ts=20)
    desk.give(ended)
    order = desk.order()
    assert (order.state, order.qty, order.price) == (OrderState.CANCELED, d("0.008"), d(59_000))
    assert desk.give(row(ts=10)) == []
    assert desk.give(ended) == []


def test_a_conditional_order_can_be_amended_before_it_triggers() -> None:
    desk = Desk()
    desk.working()
    desk.give(row(status=VenueStatus.UNTRIGGERED, price=d(59_000)))
    assert (desk.order().state, desk.order().price) == (OrderState.UNTRIGGERED, d(59_000))


def test_a_row_from_before_the_filled_one_changes_nothing_while_its_fills_are_awaited() -> None:
    desk = Desk()
    desk.working()
    desk.give(row(status=VenueStatus.FILLED, qty=d("0.008"), cum_qty=d("0.008"), ts=20))
    assert desk.give(row(qty=d("0.010"), ts=10)) == []
    desk.give(fill("e1", "0.008"))
    assert (desk.order().state, desk.order().qty) == (OrderState.FILLED, d("0.008"))


@pytest.mark.parametrize(
    ("status", "shown"),
    [
        (VenueStatus.PARTIALLY_FILLED, OrderState.PARTIALLY_FILLED),
        (VenueStatus.CANCELED, OrderState.CANCELED),
    ],
)
def test_fills_may_overtake_the_row_that_raised_the_quantity(
    status: VenueStatus, shown: OrderState
) -> None:
    desk = Desk()
    desk.working()
    desk.give(fill("e1", "0.010"))
    assert desk.order().state is OrderState.FILLED
    desk.give(row(status=status, qty=d("0.012"), cum_qty=d("0.010"), ts=20))
    assert (desk.order().state, desk.order().qty) == (shown, d("0.012"))


def test_a_quantity_below_what_has_filled_is_said_once() -> None:
    desk = Desk()
    desk.working()
    desk.give(fill("e1", "0.006"))
    old = row(qty=d("0.004"), ts=20)
    desk.give(old)
    assert (desk.order().state, desk.order().qty) == (OrderState.FILLED, d("0.006"))
    assert desk.give(old) == []


def test_an_order_with_a_status_of_next_year_stays_as_it_is_and_is_asked_for_now_and_then() -> None:
    desk = Desk()
    order = desk.working()
    query = QueryOrder(client_order_id="a1", symbol="BTCUSDT")
    strange = row(status=VenueStatus.OTHER, ts=5)
    asked = []
    for _ in range(12):
        desk.give(strange)
        asked += desk.requests
        desk.later(1)
    assert asked == [query] * 3
    assert order.state is OrderState.NEW


def test_an_answer_that_repeats_the_strange_status_is_no_reason_to_ask_again() -> None:
    desk = Desk()
    desk.working()
    desk.give(row(status=VenueStatus.OTHER, ts=5))
    desk.later(60)
    answer = row(status=VenueStatus.OTHER, ts=5)
    assert desk.give(OrderLookup(client_order_id="a1", order=answer)) == []
    assert desk.requests == []


FALLS = Trigger(d(59_000), TriggerDirection.FALLS)
CHILD = {
    "exchange_order_id": "x-sl",
    "side": Side.SELL,
    "price": None,
    "type": OrderType.MARKET,
    "reduce_only": True,
    "trigger": FALLS,
    "made_as": "StopLoss",
}


def test_a_stop_loss_that_the_venue_made_is_shown_as_that_and_its_fill_is_no_riddle() -> None:
    desk = Desk()
    desk.working("a1", attached=Attached(None, Exit(d(59_000))))
    desk.give(fill("e1", "0.010", "a1"))
    (event,) = desk.give(row("", status=VenueStatus.UNTRIGGERED, **CHILD))[:1]
    assert isinstance(event, OrderAdopted)
    assert (event.by, event.trigger) == ("venue StopLoss", FALLS)
    child = desk.order("x-sl")
    assert (child.state, child.is_external, child.is_venue_made, child.is_waiting) == (
        OrderState.UNTRIGGERED,
        True,
        True,
        True,
    )
    desk.give(row("", status=VenueStatus.TRIGGERED, **CHILD, ts=5))
    desk.give(fill("e2", "0.010", "", exchange_order_id="x-sl", side=Side.SELL))
    assert desk.order("x-sl").state is OrderState.FILLED
    assert desk.state.positions.get_position("BTCUSDT").qty == 0
    assert (desk.state.positions.suspense, desk.state.orders.anomalies) == ({}, {})


def test_an_order_that_somebody_else_placed_is_external_whatever_it_brings() -> None:
    desk = Desk()
    brings = Attached(Exit(d(62_000)))
    desk.give(row("web-1", attached=brings))
    order = desk.order("web-1")
    assert (order.by, order.is_external, order.is_venue_made, order.attached) == (
        EXTERNAL,
        True,
        False,
        brings,
    )


def test_a_trigger_that_somebody_moved_at_the_venue_is_believed() -> None:
    desk = Desk()
    desk.working(trigger=Trigger(d(61_000), TriggerDirection.RISES))
    moved = Trigger(d(61_700), TriggerDirection.RISES)
    desk.give(row(status=VenueStatus.UNTRIGGERED, trigger=moved))
    assert desk.order().trigger == moved
    assert desk.give(row(status=VenueStatus.UNTRIGGERED, trigger=moved, ts=2)) == []
