"""A row of cells as segments: fitted, aligned, and in as few segments as look right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from console import format as fmt
from console.theme import Look
from console.views.cells import Cell, Column


def row_segments(
    mark: str,
    cells: Iterable[tuple[Cell, Column]],
    width: int,
    looks: Mapping[str, Look],
    *,
    more: str,
) -> list[Segment]:
    """`mark`, then each cell in its column, one space apart, filled up or cut to `width` cells.

    `more` marks what was cut; `looks` says how the row's meanings are drawn. Neighbours that look
    alike are one segment with the blanks between them: less to cut, to encode and to send.
    """
    blank = looks["text"].style
    segments: list[Segment] = []
    text, look = mark, looks["value"]
    used, blanks = 1, 0
    for (content, meaning), column in cells:
        fitted, spare = content, column.width - len(content)
        if spare < 0 or not content.isascii():
            cut = "" if column.cut else more
            fitted, spare = fmt.fit(content, column.width, tail=column.tail, more=cut)
        before, after = (spare, 0) if column.right else (0, spare)
        blanks += before + (used > 1)
        used += column.width + (used > 1)
        following = looks[meaning]
        if following is look and look.plain:
            text += " " * blanks + fitted
        elif fitted:
            _add(segments, text, look, blanks, blank)
            text, look = fitted, following
        else:
            after += blanks
        blanks = after
    _add(segments, text, look, blanks + max(0, width - used), blank)
    return segments if used <= width else list(Strip(segments).adjust_cell_length(width))


def _add(segments: list[Segment], text: str, look: Look, blanks: int, blank: Style) -> None:
    """Add a text and the blanks after it; as one segment, which is cheap, where they look alike."""
    if look.plain:
        segments.append(Segment(text + " " * blanks, look.style))
        return
    segments.append(Segment(text, look.style))
    if blanks:
        segments.append(Segment(" " * blanks, blank))
