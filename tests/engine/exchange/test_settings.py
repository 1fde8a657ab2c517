"""Leverage, position mode and disconnection protection, as an account sets them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.engine.exchange.test_streams import NOW_MS, Client
from tests.engine.exchange.venue import Venue, book

BOOK = book(0, [("99.9", "5")], [("100.0", "5")])
MARKET = {"symbol": "BTCUSDT"}


@pytest.fixture
def venue(tmp_path: Path) -> Venue:
    return Venue(tmp_path / "market.jsonl", BOOK)


def hedge(venue: Venue) -> None:
    assert venue.post("/v5/position/switch-mode", **MARKET, mode=3)["retCode"] == 0


def positions(venue: Venue) -> list[tuple[int, str, str]]:
    rows = venue.get("/v5/position/list", category="linear", symbol="BTCUSDT")["result"]["list"]
    return [(row["positionIdx"], row["side"], row["size"]) for row in rows]


def leverage(venue: Venue, buy: str, sell: str) -> int:
    path = "/v5/position/set-leverage"
    code: int = venue.post(path, **MARKET, buyLeverage=buy, sellLeverage=sell)["retCode"]
    return code


def test_leverage_shows_with_the_position(venue: Venue) -> None:
    assert leverage(venue, "25", "25") == 0
    (row,) = venue.get("/v5/position/list", category="linear", symbol="BTCUSDT")["result"]["list"]
    assert row["leverage"] == "25"


@pytest.mark.parametrize(
    ("buy", "sell", "code"),
    [("10", "10", 110043), ("5", "6", 10001), ("x", "x", 10001), ("101", "101", 110013)],
)
def test_leverage_that_cannot_be_set(venue: Venue, buy: str, sell: str, code: int) -> None:
    assert leverage(venue, buy, sell) == code


def test_in_hedge_mode_both_sides_are_held_at_once(venue: Venue) -> None:
    hedge(venue)
    assert positions(venue) == [(1, "", "0"), (2, "", "0")]
    venue.order("Buy", "2", None, positionIdx=1)
    venue.order("Sell", "1", None, positionIdx=2)
    assert positions(venue) == [(1, "Buy", "2"), (2, "Sell", "1")]


def test_in_hedge_mode_the_other_side_s_order_only_closes(venue: Venue) -> None:
    hedge(venue)
    assert venue.place("Sell", "1", None, positionIdx=1)["retCode"] == 110017
    venue.order("Buy", "2", None, positionIdx=1)
    venue.order("Sell", "3", None, positionIdx=1)
    assert positions(venue) == [(1, "", "0"), (2, "", "0")]


@pytest.mark.parametrize(("mode", "idx"), [(0, 1), (0, 2), (3, 0), (3, 3)])
def test_an_index_must_fit_the_mode(venue: Venue, mode: int, idx: int) -> None:
    if mode:
        hedge(venue)
    reply = venue.place("Buy", "1", "99.9", positionIdx=idx)
    assert (reply["retCode"], reply["retMsg"]) == (10001, "position idx not match position mode")


def test_the_mode_is_switched_only_when_nothing_is_held_or_open(venue: Venue) -> None:
    def switch(**body: Any) -> int:
        code: int = venue.post("/v5/position/switch-mode", **body)["retCode"]
        return code

    assert switch(**MARKET, mode=0) == 110025
    assert switch(**MARKET, mode=1) == 10001
    assert switch(mode=3) == 10001
    order = venue.order("Buy", "1", "99.9")
    assert switch(**MARKET, mode=3) == 110028
    assert switch(coin="USDT", mode=3) == 0
    assert len(positions(venue)) == 1
    venue.cancel(order)
    assert switch(coin="USDT", mode=3) == 0
    assert len(positions(venue)) == 2
    venue.order("Buy", "1", None, positionIdx=1)
    assert switch(**MARKET, mode=0) == 110024
    venue.order("Sell", "1", None, positionIdx=1)
    assert switch(**MARKET, mode=0) == 0
    assert len(positions(venue)) == 1


def cut_off(venue: Venue, **body: Any) -> int:
    code: int = venue.post("/v5/order/disconnected-cancel-all", **body)["retCode"]
    return code


def listening(venue: Venue) -> Client:
    client = Client(venue, "/v5/private")
    assert client.sign_in(expires=NOW_MS + 600_000)["success"]
    client.say(op="subscribe", args=["dcp.future"])
    return client


def pass_time(venue: Venue, seconds: int) -> None:
    async def main() -> None:
        venue.play_to(seconds * 1000)

    asyncio.run(main())


def test_orders_are_cancelled_when_the_last_protecting_stream_has_been_gone_for_the_window(
    venue: Venue,
) -> None:
    assert cut_off(venue, product="DERIVATIVES", timeWindow=10) == 0
    (shown,) = venue.get("/v5/account/query-dcp-info")["result"]["dcpInfos"]
    assert shown == {"product": "DERIVATIVES", "dcpStatus": "ON", "timeWindow": "10"}
    first, second = listening(venue), listening(venue)
    order = venue.order("Buy", "1", "99.9")
    first.session.close()
    pass_time(venue, 20)
    assert order.status == "New"
    second.session.close()
    pass_time(venue, 29)
    assert order.status == "New"
    pass_time(venue, 30)
    assert (order.status, order.cancel_type) == ("Cancelled", "CancelByDCP")


def test_a_stream_that_comes_back_in_time_saves_the_orders(venue: Venue) -> None:
    cut_off(venue, product="DERIVATIVES", timeWindow=10)
    listening(venue).session.close()
    order = venue.order("Buy", "1", "99.9")
    pass_time(venue, 9)
    listening(venue)
    pass_time(venue, 60)
    assert order.status == "New"


def test_without_a_window_a_lost_stream_cancels_nothing(venue: Venue) -> None:
    order = venue.order("Buy", "1", "99.9")
    listening(venue).session.close()
    pass_time(venue, 600)
    assert order.status == "New"


@pytest.mark.parametrize(
    "body", [{"product": "GOLD", "timeWindow": 10}, {"product": "SPOT", "timeWindow": 2}]
)
def test_a_protection_there_is_none_of(venue: Venue, body: dict[str, Any]) -> None:
    assert cut_off(venue, **body) == 10001
