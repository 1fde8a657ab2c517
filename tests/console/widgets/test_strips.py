"""A row is exactly as wide as it should be, and marks nothing but its texts."""

from __future__ import annotations

import pytest
from rich.style import Style
from textual.strip import Strip

from console.theme import Palette, theme_variable_defaults
from console.views.cells import Cell, Column
from console.widgets.strips import row_segments

PALETTE = Palette(theme_variable_defaults(), Style.parse("#d7dde5 on #0e1116"))
CELLS = (
    (Cell("BTCUSDT", "value"), Column("symbol", "SYMBOL", 9)),
    (Cell("0.500", "buy"), Column("qty", "QTY", 8, right=True)),
    (Cell("UNKNOWN", "state-unknown"), Column("state", "STATE", 8)),
    (Cell("14:03:21.442"), Column("time", "TIME", 8, cut=True)),
)


def _strip(width: int, *, cursor: bool = False) -> Strip:
    return Strip(row_segments("▸", CELLS, width, PALETTE.looks(cursor=cursor), more="…"))


def test_cells_stand_in_their_columns() -> None:
    assert _strip(40).text == "▸BTCUSDT      0.500 UNKNOWN  14:03:21   "


@pytest.mark.parametrize("width", [60, 37, 36, 20, 5, 1])
def test_a_row_is_filled_up_or_cut_to_the_width(width: int) -> None:
    assert len(_strip(width).text) == _strip(width).cell_length == width


def test_blanks_are_not_marked() -> None:
    marked = [
        s.text
        for s in _strip(40)
        if s.style and s.style.bgcolor != Style.parse("on #0e1116").bgcolor
    ]
    assert marked == ["UNKNOWN"]


def test_no_segment_begins_with_blanks_but_a_blank_one() -> None:
    texts = [s.text for s in _strip(40)]
    assert [text for text in texts if text.strip() and text.startswith(" ")] == []


def test_the_row_under_the_cursor_has_its_background_and_keeps_what_has_its_own() -> None:
    grounds = {s.text.strip(): s.style.bgcolor for s in _strip(40, cursor=True) if s.style}
    assert grounds["0.500"] == Style.parse("on #24344a").bgcolor
    assert grounds["UNKNOWN"] == Style.parse("on #d670d6").bgcolor


def test_a_row_without_columns_is_its_mark() -> None:
    assert Strip(row_segments("▸", (), 4, PALETTE.looks(), more="…")).text == "▸   "


def test_neighbours_that_look_alike_are_one_segment() -> None:
    column = Column("n", "N", 5, right=True)
    said = (("1", "buy"), ("22", "buy"), ("", "buy"), ("3", "halted"), ("4", "halted"))
    cells = [(Cell(text, meaning), column) for text, meaning in said]
    strip = Strip(row_segments(" ", cells, 40, PALETTE.looks(), more="…"))
    assert strip.text == "     1    22           3     4".ljust(40)
    # What is underlined or has a background of its own would mark the blanks between.
    assert PALETTE.look("buy").plain
    assert not PALETTE.look("halted").plain
    assert [segment.text for segment in strip] == [
        "     ", "1    22           ", "3", "     ", "4", " " * 10,
    ]  # fmt: skip
