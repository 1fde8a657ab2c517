"""Orders as scripts write them: plain words and numbers in, an OrderRequest out."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from engine.core.requests import OrderRequest
from engine.core.types import OrderType, Side, TimeInForce, to_decimal
from engine.errors import did_you_mean

Number = Decimal | float | str

_Word = TypeVar("_Word", bound=StrEnum)


def order_request(
    client_order_id: str,
    symbol: str,
    side: str,
    qty: Number,
    price: Number | None,
    *,
    type: str = OrderType.LIMIT,
    time_in_force: str = TimeInForce.GTC,
    post_only: bool = False,
    reduce_only: bool = False,
) -> OrderRequest:
    """Return the order these words describe. Raises ValueError that names the field that is off."""
    order_type = _word(OrderType, type, "type")
    if (price is None) is (order_type is OrderType.LIMIT):
        raise ValueError("price: a limit order needs one, a market order takes none")
    return OrderRequest(
        client_order_id=client_order_id,
        symbol=symbol,
        side=_word(Side, side, "side"),
        qty=to_decimal(qty, "qty"),
        price=None if price is None else to_decimal(price, "price"),
        type=order_type,
        time_in_force=_word(TimeInForce, time_in_force, "time_in_force"),
        post_only=post_only,
        reduce_only=reduce_only,
    )


def _word(kind: type[_Word], text: str, name: str) -> _Word:
    try:
        return kind(text)
    except ValueError:
        known = [member.value for member in kind]
        hint = did_you_mean(str(text), known)
        raise ValueError(f"{name}: {text!r} is not one of {', '.join(known)}{hint}") from None
