"""The invariant of the ledger: executions = what orders have filled = positions, exactly.

    sum of an order's executions + what is inferred of it = its cum_qty
    each of its executions is booked in the ledger with the same quantity
    sum of a position's executions + what is inferred - fees paid in coins = its quantity

Each function yields one sentence for everything that disagrees; nothing is the good answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import islice

from engine.core.ledger.executions import position_key
from engine.core.ledger.position import Position
from engine.core.orders.machine import Order
from engine.core.plain import decimal_text as text
from engine.core.reports import FillEvent
from engine.core.state import State
from engine.core.types import ZERO

ROWS_MAX = 1_000
"""Executions of one position that a running engine adds up: under a millisecond of its time."""


def ledger_disagreements(state: State) -> Iterator[str]:
    """Check everything: every order against the ledger, and every position against its rows."""
    positions = state.positions
    yield from orders_disagreements(state, state.orders.orders.values())
    orders = state.orders.orders
    attached = {(name, exec_id) for name, order in orders.items() for exec_id in order.fills}
    for fill in positions.booked_fills():
        if fill.exec_id in positions.suspense:
            continue
        name = fill.client_order_id
        if name in orders and (name, fill.exec_id) not in attached:
            yield f"execution {fill.exec_id} is booked, its order {name} lacks it"
    executions = positions.executions
    for key, position in positions.positions.items():
        yield from _position(state, key, position, executions.get(key, ()))


def recent_disagreements(
    state: State, client_order_ids: Iterable[str], *, orders_a_slice: int
) -> Iterator[list[str]]:
    """Check what was just booked: these orders, and their positions up to `ROWS_MAX` executions.

    It comes in slices, each what disagrees in it: between two of them the state may move on.
    """
    order_ids, keys = iter(client_order_ids), set[str]()
    while some := list(islice(order_ids, orders_a_slice)):
        known = (state.orders.get_order(order_id) for order_id in some)
        orders = [order for order in known if order is not None]
        keys.update(position_key(order.symbol, order.position_index) for order in orders)
        yield list(orders_disagreements(state, orders))
    executions = state.positions.executions
    for key in sorted(keys):
        position, fills = state.positions.positions.get(key), executions.get(key, ())
        if position is not None and len(fills) <= ROWS_MAX:
            yield list(_position(state, key, position, fills))


def orders_disagreements(state: State, orders: Iterable[Order]) -> Iterator[str]:
    """Check these orders against the ledger: as much work as they have executions."""
    inferred = {fill.client_order_id: fill.qty for fill in state.positions.inferred()}
    for order in orders:
        name = order.client_order_id
        filled = sum((fill.qty for fill in order.fills.values()), order.inferred_qty)
        if filled != order.cum_qty:
            yield f"order {name} shows {text(order.cum_qty)} filled, its fills are {text(filled)}"
        booked = inferred.get(name, ZERO)
        if booked != order.inferred_qty:
            yield (
                f"order {name} has {text(order.inferred_qty)} inferred, the ledger {text(booked)}"
            )
        for exec_id, fill in order.fills.items():
            qty, _price = state.positions.counted(exec_id) or (ZERO, ZERO)
            if qty != fill.qty:
                yield (
                    f"execution {exec_id} is {text(fill.qty)} on order {name} "
                    f"and {text(qty)} in the ledger"
                )


def _position(
    state: State, key: str, position: Position, fills: Iterable[FillEvent]
) -> Iterator[str]:
    traded = ZERO
    for fill in fills:
        qty, _price = state.positions.counted(fill.exec_id) or (ZERO, ZERO)
        traded += _signed(fill, qty)
    inferred = (
        fill
        for fill in state.positions.inferred()
        if (fill.symbol, fill.position_index) == (position.symbol, position.index)
    )
    traded += sum((_signed(fill, fill.qty) for fill in inferred), ZERO)
    expected = traded - position.base_fees()
    if expected != position.qty:
        yield f"position {key} is {text(position.qty)}, its executions are {text(expected)}"


def _signed(fill: FillEvent, qty: Decimal) -> Decimal:
    return qty * fill.side.sign
