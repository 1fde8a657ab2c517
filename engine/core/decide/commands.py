"""What an operator's order command leads to: placed, amended, cancelled, or refused with a code."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from msgspec.structs import replace

from engine.core.commands import (
    AmendOrder,
    CancelAll,
    CancelOrder,
    Command,
    PlaceOrder,
    ReadOrder,
    Reconcile,
)
from engine.core.context import Context
from engine.core.decide.lookups import ask_anew
from engine.core.events import CommandRefused, EventType, OrderEvent
from engine.core.orders.exposure import worst_leaves
from engine.core.orders.machine import Order, other_terms, why_not_cancel, why_not_replace
from engine.core.orders.terms import Trigger
from engine.core.requests import QueryAccount, QueryPnl, Step
from engine.core.risk import Denied, check, check_amend
from engine.core.state import State


def decide_place(state: State, command: PlaceOrder, context: Context) -> Iterator[Step]:
    """Submit or deny. A known id with the same terms is the same order: nothing more happens."""
    known = state.orders.get_order(command.client_order_id)
    if known is not None:
        other = other_terms(known, command)
        if other:
            text = "this id belongs to an order with other " + ", ".join(other)
            yield refused(command, context, "DUPLICATE_ID", text, known.client_order_id)
        return
    verdict = check(state, command, context)
    yield verdict.denied() if isinstance(verdict, Denied) else verdict.submitted()


def decide_amend(state: State, command: AmendOrder, context: Context) -> Iterator[Step]:
    """Ask the venue for new terms, or refuse and leave the order as it is."""
    order = state.orders.get_order(command.client_order_id)
    if order is None:
        yield refused(command, context, "UNKNOWN_ORDER", command.client_order_id)
        return
    code = why_not_replace(order, command.qty, command.price, command.trigger_price)
    if code:
        yield refused(command, context, code, f"order is {order.state}", order.client_order_id)
        return
    wanted = PlaceOrder(
        command_id=command.command_id,
        client_order_id=order.client_order_id,
        symbol=order.symbol,
        side=order.side,
        qty=order.qty if command.qty is None else command.qty,
        price=order.price if command.price is None else command.price,
        type=order.type,
        time_in_force=order.time_in_force,
        post_only=order.post_only,
        reduce_only=order.reduce_only,
        # A trigger that has come has done its work: what it left is an order like any other.
        trigger=_wanted_trigger(order, command.trigger_price) if order.is_waiting else None,
        attached=order.attached,
    )
    denial = check_amend(state, wanted, context, held=worst_leaves(order) + order.cum_qty)
    if denial is not None:
        text = f"{denial.value} (limit {denial.limit})"
        yield refused(command, context, denial.code, text, order.client_order_id)
        return
    yield OrderEvent(
        EventType.REPLACE_REQUEST,
        order.client_order_id,
        context.now_ns,
        qty=wanted.qty,
        price=wanted.price,
        trigger_price=None if wanted.trigger is None else wanted.trigger.price,
        command_id=command.command_id,
    )


def _wanted_trigger(order: Order, price: Decimal | None) -> Trigger | None:
    if order.trigger is None or price is None:
        return order.trigger
    return replace(order.trigger, price=price)


def decide_cancel(state: State, command: CancelOrder, context: Context) -> Iterator[Step]:
    """Ask the venue to cancel one order, in any trading state."""
    order = state.orders.get_order(command.client_order_id)
    if order is None:
        yield refused(command, context, "UNKNOWN_ORDER", command.client_order_id)
        return
    code = why_not_cancel(order)
    if code:
        yield refused(command, context, code, f"order is {order.state}", order.client_order_id)
        return
    yield cancel_request(order, context, command.command_id)


def decide_read(state: State, command: ReadOrder, context: Context) -> Iterator[Step]:
    """Nothing more to do for an order that is here; one that is not was never ours."""
    if state.orders.find(command.name, command.name) is None:
        yield refused(command, context, "UNKNOWN_ORDER", command.name)


def decide_cancel_all(state: State, command: CancelAll, context: Context) -> Iterator[Step]:
    """Cancel what matches: all, one symbol, one side, or the orders named.

    An order that is not ours must be named to be cancelled.
    """
    named = None if command.client_order_ids is None else frozenset(command.client_order_ids)
    chosen = [
        order
        for order in list(state.orders.open_orders())
        if (command.symbol is None or order.symbol == command.symbol)
        and (command.side is None or order.side is command.side)
        and (not order.is_external if named is None else order.client_order_id in named)
        and not why_not_cancel(order)
    ]
    if not chosen:
        yield refused(command, context, "NO_OPEN_ORDERS", "nothing matches")
    for order in chosen:
        yield cancel_request(order, context, command.command_id)


def decide_reconcile(state: State, _command: Reconcile, _context: Context) -> Iterator[Step]:
    """Compare with the venue now, and ask again for what had been given up."""
    yield from ask_anew(state)
    yield QueryAccount()
    yield QueryPnl()


def cancel_request(order: Order, context: Context, command_id: str = "") -> OrderEvent:
    """The event that asks the venue to cancel `order`."""
    return OrderEvent(
        EventType.CANCEL_REQUEST, order.client_order_id, context.now_ns, command_id=command_id
    )


def refused(
    command: Command, context: Context, code: str, text: str, client_order_id: str = ""
) -> CommandRefused:
    """The event that records why a command had no effect."""
    return CommandRefused(
        ts=context.now_ns,
        command_id=command.command_id,
        command=type(command).__name__,
        code=code,
        text=text,
        client_order_id=client_order_id,
    )
