"""Lines with their border are kept: what moved is the same strip, what changed is drawn anew."""

from __future__ import annotations

import pytest
from textual.content import Content
from textual.filter import Monochrome
from textual.geometry import Region
from textual.pilot import Pilot
from textual.strip import Strip

from console.views.cells import Cell
from console.widgets.framed import Bare, Framed
from tests.console.widgets.harness import show


class Sheet(Framed):
    DEFAULT_CSS = "Sheet { border: round $deck-rule; height: 1fr; }"

    def __init__(self) -> None:
        super().__init__()
        self.drawn: list[int] = []

    def render_line(self, y: int) -> Strip:
        self.drawn.append(y)
        return self.draw(self.spans((Cell(f"line {y}"),)))


def whole(sheet: Sheet) -> list[Strip]:
    return sheet.render_lines(sheet.outer_size.region)


def test_it_looks_as_textual_would_draw_it() -> None:
    sheet = Sheet()

    async def steps(pilot: Pilot[None]) -> None:
        sheet.border_title = "Title"
        await pilot.pause()
        drawn = whole(sheet)
        assert [strip.text for strip in drawn] == [
            "╭─ Title ──────────╮",
            "│line 0            │",
            "│line 1            │",
            "╰──────────────────╯",
        ]
        assert {strip.cell_length for strip in drawn} == {20}
        assert drawn == super(Framed, sheet).render_lines(sheet.outer_size.region)

    show(sheet, steps, (20, 4))


@pytest.mark.parametrize("title", ["T", "注文 [b]", "as wide as can be", "x" * 14, "x" * 15, ""])
def test_another_title_looks_as_textual_would_draw_it(title: str) -> None:
    sheet = Sheet()

    async def steps(pilot: Pilot[None]) -> None:
        sheet.styles.border_title_style = "bold"
        sheet.border_title = "Title"
        await pilot.pause()
        whole(sheet)
        sheet._border_title = Content(title)
        sheet.refresh_lines_at([-1])
        (line,) = sheet.render_lines(Region(0, 0, 20, 1))
        (textuals,) = sheet.styled_lines(0, 1)
        assert line == textuals
        assert line.cell_length == 20

    show(sheet, steps, (20, 4))


def test_only_what_is_stale_is_drawn_again() -> None:
    sheet = Sheet()

    async def steps(pilot: Pilot[None]) -> None:
        before = whole(sheet)
        sheet.drawn.clear()
        assert all(kept is again for kept, again in zip(before, whole(sheet), strict=True))
        assert sheet.drawn == []

        sheet.refresh_lines_at([1])
        after = whole(sheet)
        assert sheet.drawn == [1]
        assert [kept is again for kept, again in zip(before, after, strict=True)] == [
            True, True, False, True,
        ]  # fmt: skip

        sheet.refresh()
        whole(sheet)
        assert set(sheet.drawn[1:]) == {0, 1}

    show(sheet, steps, (20, 4))


def test_a_part_of_it_is_cut_from_its_lines() -> None:
    sheet = Sheet()

    async def steps(pilot: Pilot[None]) -> None:
        part = sheet.render_lines(Region(2, 1, 4, 2))
        assert [strip.text for strip in part] == ["ine ", "ine "]

    show(sheet, steps, (20, 4))


def test_another_border_and_the_apps_filters_are_taken_up() -> None:
    sheet = Sheet()

    async def steps(pilot: Pilot[None]) -> None:
        sheet.styles.border = ("heavy", "red")
        await pilot.pause()
        assert whole(sheet)[1].text == "┃line 0            ┃"

        pilot.app._filters.append(Monochrome())
        sheet.notify_style_update()
        side = next(iter(whole(sheet)[1]))
        assert side.style is not None
        assert side.style.color is not None
        red, green, blue = side.style.color.get_truecolor()
        assert red == green == blue

    show(sheet, steps, (20, 4))


class Line(Bare):
    DEFAULT_CSS = "Line { height: 1fr; }"

    def __init__(self) -> None:
        super().__init__()
        self.drawn: list[int] = []

    def render_line(self, y: int) -> Strip:
        self.drawn.append(y)
        return self.draw(self.spans((Cell(f"line {y}", "sell"),)))


def test_lines_without_a_border_are_kept_and_filtered() -> None:
    line = Line()

    async def steps(pilot: Pilot[None]) -> None:
        region = line.outer_size.region
        drawn = line.render_lines(region)
        assert drawn == super(Bare, line).styled_lines(0, 3)
        line.drawn.clear()
        line.refresh_lines_at([1])
        assert [a is b for a, b in zip(drawn, line.render_lines(region), strict=True)] == [
            True, False, True,
        ]  # fmt: skip
        assert line.drawn == [1]
        pilot.app._filters.append(Monochrome())
        line.notify_style_update()
        first = next(iter(line.render_lines(region)[0]))
        assert first.style is not None
        assert first.style.color is not None
        red, green, blue = first.style.color.get_truecolor()
        assert red == green == blue

    show(line, steps, (20, 3))
