"""What the exchange lists: a market and the filters an order has to pass."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from engine.exchange.numbers import ZERO, parse

# Ceilings where the row has none, small enough that any order's value is exact in 28 digits.
LARGEST_QTY = Decimal(10) ** 12
LARGEST_PRICE = Decimal(10) ** 7

InstrumentRow = dict[str, object]
"""A row of `market/instruments-info` as decoded JSON."""


class Instrument(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One market. Prices are in quote coin, quantities in base coin, `min_notional` in quote.

    `key` is category and symbol: what identifies a market on the wire.
    """

    key: tuple[str, str]
    category: str
    symbol: str
    base: str
    quote: str
    settle: str
    tick: Decimal
    step: Decimal
    min_qty: Decimal
    max_qty: Decimal
    max_market_qty: Decimal
    min_notional: Decimal
    min_price: Decimal
    max_price: Decimal
    row: InstrumentRow


def parse_instrument(row: InstrumentRow) -> Instrument:
    """Read a row of instruments-info. Raises ValueError naming the field that is wrong."""
    contract = row.get("contractType", "")
    if contract == "":
        return _parse_spot(row)
    if not str(contract).startswith("Linear"):
        raise ValueError(f"contractType {contract!r} is not traded here: linear or spot only")
    prices, lots = _table(row, "priceFilter"), _table(row, "lotSizeFilter")
    step = _positive(lots, "qtyStep")
    max_qty = _number(lots, "maxOrderQty", LARGEST_QTY)
    symbol = _word(row, "symbol")
    return Instrument(
        key=("linear", symbol),
        category="linear",
        symbol=symbol,
        base=_word(row, "baseCoin"),
        quote=_word(row, "quoteCoin"),
        settle=_word(row, "settleCoin"),
        tick=_positive(prices, "tickSize"),
        step=step,
        min_qty=_number(lots, "minOrderQty", step),
        max_qty=max_qty,
        max_market_qty=_number(lots, "maxMktOrderQty", max_qty),
        min_notional=_number(lots, "minNotionalValue", ZERO),
        min_price=_number(prices, "minPrice", ZERO),
        max_price=_number(prices, "maxPrice", LARGEST_PRICE),
        row=row,
    )


def _parse_spot(row: InstrumentRow) -> Instrument:
    prices, lots = _table(row, "priceFilter"), _table(row, "lotSizeFilter")
    step = _positive(lots, "basePrecision")
    max_qty = _number(lots, "maxLimitOrderQty", LARGEST_QTY)
    symbol = _word(row, "symbol")
    return Instrument(
        key=("spot", symbol),
        category="spot",
        symbol=symbol,
        base=_word(row, "baseCoin"),
        quote=_word(row, "quoteCoin"),
        settle=_word(row, "quoteCoin"),
        tick=_positive(prices, "tickSize"),
        step=step,
        min_qty=step,  # the venue's minOrderQty is no longer in force on spot
        max_qty=max_qty,
        max_market_qty=_number(lots, "maxMarketOrderQty", max_qty),
        min_notional=_number(lots, "minOrderAmt", ZERO),
        min_price=ZERO,
        max_price=LARGEST_PRICE,
        row=row,
    )


def _table(row: InstrumentRow, name: str) -> Mapping[str, object]:
    found = row.get(name)
    if not isinstance(found, dict):
        raise ValueError(f"instrument has no {name}")
    return found


def _word(row: InstrumentRow, name: str) -> str:
    found = row.get(name)
    if not isinstance(found, str) or not found:
        raise ValueError(f"instrument has no {name}")
    return found


def _number(table: Mapping[str, object], name: str, default: Decimal) -> Decimal:
    written = table.get(name, "")
    if written == "":
        return default
    found = parse(written) if isinstance(written, str) else None
    if found is None:
        raise ValueError(f"instrument's {name} is not a number: {written!r}")
    return found


def _positive(table: Mapping[str, object], name: str) -> Decimal:
    found = _number(table, name, ZERO)
    if found <= 0:
        raise ValueError(f"instrument's {name} must be above zero")
    return found
