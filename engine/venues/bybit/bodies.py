"""The JSON bodies of place, amend and cancel requests, of batches of them, and of cancel-all."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from engine.core.requests import AmendRequest, CancelRequest, MassCancelRequest, OrderRequest
from engine.core.types import Category, OrderType, TimeInForce
from engine.venues.bybit.conditions import (
    CONDITIONAL,
    attached_fields,
    slippage_fields,
    trigger_fields,
)
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


class _SpecialPlace(_Place, rename="camel", omit_defaults=True):
    """What few orders say: a fast path for the others."""

    position_idx: int = 0
    order_filter: str = ""
    trigger_price: str = ""
    trigger_direction: int = 0
    trigger_by: str = ""
    take_profit: str = ""
    stop_loss: str = ""
    tp_trigger_by: str = ""
    sl_trigger_by: str = ""
    tpsl_mode: str = ""
    tp_order_type: str = ""
    sl_order_type: str = ""
    tp_limit_price: str = ""
    sl_limit_price: str = ""
    slippage_tolerance_type: str = ""
    slippage_tolerance: str = ""


class _Amend(msgspec.Struct, rename="camel", omit_defaults=True):
    category: str
    symbol: str
    order_link_id: str
    qty: str = ""
    price: str = ""
    trigger_price: str = ""


class _Cancel(msgspec.Struct, rename="camel", omit_defaults=True):
    category: str
    symbol: str
    order_id: str = ""
    order_link_id: str = ""
    order_filter: str = ""


class _CancelAll(msgspec.Struct, rename="camel", omit_defaults=True):
    category: str
    symbol: str = ""
    settle_coin: str = ""
    order_filter: str = ""


_FILTERS = {
    (False, False): ("Order",),
    (False, True): ("StopOrder",),
    (True, False): ("Order",),
    (True, True): ("StopOrder", "tpslOrder", "OcoOrder", "BidirectionalTpslOrder"),
}
"""The order filters that cover (spot?, conditional?) orders, as /v5/order/cancel-all takes them."""

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
    terms = (
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
    if request.position_index or request.trigger or request.attached or request.slippage:
        return _encode(_SpecialPlace(*terms, **_special(request, category)))
    return _encode(_Place(*terms))


def _special(request: OrderRequest, category: Category) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if request.position_index:
        fields["position_idx"] = request.position_index
    if request.trigger is not None:
        fields |= trigger_fields(request.trigger, category)
    if request.attached is not None:
        fields |= attached_fields(request.attached, category)
    if request.slippage is not None:
        fields |= slippage_fields(request.slippage)
    return fields


def amend(request: AmendRequest, category: Category, symbol: str) -> bytes:
    """Body of order/amend; `qty` is the new total."""
    return _encode(
        _Amend(
            category,
            symbol,
            request.client_order_id,
            "" if request.qty is None else wire(request.qty),
            "" if request.price is None else wire(request.price),
            "" if request.trigger_price is None else wire(request.trigger_price),
        )
    )


def cancel(request: CancelRequest, category: Category, symbol: str) -> bytes:
    """Body of order/cancel, by the venue's id where the request names one, else by ours."""
    kind = CONDITIONAL if request.waiting and category is Category.SPOT else ""
    if request.exchange_order_id:
        return _encode(_Cancel(category, symbol, request.exchange_order_id, order_filter=kind))
    link_id = request.client_order_id
    return _encode(_Cancel(category, symbol, order_link_id=link_id, order_filter=kind))


def batch(category: Category, items: Sequence[bytes]) -> bytes:
    """Body of a batch of these single bodies: the category, which all begin with, is said once."""
    head = b'{"category":"%s",' % category.encode()
    requests = b",".join(b"{" + item.removeprefix(head) for item in items)
    return head + b'"request":[' + requests + b"]}"


def cancel_all(request: MassCancelRequest, symbol: str) -> list[bytes]:
    """Bodies of order/cancel-all, one for each order filter of what is to be cancelled."""
    spot = request.category is Category.SPOT
    return [
        _encode(
            _CancelAll(
                request.category,
                symbol,
                # A symbol goes before a coin, and spot refuses the coin.
                "" if symbol or spot else request.settle,
                order_filter,
            )
        )
        for order_filter in _FILTERS[spot, request.conditional]
    ]
