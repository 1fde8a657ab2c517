"""What the venue refuses before an order reaches the book, and the code it refuses it with."""

from __future__ import annotations

import re
from decimal import Decimal

from engine.exchange.errors import Refusal
from engine.exchange.instruments import Instrument
from engine.exchange.numbers import parse

CATEGORIES = ("linear", "spot")
LINK_ID = re.compile(r"[A-Za-z0-9_-]{1,36}")

UNCHANGED = "The order remains unchanged as the parameters entered match the existing ones."

# What is wrong -> (code and text on derivatives, code and text on spot).
REFUSALS: dict[str, tuple[tuple[int, str], tuple[int, str]]] = {
    "symbol": ((10001, "params error: symbol invalid"), (170121, "Invalid symbol.")),
    "side": ((10001, "Side invalid"), (170117, "Invalid side.")),
    "type": ((10001, "OrderType invalid"), (170116, "Invalid orderType.")),
    "tif": ((10001, "timeInForce invalid"), (170115, "Invalid timeInForce.")),
    "price": ((10001, "Price invalid"), (10001, "Price invalid")),
    "tick": (
        (10001, "Price invalid: not a multiple of the tick size"),
        (170134, "Order price has too many decimals."),
    ),
    "price_low": (
        (110003, "Order price is below the allowable range."),
        (170132, "Order price is too low."),
    ),
    "price_high": (
        (110003, "Order price exceeds the allowable range."),
        (170133, "Order price exceeded upper limit."),
    ),
    "no_price": ((110118, "No market price yet"), (110118, "No market price yet")),
    "qty": ((10001, "Qty invalid"), (170130, "Data sent for parameter 'qty' is not valid.")),
    "lot": (
        (10001, "Qty invalid: not a multiple of the quantity step"),
        (170137, "Order quantity has too many decimals."),
    ),
    "qty_low": (
        (10001, "The number of contracts exceeds minimum limit allowed"),
        (170136, "Order quantity exceeded lower limit."),
    ),
    "qty_high": (
        (10001, "The number of contracts exceeds maximum limit allowed: too large"),
        (170124, "Order amount too large."),
    ),
    "notional": (
        (110094, "Order does not meet minimum order value"),
        (170140, "Order value exceeded lower limit."),
    ),
    "duplicate": (
        (110072, "OrderLinkedID is duplicate"),
        (170141, "Duplicate clientOrderId."),
    ),
    "too_many": (
        (110020, "You have too many active orders on this market."),
        (170810, "Exceeded the maximum number of active orders."),
    ),
    "too_many_waiting": (
        (110009, "You have too many conditional orders on this market."),
        (170810, "Exceeded the maximum number of active orders."),
    ),
    "balance": ((110007, "ab not enough for new order"), (170131, "Balance insufficient.")),
    "mode": (
        (10001, "position idx not match position mode"),
        (10001, "position idx not match position mode"),
    ),
    "reduce": (
        (110017, "current position is zero, cannot fix reduce-only order qty"),
        (110017, "current position is zero, cannot fix reduce-only order qty"),
    ),
    "cancel_unknown": (
        (110001, "order not exists or too late to cancel"),
        (170213, "Order does not exist."),
    ),
    "cancel_filled": (
        (110001, "order not exists or too late to cancel"),
        (170139, "Order has been filled."),
    ),
    "cancel_ended": (
        (110001, "order not exists or too late to cancel"),
        (170142, "Order has been canceled."),
    ),
    "amend_unknown": (
        (110001, "order not exists or too late to replace"),
        (170213, "Order does not exist."),
    ),
    "amend_filled": (
        (
            110064,
            "The modified order quantity must be equal to or greater than the filled quantity.",
        ),
        (170313, "The order quantity must be greater than the filled quantity."),
    ),
}


def refusal(what: str, category: str) -> Refusal:
    """The venue's refusal for `what`, in the codes of that category."""
    derivatives, spot = REFUSALS[what]
    return Refusal(*(spot if category == "spot" else derivatives))


def check_link_id(link_id: str) -> None:
    """Refuse an orderLinkId that is too long or has a character outside `A-Za-z0-9_-`."""
    if link_id and LINK_ID.fullmatch(link_id) is None:
        raise Refusal(10001, "OrderLinkID invalid: at most 36 of letters, digits, - and _")


def check_price(instrument: Instrument, written: str) -> Decimal:
    """Read a limit price: a number, on the tick, inside the market's range."""
    price = parse(written)
    if not price:
        raise refusal("price", instrument.category)
    if price % instrument.tick:
        raise refusal("tick", instrument.category)
    if price < instrument.min_price:
        raise refusal("price_low", instrument.category)
    if price > instrument.max_price:
        raise refusal("price_high", instrument.category)
    return price


def check_qty(instrument: Instrument, written: str, *, is_market: bool) -> Decimal:
    """Read a quantity: a number, on the step, between the market's smallest and largest."""
    qty = parse(written)
    if not qty:
        raise refusal("qty", instrument.category)
    if qty % instrument.step:
        raise refusal("lot", instrument.category)
    if qty < instrument.min_qty:
        raise refusal("qty_low", instrument.category)
    if qty > (instrument.max_market_qty if is_market else instrument.max_qty):
        raise refusal("qty_high", instrument.category)
    return qty


def check_notional(instrument: Instrument, qty: Decimal, price: Decimal) -> None:
    """Refuse an order worth less than the market's smallest."""
    if qty * price < instrument.min_notional:
        raise refusal("notional", instrument.category)


def select(symbol: str, base: str, settle: str) -> tuple[str, str] | None:
    """Which field of an instrument a request filters by, and the value it must have."""
    if symbol:
        return "symbol", symbol
    if base:
        return "base", base
    return ("settle", settle) if settle else None


def check_category(category: str) -> None:
    """Refuse a category that is not traded here."""
    if category not in CATEGORIES:
        raise Refusal(10001, "Illegal category")
