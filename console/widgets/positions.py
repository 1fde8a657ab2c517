"""The positions panel: every position, the totals, and the P&L curve where there is room."""

from __future__ import annotations

from textual.message import Message

from console import format as fmt
from console.screens.layout import NAMES
from console.views import positions as rows
from console.views.cells import Cell, Line
from console.views.positions import PositionsView
from console.widgets.curve import curve_lines
from console.widgets.rows import RowsTable
from engine.core.ledger.executions import split_key

CURVE_HEIGHT = range(2, 9)
"""Lines that a curve may have: fewer say nothing, more say no more."""


class PositionsPanel(RowsTable[PositionsView]):
    """Positions by key; the cursor names the position that keys act on."""

    NAME = NAMES["positions"]
    COLUMNS = rows.COLUMNS
    SHRINK = rows.SHRINK

    class Selected(Message):
        """Enter, or a double click, on a position."""

        def __init__(self, symbol: str) -> None:
            super().__init__()
            self.symbol = symbol

    def empty_text(self) -> str:
        return "no positions"

    def selected_message(self, row_id: str) -> Message:
        return PositionsPanel.Selected(split_key(row_id)[0])

    def make_foot(self, view: PositionsView) -> tuple[Line, ...]:
        room = self.size.height - self.rows_top - len(view.rows) - len(view.foot) - 2
        height = min(room, CURVE_HEIGHT.stop - 1)
        if height < CURVE_HEIGHT.start or len(view.curve) < 2:
            return view.foot
        width = self.size.width - 2
        style = "gain" if view.curve[-1] >= 0 else "loss"
        lines = curve_lines(view.curve, width, height, braille=view.glyphs.braille)
        return (*view.foot, _caption(view), *((Cell(line, style),) for line in lines))


def _caption(view: PositionsView) -> Line:
    low, high = min(view.curve), max(view.curve)
    return (
        Cell("net P&L ", "muted"),
        Cell(fmt.countdown(len(view.curve))),
        Cell("  low ", "muted"),
        Cell(f"{low:+,.2f}"),
        Cell("  high ", "muted"),
        Cell(f"{high:+,.2f}"),
    )
