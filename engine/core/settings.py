"""What an account has set for a market at the venue: its leverage, and how positions are kept.

In one-way mode a market has one position. In hedge mode it has two: index 1 is long or flat,
index 2 short or flat, and every order says which of them it is about (Bybit `positionIdx`).
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from engine.core.types import Side

ONE_WAY, LONG, SHORT = 0, 1, 2
LARGEST_LEVERAGE = Decimal(1_000)
"""Beyond it a number is a slip; what a market really allows the venue says."""


class MarketSettings(msgspec.Struct, frozen=True, omit_defaults=True):
    """One market's settings as the venue tells them; a leverage that is None was not told."""

    symbol: str
    hedged: bool = False
    leverage: Decimal | None = None

    def index_of(self, side: Side, *, reduce_only: bool) -> int:
        """The position that an order is about: a sale that reduces closes what is long."""
        if not self.hedged:
            return ONE_WAY
        return LONG if (side is Side.BUY) is not reduce_only else SHORT


class SettingAsked(
    msgspec.Struct,
    frozen=True,
    tag="setting_asked",
    tag_field="event",
    kw_only=True,
    omit_defaults=True,
):
    """Somebody asks the venue for another setting of a market; what is None stays."""

    ts: int
    command_id: str
    symbol: str
    leverage: Decimal | None = None
    hedged: bool | None = None
    by: str = "operator"


class SettingsChanged(
    msgspec.Struct,
    frozen=True,
    tag="settings",
    tag_field="event",
    kw_only=True,
    omit_defaults=True,
):
    """What the venue says that is set now, of the markets where it differs from what was known."""

    ts: int
    markets: tuple[MarketSettings, ...]
