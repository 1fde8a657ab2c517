"""The table under every panel: movement, width, theme, and lines that cost nothing unchanged."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot

from console.views.cells import Cell, Column, Row
from console.widgets.table import LineTable
from tests.console.widgets.harness import Repaints, lines, show


class Numbers(LineTable):
    """Rows 0, 1, 2 … of which every drawing is counted."""

    NAME = "9 Numbers"
    COLUMNS = (Column("n", "N", 6, right=True), Column("text", "TEXT", 8, stretch=True))

    def __init__(self, total: int = 100) -> None:
        super().__init__()
        self.total = total
        self.drawn: list[str] = []

    def row_total(self) -> int:
        return self.total

    def row_id(self, index: int) -> str:
        return str(index)

    def row_index(self, row_id: str) -> int | None:
        return int(row_id) if int(row_id) < self.total else None

    def row_cells(self, row_id: str) -> Row:
        self.drawn.append(row_id)
        return (Cell(row_id, "value"), Cell(f"[b]{row_id} 注文", "sell"))


def test_the_base_table_has_no_rows_of_its_own() -> None:
    table = LineTable()
    for ask in (table.row_total, lambda: table.row_id(0), lambda: table.row_index("0"),
                lambda: table.row_cells("0")):  # fmt: skip
        with pytest.raises(NotImplementedError):
            ask()


def test_every_line_is_exactly_as_wide_as_the_table() -> None:
    table = Numbers()

    async def steps(pilot: Pilot[None]) -> None:
        for width in (60, 20, 9):
            await pilot.resize_terminal(width, 12)
            await pilot.pause()
            cells = {table.render_line(y).cell_length for y in range(table.size.height)}
            assert cells == {table.size.width}

    show(table, steps, (40, 12))


def test_text_is_never_markup_and_wide_characters_keep_their_columns() -> None:
    table = Numbers(1)

    async def steps(pilot: Pilot[None]) -> None:
        assert lines(table)[1] == "      0 [b]0 注文"

    show(table, steps, (40, 12))


def test_unchanged_lines_are_drawn_once() -> None:
    table = Numbers()

    async def steps(pilot: Pilot[None]) -> None:
        table.drawn.clear()
        table.refresh()
        await pilot.pause()
        assert table.drawn == []
        table.repaint({"3"})
        await pilot.pause()
        assert table.drawn == ["3"]

    show(table, steps, (40, 12))


def test_neighbouring_lines_are_one_region() -> None:
    table = Numbers()

    async def steps(pilot: Pilot[None]) -> None:
        repaints = Repaints(table)
        table.repaint({"0", "1", "2", "6", "50"})
        assert [(r.y, r.height) for r in repaints.regions if r] == [(1, 3), (7, 1)]

    show(table, steps, (40, 12))


def test_keys_move_the_cursor_and_the_viewport_follows() -> None:
    table = Numbers()

    async def steps(pilot: Pilot[None]) -> None:
        table.focus()
        seen = []
        for key in ("down", "down", "up", "pagedown", "end", "pageup", "home"):
            await pilot.press(key)
            seen.append((table.cursor_id, table.scroll_offset.y))
        assert seen == [("0", 0), ("1", 0), ("0", 0), ("8", 0), ("99", 91), ("91", 91), ("0", 0)]
        assert table.cursor_visible

    show(table, steps, (40, 12))


def test_a_move_repaints_two_lines() -> None:
    table = Numbers()

    async def steps(pilot: Pilot[None]) -> None:
        table.move_cursor("2")
        await pilot.pause()
        repaints = Repaints(table)
        table.move_cursor("5")
        assert repaints.lines() == [3, 6]
        table.move_cursor("5")
        assert repaints.lines() == []

    show(table, steps, (40, 12))


def test_a_click_beyond_the_rows_does_nothing() -> None:
    table = Numbers(2)

    async def steps(pilot: Pilot[None]) -> None:
        await pilot.click(Numbers, offset=(5, 8))
        await pilot.click(Numbers, offset=(5, 0))
        assert table.cursor_id is None
        await pilot.click(Numbers, offset=(5, 3))
        assert table.cursor_id == "1"

    show(table, steps, (40, 12))


def test_keys_on_an_empty_table_do_nothing() -> None:
    table = Numbers(0)

    async def steps(pilot: Pilot[None]) -> None:
        table.focus()
        await pilot.press("down", "end", "enter")
        assert table.cursor_id is None
        assert lines(table)[1] == ""

    show(table, steps, (40, 12))


def test_another_theme_is_seen_at_once() -> None:
    table = Numbers()

    async def steps(pilot: Pilot[None]) -> None:
        before = table.render_line(1)
        pilot.app.theme = "tradedeck-light"
        await pilot.pause()
        after = table.render_line(1)
        assert after.text == before.text
        assert [s.style for s in after] != [s.style for s in before]

    show(table, steps, (40, 12))


def test_an_underline_is_under_text_only() -> None:
    table = Numbers()

    async def steps(pilot: Pilot[None]) -> None:
        pilot.app.theme = "tradedeck-mono"
        await pilot.pause()
        marked = [s.text for s in table.render_line(1) if s.style and s.style.underline]
        assert marked == ["[b]0 注文"]

    show(table, steps, (40, 12))


def test_the_cursor_is_lit_while_the_table_has_the_focus_and_marked_always() -> None:
    table = Numbers()

    async def steps(pilot: Pilot[None]) -> None:
        table.move_cursor("0")
        pilot.app.set_focus(None)
        await pilot.pause()
        quiet = table.render_line(1)
        table.focus()
        await pilot.pause()
        lit = table.render_line(1)
        assert quiet.text == lit.text
        assert quiet.text.startswith("▸")
        assert {s.style.bgcolor for s in quiet if s.style} != {
            s.style.bgcolor for s in lit if s.style
        }

    show(table, steps, (40, 12))


def test_a_title_repaints_the_border_and_nothing_else() -> None:
    table = Numbers()

    async def steps(pilot: Pilot[None]) -> None:
        repaints = Repaints(table)
        table.set_title("[b]bold[/b]")
        assert repaints.lines() == [-1]
        table.set_title("[b]bold[/b]")
        assert repaints.lines() == []
        table.set_title("[b]bold[/b]", stale=True)
        assert repaints.lines() == [table.size.height]
        assert table._border_title.plain == "9 Numbers ── [b]bold[/b]"  # type: ignore[union-attr]

    show(table, steps, (40, 12))


def test_the_scroll_bar_hears_of_changes_that_can_be_seen() -> None:
    table = Numbers(5)

    async def steps(pilot: Pilot[None]) -> None:
        assert not table.show_vertical_scrollbar
        table.total = 50
        table.resize_rows()
        await pilot.pause()
        assert table.show_vertical_scrollbar
        assert table.virtual_size.height == 51
        assert table.max_scroll_y == 41

    show(table, steps, (40, 12))


def test_rows_that_move_beside_the_scroll_bar_are_not_drawn_again() -> None:
    table = Numbers()

    async def steps(pilot: Pilot[None]) -> None:
        table.scroll_to(y=50, animate=False)
        await pilot.pause()
        table.render_lines(table.outer_size.region)
        table.drawn.clear()
        table.scroll_to(y=51, animate=False)
        await pilot.pause()
        table.render_lines(table.outer_size.region)
        last = 50 + table.rows_height
        # Besides the new one those where the thumb's ends look different.
        assert set(table.drawn) <= {str(last), *map(str, range(50, 57))}
        assert len(set(table.drawn)) <= 5

    show(table, steps, (40, 12))


def test_the_number_of_kept_lines_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("console.widgets.table.STRIPS_KEPT", 20)
    table = Numbers()

    async def steps(pilot: Pilot[None]) -> None:
        table.focus()
        for _ in range(12):
            await pilot.press("pagedown")
        assert len(table._strips) <= 20

    show(table, steps, (40, 12))
