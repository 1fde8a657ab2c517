"""The footer names the keys that matter most, and the kill key at any width."""

from __future__ import annotations

from console.keymap import read_keymap
from console.views.footer import footer_items, footer_text

KEYMAP = read_keymap()
ITEMS = footer_items(KEYMAP, read_only=False)
FULL = (
    "F12×2 KILL  F8 arm  b buy  s sell  c cancel  C cancel…  m modify  / filter  Enter detail  "
    "z zoom  ? help  ^p palette"
)


def test_the_footer_names_what_fits_and_always_the_kill_key() -> None:
    assert footer_text(ITEMS, 200) == FULL
    assert footer_text(ITEMS, len(FULL)) == FULL
    assert footer_text(ITEMS, 80) == "F12×2 KILL  F8 arm  b s c C m / Enter z ? ^p"
    assert footer_text(ITEMS, 20) == "F12×2 KILL  F8 arm"
    assert footer_text(ITEMS, 5) == "F12×2 KILL"


def test_a_read_only_footer_offers_no_trade() -> None:
    keys = [key for key, _ in footer_items(KEYMAP, read_only=True)]
    assert keys == ["F12×2", "/", "Enter", "z", "?", "^p"]


def test_a_remapped_key_is_named_in_the_footer() -> None:
    items = footer_items(read_keymap({"order.buy": "B"}), read_only=False)
    assert ("B", "buy") in items
