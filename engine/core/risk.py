"""Pre-trade checks: may this order leave the house?

`check` answers `Approved` or `Denied`; only an `Approved` can become an `OrderSubmitted`, so an
order that nobody checked does not type-check. The checks run in the order of `_CHECKS`, the first
that fails answers, and what cannot be judged (no price to measure by) is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import TypeVar

import msgspec

from engine.core.commands import PlaceOrder
from engine.core.context import Context
from engine.core.events import NewOrder, OrderDenied, OrderSubmitted
from engine.core.instruments import Instrument
from engine.core.limits import RiskLimits
from engine.core.state import State
from engine.core.types import (
    ZERO,
    OrderType,
    Side,
    TimeInForce,
    TradingState,
)

NS = 1_000_000_000
CLIENT_ORDER_ID = re.compile(r"[A-Za-z0-9_-]{1,36}")
"""What the venue accepts as our id (bybit: orderLinkId)."""
MAX_EXPONENT, MIN_EXPONENT = 12, -18
"""Numbers outside 1e12 and 1e-18 are slips or attacks, whatever the instrument says."""
PASSIVE_COLLAR_MIN = Decimal("0.10")

_E = TypeVar("_E", bound=NewOrder)


class Denial(msgspec.Struct, frozen=True):
    """Which rule refused, what it saw, and what it would have let pass."""

    code: str
    value: str
    limit: str = ""


class Terms(msgspec.Struct, frozen=True, gc=False):
    """The order under judgement with what the checks measure it by.

    `held` is the quantity the same order already counts for in the open exposure (an amend).
    """

    order: PlaceOrder
    instrument: Instrument
    price: Decimal
    reference: Decimal
    limits: RiskLimits
    held: Decimal = ZERO


class Approved(msgspec.Struct, frozen=True, gc=False):
    """Proof that an order passed every check at `ts`."""

    order: PlaceOrder
    ts: int

    def submitted(self) -> OrderSubmitted:
        """The event that lets the order out."""
        return _event(OrderSubmitted, self.ts, self.order)


class Denied(msgspec.Struct, frozen=True, gc=False):
    """An order that stays here, and why."""

    order: PlaceOrder
    ts: int
    denial: Denial

    def denied(self) -> OrderDenied:
        """The event that records the refusal."""
        denial = self.denial
        return _event(
            OrderDenied,
            self.ts,
            self.order,
            code=denial.code,
            value=denial.value,
            limit=denial.limit,
        )


def _event(kind: type[_E], ts: int, order: PlaceOrder, **more: str) -> _E:
    """An event of this kind, with the order's terms."""
    return kind(
        ts=ts,
        command_id=order.command_id,
        client_order_id=order.client_order_id,
        symbol=order.symbol,
        side=order.side,
        qty=order.qty,
        price=order.price,
        type=order.type,
        time_in_force=order.time_in_force,
        post_only=order.post_only,
        reduce_only=order.reduce_only,
        by=order.by,
        **more,
    )


def check(state: State, order: PlaceOrder, context: Context) -> Approved | Denied:
    """Judge a new order against the state, the instrument and every limit."""
    denial = _permission(state, order) or _find_denial(state, order, context)
    if denial is None:
        return Approved(order, context.now_ns)
    return Denied(order, context.now_ns, denial)


def check_flatten(state: State, order: PlaceOrder, context: Context) -> Approved | Denied:
    """Judge an order of a confirmed flatten: it may leave while HALTED, and only ever reduces."""
    position = state.positions.get_position(order.symbol).qty
    if not order.reduce_only or position * order.side.sign >= 0 or order.qty > abs(position):
        denial = Denial("NOT_REDUCING", f"{order.side} {order.qty}", f"position {position}")
        return Denied(order, context.now_ns, denial)
    return Approved(order, context.now_ns)


def check_amend(
    state: State, order: PlaceOrder, context: Context, *, held: Decimal
) -> Denial | None:
    """Judge an order's new terms; `held` is its quantity that the exposure counts already."""
    return _permission(state, order) or _find_denial(state, order, context, held=held, amend=True)


def _permission(state: State, order: PlaceOrder) -> Denial | None:
    trading = state.trading_of(order.symbol)
    if trading is TradingState.HALTED:
        reason = state.narrowing_of(order.symbol).reason
        return Denial("HALTED", reason or "trading is halted", "release first")
    if trading is TradingState.REDUCING and not order.reduce_only:
        return Denial("REDUCING", "order adds exposure", "reduce-only orders")
    if not state.ready:
        return Denial("RECONCILING", "the account is being compared with the venue", "wait")
    return None


def _find_denial(
    state: State, order: PlaceOrder, context: Context, *, held: Decimal = ZERO, amend: bool = False
) -> Denial | None:
    if not CLIENT_ORDER_ID.fullmatch(order.client_order_id):
        return Denial("BAD_ID", order.client_order_id[:40], "1 to 36 of A-Z a-z 0-9 _ -")
    instrument = state.instruments.get(order.symbol)
    if instrument is None or not instrument.trading:
        return Denial("UNKNOWN_SYMBOL", order.symbol, ", ".join(sorted(state.instruments)))
    sane = _numbers(order)
    if sane is not None:
        return sane
    quote = context.quotes.get(order.symbol)
    reference = quote.reference if quote is not None else None
    if reference is None or reference <= 0:
        return Denial("NO_REFERENCE_PRICE", order.symbol, "a mark price or a book")
    limits = context.limits.for_symbol(order.symbol)
    price = reference if order.price is None else order.price
    terms = Terms(order, instrument, price, reference, limits, held)
    for rule in _CHECKS:
        denial = rule(state, terms)
        if denial is not None:
            return denial
    return None if amend else _counts(state, terms, context.now_ns)


def _numbers(order: PlaceOrder) -> Denial | None:
    for name, number in (("qty", order.qty), ("price", order.price)):
        if number is None:
            continue
        if not number.is_finite() or number <= 0:
            return Denial("BAD_NUMBER", f"{name} {number}", "greater than 0")
        if not MIN_EXPONENT <= number.adjusted() <= MAX_EXPONENT:
            return Denial("BAD_NUMBER", f"{name} {number:.3E}", "between 1E-18 and 1E+12")
    if (order.price is None) is not (order.type is OrderType.MARKET):
        wanted = "no price" if order.type is OrderType.MARKET else "a price"
        return Denial("BAD_PRICE", f"{order.type} with price {order.price}", wanted)
    if order.post_only and (
        order.type is OrderType.MARKET or order.time_in_force in (TimeInForce.IOC, TimeInForce.FOK)
    ):
        return Denial("POST_ONLY_TAKES", f"{order.type} {order.time_in_force}", "Limit GTC")
    return None


def _steps(_state: State, terms: Terms) -> Denial | None:
    order, instrument = terms.order, terms.instrument
    if order.price is not None and order.price % instrument.tick_size:
        return Denial("TICK_SIZE", _plain(order.price), f"steps of {_plain(instrument.tick_size)}")
    if order.qty % instrument.qty_step:
        return Denial("QTY_STEP", _plain(order.qty), f"steps of {_plain(instrument.qty_step)}")
    return None


def _size(_state: State, terms: Terms) -> Denial | None:
    order, instrument = terms.order, terms.instrument
    if order.qty < instrument.min_qty:
        return Denial("MIN_QTY", _plain(order.qty), _plain(instrument.min_qty))
    market = order.type is OrderType.MARKET
    ceiling = instrument.max_market_qty if market else instrument.max_qty
    if terms.limits.max_order_qty is not None:
        ceiling = min(ceiling, terms.limits.max_order_qty)
    if order.qty > ceiling:
        return Denial("MAX_QTY", _plain(order.qty), _plain(ceiling))
    return None


def _notional(_state: State, terms: Terms) -> Denial | None:
    notional = terms.instrument.notional(terms.order.qty, terms.price)
    floor, ceiling = terms.instrument.min_notional, terms.limits.max_order_notional_usd
    if notional < floor and not terms.order.reduce_only:
        return Denial("MIN_NOTIONAL", _plain(notional), _plain(floor))
    if notional > ceiling:
        return Denial("MAX_ORDER_NOTIONAL", _plain(notional), _plain(ceiling))
    return None


def _collar(_state: State, terms: Terms) -> Denial | None:
    if terms.order.price is None:
        return None
    aggressive = terms.limits.price_collar
    passive = max(aggressive * 2, PASSIVE_COLLAR_MIN)
    above, below = (aggressive, passive) if terms.order.side is Side.BUY else (passive, aggressive)
    highest, lowest = terms.reference * (1 + above), terms.reference * (1 - below)
    if not lowest <= terms.price <= highest:
        return Denial("PRICE_COLLAR", _plain(terms.price), f"{lowest:.8g} to {highest:.8g}")
    return None


def _position(state: State, terms: Terms) -> Denial | None:
    order = terms.order
    if order.reduce_only:
        return None
    held = state.positions.get_position(order.symbol).qty * order.side.sign
    working = state.exposure.working(order.symbol, order.side) - terms.held
    worst = terms.instrument.notional(held + working + order.qty, terms.reference)
    ceiling = terms.limits.max_position_notional_usd
    if worst > ceiling:
        return Denial("MAX_POSITION", _plain(worst), _plain(ceiling))
    return None


def _counts(state: State, terms: Terms, now_ns: int) -> Denial | None:
    limits = terms.limits
    if state.exposure.count() >= limits.max_open_orders:
        return Denial("MAX_OPEN_ORDERS", str(state.exposure.count()), str(limits.max_open_orders))
    times = state.submit_times
    rate = limits.orders_per_s
    if len(times) >= rate and times[-rate] > now_ns - NS:
        return Denial("ORDER_RATE", f"{rate} in the last second", f"{rate} a second")
    return None


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"


_CHECKS: tuple[Callable[[State, Terms], Denial | None], ...] = (
    _steps,
    _size,
    _notional,
    _collar,
    _position,
)
