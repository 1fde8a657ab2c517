"""The banner: what matters most, always on screen; one line, two where it is narrow."""

from __future__ import annotations

from textual.geometry import Size
from textual.strip import Strip

from console.screens.layout import banner_height
from console.views.banner import BannerView, lay_out
from console.views.cells import Cell, Line
from console.widgets.framed import Bare


class Banner(Bare):
    """Draws the items that fit; a halt colours all of it."""

    DEFAULT_CSS = """
    Banner { height: auto; background: $panel; color: $deck-text; }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._view = BannerView(items=())
        self._lines: tuple[Line, ...] = ()

    def sync(self, view: BannerView) -> None:
        """Take in one frame; repaints the lines that differ."""
        whole = view.bar != self._view.bar
        self._view = view
        before, self._lines = self._lines, self._laid_out()
        if whole or len(before) != len(self._lines):
            self.refresh()
            return
        changed = [y for y, line in enumerate(self._lines) if line != before[y]]
        self.refresh_lines_at(changed)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """One line, or two."""
        return banner_height(width)

    def on_resize(self) -> None:
        self._lines = self._laid_out()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        line = self._lines[y] if y < len(self._lines) else ()
        bar = self._view.bar
        if not bar:
            return self.draw(self.spans(line))
        return self.draw(self.spans(tuple(Cell(cell.text, bar) for cell in line)), bar)

    def _laid_out(self) -> tuple[Line, ...]:
        width, height = self.size
        return lay_out(self._view, width, height) if self._view.items and height else ()
