"""The retry and latency panel."""

from __future__ import annotations

from console.screens.layout import NAMES
from console.views import requests as rows
from console.views.cells import Line
from console.views.requests import RequestsView
from console.widgets.rows import RowsTable


class RequestsPanel(RowsTable[RequestsView]):
    """Requests by kind, the health of loops and streams below, and the breakers.

    A breaker that is open has its line at any size; where there is room, each class has.
    """

    NAME = NAMES["requests"]
    COLUMNS = rows.COLUMNS
    SHRINK = rows.SHRINK
    HAS_CURSOR = False

    def make_foot(self, view: RequestsView) -> tuple[Line, ...]:
        """The health, then the breakers."""
        room = self.size.height - self.rows_top - len(view.rows) - len(view.foot)
        fits = room >= len(view.breakers)
        return (*view.foot, *(view.breakers if fits else view.open_breakers))
