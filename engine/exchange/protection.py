"""Take-profit and stop-loss of positions, as attached to the orders that opened them.

Each is a market order that waits for its price and closes the whole position. Only one of each
protects a position: a later order's replaces it, its size follows the position, and what is left
of the pair goes when the position is flat.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from engine.exchange.account import Account
from engine.exchange.conditions import Condition
from engine.exchange.ids import Ids
from engine.exchange.numbers import ZERO, text
from engine.exchange.orders import POSITION_CLOSED, Order
from engine.exchange.positions import Position

TAKE_PROFIT, STOP_LOSS = "TakeProfit", "StopLoss"


class Book(Protocol):
    """What protection needs of its market."""

    def arm(self, order: Order) -> None: ...
    def cancel(self, order: Order, how: tuple[str, str]) -> None: ...


class Protection:
    """The protecting orders of one market."""

    def __init__(self, book: Book, ids: Ids, now_ns: Callable[[], int]) -> None:
        self._book = book
        self._ids = ids
        self._now_ns = now_ns
        self._orders: dict[tuple[str, int, str], Order] = {}

    def __bool__(self) -> bool:
        return bool(self._orders)

    def take_over(self, order: Order) -> None:
        """Know an order from an earlier life of the exchange again, if it protects a position."""
        if order.stop_order_type in (TAKE_PROFIT, STOP_LOSS):
            self._orders[order.api_key, order.position_idx, order.stop_order_type] = order

    def follow(self, account: Account, filled: Order) -> None:
        """A fill of `filled` has moved a position: protect it, resize, or clear."""
        position = account.position(filled.instrument, filled.position_idx)
        attached = filled.attached
        if attached is not None and position.qty and filled.is_buy == (position.qty > 0):
            self._put(account, filled, position, TAKE_PROFIT, attached.take_profit)
            self._put(account, filled, position, STOP_LOSS, attached.stop_loss)
        for kind in (TAKE_PROFIT, STOP_LOSS):
            order = self._orders.get((account.api_key, position.idx, kind))
            if order is None:
                continue
            if order.status != "Untriggered":
                self._forget(account, position, kind)
            elif not position.qty or order.is_buy == (position.qty > 0):
                self._forget(account, position, kind)
                self._book.cancel(order, POSITION_CLOSED)
            elif order.qty != abs(position.qty):
                order.qty = abs(position.qty)
                account.tell(order)

    def _put(
        self,
        account: Account,
        filled: Order,
        position: Position,
        kind: str,
        condition: Condition | None,
    ) -> None:
        if condition is None:
            return
        key = (account.api_key, position.idx, kind)
        before = self._orders.get(key)
        if before is not None and before.status == "Untriggered":
            if before.condition is condition:
                return
            self._book.cancel(before, POSITION_CLOSED)
        now_ms = self._now_ns() // 1_000_000
        order = self._orders[key] = Order(
            api_key=account.api_key,
            instrument=filled.instrument,
            order_id=self._ids.order_id(filled.instrument.category),
            link_id="",
            is_buy=not filled.is_buy,
            order_type="Market",
            time_in_force="IOC",
            qty=abs(position.qty),
            price=ZERO,
            reduce_only=True,
            close_on_trigger=True,
            position_idx=position.idx,
            condition=condition,
            stop_order_type=kind,
            create_type=f"CreateBy{kind}",
            created_ms=now_ms,
            updated_ms=now_ms,
        )
        position.protect(kind, text(condition.price))
        self._book.arm(order)

    def _forget(self, account: Account, position: Position, kind: str) -> None:
        del self._orders[account.api_key, position.idx, kind]
        position.protect(kind, "0")
