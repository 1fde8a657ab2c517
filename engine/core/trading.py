"""How far trading is narrowed: for the account, for one symbol, and which of the two holds."""

from __future__ import annotations

import msgspec

from engine.core.types import TradingState

_STRICTNESS = {TradingState.ACTIVE: 0, TradingState.REDUCING: 1, TradingState.HALTED: 2}


class Narrowing(msgspec.Struct, frozen=True):
    """A trading state with who brought it about, why, and since when (unix ns)."""

    state: TradingState
    by: str = ""
    reason: str = ""
    since: int = 0


def is_stricter(one: TradingState, other: TradingState) -> bool:
    """True when `one` allows less than `other`: HALTED less than REDUCING less than ACTIVE."""
    return _STRICTNESS[one] > _STRICTNESS[other]
