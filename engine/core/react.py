"""What must be said to a venue because of an event. Runs on new events only, never on replay."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from engine.core.context import Policy
from engine.core.events import (
    ConnectivityChanged,
    Event,
    EventType,
    KillStarted,
    LimitsChanged,
    OrderEvent,
    OrderSubmitted,
    SettingAsked,
)
from engine.core.orders.state import Order
from engine.core.requests import (
    AmendRequest,
    OrderRequest,
    QueryAccount,
    Request,
    SettingRequest,
    StartTimer,
    Sweep,
    cancel_of,
    query_of,
)
from engine.core.state import State
from engine.core.types import OrderType
from engine.core.watch.narrowing import start_watch
from engine.core.watch.triggers import is_watching


def react(state: State, event: Event, policy: Policy) -> Iterator[Request]:
    """Yield the requests and timers that `event`, already folded into `state`, calls for."""
    handler = _REACTIONS.get(type(event))
    return iter(()) if handler is None else handler(state, event, policy)


def _submitted(_state: State, event: OrderSubmitted, policy: Policy) -> Iterator[Request]:
    bounded = event.worst_price is not None
    yield OrderRequest(
        client_order_id=event.client_order_id,
        symbol=event.symbol,
        side=event.side,
        qty=event.qty,
        price=event.worst_price if bounded else event.price,
        type=OrderType.LIMIT if bounded else event.type,
        time_in_force=event.time_in_force,
        post_only=event.post_only,
        reduce_only=event.reduce_only,
        position_index=event.position_index,
        trigger=event.trigger,
        attached=event.attached,
        slippage=event.slippage,
    )
    yield StartTimer(kind="ack", key=event.client_order_id, after_s=policy.ack_deadline_s)


def _order_event(state: State, event: OrderEvent, policy: Policy) -> Iterator[Request]:
    handler = _ORDER_REACTIONS.get(event.type)
    order = state.orders.get_order(event.client_order_id) if handler is not None else None
    if handler is None or order is None:
        return iter(())
    return handler(order, event, policy)


def _cancel(order: Order, _event: OrderEvent, policy: Policy) -> Iterator[Request]:
    yield cancel_of(order)
    yield StartTimer(kind="look", key=order.client_order_id, after_s=policy.settle_deadline_s)


def _amend(order: Order, event: OrderEvent, policy: Policy) -> Iterator[Request]:
    trigger_price = None if order.trigger is None else order.trigger.price
    yield AmendRequest(
        client_order_id=order.client_order_id,
        symbol=order.symbol,
        qty=event.qty if event.qty != order.qty else None,
        price=event.price if event.price != order.price else None,
        trigger_price=event.trigger_price if event.trigger_price != trigger_price else None,
        waiting=order.is_waiting,
    )
    yield StartTimer(kind="look", key=order.client_order_id, after_s=policy.settle_deadline_s)


def _unknown(order: Order, _event: OrderEvent, policy: Policy) -> Iterator[Request]:
    yield query_of(order)
    yield StartTimer(kind="look", key=order.client_order_id, after_s=policy.settle_deadline_s)


def _link(_state: State, event: ConnectivityChanged, _policy: Policy) -> Iterator[Request]:
    if event.link == "private" and event.up:
        yield QueryAccount()


def _setting(_state: State, event: SettingAsked, _policy: Policy) -> Iterator[Request]:
    yield SettingRequest(
        command_id=event.command_id,
        symbol=event.symbol,
        leverage=event.leverage,
        hedged=event.hedged,
    )


def _limits(state: State, event: LimitsChanged, _policy: Policy) -> Iterator[Request]:
    if is_watching(event.limits):
        yield start_watch(state)


def _kill(_state: State, event: KillStarted, _policy: Policy) -> Iterator[Request]:
    yield Sweep(kill_id=event.kill_id, level=event.level)


_REACTIONS: dict[type, Callable[[State, Any, Policy], Iterator[Request]]] = {
    OrderSubmitted: _submitted,
    OrderEvent: _order_event,
    ConnectivityChanged: _link,
    KillStarted: _kill,
    LimitsChanged: _limits,
    SettingAsked: _setting,
}
_ORDER_REACTIONS: dict[EventType, Callable[[Order, OrderEvent, Policy], Iterator[Request]]] = {
    EventType.CANCEL_REQUEST: _cancel,
    EventType.REPLACE_REQUEST: _amend,
    EventType.SEND_UNKNOWN: _unknown,
}
