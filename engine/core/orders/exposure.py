"""What open orders could still do to a position, kept up to date order by order.

Every open order counts at its worst case: an order of unknown fate as if it were live, one with a
pending amend at the larger of its two quantities (design: UNKNOWN is live). So a filled order is
still open here while an amend to more is pending.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum

from engine.core.orders.machine import Order
from engine.core.types import CLOSED_STATES, ZERO, OrderState, Side


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
FILLED = OrderState.FILLED


class _Sum:
    """What the open orders of a symbol add up to, how many there are, and how many in a doubt."""

    __slots__ = ("buy", "count", "doubts", "sell")

    def __init__(self) -> None:
        self.buy = ZERO
        self.sell = ZERO
        self.count = 0
        self.doubts = {INFLIGHT: 0, UNKNOWN: 0}


class _Counted:
    """What one open order is counted for, and in which sum."""

    __slots__ = ("doubt", "sum", "worst")

    def __init__(self, total: _Sum) -> None:
        self.sum = total
        self.worst = ZERO
        self.doubt = NONE


class OpenExposure:
    """Sums of working quantity by symbol and side, and counts; O(1) an update and a question."""

    def __init__(self) -> None:
        self._orders: dict[str, _Counted] = {}
        self._sums: dict[str, _Sum] = {}
        self._all = _Sum()

    def update(self, order: Order) -> None:
        """Take in what `order` could still do, in place of what was counted for it before."""
        counted = self._orders.get(order.client_order_id)
        if order.state in CLOSED_STATES and not _may_be_larger(order):
            if counted is not None:
                self._end(order, counted)
            return
        if counted is None:
            counted = self._begin(order)
        worst = worst_leaves(order)
        if worst != counted.worst:
            _count(order, counted, worst)
        doubt = UNKNOWN if order.unknown else NONE if order.acked else INFLIGHT
        if doubt is not counted.doubt:
            self._turn(counted, doubt)

    def submitted(self, order: Order) -> None:
        """`update` for an order that is new, and on its way."""
        counted = self._begin(order)
        _count(order, counted, order.qty)
        self._turn(counted, INFLIGHT)

    def acknowledged(self, order: Order) -> None:
        """`update` for an order whose acknowledgement is all that is new."""
        counted = self._orders[order.client_order_id]
        counted.sum.doubts[INFLIGHT] -= 1
        self._all.doubts[INFLIGHT] -= 1
        counted.doubt = NONE

    def filled(self, order: Order, qty: Decimal) -> None:
        """`update` for an order that has filled by `qty`, and for which that is all that is new."""
        counted = self._orders[order.client_order_id]
        if order.state is FILLED:
            self._end(order, counted)
            return
        counted.worst -= qty
        if order.side is BUY:
            counted.sum.buy -= qty
        else:
            counted.sum.sell -= qty

    def working(self, symbol: str, side: Side) -> Decimal:
        """Quantity that open orders on this side of this symbol could still fill."""
        found = self._sums.get(symbol)
        if found is None:
            return ZERO
        return found.buy if side is BUY else found.sell

    def symbols(self) -> Iterable[str]:
        """Symbols that have had an open order."""
        return self._sums.keys()

    def count(self, symbol: str = "") -> int:
        """Number of open orders, of one symbol or (empty) in all."""
        found = self._sums.get(symbol) if symbol else self._all
        return 0 if found is None else found.count

    def in_doubt(self, doubt: Doubt, symbol: str = "") -> int:
        """Number of open orders in this doubt, of one symbol or (empty) in all."""
        found = self._sums.get(symbol) if symbol else self._all
        if found is None:
            return 0
        doubts = found.doubts
        return found.count - sum(doubts.values()) if doubt is NONE else doubts[doubt]

    def _begin(self, order: Order) -> _Counted:
        found = self._sums.get(order.symbol)
        if found is None:
            found = self._sums[order.symbol] = _Sum()
        found.count += 1
        self._all.count += 1
        counted = self._orders[order.client_order_id] = _Counted(found)
        return counted

    def _turn(self, counted: _Counted, doubt: Doubt) -> None:
        before, of_symbol, of_account = counted.doubt, counted.sum.doubts, self._all.doubts
        if before is not NONE:
            of_symbol[before] -= 1
            of_account[before] -= 1
        if doubt is not NONE:
            of_symbol[doubt] += 1
            of_account[doubt] += 1
        counted.doubt = doubt

    def _end(self, order: Order, counted: _Counted) -> None:
        if order.side is BUY:
            counted.sum.buy -= counted.worst
        else:
            counted.sum.sell -= counted.worst
        if counted.doubt is not NONE:
            self._turn(counted, NONE)
        counted.sum.count -= 1
        self._all.count -= 1
        del self._orders[order.client_order_id]


def _count(order: Order, counted: _Counted, worst: Decimal) -> None:
    if order.side is BUY:
        counted.sum.buy += worst - counted.worst
    else:
        counted.sum.sell += worst - counted.worst
    counted.worst = worst


def _may_be_larger(order: Order) -> bool:
    """True for a filled order that the venue may have amended to more before it was filled."""
    pending_qty = order.pending_qty
    return order.state is FILLED and pending_qty is not None and pending_qty > order.cum_qty


def worst_leaves(order: Order) -> Decimal:
    """The most that an open `order` can still fill: a pending amend counts at the larger total."""
    most = order.qty if order.pending_qty is None else max(order.qty, order.pending_qty)
    return most - order.cum_qty
