"""The P&L curve: numbers as a line of braille dots, or of plain characters."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

BRAILLE_BASE = 0x2800
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""Bit of each dot in a braille cell, by row from the top and column."""

_ASCII = "'-_"
"""One character a third of a line, from the top."""


@lru_cache(maxsize=4)
def curve_lines(
    values: tuple[float, ...], width: int, height: int, *, braille: bool = True
) -> tuple[str, ...]:
    """`height` lines of `width` cells that draw `values` from left to right, newest at the right.

    The newest values are kept where there are more than fit; neighbours are joined by dots. Kept:
    a curve gets a value a second, and is asked for with every frame.
    """
    across, down = (2, 4) if braille else (1, 3)
    columns, rows = width * across, height * down
    newest = list(values[-columns:]) if columns > 0 else []
    if not newest or height <= 0:
        return (" " * max(0, width),) * max(0, height)
    low, high = min(newest), max(newest)
    points = [_row(value, low, high, rows) for value in newest]
    left = columns - len(points)
    if braille:
        return _braille(points, left, width, height)
    return _plain(points, left, width, height)


def _row(value: float, low: float, high: float, rows: int) -> int:
    """Dot row of a value, 0 at the top; a flat line lies in the middle."""
    if high == low:
        return rows // 2
    return round((high - value) / (high - low) * (rows - 1))


def _braille(points: Sequence[int], left: int, width: int, height: int) -> tuple[str, ...]:
    cells = [[0] * width for _ in range(height)]
    before = points[0]
    for column, point in enumerate(points, left):
        joined = range(min(point, before + (before < point)), max(point, before - 1) + 1)
        for row in (*joined, point):
            cells[row // 4][column // 2] |= _DOTS[row % 4][column % 2]
        before = point
    blank = chr(BRAILLE_BASE)
    lines = ("".join(chr(BRAILLE_BASE + bits) for bits in line) for line in cells)
    return tuple(line.replace(blank, " ") for line in lines)


def _plain(points: Sequence[int], left: int, width: int, height: int) -> tuple[str, ...]:
    lines = [[" "] * width for _ in range(height)]
    for column, point in enumerate(points, left):
        lines[point // 3][column] = _ASCII[point % 3]
    return tuple("".join(line) for line in lines)
