"""Decimal text as the venue writes and accepts it: plain digits, never an exponent."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache

ZERO = Decimal(0)
ONE = Decimal(1)
INFINITE = Decimal("Infinity")

MONEY_STEP = Decimal("0.00000001")
PRICE_STEP = Decimal("0.000000000001")
# Few enough digits that what a step goes into a number has no more than Decimal's 28.
PLAIN_NUMBER = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,12})?")


def text(value: Decimal) -> str:
    """Write a number exactly, without an exponent."""
    written = str(value)
    return written if "E" not in written else f"{value:f}"


def money(value: Decimal) -> str:
    """Write an amount with up to eight decimals and no trailing zeros."""
    return _rounded(value, 8, MONEY_STEP)


def average(value: Decimal) -> str:
    """Write an average price with up to twelve decimals and no trailing zeros."""
    return _rounded(value, 12, PRICE_STEP)


def _rounded(value: Decimal, decimals: int, step: Decimal) -> str:
    if not value:
        return "0"
    written = str(value)
    whole, _, part = written.partition(".")
    if "E" in written or part[decimals:].strip("0"):
        whole, _, part = f"{value.quantize(step):f}".partition(".")
    part = part[:decimals].rstrip("0")
    if part:
        return f"{whole}.{part}"
    return "0" if whole == "-0" else whole


@lru_cache(maxsize=1 << 12)
def parse(written: str) -> Decimal | None:
    """Read a plain non-negative number; None for anything else (signs, exponents, NaN, blanks)."""
    return None if PLAIN_NUMBER.fullmatch(written) is None else Decimal(written)
