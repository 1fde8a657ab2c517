"""The made-up market: its invariants over ten minutes, and that a seed repeats it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice, takewhile

import msgspec
import pytest

from engine.exchange.book import Book
from engine.exchange.instruments import parse_instrument
from engine.exchange.sources.frames import BookFrame, Frame, TickerFrame, TradeFrame
from engine.exchange.sources.synthetic import create_synthetic

START = 1_700_000_000_000_000_000
MINUTE = 60_000_000_000


def first(minutes: int, seed: int = 7) -> Iterator[Frame]:
    source = create_synthetic(seed, START)
    return takewhile(lambda frame: frame.t_ns < START + minutes * MINUTE, source.frames())


def test_the_same_seed_and_start_give_the_same_market() -> None:
    assert list(islice(first(1), 2000)) == list(islice(first(1), 2000))
    assert list(islice(first(1, seed=8), 2000)) != list(islice(first(1), 2000))


def test_it_lists_three_perpetuals_and_a_spot_market_near_their_prices() -> None:
    source = create_synthetic(1, START)
    listed = [parse_instrument(row) for _, row in source.instruments]
    assert [instrument.key for instrument in listed] == [
        ("linear", "BTCUSDT"),
        ("linear", "ETHUSDT"),
        ("linear", "SOLUSDT"),
        ("spot", "BTCUSDT"),
    ]
    opening = {frame.symbol: frame for frame in islice(source.frames(), 8)}
    assert {frame.t_ns for frame in opening.values()} == {START}
    for symbol, price in (("BTCUSDT", 61_000), ("ETHUSDT", 2_700), ("SOLUSDT", 150)):
        ticker = opening[symbol].decoded
        assert isinstance(ticker, TickerFrame)
        assert float(ticker.data["lastPrice"] or 0) == pytest.approx(price, rel=0.01)
    assert (source.first_ts, source.last_ts, source.errors) == (START, None, ())


def test_ten_minutes_are_in_order_never_empty_never_crossed_and_on_the_grid() -> None:
    rows = create_synthetic(2, START).instruments
    grids = {item.key: item for item in (parse_instrument(row) for _, row in rows)}
    books: dict[tuple[str, str], Book] = {}
    spreads: Counter[bool] = Counter()
    trades: Counter[str] = Counter()
    last_ns = START
    for frame in first(10, seed=2):
        assert frame.t_ns >= last_ns
        last_ns = frame.t_ns
        key, decoded = (frame.category, frame.symbol), frame.decoded
        grid, market = grids[key], books.setdefault(key, Book())
        if isinstance(decoded, BookFrame):
            assert decoded.data.u == market.update_id + 1
            assert (decoded.type == "snapshot") == (decoded.data.u == 1)
            known = dict(market.bids.levels(99) + market.asks.levels(99))
            for price, size in decoded.data.b + decoded.data.a:
                assert price % grid.tick == 0
                assert size % grid.step == 0
                assert size or price in known, "deletes only levels that were shown"
            market.apply(decoded)
            bids, asks = market.bids.levels(99), market.asks.levels(99)
            assert (len(bids), len(asks)) == (50, 50)
            assert bids[0][0] < asks[0][0]
            spreads[asks[0][0] - bids[0][0] == grid.tick] += 1
        if isinstance(decoded, TradeFrame):
            for trade in decoded.data:
                trades[trade.S] += 1
                levels = dict((market.asks if trade.S == "Buy" else market.bids).levels(99))
                assert 0 < trade.v <= levels[trade.p]
    assert spreads[True] > 5 * spreads[False]
    assert min(trades.values()) > 5_000


def test_a_reader_that_deletes_levels_of_size_0_keeps_fifty_and_uncrossed() -> None:
    books: dict[tuple[str, str], dict[str, dict[str, str]]] = {}
    for frame in first(3):
        if not isinstance(frame.decoded, BookFrame):
            continue
        sides = books.setdefault((frame.category, frame.symbol), {"b": {}, "a": {}})
        told = msgspec.json.decode(frame.raw)["data"]
        for name, levels in sides.items():
            for price, size in told[name]:
                if size == "0":
                    del levels[price]
                else:
                    levels[price] = size
        assert [len(levels) for levels in sides.values()] == [50, 50]
        assert max(map(float, sides["b"])) < min(map(float, sides["a"]))
    assert len(books) == 4


def test_what_is_sent_is_what_was_decoded() -> None:
    for frame in islice(first(1), 500):
        assert msgspec.json.decode(frame.raw, type=type(frame.decoded)) == frame.decoded


def test_spot_tickers_have_no_mark_and_perpetuals_do() -> None:
    for frame in first(1):
        if isinstance(frame.decoded, TickerFrame):
            assert ("markPrice" in frame.decoded.data) == (frame.category == "linear")
            assert ("usdIndexPrice" in frame.decoded.data) == (frame.category == "spot")


def test_the_price_moves() -> None:
    touched = [
        frame.decoded.data["bid1Price"]
        for frame in first(2)
        if isinstance(frame.decoded, TickerFrame) and frame.symbol == "ETHUSDT"
    ]
    assert len(set(touched)) > 50
