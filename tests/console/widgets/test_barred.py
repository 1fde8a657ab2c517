"""A scroll bar in the table's own last column looks and behaves as Textual's does."""

from __future__ import annotations

from rich.segment import Segment
from textual.geometry import Offset
from textual.pilot import Pilot
from textual.scrollbar import ScrollBar
from textual.strip import Strip

from console.widgets.barred import Barred
from tests.console.widgets.harness import Repaints, show

SIZE = (20, 12)
LAST = 18
"""The last column inside the border."""


class Tall(Barred):
    """A hundred lines in a viewport of ten."""

    DEFAULT_CSS = "Tall { border: round $deck-rule; height: 1fr; }"

    def __init__(self, lines: int = 100) -> None:
        super().__init__()
        self.told = 0
        self.tall = lines

    def on_resize(self) -> None:
        self.grow(self.tall)

    def grow(self, lines: int) -> None:
        self.virtual_size = self.size.with_height(lines)
        self._scroll_update(self.virtual_size)
        self.draw_bar()

    def user_scrolled(self) -> None:
        self.told += 1

    def render_line(self, y: int) -> Strip:
        bar = self.bar_cell(y) or Segment(" ")
        return Strip([Segment("x" * (self.size.width - 1)), bar], self.size.width)

    def bar(self) -> str:
        return "".join(self.render_line(y).text[-1] for y in range(self.size.height))


def test_it_stands_for_what_is_shown_and_follows_the_viewport() -> None:
    table = Tall()

    async def steps(pilot: Pilot[None]) -> None:
        assert table.bar() == "          "
        assert table.bar_cell(0) != table.bar_cell(1) == table.bar_cell(9)
        repaints = Repaints(table)
        table.scroll_to(y=45, animate=False)
        await pilot.pause()
        assert {line for r in repaints.regions if r for line in r.line_range} >= {0, 4, 5}
        assert table.bar() == "    ▄▄    "
        table.scroll_to(y=90, animate=False)
        await pilot.pause()
        assert table.bar_cell(8) != table.bar_cell(9)

    show(table, steps, SIZE)


def test_it_looks_as_textuals_own_bar() -> None:
    table = Tall()

    async def steps(pilot: Pilot[None]) -> None:
        table.scroll_to(y=33, animate=False)
        await pilot.pause()
        own = ScrollBar()
        own.window_virtual_size, own.window_size, own.position = 100, 10, 33
        own._parent = table
        options = pilot.app.console.options.update(max_width=1, height=10)
        lines = pilot.app.console.render_lines(own.render(), options)
        for y, (segment,) in enumerate(lines):
            ours = table.bar_cell(y)
            assert ours is not None
            assert segment.style is not None
            assert ours == (segment.text, segment.style.clear_meta_and_links(), None)

    show(table, steps, SIZE)


def test_there_is_none_where_everything_is_shown_and_no_widget_ever() -> None:
    table = Tall(5)

    async def steps(pilot: Pilot[None]) -> None:
        assert table.bar_cell(0) is None
        table.grow(50)
        await pilot.pause()
        assert table.bar_cell(0) is not None
        visible = pilot.app.screen._compositor.visible_widgets
        assert not any(isinstance(widget, ScrollBar) for widget in visible)

    show(table, steps, SIZE)


def test_a_press_beside_the_thumb_turns_a_page() -> None:
    table = Tall()

    async def steps(pilot: Pilot[None]) -> None:
        await pilot.mouse_down(offset=(LAST, 8))
        await pilot.mouse_up(offset=(LAST, 8))
        await pilot.pause()
        assert table.scroll_y == 10
        await pilot.mouse_down(offset=(LAST, 1))
        await pilot.pause()
        assert table.scroll_y == 0
        assert table.told == 2

    show(table, steps, SIZE)


def test_the_thumb_can_be_dragged_and_is_let_go() -> None:
    table = Tall()

    async def steps(pilot: Pilot[None]) -> None:
        idle = table.bar_cell(0)
        await pilot.mouse_down(offset=(LAST, 1))
        assert table.bar_grabbed
        assert table.bar_cell(0) != idle
        await pilot.hover(offset=(LAST, 6))
        assert table.scroll_y == 50
        await pilot.mouse_up(offset=(LAST, 6))
        assert not table.bar_grabbed
        await pilot.hover(offset=(LAST, 9))
        assert table.scroll_y == 50

    show(table, steps, SIZE)


def test_the_pointer_lights_it_up_and_leaves_the_rest_alone() -> None:
    table = Tall()

    async def steps(pilot: Pilot[None]) -> None:
        idle = table.bar_cell(0)
        await pilot.hover(offset=(LAST, 5))
        assert table.bar_cell(0) != idle
        await pilot.hover(offset=(LAST - 1, 5))
        assert table.bar_cell(0) == idle
        await pilot.mouse_down(offset=(LAST - 1, 5))
        assert (table.told, table.bar_grabbed) == (0, False)
        assert pilot.app.mouse_position == Offset(LAST - 1, 5)

    show(table, steps, SIZE)


def test_another_theme_gives_it_other_colours() -> None:
    table = Tall()

    async def steps(pilot: Pilot[None]) -> None:
        before = table.bar_cell(0)
        pilot.app.theme = "tradedeck-light"
        await pilot.pause()
        table.render_lines(table.outer_size.region)
        after = table.bar_cell(0)
        assert before is not None
        assert after is not None
        assert after.style != before.style

    show(table, steps, SIZE)
