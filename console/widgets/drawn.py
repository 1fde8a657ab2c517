"""Drawing by lines: styles of the theme in force, cells to segments, segments to a full line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Self

from rich.segment import Segment
from textual.filter import ANSIToTruecolor, LineFilter
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from console.theme import Palette
from console.views.cells import Line


class Drawn(Widget):
    """A widget whose lines are plain segments, so that no text is ever read as markup."""

    _palette: Palette | None = None

    @property
    def palette(self) -> Palette:
        """The looks of the theme in force, on this widget's own colours."""
        if self._palette is None:
            self._palette = Palette(self.app.theme_variables, self.rich_style)
        return self._palette

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, self._theme_changed)

    def _theme_changed(self, _theme: object) -> None:
        self._palette = None
        self.repaint_all()

    def repaint_all(self) -> None:
        """Draw every line anew; overridden where drawn lines are kept."""
        self.refresh()

    def notify_style_update(self) -> None:
        """The style sheet may give this widget other colours."""
        super().notify_style_update()
        self._palette = None

    def get_line_filters(self) -> Sequence[LineFilter]:
        """The app's filters but for the one that makes true colours: ours are true already."""
        return [f for f in super().get_line_filters() if not isinstance(f, ANSIToTruecolor)]

    def spans(self, line: Line) -> list[Segment]:
        """Cells one after the other."""
        return [Segment(text, self.palette.look(meaning).style) for text, meaning in line]

    def draw(self, segments: Iterable[Segment], meaning: str = "text") -> Strip:
        """A line of exactly the widget's width, filled up with blanks of `meaning`."""
        return Strip(segments).adjust_cell_length(self.size.width, self.palette.look(meaning).style)

    def refresh(
        self,
        *regions: Region,
        repaint: bool = True,
        layout: bool = False,
        recompose: bool = False,
    ) -> Self:
        """Where it is hidden it only notes what is stale: showing it draws it anyway.

        Textual forgets its map of the screen when a widget that is not on it wants to be drawn.
        What is taken off the screen before the next map, such as a toast, would stay in sight.
        """
        if layout or recompose or not repaint or self._is_shown():
            return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)
        self._set_dirty(*regions)
        return self

    def _is_shown(self) -> bool:
        return all(node.display for node in self.ancestors_with_self if isinstance(node, Widget))

    def refresh_lines_at(self, lines: Sequence[int]) -> None:
        """Repaint these lines of the viewport, in rising order, and no others.

        From edge to edge, border and all: of a whole line Textual has nothing to cut.
        """
        if not lines:
            return
        left, width = -self.gutter.left, self.outer_size.width
        regions: list[Region] = []
        for y in lines:
            if regions and regions[-1].bottom == y:
                regions[-1] = regions[-1].grow((0, 0, 1, 0))
            else:
                regions.append(Region(left, y, width, 1))
        self.refresh(*regions)
