"""Responses that the router gives itself: refusals, unknown outcomes, and what a lookup proves."""

from __future__ import annotations

from engine.core.reports import OrderLookup, OrderReport, Outcome, VenueStatus
from engine.core.requests import OrderRequest
from engine.venues.errors import RateLimited
from engine.venues.protocol import OrderResponse
from engine.venues.reasons import Reason


def refused(client_order_id: str, reason: Reason, text: str) -> OrderResponse:
    """The request was not sent, or surely not carried out."""
    return OrderResponse(
        client_order_id=client_order_id, outcome=Outcome.REJECTED, reason=reason, text=text
    )


def unknown(client_order_id: str, text: str, reason: str = Reason.NO_ANSWER) -> OrderResponse:
    """The request may have been carried out, and nobody could say."""
    return OrderResponse(
        client_order_id=client_order_id, outcome=Outcome.UNKNOWN, reason=reason, text=text
    )


def given_up(client_order_id: str, ambiguous: bool, last: Exception) -> OrderResponse:
    """The outcome after the last attempt failed with `last`."""
    text = str(last) or type(last).__name__
    if ambiguous:
        return unknown(client_order_id, text)
    reason = Reason.RATE_LIMITED if isinstance(last, RateLimited) else Reason.VENUE_BUSY
    return refused(client_order_id, reason, text)


def from_lookup(
    request: OrderRequest, lookup: OrderLookup, *, amended: bool = False
) -> OrderResponse | None:
    """What a lookup proves about a place request; None when it shows no trace of it.

    An order that was `amended` may have other terms than it was placed with.
    """
    order = lookup.order
    if order is None:
        if not lookup.fills:
            return None
        return OrderResponse(
            client_order_id=request.client_order_id,
            exchange_order_id=lookup.fills[0].exchange_order_id,
        )
    name = _other_term(request, order, amended=amended)
    if name:
        text = f"the venue has {request.client_order_id} with another {name}"
        return refused(request.client_order_id, Reason.DUPLICATE_ID, text)
    rejected = order.status is VenueStatus.REJECTED
    return OrderResponse(
        client_order_id=request.client_order_id,
        exchange_order_id=order.exchange_order_id,
        outcome=Outcome.REJECTED if rejected else Outcome.ACCEPTED,
        reason=order.reason if rejected else "",
        text=order.text if rejected else "",
        ts=order.ts,
    )


def terms_differ(first: OrderRequest, second: OrderRequest) -> str:
    """Name the first term in which two requests of one id differ, with both values; "" if none."""
    for name in first.__struct_fields__:
        before, now = getattr(first, name), getattr(second, name)
        if before != now:
            return f"{first.client_order_id} was placed before with {name} {before}, not {now}"
    return ""


def _other_term(request: OrderRequest, order: OrderReport, *, amended: bool) -> str:
    if order.symbol != request.symbol:
        return "symbol"
    if order.side is not request.side:
        return "side"
    if amended:
        return ""
    # A reduce-only order is cut to the position by the venue.
    if order.qty != request.qty and not request.reduce_only:
        return "quantity"
    if request.price is not None and order.price not in (None, request.price):
        return "price"
    wanted, shown = request.trigger, order.trigger
    if wanted is not None and shown is not None and shown.price != wanted.price:
        return "trigger price"
    return ""
