"""Textual is asked for a line once, and again only when it is stale."""

from __future__ import annotations

from textual.geometry import Region
from textual.pilot import Pilot
from textual.strip import Strip

from console.widgets.kept import Kept
from tests.console.widgets.harness import show


class Lines(Kept):
    DEFAULT_CSS = "Lines { height: 1fr; }"

    def __init__(self) -> None:
        super().__init__()
        self.drawn: list[int] = []

    def render_line(self, y: int) -> Strip:
        self.drawn.append(y)
        return super().render_line(y)


def test_a_line_is_drawn_once_until_it_is_stale() -> None:
    lines = Lines()

    async def steps(pilot: Pilot[None]) -> None:
        whole = lines.outer_size.region
        before = lines.render_lines(whole)
        lines.drawn.clear()
        assert all(a is b for a, b in zip(before, lines.render_lines(whole), strict=True))
        assert lines.drawn == []
        lines.refresh(Region(0, 1, 20, 1))
        lines.render_lines(whole)
        assert lines.drawn == [1]

    show(lines, steps, (20, 4))


def test_a_new_size_and_a_new_look_are_drawn() -> None:
    lines = Lines()

    async def steps(pilot: Pilot[None]) -> None:
        await pilot.resize_terminal(30, 5)
        await pilot.pause()
        strips = lines.render_lines(lines.outer_size.region)
        assert [strip.cell_length for strip in strips] == [30] * 5
        lines.styles.background = "red"
        await pilot.pause()
        *_, segment = lines.render_lines(Region(0, 0, 30, 1))[0]
        assert segment.style is not None
        assert segment.style.bgcolor is not None
        assert segment.style.bgcolor.get_truecolor() == (255, 0, 0)

    show(lines, steps, (20, 4))


def test_a_part_of_it_is_cut_from_its_lines() -> None:
    lines = Lines()

    async def steps(pilot: Pilot[None]) -> None:
        assert [s.cell_length for s in lines.render_lines(Region(2, 1, 5, 2))] == [5, 5]

    show(lines, steps, (20, 4))
