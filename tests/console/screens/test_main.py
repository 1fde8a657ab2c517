"""The main screen: three layouts, focus, zoom, questions on a row."""

from __future__ import annotations

from textual.geometry import Size
from textual.widgets._toast import Toast

from console.screens.layout import PANELS, SizeClass
from tests.console.driving import Console
from tests.console.fakes import FakeLink, busy_link, replaying


def shown(c: Console) -> set[str]:
    return {name for name, slot in c.app.main.slots.items() if slot.region.area}


def test_a_wide_terminal_has_all_six_panels() -> None:
    console = Console()

    async def play(c: Console) -> None:
        assert shown(c) == set(PANELS)
        assert not c.app.main.tabs.display

    console.run(play, (200, 60))


def test_a_medium_terminal_swaps_reconciliation_and_ladder() -> None:
    console = Console()

    async def play(c: Console) -> None:
        assert shown(c) == set(PANELS) - {"ladder"}
        await c.press("3")
        assert shown(c) == set(PANELS) - {"recon"}

    console.run(play, (120, 40))


def test_a_narrow_terminal_has_one_panel_at_a_time() -> None:
    console = Console()

    async def play(c: Console) -> None:
        for key, panel in zip("123456", PANELS, strict=True):
            await c.press(key)
            assert shown(c) == {panel}
            assert c.app.main.slots[panel].panel.has_focus

    console.run(play, (80, 24))


def test_zoom_shows_one_panel_and_zooming_again_brings_all_back() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("2", "z")
        assert shown(c) == {"positions"}
        await c.press("tab")
        assert shown(c) == {"ladder"}
        await c.press("z")
        assert shown(c) == set(PANELS)

    console.run(play, (200, 60))


def test_after_a_zoom_every_panel_has_its_old_place() -> None:
    console = Console()

    async def play(c: Console) -> None:
        before = {name: slot.region for name, slot in c.app.main.slots.items()}
        await c.press("z", "z")
        assert {name: slot.region for name, slot in c.app.main.slots.items()} == before

    console.run(play, (120, 40))


def test_what_is_said_does_not_cover_what_is_asked() -> None:
    async def play(c: Console) -> None:
        for screen in ("b", "escape"):
            await c.press(screen)
            c.app.say("a word in between, and not the shortest")
            await c.settle()
            (toast, *_) = c.app.screen.query(Toast)
            assert toast.region.area
            assert toast.region.y > 0, "the banner stays"
            assert not any(
                toast.region.overlaps(box.region) for box in c.app.screen.query("#sheet")
            )

    for size in ((200, 60), (120, 40), (80, 24)):
        Console().run(play, size)


def test_where_there_is_no_room_nothing_is_laid_over_the_halt() -> None:
    async def play(c: Console) -> None:
        await c.press("b")
        assert c.toasts == ["buy: the terminal is too small"]
        (toast,) = c.app.screen.query(Toast)
        assert not toast.region.area

    Console().run(play, (20, 5))


def test_a_filter_that_cannot_be_read_stays_open() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("slash", *"side:x", "enter")
        assert c.app.main.filter_field.has_focus
        assert "unknown side" in c.text("#filter-error")
        await c.press("backspace", "b", "enter")
        assert c.app.main.blotter.has_focus
        assert c.app.main.blotter.filter.text == "side:b"

    console.run(play)


def test_a_tiny_terminal_says_what_is_left() -> None:
    console = Console()

    async def play(c: Console) -> None:
        assert shown(c) == set()
        assert c.text("#too-small") == "KILL available, enlarge to trade"

    console.run(play, (50, 12))


def test_a_resize_changes_the_layout_at_once() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.pilot.resize_terminal(80, 24)
        await c.settle()
        assert c.app.main.size_class is SizeClass.NARROW
        assert shown(c) == {"blotter"}
        await c.pilot.resize_terminal(200, 60)
        await c.settle()
        assert shown(c) == set(PANELS)
        assert c.app.main.size == Size(200, 60)

    console.run(play)


def test_a_click_on_a_panel_gives_it_the_keys() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.pilot.click("#positions")
        assert c.app.main.active == "positions"
        assert c.app.main.blotter.has_focus is False

    console.run(play)


def test_the_filter_brings_the_blotter_back() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("6", "slash")
        assert shown(c) == {"blotter"}
        assert c.app.main.filter_field.has_focus

    console.run(play, (80, 24))


def test_the_progress_of_a_recording_is_shown_only_for_one() -> None:
    link = busy_link()
    link.tell(replaying())
    recorded, live = Console(link), Console()

    async def with_bar(c: Console) -> None:
        assert c.app.main.replay_bar.display

    async def without(c: Console) -> None:
        assert not c.app.main.replay_bar.display

    recorded.run(with_bar)
    live.run(without)


def test_a_question_about_a_row_out_of_sight_stands_above_the_footer() -> None:
    console = Console()

    async def play(c: Console) -> None:
        c.app.main.ask("elsewhere", "Cancel it?", c.s, lambda: None)
        await c.settle()
        assert c.app.main.question.region.y == c.app.size.height - 2

    console.run(play)


def test_a_question_is_dropped_when_the_focus_goes_elsewhere() -> None:
    console = Console()
    answers: list[str] = []

    async def play(c: Console) -> None:
        c.app.main.ask("c-011", "Cancel it?", c.s, lambda: answers.append("yes"))
        await c.settle()
        c.app.main.ladder.focus()
        await c.settle()
        assert not c.app.main.question.display
        await c.press("y")

    console.run(play)
    assert answers == []


def test_an_empty_console_has_no_cursor_line() -> None:
    console = Console(FakeLink())

    async def play(c: Console) -> None:
        assert c.app.main.cursor_line() == -1

    console.run(play)
