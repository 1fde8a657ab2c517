"""Candles, and the topics that are made from what the market sends."""

from __future__ import annotations

import json
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest

from engine.exchange.candles import Candles, interval_end, interval_start
from tests.engine.exchange.test_streams import Client
from tests.engine.exchange.venue import SPOT, Venue, book, trade

MINUTE = 60_000
THURSDAY = 1_700_092_800_000  # 2023-11-16 00:00 UTC


def test_trades_make_candles_and_minutes_longer_ones() -> None:
    candles = Candles()
    for time_ms, price, size in (
        (0, 10, 1),
        (MINUTE - 1, 12, 2),
        (MINUTE, 9, 1),
        (5 * MINUTE, 11, 3),
    ):
        candles.add(time_ms, D(price), D(size))
    assert [candle.row() for candle in candles.latest_first("1")] == [
        ["300000", "11", "11", "11", "11", "3", "33"],
        ["60000", "9", "9", "9", "9", "1", "9"],
        ["0", "10", "12", "10", "12", "3", "34"],
    ]
    assert [candle.row() for candle in candles.latest_first("5")] == [
        ["300000", "11", "11", "11", "11", "3", "33"],
        ["0", "10", "12", "9", "9", "4", "43"],
    ]


def test_a_market_has_a_candle_before_its_first_trade() -> None:
    candles = Candles()
    candles.begin(0, D(0))
    assert list(candles.latest_first("1")) == []
    candles.begin(MINUTE + 5, D(10))
    candles.begin(MINUTE + 6, D(11))
    candles.add(MINUTE + 7, D(12), D(1))
    assert [candle.row() for candle in candles.latest_first("1")] == [
        ["60000", "10", "12", "10", "12", "1", "12"]
    ]


@pytest.mark.parametrize(
    ("interval", "start", "end"),
    [
        ("1", THURSDAY + 65 * MINUTE, THURSDAY + 66 * MINUTE - 1),
        ("60", THURSDAY + 60 * MINUTE, THURSDAY + 120 * MINUTE - 1),
        ("D", THURSDAY, THURSDAY + 1440 * MINUTE - 1),
        ("W", THURSDAY - 3 * 1440 * MINUTE, THURSDAY + 4 * 1440 * MINUTE - 1),
        ("M", THURSDAY - 15 * 1440 * MINUTE, THURSDAY + 15 * 1440 * MINUTE - 1),
    ],
)
def test_where_a_candle_begins_and_ends(interval: str, start: int, end: int) -> None:
    moment = THURSDAY + 65 * MINUTE + 7
    assert interval_start(interval, moment) == start
    assert interval_end(interval, start) == end


def test_december_ends_with_the_year() -> None:
    december = interval_start("M", 1_703_000_000_000)
    assert interval_end("M", december) == 1_704_067_200_000 - 1


FRAMES = [
    book(0, [("99.9", "2"), ("99.8", "1")], [("100.0", "1")]),
    trade(1000, "Buy", "1", "100.0"),
    book(1001, [("99.8", "2")], [], u=2),
    book(1002, [("99.9", "1")], [], u=3),
    trade(61_000, "Sell", "2", "99.9"),
]


@pytest.fixture
def venue(tmp_path: Path) -> Venue:
    return Venue(tmp_path / "market.jsonl", *FRAMES)


def listen(venue: Venue, topic: str) -> Client:
    client = Client(venue, "/v5/public/linear")
    assert client.say(op="subscribe", args=[topic])[0]["success"]
    client.got.clear()
    return client


def test_a_candle_is_pushed_with_every_trade_and_closed_by_the_next_one(venue: Venue) -> None:
    client = listen(venue, "kline.1.BTCUSDT")
    venue.play_to(61_000)
    rows: list[Any] = [message["data"][0] for message in client.got]
    assert [(row["start"], row["close"], row["confirm"]) for row in rows] == [
        (0, "100.0", False),
        (0, "100.0", True),
        (60_000, "99.9", False),
    ]
    assert (rows[1]["end"], rows[1]["volume"], rows[1]["interval"]) == (59_999, "1", "1")


def test_the_touch_is_pushed_only_when_it_changes(venue: Venue) -> None:
    client = listen(venue, "orderbook.1.BTCUSDT")
    venue.play_to(2000)
    assert [message["data"]["b"] for message in client.got] == [[["99.9", "2"]], [["99.9", "1"]]]
    assert {message["type"] for message in client.got} == {"snapshot"}


@pytest.mark.parametrize("depth", ["200", "1000"])
def test_a_deeper_book_sends_what_there_is(venue: Venue, depth: str) -> None:
    client = listen(venue, f"orderbook.{depth}.BTCUSDT")
    venue.play_to(2000)
    assert [(message["topic"], message["data"]["u"]) for message in client.got] == [
        (f"orderbook.{depth}.BTCUSDT", 2),
        (f"orderbook.{depth}.BTCUSDT", 3),
    ]


@pytest.mark.parametrize("topic", ["kline.2.BTCUSDT", "orderbook.500.BTCUSDT", "kline.1.XUSDT"])
def test_a_topic_there_is_none_of(venue: Venue, topic: str) -> None:
    client = Client(venue, "/v5/public/linear")
    assert not client.say(op="subscribe", args=[topic])[0]["success"]


def ask(venue: Venue, path: str, query: str) -> Any:
    return json.loads(venue.exchange.handle("GET", path, query, b"", {}).body)


def test_candles_trades_and_price_limits_over_rest(venue: Venue) -> None:
    venue.play_to(61_000)
    market = "category=linear&symbol=BTCUSDT"
    found = ask(venue, "/v5/market/kline", f"{market}&interval=1&end=59999")["result"]["list"]
    assert found == [["0", "100.0", "100.0", "100.0", "100.0", "1", "100.0"]]
    assert ask(venue, "/v5/market/kline", f"{market}&interval=7")["retCode"] == 10001
    assert ask(venue, "/v5/market/kline", f"{market}&interval=1&end=x")["retCode"] == 10001
    trades = ask(venue, "/v5/market/recent-trade", f"{market}&limit=1")["result"]["list"]
    assert [(row["price"], row["size"], row["side"]) for row in trades] == [("99.9", "2", "Sell")]
    limits = ask(venue, "/v5/market/price-limit", "symbol=BTCUSDT")["result"]
    assert (limits["buyLmt"], limits["sellLmt"]) == ("1000", "0.1")


def test_on_spot_at_most_sixty_trades_are_shown(tmp_path: Path) -> None:
    frames = [trade(number, "Buy", "1", "100.0") for number in range(70)]
    venue = Venue(tmp_path / "market.jsonl", *frames, rows=[SPOT])
    venue.play_to(100)
    query = "category=spot&symbol=BTCUSDT&limit=500"
    assert len(ask(venue, "/v5/market/recent-trade", query)["result"]["list"]) == 60


def test_what_the_venue_has_and_this_exchange_has_not_is_empty(venue: Venue) -> None:
    for path in ("position/list", "order/realtime", "execution/list"):
        reply = venue.get(f"/v5/{path}", category="inverse", settleCoin="BTC")
        assert reply["result"]["list"] == []


def test_fee_rates(venue: Venue) -> None:
    rows = venue.get("/v5/account/fee-rate", category="linear")["result"]["list"]
    assert rows == [{"symbol": "BTCUSDT", "takerFeeRate": "0.00055", "makerFeeRate": "0.0002"}]
