"""Lines kept until they are stale, for widgets that seldom change beside ones that do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget


class Kept(Widget):
    """Asks Textual for a line once.

    Textual asks every widget that a frame touches for all of its lines, and styles, filters and
    collects them each time, though one in a hundred has changed.
    """

    def __init__(self, *children: Widget, **options: Any) -> None:
        super().__init__(*children, **options)
        self._kept: dict[int, Strip] = {}

    def render_lines(self, crop: Region) -> list[Strip]:
        """The widget's lines, those in its border among them; only what is not kept is drawn."""
        kept = self._kept
        missing = [y for y in crop.line_range if y not in kept]
        if missing:
            self.draw_lines(missing)
        lines = [kept[y] for y in crop.line_range]
        if crop.column_span == (0, self.outer_size.width):
            return lines
        return [line.crop(*crop.column_span) for line in lines]

    def draw_lines(self, missing: Sequence[int]) -> None:
        """Draw and keep these lines, in rising order."""
        first, last = missing[0], missing[-1]
        self._kept.update(enumerate(self.styled_lines(first, last - first + 1), first))

    def styled_lines(self, first: int, count: int) -> list[Strip]:
        """Lines as Textual draws them."""
        return super().render_lines(Region(0, first, self.outer_size.width, count))

    def notify_style_update(self) -> None:
        """The style sheet gives this widget another look."""
        super().notify_style_update()
        self._kept.clear()

    def _set_dirty(self, *regions: Region) -> None:
        """Forget the lines that are to be drawn anew. Regions are of the content."""
        super()._set_dirty(*regions)
        if not regions:
            self._kept.clear()
        top = self.gutter.top
        for region in regions:
            for y in region.line_range:
                self._kept.pop(y + top, None)
