"""Take-profit and stop-loss of positions, as attached to the orders that opened them.

Each is a market order that waits for its price and closes the whole position. Only one of each
protects a position: a later order's replaces it, its size follows the position, and what is left
of the pair goes when the position is flat. Those that close a part of it stand beside them.
"""

from __future__ import annotations

from collections.abc import Callable

from engine.exchange.account import Account
from engine.exchange.exits import Book, PartialExits, exit_order
from engine.exchange.ids import Ids
from engine.exchange.numbers import text
from engine.exchange.orders import POSITION_CLOSED, Exit, Order
from engine.exchange.positions import Position

TAKE_PROFIT, STOP_LOSS = "TakeProfit", "StopLoss"


class Protection:
    """The protecting orders of one market."""

    def __init__(self, book: Book, ids: Ids, now_ns: Callable[[], int]) -> None:
        self._book = book
        self._ids = ids
        self._now_ns = now_ns
        self._orders: dict[tuple[str, int, str], Order] = {}
        self._partial = PartialExits(book, ids, now_ns)

    def __bool__(self) -> bool:
        return bool(self._orders or self._partial)

    def take_over(self, order: Order) -> None:
        """Know an order from an earlier life of the exchange again, if it protects a position."""
        if order.stop_order_type in (TAKE_PROFIT, STOP_LOSS):
            self._orders[order.api_key, order.position_idx, order.stop_order_type] = order
        self._partial.take_over(order)

    def triggered(self, order: Order) -> None:
        """An order that waited goes to the book: what it excludes is off."""
        self._partial.triggered(order)

    def follow(self, account: Account, filled: Order) -> None:
        """A fill of `filled` has moved a position: protect it, resize, or clear."""
        position = account.position(filled.instrument, filled.position_idx)
        attached = filled.attached
        opens = position.qty and filled.is_buy == (position.qty > 0)
        if attached is not None and opens and not attached.partial:
            self._put(account, filled, position, TAKE_PROFIT, attached.take_profit)
            self._put(account, filled, position, STOP_LOSS, attached.stop_loss)
        self._partial.follow(account, filled, position)
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
        self, account: Account, filled: Order, position: Position, kind: str, out: Exit | None
    ) -> None:
        if out is None:
            return
        key = (account.api_key, position.idx, kind)
        before = self._orders.get(key)
        if before is not None and before.status == "Untriggered":
            if before.condition is out.condition:
                return
            self._book.cancel(before, POSITION_CLOSED)
        order_id = self._ids.order_id(filled.instrument.category)
        now_ms = self._now_ns() // 1_000_000
        order = exit_order(filled, kind, out, abs(position.qty), order_id, now_ms)
        self._orders[key] = order
        position.protect(kind, text(out.condition.price))
        self._book.arm(order)

    def _forget(self, account: Account, position: Position, kind: str) -> None:
        del self._orders[account.api_key, position.idx, kind]
        position.protect(kind, "0")
