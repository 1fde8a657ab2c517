"""How an order's state looks: a sign, a short word, a meaning. One table for every panel."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache
from typing import NamedTuple

from console.glyphs import Glyphs
from console.views.cells import Cell
from engine.core.types import OrderState, Side


class Look(NamedTuple):
    """`glyph` names a field of Glyphs; `label` is the word; `style` the meaning."""

    glyph: str
    label: str
    style: str


LOOKS: dict[str, Look] = {
    OrderState.INITIALIZED: Look("sent", "INIT", "state-sent"),
    OrderState.DENIED: Look("bad", "DENIED", "state-rejected"),
    OrderState.PENDING: Look("sent", "SENT", "state-sent"),
    OrderState.UNTRIGGERED: Look("waiting", "WAITING", "state-waiting"),
    OrderState.NEW: Look("live", "ACKED", "state-acked"),
    OrderState.SUSPENDED: Look("waiting", "SUSPENDED", "state-waiting"),
    OrderState.PARTIALLY_FILLED: Look("partial", "PARTIAL", "state-partial"),
    OrderState.FILLED: Look("filled", "FILLED", "state-filled"),
    OrderState.CANCELED: Look("gone", "CANCELED", "state-canceled"),
    OrderState.REJECTED: Look("bad", "REJECTED", "state-rejected"),
    OrderState.EXPIRED: Look("gone", "EXPIRED", "state-canceled"),
    OrderState.PENDING_CANCEL: Look("leaving", "CANCEL…", "state-leaving"),
    OrderState.PENDING_REPLACE: Look("amending", "AMEND…", "state-leaving"),
    OrderState.UNKNOWN: Look("unknown", "UNKNOWN", "state-unknown"),
}


_REASONS = {"USER": "on request"}
_VENUE_CODES = re.compile(r"(?:(?:EC_|Cancel)\w+ ?)+", re.ASCII)


def why(reason: str, text: str) -> str:
    """Why an order ended, once: the venue's codes are left out where the reason says the same."""
    if reason not in ("", "VENUE") and _VENUE_CODES.fullmatch(text):
        text = ""
    return " ".join(part for part in (_REASONS.get(reason, reason), text) if part)


@cache
def label(state: str, glyphs: Glyphs) -> str:
    """The short word of a state, in the characters that the terminal has."""
    return LOOKS[state].label.replace("…", glyphs.more)


@cache
def state_cell(state: str, glyphs: Glyphs) -> Cell:
    """`◐ PARTIAL` and its meaning."""
    look = LOOKS[state]
    return Cell(f"{getattr(glyphs, look.glyph)} {label(state, glyphs)}", look.style)


@cache
def side_cell(side: Side, glyphs: Glyphs) -> Cell:
    """`B▲` or `S▼` and its meaning."""
    return Cell(glyphs.buy, "buy") if side is Side.BUY else Cell(glyphs.sell, "sell")


def side_style(side: Side) -> str:
    """The meaning that a figure of this side carries."""
    return "buy" if side is Side.BUY else "sell"


def pnl_cell(value: Decimal | None, text: str, glyphs: Glyphs) -> Cell:
    """A signed figure with its direction: `▲+1,204.11`, `▼-88.20`; zero is neutral."""
    if value is None:
        return Cell(glyphs.none, "muted")
    if not text.startswith(("+", "-")):
        return Cell(text, "flat")
    if value > 0:
        return Cell(glyphs.up + text, "gain")
    return Cell(glyphs.down + text, "loss")
