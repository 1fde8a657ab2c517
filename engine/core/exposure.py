"""What open orders could still do to a position, kept up to date order by order.

Every open order counts at its worst case: an order of unknown fate as if it were live, one with a
pending amend at the larger of its two quantities (design: UNKNOWN is live).
"""

from __future__ import annotations

from decimal import Decimal

from engine.core.orders import Order
from engine.core.types import ZERO, Side


class OpenExposure:
    """Sums of working quantity by symbol and side, and counts; O(1) an update and a question."""

    def __init__(self) -> None:
        self._worst: dict[str, Decimal] = {}
        self._by_side: dict[tuple[str, Side], Decimal] = {}
        self._counts: dict[str, int] = {}

    def update(self, order: Order) -> None:
        """Take in what `order` could still do, in place of what was counted for it before."""
        known = self._worst.get(order.client_order_id)
        worst = worst_leaves(order) if order.is_open else None
        if worst == known:
            return
        key = (order.symbol, order.side)
        self._by_side[key] = self._by_side.get(key, ZERO) + (worst or ZERO) - (known or ZERO)
        if worst is None:
            del self._worst[order.client_order_id]
        else:
            self._worst[order.client_order_id] = worst
        opened = (worst is not None) - (known is not None)
        if opened:
            self._counts[order.symbol] = self._counts.get(order.symbol, 0) + opened

    def working(self, symbol: str, side: Side) -> Decimal:
        """Quantity that open orders on this side of this symbol could still fill."""
        return self._by_side.get((symbol, side), ZERO)

    def count(self, symbol: str | None = None) -> int:
        """Number of open orders, in all or of one symbol."""
        return len(self._worst) if symbol is None else self._counts.get(symbol, 0)


def worst_leaves(order: Order) -> Decimal:
    """The most that `order` can still fill, counting a pending amend at the larger quantity."""
    leaves = order.leaves_qty
    if order.pending_qty is not None:
        return max(leaves, order.pending_qty - order.cum_qty)
    return leaves
