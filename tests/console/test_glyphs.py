"""Both sets of signs can be drawn where they are meant to be."""

from __future__ import annotations

import msgspec
from rich.cells import cell_len

from console.glyphs import ASCII, UNICODE, Glyphs


def _texts(glyphs: Glyphs) -> dict[str, str]:
    return {k: v for k, v in msgspec.structs.asdict(glyphs).items() if isinstance(v, str)}


def test_the_ascii_set_is_ascii() -> None:
    assert "".join(_texts(ASCII).values()).isascii()


def test_both_sets_tell_buy_from_sell_and_the_states_apart() -> None:
    for glyphs in (UNICODE, ASCII):
        states = ("sent", "live", "partial", "filled", "leaving", "gone", "bad", "unknown")
        signs = [getattr(glyphs, name) for name in states]
        assert len(set(signs)) == len(signs)
        assert glyphs.buy != glyphs.sell


def test_no_sign_is_wider_than_its_place() -> None:
    for glyphs in (UNICODE, ASCII):
        assert all(cell_len(text) <= 3 for text in _texts(glyphs).values())
        assert cell_len(glyphs.cursor) == 1
