"""The line-drawn table under every panel: pinned lines, fixed columns, repaint of changed lines.

Text is drawn as plain segments, never as markup. The cursor is on a row's id, not on its index,
so it stays with its row when rows come, go or move.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip

from console.glyphs import UNICODE, Glyphs
from console.views.cells import Cell, Column, Line, Row, Shrink, fit_columns
from console.widgets.barred import Barred
from console.widgets.strips import row_segments

STRIPS_KEPT = 1_000


class LineTable(Barred, can_focus=True):
    """Rows under pinned head lines and a column header, over pinned foot lines.

    A subclass says what its rows are (`row_total`, `row_id`, `row_index`, `row_cells`) and tells
    `repaint` what changed. Nothing is measured and nothing is drawn twice: a line whose row did
    not change costs nothing.
    """

    NAME: ClassVar[str] = ""
    COLUMNS: ClassVar[tuple[Column, ...]] = ()
    SHRINK: ClassVar[Shrink] = ()
    HAS_CURSOR: ClassVar[bool] = True

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "cursor(-1)", "Up", show=False, id="cursor.up"),
        Binding("down", "cursor(1)", "Down", show=False, id="cursor.down"),
        Binding("pageup", "cursor_page(-1)", "Page up", show=False, id="cursor.page-up"),
        Binding("pagedown", "cursor_page(1)", "Page down", show=False, id="cursor.page-down"),
        Binding("home", "cursor_end(-1)", "First", show=False, id="cursor.first"),
        Binding("end", "cursor_end(1)", "Last", show=False, id="cursor.last"),
        Binding("enter", "select", "Open", show=False, id="cursor.select"),
    ]

    DEFAULT_CSS = """
    LineTable {
        border: round $deck-rule;
        border-title-color: $deck-header;
        border-subtitle-color: $deck-stale;
        border-subtitle-style: $deck-stale-text-style;
        color: $deck-text;
        background: $background;
        &:focus { border: round $primary; border-title-color: $deck-value; }
    }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.cursor_id: str | None = None
        self.glyphs: Glyphs = UNICODE
        self.head: tuple[Line, ...] = ()
        self.foot: tuple[Line, ...] = ()
        self._columns: tuple[tuple[int, Column], ...] = ()
        self._fitted = Size(0, 0)
        self._top = 0
        self._row_lines = (0, 0)
        self._header = tuple(Cell(column.title, "header") for column in self.COLUMNS)
        self._strips: dict[str, tuple[bool, Segment | None, Strip]] = {}
        self._shown: list[str | None] = []
        self._titles = ("", "")

    # What a subclass provides.

    def row_total(self) -> int:
        """Number of rows."""
        raise NotImplementedError

    def row_id(self, index: int) -> str:
        """The id of the row at a place in the display order."""
        raise NotImplementedError

    def row_index(self, row_id: str) -> int | None:
        """The place of a row, None when it is not shown."""
        raise NotImplementedError

    def row_cells(self, row_id: str) -> Row:
        """The cells of a row, one for each of `COLUMNS`."""
        raise NotImplementedError

    def empty_text(self) -> str:
        """What is said where there is no row."""
        return ""

    def selected_message(self, row_id: str) -> Message | None:
        """What Enter or a double click on a row says."""
        return None

    def cursor_message(self, row_id: str | None) -> Message | None:
        """What a move of the cursor says."""
        return None

    # Geometry: head lines, the column header, rows, foot lines.

    @property
    def rows_top(self) -> int:
        """The line of the viewport where rows begin."""
        return len(self.head) + bool(self.COLUMNS)

    @property
    def rows_height(self) -> int:
        """Number of rows that the viewport has room for."""
        return max(0, self.size.height - self.rows_top - len(self.foot))

    @property
    def cursor_visible(self) -> bool:
        """True when the row under the cursor is on screen."""
        return self.cursor_id is not None and self.cursor_id in self._shown

    def set_title(self, *parts: str, stale: bool = False) -> None:
        """Draw the panel's name and `parts` on its border, as plain text.

        Only those lines of the border are repainted that differ.
        """
        rule = f" {self.glyphs.rule * 2} "
        titles = (rule.join((self.NAME, *filter(None, parts))), "STALE" if stale else "")
        before, self._titles = self._titles, titles
        # The public setters repaint the whole panel; a count in a title must not.
        if titles[0] != before[0]:
            self._border_title = Content(titles[0])
            self.refresh_lines_at([-1])
        if titles[1] != before[1]:
            self._border_subtitle = Content(titles[1])
            self.refresh_lines_at([self.size.height])

    def set_pinned(self, head: tuple[Line, ...], foot: tuple[Line, ...]) -> None:
        """Replace the pinned lines; repaints those that differ."""
        if (len(head), len(foot)) != (len(self.head), len(self.foot)):
            self.head, self.foot = head, foot
            self.resize_rows()
            self.refresh()
            return
        first_foot = self.size.height - len(foot)
        lines = [y for y, line in enumerate(head) if line != self.head[y]]
        lines += [first_foot + y for y, line in enumerate(foot) if line != self.foot[y]]
        self.head, self.foot = head, foot
        self.refresh_lines_at(lines)

    def resize_rows(self) -> None:
        """Tell the scroll bar how many rows there are."""
        size = Size(self.size.width, self.row_total() + self.rows_top + len(self.foot))
        if size == self.virtual_size:
            return
        # Set the public way it would lay out the whole screen, for a scroll bar's sake.
        self.set_reactive(LineTable.virtual_size, size)
        shown = size.height > self.container_size.height
        if shown is not self.show_vertical_scrollbar or self.scroll_offset.y > self.max_scroll_y:
            self._scroll_update(size)
        self.draw_bar()

    # Repainting.

    def repaint(self, changed: Collection[str]) -> None:
        """Repaint the visible lines that show another row than before, or a changed one."""
        for row_id in changed:
            self._strips.pop(row_id, None)
        shown = self._visible_ids()
        before = self._shown + [None] * (len(shown) - len(self._shown))
        lines = [
            self.rows_top + line
            for line, row_id in enumerate(shown)
            if row_id != before[line] or (row_id is not None and row_id in changed)
        ]
        self._shown = shown
        self.refresh_lines_at(lines)

    def repaint_all(self) -> None:
        """Forget every drawn line: another theme, width or source."""
        self._strips.clear()
        self._shown = self._visible_ids()
        self.refresh()

    def visible_ids(self) -> list[str]:
        """The ids of the rows on screen, from the top."""
        return [row_id for row_id in self._shown if row_id is not None]

    def _visible_ids(self) -> list[str | None]:
        top, total = self.scroll_offset.y, self.row_total()
        return [
            self.row_id(index) if index < total else None
            for index in range(top, top + self.rows_height)
        ]

    def forget_hidden(self) -> None:
        """Forget the drawn lines of rows that are not on screen."""
        shown = set(self._shown)
        self._strips = {key: strip for key, strip in self._strips.items() if key in shown}

    # Drawing.

    def render_lines(self, crop: Region) -> list[Strip]:
        """Fit the columns to the size, which may be news, then draw."""
        size, self._top = self.size, self.scroll_offset.y
        self._row_lines = self.rows_top, size.height - len(self.foot)
        if self._fitted != size:
            self._fitted = size
            # Less the cursor mark on the left and the scroll bar on the right.
            self._columns = fit_columns(self.COLUMNS, self.SHRINK, size.width - 2)
            self._strips.clear()
        return super().render_lines(crop)

    def framed_line(self, y: int) -> Strip:
        """One line of the viewport with its border: a row's is kept, wherever it moves to."""
        index = self._index_at(y)
        if index is None:
            return super().framed_line(y)
        row_id, bar = self.row_id(index), self.bar_cell(y)
        selected = row_id == self.cursor_id
        kept = self._strips.get(row_id)
        if kept is not None and kept[0] is selected and kept[1] is bar:
            return kept[2]
        if len(self._strips) >= STRIPS_KEPT:
            self._strips.clear()
        strip = self.frame(self._draw_row(row_id, bar))
        self._strips[row_id] = selected, bar, strip
        return strip

    def render_line(self, y: int) -> Strip:
        """One line of the viewport."""
        index, bar = self._index_at(y), self.bar_cell(y)
        if index is not None:
            return Strip(self._draw_row(self.row_id(index), bar), self._fitted.width)
        line = y - len(self.head)
        foot_line = y - (self._fitted.height - len(self.foot))
        if line < 0:
            return self._pinned(self.head[y], bar)
        if foot_line >= 0:
            return self._pinned(self.foot[foot_line], bar)
        if self.COLUMNS and line == 0:
            return Strip(self._row(self._header, bar), self._fitted.width)
        empty = not self.row_total() and y == self.rows_top
        return self._pinned((Cell(self.empty_text() if empty else "", "muted"),), bar)

    def _index_at(self, y: int) -> int | None:
        """The place in the display order of the row on a line; None where there is none."""
        first, end = self._row_lines
        if not first <= y < end:
            return None
        index = self._top + y - first
        return index if index < self.row_total() else None

    def _draw_row(self, row_id: str, bar: Segment | None) -> list[Segment]:
        return self._row(self.row_cells(row_id), bar, selected=row_id == self.cursor_id)

    def _row(self, cells: Row, bar: Segment | None, *, selected: bool = False) -> list[Segment]:
        mark = self.glyphs.cursor if selected else " "
        pieces = [(cells[place], column) for place, column in self._columns]
        looks = self.palette.looks(cursor=selected and self.has_focus)
        width = self._fitted.width - (bar is not None)
        segments = row_segments(mark, pieces, width, looks, more=self.glyphs.more)
        return segments if bar is None else [*segments, bar]

    def _pinned(self, line: Line, bar: Segment | None) -> Strip:
        """A free line: what is too long for the panel is cut with a mark."""
        strip = Strip(self.spans((Cell(" "), *line)))
        width = self._fitted.width
        if strip.cell_length > width:
            more = Segment(self.glyphs.more, self.palette.look("muted").style)
            strip = Strip.join([strip.crop(0, width - 1), Strip([more])])
        strip = self.draw(strip)
        return strip if bar is None else Strip([*strip.crop(0, width - 1), bar], width)

    # Theme, size, scrolling.

    def on_mount(self) -> None:
        self.set_title()

    def notify_style_update(self) -> None:
        """The style sheet gives this table other colours: what was drawn is void."""
        super().notify_style_update()
        self._strips.clear()

    def on_resize(self, _event: events.Resize) -> None:
        self.resize_rows()
        self.draw_bar()
        self.repaint_all()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self._shown = self._visible_ids()

    # The cursor.

    def move_cursor(self, row_id: str | None, *, scroll: bool = True) -> None:
        """Put the cursor on a row and bring it into view; on no row where there is no cursor."""
        row_id = row_id if self.HAS_CURSOR else None
        before, self.cursor_id = self.cursor_id, row_id
        if before != row_id:
            changed = [id_ for id_ in (before, row_id) if id_ is not None]
            lines = [y for y, shown in enumerate(self._shown, self.rows_top) if shown in changed]
            self.refresh_lines_at(lines)
            message = self.cursor_message(row_id)
            if message is not None:
                self.post_message(message)
        index = None if row_id is None else self.row_index(row_id)
        if scroll and index is not None:
            self._scroll_to_row(index)

    def _scroll_to_row(self, index: int) -> None:
        top = self.scroll_offset.y
        if index < top:
            self.scroll_to(y=index, animate=False)
        elif index >= top + self.rows_height:
            self.scroll_to(y=index - self.rows_height + 1, animate=False)

    def _move_to_index(self, index: int) -> None:
        total = self.row_total()
        if total:
            self.move_cursor(self.row_id(min(max(index, 0), total - 1)))

    def action_cursor(self, step: int) -> None:
        """Move the cursor by rows."""
        index = None if self.cursor_id is None else self.row_index(self.cursor_id)
        self._move_to_index(self.scroll_offset.y if index is None else index + step)

    def action_cursor_page(self, pages: int) -> None:
        """Move the cursor by screenfuls."""
        self.action_cursor(pages * max(1, self.rows_height - 1))

    def action_cursor_end(self, direction: int) -> None:
        """Move the cursor to the first row (-1) or the last (1)."""
        self._move_to_index(0 if direction < 0 else self.row_total() - 1)

    def action_select(self) -> None:
        """Say that the row under the cursor was chosen."""
        if self.cursor_id is None or self.row_index(self.cursor_id) is None:
            return
        message = self.selected_message(self.cursor_id)
        if message is not None:
            self.post_message(message)

    def on_click(self, event: events.Click) -> None:
        """A click moves the cursor, a double click chooses."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        line = offset.y - self.rows_top
        if 0 <= line < len(self._shown) and self._shown[line] is not None:
            self.move_cursor(self._shown[line])
            if event.chain > 1:
                self.action_select()
