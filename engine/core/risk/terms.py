"""An order under judgement, with what the rules measure it by, and how they speak of numbers."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import NamedTuple

import msgspec

from engine.core.commands import PlaceOrder
from engine.core.context import Context
from engine.core.instruments import Instrument
from engine.core.ledger.executions import position_key
from engine.core.limits import RiskLimits
from engine.core.margin import AccountMargin
from engine.core.market import Quote
from engine.core.settings import ONE_WAY
from engine.core.state import State
from engine.core.types import NS, ZERO, Side

Amount = Decimal | int
UNPRICED = Decimal("Infinity")
"""The value of what has no price: more than any limit."""


class Sides(NamedTuple):
    """What a symbol may become, in money: its longest and its shortest, and each as it nets."""

    long: Decimal = ZERO
    short: Decimal = ZERO
    net_long: Decimal = ZERO
    net_short: Decimal = ZERO
    hedged: bool = False

    @property
    def worst(self) -> Decimal:
        """The most that may be open at once: of a hedge both of its sides."""
        if self.hedged:
            return max(self.long, ZERO) + max(-self.short, ZERO)
        return max(abs(self.long), abs(self.short))

    def worst_with(self, side: Side, value: Decimal) -> Decimal:
        """The worst on the side that an order of this value adds to."""
        if self.hedged:
            return self.worst + value
        return abs(self.long + value) if side is Side.BUY else abs(self.short - value)


NOTHING = Sides()


class Terms(msgspec.Struct, frozen=True, gc=False):
    """One order, its market and its limits.

    `price` is what the order would pay (`price_of`). `held` is the quantity that the same order
    already counts for in the open exposure (an amend). `sums` is what `all_sides` has worked out,
    empty until somebody asks.
    """

    state: State
    order: PlaceOrder
    context: Context
    instrument: Instrument
    quote: Quote
    reference: Decimal
    price: Decimal
    limits: RiskLimits
    held: Decimal = ZERO
    sums: dict[str, Sides | None] = {}

    @property
    def margin(self) -> AccountMargin:
        """What the venue said last of margin."""
        told = self.context.margin
        return self.state.margin if told is None else told

    @property
    def base(self) -> Decimal:
        """Where the market is when the order begins to work: now, or at its trigger."""
        trigger = self.order.trigger
        return self.reference if trigger is None else trigger.price

    @property
    def held_qty(self) -> Decimal:
        """The signed quantity of the position that the order is about."""
        state, symbol = self.state, self.order.symbol
        index = index_of(state, self.order)
        key = position_key(symbol, index) if index else symbol
        position = state.positions.positions.get(key)
        return ZERO if position is None else position.qty


def index_of(state: State, order: PlaceOrder) -> int:
    """The side of a hedge that the order belongs to; 0 where the market is in one-way mode."""
    settings = state.settings.get(order.symbol)
    if settings is None:
        return ONE_WAY
    return settings.index_of(order.side, reduce_only=order.reduce_only)


def price_of(order: PlaceOrder, reference: Decimal) -> Decimal:
    """The order's own price; that of its trigger, or the reference, for a market order."""
    if order.price is not None:
        return order.price
    return reference if order.trigger is None else order.trigger.price


def plain(number: Amount) -> str:
    """A number without exponent and trailing zeros."""
    return f"{number.normalize():f}" if isinstance(number, Decimal) else str(number)


def seconds(duration_ns: int) -> str:
    """A duration, to the millisecond where that matters."""
    return f"{duration_ns / NS:.3g} s" if duration_ns < 100 * NS else f"{duration_ns // NS} s"


def whole_down(number: Decimal, step: Decimal) -> Decimal:
    """The largest multiple of `step` that is not more than `number`."""
    return (number / step).to_integral_value(ROUND_FLOOR) * step


def either_side(number: Decimal, step: Decimal) -> str:
    """The two multiples of `step` around a number that is none."""
    below = whole_down(number, step)
    return f"{plain(below)} or {plain(below + step)}"


def whole_up(number: Decimal, step: Decimal) -> Decimal:
    """The smallest multiple of `step` that is not less than `number`."""
    return (number / step).to_integral_value(ROUND_CEILING) * step


def most_for(terms: Terms, value: Decimal, price: Decimal) -> str:
    """The largest quantity that is worth no more than `value` at `price`, in words."""
    qty = value / terms.instrument.notional(Decimal(1), price)
    largest = whole_down(qty, terms.instrument.qty_step)
    return f"at most {plain(largest)}" if largest >= terms.instrument.min_qty else "no quantity"
