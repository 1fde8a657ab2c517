"""The order state machine: every order of an account, changed by events and by nothing else.

Read `state` for what an order is and `rules` for what each event does to it. What is
left for this file is to find the order, apply the rule, show the state that follows, and keep the
indexes: open orders, and orders by the venue's id.

Where `keep_closed` sets a bound, the orders that closed first leave memory beyond it. They are in
the journal, `retired` knows them again by their ids, and `recall` takes one back in.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

import msgspec

from engine.core.commands import PlaceOrder
from engine.core.events import OrderEvent
from engine.core.orders.history import Execution, Fill, HistoryEntry
from engine.core.orders.retired import RetiredOrders, SavedRetired
from engine.core.orders.rules import RULES
from engine.core.orders.state import (
    TRANSITIONS,
    Anomaly,
    Order,
    Refusal,
    derive_state,
    why_not_cancel,
    why_not_replace,
)
from engine.core.plain import Plain, to_plain
from engine.core.types import CLOSED_STATES, OrderState, OrderType, Side, TimeInForce, to_decimal

__all__ = [
    "TRANSITIONS",
    "Anomaly",
    "Fill",
    "HistoryEntry",
    "Order",
    "OrderState",
    "OrderStateMachine",
    "OrderStateRecord",
    "Refusal",
    "SavedOrders",
    "create_fsm",
    "derive_state",
    "other_terms",
    "why_not_cancel",
    "why_not_replace",
]

OrderStateRecord = Order

TERMS = (
    "symbol", "side", "qty", "price", "type", "time_in_force", "post_only", "reduce_only",
    "trigger", "attached", "slippage",
)  # fmt: skip
"""What makes two orders the same order."""

_SELDOM = ("trigger", "attached", "slippage", "pending_trigger")
"""What is written down of an order only where it has it."""

_E = TypeVar("_E", bound=StrEnum)


class SavedOrders(msgspec.Struct, omit_defaults=True):
    """Everything an order state machine is, as one message: `msgspec.json` writes it fast.

    `closed` are the ids of closed orders in the order in which they leave memory.
    """

    orders: dict[str, Order]
    anomalies: dict[str, int]
    closed_kept: int = 0
    closed: list[str] = []
    retired: SavedRetired | None = None


def other_terms(order: Order, wanted: Order | PlaceOrder) -> list[str]:
    """The names of the terms in which `wanted` is another order than `order`."""
    return [name for name in TERMS if getattr(order, name) != getattr(wanted, name)]


class OrderStateMachine:
    """The orders of an account by our id, in the order they were created; recalled ones first.

    `anomalies` counts what should not have happened, by kind (`Anomaly`). `retired` are the orders
    that left memory, `let_go` those that left it last.
    """

    def __init__(self) -> None:
        self.orders: dict[str, Order] = {}
        self.retired = RetiredOrders()
        self.let_go: list[Order] = []
        self.anomalies: Counter[str] = Counter()
        self._closed_kept = 0
        self._closed: deque[str] = deque()
        self._open: dict[str, Order] = {}
        self._by_exchange_id: dict[str, Order] = {}

    def create_order(
        self,
        client_order_id: str,
        symbol: str,
        side: Side | str,
        qty: Decimal | float | str,
        price: Decimal | float | str | None = None,
        *,
        type: OrderType | str | None = None,
        time_in_force: TimeInForce | str | None = None,
        post_only: bool = False,
        reduce_only: bool = False,
        ts: int = 0,
        by: str = "operator",
    ) -> Order:
        """Create an order that is not sent yet; the same id with the same terms is the same order.

        Without `type` an order with a price is a limit order; a market order is IOC. Raises
        ValueError, naming the field, on a malformed or non-positive number, an unknown word, an
        empty id or symbol, and an id that belongs to an order with other terms.
        """
        if type is None:
            type = OrderType.MARKET if price is None else OrderType.LIMIT
        if time_in_force is None:
            time_in_force = TimeInForce.IOC if type == OrderType.MARKET else TimeInForce.GTC
        order = Order(
            client_order_id=_named(client_order_id, "client_order_id"),
            symbol=_named(symbol, "symbol"),
            side=_word(Side, side, "side"),
            qty=_positive(qty, "qty"),
            price=None if price is None else _positive(price, "price"),
            type=_word(OrderType, type, "type"),
            time_in_force=_word(TimeInForce, time_in_force, "time_in_force"),
            post_only=post_only,
            reduce_only=reduce_only,
            by=by,
            created_ts=ts,
            updated_ts=ts,
        )
        known = self.orders.get(client_order_id)
        if known is None:
            return self.add_order(order)
        other = other_terms(known, order)
        if other:
            raise ValueError(
                f"client_order_id: {client_order_id!r} belongs to an order with other "
                + ", ".join(f"{name} ({getattr(known, name)})" for name in other)
            )
        return known

    def add_order(self, order: Order) -> Order:
        """Take in an order as it is: terms that risk refuses have a place here too, as Denied.

        Raises ValueError when the id is taken.
        """
        if order.client_order_id in self.orders:
            raise ValueError(f"client_order_id: {order.client_order_id!r} is taken")
        self.orders[order.client_order_id] = order
        self._index(order)
        return order

    def handle_event(self, event: OrderEvent) -> Order | None:
        """Apply one event and return its order; None (counted) when there is no such order.

        Never raises on what a venue may say; numbers that are none are a ValueError.
        """
        order = self.orders.get(event.client_order_id)
        if order is None:
            self.anomalies[Anomaly.UNKNOWN_ORDER] += 1
            return None
        told = RULES[event.type](order, event, self.anomalies)
        self.tell(order, event, derive_state(order), told)
        return order

    def tell(
        self, order: Order, event: OrderEvent, after: OrderState, told: str | Execution | None
    ) -> None:
        """Show the state that followed from an event, and have the history tell what was new."""
        exchange_order_id, before = event.exchange_order_id, order.state
        if exchange_order_id and exchange_order_id != order.exchange_order_id:
            self.learn_exchange_id(order, exchange_order_id)
        if after is not before:
            self._show(order, before, after)
        if told is not None:
            ts = event.ts
            order.history.append(HistoryEntry(ts, event.type, after, told))
            if ts > order.updated_ts:
                order.updated_ts = ts

    def close(self, order: Order) -> None:
        """Count an order that was open until now among the closed."""
        del self._open[order.client_order_id]
        if self._closed_kept:
            self._closed.append(order.client_order_id)
            self._retire()

    def learn_exchange_id(self, order: Order, exchange_order_id: str) -> None:
        """The venue has named an order; a second name is counted, and the first stays."""
        if order.exchange_order_id:
            self.anomalies[Anomaly.EXCHANGE_ID_CONFLICT] += 1
        else:
            order.exchange_order_id = exchange_order_id
            self._by_exchange_id[exchange_order_id] = order

    def note(self, client_order_id: str, ts: int, label: str, text: str) -> bool:
        """Add a line to an order's history, nothing else; False when there is no such order."""
        order = self.orders.get(client_order_id)
        if order is None:
            return False
        order.history.append(HistoryEntry(ts, label, order.state, text))
        return True

    def keep_closed(self, bound: int) -> None:
        """Keep at most `bound` closed orders in memory from now on; 0 keeps all of them.

        A closed order that is not in the journal must not leave: without one keep all.
        """
        self._closed_kept = bound
        queued = dict.fromkeys(self._closed) if bound else {}
        closed = (order_id for order_id, order in self.orders.items() if not order.is_open)
        self._closed = deque(queued | dict.fromkeys(closed if bound else ()))
        self._retire()

    def recall(self, order: Order) -> None:
        """Take a retired order back in, as it was; of one that is here already nothing changes."""
        if order.client_order_id in self.orders:
            return
        others = dict(self.orders)
        self.orders.clear()
        self.orders[order.client_order_id] = order
        self.orders.update(others)
        self.retired.remove(order)
        self._index(order)

    def get_order(self, client_order_id: str) -> Order | None:
        """The order with our id, unless it is retired."""
        return self.orders.get(client_order_id)

    def find(self, client_order_id: str, exchange_order_id: str) -> Order | None:
        """The order with our id, else the venue's; an adopted one may be named by the latter."""
        return (
            self.orders.get(client_order_id)
            or self._by_exchange_id.get(exchange_order_id)
            or self.orders.get(exchange_order_id)
        )

    def by_exchange_id(self, exchange_order_id: str) -> Order | None:
        """The order with the venue's id."""
        return self._by_exchange_id.get(exchange_order_id)

    def open_orders(self) -> list[Order]:
        """Every order that may still fill, UNKNOWN ones included; the list is the caller's."""
        return list(self._open.values())

    @property
    def open_count(self) -> int:
        """How many orders are open."""
        return len(self._open)

    @property
    def count(self) -> int:
        """How many orders there are, the retired ones included."""
        return len(self.orders) + self.retired.count

    def saved(self) -> SavedOrders:
        """Everything as one message that shares its parts with this machine: encode it at once."""
        closed = list(self._closed) if self._closed_kept else []
        return SavedOrders(
            self.orders, self.anomalies, self._closed_kept, closed, self.retired.saved()
        )

    def persist_to_dict(self) -> dict[str, Plain]:
        """Everything as JSON-able values: orders by id with their histories, decimals as text."""
        saved = self.saved()
        saved.orders = {}
        orders = {order_id: _in_full(order) for order_id, order in self.orders.items()}
        return {**to_plain(saved), "orders": to_plain(orders)}

    @classmethod
    def restore_from_dict(cls, saved: Mapping[str, object]) -> OrderStateMachine:
        """The state machine that `persist_to_dict`, or the JSON of `saved`, described.

        Raises ValueError saying where the description is wrong.
        """
        try:
            return cls.restore(msgspec.convert(saved, SavedOrders))
        except msgspec.ValidationError as error:
            raise ValueError(f"saved orders: {error}") from None

    @classmethod
    def restore(cls, saved: SavedOrders) -> OrderStateMachine:
        """The state machine that `saved` gave; it takes the orders over."""
        machine = cls()
        machine.anomalies.update(saved.anomalies)
        machine.retired = RetiredOrders.restore(saved.retired)
        for order in saved.orders.values():
            machine.add_order(order)
        machine._closed_kept = saved.closed_kept
        machine._closed = deque(saved.closed)
        return machine

    def _show(self, order: Order, before: OrderState, after: OrderState) -> None:
        order.state = after
        if after not in TRANSITIONS[before]:
            self.anomalies[Anomaly.ILLEGAL_TRANSITION] += 1
        if before in CLOSED_STATES:
            if after not in CLOSED_STATES:
                self._open[order.client_order_id] = order
        elif after in CLOSED_STATES:
            self.close(order)

    def _index(self, order: Order) -> None:
        if order.exchange_order_id:
            self._by_exchange_id[order.exchange_order_id] = order
        if order.is_open:
            self._open[order.client_order_id] = order
        elif self._closed_kept:
            self._closed.append(order.client_order_id)
            self._retire()

    def _retire(self) -> None:
        """Let those that closed first go while more than the bound are here."""
        excess = len(self.orders) - len(self._open) - self._closed_kept
        if excess <= 0 or not self._closed_kept:
            return
        self.let_go = []
        while len(self.let_go) < excess:
            order = self.orders.get(self._closed.popleft())
            if order is None or order.is_open:
                continue  # it was open again since, and has another place if it closed
            del self.orders[order.client_order_id]
            if self._by_exchange_id.get(order.exchange_order_id) is order:
                del self._by_exchange_id[order.exchange_order_id]
            self.retired.add(order)
            self.let_go.append(order)


def _in_full(order: Order) -> dict[str, object]:
    """All there is to say of an order, its history in words."""
    words = order.in_words()
    fields = msgspec.structs.fields(Order)
    said = {field.encode_name: getattr(words, field.name) for field in fields}
    said["filled_value"] = order.filled_value
    return {name: it for name, it in said.items() if it is not None or name not in _SELDOM}


def _named(text: str, name: str) -> str:
    if not text:
        raise ValueError(f"{name}: must not be empty")
    return text


def _positive(value: Decimal | float | str, name: str) -> Decimal:
    number = to_decimal(value, name)
    if number <= 0:
        raise ValueError(f"{name}: {value} must be more than 0")
    return number


def _word(words: type[_E], value: str, name: str) -> _E:
    try:
        return words(value)
    except ValueError:
        raise ValueError(f"{name}: {value!r} is none of {', '.join(words)}") from None


def create_fsm() -> OrderStateMachine:
    """An order state machine without orders."""
    return OrderStateMachine()
