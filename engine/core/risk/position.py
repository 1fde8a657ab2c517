"""Rules on what positions could become: everything open, in flight or unknown is filled first.

Each looks at the side that the order adds to, so that what brings a position back always passes.
Values are at the reference price; where one is missing nothing can be summed, and nothing passes.
"""

from __future__ import annotations

from decimal import Decimal

from engine.core.risk.rule import Rule
from engine.core.risk.sums import all_sides, unpriced_words, worst_values
from engine.core.risk.terms import UNPRICED, Amount, Terms, most_for, plain
from engine.core.types import ZERO, OrderType, Side

BUY = Side.BUY
"""Looking a member up through its class takes 100 ns on Python 3.11; it is needed every order."""


def _worst_qty(terms: Terms) -> Decimal:
    """The position on the order's side, its open orders and this one filled; long is the side."""
    order, held = terms.order, terms.held_qty
    working = terms.state.exposure.working(order.symbol, order.side) - terms.held
    return (held if order.side is BUY else -held) + working + order.qty


def _position(terms: Terms, _limit: Amount) -> Amount | None:
    if terms.order.reduce_only:
        return None
    return terms.instrument.notional(_worst_qty(terms), terms.reference)


def _room(terms: Terms, value: Amount, bound: Amount) -> str:
    own = terms.instrument.notional(terms.order.qty, terms.reference)
    return most_for(terms, own - (Decimal(value) - bound), terms.reference)


def _gross(terms: Terms, _limit: Amount) -> Amount | None:
    """Sum of every symbol's worst; None for an order that makes its symbol's no worse."""
    values = None if terms.order.reduce_only else worst_values(terms)
    return None if values is None else sum(values.values(), ZERO)


def _net(terms: Terms, _limit: Amount) -> Amount | None:
    """The account's net value on the order's side, with every order on that side filled."""
    order = terms.order
    if order.reduce_only:
        return None
    net = terms.instrument.notional(order.qty, terms.reference)
    for sides in all_sides(terms).values():
        if sides is None:
            return UNPRICED
        net += sides.net_long if order.side is Side.BUY else -sides.net_short
    return net


def _sum_words(terms: Terms, value: Amount, _bound: Amount) -> str:
    return plain(value) if value != UNPRICED else unpriced_words(terms)


def _sum_room(terms: Terms, value: Amount, bound: Amount) -> str:
    return "wait for a price" if value == UNPRICED else _room(terms, value, bound)


def _reducible(terms: Terms, _limit: Amount) -> Amount:
    """What an order on this side can take off the position."""
    return -terms.held_qty * terms.order.side.sign


def _reduced(terms: Terms, _limit: Amount) -> Amount | None:
    return terms.order.qty if terms.order.reduce_only else None


def _reduce_words(_terms: Terms, _value: Amount, bound: Amount) -> str:
    return f"at most {plain(bound)}" if bound > 0 else "the other side, or no reduce-only"


def _meets_own(terms: Terms, _limit: Amount) -> Amount:
    return len(_met(terms))


def _met(terms: Terms) -> list[str]:
    """Own open orders of the other side that this one would trade with; what waits does not."""
    order = terms.order
    if order.trigger is not None:
        return []
    return [
        other.client_order_id
        for other in terms.state.orders.open_orders()
        if other.symbol == order.symbol
        and other.side is not order.side
        and not other.is_waiting
        and (
            order.type is OrderType.MARKET
            or other.price is None
            or (terms.price - other.price) * order.side.sign >= 0
        )
    ]


POSITION = (
    Rule(
        code="MAX_POSITION",
        key="max_position_notional_usd",
        measure=_position,
        passes=_room,
    ),
    Rule(
        code="MAX_GROSS",
        key="max_gross_notional_usd",
        account=True,
        measure=_gross,
        value=_sum_words,
        passes=_sum_room,
    ),
    Rule(
        code="MAX_NET",
        key="max_net_notional_usd",
        account=True,
        measure=_net,
        value=_sum_words,
        passes=_sum_room,
    ),
)
REDUCE = (
    Rule(
        code="SELF_TRADE",
        key="deny_self_trade",
        account=True,
        measure=_meets_own,
        bound=lambda _terms, _limit: 0,
        value=lambda terms, _value, _bound: ", ".join(_met(terms)[:3]),
        limit=lambda _terms, _value, _bound: "no own order on the other side of the price",
        passes=lambda _terms, _value, _bound: "a price short of it, or cancel it first",
    ),
    Rule(
        code="NOT_REDUCING",
        key="check_reduce_only",
        measure=_reduced,
        bound=_reducible,
        value=lambda terms, _value, _bound: f"{terms.order.side} {plain(terms.order.qty)}",
        limit=lambda _terms, _value, bound: f"{plain(bound)} to reduce",
        passes=_reduce_words,
    ),
)
