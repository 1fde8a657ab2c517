"""What open orders could still do to a position, kept up to date order by order.

Every open order counts at its worst case: an order of unknown fate as if it were live, one with a
pending amend at the larger of its two quantities (design: UNKNOWN is live).
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from enum import Enum

import msgspec

from engine.core.orders import Order
from engine.core.types import ZERO, Side


class Doubt(Enum):
    """What is not known of an open order: whether the venue has it yet, or whether it exists."""

    NONE = 0
    INFLIGHT = 1
    UNKNOWN = 2


class _Counted(msgspec.Struct, frozen=True, gc=False):
    """What one open order is counted for."""

    worst: Decimal
    doubt: Doubt


class OpenExposure:
    """Sums of working quantity by symbol and side, and counts; O(1) an update and a question."""

    def __init__(self) -> None:
        self._orders: dict[str, _Counted] = {}
        self._by_side: dict[tuple[str, Side], Decimal] = {}
        self._counts: dict[str, int] = {}
        self._doubts: dict[tuple[str, Doubt], int] = {}

    def update(self, order: Order) -> None:
        """Take in what `order` could still do, in place of what was counted for it before."""
        known = self._orders.get(order.client_order_id)
        if not order.is_open:
            if known is not None:
                del self._orders[order.client_order_id]
                self._add(order, -known.worst, -1)
                self._doubt(order.symbol, known.doubt, -1)
            return
        worst, doubt = worst_leaves(order), _doubt_of(order)
        if known is None:
            self._add(order, worst, 1)
            self._doubt(order.symbol, doubt, 1)
        elif (worst, doubt) == (known.worst, known.doubt):
            return
        else:
            self._add(order, worst - known.worst, 0)
            self._doubt(order.symbol, known.doubt, -1)
            self._doubt(order.symbol, doubt, 1)
        self._orders[order.client_order_id] = _Counted(worst, doubt)

    def working(self, symbol: str, side: Side) -> Decimal:
        """Quantity that open orders on this side of this symbol could still fill."""
        return self._by_side.get((symbol, side), ZERO)

    def symbols(self) -> Iterable[str]:
        """Symbols that have had an open order."""
        return self._counts.keys()

    def count(self, symbol: str | None = None) -> int:
        """Number of open orders, in all or of one symbol."""
        return len(self._orders) if symbol is None else self._counts.get(symbol, 0)

    def in_doubt(self, doubt: Doubt, symbol: str = "") -> int:
        """Number of open orders in this doubt, of one symbol or (empty) in all."""
        return self._doubts.get((symbol, doubt), 0)

    def _add(self, order: Order, qty: Decimal, orders: int) -> None:
        key = (order.symbol, order.side)
        self._by_side[key] = self._by_side.get(key, ZERO) + qty
        if orders:
            self._counts[order.symbol] = self._counts.get(order.symbol, 0) + orders

    def _doubt(self, symbol: str, doubt: Doubt, orders: int) -> None:
        if doubt is not Doubt.NONE:
            for scope in (symbol, ""):
                key = (scope, doubt)
                self._doubts[key] = self._doubts.get(key, 0) + orders


def worst_leaves(order: Order) -> Decimal:
    """The most that `order` can still fill, counting a pending amend at the larger quantity."""
    leaves = order.leaves_qty
    if order.pending_qty is not None:
        return max(leaves, order.pending_qty - order.cum_qty)
    return leaves


def _doubt_of(order: Order) -> Doubt:
    if order.unknown:
        return Doubt.UNKNOWN
    return Doubt.NONE if order.acked else Doubt.INFLIGHT
