"""JSON taken at its word: an object that gives one key twice says two things, and is refused.

The decoder would take the last of the two, another reader the first. Nobody sends such a thing by
accident, so the check may cost what it costs when it fires, and next to nothing when it does not.
"""

from __future__ import annotations

import json
import math
from typing import Any

import msgspec

MAX_BYTES = 1 << 20
"""The largest frame that is read; the venue's own stay below a tenth of it."""

MAX_DIGITS = 400

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


def refuse_repeated_keys(raw: bytes | msgspec.Raw) -> None:
    """Raise ValueError when an object in this JSON gives a key twice, or it is no JSON.

    Every key has its colon. Read and written again, a key that was given twice comes back once: a
    colon is missing. Only an escape can hide one, and what has escapes goes to the slow reader.
    """
    raw = bytes(raw)
    if b"\\" in raw or raw.count(b":") != _encode(_decode(raw)).count(b":"):
        json.loads(raw, object_pairs_hook=_refuse_repeats)


def rows_of(message: bytes) -> tuple[str, list[bytes]]:
    """Topic and rows of a message that the strict reader refuses whole, for each row to be judged.

    What no JSON may hold (NaN, half a character, a number without end, a key given twice) is left
    in its row, where the strict reader finds it. Raises ValueError or RecursionError where not even
    the message around the rows can be made out.
    """
    text = message.decode("utf-8", "replace")
    envelope = json.loads(text, object_pairs_hook=_distinct, parse_int=_bounded)
    match envelope:
        case {"topic": str(topic), "data": list(rows)}:
            return topic, [json.dumps(row, separators=(",", ":")).encode() for row in rows]
    raise ValueError("no topic with rows")


def _distinct(pairs: list[tuple[str, Any]]) -> object:
    return dict(pairs) if len(dict(pairs)) == len(pairs) else math.nan


def _bounded(digits: str) -> int | float:
    return int(digits) if len(digits) <= MAX_DIGITS else math.nan


def _refuse_repeats(pairs: list[tuple[str, Any]]) -> None:
    if len(dict(pairs)) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"{twice[:40]!r} is given twice")
