"""What every symbol of the account could become: its open orders filled, on either side.

Several limits of the account look at the same figures, so they are worked out once an order.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from engine.core.risk.terms import NOTHING, UNPRICED, Sides, Terms
from engine.core.types import ZERO, Side

BUY, SELL = Side.BUY, Side.SELL
"""Looking a member up through its class takes 100 ns on Python 3.11; it is needed every order."""


def all_sides(terms: Terms) -> Mapping[str, Sides | None]:
    """Worst values of every symbol before this order; None for one that has no price."""
    sums = terms.sums
    if not sums:
        held = _held(terms)
        for symbol in {*held, *terms.state.exposure.symbols(), terms.order.symbol}:
            sums[symbol] = _sides(terms, symbol, *held.get(symbol, _FLAT))
    return sums


def worst_values(terms: Terms) -> dict[str, Decimal] | None:
    """The most that each symbol may be worth with this order; `UNPRICED` where that is not known.

    None for an order that makes its own symbol's no worse, while every one has a price.
    """
    order = terms.order
    values = {}
    for symbol, sides in all_sides(terms).items():
        values[symbol] = UNPRICED if sides is None else sides.worst
    own = terms.sums[order.symbol] or NOTHING  # it has a price: the order is measured by it
    value = terms.instrument.notional(order.qty, terms.reference)
    after, before = own.worst_with(order.side, value), values[order.symbol]
    if after <= before and UNPRICED not in values.values():
        return None
    values[order.symbol] = max(after, before)
    return values


def unpriced_words(terms: Terms) -> str:
    """Which symbols stand in the way of a sum."""
    unpriced = sorted(symbol for symbol, sides in all_sides(terms).items() if sides is None)
    return f"no price of {', '.join(unpriced)}"


_FLAT = [ZERO, ZERO, ZERO]


def _held(terms: Terms) -> dict[str, list[Decimal]]:
    """What is held of each symbol: in one-way mode, and on each side of a hedge."""
    held: dict[str, list[Decimal]] = {}
    for position in terms.state.positions.positions.values():
        found = held.get(position.symbol)
        if found is None:
            found = held[position.symbol] = [ZERO, ZERO, ZERO]
        found[position.index] = position.qty
    return held


def _sides(
    terms: Terms, symbol: str, one_way: Decimal, long_leg: Decimal, short_leg: Decimal
) -> Sides | None:
    state, order = terms.state, terms.order
    settings = state.settings.get(symbol)
    hedged = settings is not None and settings.hedged
    buys, sells = state.exposure.working(symbol, BUY), state.exposure.working(symbol, SELL)
    if symbol == order.symbol:
        buys -= terms.held if order.side is BUY else ZERO
        sells -= terms.held if order.side is SELL else ZERO
    net = one_way + long_leg + short_leg
    long, short = (long_leg if hedged else net) + buys, (short_leg if hedged else net) - sells
    if not long and not short:
        return NOTHING
    instrument, quote = state.instruments.get(symbol), terms.context.quotes.get(symbol)
    price = None if quote is None else quote.reference
    if instrument is None or price is None or price <= 0:
        return None
    return Sides(
        long=instrument.notional(long, price),
        short=instrument.notional(short, price),
        net_long=instrument.notional(net + buys, price),
        net_short=instrument.notional(net - sells, price),
        hedged=hedged,
    )
