"""The display order of the blotter: a sorted, filtered list of ids beside the orders.

It is kept up to date order by order with a binary search, so that a frame costs what changed in
it, whatever the number of orders. Only another sort or filter looks at all of them.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable

from console.filtering import EVERYTHING, Filter
from console.views.blotter import SORT_KEYS, SortKey
from engine.core.orders.machine import Order

Entry = tuple[SortKey, str]
"""Sort key and order id: no two are equal, so each has one place."""


class OrderIndex:
    """Ids of the orders that pass `filter`, sorted by `column`."""

    def __init__(self) -> None:
        self.filter: Filter = EVERYTHING
        self.column = "time"
        self.descending = True
        self._key: Callable[[Order], SortKey] = SORT_KEYS[self.column]
        self._entries: list[Entry] = []
        self._known: dict[str, Entry] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, place: int) -> str:
        """The id at a place of the display order, 0 on top."""
        return self._entries[-1 - place if self.descending else place][1]

    def place(self, order_id: str) -> int | None:
        """Where an order is in the display order; None when it is not in it."""
        entry = self._known.get(order_id)
        if entry is None:
            return None
        index = bisect_left(self._entries, entry)
        return len(self._entries) - 1 - index if self.descending else index

    def ids(self) -> list[str]:
        """Every id in display order."""
        ids = [order_id for _, order_id in self._entries]
        return ids[::-1] if self.descending else ids

    def arrange(self, column: str, *, descending: bool) -> None:
        """Sort by another column, from the next `rebuild` on. Raises KeyError."""
        self._key = SORT_KEYS[column]
        self.column, self.descending = column, descending

    def rebuild(self, orders: Iterable[Order]) -> None:
        """Filter and sort all orders anew."""
        self._entries = sorted(self._entry(order) for order in orders if self.filter.matches(order))
        self._known = {entry[1]: entry for entry in self._entries}

    def update(self, order: Order) -> None:
        """Put one order where it belongs now: in, out, or to another place."""
        known = self._known.get(order.client_order_id)
        entry = self._entry(order) if self.filter.matches(order) else None
        if entry == known:
            return
        if known is not None:
            del self._known[known[1]]
            del self._entries[bisect_left(self._entries, known)]
        if entry is not None:
            self._known[entry[1]] = entry
            insort(self._entries, entry)

    def discard(self, order_id: str) -> None:
        """Take an order out that is no more in memory."""
        known = self._known.pop(order_id, None)
        if known is not None:
            del self._entries[bisect_left(self._entries, known)]

    def _entry(self, order: Order) -> Entry:
        return (self._key(order), order.client_order_id)
