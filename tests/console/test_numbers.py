"""Typed numbers: what is plain is read exactly, everything else is an error."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from console.numbers import FieldError, on_grid, read_number, read_price
from tests.console.fakes import BTC


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("abc", "'abc' is not a number"),
        ("1e3", "'1e3' is not a number"),
        ("-1", "'-1' is not a number"),
        ("+1", "'+1' is not a number"),
        ("NaN", "'NaN' is not a number"),
        ("inf", "'inf' is not a number"),
        ("1_0", "'1_0' is not a number"),
        ("٣", "'٣' is not a number"),
        ("0x10", "'0x10' is not a number"),
        ("1.", "'1.' is not a number"),
        ("0", "must be more than 0"),
        ("0.000", "must be more than 0"),
        ("1,5", "no commas: write 1.5 or 15"),
        ("61,000.5", "no commas: write 61000.5"),
        ("9" * 16, "'9999999999999999' is not a number"),
    ],
)
def test_what_is_not_a_plain_positive_number_is_refused(typed: str, error: str) -> None:
    with pytest.raises(FieldError) as caught:
        read_number(typed)
    assert str(caught.value) == error


@pytest.mark.parametrize(
    ("typed", "number"), [("1", D(1)), (" 0.50 ", D("0.50")), (".5", D("0.5"))]
)
def test_a_plain_number_is_read_exactly(typed: str, number: D) -> None:
    assert read_number(typed) == number


def test_a_price_off_its_grid_is_told_the_nearest_on_it() -> None:
    assert read_price("60000.1", BTC) == D("60000.1")
    with pytest.raises(FieldError, match=r"tick 0\.1; nearest 60,000\.1 or 60,000\.2"):
        read_price("60000.15", BTC)
    with pytest.raises(FieldError, match=r"lot 5; nearest 5$"):
        on_grid(D(3), D(5), "lot")
