"""What events of orders do to the state: the order itself, and everything that counts it."""

from __future__ import annotations

from collections.abc import Callable
from sys import intern
from typing import TYPE_CHECKING

from engine.core.events import (
    EventType,
    OrderAdopted,
    OrderDenied,
    OrderEvent,
    OrderRecalled,
    OrderSubmitted,
    SuspenseBooked,
)
from engine.core.ledger.from_orders import BOOKED, FILLS, book_fill, book_report
from engine.core.orders.exposure import part_of
from engine.core.orders.machine import Anomaly, Order
from engine.core.orders.usual import USUAL
from engine.core.types import OrderState

if TYPE_CHECKING:
    from engine.core.state import State

# Looking a member up through its class takes 100 ns on Python 3.11; these are needed every order.
ORDER_SENT = EventType.ORDER_SENT
PENDING = OrderState.PENDING


def submitted(state: State, event: OrderSubmitted) -> None:
    """A new order that will be sent."""
    order = _create(state, event)
    # What `rules` make of ORDER_SENT when it comes first.
    order.sent = True
    state.orders.tell(order, OrderEvent(ORDER_SENT, order.client_order_id, event.ts), PENDING, "")
    state.exposure.submitted(order)
    terms = (event.side, event.qty, event.price, event.type, event.trigger)
    state.activity.submitted(event.ts, event.symbol, *terms)
    state.remember_command(event.command_id)


def denied(state: State, event: OrderDenied) -> None:
    """An order that stays here, kept with the rule that refused it."""
    order = _create(state, event)
    state.orders.handle_event(
        OrderEvent(
            EventType.ORDER_DENIED,
            order.client_order_id,
            event.ts,
            reason=event.code,
            text=f"{event.value} (limit {event.limit})" if event.limit else event.value,
        )
    )
    state.remember_command(event.command_id)


def adopted(state: State, event: OrderAdopted) -> None:
    """An order that was found at the venue."""
    order = _create(state, event)
    state.orders.handle_event(
        OrderEvent(
            EventType.ORDER_ACK,
            order.client_order_id,
            event.ts,
            exchange_order_id=event.exchange_order_id,
        )
    )
    state.exposure.change(order)
    if not order.is_external:
        state.orders.anomalies[Anomaly.UNKNOWN_ORDER] += 1


def _create(state: State, event: OrderSubmitted | OrderDenied | OrderAdopted) -> Order:
    order = Order(
        client_order_id=event.client_order_id,
        symbol=intern(event.symbol),  # every order of a market shares one
        side=event.side,
        qty=event.qty,
        price=event.price,
        type=event.type,
        time_in_force=event.time_in_force,
        post_only=event.post_only,
        reduce_only=event.reduce_only,
        by=event.by,
    )
    # A keyword costs more the further down its field is: 100 ns for those of this half.
    order.created_ts = order.updated_ts = event.ts
    order.first_seq = order.last_seq = state.seq + 1
    if event.position_index:
        order.position_index = event.position_index
    if event.trigger is not None:
        order.trigger = event.trigger
    if event.attached is not None:
        order.attached = event.attached
    if event.slippage is not None:
        order.slippage = event.slippage
    return state.orders.add_order(order)


def order_event(state: State, event: OrderEvent) -> None:
    """What happened to one order, and what that means beyond it; an execution counts once."""
    usual = USUAL.get(event.type)
    if usual is None or not usual(state, event):
        _unusual(state, event)


def _unusual(state: State, event: OrderEvent) -> None:
    elsewhere = event.exec_id and state.positions.belongs_elsewhere(
        event.exec_id, event.client_order_id
    )
    known = state.orders.get_order(event.client_order_id)
    before = None if known is None else part_of(known)
    order = None if elsewhere else state.orders.handle_event(event)
    if event.command_id:
        state.remember_command(event.command_id)
    if order is None:
        return
    order.last_seq = state.seq + 1
    consequence = _CONSEQUENCES.get(event.type)
    if consequence is not None:
        consequence(state, event, order)
    state.exposure.change(order, before)


def _filled(state: State, event: OrderEvent, order: Order) -> None:
    book_fill(state.positions, event, order)
    state.fill_ts[order.symbol] = event.ts
    known = order.execution(event.exec_id)
    first = known is not None and known.qty == order.cum_qty - order.inferred_qty
    state.activity.filled(event.ts, order.symbol, order.side, first=first)


def _reported(state: State, event: OrderEvent, order: Order) -> None:
    book_report(state.positions, event, order)


def _asked(state: State, event: OrderEvent, _order: Order) -> None:
    state.activity.message(event.ts)


def _rejected(state: State, event: OrderEvent, order: Order) -> None:
    state.activity.rejected(event.ts, order.symbol, event.reason)


def recalled(state: State, event: OrderRecalled) -> None:
    """A retired order is back, or the journal could not say."""
    if event.order is None:
        state.orders.anomalies[Anomaly.NOT_RECALLED] += 1
    else:
        state.orders.recall(event.order.copy())  # the event is everybody's


def suspended(state: State, event: SuspenseBooked) -> None:
    """An execution of an order that nobody knows counts all the same."""
    state.positions.suspend(event.fill)
    state.fill_ts[event.fill.symbol] = event.ts


_CONSEQUENCES: dict[EventType, Callable[[State, OrderEvent, Order], None]] = {
    **dict.fromkeys(BOOKED, _reported),
    **dict.fromkeys(FILLS, _filled),
    EventType.CANCEL_REQUEST: _asked,
    EventType.REPLACE_REQUEST: _asked,
    EventType.ORDER_REJECT: _rejected,
}
"""What an event means beyond its order; an acknowledgement, like most, means nothing more."""
