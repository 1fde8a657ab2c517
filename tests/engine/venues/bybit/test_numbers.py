"""Only plain decimals get in."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.venues.bybit.numbers import (
    amount,
    leverage_or_none,
    millis_to_ns,
    number,
    price_or_none,
    wire,
)


@pytest.mark.parametrize(
    "text",
    [
        "NaN",
        "sNaN",
        "Infinity",
        "-inf",
        "",
        " 1",
        "1 ",
        "1\n",
        "1_000",
        "1,000",
        "0x10",
        "1E+9999999",
        "1E-9999999",
        "9" * 5000,
        "0." + "1" * 100,
        ".5",
        "5.",
        "--1",
        "+1",
        "١٢",
    ],
)
def test_what_is_no_plain_decimal_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a decimal number"):
        number(text)


def test_plain_decimals_keep_their_digits() -> None:
    assert str(number("16493.50")) == "16493.50"
    assert number("-0.00001") == Decimal("-0.00001")
    assert number("1E-8") == Decimal("0.00000001")


def test_nothing_is_spelled_in_many_ways() -> None:
    assert [price_or_none(text) for text in ("", None, "0", "0.00", "-0")] == [None] * 5
    assert [amount(text) for text in ("", None, "0", "0.00")] == [0] * 4


def test_a_leverage_is_from_one_to_a_thousand() -> None:
    assert [leverage_or_none(text) for text in ("", "0", "1", "1000")] == [None, None, 1, 1000]
    for text in ("0.99", "1000.01"):
        with pytest.raises(ValueError, match="is no leverage"):
            leverage_or_none(text)


def test_amounts_are_not_negative() -> None:
    with pytest.raises(ValueError, match="-1 is negative"):
        amount("-1")


def test_numbers_go_out_without_an_exponent() -> None:
    assert wire(Decimal("1E+3")) == "1000"
    assert wire(Decimal("1E-8")) == "0.00000001"
    assert wire(Decimal("0.010")) == "0.010"


def test_milliseconds_become_nanoseconds() -> None:
    assert millis_to_ns("1700000000123") == 1_700_000_000_123_000_000
    assert millis_to_ns(1700000000123) == 1_700_000_000_123_000_000
    assert millis_to_ns("") == millis_to_ns(None) == 0


@pytest.mark.parametrize("text", ["-1", "1.5", "soon", "9" * 16, "9" * 15])
def test_times_out_of_range_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"invalid literal for int|is out of range"):
        millis_to_ns(text)


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=0, max_value=10**9, places=8))
def test_a_number_survives_the_wire(value: Decimal) -> None:
    assert amount(wire(value)) == value
