"""What makes an execution exact and the same as another, its position, and prices that agree."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from engine.core.reports import FillEvent
from engine.core.types import Side, to_decimal


def position_key(symbol: str, index: int) -> str:
    """What `PositionTracker.positions` calls a position: the symbol, `BTCUSDT#1` in hedge mode."""
    return f"{symbol}#{index}" if index else symbol


def split_key(key: str) -> tuple[str, int]:
    """The market and the index that `position_key` made a key of."""
    symbol, _, index = key.partition("#")
    return symbol, int(index or 0)


def exact(fill: FillEvent) -> FillEvent:
    """The same fill; scripts may have given floats and strings where decimals are meant."""
    if type(fill.qty) is type(fill.price) is type(fill.fee) is Decimal and type(fill.side) is Side:
        return fill
    return msgspec.structs.replace(
        fill,
        qty=to_decimal(fill.qty, "qty"),
        price=to_decimal(fill.price, "price"),
        fee=to_decimal(fill.fee, "fee"),
        side=Side(fill.side),
    )


def is_same(known: FillEvent, fill: FillEvent) -> bool:
    """True when both tell of the same execution; a fee that one of them lacks is no difference."""
    fees_differ = (known.fee, known.fee_currency) != (fill.fee, fill.fee_currency)
    return (
        (known.symbol, known.side, known.qty, known.price)
        == (fill.symbol, fill.side, fill.qty, fill.price)
    ) and (not fees_differ or known.fee_assumed or fill.fee_assumed)


def agree(stated: Decimal, ours: Decimal) -> bool:
    """True when a figure that the venue has rounded may be ours: less than its last digit apart."""
    exponent = stated.as_tuple().exponent
    tolerance = min(Decimal(1), Decimal(1).scaleb(int(exponent)))
    return stated == ours or abs(stated - ours) < tolerance
