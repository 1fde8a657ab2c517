"""Readers of single configuration values: each takes a TOML value, returns what it means.

A reader raises ValueError with what would be right; `engine.config` adds where and which value.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from ipaddress import ip_address
from urllib.parse import urlsplit

from engine.core.limits.keys import LARGEST
from engine.decimals import parse_decimal
from engine.errors import did_you_mean

Reader = Callable[[object], object]

SYMBOL = re.compile(r"[A-Z0-9]{2,20}(/[A-Z0-9]{2,20})?")


def decimal_above_zero(value: object) -> Decimal:
    """A number greater than 0: `"100000"`, `100000` or `0.5`."""
    number = _number(value)
    if not 0 < number <= LARGEST:
        raise ValueError("it must be greater than 0 and at most 1000000000000")
    return number


def fraction(value: object) -> Decimal:
    """A share between 0 and 1, both left out: `"0.05"` is 5 %."""
    number = _number(value)
    if not 0 < number < 1:
        raise ValueError('it must be a fraction between 0 and 1: "0.05" is 5 %')
    return number


def _number(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise ValueError('it must be a number, like "100000"')
    try:
        number = parse_decimal(value) if isinstance(value, str) else Decimal(value)
    except ValueError:
        raise ValueError(
            'it must be a plain number without unit or separator, like "100000"'
        ) from None
    if not number.is_finite():
        raise ValueError("it must be a finite number")
    return number


def whole(lowest: int, highest: int) -> Reader:
    """A whole number in a range, both ends included."""

    def read(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
            raise ValueError(f"it must be a whole number from {lowest} to {highest}")
        return value

    return read


def boolean(value: object) -> bool:
    """`true` or `false`; no other spelling."""
    if not isinstance(value, bool):
        raise ValueError("it must be true or false, without quotes")
    return value


def text(value: object) -> str:
    """Any text of printable characters that is not empty."""
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise ValueError("it must be text that is not empty")
    return value


def name(pattern: str, meaning: str) -> Reader:
    """Text that matches `pattern` as a whole."""
    compiled = re.compile(pattern)

    def read(value: object) -> str:
        if not isinstance(value, str) or not compiled.fullmatch(value):
            raise ValueError(f"it must be {meaning}")
        return value

    return read


def one_of(*choices: str) -> Reader:
    """One of the given words."""

    def read(value: object) -> str:
        if value not in choices or not isinstance(value, str):
            listed = " or ".join(f'"{choice}"' for choice in choices)
            raise ValueError(f"it must be {listed}{did_you_mean(str(value), choices)}")
        return value

    return read


def symbol(value: object) -> str:
    """A market's name: `BTCUSDT` the perpetual, `BTC/USDT` the spot pair."""
    if not isinstance(value, str) or not SYMBOL.fullmatch(value):
        raise ValueError('it must be a symbol in capitals, like "BTCUSDT" or "BTC/USDT"')
    return value


def symbols(value: object) -> tuple[str, ...]:
    """A list of different symbols, at least one."""
    if not isinstance(value, list) or not value:
        raise ValueError('it must be a list with at least one symbol, like ["BTCUSDT"]')
    listed = tuple(symbol(item) for item in value)
    if len(set(listed)) < len(listed):
        raise ValueError("each symbol may stand in it once")
    return listed


def keys(value: object) -> str:
    """Keys of an action: `"b"`, `"b,B"` or `["b", "B"]`; a comma between them."""
    listed = value if isinstance(value, list) else [value]
    named = [key for key in listed if isinstance(key, str) and key.strip()]
    if not named or len(named) < len(listed):
        raise ValueError('it must be a key or a list of keys, like "f5" or ["b", "B"]')
    return ",".join(named)


def loopback_url(value: object) -> str:
    """An http address of this machine with its port, and nothing behind it."""
    wanted = 'it must be an address of this machine, like "http://127.0.0.1:18080"'
    if not isinstance(value, str):
        raise ValueError(wanted)
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise ValueError(wanted) from None
    plain = parts.path in ("", "/") and not (parts.query or parts.fragment or parts.username)
    if parts.scheme != "http" or not port or not plain or not _is_loopback(parts.hostname or ""):
        raise ValueError(wanted)
    return value.rstrip("/")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
