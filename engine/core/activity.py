"""What an account did lately, as the checks on its pace need it: O(1) an event and a question.

Times are unix ns. Only the counts of the UTC day outlive a restart; everything else looks back no
further than five minutes and begins anew with each run.
"""

from __future__ import annotations

from collections import defaultdict, deque
from decimal import Decimal

import msgspec

from engine.core.orders.terms import Trigger
from engine.core.types import OrderType, Side

DAY_NS = 86_400 * 1_000_000_000
SUBMITS_KEPT = 4_096
"""Times kept for the account's rates; no limit a second or a minute comes near it."""
SYMBOL_SUBMITS_KEPT = 256
REJECTS_KEPT = 256
FILLED_KEPT = 64
TERMS_KEPT = 1_024
"""Different orders remembered to recognise a repetition, the newest."""

Times = deque[int]


class DayCounts(msgspec.Struct):
    """What one UTC day (days since 1970) has seen: new orders, messages to the venue, fills."""

    day: int = -1
    submits: int = 0
    messages: int = 0
    fills: int = 0


class Activity:
    """Recent times, oldest first, and the day's counts. Only `evolve` changes it."""

    def __init__(self, today: DayCounts | None = None) -> None:
        self.today = today or DayCounts()
        self.submits: Times = deque(maxlen=SUBMITS_KEPT)
        self.rejects: Times = deque(maxlen=REJECTS_KEPT)
        self._by_symbol: dict[str, Times] = defaultdict(lambda: deque(maxlen=SYMBOL_SUBMITS_KEPT))
        self._rejects: dict[str, dict[str, Times]] = defaultdict(
            lambda: defaultdict(lambda: deque(maxlen=REJECTS_KEPT))
        )
        self._filled: dict[tuple[str, Side], Times] = defaultdict(lambda: deque(maxlen=FILLED_KEPT))
        self._terms: dict[tuple[object, ...], int] = {}

    def submitted(
        self,
        ts: int,
        symbol: str,
        side: Side,
        qty: Decimal,
        price: Decimal | None,
        type: OrderType,
        trigger: Trigger | None = None,
    ) -> None:
        """A new order left."""
        self.message(ts)
        self.today.submits += 1
        self.submits.append(ts)
        self._by_symbol[symbol].append(ts)
        kept, terms = self._terms, (symbol, side, qty, price, type, trigger)
        kept.pop(terms, None)
        kept[terms] = ts
        if len(kept) > TERMS_KEPT:
            del kept[next(iter(kept))]

    def message(self, ts: int) -> None:
        """A place, an amend or a cancel went to the venue."""
        today = self.today
        if ts // DAY_NS != today.day:
            today = self._turn_day(ts)
        today.messages += 1

    def filled(self, ts: int, symbol: str, side: Side, *, first: bool) -> None:
        """An order filled, for the `first` time or once more."""
        today = self.today
        if ts // DAY_NS != today.day:
            today = self._turn_day(ts)
        today.fills += 1
        if first:
            self._filled[symbol, side].append(ts)

    def rejected(self, ts: int, symbol: str, reason: str) -> None:
        """The venue refused an order."""
        self.rejects.append(ts)
        self._rejects[symbol][reason].append(ts)

    def forgive(self, symbol: str = "") -> None:
        """Trading was loosened, of one symbol or in all: what led to it is not counted again."""
        if not symbol:
            self.rejects.clear()
            return
        self._rejects.pop(symbol, None)
        for side in Side:
            self._filled.pop((symbol, side), None)

    def symbol_submits(self, symbol: str) -> Times:
        """When new orders of this symbol left."""
        return self._by_symbol.get(symbol, _NEVER)

    def rejects_of(self, symbol: str) -> dict[str, Times]:
        """When the venue refused orders of this symbol, by reason."""
        return self._rejects.get(symbol, {})

    def rejecting_symbols(self) -> list[str]:
        """The symbols of which the venue has refused orders."""
        return list(self._rejects)

    def filled_orders(self, symbol: str, side: Side) -> Times:
        """When orders of this symbol and side filled for the first time."""
        return self._filled.get((symbol, side), _NEVER)

    def last_same(
        self,
        symbol: str,
        side: Side,
        qty: Decimal,
        price: Decimal | None,
        type: OrderType,
        trigger: Trigger | None = None,
    ) -> int:
        """When the newest order on these terms left; 0 for none."""
        return self._terms.get((symbol, side, qty, price, type, trigger), 0)

    def day_counts(self, ts: int) -> DayCounts:
        """The counts of the day that `ts` is in."""
        return self.today if self.today.day == ts // DAY_NS else DayCounts(ts // DAY_NS)

    def _turn_day(self, ts: int) -> DayCounts:
        self.today = today = DayCounts(ts // DAY_NS)
        return today


def count_since(times: Times, since: int) -> int:
    """How many of `times` are later than `since`; it looks at these and one more."""
    count = 0
    for ts in reversed(times):
        if ts <= since:
            break
        count += 1
    return count


_NEVER: Times = deque(maxlen=0)
