"""The reconciliation panel."""

from __future__ import annotations

from console.keymap import Keymap
from console.screens.layout import NAMES
from console.views import recon as rows
from console.views.cells import Cell, Line
from console.views.recon import ReconView
from console.widgets.rows import RowsTable

SETTLING = (("drift.adopt", "adopt"), ("drift.flatten", "flatten"), ("drift.ignore", "ignore"))

ROWS_FIRST = 3
"""So many differences are shown before any line below them."""


class ReconPanel(RowsTable[ReconView]):
    """When the venue last agreed, and every difference by symbol; the cursor names one to settle.

    What room is left shows the last comparisons and how long they took.
    """

    NAME = NAMES["recon"]
    COLUMNS = rows.COLUMNS
    SHRINK = rows.SHRINK

    def __init__(self, keymap: Keymap, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._keymap = keymap

    def empty_text(self) -> str:
        return "no differences"

    def make_foot(self, view: ReconView) -> tuple[Line, ...]:
        """What matters most, as far as the rows leave room, then the last comparisons."""
        room = self.size.height - self.rows_top - max(1, min(len(view.rows), ROWS_FIRST))
        keys = (self._key_line(),) if view.to_settle else ()
        lines = (*view.foot, *keys, *self._about_cursor(view))[: max(0, room)]
        room = self.size.height - self.rows_top - max(1, len(view.rows)) - len(lines)
        return (*lines, *view.runs[: max(0, room)])

    def _about_cursor(self, view: ReconView) -> tuple[Line, ...]:
        """A line more about the row under the cursor, where the columns do not fit."""
        if self.size.width - 2 >= rows.WHOLE_WIDTH and not any(len(d) > 6 for d in view.details):
            return ()
        at = view.keys.index(self.cursor_id) if self.cursor_id in view.keys else 0
        return view.details[at : at + 1]

    def _key_line(self) -> Line:
        return tuple(
            cell
            for action_id, word in SETTLING
            for cell in (
                Cell(self._keymap.text(action_id), "value"),
                Cell(f" {word}  ", "muted"),
            )
        )
