"""Core data as plain values for files: strings, numbers, lists and dicts, decimals written out."""

from __future__ import annotations

from decimal import Decimal
from typing import cast

import msgspec

Plain = str | int | float | bool | None | list["Plain"] | dict[str, "Plain"]
"""What a JSON file can hold."""

_AS_THEY_ARE = frozenset({str, int, float, bool, type(None)})


def decimal_text(number: Decimal) -> str:
    """The number in full, without an exponent: `0.00000001`, never `1E-8`."""
    text = str(number)
    return text if "E" not in text else f"{number:f}"


def one_of(number: Decimal, known: Decimal | None) -> Decimal:
    """`known` where `number`, not 0, is written like it: one object of 104 bytes, not two."""
    return known if known is not None and number == known and number.same_quantum(known) else number


def to_plain(value: object) -> dict[str, Plain]:
    """A struct (or a dict of them) as JSON-able values; decimals become strings."""
    builtins = msgspec.to_builtins(value, builtin_types=(Decimal,))
    return cast(dict[str, Plain], _written_out(builtins))


def _written_out(value: object) -> Plain:
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, dict):
        return {key: _member(item) for key, item in value.items()}
    return [_member(item) for item in cast(list[object], value)]


def _member(value: object) -> Plain:
    return cast(Plain, value) if type(value) in _AS_THEY_ARE else _written_out(value)


def clock_text(ts: int) -> str:
    """The time of day, UTC, of unix nanoseconds: `14:03:28.442`."""
    seconds, millis = divmod(ts // 1_000_000 % 86_400_000, 1000)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour:02}:{minute:02}:{second:02}.{millis:03}"
