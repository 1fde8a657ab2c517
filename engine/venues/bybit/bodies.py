"""The JSON bodies of place, amend and cancel requests."""

from __future__ import annotations

import re

import msgspec

from engine.core.requests import AmendRequest, CancelRequest, OrderRequest
from engine.core.types import Category, OrderType, TimeInForce
from engine.venues.bybit.numbers import wire

is_link_id = re.compile(r"[A-Za-z0-9_-]{1,36}").fullmatch
"""What the venue takes as an order id of ours: orderLinkId, at most 36 characters."""


class _Place(msgspec.Struct, rename="camel", omit_defaults=True):
    category: str
    symbol: str
    side: str
    order_type: str
    qty: str
    order_link_id: str
    time_in_force: str
    price: str = ""
    reduce_only: bool = False
    market_unit: str = ""


class _Amend(msgspec.Struct, rename="camel", omit_defaults=True):
    category: str
    symbol: str
    order_link_id: str
    qty: str = ""
    price: str = ""


class _Cancel(msgspec.Struct, rename="camel", omit_defaults=True):
    category: str
    symbol: str
    order_id: str = ""
    order_link_id: str = ""


_encode = msgspec.json.Encoder().encode


def place(request: OrderRequest, category: Category, symbol: str) -> bytes:
    """Body of order/create. Market orders are IOC and always sized in base coin."""
    market = request.type is OrderType.MARKET
    if market:
        time_in_force = TimeInForce.IOC
    elif request.post_only:
        time_in_force = TimeInForce.POST_ONLY
    else:
        time_in_force = request.time_in_force
    return _encode(
        _Place(
            category,
            symbol,
            request.side,
            request.type,
            wire(request.qty),
            request.client_order_id,
            time_in_force,
            "" if market or request.price is None else wire(request.price),
            # Spot has nothing to reduce and refuses the word.
            request.reduce_only and category is not Category.SPOT,
            "baseCoin" if market and category is Category.SPOT else "",
        )
    )


def amend(request: AmendRequest, category: Category, symbol: str) -> bytes:
    """Body of order/amend; `qty` is the new total."""
    return _encode(
        _Amend(
            category,
            symbol,
            request.client_order_id,
            "" if request.qty is None else wire(request.qty),
            "" if request.price is None else wire(request.price),
        )
    )


def cancel(request: CancelRequest, category: Category, symbol: str) -> bytes:
    """Body of order/cancel, by the venue's id where the request names one, else by ours."""
    if request.exchange_order_id:
        return _encode(_Cancel(category, symbol, order_id=request.exchange_order_id))
    return _encode(_Cancel(category, symbol, order_link_id=request.client_order_id))
