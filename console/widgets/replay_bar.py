"""The progress bar of a recorded market, one line; not there on a market that is live."""

from __future__ import annotations

from rich.cells import cell_len
from textual.strip import Strip

from console.views.cells import Cell, Line
from console.views.replay import ReplayView
from console.widgets.framed import Bare


class ReplayBar(Bare):
    """State, speed and time of the recording, a bar, and how far it is."""

    DEFAULT_CSS = """
    ReplayBar { height: 1; background: $panel; color: $deck-text; display: none; }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._view: ReplayView | None = None

    def sync(self, view: ReplayView | None) -> None:
        """Take in one frame; hides itself without a recording."""
        if (view is not None) != self.display:
            self.display = view is not None
        if view != self._view:
            self._view = view
            self.refresh()

    def render_line(self, y: int) -> Strip:
        if self._view is None or y:
            return self.draw([])
        return self.draw(self.spans(bar_line(self._view, self.size.width)))


def bar_line(view: ReplayView, width: int) -> Line:
    """The whole line: text, bar, text; the bar takes the room that is left."""
    taken = sum(cell_len(cell.text) for cell in (*view.before, *view.after))
    room = max(0, width - taken)
    full = round(view.fraction * room)
    bar = (Cell(view.full * full, "good"), Cell(view.empty * (room - full), "rule"))
    return (*view.before, *bar, *view.after)
