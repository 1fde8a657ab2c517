"""Rows that come late, out of order, in one instant, or not at all."""

from __future__ import annotations

import pytest

from engine.core.evidence import ROWS_REMEMBERED
from engine.core.reports import VenueStatus
from engine.core.state import State
from engine.core.types import OrderState
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


def test_of_two_rows_in_one_instant_the_one_that_shows_more_filled_is_newer() -> None:
    desk = Desk()
    desk.working()
    desk.give(row(status=VenueStatus.PARTIALLY_FILLED, cum_qty=d("0.001"), qty=d("0.008"), ts=9))
    assert desk.give(row(qty=d("0.010"), ts=9)) == []
    assert desk.order().qty == d("0.008")


def test_how_far_rows_are_is_remembered_of_the_newest_orders_only() -> None:
    state = State()
    for number in range(ROWS_REMEMBERED + 1):
        state.remember_row(f"x{number}", (number, d(0), 3))
    state.remember_row("", (1, d(0), 3))
    assert len(state.row_shown) == ROWS_REMEMBERED
    assert "x0" not in state.row_shown
