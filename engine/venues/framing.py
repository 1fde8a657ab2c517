"""Frames of WebSockets that hold a whole text: nearly all are of that kind (RFC 6455, 5.2)."""

from __future__ import annotations

import secrets

try:
    from websockets.speedups import apply_mask
except ImportError:  # pragma: no cover - where it could not be compiled
    from websockets.utils import apply_mask

WHOLE_TEXT = 0x81
"""A frame's first byte where it is the only one of a text."""
MASKED = 0x80
"""A bit of the second byte; the others say the length. What clients send is masked."""
_EXTENDED = {126: 2, 127: 8}
"""How many bytes say the length where the second byte cannot."""


def frame_at(data: bytes, start: int) -> tuple[int, int]:
    """Where the payload of a frame begins and ends; beyond `data` while that is not known.

    A venue's frames have no mask: of one that has, only what says so is told.
    """
    have = len(data) - start
    length = data[start + 1] if have > 1 else 0
    size = _EXTENDED.get(length, 0)
    begin = start + 2 + size
    if have < 2 + size:
        return begin, len(data) + 1
    if size:
        return begin, begin + int.from_bytes(data[start + 2 : begin])
    return begin, begin if length & MASKED else begin + length


def masked_text(message: bytes) -> bytes:
    """A text as a client sends it, behind a mask that nobody can foresee."""
    length, mask = len(message), secrets.token_bytes(4)
    if length < 126:
        head = bytes((WHOLE_TEXT, MASKED | length))
    elif length < 1 << 16:
        head = bytes((WHOLE_TEXT, MASKED | 126, length >> 8, length & 255))
    else:
        head = bytes((WHOLE_TEXT, MASKED | 127)) + length.to_bytes(8)
    return head + mask + apply_mask(message, mask)
