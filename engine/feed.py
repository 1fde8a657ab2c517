"""Public market data as the engine keeps it: books, quotes and the newest trades.

All of it is context: it is overwritten in place, conflated for whoever looks, and never journaled.
"""

from __future__ import annotations

from collections import deque
from decimal import Decimal

from engine.core.market import BookUpdate, MarketUpdate, Quote, TickerUpdate, TradeTick
from engine.core.status import BookView

MARK_EVERY_NS = 10_000_000_000
MARKS_KEPT = 30
"""A mark every 10 s, for five minutes: how far the market went is measured from the oldest."""
TRADES_KEPT = 64
"""Newest public trades kept between two looks; older ones are dropped unseen."""


class Book:
    """One market's levels: price → quantity on each side."""

    __slots__ = ("asks", "bids", "ts")

    def __init__(self) -> None:
        self.bids: dict[Decimal, Decimal] = {}
        self.asks: dict[Decimal, Decimal] = {}
        self.ts = 0

    def apply(self, update: BookUpdate) -> None:
        """Take in changed levels; a snapshot replaces everything."""
        if update.snapshot:
            self.bids.clear()
            self.asks.clear()
        for levels, changes in ((self.bids, update.bids), (self.asks, update.asks)):
            for price, qty in changes:
                if qty:
                    levels[price] = qty
                else:
                    levels.pop(price, None)
        self.ts = update.ts

    def view(self, symbol: str, depth: int) -> BookView:
        """The best `depth` levels of each side, best first."""
        bids = sorted(self.bids.items(), reverse=True)[:depth]
        asks = sorted(self.asks.items())[:depth]
        return BookView(symbol=symbol, bids=tuple(bids), asks=tuple(asks), ts=self.ts)


class MarketFeed:
    """The newest of everything public. `changed` names what moved since it was last emptied."""

    def __init__(self) -> None:
        self.books: dict[str, Book] = {}
        self.quotes: dict[str, Quote] = {}
        self.trades: deque[TradeTick] = deque(maxlen=TRADES_KEPT)
        self._marks: dict[str, deque[tuple[int, Decimal]]] = {}
        self.changed_quotes: set[str] = set()
        self.changed_books: set[str] = set()

    def apply(self, update: MarketUpdate) -> None:
        """Take in one public update."""
        quote = self.quotes.get(update.symbol)
        if quote is None:
            quote = self.quotes[update.symbol] = Quote(symbol=update.symbol)
        if isinstance(update, BookUpdate):
            self._apply_book(quote, update)
        elif isinstance(update, TickerUpdate):
            if update.mark is not None:
                self._apply_mark(quote, update.mark, update.ts)
            quote.last = update.last or quote.last
        else:
            quote.last = update.price
            self.trades.append(update)
        quote.ts = update.ts
        self.changed_quotes.add(update.symbol)

    def _apply_mark(self, quote: Quote, mark: Decimal, ts: int) -> None:
        quote.mark = mark
        quote.mark_ts = ts
        marks = self._marks.setdefault(quote.symbol, deque(maxlen=MARKS_KEPT))
        if not marks or ts - marks[-1][0] >= MARK_EVERY_NS:
            marks.append((ts, mark))
        while ts - marks[0][0] > MARK_EVERY_NS * MARKS_KEPT:
            marks.popleft()
        quote.earlier = marks[0][1]

    def _apply_book(self, quote: Quote, update: BookUpdate) -> None:
        book = self.books.get(update.symbol)
        if book is None:
            book = self.books[update.symbol] = Book()
        book.apply(update)
        quote.bid = max(book.bids, default=None)
        quote.ask = min(book.asks, default=None)
        self.changed_books.add(update.symbol)

    def marks(self) -> dict[str, Decimal]:
        """The newest mark of every symbol that has one."""
        quotes = self.quotes.items()
        return {symbol: quote.mark for symbol, quote in quotes if quote.mark is not None}

    def age_s(self, now_ns: int) -> float:
        """Age of the newest data, by the venue's clock; 0 before the first."""
        newest = max((quote.ts for quote in self.quotes.values()), default=0)
        return max(0, now_ns - newest) / 1e9 if newest else 0.0
