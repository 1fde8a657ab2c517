"""What nearly all events are, each in one step: a new order's acknowledgement, and a fill.

Where the state that an order shows says all there is to know of it, no rule has to look. What such
an event does is exactly what `rules`, `fills` and `ledger.from_orders` would do, which fold every
other one: a function here returns False for what is not as usual. Tests fold the same histories
both ways.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from engine.core.events import EventType, OrderEvent
from engine.core.ledger.from_orders import book_and_compare, fill_of
from engine.core.ledger.tracker import PositionTracker
from engine.core.orders.history import Execution, HistoryEntry
from engine.core.orders.rules import words_of
from engine.core.orders.state import Anomaly, Order
from engine.core.plain import one_of
from engine.core.reports import FillEvent
from engine.core.types import ZERO, OrderState

if TYPE_CHECKING:
    from engine.core.state import State

# Looking a member up through its class takes 100 ns on Python 3.11; these are needed every event.
PENDING = OrderState.PENDING
NEW = OrderState.NEW
PARTIALLY_FILLED = OrderState.PARTIALLY_FILLED
FILLED = OrderState.FILLED

_WORKING = frozenset({NEW, PARTIALLY_FILLED})


def _acknowledged(state: State, event: OrderEvent) -> bool:
    """An order that is on its way, and nothing else, is working from now on."""
    orders = state.orders
    order = orders.orders.get(event.client_order_id)
    if order is None or order.state is not PENDING or event.exec_id or event.command_id:
        return False
    if order.trigger is not None:
        return False  # it waits first
    order.acked = True
    order.acked_ts = event.ts
    if event.attempts > order.attempts:
        order.attempts = event.attempts
    orders.tell(order, event, NEW, words_of(event) if event.reason else event.text)
    order.last_seq = state.seq + 1
    state.exposure.acknowledged(order)
    return True


def _filled(state: State, event: OrderEvent) -> bool:
    """A working order has filled by an execution that is new."""
    orders, positions, exec_id = state.orders, state.positions, event.exec_id
    order, qty, price = orders.orders.get(event.client_order_id), event.last_qty, event.last_price
    if (
        order is None
        or order.state not in _WORKING
        or order.inferred_qty
        or event.command_id
        or not exec_id
        or not positions.is_new(exec_id)
        or not (type(qty) is type(price) is Decimal and qty.is_finite() and price.is_finite())
        or qty <= ZERO
        or price <= ZERO
    ):
        return False
    symbol, ts = order.symbol, event.ts
    cum_qty, wanted, after = order.cum_qty + qty, order.qty, PARTIALLY_FILLED
    if cum_qty >= wanted:
        after = FILLED
        if cum_qty > wanted:
            orders.anomalies[Anomaly.OVERFILL] += 1
        cum_qty = one_of(cum_qty, wanted)
    # What rests mostly fills at its price, at once or often in like parts.
    first = not order.cum_qty
    before = None if first else _before(positions, order)
    like = before or order
    execution = Execution(one_of(qty, like.qty), one_of(price, like.price), exec_id=exec_id)
    order.cum_qty = cum_qty
    if not order.first_fill_ts:
        order.first_fill_ts = ts
    # What `tell` does, where the transition is known to be legal.
    theirs = event.exchange_order_id
    if theirs and theirs != order.exchange_order_id:
        orders.learn_exchange_id(order, theirs)
    order.state = after
    if after is FILLED:
        orders.close(order)
    order.history.append(HistoryEntry(ts, event.type, after, execution))
    if ts > order.updated_ts:
        order.updated_ts = ts
    order.last_seq = state.seq + 1
    booked = fill_of(event, order, execution, before)
    if event.exec_pnl is None:
        positions.add(booked)
    else:
        book_and_compare(positions, booked, event.exec_pnl)
    state.fill_ts[symbol] = ts
    state.activity.filled(ts, symbol, order.side, first=first)
    state.exposure.filled(order, qty)
    return True


def _before(positions: PositionTracker, order: Order) -> FillEvent | None:
    """The execution that the order's newest line tells of; None when it tells of something else."""
    told = order.history[-1].told if order.history else None
    return positions.execution(told.exec_id) if type(told) is Execution else None


USUAL: Mapping[EventType, Callable[[State, OrderEvent], bool]] = {
    EventType.ORDER_ACK: _acknowledged,
    EventType.PARTIAL_FILL: _filled,
    EventType.FULL_FILL: _filled,
}
"""Folds one event of this type, and returns True, if it is as usual."""
