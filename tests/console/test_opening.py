"""The first picture is the first screen without its contents: nothing jumps when that comes."""

from __future__ import annotations

import pytest

from console.keymap import read_keymap
from console.opening import opening, picture
from console.views.footer import footer_items, footer_text
from tests.console.driving import Console
from tests.console.fakes import FakeLink

FOOTER = footer_items(read_keymap(), read_only=False)


def opened(width: int, height: int) -> list[str]:
    return picture(width, height, footer_text(FOOTER, width - 2))


def first_screen(width: int, height: int) -> list[str]:
    """What the console itself shows before it has heard of an engine."""
    console = Console(FakeLink())
    shown: list[str] = []

    async def play(c: Console) -> None:
        shown.extend(strip.text for strip in c.app.screen._compositor.render_strips())

    console.run(play, (width, height))
    return shown


@pytest.mark.parametrize("size", [(200, 60), (161, 47), (120, 40), (110, 30), (80, 24), (99, 16)])
def test_every_sign_of_it_is_where_the_first_screen_has_it(size: tuple[int, int]) -> None:
    drawn, real = opened(*size), first_screen(*size)
    assert len(drawn) == len(real)
    for line, whole in zip(drawn, real, strict=True):
        for x, sign in enumerate(line):
            # A title that says more than the panel's name stands on the frame.
            assert sign in (" ", whole[x]) or (sign == "─" and "── " in whole), (line, whole)


def test_it_holds_banner_panels_and_footer() -> None:
    text = "\n".join(opened(200, 60))
    for word in ("STARTING", "SAFE", "1 Blotter", "2 Positions", "3 Ladder", "4 Retry & latency",
                 "5 Recon / drift", "6 Events/audit", "F12×2 KILL"):  # fmt: skip
        assert word in text


def test_a_terminal_too_small_to_trade_has_its_banner_and_the_kill_key() -> None:
    assert [line for line in opened(20, 5) if line] == [" STARTING  │ SAFE", " F12×2 KILL  F8 arm"]


def test_it_goes_to_the_other_screen_and_writes_only_lines_that_have_something() -> None:
    written = opening(20, 5, "F12×2 KILL")
    assert written == ("\x1b[?1049h\x1b[?25l\x1b[2J\x1b[1;1H STARTING  │ SAFE\x1b[5;1H F12×2 KILL")
