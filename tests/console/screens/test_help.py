"""The help names every action and its keys as they are."""

from __future__ import annotations

from console.actions import TABLE
from console.glyphs import ASCII, UNICODE
from console.keymap import read_keymap
from console.screens.help import help_rows, states_text
from tests.console.driving import Console


def test_every_action_is_there_under_its_group() -> None:
    rows = help_rows(read_keymap(), read_only=False)
    meanings = [meaning for _, meaning in rows]
    assert all(any(action.help in meaning for meaning in meanings) for action in TABLE)
    assert rows[:2] == [
        ("", "STOP"),
        ("F12 ^\\", TABLE[0].help),
    ]
    assert ("Shift+F12", next(a.help for a in TABLE if a.id == "kill.flatten")) in rows


def test_what_has_no_key_is_found_in_the_palette_by_its_name() -> None:
    rows = help_rows(read_keymap(), read_only=False)
    release = next(a for a in TABLE if a.id == "trading.release")
    assert ("^p", f"Resume trading… · {release.help}") in rows


def test_a_read_only_help_leaves_the_trades_out() -> None:
    meanings = [meaning for _, meaning in help_rows(read_keymap(), read_only=True)]
    assert not any(action.help in meanings for action in TABLE if action.trades)


def test_question_mark_opens_it_and_q_closes_it() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("question_mark")
        assert c.sheet == "Help"
        await c.press("q")
        assert c.sheet == "MainScreen"

    console.run(play)


def test_its_other_page_draws_the_states_of_an_order_as_the_blotter_calls_them() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("question_mark")
        for _ in range(2):
            await c.press("s")
            assert c.text("#page") == "order states · s: keys"
            text = c.text("#reader-text")
            assert "╔ closed ══╗" in text
            assert "║ FILLED   ║" in text
            await c.press("left")
            assert c.text("#page") == "keys · s: order states"
            assert "╔" not in c.text("#reader-text")

    console.run(play)


def test_the_states_fit_a_screen_of_eighty_columns() -> None:
    assert max(map(len, states_text(UNICODE).splitlines())) <= 66


def test_a_terminal_without_unicode_sees_the_states_too() -> None:
    text = states_text(ASCII)
    assert text.isascii()
    assert "# closed ==#" in text
    assert "d WAITING" in text
