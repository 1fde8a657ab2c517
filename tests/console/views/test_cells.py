"""Columns give way in the order that is written down, and never more than they must."""

from __future__ import annotations

from console.views import blotter, events, ladder, positions, recon, requests
from console.views.cells import Column, fit_columns

COLUMNS = (
    Column("a", "A", 6),
    Column("b", "B", 8, right=True),
    Column("c", "C", 4, stretch=True),
)
SHRINK = (("b", 5), ("c", 0), ("b", 0))


def _widths(width: int) -> dict[str, int]:
    return {column.key: column.width for _, column in fit_columns(COLUMNS, SHRINK, width)}


def test_spare_room_goes_to_the_column_that_stretches() -> None:
    assert _widths(30) == {"a": 6, "b": 8, "c": 14}


def test_everything_just_fits() -> None:
    assert _widths(20) == {"a": 6, "b": 8, "c": 4}


def test_columns_give_way_one_step_at_a_time() -> None:
    assert _widths(19) == {"a": 6, "b": 5, "c": 6}
    assert _widths(16) == {"a": 6, "b": 5}
    assert _widths(11) == {"a": 6}


def test_a_column_knows_its_place_in_the_row() -> None:
    assert [place for place, _ in fit_columns(COLUMNS, (("b", 0),), 12)] == [0, 2]


def test_what_cannot_shrink_any_more_stays() -> None:
    assert _widths(1) == {"a": 6}


def test_no_table_ever_drops_what_identifies_an_order() -> None:
    kept = {column.key for _, column in fit_columns(blotter.COLUMNS, blotter.SHRINK, 1)}
    assert kept == {"symbol", "side", "qty", "price", "state"}


def test_every_step_names_a_column_of_its_table_and_makes_it_narrower() -> None:
    for panel in (blotter, events, ladder, positions, recon, requests):
        widths = {column.key: column.width for column in panel.COLUMNS}
        for key, narrower in panel.SHRINK:
            assert narrower < widths[key]
            widths[key] = narrower


def test_the_blotter_shows_what_the_three_sizes_promise() -> None:
    def keys(width: int) -> list[str]:
        return [c.key for _, c in fit_columns(blotter.COLUMNS, blotter.SHRINK, width)]

    assert len(keys(138)) == 12
    assert keys(74) == [
        "id", "symbol", "side", "qty", "price", "filled", "state", "retries", "age",
    ]  # fmt: skip
    assert keys(76) == keys(74)
