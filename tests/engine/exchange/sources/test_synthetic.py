"""The made-up market: its invariants over ten minutes, and that a seed repeats it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from itertools import islice, pairwise, takewhile

import msgspec
import pytest

from engine.exchange.book import Book
from engine.exchange.instruments import parse_instrument
from engine.exchange.sources.frames import BookFrame, Frame, TickerFrame, TradeFrame
from engine.exchange.sources.synthetic import create_synthetic
from engine.exchange.sources.tickers import Ticker

PERPETUAL = (
    "symbol tickDirection price24hPcnt lastPrice prevPrice24h highPrice24h lowPrice24h prevPrice1h "
    "markPrice indexPrice openInterest openInterestValue singleOpenInterest "
    "singleOpenInterestValue turnover24h volume24h fundingIntervalHour fundingCap nextFundingTime "
    "fundingRate bid1Price bid1Size ask1Price ask1Size preOpenPrice preQty "
    "curPreListingPhase"
)
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


def tickers(category: str, symbol: str, minutes: int = 2) -> list[TickerFrame]:
    return [
        frame.decoded
        for frame in first(minutes)
        if isinstance(frame.decoded, TickerFrame) and (category, symbol) == frame[1:3]
    ]


def test_spot_tickers_are_whole_and_have_no_mark() -> None:
    told = tickers("spot", "BTCUSDT")
    assert {frame.type for frame in told} == {"snapshot"}
    assert {" ".join(frame.data) for frame in told} == {
        "symbol usdIndexPrice lastPrice prevPrice24h price24hPcnt highPrice24h lowPrice24h "
        "volume24h turnover24h"
    }


def test_a_perpetuals_ticker_is_told_once_and_then_what_changes() -> None:
    whole, *changes = tickers("linear", "BTCUSDT")
    assert whole.type == "snapshot"
    assert sorted(whole.data) == sorted(PERPETUAL.split())
    known = dict(whole.data)
    for change in changes:
        assert change.type == "delta"
        assert change.data.pop("symbol") == "BTCUSDT"
        assert change.data
        assert all(known[name] != value for name, value in change.data.items())
        known |= change.data
    gaps = [after.ts - before.ts for before, after in pairwise([whole, *changes])]
    assert len(changes) > 800
    assert 80 <= sorted(gaps)[len(gaps) // 2] <= 120


def test_a_tickers_best_prices_are_the_books_at_that_instant() -> None:
    books: dict[str, Book] = {}
    known: dict[str, dict[str, str | None]] = {}
    for frame in first(1):
        if frame.category == "spot":
            continue
        book, ticker = books.setdefault(frame.symbol, Book()), known.setdefault(frame.symbol, {})
        if isinstance(frame.decoded, BookFrame):
            book.apply(frame.decoded)
        if isinstance(frame.decoded, TickerFrame):
            ticker |= frame.decoded.data
            ((bid, bid_size),), ((ask, ask_size),) = book.bids.levels(1), book.asks.levels(1)
            best = [ticker[name] for name in ("bid1Price", "bid1Size", "ask1Price", "ask1Size")]
            assert best == [str(bid), str(bid_size), str(ask), str(ask_size)]


def test_the_hour_before_and_the_next_funding_follow_the_clock() -> None:
    price, size = Decimal(100), Decimal(1)
    ticker, touch = Ticker("linear", "X", price), (price, size)
    told: dict[str, str | None] = {}
    for minute in range(121):
        ticker.trade(price + minute, size)
        frame = ticker.frame(START + minute * MINUTE, touch, touch, 1)
        assert frame is not None
        told |= frame.data
        hour = minute - 60
        assert told["prevPrice1h"] == str(price + max(0, hour))
        now_ms = frame.ts
        assert 0 < int(told["nextFundingTime"] or 0) - now_ms <= 8 * 3_600_000
    assert int(told["nextFundingTime"] or 0) % (8 * 3_600_000) == 0
    assert ticker.frame(START + 120 * MINUTE, touch, touch, 1) is None


def test_books_and_trades_of_a_market_share_a_sequence() -> None:
    last: dict[tuple[str, str], int] = {}
    for frame in first(1):
        key, decoded = (frame.category, frame.symbol), frame.decoded
        if isinstance(decoded, BookFrame):
            assert decoded.data.seq == last.get(key, 0) + 1
            last[key] = decoded.data.seq
        elif isinstance(decoded, TradeFrame):
            assert {trade.seq for trade in decoded.data} == {last[key] + 1}
            last[key] += 1


def test_the_price_moves() -> None:
    told = tickers("linear", "ETHUSDT")
    assert len({frame.data["bid1Price"] for frame in told if "bid1Price" in frame.data}) > 50
