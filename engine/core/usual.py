"""What nearly all events are, each in one step: a new order's acknowledgement, and a fill.

Where the state that an order shows says all there is to know of it, no rule has to look. What such
an event does is exactly what `order_rules`, `order_fills` and `booking` would do, which fold every
other one: a function here returns False for what is not as usual. Tests fold the same histories
both ways.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from engine.core.booking import fill_of
from engine.core.events import EventType, OrderEvent
from engine.core.order_state import Anomaly, Fill, Order
from engine.core.plain import one_of
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
    words = event.text
    if event.reason:
        words = f"{event.reason}: {words}" if words else event.reason
    orders.tell(order, event, NEW, words)
    order.last_seq = state.seq + 1
    state.exposure.acknowledged(order)
    return True


def _filled(state: State, event: OrderEvent) -> bool:
    """A working order has filled by an execution that is new."""
    orders, positions, exec_id = state.orders, state.positions, event.exec_id
    order = orders.orders.get(event.client_order_id)
    if (
        order is None
        or order.state not in _WORKING
        or order.inferred_qty
        or event.exec_pnl is not None
        or event.command_id
        or exec_id in order.fills
        or not positions.is_new(exec_id)
    ):
        return False
    qty = _take(order, event)
    if qty is None:
        return False
    cum_qty, wanted = order.cum_qty, order.qty
    if cum_qty > wanted:
        orders.anomalies[Anomaly.OVERFILL] += 1
    after = PARTIALLY_FILLED
    if cum_qty >= wanted:
        after = FILLED
        order.cum_qty = one_of(cum_qty, wanted)
    execution = order.fills[exec_id]
    orders.tell(order, event, after, execution)
    order.last_seq = state.seq + 1
    positions.add(fill_of(event, order, execution))
    symbol, ts = order.symbol, event.ts
    state.fill_ts[symbol] = ts
    state.activity.filled(ts, symbol, order.side, first=len(order.fills) == 1)
    state.exposure.filled(order, qty)
    return True


def _take(order: Order, event: OrderEvent) -> Decimal | None:
    """Count the event's execution; its quantity, or None when it has none to count."""
    qty, price = event.last_qty, event.last_price
    if not (type(qty) is type(price) is Decimal and qty.is_finite() and price.is_finite()):
        return None
    if qty <= ZERO or price <= ZERO or not event.exec_id:
        return None
    price = one_of(price, order.price)  # most orders that rest fill at their price
    order.fills[event.exec_id] = Fill(qty, price)
    order.cum_qty += qty
    order.filled_value += qty * price
    if not order.first_fill_ts:
        order.first_fill_ts = event.ts
    return qty


USUAL: Mapping[EventType, Callable[[State, OrderEvent], bool]] = {
    EventType.ORDER_ACK: _acknowledged,
    EventType.PARTIAL_FILL: _filled,
    EventType.FULL_FILL: _filled,
}
"""Folds one event of this type, and returns True, if it is as usual."""
