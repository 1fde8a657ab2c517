"""The palette finds every action, market and theme, and runs what was chosen."""

from __future__ import annotations

from console.palette import entries
from engine.core import events as ev
from engine.core.types import KillLevel, TradingState
from tests.console.driving import Console
from tests.console.fakes import NOW


def test_it_lists_actions_with_their_keys_then_markets_then_themes() -> None:
    console = Console()

    async def play(c: Console) -> None:
        texts = [entry.text for entry in entries(c.app)]
        assert texts[:4] == [
            "KILL  F12", "Kill now: halt and cancel all", "Flatten…  Shift+F12", "Resume trading…",
        ]  # fmt: skip
        assert "Ladder ETHUSDT" in texts
        assert "Theme tradedeck-dark" in texts

    console.run(play)


def test_a_read_only_console_offers_no_trade() -> None:
    console = Console(read_only=True)

    async def play(c: Console) -> None:
        texts = [entry.text for entry in entries(c.app)]
        assert "KILL  F12" in texts
        assert not {"Buy  b", "Cancel…  C", "Arm  F8"} & set(texts)

    console.run(play)


def test_typing_finds_and_enter_runs() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("ctrl+p")
        await c.press(*"kill now", gap=0.2)
        await c.app.workers.wait_for_complete()
        await c.settle()
        await c.press("down", "enter")
        await c.settle()
        assert [level for level, _, _ in c.link.kills] == [KillLevel.KILL]

    console.run(play)


def test_resume_trading_is_found_in_the_palette() -> None:
    console = Console()

    async def play(c: Console) -> None:
        c.link.push(ev.TradingStateChanged(ts=NOW, state=TradingState.HALTED, by="me"))
        await c.frame()
        (entry,) = [e for e in entries(c.app) if e.text == "Resume trading…"]
        entry.run()
        await c.settle()
        assert c.sheet == "TypedConfirm"

    console.run(play)


def test_markets_and_themes_can_be_changed() -> None:
    console = Console()

    async def play(c: Console) -> None:
        runs = {entry.text: entry.run for entry in entries(c.app)}
        runs["Ladder SOLUSDT"]()
        runs["Theme tradedeck-light"]()
        await c.frame()
        assert (c.session.ui.symbol, c.app.theme) == ("SOLUSDT", "tradedeck-light")

    console.run(play)


def test_an_order_action_does_not_open_over_an_open_sheet() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("b")
        c.app.perform("order.sell")
        await c.settle()
        assert len(c.app.screen_stack) == 2
        assert c.toasts == ["sell: leave the open sheet first"]

    console.run(play)
