"""Which of a venue's rows of one order is the newer: rows overtake each other and come twice."""

from __future__ import annotations

from engine.core.reports import OrderReport, VenueStatus
from engine.core.state import State

ROWS_REMEMBERED = 16_384
"""Orders whose newest row is remembered, so that an older one is known as such: some 4 MB."""

_FURTHER_ON = {
    VenueStatus.OTHER: 0,
    VenueStatus.UNTRIGGERED: 1,
    VenueStatus.TRIGGERED: 2,
    VenueStatus.NEW: 3,
    VenueStatus.PARTIALLY_FILLED: 4,
    VenueStatus.FILLED: 5,
    VenueStatus.CANCELED: 5,
    VenueStatus.REJECTED: 5,
    VenueStatus.EXPIRED: 5,
}
"""How far along a row shows its order; the venue counts an ending above all else."""


def is_stale(state: State, report: OrderReport) -> bool:
    """True when a newer row of the same order was seen; otherwise this one is now the newest.

    At one instant the row that shows more filled is the newer, then the one further on.
    """
    shows = (report.ts, report.cum_qty, _FURTHER_ON[report.status])
    if shows < state.row_shown.get(report.exchange_order_id, shows):
        return True
    if report.exchange_order_id:
        state.row_shown[report.exchange_order_id] = shows
        if len(state.row_shown) > ROWS_REMEMBERED:
            state.row_shown.popitem(last=False)
    return False
