"""How much of a limit on size one order uses by itself: what a slip of the hand is known by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from engine.core.commands import PlaceOrder
from engine.core.market import Quote
from engine.core.risk.terms import price_of
from engine.core.state import State

_OPENING = (
    ("MAX_POSITION", "max_position_notional_usd"),
    ("MAX_GROSS", "max_gross_notional_usd"),
    ("MAX_NET", "max_net_notional_usd"),
)


def size_share(
    state: State, order: PlaceOrder, quotes: Mapping[str, Quote]
) -> tuple[str, Decimal] | None:
    """The limit that the order alone uses most of, by its code, and how much of it.

    1 is all of it; what is open already does not count. None for a market without a price.
    """
    shares = [(used, code) for code, used in _shares(state, order, quotes)]
    if not shares:
        return None
    most, code = max(shares)
    return code, most


def _shares(
    state: State, order: PlaceOrder, quotes: Mapping[str, Quote]
) -> Iterator[tuple[str, Decimal]]:
    instrument, quote = state.instruments.get(order.symbol), quotes.get(order.symbol)
    reference = None if quote is None else quote.reference
    price = order.price if reference is None else price_of(order, reference)
    if instrument is None or price is None:
        return
    own = state.risk.limits.for_symbol(order.symbol)
    value = instrument.notional(order.qty, price)
    yield "MAX_ORDER_NOTIONAL", value / own.max_order_notional_usd
    if own.max_order_qty is not None:
        yield "MAX_QTY", order.qty / own.max_order_qty
    if order.reduce_only:
        return
    for code, key in _OPENING:
        limit = getattr(own if code == "MAX_POSITION" else state.risk.limits, key)
        if limit is not None:
            yield code, value / limit
