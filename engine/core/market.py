"""Public market data in our words: book changes, trades, marks.

Market data is context, never an event: it is not journaled, it may be conflated, and a decision
only reads the latest of it.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from engine.core.types import Side

Level = tuple[Decimal, Decimal]
"""(price, quantity)."""


class BookUpdate(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Levels that changed; quantity 0 removes one. A snapshot replaces the whole book."""

    symbol: str
    snapshot: bool
    bids: list[Level]
    asks: list[Level]
    update_id: int
    ts: int


class TradeTick(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One public trade; `side` is the aggressor's."""

    symbol: str
    side: Side
    qty: Decimal
    price: Decimal
    ts: int


class TickerUpdate(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Changed ticker figures; None means unchanged. `mark` is what P&L is measured at."""

    symbol: str
    mark: Decimal | None
    last: Decimal | None
    ts: int


MarketUpdate = BookUpdate | TradeTick | TickerUpdate


class Quote(msgspec.Struct, gc=False, kw_only=True):
    """What is known of one market now. Any part may be missing; `ts` says how old it is.

    `mark_ts` is the mark's own time, `earlier` the oldest mark of the last five minutes.
    """

    symbol: str
    bid: Decimal | None = None
    ask: Decimal | None = None
    mark: Decimal | None = None
    last: Decimal | None = None
    ts: int = 0
    mark_ts: int = 0
    earlier: Decimal | None = None

    @property
    def mid(self) -> Decimal | None:
        """The middle of the book; None when it is crossed or has one side only."""
        if self.bid is None or self.ask is None or self.bid >= self.ask:
            return None
        return (self.bid + self.ask) / 2

    @property
    def reference(self) -> Decimal | None:
        """The price that limits are measured against; None when there is nothing to go by.

        The mark; before the first one the middle of the book, and without a book the last trade.
        A book that is crossed or has one side only says nothing.
        """
        if self.mark is not None:
            return self.mark
        if self.bid is None and self.ask is None:
            return self.last
        return self.mid
