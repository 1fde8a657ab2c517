"""Numbered events and fresh market data for consoles, each at its own pace.

The engine's thread publishes, a console's thread polls; queues are all they share. A console that
falls behind the bound is cut and resynchronised with a snapshot: the engine never waits for a
screen.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from copy import copy

from engine.core.events import Event
from engine.core.status import EngineStatus, Envelope, LinkUpdate
from engine.feed import MarketFeed

EVENTS_MAX = 200_000
"""Events waiting for a console before it is cut: minutes of a busy market."""
UPDATES_MAX = 100
"""Market updates waiting for a console before it is cut: some seconds in which it drew nothing."""
BOOK_DEPTH = 50


class Subscription:
    """One console's window on the engine: `poll` is the console's, everything else the engine's.

    Once cut it gets nothing more until it polls: that asks for a snapshot.
    """

    def __init__(self) -> None:
        self._queue: deque[LinkUpdate | Envelope] = deque()
        self._unread = 0
        self.cut = False
        self.symbols: frozenset[str] = frozenset()
        self.shown: frozenset[str] = frozenset()
        self.wants_snapshot = True

    def push(self, envelope: Envelope) -> None:
        """Queue one event; a console that does not keep up is cut."""
        if not self.cut and not self.wants_snapshot:
            self._append(envelope, full=len(self._queue) >= EVENTS_MAX)

    def push_update(self, update: LinkUpdate) -> None:
        """Queue a snapshot, market data or a status; it keeps its place among the events."""
        self._unread += 1
        self._append(update, full=self._unread > UPDATES_MAX)

    def _append(self, item: LinkUpdate | Envelope, *, full: bool) -> None:
        if full:
            self.cut = True
            self._queue.clear()
        else:
            self._queue.append(item)

    def poll(self) -> LinkUpdate:
        """Everything queued since the last poll, merged into one update."""
        merged = LinkUpdate()
        self._unread = 0
        if self.cut:
            self.wants_snapshot = True  # first: what is pushed in between would leave a gap
            self.cut = False
        for item in self._waiting():
            if isinstance(item, Envelope):
                merged.events.append(item)
                continue
            if item.snapshot is not None:
                merged.snapshot, merged.snapshot_seq = item.snapshot, item.snapshot_seq
                merged.events.clear()
            merged.quotes.update(item.quotes)
            merged.books.update(item.books)
            merged.trades.extend(item.trades)
            merged.status = item.status or merged.status
        return merged

    def _waiting(self) -> Iterator[LinkUpdate | Envelope]:
        """Take out what waits; the engine's thread may add to it meanwhile, or cut it off."""
        while True:
            try:
                yield self._queue.popleft()
            except IndexError:
                return


class Publisher:
    """Hands the engine's events, market data and status to every subscription."""

    def __init__(self, feed: MarketFeed, snapshot: Callable[[], tuple[bytes, int]]) -> None:
        self._feed = feed
        self._snapshot = snapshot
        self._subscriptions: list[Subscription] = []

    def subscribe(self) -> Subscription:
        """Open a window; its first update carries a snapshot."""
        subscription = Subscription()
        self._subscriptions.append(subscription)
        return subscription

    def publish(self, first_seq: int, events: Sequence[Event]) -> None:
        """Hand out durable events, numbered from `first_seq`."""
        if not self._subscriptions:
            return
        envelopes = [Envelope(first_seq + i, event) for i, event in enumerate(events)]
        for subscription in self._subscriptions:
            for envelope in envelopes:
                subscription.push(envelope)

    def tick(self, status: EngineStatus) -> None:
        """Hand out what moved in the market since the last tick, and the newest status."""
        feed = self._feed
        quotes = {symbol: copy(feed.quotes[symbol]) for symbol in feed.changed_quotes}
        trades = list(feed.trades)
        for subscription in self._subscriptions:
            if subscription.cut:
                continue
            update = LinkUpdate(quotes=dict(quotes), trades=trades, status=status)
            fresh = subscription.wants_snapshot
            if fresh:
                update.snapshot, update.snapshot_seq = self._snapshot()
                update.quotes = {name: copy(quote) for name, quote in feed.quotes.items()}
                subscription.wants_snapshot = False
            watched = subscription.symbols
            for symbol in watched:
                book = feed.books.get(symbol)
                new = fresh or symbol not in subscription.shown
                if book is not None and (new or symbol in feed.changed_books):
                    update.books[symbol] = book.view(symbol, BOOK_DEPTH)
            subscription.shown = watched
            subscription.push_update(update)
        feed.changed_quotes.clear()
        feed.changed_books.clear()
        feed.trades.clear()
