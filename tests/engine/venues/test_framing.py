"""Frames of whole texts, against the library that reads and writes every kind."""

from __future__ import annotations

import pytest
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.server import ServerProtocol

from engine.venues.framing import frame_at, masked_text

LENGTHS = [0, 1, 125, 126, 65_535, 65_536]


@pytest.mark.parametrize("length", LENGTHS)
def test_a_text_is_read_behind_its_mask(length: int) -> None:
    text = bytes(number % 251 for number in range(length))
    venue = ServerProtocol(state=State.OPEN)
    venue.receive_data(masked_text(text))
    assert venue.events_received() == [Frame(Opcode.TEXT, text)]


def test_masks_cannot_be_foreseen() -> None:
    assert len({masked_text(b"")[2:] for _ in range(10)}) > 1


@pytest.mark.parametrize("length", LENGTHS)
def test_a_frame_ends_beyond_what_has_come_of_it(length: int) -> None:
    whole = Frame(Opcode.BINARY, bytes(length)).serialize(mask=False)
    for have in {*range(1, min(20, len(whole))), len(whole) - 1} - {0}:
        assert frame_at(b"before" + whole[:have], 6)[1] > 6 + have
    assert frame_at(b"before" + whole, 6) == (6 + len(whole) - length, 6 + len(whole))


def test_of_a_frame_with_a_mask_only_that_is_told() -> None:
    assert frame_at(Frame(Opcode.TEXT, b"text").serialize(mask=True), 0) == (2, 2)
