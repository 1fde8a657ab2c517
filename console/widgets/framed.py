"""Lines kept as they were drawn, border and all: what did not change costs a look-up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from console.widgets.drawn import Drawn


class Frame(NamedTuple):
    """What turns a line of content into a line of the widget, as the style sheet has it now."""

    left: Segment
    right: Segment
    filters: Sequence[LineFilter]
    background: Color


class Framed(Drawn):
    """A bordered widget that keeps its finished lines.

    Textual would put border and filters around every line anew each time it is drawn. A strip
    that is kept also keeps what Textual made of it, its cuts and its escape codes: a row that
    only moved is neither drawn nor encoded again.
    """

    def __init__(self, *children: Widget, **options: Any) -> None:
        super().__init__(*children, **options)
        self._kept: dict[int, Strip] = {}
        self._frame: Frame | None = None

    def framed_line(self, y: int) -> Strip:
        """The finished line around line `y` of the content."""
        return self.frame(self.render_line(y))

    def frame(self, strip: Strip) -> Strip:
        """A line of content with the border on both sides."""
        frame = self._frame
        if frame is None:
            frame = self._frame = self._measured()
        for line_filter in frame.filters:
            strip = strip.apply_filter(line_filter, frame.background)
        return Strip([frame.left, *strip, frame.right], strip.cell_length + 2)

    def render_lines(self, crop: Region) -> list[Strip]:
        """The widget's lines, those in its border among them; only what is not kept is drawn."""
        kept = self._kept
        for y in crop.line_range:
            if y not in kept:
                kept[y] = self._finished(y)
        lines = [kept[y] for y in crop.line_range]
        if crop.column_span == (0, self.outer_size.width):
            return lines
        return [line.crop(*crop.column_span) for line in lines]

    def notify_style_update(self) -> None:
        """The style sheet gives this widget another border."""
        super().notify_style_update()
        self._frame = None
        self._kept.clear()

    def _finished(self, y: int) -> Strip:
        if 0 < y < self.outer_size.height - 1:
            return self.framed_line(y - 1)
        return self._styled(y)

    def _styled(self, y: int) -> Strip:
        """A line as Textual would draw it."""
        return super().render_lines(Region(0, y, self.outer_size.width, 1))[0]

    def _measured(self) -> Frame:
        """The border's sides, cut from a line that Textual drew."""
        left, *_, right = self._styled(1)
        return Frame(left, right, self.get_line_filters(), self.background_colors[1])

    def _set_dirty(self, *regions: Region) -> None:
        """Forget the lines that are to be drawn anew. Regions are of the content."""
        super()._set_dirty(*regions)
        if not regions:
            self._frame = None
            self._kept.clear()
        for region in regions:
            for y in region.line_range:
                self._kept.pop(y + 1, None)
