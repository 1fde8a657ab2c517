"""Banner, footer, tabs and halt bar: what never leaves the screen."""

from __future__ import annotations

from console.screens.layout import SizeClass
from tests.console.driving import Console
from tests.console.fakes import FakeLink


def test_banner_and_footer_are_there_at_every_size() -> None:
    for size in ((200, 60), (120, 40), (80, 24), (59, 14), (20, 5)):
        console = Console()

        async def play(c: Console) -> None:
            main = c.app.main
            footer = main.query_one("#footer").region
            assert main.banner.region.y == 0
            assert main.banner.region.height >= 1
            assert footer.bottom == c.app.size.height
            assert footer.height == 1

        console.run(play, size)


def test_tabs_are_shown_one_panel_at_a_time_and_mark_the_active_one() -> None:
    console = Console()

    async def play(c: Console) -> None:
        tabs = c.app.main.tabs
        assert c.app.main.size_class is SizeClass.NARROW
        assert tabs.render().plain == "[1 Blot] 2 Pos  3 Ladr  4 Lat  5 Recon  6 Log "
        await c.press("6")
        assert tabs.render().plain == " 1 Blot  2 Pos  3 Ladr  4 Lat  5 Recon [6 Log]"

    console.run(play, (80, 24))


def test_the_halt_bar_is_there_from_the_first_press_and_over_every_sheet() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("b", "f12")
        bar = c.app.main.halt_bar
        assert bar.display
        assert bar.region.height == 2
        assert "HALTED paper by operator, kill key" in str(bar.content)
        assert "F12×2 cancels 6 orders" in str(bar.content)
        await c.press("f12")
        assert "KILL: 0 of 6 orders on paper cancelled" in str(bar.content)

    console.run(play)


def test_without_a_halt_there_is_no_bar() -> None:
    console = Console(FakeLink())

    async def play(c: Console) -> None:
        assert not c.app.main.halt_bar.display

    console.run(play)
