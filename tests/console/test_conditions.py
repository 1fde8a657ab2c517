"""Triggers, exits and slippage as they are typed, and how an order tells them."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from console.conditions import read_exit, read_slippage, read_trigger, words
from console.numbers import FieldError
from engine.core.commands import PlaceOrder
from engine.core.orders.terms import (
    Attached,
    Exit,
    Slippage,
    SlippageUnit,
    Trigger,
    TriggerBy,
    TriggerDirection,
)
from engine.core.types import Side
from tests.console.fakes import BTC

RISES, FALLS = TriggerDirection.RISES, TriggerDirection.FALLS


@pytest.mark.parametrize(
    ("typed", "side", "means"),
    [
        ("", Side.BUY, None),
        ("61000", Side.BUY, Trigger(D(61_000), RISES)),
        (" 61000 ", Side.SELL, Trigger(D(61_000), FALLS)),
        ("61000 MARK", Side.BUY, Trigger(D(61_000), RISES, TriggerBy.MARK)),
        ("61000 falls index", Side.BUY, Trigger(D(61_000), FALLS, TriggerBy.INDEX)),
        ("61000 last rises", Side.SELL, Trigger(D(61_000), RISES)),
    ],
)
def test_a_trigger_is_a_price_and_perhaps_what_and_whence(
    typed: str, side: Side, means: Trigger | None
) -> None:
    assert read_trigger(typed, side, BTC) == means


@pytest.mark.parametrize(
    ("typed", "means"),
    [
        ("", None),
        ("62000", Exit(D(62_000))),
        ("62000 mark", Exit(D(62_000), TriggerBy.MARK)),
        ("62000 limit 61990 index", Exit(D(62_000), TriggerBy.INDEX, D(61_990))),
    ],
)
def test_an_exit_is_a_price_and_perhaps_a_limit(typed: str, means: Exit | None) -> None:
    assert read_exit(typed, BTC) == means


@pytest.mark.parametrize(
    ("typed", "means"),
    [
        ("", None),
        ("0.5", Slippage(SlippageUnit.PERCENT, D("0.5"))),
        ("0.5%", Slippage(SlippageUnit.PERCENT, D("0.5"))),
        ("20 ticks", Slippage(SlippageUnit.TICKS, D(20))),
        ("1 tick", Slippage(SlippageUnit.TICKS, D(1))),
    ],
)
def test_slippage_is_percent_or_ticks(typed: str, means: Slippage | None) -> None:
    assert read_slippage(typed) == means


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        ("61000.05", "not a multiple of the tick"),
        ("mark", "'mark' is not a number"),
        ("61000 sideways", "'sideways' is none of last, mark, index, rises, falls"),
    ],
)
def test_a_trigger_that_cannot_be_read_says_why(typed: str, error: str) -> None:
    with pytest.raises(FieldError, match=error):
        read_trigger(typed, Side.BUY, BTC)


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        ("62000 limit", "limit needs a price behind it"),
        ("62000 limit x", "'x' is not a number"),
        ("62000 falls", "'falls' is none of last, mark, index, limit"),
    ],
)
def test_an_exit_that_cannot_be_read_says_why(typed: str, error: str) -> None:
    with pytest.raises(FieldError, match=error):
        read_exit(typed, BTC)


@pytest.mark.parametrize(
    ("typed", "error"),
    [("1 mile", "'mile' is neither % nor ticks"), ("1 % %", "neither"), ("x %", "not a number")],
)
def test_slippage_that_cannot_be_read_says_why(typed: str, error: str) -> None:
    with pytest.raises(FieldError, match=error):
        read_slippage(typed)


def test_an_order_tells_what_it_waits_for_and_brings_along() -> None:
    order = PlaceOrder(
        command_id="", client_order_id="", symbol="BTCUSDT", side=Side.BUY, qty=D(1),
        trigger=Trigger(D("61000.0"), RISES, TriggerBy.MARK),
        attached=Attached(Exit(D(62_000), limit_price=D(61_990)), Exit(D(60_000), TriggerBy.INDEX)),
        slippage=Slippage(SlippageUnit.PERCENT, D("0.5")),
    )  # fmt: skip
    assert list(words(order)) == [
        "once mark rises to 61000.0",
        "TP 62000 limit 61990",
        "SL 60000 index",
        "slips at most 0.5 %",
    ]
    ticks = Slippage(SlippageUnit.TICKS, D(20))
    plain = PlaceOrder(
        command_id="", client_order_id="", symbol="BTCUSDT", side=Side.BUY, qty=D(1), slippage=ticks
    )
    assert list(words(plain)) == ["slips at most 20 ticks"]
