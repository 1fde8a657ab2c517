"""Numbers, ages and times as text: pure, exact, never longer than they need to be.

A value that does not exist is shown as the `none` sign, never as zero.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache

from rich.cells import cell_len, set_cell_size

from console.glyphs import UNICODE

NS = 1_000_000_000
DAY_S = 86_400

NONE = UNICODE.none

_PLAIN_NUMBER = re.compile(
    r"(?<![\w.,:#])(?<!\w-)[1-9][0-9]{3,}(?:\.[0-9]+)?(?!\w|[.,-][0-9])", re.ASCII
)

KEPT = 4_096
"""Texts kept of each kind that screens show again and again: prices, times, signs in columns."""


@lru_cache(maxsize=1024)
def decimals(step: Decimal) -> int:
    """Digits after the point that a tick or lot step needs: 0.10 -> 1, 0.001 -> 3, 5 -> 0."""
    exponent = step.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


@lru_cache(maxsize=KEPT)
def exact(value: Decimal | None, step: Decimal | None = None, none: str = NONE) -> str:
    """A price or quantity with thousands separators, at least as many digits as its step has.

    Digits beyond the step are kept: what the venue said is shown, not rounded.
    """
    if value is None:
        return none
    places = decimals(step) if step is not None else 0
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and -exponent > places:
        places = max(places, decimals(value))
    return f"{value:,.{places}f}"


def separated(text: str) -> str:
    """A sentence with thousands separators in its plain numbers; ids and symbols stay."""
    return _PLAIN_NUMBER.sub(lambda found: exact(Decimal(found[0])), text)


def rounded(value: Decimal | None, step: Decimal | None = None, none: str = NONE) -> str:
    """A derived figure (an average price) rounded to its step; two digits where none is known."""
    if value is None:
        return none
    return f"{value:,.{2 if step is None else decimals(step)}f}"


def signed(value: Decimal | None, places: int = 2, none: str = NONE) -> str:
    """`+1,204.11`, `-88.20`; zero, and what rounds to it, has no sign."""
    if value is None:
        return none
    text = f"{value:+,.{places}f}"
    return text if text.strip("+-0.,") else text[1:]


def money(value: Decimal | None, none: str = NONE) -> str:
    """A signed amount in few cells: `+88.20` `-1,204.1` `+56,210`, digits given up as it grows."""
    if value is None:
        return none
    size = abs(value)
    return signed(value, 2 if size < 1_000 else 1 if size < 10_000 else 0)


def amount(value: Decimal | None, none: str = NONE) -> str:
    """As `money`, without a sign: `239.87` `1,204.1` `422,797`."""
    return none if value is None else money(abs(value)).lstrip("+")


def signed_exact(value: Decimal | None, step: Decimal | None = None, none: str = NONE) -> str:
    """A signed quantity: `+0.700`, `-2.000`; zero has no sign."""
    if value is None:
        return none
    text = exact(abs(value), step)
    return text if not value else ("+" if value > 0 else "-") + text


def clock(ts_ns: int) -> str:
    """`14:03:21`, UTC."""
    seconds = ts_ns // NS % DAY_S
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


@lru_cache(maxsize=KEPT)
def clock_ms(ts_ns: int) -> str:
    """`14:03:21.442`, UTC."""
    return f"{clock(ts_ns)}.{ts_ns // 1_000_000 % 1000:03}"


def age(seconds: float, *, whole: bool = False) -> str:
    """How long: `0.4s` `7s` `59s` `3m05` `2h13` `4d06`; tenths only below ten seconds."""
    seconds = max(0.0, seconds)
    if seconds < 10 and not whole:
        return f"{seconds:.1f}s"
    total = int(seconds)
    if total < 60:
        return f"{total}s"
    if total < 3600:
        return f"{total // 60}m{total % 60:02}"
    if total < DAY_S:
        return f"{total // 3600}h{total // 60 % 60:02}"
    return f"{total // DAY_S}d{total // 3600 % 24:02}"


def countdown(seconds: float) -> str:
    """Minutes and seconds left: `4:32`."""
    total = max(0, int(seconds))
    return f"{total // 60}:{total % 60:02}"


def millis(seconds: float) -> str:
    """A latency in milliseconds: `4.1`, `19.3`, from 100 on without digits: `812`."""
    value = seconds * 1000
    return f"{value:.1f}" if value < 99.95 else f"{value:,.0f}"


def count(value: int) -> str:
    """A number of things with thousands separators."""
    return f"{value:,}"


def clip(text: str, width: int, *, tail: bool = False, more: str = "…") -> str:
    """Cut `text` to exactly `width` terminal cells, with a mark; `tail` keeps the end instead.

    What fits is returned as it is.
    """
    if cell_len(text) <= width:
        return text
    room = width - cell_len(more)
    if room <= 0:
        return set_cell_size(text, max(0, width))
    if not tail:
        return set_cell_size(text, room) + more
    while cell_len(text) > room:
        text = text[1:]
    return more + " " * (room - cell_len(text)) + text


@lru_cache(maxsize=KEPT)
def fit(text: str, width: int, *, tail: bool = False, more: str = "…") -> tuple[str, int]:
    """`text` cut to at most `width` terminal cells, and how many of them it leaves free."""
    length = len(text) if text.isascii() else cell_len(text)
    if length > width:
        return clip(text, width, tail=tail, more=more), 0
    return text, width - length
