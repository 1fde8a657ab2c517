"""Changing leverage and position mode in the console: one typed line, and the account's name."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from console.numbers import FieldError
from console.screens.fields import Field
from console.screens.settings import read_setting, settings_words
from engine.core import events as ev
from engine.core.commands import ChangeSetting
from engine.core.settings import MarketSettings
from tests.console.driving import Console
from tests.console.fakes import NOW


@pytest.mark.parametrize(
    ("typed", "leverage", "hedged"),
    [
        ("btcusdt 5", D(5), None),
        ("BTCUSDT 12.5x", D("12.5"), None),
        ("BTCUSDT Hedge", None, True),
        ("BTCUSDT one-way", None, False),
    ],
)
def test_a_line_is_a_market_with_its_leverage_or_mode(
    typed: str, leverage: D | None, hedged: bool | None
) -> None:
    assert read_setting(typed) == ChangeSetting(
        command_id="", symbol="BTCUSDT", leverage=leverage, hedged=hedged
    )


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        ("", "a market, and its leverage or its mode"),
        ("BTCUSDT 5 hedge", "a market, and its leverage or its mode"),
        ("BTCUSDT both", "'both' is not a number"),
    ],
)
def test_a_line_that_is_neither_says_what_would_be(typed: str, error: str) -> None:
    with pytest.raises(FieldError, match=error):
        read_setting(typed)


def test_what_is_set_is_told_as_far_as_it_is_known() -> None:
    assert settings_words(MarketSettings("BTCUSDT", hedged=True, leverage=D(10))) == (
        "BTCUSDT 10x hedge"
    )
    assert settings_words(MarketSettings("BTCUSDT")) == "BTCUSDT"


def test_the_setting_and_the_account_are_typed_before_anything_is_asked_for() -> None:
    console = Console()

    async def play(c: Console) -> None:
        markets = tuple(MarketSettings(f"M{n}USDT", leverage=D(n)) for n in range(1, 9))
        c.link.push(ev.SettingsChanged(ts=NOW, markets=markets))
        await c.frame()
        c.app.perform("setting.change")
        await c.settle()
        note = str(c.app.screen.query_one(".note").content)  # type: ignore[attr-defined]
        assert "Set now: M1USDT 1x; M2USDT 2x;" in note
        assert note.endswith("M6USDT 6x and 2 more.")
        c.app.screen.query_one("#typed-0", Field).value = "BTCUSDT many"
        await c.press("enter")
        assert c.text("#error-0") == "'many' is not a number"
        c.app.screen.query_one("#typed-0", Field).value = "BTCUSDT 5"
        await c.press("enter")
        assert not [one for one in c.link.commands if isinstance(one, ChangeSetting)]
        c.app.screen.query_one("#typed-1", Field).value = "paper"
        await c.press("enter")
        (command,) = [one for one in c.link.commands if isinstance(one, ChangeSetting)]
        assert (command.symbol, command.leverage, command.hedged) == ("BTCUSDT", D(5), None)
        assert command.command_id
        assert c.sheet == "MainScreen"

    console.run(play)
