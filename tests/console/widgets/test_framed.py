"""Lines with their border are kept: what moved is the same strip, what changed is drawn anew."""

from __future__ import annotations

from textual.filter import Monochrome
from textual.geometry import Region
from textual.pilot import Pilot
from textual.strip import Strip

from console.views.cells import Cell
from console.widgets.framed import Framed
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
