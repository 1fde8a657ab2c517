"""Lines kept as they were drawn, border and all: what did not change costs a look-up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter
from textual.geometry import Region, Size, Spacing
from textual.strip import Strip

from console.widgets.drawn import Drawn
from console.widgets.kept import Kept

BORDER = Spacing.all(1)
"""Every border is a cell wide, and every panel has one."""


class Frame(NamedTuple):
    """What turns a line of content into a line of the widget, as the style sheet has it now."""

    left: Segment
    right: Segment
    width: int
    filters: Sequence[LineFilter]
    background: Color


class Title(NamedTuple):
    """The looks of the border's upper line: its corners, its rule and the title on it."""

    left: Segment
    rule: Segment
    style: Style | None
    right: Segment


class Bare(Drawn, Kept):
    """A widget of nothing but lines: no border, no padding. Keeps its finished lines."""

    def draw_lines(self, missing: Sequence[int]) -> None:
        """A line is finished as it was drawn, but for the app's filters."""
        filters = self.get_line_filters()
        for y in missing:
            strip = self.render_line(y)
            for line_filter in filters:
                strip = strip.apply_filter(line_filter, self.background_colors[1])
            self._kept[y] = strip


class Framed(Drawn, Kept):
    """A bordered widget that keeps its finished lines.

    Textual would put border and filters around every line anew each time it is drawn. A strip
    that is kept also keeps what Textual made of it, its cuts and its escape codes: a row that
    only moved is neither drawn nor encoded again.
    """

    _frame: Frame | None = None
    _title: Title | None = None

    @property
    def size(self) -> Size:
        """The room inside the border: asked for many times a frame."""
        return self.outer_size - BORDER.totals

    @property
    def gutter(self) -> Spacing:
        """Nothing but the border is around the content."""
        return BORDER

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
        """Content is framed here, and so is the title; the border's last line is Textual's."""
        last = self.outer_size.height - 1
        for y in missing:
            if 0 < y < last:
                self._kept[y] = self.framed_line(y - 1)
            else:
                self._kept[y] = self._titled() if y == 0 else self.styled_lines(y, 1)[0]

    def _titled(self) -> Strip:
        """The border's upper line. Textual draws the first one, and any whose title is cut."""
        text = self._border_title.plain if self._border_title else ""
        width = self.outer_size.width
        room = width - cell_len(text) - 5
        look = self._title
        if look is None or not text or room < 1:
            drawn = self.styled_lines(0, 1)[0]
            self._title = _title_of(drawn, text)
            return drawn
        rule = Segment(look.rule.text * room, look.rule.style)
        title = Segment(f" {text} ", look.style)
        return Strip([look.left, look.rule, title, rule, look.right], width)

    def notify_style_update(self) -> None:
        """The style sheet gives this widget another border."""
        super().notify_style_update()
        self._frame = self._title = None

    def _measured(self) -> Frame:
        """The border's sides, cut from a line that Textual drew."""
        left, *_, right = self.styled_lines(1, 1)[0]
        return Frame(
            left, right, self.outer_size.width, self.get_line_filters(), self.background_colors[1]
        )

    def _set_dirty(self, *regions: Region) -> None:
        super()._set_dirty(*regions)
        if not regions:
            self._frame = self._title = None


def _title_of(drawn: Strip, text: str) -> Title | None:
    """What an upper line that Textual drew is made of; None when its title is not whole on it."""
    pieces = list(drawn)
    if len(pieces) != 5 or not text or pieces[2].text != f" {text} ":
        return None
    left, rule, title, _, right = pieces
    return Title(left, rule, title.style, right)
