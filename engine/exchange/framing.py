"""Frames of WebSockets that hold a whole text: nearly all are of that kind (RFC 6455, 5.2)."""

from __future__ import annotations

try:
    from websockets.speedups import apply_mask
except ImportError:  # pragma: no cover - where it could not be compiled
    from websockets.utils import apply_mask

WHOLE_TEXT = 0x81
"""A frame's first byte where it is the only one of a text."""
MASKED = 0x80
"""A bit of the second byte; the others say the length. What clients send is masked."""
_MASK_BYTES = 4
_EXTENDED = {126: 2, 127: 8}
"""How many bytes say the length where the second byte cannot."""


def frame_at(data: bytes, start: int) -> tuple[int, int]:
    """Where the payload of a client's frame begins and ends; beyond `data` while it is not known.

    Of a frame without a mask only what says so is told.
    """
    have = len(data) - start
    second = data[start + 1] if have > 1 else MASKED
    if second < MASKED:
        return start + 2, start + 2
    length = second - MASKED
    size = _EXTENDED.get(length, 0)
    begin = start + 2 + size + _MASK_BYTES
    if have < 2 + size:
        return begin, len(data) + 1
    if size:
        length = int.from_bytes(data[start + 2 : start + 2 + size])
    return begin, begin + length


def unmasked(data: bytes, begin: int, end: int) -> bytes:
    """The payload of a client's frame."""
    return apply_mask(data[begin:end], data[begin - _MASK_BYTES : begin])


def text_frame(message: bytes) -> bytes:
    """A text as a server sends it."""
    length = len(message)
    if length < 126:
        return bytes((WHOLE_TEXT, length)) + message
    if length < 1 << 16:
        return bytes((WHOLE_TEXT, 126, length >> 8, length & 255)) + message
    return bytes((WHOLE_TEXT, 127)) + length.to_bytes(8) + message
