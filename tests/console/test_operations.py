"""Operations that stop, arm, look and leave, as keys on the running app."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from console.arming import ArmState
from console.operations import OPERATIONS
from engine.core import events as ev
from engine.core.commands import Release
from engine.core.types import KillLevel, TradingState
from tests.console.driving import Console
from tests.console.fakes import NOW, FakeLink, busy_link, replaying


def halt(link: FakeLink) -> None:
    link.push(ev.TradingStateChanged(ts=NOW, state=TradingState.HALTED, by="me", reason="drill"))


def test_kill_from_the_palette_is_both_stages_at_once() -> None:
    console = Console()

    async def play(c: Console) -> None:
        c.app.perform("kill.cancel-all")
        assert [level for level, _, _ in c.link.kills] == [KillLevel.KILL]

    console.run(play)


def test_flatten_needs_a_halt_first() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("f24")
        assert c.toasts == ["halt first (F12), then flatten"]
        assert c.link.kills == []

    console.run(play)


def test_flatten_needs_the_word_and_the_account() -> None:
    console = Console()

    async def play(c: Console) -> None:
        halt(c.link)
        await c.frame()
        await c.press("f24", *"FLATTEN", "enter", gap=0.2)
        assert c.text("#error-0") == "type FLATTEN paper"
        assert c.link.kills == []
        await c.press("space", *"paper", "enter", gap=0.2)
        assert [level for level, _, _ in c.link.kills] == [KillLevel.FLATTEN]

    console.run(play)


def test_resuming_needs_the_account_and_a_reason() -> None:
    console = Console()

    async def play(c: Console) -> None:
        halt(c.link)
        await c.frame()
        c.app.perform("trading.release")
        await c.settle()
        await c.press(*"papr", "enter", gap=0.2)
        assert c.text("#error-0") == "type paper"
        await c.press("backspace", *"er", "enter", gap=0.2)
        assert c.text("#error-0") == ""
        await c.press(*"drill", "enter", gap=0.2)
        (command,) = c.link.commands
        assert isinstance(command, Release)
        assert (command.account, command.reason) == ("paper", "drill")
        await c.frame()
        assert not c.app.main.halt_bar.display

    console.run(play)


def test_resuming_what_runs_is_not_needed() -> None:
    console = Console()

    async def play(c: Console) -> None:
        c.app.perform("trading.release")
        await c.settle()
        assert c.toasts == ["trading is active already"]

    console.run(play)


def test_f8_arms_a_paper_console_at_once_and_again_disarms() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("f8")
        assert c.session.arm_state() is ArmState.ARMED
        assert c.app.main.has_class("-armed")
        await c.press("f8")
        assert c.session.arm_state() is ArmState.SAFE
        assert c.toasts == ["ARMED for 5:00", "SAFE"]

    console.run(play)


def test_a_live_console_is_armed_with_the_end_of_the_accounts_name() -> None:
    console = Console(live=True)

    async def play(c: Console) -> None:
        await c.press("f8", *"xxxx", "enter", gap=0.2)
        assert c.text("#error-0") == "not this account"
        assert c.session.arm_state() is ArmState.SAFE
        await c.press(*["backspace"] * 4, *"aper", "enter", gap=0.2)
        assert c.session.arm_state() is ArmState.ARMED

    console.run(play)


def test_arming_in_trouble_says_why_not() -> None:
    console = Console()

    async def play(c: Console) -> None:
        halt(c.link)
        await c.frame()
        await c.press("f8")
        assert c.toasts == ["not armed: trading is halted"]

    console.run(play)


def test_the_filter_narrows_the_blotter_and_esc_clears_it() -> None:
    console = Console()

    async def play(c: Console) -> None:
        blotter = c.app.main.blotter
        await c.press("slash", *"sym:ETH*", "enter", gap=0.2)
        assert blotter.ordered_ids() == ["c-008", "c-004", "c-002"]
        assert blotter.has_focus
        await c.press("escape")
        assert len(blotter.ordered_ids()) == 11

    console.run(play)


def test_a_filter_that_cannot_be_read_says_so_beside_the_field() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("slash", *"side:up", gap=0.2)
        assert "unknown side 'up'" in c.text("#filter-error")
        await c.press("escape")
        assert len(c.app.main.blotter.ordered_ids()) == 11

    console.run(play)


def test_sort_pause_and_follow_reach_the_blotter() -> None:
    console = Console()

    async def play(c: Console) -> None:
        blotter = c.app.main.blotter
        column, descending = blotter.index.column, blotter.index.descending
        await c.press("o", "O", "p")
        assert blotter.index.column != column
        assert blotter.index.descending is not descending
        assert blotter.paused
        following = blotter.following
        await c.press("f")
        assert blotter.following is not following

    console.run(play)


def test_enter_opens_the_story_of_the_row() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("down", "enter")
        assert c.sheet == "Detail"
        assert "our id    c-010" in c.text("#reader-text")
        await c.press("escape")
        assert c.sheet == "MainScreen"

    console.run(play)


def test_copy_puts_the_row_on_the_clipboard() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("down", "y")
        assert c.app.clipboard.startswith("c-010\tx-c-010\tBTCUSDT\tSell\tLimit\tGTC\t")

    console.run(play)


def test_without_a_row_there_is_nothing_to_copy_or_open() -> None:
    console = Console(FakeLink())

    async def play(c: Console) -> None:
        await c.press("y", "enter")
        assert c.toasts == ["no order under the cursor"]
        assert c.sheet == "MainScreen"

    console.run(play)


def test_export_writes_the_filtered_view_and_says_where(tmp_path: Path) -> None:
    console = Console(state_dir=tmp_path)

    async def play(c: Console) -> None:
        await c.press("slash", *"sym:ETH*", "enter", "e", gap=0.2)
        (toast,) = c.toasts
        assert toast.startswith("3 orders at 14:03:22 in ")
        assert str(tmp_path) in toast

    console.run(play)
    (path,) = (tmp_path / "exports").glob("*.json")
    rows = json.loads(path.read_text())
    assert [row["client_order_id"] for row in rows] == ["c-008", "c-004", "c-002"]


def test_an_export_says_how_many_orders_are_in_the_journal_alone(tmp_path: Path) -> None:
    link = busy_link()
    link.push(
        ev.EngineStarted(ts=NOW, account="paper", venue="bybit", environment="local", closed_kept=3)
    )
    console = Console(link, state_dir=tmp_path)

    async def play(c: Console) -> None:
        await c.press("e", gap=0.2)
        (toast,) = c.toasts
        assert toast.startswith("9 orders at ")
        assert toast.endswith(" and .json, without the 2 in the journal")

    console.run(play)


def test_an_export_that_cannot_be_written_says_why(tmp_path: Path) -> None:
    (tmp_path / "exports").write_text("in the way")
    console = Console(state_dir=tmp_path)

    async def play(c: Console) -> None:
        await c.press("e")
        assert c.toasts[0].startswith("export failed: ")

    console.run(play)


def test_a_recorded_market_is_paused_and_continued() -> None:
    link = busy_link()
    link.tell(replaying())
    console = Console(link)

    async def play(c: Console) -> None:
        assert c.app.main.replay_bar.display
        await c.press("P")
        assert c.link.paused is True

    console.run(play)


def test_a_live_market_cannot_be_paused() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("P")
        assert (c.link.paused, c.toasts) == (None, ["not a replay"])

    console.run(play)


@pytest.mark.parametrize(("key", "policy"), [("k", "leave"), ("c", "cancel")])
def test_leaving_with_open_orders_asks_and_obeys(key: str, policy: str) -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("q")
        assert c.sheet == "QuitSheet"
        await c.press(key)

    console.run(play)
    assert (console.app.ended, console.app.exit_policy) == (True, policy)


def test_esc_stays_and_asking_twice_opens_one_question() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("q", "ctrl+q")
        assert len(c.app.screen_stack) == 2
        await c.press("escape")
        assert c.sheet == "MainScreen"
        assert not c.app.ended

    console.run(play)


def test_leaving_without_open_orders_asks_nothing() -> None:
    console = Console(FakeLink())

    async def play(c: Console) -> None:
        await c.press("q")

    console.run(play)
    assert console.app.ended


@pytest.mark.parametrize(
    ("options", "policy"),
    [
        ({"on_exit": "cancel"}, "cancel"),
        ({"on_exit": "leave"}, "leave"),
        ({"read_only": True}, "leave"),
    ],
)
def test_a_configured_answer_is_not_asked_for(options: dict[str, Any], policy: str) -> None:
    console = Console(**options)

    async def play(c: Console) -> None:
        await c.press("ctrl+q")

    console.run(play)
    assert (console.app.ended, console.app.exit_policy) == (True, policy)


def test_textuals_own_quit_asks_the_same_question() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.app.action_quit()
        await c.settle()
        assert c.sheet == "QuitSheet"

    console.run(play)


def test_panels_are_reached_by_number_tab_and_zoom() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("3")
        assert (c.app.main.active, c.app.main.ladder.has_focus) == ("ladder", True)
        await c.press("tab")
        assert c.app.main.active == "requests"
        await c.press("shift+tab", "z")
        assert (c.app.main.active, c.app.main.zoomed) == ("ladder", True)
        await c.press("z", "space")
        assert not c.app.main.zoomed

    console.run(play)


def test_every_operation_is_one_function_of_the_app() -> None:
    assert all(callable(operation) for operation in OPERATIONS.values())


def test_while_the_account_trades_a_release_is_of_the_market_that_was_narrowed() -> None:
    console = Console()

    async def play(c: Console) -> None:
        c.link.push(
            ev.TradingStateChanged(
                ts=NOW, state=TradingState.REDUCING, by="risk", reason="drift", symbol="ETHUSDT"
            )
        )
        await c.frame()
        c.app.perform("trading.release")
        await c.press(*"paper", "enter", *"seen", "enter")
        (command,) = c.link.commands
        assert isinstance(command, Release)
        assert (command.account, command.reason, command.symbol) == ("paper", "seen", "ETHUSDT")

    console.run(play)
