"""The reconciliation panel."""

from __future__ import annotations

from console.screens.layout import NAMES
from console.views import recon as rows
from console.views.cells import TableView
from console.widgets.rows import RowsTable


class ReconPanel(RowsTable[TableView]):
    """When the venue last agreed, and every difference by symbol."""

    NAME = NAMES["recon"]
    COLUMNS = rows.COLUMNS
    SHRINK = rows.SHRINK
    HAS_CURSOR = False

    def empty_text(self) -> str:
        return "no differences"
