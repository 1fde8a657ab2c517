"""The question before leaving: how many orders, whose, and what the keys do."""

from __future__ import annotations

from console.keymap import read_keymap
from console.screens.quit import QuitSheet
from tests.console.driving import Console


def test_it_says_how_many_orders_and_names_the_keys_as_they_are() -> None:
    console = Console(keymap={"quit.keep": "l"})

    async def play(c: Console) -> None:
        await c.press("q")
        text = c.text(".line")
        assert text.startswith("6 open orders on paper")
        assert "[l]    keep" in text
        await c.press("l")

    console.run(play)
    assert console.app.exit_policy == "leave"


def test_one_order_is_singular() -> None:
    sheet = QuitSheet(1, "desk", read_keymap())
    assert sheet._count == "1 open order on desk"
