"""The bodies of order requests; numbers are strings, and what is empty was not given."""

from __future__ import annotations

import msgspec


class Place(msgspec.Struct, kw_only=True, gc=False):
    """Body of order/create."""

    category: str = ""
    symbol: str = ""
    side: str = ""
    orderType: str = ""
    qty: str = ""
    price: str = ""
    timeInForce: str = ""
    orderLinkId: str = ""
    positionIdx: int = 0
    reduceOnly: bool = False
    marketUnit: str = ""
    orderFilter: str = ""
    closeOnTrigger: bool = False
    triggerPrice: str = ""
    triggerDirection: int = 0
    triggerBy: str = ""
    takeProfit: str = ""
    stopLoss: str = ""
    tpTriggerBy: str = ""
    slTriggerBy: str = ""
    tpslMode: str = ""
    tpOrderType: str = ""
    slOrderType: str = ""
    tpLimitPrice: str = ""
    slLimitPrice: str = ""
    slippageToleranceType: str = ""
    slippageTolerance: str = ""


class Amend(msgspec.Struct, kw_only=True, gc=False):
    """Body of order/amend; empty fields stay as they are."""

    category: str = ""
    symbol: str = ""
    orderId: str = ""
    orderLinkId: str = ""
    qty: str = ""
    price: str = ""
    triggerPrice: str = ""
    triggerBy: str = ""
    takeProfit: str = ""
    stopLoss: str = ""
    tpTriggerBy: str = ""
    slTriggerBy: str = ""
    tpslMode: str = ""
    tpLimitPrice: str = ""
    slLimitPrice: str = ""


class Cancel(msgspec.Struct, kw_only=True, gc=False):
    """Body of order/cancel."""

    category: str = ""
    symbol: str = ""
    orderId: str = ""
    orderLinkId: str = ""
    orderFilter: str = "Order"


class CancelAll(msgspec.Struct, kw_only=True, gc=False):
    """Body of order/cancel-all."""

    category: str = ""
    symbol: str = ""
    baseCoin: str = ""
    settleCoin: str = ""
    orderFilter: str = ""
    stopOrderType: str = ""
