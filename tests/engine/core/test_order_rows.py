from __future__ import annotations

from engine.core.reports import VenueStatus
from engine.core.state import ROWS_REMEMBERED, State
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
        state.remember_row(f"x{number}", (number, d(0), 3))
    state.remember_row("", (1, d(0), 3))
    assert len(state.row_shown) == ROWS_REMEMBERED
    assert "x0" not in state.row_shown
