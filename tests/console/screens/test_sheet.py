"""What every sheet shares: Esc leaves and disarms, text scrolls, frames arrive."""

from __future__ import annotations

from console.arming import ArmState
from tests.console.driving import Console


def test_esc_leaves_any_sheet_and_disarms() -> None:
    console = Console()

    async def play(c: Console) -> None:
        for opener in ("b", "C", "question_mark", "q"):
            await c.press("f8", opener)
            assert c.sheet != "MainScreen"
            await c.press("escape")
            assert c.sheet == "MainScreen"
            assert c.session.arm_state() is ArmState.SAFE

    console.run(play)


def test_a_sheet_follows_the_size_of_the_terminal() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("b")
        sheet = c.app.screen
        assert sheet.has_class("-medium")
        await c.pilot.resize_terminal(80, 15)
        assert sheet.has_class("-narrow")
        assert sheet.has_class("-short")
        assert not sheet.query_one("#keys").display

    console.run(play)


def test_a_ticket_with_its_review_fits_the_smallest_terminal_that_trades() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("b", "enter")
        review = c.app.screen.query_one("#review").region
        assert review.height == 2
        assert 0 <= review.y < review.bottom <= c.app.size.height - 1

    console.run(play, (60, 15))


def test_a_text_scrolls_by_lines() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("question_mark")
        text = c.app.screen.query_one("#text")
        await c.press("j", "j", "k")
        await c.settle()
        assert text.scroll_offset.y == 1

    console.run(play, (80, 24))
