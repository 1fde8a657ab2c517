"""The vocabulary of views: cells of plain text with a meaning, rows of them, columns that fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec


class Cell(NamedTuple):
    """Plain text and what it means; the theme decides what the meaning looks like."""

    text: str
    style: str = "text"


Row = tuple[Cell, ...]
"""Cells of a table row, one a column."""

Line = tuple[Cell, ...]
"""Cells drawn one after the other, with nothing between them."""

BLANK: Line = ()


class Column(msgspec.Struct, frozen=True):
    """A fixed width in terminal cells.

    `right` aligns numbers, `tail` keeps the end of what is too long, `cut` drops the rest without
    a mark (times), a `stretch` column takes the room that is left.
    """

    key: str
    title: str
    width: int
    right: bool = False
    tail: bool = False
    cut: bool = False
    stretch: bool = False


Shrink = tuple[tuple[str, int], ...]
"""Steps that make a table narrower, in order: a column's key and its new width, 0 drops it."""


def fit_columns(
    columns: Sequence[Column], shrink: Shrink, width: int
) -> tuple[tuple[int, Column], ...]:
    """The columns that fit `width` cells with one space between them, with their place in a row.

    Takes as many steps of `shrink` as it needs; what is too wide even then is cut on the right.
    """
    widths = {column.key: column.width for column in columns}
    for key, narrower in shrink:
        if _total(widths) <= width:
            break
        widths[key] = narrower
    spare = max(0, width - _total(widths))
    return tuple(
        (place, msgspec.structs.replace(column, width=widths[column.key] + spare * column.stretch))
        for place, column in enumerate(columns)
        if widths[column.key]
    )


def _total(widths: dict[str, int]) -> int:
    kept = [width for width in widths.values() if width]
    return sum(kept) + len(kept) - 1


class TableView(msgspec.Struct, kw_only=True):
    """A small table: rows with their keys, and free lines pinned above and below them.

    `title` goes on the border after the panel's own name; `stale` says that it is out of date.
    """

    keys: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    head: tuple[Line, ...] = ()
    foot: tuple[Line, ...] = ()
    title: str = ""
    stale: bool = False
