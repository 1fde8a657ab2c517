"""What changed, drawn piece by piece, leaves the terminal with the picture of a whole drawing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

import pyte
import pytest
from rich.segment import Segment
from textual._compositor import CompositorUpdate
from textual.app import App, ComposeResult
from textual.containers import Horizontal
from textual.geometry import Region
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from console.screens.picture import PictureScreen, Pieces
from engine.core import events as ev
from tests.console.driving import Console
from tests.console.fakes import BTC, BUY, fill, order_events


class Watched:
    """A terminal behind a screen: it is sent every update, as a real one would be."""

    def __init__(self, screen: Screen[Any]) -> None:
        self._screen = screen
        self.size = screen.size
        self.updates: list[CompositorUpdate] = []
        self._terminal = pyte.Screen(*self.size)
        self._stream = pyte.Stream(self._terminal)
        picture = screen._compositor
        render_update = picture.render_update

        def watched(**options: object) -> object:
            update = render_update(**options)  # type: ignore[arg-type]
            if isinstance(update, CompositorUpdate):
                self.updates.append(update)
                self._stream.feed(update.render_segments(screen.app.console))
            return update

        picture.render_update = watched  # type: ignore[method-assign, assignment]
        self._stream.feed(picture.render_full_update().render_segments(screen.app.console))

    def cells(self) -> list[list[pyte.screens.Char]]:
        """Every character on the terminal with its looks."""
        return _cells(self._terminal)

    def whole(self) -> list[list[pyte.screens.Char]]:
        """The same of a terminal that was sent everything at once."""
        terminal = pyte.Screen(*self.size)
        update = self._screen._compositor.render_full_update()
        pyte.Stream(terminal).feed(update.render_segments(self._screen.app.console))
        return _cells(terminal)


def _cells(terminal: pyte.Screen) -> list[list[pyte.screens.Char]]:
    return [[terminal.buffer[y][x] for x in range(terminal.columns)] for y in range(terminal.lines)]


def _order(console: Console, number: int, then: Iterable[ev.OrderEvent] = ()) -> None:
    console.link.push(*order_events(f"o-{number}", BTC, BUY, "0.5", "60990", 1.0, then))


STEPS: dict[str, Callable[[Console], object]] = {
    "a new order moves every row": lambda c: _order(c, 90),
    "a fill changes two rows": lambda c: _order(c, 91, [fill("o-90", "e-1", "0.1", "60990", 0)]),
    "a toast covers panels": lambda c: c.app.say("look here"),
    "rows move under it": lambda c: _order(c, 92),
    "it goes": lambda c: c.app.clear_notifications(),
    "a question covers a row": lambda c: c.app.main.ask("o-90", "cancel?", 0.0, lambda: None),
    "rows move under the question": lambda c: _order(c, 93),
    "it is closed": lambda c: c.app.main.question.close(),
    "the filter field comes": lambda c: c.app.main.open_filter(),
    "it is gone again": lambda c: c.app.main.close_filter(clear=True),
    "the blotter scrolls": lambda c: c.app.main.blotter.scroll_to(y=3, animate=False),
    "the screen has a border": lambda c: c.app.main.set_class(True, "-halted"),
    "rows move inside it": lambda c: _order(c, 94),
    "another theme is chosen": lambda c: setattr(c.app, "theme", "tradedeck-light"),
    "another panel has the keys": lambda c: c.app.main.activate("ladder"),
    "one panel has the whole screen": lambda c: c.app.main.zoom(),
    "all are there again": lambda c: c.app.main.zoom(),
}


@pytest.mark.parametrize("size", [(200, 60), (120, 40), (80, 24)], ids=str)
def test_the_terminal_shows_what_a_whole_drawing_shows(size: tuple[int, int]) -> None:
    console = Console()

    async def play(c: Console) -> None:
        for number in range(60):
            _order(c, number)
        await c.frame()
        terminal = Watched(c.app.main)
        for name, step in STEPS.items():
            step(c)
            c.wait(1.0)
            await c.frame()
            c.app.main._on_timer_update()  # What a timer of Textual's does soon.
            assert terminal.cells() == terminal.whole(), name
        assert any(isinstance(update, Pieces) for update in terminal.updates)

    console.run(play, size)


def test_what_is_below_a_sheet_shows_beside_it_and_stays_live() -> None:
    console = Console()

    async def play(c: Console) -> None:
        for number in range(60):
            _order(c, number)
        await c.frame()
        await c.press("b", gap=1.0)
        assert c.sheet == "Ticket"
        terminal, below = Watched(c.app.screen), Watched(c.app.main)
        for number in range(90, 93):
            _order(c, number)
            c.wait(1.0)
            await c.frame()
            c.app.main._on_timer_update()
            c.app.screen._on_timer_update()
            cells = terminal.cells()
            assert cells == terminal.whole()
            main = below.whole()
            assert cells != main
            box = c.app.screen.query_one("#sheet").region
            for y, line in enumerate(main):
                for x, cell in enumerate(line):
                    assert box.contains(x, y) or cells[y][x] == cell, (x, y)
            assert f"o-{number}" in "".join(cell.data for line in cells for cell in line)
        assert all(isinstance(update, Pieces) for update in terminal.updates)
        await c.press("escape")
        assert c.sheet == "MainScreen"

    console.run(play, (200, 60))


class Lines(Widget):
    """A widget that counts what it is asked for."""

    DEFAULT_CSS = "Lines { width: 1fr; height: 1fr; }"

    def __init__(self, letter: str) -> None:
        super().__init__()
        self.letter = letter
        self.asked: list[Region] = []

    def render_line(self, y: int) -> Strip:
        return Strip([Segment(self.letter * self.size.width)], self.size.width)

    def render_lines(self, crop: Region) -> list[Strip]:
        self.asked.append(crop)
        return super().render_lines(crop)


class Beside(App[None]):
    """Two widgets side by side in a container that they cover."""

    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = Lines("l"), Lines("r")

    def get_default_screen(self) -> Screen[None]:
        return PictureScreen()

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield self.left
            yield self.right


def test_only_who_is_in_front_is_asked_and_only_for_the_stale_lines() -> None:
    app = Beside()

    async def run() -> None:
        async with app.run_test(size=(20, 6)) as pilot:
            await pilot.pause()
            app.left.asked.clear()
            app.right.asked.clear()
            picture = app.screen._compositor
            picture._dirty_regions = {Region(0, 1, 10, 1), Region(2, 3, 4, 1)}
            update = picture.render_partial_update()
            assert app.left.asked == [Region(0, 1, 10, 3)]
            assert app.right.asked == []
            assert isinstance(update, Pieces)
            assert update.render_segments(app.console) == "\x1b[2;1Hllllllllll\x1b[4;3Hllll"
            assert picture.render_partial_update() is None

    asyncio.run(run())


def test_neighbours_on_a_line_are_sent_without_moving_the_cursor() -> None:
    app = Beside()

    async def run() -> None:
        async with app.run_test(size=(20, 6)) as pilot:
            await pilot.pause()
            picture = app.screen._compositor
            picture._dirty_regions = {Region(8, 0, 4, 1)}
            update = picture.render_partial_update()
            assert isinstance(update, Pieces)
            assert update.render_segments(app.console) == "\x1b[1;9Hllrr"

    asyncio.run(run())
