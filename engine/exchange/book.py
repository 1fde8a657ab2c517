"""The recorded order book of one market, less what our own orders took from it."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import islice

from engine.exchange.numbers import ZERO
from engine.exchange.sources.frames import BookFrame, Level


class BookSide:
    """One side of the book.

    A level shows what the market's frames say. What our orders took from it stays taken until the
    level's next recorded change, whatever that change is.
    """

    def __init__(self, *, is_bid: bool) -> None:
        self._is_bid = is_bid
        self._shown: dict[Decimal, Decimal] = {}
        self._taken: dict[Decimal, Decimal] = {}
        self._prices: list[Decimal] = []  # ascending on both sides

    def shown_at(self, price: Decimal) -> Decimal:
        """The size the market shows at `price`, zero where it shows none."""
        return self._shown.get(price, ZERO)

    def set(self, price: Decimal, size: Decimal) -> None:
        """Apply one recorded change; size zero deletes the level."""
        if self._taken:
            self._taken.pop(price, None)
        if size:
            if price not in self._shown:
                insort(self._prices, price)
            self._shown[price] = size
        elif self._shown.pop(price, None) is not None:
            del self._prices[bisect_left(self._prices, price)]

    def replace(self, levels: Iterable[Level]) -> None:
        """Apply a snapshot: nothing of the old side remains."""
        self._shown = {price: size for price, size in levels if size}
        self._taken = {}
        self._prices = sorted(self._shown)

    def take(self, price: Decimal, qty: Decimal) -> None:
        """Our own order took `qty` from the level at `price`."""
        self._taken[price] = self._taken.get(price, ZERO) + qty

    def available(self) -> Iterator[Level]:
        """Levels with something left to take, best first, and how much."""
        taken = self._taken
        for price in reversed(self._prices) if self._is_bid else self._prices:
            size = self._shown[price]
            if taken:
                size -= taken.get(price, ZERO)
            if size > 0:
                yield price, size

    def best_available(self) -> Decimal | None:
        """The best price with something left to take."""
        return next(self.available(), (None, ZERO))[0]

    def levels(self, depth: int) -> list[Level]:
        """The best `depth` levels as the market shows them, best first."""
        best_first = reversed(self._prices) if self._is_bid else iter(self._prices)
        return [(price, self._shown[price]) for price in islice(best_first, depth)]


class Book:
    """Both sides, and the numbers of the last frame applied."""

    def __init__(self) -> None:
        self.bids = BookSide(is_bid=True)
        self.asks = BookSide(is_bid=False)
        self.is_ready = False  # until the first snapshot
        self.update_id = 0
        self.seq = 0
        self.ts = 0
        self.cts = 0

    def apply(self, frame: BookFrame) -> None:
        """Apply a snapshot, or a delta on top of what was there."""
        data = frame.data
        self.update_id, self.seq, self.ts, self.cts = data.u, data.seq, frame.ts, frame.cts
        if is_snapshot(frame):
            self.bids.replace(data.b)
            self.asks.replace(data.a)
            self.is_ready = True
            return
        for price, size in data.b:
            self.bids.set(price, size)
        for price, size in data.a:
            self.asks.set(price, size)


def is_snapshot(frame: BookFrame) -> bool:
    """True where the frame replaces the book: a snapshot, or the first update after a restart."""
    return frame.type == "snapshot" or frame.data.u == 1
