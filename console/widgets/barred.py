"""A scroll bar in a table's own last column: no widget of its own cuts every line in three."""

from __future__ import annotations

from itertools import zip_longest
from math import ceil

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region
from textual.reactive import Reactive
from textual.scroll_view import ScrollView
from textual.scrollbar import ScrollBarRender
from textual.strip import Strip

from console.widgets.framed import Framed

EIGHTHS = 8
"""The ends of the thumb are drawn to an eighth of a line."""


def _whole_eighths(lines: float) -> int:
    return int(lines * EIGHTHS)


def _thumb(height: int, lines: int, position: float) -> tuple[int, int]:
    """Where Textual's thumb begins and ends, in eighths of a line."""
    size = max(1, height * height / lines)
    at = _whole_eighths(position) / EIGHTHS / max(1, lines - height)
    start = _whole_eighths((height - size) * at)
    return start, start + ceil(size * EIGHTHS)


def _bare(style: Style | None) -> Style | None:
    """Without the actions that Textual finds in the style under the pointer."""
    return style.clear_meta_and_links() if style else None


class Barred(ScrollView, Framed):
    """Looks like Textual's scroll bar and heeds the mouse as it does.

    Press above or below the thumb for a page, drag the thumb to any place. Textual's own bar has
    no size and is not on the screen, but says whether there is anything to scroll.
    """

    DEFAULT_CSS = """
    Barred { overflow-x: hidden; scrollbar-size-vertical: 0; scrollbar-visibility: hidden; }
    """

    bar_hovered: Reactive[bool] = Reactive(False, repaint=False)
    bar_grabbed: Reactive[bool] = Reactive(False, repaint=False)

    _bar_drawn_for: object = None
    _thumb_eighths = (0, 0)
    _grabbed_at = (0, 0.0)
    """The screen line and the scroll position where the thumb was taken."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._bar: tuple[Segment, ...] = ()
        self._bar_seen: dict[Segment, Segment] = {}

    def user_scrolled(self) -> None:
        """The user has taken the scroll bar; for whoever moves the viewport otherwise."""

    def bar_cell(self, y: int) -> Segment | None:
        """The last cell of a line of the viewport; None where nothing can be scrolled."""
        return self._bar[y] if y < len(self._bar) else None

    def draw_bar(self) -> None:
        """Bring the bar up to date; repaints the lines on which it looks different."""
        height, lines = self.container_size.height, self.virtual_size.height
        thumb = _thumb(height, lines, self.scroll_y) if self.show_vertical_scrollbar else None
        wanted = (height, thumb, self.bar_grabbed, self.bar_hovered)
        if wanted == self._bar_drawn_for:
            return
        self._bar_drawn_for = wanted
        before, self._bar = self._bar, () if thumb is None else self._bar_cells(height, lines)
        self._thumb_eighths = thumb or (0, 0)
        self.refresh_lines_at(
            [y for y, (old, new) in enumerate(zip_longest(before, self._bar)) if old is not new]
        )

    def _bar_cells(self, height: int, lines: int) -> tuple[Segment, ...]:
        """A cell for each line; what looks alike is one object, so that a look tells."""
        styles = self.styles
        if self.bar_grabbed:
            background, color = styles.scrollbar_background_active, styles.scrollbar_color_active
        elif self.bar_hovered:
            background, color = styles.scrollbar_background_hover, styles.scrollbar_color_hover
        else:
            background, color = styles.scrollbar_background, styles.scrollbar_color
        background = self.background_colors[0] + background
        drawn = ScrollBarRender.render_bar(
            size=height,
            virtual_size=lines,
            window_size=height,
            position=_whole_eighths(self.scroll_y) / EIGHTHS,
            back_color=background.rich_color,
            bar_color=(background + color).rich_color,
        )
        cells = (Segment(text, _bare(style)) for text, style, _ in drawn.segments)
        return tuple(self._bar_seen.setdefault(cell, cell) for cell in cells)

    def notify_style_update(self) -> None:
        """The style sheet may give the bar other colours: the next drawing takes them up."""
        super().notify_style_update()
        self._bar_drawn_for = None

    def render_lines(self, crop: Region) -> list[Strip]:
        """Draw with the bar as it is now."""
        if self._bar_drawn_for is None:
            self.draw_bar()
        return super().render_lines(crop)

    def watch_bar_hovered(self) -> None:
        self.draw_bar()

    def watch_bar_grabbed(self) -> None:
        self.draw_bar()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Textual would move its own bar, which is not there."""
        self.draw_bar()
        if round(old_value) != round(new_value):
            self.refresh(self.size.region)

    # The mouse.

    def _on_bar(self, event: events.MouseEvent) -> bool:
        offset = event.get_content_offset(self)
        return bool(self._bar) and offset is not None and offset.x == self.size.width - 1

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Take the thumb, or turn a page; the rows beside the bar hear nothing of it."""
        if not self._on_bar(event):
            return
        event.stop()
        event.prevent_default()
        self.suppress_click()
        self.user_scrolled()
        line = event.get_content_offset_capture(self).y
        start, end = self._thumb_eighths
        if (line + 1) * EIGHTHS <= start:
            self.scroll_page_up()
        elif line * EIGHTHS >= end:
            self.scroll_page_down()
        else:
            self._grabbed_at = event.screen_y, self.scroll_y
            self.bar_grabbed = True
            self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Drag the thumb."""
        self.bar_hovered = self._on_bar(event)
        if self.bar_grabbed:
            event.stop()
            line, scroll_y = self._grabbed_at
            lines = self.virtual_size.height / max(1, self.container_size.height)
            self.scroll_to(y=scroll_y + (event.screen_y - line) * lines, animate=False)

    def on_mouse_up(self) -> None:
        """Let go."""
        if self.bar_grabbed:
            self.release_mouse()

    def on_mouse_release(self) -> None:
        """Whoever took the mouse away: the thumb is let go."""
        self.bar_grabbed = False

    def on_leave(self) -> None:
        """The pointer is elsewhere."""
        self.bar_hovered = False
