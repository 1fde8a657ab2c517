"""What can be traded: an instrument and the steps its prices and quantities move in.

The engine's symbol names a market on its own: `BTCUSDT` is the perpetual, `BTC/USDT` the spot
pair, as Bybit's own screens write them; `venue_symbol` and `category` are what goes on the wire.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from engine.core.types import Category

# Looking a member up through its class takes 100 ns on Python 3.11; it is needed every order.
INVERSE = Category.INVERSE


class Instrument(msgspec.Struct, frozen=True, gc=False):
    """One market and its filters. Prices are in quote, quantities in base (inverse: in quote)."""

    symbol: str
    category: Category
    venue_symbol: str
    base: str
    quote: str
    settle: str
    tick_size: Decimal
    qty_step: Decimal
    min_qty: Decimal
    max_qty: Decimal
    max_market_qty: Decimal
    min_notional: Decimal
    trading: bool = True

    def notional(self, qty: Decimal, price: Decimal) -> Decimal:
        """Value of `qty` at `price`, in quote currency."""
        return qty if self.category is INVERSE else qty * price
