"""What every drawn widget does alike."""

from __future__ import annotations

from rich.color import Color
from textual.filter import ANSIToTruecolor
from textual.messages import Update
from textual.pilot import Pilot
from textual.strip import Strip

from console.views.cells import Cell
from console.widgets.drawn import Drawn
from tests.console.widgets.harness import Repaints, heard, show


class Sign(Drawn):
    word = "SELL [b]"

    def render_line(self, y: int) -> Strip:
        return self.draw(self.spans((Cell(self.word, "sell"),)))


def test_a_line_is_filled_up_to_the_width_on_the_widgets_background() -> None:
    sign = Sign()

    async def steps(pilot: Pilot[None]) -> None:
        strip = sign.render_line(0)
        assert strip.text == "SELL [b]" + " " * 12
        assert next(s.style.color for s in strip if s.style) == Color.parse("#ff7b6b")

    show(sign, steps, (20, 3))


def test_another_theme_means_other_colours() -> None:
    sign = Sign()

    async def steps(pilot: Pilot[None]) -> None:
        pilot.app.theme = "tradedeck-light"
        await pilot.pause()
        strip = sign.render_line(0)
        assert next(s.style.color for s in strip if s.style) == Color.parse("#b8431f")

    show(sign, steps, (20, 3))


def test_true_colours_are_not_converted_again() -> None:
    sign = Sign()

    async def steps(pilot: Pilot[None]) -> None:
        assert not any(isinstance(f, ANSIToTruecolor) for f in sign.get_line_filters())

    show(sign, steps, (20, 3))


def test_lines_are_repainted_in_as_few_regions_as_possible() -> None:
    sign = Sign()

    async def steps(pilot: Pilot[None]) -> None:
        repaints = Repaints(sign)
        sign.refresh_lines_at([0, 1, 4])
        assert [(r.y, r.height) for r in repaints.regions if r] == [(0, 2), (4, 1)]
        sign.refresh_lines_at([])
        assert len(repaints.regions) == 2

    show(sign, steps, (20, 6))


def test_what_is_hidden_is_not_repainted_and_comes_back_as_it_should_be() -> None:
    sign = Sign()

    async def steps(pilot: Pilot[None]) -> None:
        updates = heard(sign, Update)
        sign.display = False
        await pilot.pause()
        updates.clear()
        sign.refresh_lines_at([0])
        sign.refresh()
        await pilot.pause()
        assert updates == []

        sign.word = "BUY"
        sign.refresh_lines_at([0])
        sign.display = True
        await pilot.pause()
        assert "BUY" in pilot.app.export_screenshot()

    show(sign, steps, (20, 3))
