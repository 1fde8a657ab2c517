"""Leverage and position mode: asked for, refused, and believed as the venue tells them."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from engine.core.commands import ChangeSetting, Kill
from engine.core.events import (
    CommandRefused,
    InstrumentsChanged,
    SettingAsked,
    SettingsChanged,
)
from engine.core.reports import SettingsReport
from engine.core.requests import SettingRequest
from engine.core.settings import MarketSettings
from engine.core.state import State, evolve
from engine.core.types import Category, KillLevel
from tests.support.desk import Desk, d, fill, perpetual


def change(desk: Desk, **terms: Any) -> ChangeSetting:
    return ChangeSetting(command_id=desk.command_id(), **{"symbol": "BTCUSDT", **terms})


def refusal(desk: Desk, **terms: Any) -> tuple[str, str]:
    (event,) = desk.give(change(desk, **terms))
    assert isinstance(event, CommandRefused)
    assert desk.requests == []
    return event.code, event.text


def test_another_leverage_is_asked_of_the_venue_and_put_down() -> None:
    desk = Desk()
    command = change(desk, leverage=d(5))
    (event,) = desk.give(command)
    assert event == SettingAsked(
        ts=desk.now_ns, command_id=command.command_id, symbol="BTCUSDT", leverage=d(5)
    )
    assert desk.requests == [
        SettingRequest(command_id=command.command_id, symbol="BTCUSDT", leverage=d(5))
    ]
    assert desk.give(command) == []
    assert desk.state.settings == {}


def test_what_the_venue_says_is_believed_and_put_down_once() -> None:
    desk = Desk()
    told = SettingsReport(markets=(MarketSettings("BTCUSDT", leverage=d(5)),))
    (event,) = desk.give(told)
    assert event == SettingsChanged(ts=desk.now_ns, markets=told.markets)
    assert desk.state.settings == {"BTCUSDT": MarketSettings("BTCUSDT", leverage=d(5))}
    assert desk.give(told) == []
    again = State.decode(desk.state.encode())
    assert again.settings == desk.state.settings


def test_a_change_that_the_venue_refused_is_one_with_its_words() -> None:
    desk = Desk()
    refused = SettingsReport(
        markets=(MarketSettings("BTCUSDT", leverage=d(10)),),
        asked_by="c1",
        reason="LIMITS",
        text="110013 too high",
    )
    first, second = desk.give(refused)
    assert first == CommandRefused(
        ts=desk.now_ns,
        command_id="c1",
        command="ChangeSetting",
        code="LIMITS",
        text="110013 too high",
    )
    assert isinstance(second, SettingsChanged)


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"symbol": "DOGEUSDT", "leverage": d(5)}, "UNKNOWN_SYMBOL"),
        ({}, "BAD_SETTING"),
        ({"leverage": d(5), "hedged": True}, "BAD_SETTING"),
        ({"leverage": d("0.5")}, "BAD_NUMBER"),
        ({"leverage": d(1001)}, "BAD_NUMBER"),
        ({"leverage": d("NaN")}, "BAD_NUMBER"),
    ],
)
def test_what_cannot_be_set_is_refused_here(terms: dict[str, Any], code: str) -> None:
    assert refusal(Desk(), **terms)[0] == code


def test_a_spot_pair_has_nothing_to_set() -> None:
    desk = Desk()
    spot = replace(perpetual(), category=Category.SPOT)
    evolve(desk.state, InstrumentsChanged(ts=1, instruments=(spot,)))
    assert refusal(desk, leverage=d(5))[0] == "NO_CONTRACT"


def test_a_mode_is_switched_only_where_nothing_is_held_or_open() -> None:
    desk = Desk()
    desk.working()
    assert refusal(desk, hedged=True)[0] == "HAS_ORDERS"
    desk.give(fill("e1", "0.010"))
    assert refusal(desk, hedged=True)[0] == "HAS_POSITION"
    assert isinstance(desk.give(change(desk, leverage=d(3)))[0], SettingAsked)


def test_nothing_is_set_while_trading_is_halted() -> None:
    desk = Desk()
    desk.give(Kill(command_id="k1", level=KillLevel.HALT))
    assert refusal(desk, leverage=d(5)) == ("HALTED", "release first")


def test_a_market_in_which_nothing_is_held_or_open_is_switched() -> None:
    desk = Desk()
    (event,) = desk.give(change(desk, hedged=True))
    assert isinstance(event, SettingAsked)
    assert (event.hedged, event.leverage) == (True, None)
