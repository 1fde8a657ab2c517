"""How an engine and the process that writes its journal talk: plain values, each with its length.

Both ends are the same interpreter of the same installation, and only they hold the socket: marshal
is safe between them, and the fastest there is.
"""

from __future__ import annotations

import marshal
import struct
from typing import Any

_LENGTH = struct.Struct("<I")


def frame(value: Any) -> bytes:
    """Return `value` (numbers, text, bytes, lists, tuples, None) as it goes through the socket."""
    data = marshal.dumps(value)
    return _LENGTH.pack(len(data)) + data


class Frames:
    """Takes what was received, in pieces of any size, apart into values again."""

    def __init__(self) -> None:
        self._data = b""

    def feed(self, data: bytes) -> list[Any]:
        """Return the values that are whole with these bytes."""
        data = self._data + data if self._data else data
        values, start = [], 0
        while len(data) >= (begin := start + _LENGTH.size):
            end = begin + _LENGTH.unpack_from(data, start)[0]
            if len(data) < end:
                break
            values.append(marshal.loads(data[begin:end]))
            start = end
        self._data = data[start:]
        return values
