"""Why an order ended: Bybit's cancel types and reject reasons in the engine's closed set."""

from __future__ import annotations

from functools import lru_cache

from engine.core.types import OrderType, TimeInForce
from engine.venues.reasons import Reason
from engine.venues.text import sanitise

_REJECT_REASON: dict[str, Reason] = {
    "EC_PostOnlyWillTakeLiquidity": Reason.POST_ONLY_WOULD_TAKE,
    "EC_BySelfMatch": Reason.SELF_MATCH,
    "EC_StopBySelfMatch": Reason.SELF_MATCH,
    "EC_PerCancelRequest": Reason.USER,
    "EC_DuplicatedClOrdID": Reason.DUPLICATE_ID,
    "EC_LimitOrderInvalidPrice": Reason.PRICE,
    "EC_ReachRiskPriceLimit": Reason.PRICE,
    "EC_ReachMarketPriceLimit": Reason.PRICE,
    "EC_InvalidPriceScale": Reason.PRICE,
    "EC_QtyCannotBeZero": Reason.SIZE,
    "EC_EcInvalidQty": Reason.SIZE,
    "EC_InvalidAmount": Reason.SIZE,
    "EC_InvalidBaseValue": Reason.SIZE,
    "EC_CancelByOrderValueZero": Reason.SIZE,
    "EC_CancelByMatchValueZero": Reason.SIZE,
    "EC_InvalidSymbolStatus": Reason.MARKET_STATE,
    "EC_InCallAuctionStatus": Reason.MARKET_STATE,
    "EC_SecurityStatusFail": Reason.MARKET_STATE,
}

# The venue found too little on the other side; which order type asked for that decides the word.
_NOT_ENOUGH = frozenset(
    {"EC_NoImmediateQtyToFill", "EC_NoEnoughQtyToFill", "EC_CancelForNoFullFill"}
)

_SAYS_NOTHING = frozenset({"", "EC_NoError", "UNKNOWN"})

_CANCEL_TYPE: dict[str, Reason] = {
    "CancelByUser": Reason.USER,
    "CancelByReduceOnly": Reason.REDUCE_ONLY,
    "CancelByPrepareLiq": Reason.LIQUIDATION,
    "CancelAllBeforeLiq": Reason.LIQUIDATION,
    "CancelByPrepareAdl": Reason.LIQUIDATION,
    "CancelAllBeforeAdl": Reason.LIQUIDATION,
    "CancelBySettle": Reason.SETTLEMENT,
    "CancelByDelivery": Reason.SETTLEMENT,
    "CancelBySmp": Reason.SELF_MATCH,
    "CancelByDCP": Reason.DISCONNECT,
}


@lru_cache(maxsize=256)
def ending(
    cancel_type: str, reject_reason: str, order_type: OrderType, time_in_force: TimeInForce
) -> tuple[Reason, str]:
    """Return why an order was cancelled or rejected, and the venue's own words for it.

    `VENUE` stands for every cause without a word. A post-only refusal is always itself; after
    that a named cancel type says most, and the reject reason speaks where there is none.
    """
    words = [word for word in (reject_reason, cancel_type) if word not in _SAYS_NOTHING]
    text = sanitise(" ".join(words))
    if reject_reason == "EC_PostOnlyWillTakeLiquidity":
        return Reason.POST_ONLY_WOULD_TAKE, text
    by_type = _CANCEL_TYPE.get(cancel_type)
    if by_type is not None:
        return by_type, text
    if reject_reason in _NOT_ENOUGH:
        fok = time_in_force is TimeInForce.FOK and order_type is OrderType.LIMIT
        return (Reason.FOK_NOT_FILLED if fok else Reason.IOC_REMAINDER), text
    return _REJECT_REASON.get(reject_reason, Reason.VENUE), text
