"""Playing frames on a clock."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from engine.exchange import create_exchange
from engine.exchange.player import STALL_NS, Player
from engine.exchange.sources.frames import BookFrame, Frame, TradeFrame
from engine.exchange.sources.recorded import open_recording
from tests.engine.exchange.venue import START, Venue, book, ticker, trade


class ManualClock:
    """A clock that stands where it is put and calls nobody."""

    def __init__(self) -> None:
        self.now = START
        self.timers: list[tuple[int, Callable[[], None]]] = []

    def now_ns(self) -> int:
        return self.now

    def call_at(self, when_ns: int, callback: Callable[[], None]) -> ManualClock:
        self.timers.append((when_ns, callback))
        self.last = callback
        return self

    def cancel(self) -> None:
        """Nothing is ever called, so there is nothing to cancel."""


FRAMES = [book(0, [], [])] + [trade(at_ms, "Buy", "1", "100.0") for at_ms in (10, 20, 20, 9000)]


def test_frames_are_counted_and_progress_follows_them(tmp_path: Path) -> None:
    venue = Venue(tmp_path / "market.jsonl", *FRAMES)
    exchange, last = venue.exchange, START + 9000 * 1_000_000
    assert exchange.progress == (START, last, START, False)
    assert (exchange.counts.trades, exchange.counts.book_updates) == (0, 1)
    venue.play_to(20)
    assert exchange.progress == (START, last, START + 20_000_000, False)
    venue.play_to(9000)
    assert exchange.progress == (START, last, last, True)
    assert (exchange.counts.trades, exchange.counts.book_updates) == (4, 1)


def test_a_stopped_market_stays_where_it_is(tmp_path: Path) -> None:
    venue = Venue(tmp_path / "market.jsonl", *FRAMES)
    venue.exchange.stop()
    venue.play_to(9000)
    venue.exchange.resume()
    assert venue.exchange.counts.trades == 0
    venue.exchange.start()
    assert venue.exchange.counts.trades == 1


def test_after_a_pause_every_stamp_of_the_market_is_as_much_later(tmp_path: Path) -> None:
    last = book(9500, [("99.0", "1")], [], u=2)
    Venue(tmp_path / "market.jsonl", *FRAMES, last, ticker(9600, markPrice="100"))
    recording = open_recording([tmp_path / "market.jsonl"])
    clock, played = ManualClock(), list[Frame]()
    player = Player(clock, recording.frames(), played.append, lambda: None, START)
    player.start()
    player.pause()
    clock.now += 30_000_000_000
    player.resume()
    for _ in range(10):
        clock.now += 1_000_000_000
        player.catch_up()
    assert played[0] == next(recording.frames())
    _, trade_frame, book_frame, ticker_frame = played[0], *played[-3:]
    for frame, at_ms in ((trade_frame, 9_000), (book_frame, 9_500), (ticker_frame, 9_600)):
        assert frame.t_ns == START + (30_000 + at_ms) * 1_000_000
        assert json.loads(frame.raw)["ts"] == frame.decoded.ts == 30_000 + at_ms
    assert isinstance(trade_frame.decoded, TradeFrame)
    assert json.loads(trade_frame.raw)["data"][0]["T"] == trade_frame.decoded.data[0].T == 39_000
    assert isinstance(book_frame.decoded, BookFrame)
    assert json.loads(book_frame.raw)["cts"] == book_frame.decoded.cts == 39_500
    assert player.now_ts == START + 9_600 * 1_000_000


def test_a_market_that_has_not_started_is_not_finished(tmp_path: Path) -> None:
    venue = Venue(tmp_path / "market.jsonl", *FRAMES)
    fresh = create_exchange(venue.clock, open_recording([tmp_path / "market.jsonl"]))
    assert not fresh.progress.finished


def test_a_clock_that_jumps_pauses_the_market_for_the_jump(tmp_path: Path) -> None:
    venue = Venue(tmp_path / "market.jsonl", *FRAMES)
    clock = ManualClock()
    exchange = create_exchange(clock, open_recording([tmp_path / "market.jsonl"]))
    exchange.start()
    assert clock.timers.pop()[0] == START + 10_000_000
    clock.now = START + 10_000_000 + STALL_NS + 1
    clock.last()
    assert exchange.counts.trades == 1
    assert clock.timers.pop()[0] == START + 20_000_000 + STALL_NS + 1
    assert venue.exchange.counts.trades == 0
