"""Footer view: the keys worth naming, in as many words as fit."""

from __future__ import annotations

from collections.abc import Sequence

from console.actions import TABLE, key_text
from console.keymap import Keymap


def footer_items(keymap: Keymap, *, read_only: bool) -> list[tuple[str, str]]:
    """Key and label of what the footer names, most important first."""
    ranked = sorted((a for a in TABLE if a.footer), key=lambda a: a.footer)
    items: list[tuple[str, str]] = []
    for action in ranked:
        keys = keymap.keys[action.id]
        if not keys or (read_only and action.trades):
            continue
        key = key_text(keys[0])
        items.append((f"{key}×2" if action.id == "kill.halt" else key, action.label))
    return items


def footer_text(items: Sequence[tuple[str, str]], width: int) -> str:
    """The longest form that fits: every label, the first two labels, or the kill key alone."""
    full = "  ".join(f"{key} {label}" for key, label in items)
    head = "  ".join(f"{key} {label}" for key, label in items[:2])
    short = head + "  " + " ".join(key for key, _ in items[2:])
    kill = f"{items[0][0]} {items[0][1]}"
    return next((form for form in (full, short, head) if len(form) <= width), kill)
