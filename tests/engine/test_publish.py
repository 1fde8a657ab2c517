from __future__ import annotations

import pytest

from console.replica import Replica
from engine import publish as module
from engine.core.events import Event
from engine.core.market import BookUpdate, TradeTick
from engine.core.orders.machine import Order
from engine.core.status import EngineStatus, LinkUpdate
from engine.core.types import Side
from engine.feed import MarketFeed
from engine.publish import Publisher, Subscription
from tests.support.desk import Desk, d, fill

NOW = 5_000


class Stage:
    """A desk whose events are published, a feed, and a console that folds them."""

    def __init__(self) -> None:
        self.desk = Desk()
        self.feed = MarketFeed()
        self.snapshots = 0
        self.publisher = Publisher(self.feed, self._snapshot)
        self.replica = Replica()
        self.subscription = self.publisher.subscribe()
        self.tick()

    def _snapshot(self) -> tuple[bytes, int]:
        self.snapshots += 1
        return self.desk.state.encode(), self.desk.state.seq

    def publish(self, events: list[Event]) -> None:
        self.publisher.publish(self.desk.state.seq - len(events) + 1, events)

    def tick(self) -> None:
        self.publisher.tick(EngineStatus(ts=NOW, events=self.desk.state.seq))

    def poll(self) -> LinkUpdate:
        update = self.subscription.poll()
        self.replica.apply(update, NOW)
        return update

    def order(self) -> Order:
        order = self.replica.order("a1")
        assert order is not None
        return order

    def quote(self, symbol: str, bid: str) -> None:
        update = BookUpdate(
            symbol=symbol, snapshot=True, bids=[(d(bid), d(1))], asks=[], update_id=1, ts=7
        )
        self.feed.apply(update)


def seqs(update: LinkUpdate) -> list[int]:
    return [envelope.seq for envelope in update.events]


def test_the_first_update_carries_the_state_and_everything_known_of_the_market() -> None:
    stage = Stage()
    stage.quote("BTCUSDT", "99")
    second = stage.publisher.subscribe()
    stage.tick()
    stage.quote("ETHUSDT", "9")
    third = stage.publisher.subscribe()
    stage.tick()
    update = third.poll()
    assert update.snapshot == stage.desk.state.encode()
    assert update.snapshot_seq == stage.desk.state.seq
    assert {symbol: quote.bid for symbol, quote in update.quotes.items()} == {
        "BTCUSDT": d(99),
        "ETHUSDT": d(9),
    }
    assert update.status is not None
    assert second.poll().snapshot is not None


def test_events_follow_with_their_numbers_and_nothing_waits_twice() -> None:
    stage = Stage()
    stage.poll()
    first = stage.desk.state.seq + 1
    stage.publish(stage.desk.give(stage.desk.place()))
    assert seqs(stage.poll()) == [first]
    assert not stage.poll()
    assert stage.order().symbol == "BTCUSDT"


def test_an_event_that_the_snapshot_holds_already_is_not_counted_again() -> None:
    stage = Stage()
    desk = stage.desk
    stage.poll()
    desk.working()
    stage.subscription = stage.publisher.subscribe()
    # The engine has folded a fill and waits for its commit when the snapshot is taken.
    events = desk.give(fill("e1", "0.004"))
    stage.tick()
    stage.publish(events)
    update = stage.poll()
    assert update.snapshot_seq == desk.state.seq
    assert seqs(update) == [desk.state.seq]
    assert stage.order().cum_qty == d("0.004")
    assert stage.replica.state.positions.get_position("BTCUSDT").qty == d("0.004")
    stage.publish(desk.give(fill("e2", "0.006")))
    stage.poll()
    assert stage.order().cum_qty == d("0.010")
    assert stage.replica.state.seq == desk.state.seq


def test_events_before_the_first_snapshot_are_left_to_it() -> None:
    stage = Stage()
    late = stage.publisher.subscribe()
    stage.publish(stage.desk.give(stage.desk.place()))
    assert not late.poll()
    stage.tick()
    update = late.poll()
    assert (update.events, update.snapshot_seq) == ([], stage.desk.state.seq)


def test_without_consoles_nothing_is_kept() -> None:
    feed = MarketFeed()
    publisher = Publisher(feed, lambda: (b"", 0))
    desk = Desk()
    publisher.publish(1, desk.give(desk.place()))
    feed.apply(TradeTick(symbol="BTCUSDT", side=Side.BUY, qty=d(1), price=d(99), ts=1))
    publisher.tick(EngineStatus(ts=NOW))
    assert (list(feed.trades), feed.changed_quotes) == ([], set())
    assert publisher.subscribe().poll().trades == []


def test_a_console_that_misses_too_many_events_is_cut_and_begins_again_with_a_snapshot(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "EVENTS_MAX", 5)
    stage = Stage()
    stage.poll()
    for number in range(10):
        stage.publish(stage.desk.give(stage.desk.place(f"o{number}")))
    assert stage.subscription.cut
    stage.tick()
    assert stage.snapshots == 1, "nobody draws: there is no use for a snapshot yet"
    assert not stage.poll()
    stage.tick()
    update = stage.poll()
    assert update.snapshot_seq == stage.desk.state.seq
    assert len(stage.replica.state.orders.orders) == 10
    stage.publish(stage.desk.give(stage.desk.place()))
    assert seqs(stage.poll()) == [stage.desk.state.seq]


def test_a_console_that_draws_nothing_holds_a_bounded_amount_of_market_data(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "UPDATES_MAX", 3)
    stage = Stage()
    stage.poll()
    for _ in range(3):
        stage.tick()
    assert not stage.subscription.cut
    stage.tick()
    assert stage.subscription.cut
    stage.poll()
    stage.tick()
    assert stage.poll().snapshot is not None


def test_a_snapshot_that_is_asked_for_while_a_cut_is_lifted_comes_with_the_next_tick() -> None:
    stage = Stage()
    stage.subscription.cut = stage.subscription.wants_snapshot = True
    stage.tick()
    stage.subscription.cut = False
    stage.tick()
    assert stage.poll().snapshot is not None


def test_only_what_moved_is_sent_and_a_quote_that_was_sent_never_changes() -> None:
    stage = Stage()
    stage.poll()
    stage.quote("BTCUSDT", "99")
    stage.tick()
    stage.quote("ETHUSDT", "9")
    stage.feed.quotes["BTCUSDT"].bid = d(1)
    update = stage.poll()
    assert {symbol: quote.bid for symbol, quote in update.quotes.items()} == {"BTCUSDT": d(99)}
    stage.tick()
    stage.tick()
    assert list(stage.poll().quotes) == ["ETHUSDT"]


def test_updates_that_wait_are_merged_into_the_newest_picture() -> None:
    stage = Stage()
    stage.poll()
    for price in ("97", "98", "99"):
        stage.quote("BTCUSDT", price)
        tick = TradeTick(symbol="BTCUSDT", side=Side.BUY, qty=d(1), price=d(price), ts=1)
        stage.feed.apply(tick)
        stage.tick()
    update = stage.poll()
    assert update.quotes["BTCUSDT"].bid == d(99)
    assert [tick.price for tick in update.trades] == [d(97), d(98), d(99)]
    assert update.snapshot is None


def test_books_are_sent_of_watched_symbols_whole_at_first_and_then_when_they_change() -> None:
    stage = Stage()
    stage.poll()
    stage.quote("BTCUSDT", "99")
    stage.quote("ETHUSDT", "9")
    stage.tick()
    assert stage.poll().books == {}
    stage.subscription.symbols = frozenset({"BTCUSDT", "SOLUSDT"})
    stage.tick()
    update = stage.poll()
    assert {symbol: book.bids for symbol, book in update.books.items()} == {
        "BTCUSDT": ((d(99), d(1)),)
    }
    stage.quote("ETHUSDT", "8")
    stage.tick()
    assert stage.poll().books == {}
    stage.quote("BTCUSDT", "98")
    stage.quote("SOLUSDT", "1")
    stage.tick()
    assert set(stage.poll().books) == {"BTCUSDT", "SOLUSDT"}


def test_a_queue_that_is_cut_off_while_it_is_read_ends_the_poll() -> None:
    subscription = Subscription()
    subscription.push_update(LinkUpdate(trades=[]))
    waiting = subscription._waiting()
    next(waiting)
    subscription._queue.clear()
    assert list(waiting) == []
