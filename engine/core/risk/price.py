"""Rules on an order's price: how far past the mark, now and five minutes ago; and a market order's.

A price is aggressive where it gives more than the mark (a buy above it, a sell below it). On that
side the collar holds as configured, on the other at twice as much, and at least 10 %. An order
that waits is measured from its trigger: that is where the market will be.
"""

from __future__ import annotations

from decimal import Decimal

from engine.core.commands import PlaceOrder
from engine.core.instruments import Instrument
from engine.core.risk.rule import Rule
from engine.core.risk.terms import Amount, Terms, plain, whole_down, whole_up
from engine.core.types import ZERO, OrderType, Side

PASSIVE_COLLAR_MIN = Decimal("0.10")

# Looking a member up through its class takes 100 ns on Python 3.11; these are needed every order.
BUY = Side.BUY
MARKET = OrderType.MARKET


def _range(terms: Terms, collar: Decimal) -> tuple[Decimal, Decimal]:
    passive = max(collar * 2, PASSIVE_COLLAR_MIN)
    above, below = (collar, passive) if terms.order.side is BUY else (passive, collar)
    return terms.base * (1 - below), terms.base * (1 + above)


def _collar(terms: Terms) -> Decimal:
    return terms.limits.price_collar


def _outside(terms: Terms, _limit: Amount) -> Amount | None:
    """How far beyond the range the price is; 0 within it."""
    if terms.order.price is None:
        return None
    base, price, collar = terms.base, terms.price, terms.limits.price_collar
    if abs(price - base) < base * collar:
        return ZERO  # nearer than the narrower side of the range
    lowest, highest = _range(terms, _collar(terms))
    if lowest <= terms.price <= highest:
        return ZERO
    return max(terms.price - highest, lowest - terms.price)


def _nearest(terms: Terms, _value: Amount, _bound: Amount) -> str:
    lowest, highest = _range(terms, _collar(terms))
    tick = terms.instrument.tick_size
    if terms.price > highest:
        return f"at most {plain(whole_down(highest, tick))}"
    return f"at least {plain(whole_up(lowest, tick))}"


def _range_words(terms: Terms, _value: Amount, _bound: Amount) -> str:
    lowest, highest = _range(terms, _collar(terms))
    return f"{lowest:.8g} to {highest:.8g}"


def _given(terms: Terms, _limit: Amount) -> Amount | None:
    """How much more the order gives than the mark of five minutes ago, as a fraction of that."""
    earlier = terms.quote.earlier
    if earlier is None or earlier <= 0 or terms.order.trigger is not None:
        return None
    return (terms.price - earlier) * terms.order.side.sign / earlier


def _drift_words(terms: Terms, _value: Amount, bound: Amount) -> str:
    return f"{plain(bound * 100)} % past {plain(terms.quote.earlier or 0)}"


def _drift_nearest(terms: Terms, _value: Amount, bound: Amount) -> str:
    earlier, tick = terms.quote.earlier or Decimal(0), terms.instrument.tick_size
    furthest = earlier * (1 + bound * terms.order.side.sign)
    if terms.order.side is BUY:
        return f"at most {plain(whole_down(furthest, tick))}"
    return f"at least {plain(whole_up(furthest, tick))}"


def worst_price(
    order: PlaceOrder, instrument: Instrument, reference: Decimal, slippage: Decimal | None
) -> Decimal | None:
    """The furthest price at which a market order may fill, on the tick.

    None for any other, for one that names its slippage, and for one that waits: nobody knows where
    the market will be.
    """
    if order.type is not MARKET or slippage is None:
        return None
    if order.slippage is not None or order.trigger is not None:
        return None
    if order.side is BUY:
        return whole_down(reference * (1 + slippage), instrument.tick_size)
    return whole_up(reference * (1 - slippage), instrument.tick_size)


PRICE = (
    Rule(
        code="PRICE_COLLAR",
        measure=_outside,
        value=lambda terms, _value, _bound: plain(terms.price),
        limit=_range_words,
        passes=_nearest,
    ),
    Rule(
        code="DRIFT_COLLAR",
        key="drift_collar",
        measure=_given,
        value=lambda terms, _value, _bound: plain(terms.price),
        limit=_drift_words,
        passes=_drift_nearest,
    ),
)
