"""A small table repaints the rows that differ from the last frame's."""

from __future__ import annotations

from textual.pilot import Pilot

from console.views.cells import Cell, Column, TableView
from console.widgets.rows import RowsTable
from tests.console.widgets.harness import Repaints, lines, show


class Small(RowsTable[TableView]):
    NAME = "9 Small"
    COLUMNS = (Column("key", "KEY", 6), Column("value", "VALUE", 8, right=True))


def _view(**values: str) -> TableView:
    return TableView(
        keys=tuple(values),
        rows=tuple((Cell(key), Cell(value)) for key, value in values.items()),
        head=((Cell("head"),),),
        foot=((Cell("foot", "muted"),),),
        title="things",
    )


def test_head_columns_rows_and_foot_have_their_places() -> None:
    table = Small()

    async def steps(pilot: Pilot[None]) -> None:
        table.sync(_view(a="1", b="2"))
        await pilot.pause()
        assert lines(table) == [" head", " KEY       VALUE", "▸a             1", " b             2",
                                "", " foot"]  # fmt: skip
        assert str(table.border_title) == "9 Small ── things"

    show(table, steps, (30, 8))


def test_only_what_differs_is_repainted() -> None:
    table = Small()

    async def steps(pilot: Pilot[None]) -> None:
        table.sync(_view(a="1", b="2"))
        await pilot.pause()
        repaints = Repaints(table)
        table.sync(_view(a="1", b="3"))
        assert repaints.lines() == [3]
        changed = _view(a="1", b="3")
        changed.foot = ((Cell("feet"),),)
        changed.head = ((Cell("heads"),),)
        table.sync(changed)
        assert repaints.lines() == [0, 5]

    show(table, steps, (30, 8))


def test_rows_that_come_and_go_move_the_others() -> None:
    table = Small()

    async def steps(pilot: Pilot[None]) -> None:
        table.sync(_view(a="1", b="2"))
        await pilot.pause()
        repaints = Repaints(table)
        table.sync(_view(b="2"))
        assert repaints.lines() == [2, 3]
        assert table.cursor_id == "b"
        assert lines(table)[2:4] == ["▸b             2", ""]
        table.sync(_view())
        assert table.cursor_id is None

    show(table, steps, (30, 8))


def test_another_number_of_pinned_lines_moves_everything() -> None:
    table = Small()

    async def steps(pilot: Pilot[None]) -> None:
        table.sync(_view(a="1"))
        await pilot.pause()
        more = _view(a="1")
        more.head = ()
        table.sync(more)
        await pilot.pause()
        assert lines(table)[:2] == [" KEY       VALUE", "▸a             1"]

    show(table, steps, (30, 8))


def test_a_pinned_line_that_is_too_long_is_cut_with_a_mark() -> None:
    table = Small()

    async def steps(pilot: Pilot[None]) -> None:
        long = _view(a="1")
        long.head = ((Cell("a line that is longer "), Cell("than the panel")),)
        table.sync(long)
        await pilot.pause()
        assert lines(table)[0] == " a line that is longer than…"
        assert table.render_line(0).cell_length == table.size.width

    show(table, steps, (30, 8))
