"""A row of cells as one strip: fitted, aligned, and in as few segments as look right."""

from __future__ import annotations

from collections.abc import Iterable

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from console import format as fmt
from console.theme import Look, Palette
from console.views.cells import Cell, Column


def row_strip(
    mark: str,
    cells: Iterable[tuple[Cell, Column]],
    width: int,
    palette: Palette,
    *,
    more: str,
    cursor: bool = False,
) -> Strip:
    """`mark`, then each cell in its column, one space apart, filled up or cut to `width` cells.

    `more` marks what was cut; `cursor` draws the row as the one under the cursor.
    """
    blank = palette.look("text", cursor=cursor).style
    segments: list[Segment] = []
    text, look = mark, palette.look("value", cursor=cursor)
    used, gap = 1, 0
    for cell, column in cells:
        cut = "" if column.cut else more
        fitted, spare = fmt.fit(cell.text, column.width, tail=column.tail, more=cut)
        _add(segments, text, look, gap + spare * column.right, blank)
        text, look = fitted, palette.look(cell.style, cursor=cursor)
        used += (used > 1) + column.width
        gap = 1 + spare * (not column.right)
    _add(segments, text, look, max(0, width - used) + max(0, gap - 1), blank)
    return Strip(segments, max(used, width)).adjust_cell_length(width)


def _add(segments: list[Segment], text: str, look: Look, blanks: int, blank: Style) -> None:
    """Add a text and the blanks after it; as one segment, which is cheap, where they look alike."""
    if look.plain:
        segments.append(Segment(text + " " * blanks, look.style))
        return
    segments.append(Segment(text, look.style))
    if blanks:
        segments.append(Segment(" " * blanks, blank))
