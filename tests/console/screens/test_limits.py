"""Changing a limit in the console: one typed line, and a command that says what was typed."""

from __future__ import annotations

from decimal import Decimal as D
from typing import Any

import pytest

from console.format import clock
from console.numbers import FieldError
from console.screens.fields import Field
from console.screens.limits import read_change
from engine.core import events as ev
from engine.core.commands import ChangeLimit, WithdrawLimit
from engine.core.limits import LimitChange
from tests.console.driving import Console
from tests.console.fakes import NOW


@pytest.mark.parametrize(
    ("text", "key", "symbol", "value"),
    [
        ("max_order_qty 5", "max_order_qty", "", D(5)),
        ("  max_order_qty  btcusdt 0.5 ", "max_order_qty", "BTCUSDT", D("0.5")),
        ("price_collar 0.02", "price_collar", "", D("0.02")),
        ("max_leverage 2.5", "max_leverage", "", D("2.5")),
        ("min_liq_distance ethusdt 0.2", "min_liq_distance", "ETHUSDT", D("0.2")),
        ("orders_per_s 7", "orders_per_s", "", 7),
        ("daily_loss_usd off", "daily_loss_usd", "", None),
        ("deny_self_trade on", "deny_self_trade", "", True),
        ("deny_self_trade OFF", "deny_self_trade", "", False),
        ("symbols_allow BTCUSDT,ethusdt", "symbols_allow", "", ("BTCUSDT", "ETHUSDT")),
    ],
)
def test_a_line_is_a_limit_perhaps_a_market_and_a_value(
    text: str, key: str, symbol: str, value: Any
) -> None:
    expected = ChangeLimit(command_id="", key=key, symbol=symbol, value=value)
    assert read_change(text) == expected


def test_what_waits_is_withdrawn_by_its_name() -> None:
    expected = WithdrawLimit(command_id="", key="max_order_qty", symbol="BTCUSDT")
    assert read_change("max_order_qty BTCUSDT withdraw") == expected


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", "'' is no limit"),
        ("max_ordr_qty 5", "'max_ordr_qty' is no limit; did you mean max_order_qty?"),
        ("max_order_qty", "a limit, perhaps a market, and a value"),
        ("max_order_qty A B 5", "a limit, perhaps a market, and a value"),
        ("max_order_qty 5x", "'5x' is not a number"),
        ("max_order_qty " + "9" * 5_000, "'99999999999999999999' is not a number"),
        ("price_collar 2", "price_collar must be a fraction between 0 and 1"),
        ("price_collar off", "price_collar cannot be turned off"),
        ("orders_per_s 1.5", "orders_per_s must be a whole number from 1 to 4000"),
        ("deny_self_trade yes", "on or off"),
        (
            "symbols_allow A,A",
            "symbols_allow must be a list of different symbols, at least one",
        ),
    ],
)
def test_what_is_wrong_with_a_line_is_said(text: str, wrong: str) -> None:
    with pytest.raises(FieldError) as refused:
        read_change(text)
    assert str(refused.value) == wrong


def test_a_typed_line_is_sent_when_it_is_right() -> None:
    console = Console()

    async def play(c: Console) -> None:
        waiting = [LimitChange(key="cool_off_s", value=D(n), due_ts=NOW) for n in range(1, 6)]
        c.link.push(ev.LimitsPending(ts=NOW, pending=tuple(waiting), by="me"))
        await c.frame()
        c.app.perform("limit.change")
        await c.settle()
        note = str(c.app.screen.query_one(".note").content)  # type: ignore[attr-defined]
        at = clock(NOW)
        assert note.endswith(
            f"Waiting: cool_off_s 1 at {at}; cool_off_s 2 at {at}; cool_off_s 3 at {at} and 2 more."
        )
        field = c.app.screen.query_one("#typed-0", Field)
        field.value = "max_order_qty nope"
        await c.press("enter")
        assert c.text("#error-0") == "'nope' is not a number"
        field.value = "max_order_qty 5"
        await c.press("enter")
        (command,) = [one for one in c.link.commands if isinstance(one, ChangeLimit)]
        assert (command.key, command.value) == ("max_order_qty", D(5))
        assert command.command_id
        assert c.sheet == "MainScreen"

    console.run(play)
