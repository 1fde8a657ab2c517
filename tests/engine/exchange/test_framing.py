"""Frames of whole texts, against the library that reads and writes every kind."""

from __future__ import annotations

import pytest
from websockets.frames import Frame, Opcode

from engine.exchange.framing import frame_at, text_frame, unmasked

LENGTHS = [0, 1, 125, 126, 65_535, 65_536]


@pytest.mark.parametrize("length", LENGTHS)
def test_a_text_is_written_as_everybody_does(length: int) -> None:
    assert text_frame(b"x" * length) == Frame(Opcode.TEXT, b"x" * length).serialize(mask=False)


@pytest.mark.parametrize("length", LENGTHS)
def test_what_a_client_writes_is_read_behind_its_mask(length: int) -> None:
    text = bytes(number % 251 for number in range(length))
    data = b"before" + Frame(Opcode.TEXT, text).serialize(mask=True)
    begin, end = frame_at(data, 6)
    assert end == len(data)
    assert unmasked(data, begin, end) == text


@pytest.mark.parametrize("length", LENGTHS)
def test_a_frame_ends_beyond_what_has_come_of_it(length: int) -> None:
    whole = Frame(Opcode.BINARY, bytes(length)).serialize(mask=True)
    for have in {*range(1, min(20, len(whole))), len(whole) - 1}:
        assert frame_at(whole[:have], 0)[1] > have


def test_of_a_frame_without_a_mask_only_that_is_told() -> None:
    assert frame_at(b"before" + Frame(Opcode.TEXT, b"text").serialize(mask=False), 6) == (8, 8)
