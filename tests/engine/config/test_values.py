"""Readers of single values: what each takes and what it refuses."""

from __future__ import annotations

from decimal import Decimal

import pytest

from engine.config import values


@pytest.mark.parametrize("value", ["100000", 100_000, Decimal("100000")])
def test_a_number_may_be_text_or_a_number(value: object) -> None:
    assert values.decimal_above_zero(value) == 100_000


@pytest.mark.parametrize("value", [True, None, [], "", "1_0x", "1e400", "Infinity", 0, "-3"])
def test_what_is_no_number_above_zero_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="it must be"):
        values.decimal_above_zero(value)


@pytest.mark.parametrize("value", [1, "5%", "1.0", 0])
def test_a_percentage_is_not_a_fraction(value: object) -> None:
    with pytest.raises(ValueError, match="it must be"):
        values.fraction(value)


@pytest.mark.parametrize("value", ["", "  ", "a\nb", 5])
def test_text_is_printable_and_not_empty(value: object) -> None:
    with pytest.raises(ValueError, match="it must be text"):
        values.text(value)
    assert values.text("a file.key") == "a file.key"


def test_symbols_are_in_capitals_and_stand_once() -> None:
    assert values.symbols(["BTCUSDT", "BTC/USDT"]) == ("BTCUSDT", "BTC/USDT")
    with pytest.raises(ValueError, match="in capitals"):
        values.symbols(["btcusdt"])
    with pytest.raises(ValueError, match="once"):
        values.symbols(["BTCUSDT", "BTCUSDT"])
    with pytest.raises(ValueError, match="list"):
        values.symbols("BTCUSDT")


def test_keys_are_one_or_several() -> None:
    assert values.keys("b") == "b"
    assert values.keys(["b", "B"]) == "b,B"
    for value in ([], ["b", 5], "", None):
        with pytest.raises(ValueError, match="key or a list of keys"):
            values.keys(value)


def test_a_url_is_text() -> None:
    with pytest.raises(ValueError, match="address of this machine"):
        values.loopback_url(18080)
