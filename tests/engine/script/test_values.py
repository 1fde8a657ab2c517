"""Single values of a script line: what each reader takes, and what it says of the rest."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest

from engine.core.types import Side
from engine.script.values import (
    amount,
    flag,
    market_time,
    price_or_none,
    read_value,
    shown,
    text,
    word,
)


@pytest.mark.parametrize(
    ("reader", "value", "means"),
    [
        (market_time, Decimal("1.5"), 1_500_000_000),
        (amount, "0.010", Decimal("0.010")),
        (amount, Decimal(3), Decimal(3)),
        (price_or_none, None, None),
        (text, "a1", "a1"),
        (flag, True, True),
        (word(Side), "Buy", Side.BUY),
    ],
)
def test_a_good_value_is_what_it_says(reader: Any, value: object, means: object) -> None:
    assert read_value("key", value, reader) == means


@pytest.mark.parametrize(
    ("reader", "value", "says"),
    [
        (market_time, Decimal(-1), '"key": -1: it must be seconds from 0'),
        (amount, "0", '"key": "0": it must be a number greater than 0'),
        (amount, True, '"key": true: it must be a number greater than 0'),
        (text, " ", '"key": " ": it must be text that is not empty'),
        (text, "x" * 201, "it must have at most 200 characters"),
        (flag, "yes", '"key": "yes": it must be true or false'),
        (word(Side), "buy", "it must be Buy or Sell"),
    ],
)
def test_a_bad_value_is_refused_with_what_would_be_right(
    reader: Any, value: object, says: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        read_value("key", value, reader)


def test_a_long_value_is_shown_cut_short() -> None:
    assert shown("x" * 100) == '"' + "x" * 59 + "…"
