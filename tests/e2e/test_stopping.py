"""F12 F12: on every screen and in every size, over a restart, and out of it only with words."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.core.types import OrderState, TradingState
from tests.e2e.console import console, open_console, recovered

SMALL = (80, 24)


def test_f12_twice_halts_cancels_and_holds_until_words_release_it(tmp_path: Path) -> None:
    with console(tmp_path, size=SMALL) as desk:
        desk.order("b", qty="0.010", price="55000")
        desk.wait_for("○ ACKED")

        # The first press halts and leaves the order alone.
        desk.press("f12")
        desk.wait_for("HALTED paper by operator")
        assert "F12×2 cancels 1 order" in desk.wait_for("no new orders")
        assert "○ ACKED" in desk.text

        # The second one cancels, and says so when the venue has shown zero.
        desk.press("f12")
        desk.wait_for("KILL DONE: 1 of 1 order on paper gone, zero verified")
        assert "✕ CANCELED" in desk.text
        assert desk.quit() == 0

    with console(tmp_path, size=SMALL) as desk:
        # The latch outlives the program, and a ticket says that it cannot be sent.
        desk.wait_for("HALTED paper by operator")
        desk.ticket("b")
        assert "resume it from the palette" in desk.wait_for("cannot send: trading is halted")
        desk.press("escape")
        desk.wait_for("Quantity", gone=True)

        desk.press("ctrl+p")
        desk.wait_for("Search for commands")
        desk.press("resume")
        desk.wait_for("Kill now", gone=True)
        desk.press("enter")
        desk.wait_for("RESUME TRADING")
        desk.press("desk", "enter")
        desk.wait_for("type paper")
        desk.press("ctrl+u", "paper", "tab", "enter")
        desk.wait_for("say why it is safe")
        desk.press("drill over", "enter")
        desk.wait_for("HALTED", gone=True)

        desk.order("b", qty="0.010", price="55000")
        desk.wait_for("○ ACKED")
        assert desk.quit() == 0

    state = recovered(tmp_path)
    assert state.trading is TradingState.ACTIVE
    assert (state.trading_by, state.trading_reason) == ("operator", "drill over")
    first, second = state.orders.orders.values()
    assert (first.state, second.state) == (OrderState.CANCELED, OrderState.NEW)


def test_a_kill_key_pressed_under_the_first_picture_is_carried_out(tmp_path: Path) -> None:
    with open_console(tmp_path, size=SMALL) as desk:
        desk.wait_for("STARTING")
        desk.press("f12")
        desk.wait_for("HALTED paper by operator")
    assert recovered(tmp_path).trading is TradingState.HALTED


@pytest.mark.parametrize("where", ["ticket", "filter", "palette", "help", "20x5"])
def test_f94_the_kill_key_works_wherever_the_hands_are(tmp_path: Path, where: str) -> None:
    with console(tmp_path, size=SMALL) as desk:
        if where == "ticket":
            desk.ticket("b", qty="1")
        elif where == "filter":
            desk.press("/", "BTC")
            desk.wait_for("BTC")
        elif where == "palette":
            desk.press("ctrl+p")
            desk.wait_for("Search for commands")
        elif where == "help":
            desk.press("?")
            desk.wait_for("HELP")
        else:
            desk.resize(20, 5)
            desk.wait_for("KILL available")
            desk.press("b")
        desk.press("f12")
        screen = desk.wait_for("HALTED").splitlines()
        assert "PAPER" in screen[0]
        assert "F12×2 KILL" in screen[-1]
        desk.press("f12")
        desk.resize(*SMALL)
        desk.wait_for("verified zero")
    state = recovered(tmp_path)
    assert state.orders.orders == {}
    assert state.trading is TradingState.HALTED
