"""Instruments of Bybit and their names: the venue's `BTCUSDT` spot is `BTC/USDT` to the engine."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from engine.core.instruments import Instrument
from engine.core.types import Category
from engine.venues.bybit.names import check_names
from engine.venues.bybit.numbers import amount

# Quote coins by which a spot pair splits before its instrument is known, longest first.
_USUAL_COIN = "USDT"
_SPOT_QUOTES = ("USDT", "USDC", "USDE", "EUR", "BRL", "TRY", "DAI", "USD", "BTC", "ETH")


class _PriceFilter(msgspec.Struct, rename="camel"):
    tick_size: str


class _LotFilter(msgspec.Struct, rename="camel"):
    min_order_qty: str = ""
    max_order_qty: str = ""
    max_mkt_order_qty: str = ""
    qty_step: str = ""
    min_notional_value: str = ""
    base_precision: str = ""
    min_order_amt: str = ""
    max_limit_order_qty: str = ""
    max_market_order_qty: str = ""


class InstrumentRow(msgspec.Struct, rename="camel"):
    """One row of instruments-info; spot and derivatives name their filters differently."""

    symbol: str
    base_coin: str
    quote_coin: str
    price_filter: _PriceFilter
    lot_size_filter: _LotFilter
    settle_coin: str = ""
    status: str = ""


def instrument(row: InstrumentRow, category: Category) -> Instrument:
    """Return the row in the engine's words. Raises ValueError where a filter makes no sense."""
    lot = row.lot_size_filter
    spot = category is Category.SPOT
    # Spot still sends minOrderQty and maxOrderQty, and no longer means them.
    step, smallest, largest, largest_market, notional = (
        (
            lot.base_precision,
            lot.base_precision,
            lot.max_limit_order_qty,
            lot.max_market_order_qty,
            lot.min_order_amt,
        )
        if spot
        else (
            lot.qty_step,
            lot.min_order_qty,
            lot.max_order_qty,
            lot.max_mkt_order_qty,
            lot.min_notional_value,
        )
    )
    tick_size, qty_step = amount(row.price_filter.tick_size), amount(step)
    check_names(row.symbol + row.base_coin + row.quote_coin + row.settle_coin)
    if not tick_size or not qty_step:
        raise ValueError(f"{row.symbol}: the tick size or the quantity step is zero")
    return Instrument(
        symbol=f"{row.base_coin}/{row.quote_coin}" if spot else row.symbol,
        category=category,
        venue_symbol=row.symbol,
        base=row.base_coin,
        quote=row.quote_coin,
        settle=row.settle_coin or row.quote_coin,
        tick_size=tick_size,
        qty_step=qty_step,
        min_qty=amount(smallest),
        max_qty=amount(largest),
        max_market_qty=amount(largest_market),
        min_notional=amount(notional),
        trading=row.status == "Trading",
    )


class SymbolMap:
    """Both directions between (category, venue symbol) and the engine's symbol.

    It knows the instruments it was taught. Before that it goes by the spelling: a slash is spot,
    a symbol quoted in bare USD is inverse, everything else linear.
    """

    def __init__(self) -> None:
        self._to_venue: dict[str, tuple[Category, str]] = {}
        self._to_engine: dict[tuple[str, str], str] = {}
        self._instruments: dict[str, Instrument] = {}

    def learn(self, instruments: Iterable[Instrument]) -> None:
        """Take these instruments' names and coins as the truth from now on."""
        for item in instruments:
            self._instruments[item.symbol] = item
            self._to_venue[item.symbol] = (item.category, item.venue_symbol)
            self._to_engine[item.category, item.venue_symbol] = item.symbol

    def venue(self, symbol: str) -> tuple[Category, str]:
        """Return the category and the venue's symbol of an engine symbol."""
        known = self._to_venue.get(symbol)
        if known is not None:
            return known
        if "/" in symbol:
            return Category.SPOT, symbol.replace("/", "")
        return (Category.INVERSE if symbol.endswith("USD") else Category.LINEAR), symbol

    def engine(self, category: str, venue_symbol: str) -> str:
        """Return the engine's symbol of a venue symbol in one category.

        Raises ValueError for a symbol that is no usable name.
        """
        known = self._to_engine.get((category, venue_symbol))
        if known is not None:
            return known
        check_names(venue_symbol)
        if category != Category.SPOT:
            return venue_symbol
        for quote in _SPOT_QUOTES:
            if venue_symbol.endswith(quote) and len(venue_symbol) > len(quote):
                return f"{venue_symbol.removesuffix(quote)}/{quote}"
        return f"{venue_symbol}/"

    def settle_coin(self, symbol: str) -> str:
        """The coin a derivative's fees are paid in; USDT where the instrument is not known."""
        known = self._instruments.get(symbol)
        return known.settle if known is not None else _USUAL_COIN

    def settle_coins(self, category: Category) -> list[str]:
        """Every coin that a known market of this category settles in; USDT before any is known."""
        coins = {item.settle for item in self._instruments.values() if item.category is category}
        return sorted(coins) or [_USUAL_COIN]
