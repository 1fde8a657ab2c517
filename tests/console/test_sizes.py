"""Preset sizes, steps and touch prices: always on the grid."""

from __future__ import annotations

from decimal import Decimal as D

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.sizes import presets, step, touch_price
from engine.core.market import Quote
from engine.core.types import Category, Side
from tests.console.fakes import BTC, ETH, SOL, quote


def test_presets_are_round_sizes_of_about_a_hundred_and_its_multiples() -> None:
    assert presets(BTC, quote(BTC)) == tuple(map(D, ("0.002", "0.010", "0.020", "0.100", "0.200")))
    assert presets(ETH, quote(ETH)) == tuple(map(D, ("0.05", "0.25", "0.50", "2.50", "5.00")))
    assert presets(SOL, quote(SOL)) == tuple(map(D, ("1.0", "5.0", "10.0", "50.0", "100.0")))


def test_without_a_price_the_least_size_is_the_unit() -> None:
    assert presets(BTC, None)[0] == D("0.001")
    assert presets(BTC, Quote(symbol="BTCUSDT"))[0] == D("0.001")


def test_an_inverse_contract_counts_in_quote_currency() -> None:
    inverse = msgspec.structs.replace(
        BTC, category=Category.INVERSE, qty_step=D(1), min_qty=D(1), min_notional=D(1)
    )
    assert presets(inverse, quote(BTC))[0] == D(100)


@given(st.decimals("0.01", "1000000", places=2))
def test_every_preset_can_be_ordered(price: D) -> None:
    market = Quote(symbol="BTCUSDT", mark=price)
    for size in presets(BTC, market):
        assert size % BTC.qty_step == 0
        assert size >= BTC.min_qty
        assert size * price >= BTC.min_notional


@pytest.mark.parametrize(
    ("text", "direction", "stepped"),
    [
        ("0.010", 1, "0.011"),
        ("0.010", -1, "0.009"),
        ("0.0105", 1, "0.011"),
        ("0.0105", -1, "0.010"),
        ("0.001", -1, "0.001"),
        ("", 1, "0.001"),
        ("", -1, "0.001"),
        ("junk", 1, "junk"),
        ("1,5", -1, "1,5"),
    ],
)
def test_a_step_goes_to_the_next_place_on_the_grid(text: str, direction: int, stepped: str) -> None:
    assert step(text, D("0.001"), D("0.001"), direction) == stepped


def test_the_touch_is_the_own_side_of_the_book() -> None:
    assert touch_price(quote(BTC), BTC, Side.BUY) == "60999.9"
    assert touch_price(quote(BTC), BTC, Side.SELL) == "61000.1"


def test_without_a_book_there_is_no_touch() -> None:
    assert touch_price(None, BTC, Side.BUY) == ""
    assert touch_price(Quote(symbol="BTCUSDT", ask=D(1)), BTC, Side.BUY) == ""
    assert touch_price(quote(BTC), None, Side.BUY) == ""
