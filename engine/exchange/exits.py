"""Take-profit and stop-loss of a part of a position: as much as the order that brought them filled.

Each order brings a pair of its own, and pairs stand side by side. A pair grows with its order's
fills; once one of the two is triggered the other is cancelled, and what fills later gets a new
pair. All go when the position is flat.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Protocol

import msgspec

from engine.exchange.account import Account
from engine.exchange.ids import Ids
from engine.exchange.orders import (
    POSITION_CLOSED,
    STOP_LOSS_OFF,
    TAKE_PROFIT_OFF,
    Attached,
    Exit,
    Order,
)
from engine.exchange.positions import Position

TAKE_PROFIT, STOP_LOSS = "PartialTakeProfit", "PartialStopLoss"
GOES = {TAKE_PROFIT: TAKE_PROFIT_OFF, STOP_LOSS: STOP_LOSS_OFF}
"""How each ends when the other of its pair is triggered."""


class Book(Protocol):
    """What exits need of their market."""

    def arm(self, order: Order) -> None: ...
    def cancel(self, order: Order, how: tuple[str, str]) -> None: ...


def exit_order(filled: Order, kind: str, out: Exit, qty: Decimal, order_id: str, ms: int) -> Order:
    """The order of that kind that closes so much of what `filled` has opened."""
    is_limit = bool(out.limit)
    return Order(
        api_key=filled.api_key,
        instrument=filled.instrument,
        order_id=order_id,
        link_id="",
        is_buy=not filled.is_buy,
        order_type="Limit" if is_limit else "Market",
        time_in_force="GTC" if is_limit else "IOC",
        qty=qty,
        price=out.limit,
        reduce_only=True,
        close_on_trigger=True,
        position_idx=filled.position_idx,
        condition=out.condition,
        stop_order_type=kind,
        create_type=f"CreateBy{kind}",
        created_ms=ms,
        updated_ms=ms,
    )


class Pair(msgspec.Struct, kw_only=True, eq=False):
    """The exits of one order's fills, or of some of them; after a restart nobody knows whose."""

    source: Order | None = None
    brought: Attached | None = None
    orders: list[Order] = []

    @property
    def waits(self) -> bool:
        """True while any of it can still be triggered."""
        return any(order.is_waiting for order in self.orders)

    def grows_with(self, filled: Order) -> bool:
        """True while it waits whole, and is what that order brings now."""
        return (
            self.source is filled
            and self.brought == filled.attached
            and all(order.is_waiting for order in self.orders)
        )

    def lacks(self, order: Order) -> bool:
        """True where the order could be the other one."""
        (first, *others) = self.orders
        return (
            not others
            and first.stop_order_type != order.stop_order_type
            and (first.api_key, first.position_idx) == (order.api_key, order.position_idx)
            and (first.is_buy, first.qty) == (order.is_buy, order.qty)
        )


class PartialExits:
    """The partial take-profits and stop-losses of one market."""

    def __init__(self, book: Book, ids: Ids, now_ns: Callable[[], int]) -> None:
        self._book = book
        self._ids = ids
        self._now_ns = now_ns
        self._pairs: list[Pair] = []

    def __bool__(self) -> bool:
        return bool(self._pairs)

    def take_over(self, order: Order) -> None:
        """Know an exit from an earlier life of the exchange again.

        Which two were a pair is not known any more: two of one size are taken for one.
        """
        if order.stop_order_type not in GOES:
            return
        for pair in self._pairs:
            if pair.lacks(order):
                pair.orders.append(order)
                return
        self._pairs.append(Pair(orders=[order]))

    def follow(self, account: Account, filled: Order, position: Position) -> None:
        """A fill of `filled` has moved a position: protect what it has opened, or clear."""
        self._pairs = [pair for pair in self._pairs if pair.waits]
        attached = filled.attached
        if attached is not None and attached.partial:
            qty = min(filled.cum_qty - filled.covered, abs(position.qty))
            filled.covered = filled.cum_qty
            if qty and filled.is_buy == (position.qty > 0):
                self._cover(account, filled, attached, qty)
        for pair in self._pairs:
            first = pair.orders[0]
            is_its = (first.api_key, first.position_idx) == (account.api_key, position.idx)
            if is_its and (not position.qty or first.is_buy == (position.qty > 0)):
                for order in pair.orders:
                    if order.is_waiting:
                        self._book.cancel(order, POSITION_CLOSED)

    def triggered(self, order: Order) -> None:
        """Cancel the other one of a pair, of which this one goes to the book."""
        for pair in self._pairs:
            if any(one is order for one in pair.orders):
                self._pairs.remove(pair)
                for other in pair.orders:
                    if other.is_waiting:
                        self._book.cancel(other, GOES[other.stop_order_type])
                return

    def _cover(self, account: Account, filled: Order, attached: Attached, qty: Decimal) -> None:
        now_ms = self._now_ns() // 1_000_000
        for pair in self._pairs:
            if pair.grows_with(filled):
                for order in pair.orders:
                    order.qty += qty
                    order.updated_ms = now_ms
                    account.tell(order)
                return
        pair = Pair(source=filled, brought=attached)
        self._pairs.append(pair)
        for kind, out in ((TAKE_PROFIT, attached.take_profit), (STOP_LOSS, attached.stop_loss)):
            if out is not None:
                order_id = self._ids.order_id(filled.instrument.category)
                order = exit_order(filled, kind, out, qty, order_id, now_ms)
                pair.orders.append(order)
                self._book.arm(order)
