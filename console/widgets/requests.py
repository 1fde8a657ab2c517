"""The retry and latency panel."""

from __future__ import annotations

from console.screens.layout import NAMES
from console.views import requests as rows
from console.views.cells import TableView
from console.widgets.rows import RowsTable


class RequestsPanel(RowsTable[TableView]):
    """Requests by kind, the health of loops and streams below."""

    NAME = NAMES["requests"]
    COLUMNS = rows.COLUMNS
    SHRINK = rows.SHRINK
    HAS_CURSOR = False
