"""Lines kept as they were drawn, border and all: what did not change costs a look-up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter
from textual.geometry import Region
from textual.strip import Strip

from console.widgets.drawn import Drawn
from console.widgets.kept import Kept


class Frame(NamedTuple):
    """What turns a line of content into a line of the widget, as the style sheet has it now."""

    left: Segment
    right: Segment
    width: int
    filters: Sequence[LineFilter]
    background: Color


class Framed(Drawn, Kept):
    """A bordered widget that keeps its finished lines.

    Textual would put border and filters around every line anew each time it is drawn. A strip
    that is kept also keeps what Textual made of it, its cuts and its escape codes: a row that
    only moved is neither drawn nor encoded again.
    """

    _frame: Frame | None = None

    def framed_line(self, y: int) -> Strip:
        """The finished line around line `y` of the content."""
        return self.frame(self.render_line(y))

    def frame(self, segments: Iterable[Segment]) -> Strip:
        """A line of content, exactly as wide as there is room, with the border on both sides."""
        frame = self._frame
        if frame is None:
            frame = self._frame = self._measured()
        for line_filter in frame.filters:
            segments = line_filter.apply(list(segments), frame.background)
        return Strip([frame.left, *segments, frame.right], frame.width)

    def draw_lines(self, missing: Sequence[int]) -> None:
        """Content is framed here; the border's own lines are Textual's."""
        last = self.outer_size.height - 1
        for y in missing:
            inside = 0 < y < last
            self._kept[y] = self.framed_line(y - 1) if inside else self.styled_lines(y, 1)[0]

    def notify_style_update(self) -> None:
        """The style sheet gives this widget another border."""
        super().notify_style_update()
        self._frame = None

    def _measured(self) -> Frame:
        """The border's sides, cut from a line that Textual drew."""
        left, *_, right = self.styled_lines(1, 1)[0]
        return Frame(
            left, right, self.outer_size.width, self.get_line_filters(), self.background_colors[1]
        )

    def _set_dirty(self, *regions: Region) -> None:
        super()._set_dirty(*regions)
        if not regions:
            self._frame = None
