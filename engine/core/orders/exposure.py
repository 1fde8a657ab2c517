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
_IDLE = CLOSED_STATES | {OrderState.INITIALIZED}


class _Sum:
    """What the open orders of a symbol add up to, how many there are, and how many in a doubt."""

    __slots__ = ("buy", "count", "doubts", "sell")

    def __init__(self) -> None:
        self.buy = ZERO
        self.sell = ZERO
        self.count = 0
        self.doubts = {INFLIGHT: 0, UNKNOWN: 0}


Part = tuple[Decimal, Doubt]
"""What one order counts for: what it can still fill at most, and what is not known of it."""


def part_of(order: Order) -> Part | None:
    """What an order counts for now; None where nothing can come of it, any more or yet."""
    if order.state in _IDLE and not _may_be_larger(order):
        return None
    doubt = UNKNOWN if order.unknown else NONE if order.acked else INFLIGHT
    return worst_leaves(order), doubt


class OpenExposure:
    """Sums of working quantity by symbol and side, and counts; O(1) an update and a question.

    Nothing is kept of single orders: whoever changes one tells what it counted for before.
    """

    def __init__(self) -> None:
        self._sums: dict[str, _Sum] = {}
        self._all = _Sum()

    def change(self, order: Order, before: Part | None = None) -> None:
        """Take in what `order` could still do, in place of what it counted for before."""
        after = part_of(order)
        if after == before:
            return
        total = self._sum(order)
        if before is not None:
            self._take(order, total, before, -1)
        if after is not None:
            self._take(order, total, after, 1)

    def submitted(self, order: Order) -> None:
        """`change` for an order that is new, and on its way."""
        self._take(order, self._sum(order), (order.qty, INFLIGHT), 1)

    def acknowledged(self, order: Order) -> None:
        """`change` for an order whose acknowledgement is all that is new."""
        self._sums[order.symbol].doubts[INFLIGHT] -= 1
        self._all.doubts[INFLIGHT] -= 1

    def filled(self, order: Order, qty: Decimal) -> None:
        """`change` for an order that has filled by `qty`, and for which that is all that is new."""
        total = self._sums[order.symbol]
        if order.state is FILLED:
            qty += order.qty - order.cum_qty  # what was open before, also where too much has filled
            total.count -= 1
            self._all.count -= 1
        if order.side is BUY:
            total.buy -= qty
        else:
            total.sell -= qty

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

    def _sum(self, order: Order) -> _Sum:
        found = self._sums.get(order.symbol)
        if found is None:
            found = self._sums[order.symbol] = _Sum()
        return found

    def _take(self, order: Order, total: _Sum, part: Part, times: int) -> None:
        """Count a part in its sums once more, or (-1) once less."""
        worst, doubt = part
        if order.side is BUY:
            total.buy += worst * times
        else:
            total.sell += worst * times
        for each in (total, self._all):
            each.count += times
            if doubt is not NONE:
                each.doubts[doubt] += times


def _may_be_larger(order: Order) -> bool:
    """True for a filled order that the venue may have amended to more before it was filled."""
    pending_qty = order.pending_qty
    return order.state is FILLED and pending_qty is not None and pending_qty > order.cum_qty


def worst_leaves(order: Order) -> Decimal:
    """The most that an open `order` can still fill: a pending amend counts at the larger total."""
    most = order.qty if order.pending_qty is None else max(order.qty, order.pending_qty)
    return most - order.cum_qty
