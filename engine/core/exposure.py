"""What open orders could still do to a position, kept up to date order by order.

Every open order counts at its worst case: an order of unknown fate as if it were live, one with a
pending amend at the larger of its two quantities (design: UNKNOWN is live).
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum

import msgspec

from engine.core.orders import Order
from engine.core.types import CLOSED_STATES, ZERO, Side


class Doubt(StrEnum):
    """What is not known of an open order: whether the venue has it yet, or whether it exists."""

    NONE = "none"
    INFLIGHT = "inflight"
    UNKNOWN = "unknown"


# Looking a member up through its class takes 100 ns on Python 3.11; these are needed every event.
NONE = Doubt.NONE
INFLIGHT = Doubt.INFLIGHT
UNKNOWN = Doubt.UNKNOWN
BUY = Side.BUY


class _Sum(msgspec.Struct, gc=False):
    """What the open orders of a symbol add up to, and how many there are in each doubt."""

    buy: Decimal = ZERO
    sell: Decimal = ZERO
    doubts: dict[Doubt, int] = msgspec.field(default_factory=lambda: dict.fromkeys(Doubt, 0))


class _Counted(msgspec.Struct, gc=False):
    """What one open order is counted for, and in which sum."""

    sum: _Sum
    worst: Decimal = ZERO
    doubt: Doubt = NONE


class OpenExposure:
    """Sums of working quantity by symbol and side, and counts; O(1) an update and a question."""

    def __init__(self) -> None:
        self._orders: dict[str, _Counted] = {}
        self._sums: dict[str, _Sum] = {}
        self._doubts = dict.fromkeys(Doubt, 0)

    def update(self, order: Order) -> None:
        """Take in what `order` could still do, in place of what was counted for it before."""
        counted = self._orders.get(order.client_order_id)
        if order.state in CLOSED_STATES:
            if counted is not None:
                self._count(order, counted, ZERO, NONE)
                del self._orders[order.client_order_id]
                counted.sum.doubts[NONE] -= 1
                self._doubts[NONE] -= 1
            return
        if counted is None:
            counted = self._orders[order.client_order_id] = self._first(order.symbol)
        doubt = UNKNOWN if order.unknown else NONE if order.acked else INFLIGHT
        self._count(order, counted, worst_leaves(order), doubt)

    def working(self, symbol: str, side: Side) -> Decimal:
        """Quantity that open orders on this side of this symbol could still fill."""
        found = self._sums.get(symbol)
        if found is None:
            return ZERO
        return found.buy if side is BUY else found.sell

    def symbols(self) -> Iterable[str]:
        """Symbols that have had an open order."""
        return self._sums.keys()

    def count(self, symbol: str | None = None) -> int:
        """Number of open orders, in all or of one symbol."""
        if symbol is None:
            return len(self._orders)
        found = self._sums.get(symbol)
        return 0 if found is None else sum(found.doubts.values())

    def in_doubt(self, doubt: Doubt, symbol: str = "") -> int:
        """Number of open orders in this doubt, of one symbol or (empty) in all."""
        if not symbol:
            return self._doubts[doubt]
        found = self._sums.get(symbol)
        return 0 if found is None else found.doubts[doubt]

    def _first(self, symbol: str) -> _Counted:
        """Begin to count an order of this symbol."""
        found = self._sums.get(symbol)
        if found is None:
            found = self._sums[symbol] = _Sum()
        found.doubts[NONE] += 1
        self._doubts[NONE] += 1
        return _Counted(found)

    def _count(self, order: Order, counted: _Counted, worst: Decimal, doubt: Doubt) -> None:
        """Count the order for this from now on; most events leave one of the two as it was."""
        if worst != counted.worst:
            if order.side is BUY:
                counted.sum.buy += worst - counted.worst
            else:
                counted.sum.sell += worst - counted.worst
            counted.worst = worst
        if doubt is not counted.doubt:
            for doubts in (counted.sum.doubts, self._doubts):
                doubts[counted.doubt] -= 1
                doubts[doubt] += 1
            counted.doubt = doubt


def worst_leaves(order: Order) -> Decimal:
    """The most that an open `order` can still fill: a pending amend counts at the larger total."""
    most = order.qty if order.pending_qty is None else max(order.qty, order.pending_qty)
    return most - order.cum_qty
