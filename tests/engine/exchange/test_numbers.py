"""Decimal text."""

from __future__ import annotations

from decimal import Decimal

import pytest

from engine.exchange.numbers import average, money, parse, text


@pytest.mark.parametrize(
    ("number", "written"),
    [("1.50", "1.50"), ("1E-7", "0.0000001"), ("1E+3", "1000"), ("0E-10", "0.0000000000")],
)
def test_numbers_are_written_exactly_without_an_exponent(number: str, written: str) -> None:
    assert text(Decimal(number)) == written


@pytest.mark.parametrize(
    ("number", "written"),
    [
        ("0.000", "0"),
        ("100", "100"),
        ("100.50", "100.5"),
        ("-0.25", "-0.25"),
        ("0.123456785", "0.12345678"),
        ("-0.000000001", "0"),
        ("1E-8", "0.00000001"),
        ("1E+2", "100"),
    ],
)
def test_money_has_at_most_eight_decimals(number: str, written: str) -> None:
    assert money(Decimal(number)) == written


def test_averages_have_at_most_twelve_decimals() -> None:
    assert average(Decimal(1) / 3) == "0.333333333333"


@pytest.mark.parametrize("bad", ["", "-1", "+1", "1e3", "NaN", "1_0", ".5", "5.", "٣", "9" * 29])
def test_only_plain_numbers_are_read(bad: str) -> None:
    assert parse(bad) is None


def test_a_plain_number_keeps_its_digits() -> None:
    assert str(parse("00.10")) == "0.10"
