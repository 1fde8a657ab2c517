"""Numbers of the wire: decimal text in, exact Decimal out, and nothing else gets through."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache

from engine.core.settings import LARGEST_LEVERAGE

_NUMBER = re.compile(r"-?[0-9]{1,24}(?:\.[0-9]{1,24})?(?:[eE][+-]?[0-9]{1,2})?").fullmatch
ABSURD = Decimal(10) ** 18
"""No price, quantity or fee reaches this, in any coin."""
_SMALLEST_EXPONENT = -24

_CACHE = 1 << 14  # prices and sizes repeat: most of a busy stream is found here


@lru_cache(maxsize=_CACHE)
def number(text: str) -> Decimal:
    """Return the Decimal that `text` spells.

    Raises ValueError for anything but a plain decimal: NaN, Infinity, thousands of digits, an
    exponent that would fill the memory, white space, other scripts' digits, and the empty text;
    and for one that is no amount of anything: 1e18 and more, or finer than 24 decimals. A negative
    zero is zero.
    """
    if _NUMBER(text) is None:
        raise ValueError(f"{text[:40]!r} is not a decimal number")
    value = Decimal(text)
    if abs(value) >= ABSURD or ("E" in text.upper() and _is_too_fine(value)):
        raise ValueError(f"{text[:40]!r} is out of all proportion")
    return value if value else abs(value)


def _is_too_fine(value: Decimal) -> bool:
    """True where the exponent that was written leaves more decimals than the pattern allows."""
    exponent = value.as_tuple().exponent
    return not isinstance(exponent, int) or exponent < _SMALLEST_EXPONENT


@lru_cache(maxsize=_CACHE)
def amount(text: str | None) -> Decimal:
    """A quantity or price that cannot be negative; `""` and null are zero. Raises ValueError."""
    value = number(text or "0")
    if value < 0:
        raise ValueError(f"{value} is negative")
    return value


def price(text: str) -> Decimal:
    """A price that something was traded or offered at: more than nothing. Raises ValueError."""
    value = amount(text)
    if not value:
        raise ValueError(f"{text[:40]!r} is no price")
    return value


@lru_cache(maxsize=_CACHE)
def price_or_none(text: str | None) -> Decimal | None:
    """A price where the venue writes `""`, `"0"` or `"0.00"` for none. Raises ValueError."""
    return amount(text) or None


def leverage_or_none(text: str | None) -> Decimal | None:
    """A leverage where the venue writes `""` or `"0"` for none. Raises ValueError."""
    value = price_or_none(text)
    if value is not None and not 1 <= value <= LARGEST_LEVERAGE:
        raise ValueError(f"{value} is no leverage")
    return value


def wire(value: Decimal) -> str:
    """Return `value` in the wire's plain notation, never with an exponent."""
    written = str(value)
    return written if "E" not in written else format(value, "f")


def millis_to_ns(text: str | int | None) -> int:
    """Unix milliseconds, as text or integer, in nanoseconds; 0 when there are none.

    Raises ValueError when the text is no number or lies outside the years 1970 to 2262.
    """
    if not text:
        return 0
    if isinstance(text, str) and len(text) > 16:
        raise ValueError(f"time {text[:40]!r} is out of range")
    value = int(text) * 1_000_000
    if not 0 <= value < 1 << 63:
        raise ValueError(f"time {text!r} is out of range")
    return value
