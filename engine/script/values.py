"""Readers of single values of a session script: each takes a JSON value, returns what it means.

Raises ValueError with what would be right; `engine.script` adds the line and the key.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from enum import StrEnum
from typing import Any

from engine.core.types import NS
from engine.decimals import parse_decimal
from engine.errors import did_you_mean

AT_MAX_S = 10_000_000
TEXT_MAX = 200
SHOWN_CHARS = 60

Reader = Callable[[object], Any]


def read_value(key: str, value: object, reader: Reader) -> Any:
    """What `reader` makes of the value under `key`. Raises ValueError naming both."""
    try:
        return reader(value)
    except ValueError as error:
        raise ValueError(f'"{key}": {shown(value)}: {error}') from None


def market_time(value: object) -> int:
    """Seconds of market time, as nanoseconds."""
    if not isinstance(value, Decimal) or not 0 <= value <= AT_MAX_S:
        raise ValueError(f"it must be seconds from 0 to {AT_MAX_S}, like 1.5")
    return int(value * NS)


def amount(value: object) -> Decimal:
    """A quantity or price, as number or as text."""
    wanted = 'it must be a number greater than 0, like "0.010"'
    try:
        number = parse_decimal(value) if isinstance(value, str) else value
    except ValueError:
        raise ValueError(wanted) from None
    if not isinstance(number, Decimal) or number <= 0:
        raise ValueError(wanted)
    return number


def price_or_none(value: object) -> Decimal | None:
    """A price, or null where there is none."""
    return None if value is None else amount(value)


def text(value: object) -> str:
    """Printable text that is not empty."""
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise ValueError("it must be text that is not empty")
    if len(value) > TEXT_MAX:
        raise ValueError(f"it must have at most {TEXT_MAX} characters")
    return value


def flag(value: object) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise ValueError("it must be true or false")
    return value


def word(kind: type[StrEnum]) -> Reader:
    """A reader of the words of `kind`."""
    words = {str(member): member for member in kind}

    def read(value: object) -> Any:
        if not isinstance(value, str) or value not in words:
            raise ValueError(f"it must be {' or '.join(words)}{did_you_mean(str(value), words)}")
        return words[value]

    return read


def shown(value: object) -> str:
    """A value as the script wrote it, cut short."""
    written = str(value) if isinstance(value, Decimal) else json.dumps(value, default=str)
    return written if len(written) <= SHOWN_CHARS else written[:SHOWN_CHARS] + "…"
