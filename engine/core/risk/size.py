"""Rules on one order's price and quantity steps, its size and its value."""

from __future__ import annotations

from decimal import Decimal

from engine.core.risk.rule import Rule
from engine.core.risk.terms import Amount, Terms, either_side, most_for, plain, whole_up
from engine.core.types import OrderType

# Looking a member up through its class takes 100 ns on Python 3.11; it is needed every order.
MARKET = OrderType.MARKET


def _off_tick(terms: Terms, _limit: Amount) -> Amount | None:
    price = terms.order.price
    return None if price is None else price % terms.instrument.tick_size


def _off_step(terms: Terms, _limit: Amount) -> Amount:
    return terms.order.qty % terms.instrument.qty_step


def _near_price(terms: Terms, _value: Amount, _bound: Amount) -> str:
    return either_side(terms.price, terms.instrument.tick_size)


def _near_qty(terms: Terms, _value: Amount, _bound: Amount) -> str:
    qty, step = terms.order.qty, terms.instrument.qty_step
    return either_side(qty, step) if qty >= step else plain(step)


def _qty(terms: Terms, _limit: Amount) -> Amount:
    return terms.order.qty


def _largest(terms: Terms, _limit: Amount) -> Amount:
    instrument, own = terms.instrument, terms.limits.max_order_qty
    market = terms.order.type is MARKET
    venue = instrument.max_market_qty if market else instrument.max_qty
    return venue if own is None else min(venue, own)


def _notional(terms: Terms, _limit: Amount) -> Amount:
    return terms.instrument.notional(terms.order.qty, terms.price)


def _opening_notional(terms: Terms, limit: Amount) -> Amount | None:
    return None if terms.order.reduce_only else _notional(terms, limit)


def is_sized(terms: Terms) -> bool:
    """True when the order passes every rule of `SIZE`, which are always on: all of them at once."""
    order, instrument, limits = terms.order, terms.instrument, terms.limits
    qty, price, own = order.qty, order.price, limits.max_order_qty
    value = instrument.notional(qty, terms.price)
    return (
        (price is None or not price % instrument.tick_size)
        and not qty % instrument.qty_step
        and instrument.min_qty <= qty
        and qty <= (instrument.max_market_qty if order.type is MARKET else instrument.max_qty)
        and (own is None or qty <= own)
        and (order.reduce_only or value >= instrument.min_notional)
        and value <= limits.max_order_notional_usd
    )


def _least_for(terms: Terms, _value: Amount, bound: Amount) -> str:
    qty = bound / terms.instrument.notional(Decimal(1), terms.price)
    return f"at least {plain(whole_up(qty, terms.instrument.qty_step))}"


SIZE = (
    Rule(
        code="TICK_SIZE",
        measure=_off_tick,
        value=lambda terms, _value, _bound: plain(terms.price),
        limit=lambda terms, _value, _bound: f"steps of {plain(terms.instrument.tick_size)}",
        passes=_near_price,
    ),
    Rule(
        code="QTY_STEP",
        measure=_off_step,
        value=lambda terms, _value, _bound: plain(terms.order.qty),
        limit=lambda terms, _value, _bound: f"steps of {plain(terms.instrument.qty_step)}",
        passes=_near_qty,
    ),
    Rule(
        code="MIN_QTY",
        measure=_qty,
        bound=lambda terms, _limit: terms.instrument.min_qty,
        floor=True,
        passes=lambda _terms, _value, bound: f"at least {plain(bound)}",
    ),
    Rule(
        code="MAX_QTY",
        measure=_qty,
        bound=_largest,
        passes=lambda _terms, _value, bound: f"at most {plain(bound)}",
    ),
    Rule(
        code="MIN_NOTIONAL",
        measure=_opening_notional,
        bound=lambda terms, _limit: terms.instrument.min_notional,
        floor=True,
        passes=_least_for,
    ),
    Rule(
        code="MAX_ORDER_NOTIONAL",
        key="max_order_notional_usd",
        measure=_notional,
        passes=lambda terms, _value, bound: most_for(terms, Decimal(bound), terms.price),
    ),
)
