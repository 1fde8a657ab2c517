from __future__ import annotations

from engine.core.orders.rows import ROWS_REMEMBERED, is_stale
from engine.core.reports import VenueStatus
from engine.core.state import State
from tests.support.desk import Desk, d, row


def test_of_two_rows_in_one_instant_the_one_that_shows_more_filled_is_newer() -> None:
    desk = Desk()
    desk.working()
    desk.give(row(status=VenueStatus.PARTIALLY_FILLED, cum_qty=d("0.001"), qty=d("0.008"), ts=9))
    assert desk.give(row(qty=d("0.010"), ts=9)) == []
    assert desk.order().qty == d("0.008")


def test_how_far_rows_are_is_remembered_of_the_newest_orders_only() -> None:
    state = State()
    for number in range(ROWS_REMEMBERED + 1):
        assert not is_stale(state, row(exchange_order_id=f"x{number}", ts=5))
    assert len(state.row_shown) == ROWS_REMEMBERED
    assert is_stale(state, row(exchange_order_id="x1", ts=4))
    assert not is_stale(state, row(exchange_order_id="x0", ts=4)), "forgotten"


def test_a_row_without_the_venues_id_is_compared_with_none() -> None:
    state = State()
    for ts in (5, 4):
        assert not is_stale(state, row(exchange_order_id="", ts=ts))
    assert state.row_shown == {}
