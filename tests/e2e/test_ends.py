"""How the program ends, asked or not: nothing is lost, and the terminal is given back."""

from __future__ import annotations

import signal
from pathlib import Path

from engine.core.types import OrderState
from tests.e2e.console import Console, console, open_console, recovered

SMALL = (80, 24)
ENDS_WITHIN_S = 10.0
PASTE_MODE = b"\x1b[?2004h"
TAKES_KEYS = b"\x1b[>25u"
"""Written with each start of a reader of the keys: with two of them one may wait for ever."""


def place_resting(desk: Console) -> None:
    """A buy far below the market."""
    desk.order("b", qty="0.010", price="55000")
    desk.wait_for("○ ACKED")


def test_f60_after_a_kill_9_everything_is_where_it_was(tmp_path: Path) -> None:
    with console(tmp_path, size=SMALL) as desk:
        desk.order("b", qty="0.020", market=True)
        desk.wait_for("● FILLED")
        place_resting(desk)
        desk.signal(signal.SIGKILL)
        assert desk.wait() == -signal.SIGKILL

    before = recovered(tmp_path)
    filled, resting = before.orders.orders.values()

    with console(tmp_path, size=SMALL) as desk:
        desk.wait_for("open 1")
        desk.wait_for_row("B▲ 0.010 55,000.0 0.000 ○ ACKED")
        desk.press("2")
        desk.wait_for_row("BTCUSDT ▲+0.020")
        # The order is not only shown: it can be cancelled, and the position closed.
        desk.press("1")
        desk.act("c", "Cancel BUY 0.010 BTCUSDT @ 55,000")
        desk.press("y", after_s=0.2)
        desk.wait_for("open 0")
        desk.act("X", "Reduce-only  ‹ yes ›")
        desk.send()
        desk.wait_for_row("S▼ 0.020 MARKET 0.020 ● FILLED")
        desk.press("2")
        desk.wait_for("▲+0.020", gone=True)
        assert desk.quit() == 0

    after = recovered(tmp_path)
    assert after.orders.orders[filled.client_order_id] == filled
    assert after.orders.orders[resting.client_order_id].state is OrderState.CANCELED
    assert after.positions.positions["BTCUSDT"].qty == 0


def test_f70_sigterm_ends_it_in_time_and_leaves_the_orders(tmp_path: Path) -> None:
    with console(tmp_path, size=SMALL) as desk:
        place_resting(desk)
        desk.press("b")
        desk.wait_for("Quantity")
        desk.signal(signal.SIGTERM)
        assert desk.process.wait(ENDS_WITHIN_S) == 128 + signal.SIGTERM
        desk.wait()
        assert desk.is_restored()
    (order,) = recovered(tmp_path).orders.orders.values()
    assert order.state is OrderState.NEW


def test_a_bare_sigcont_changes_nothing_for_the_next_key(tmp_path: Path) -> None:
    with console(tmp_path, size=SMALL) as desk:
        modes_set = desk.written.count(PASTE_MODE)
        desk.signal(signal.SIGCONT)
        desk.wait_for(lambda _: desk.written.count(PASTE_MODE) > modes_set)
        desk.press("q")
        assert desk.process.wait(ENDS_WITHIN_S) == 0
        desk.wait()
        assert desk.is_restored()
        assert desk.written.count(TAKES_KEYS) == 1


def test_after_sigstop_and_sigcont_screen_and_keys_are_back(tmp_path: Path) -> None:
    with console(tmp_path, size=SMALL) as desk:
        desk.press("b")
        desk.wait_for("Quantity")
        desk.stop()
        desk.signal(signal.SIGCONT)
        desk.wait_for("Quantity")
        desk.wait_for("F12×2 KILL")
        desk.press("escape")
        desk.wait_for("Quantity", gone=True)
        desk.press("q")
        assert desk.process.wait(ENDS_WITHIN_S) == 0
        desk.wait()
        assert desk.is_restored()
        assert desk.written.count(TAKES_KEYS) == 1


def test_sigterm_with_sigcont_ends_it_like_sigterm(tmp_path: Path) -> None:
    with console(tmp_path, size=SMALL) as desk:
        desk.signal(signal.SIGTERM)
        desk.signal(signal.SIGCONT)
        assert desk.process.wait(ENDS_WITHIN_S) == 128 + signal.SIGTERM
        desk.wait()
        assert desk.is_restored()
        assert "did not end in time" not in desk.last_words()


def test_f72_a_closed_window_ends_it_in_time_as_its_policy_says(tmp_path: Path) -> None:
    policy = {"TRADEDECK_CONSOLE__ON_HANGUP": "cancel"}
    with console(tmp_path, size=SMALL, env=policy) as desk:
        place_resting(desk)
        desk.hang_up()
        assert desk.process.wait(ENDS_WITHIN_S) == 128 + signal.SIGHUP
    (order,) = recovered(tmp_path).orders.orders.values()
    assert order.state is OrderState.CANCELED


def test_f71_a_second_signal_ends_it_at_once_and_a_halt_holds(tmp_path: Path) -> None:
    with console(tmp_path, size=SMALL) as desk:
        place_resting(desk)
        desk.press("f12")
        desk.wait_for("HALTED paper by operator")
        both = signal.SIGINT, signal.SIGTERM
        for each in both:
            desk.signal(each)
        # Of two at once the system says which comes first, and that one is the reason.
        assert desk.process.wait(ENDS_WITHIN_S) - 128 in both
        desk.wait()
        assert desk.is_restored()
    (order,) = recovered(tmp_path).orders.orders.values()
    assert order.state is OrderState.NEW
    with console(tmp_path, size=SMALL) as desk:
        desk.wait_for("HALTED paper by operator")


def test_a_signal_under_the_first_picture_ends_it_like_any_other(tmp_path: Path) -> None:
    with open_console(tmp_path, size=SMALL) as desk:
        desk.wait_for("STARTING")
        desk.signal(signal.SIGTERM)
        assert desk.process.wait(ENDS_WITHIN_S) == 128 + signal.SIGTERM
        desk.wait()
        assert desk.is_restored()
    assert list(tmp_path.iterdir()) == []


def test_f90_a_terminal_that_stops_reading_does_not_keep_it_alive(tmp_path: Path) -> None:
    with console(tmp_path, size=(200, 60)) as desk:
        place_resting(desk)
        with desk.not_reading():
            desk.signal(signal.SIGTERM)
            assert desk.process.wait(ENDS_WITHIN_S) == 128 + signal.SIGTERM
    (order,) = recovered(tmp_path).orders.orders.values()
    assert order.state is OrderState.NEW
