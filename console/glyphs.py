"""Signs that go with every colour, in Unicode and in plain ASCII."""

from __future__ import annotations

import msgspec


class Glyphs(msgspec.Struct, frozen=True, kw_only=True, cache_hash=True):
    """One character (or two) a meaning; hue never carries a meaning alone."""

    buy: str = "B▲"
    sell: str = "S▼"
    up: str = "▲"
    down: str = "▼"
    sent: str = "◌"
    live: str = "○"
    partial: str = "◐"
    filled: str = "●"
    leaving: str = "◌✕"
    amending: str = "◌~"
    gone: str = "✕"
    waiting: str = "◇"
    bad: str = "!"
    unknown: str = "?"
    ok: str = "✓"
    fail: str = "✗"
    none: str = "–"
    arrow: str = "→"
    more: str = "…"
    cursor: str = "▸"
    last: str = "◂"
    own_buy: str = "▸"
    own_sell: str = "◂"
    separator: str = "│"
    play: str = "▶"
    pause: str = "‖"
    bar_full: str = "█"
    bar_empty: str = "░"
    total: str = "Σ"
    descending: str = "▼"
    ascending: str = "▲"
    rule: str = "─"
    braille: bool = True


UNICODE = Glyphs()

ASCII = Glyphs(
    buy="B+",
    sell="S-",
    up="^",
    down="v",
    sent=".",
    live="o",
    partial="O",
    filled="*",
    leaving=".x",
    amending=".~",
    gone="x",
    waiting="w",
    bad="!",
    unknown="?",
    ok="ok",
    fail="!!",
    none="-",
    arrow="->",
    more="~",
    cursor=">",
    last="<",
    own_buy=">",
    own_sell="<",
    separator="|",
    play=">",
    pause="=",
    bar_full="#",
    bar_empty=".",
    total="sum",
    descending="v",
    ascending="^",
    rule="-",
    braille=False,
)
