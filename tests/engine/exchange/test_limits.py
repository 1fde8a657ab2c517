"""The venue's rate limits, on and off."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine.exchange.rest import Reply
from tests.engine.exchange.venue import START, Venue, book, signed

BOOK = book(0, [("99.9", "5")], [("100.0", "5")])
NOW_MS = START // 1_000_000


@pytest.fixture
def limited(tmp_path: Path) -> Venue:
    return Venue(tmp_path / "market.jsonl", BOOK, rate_limits=True)


def get(venue: Venue, path: str, query: str = "") -> Reply:
    return venue.exchange.handle("GET", path, query, b"", signed(venue.clock, query))


def left(reply: Reply) -> tuple[str, str]:
    return reply.headers["X-Bapi-Limit"], reply.headers["X-Bapi-Limit-Status"]


def batch(venue: Venue, count: int) -> list[int]:
    order = {"symbol": "BTCUSDT", "side": "Buy", "orderType": "Limit", "qty": "1", "price": "99"}
    reply: dict[str, Any] = venue.post("/v5/order/create-batch", request=[order] * count)
    return [item["code"] for item in reply["retExtInfo"]["list"]]


def test_without_limits_the_headers_say_so(tmp_path: Path) -> None:
    venue = Venue(tmp_path / "market.jsonl", BOOK)
    reply = get(venue, "/v5/account/info")
    assert left(reply) == ("1000000", "1000000")
    assert int(reply.headers["X-Bapi-Limit-Reset-Timestamp"]) == NOW_MS


def test_the_headers_count_down(limited: Venue) -> None:
    assert [left(get(limited, "/v5/account/info")) for _ in range(2)] == [
        ("50", "49"),
        ("50", "48"),
    ]


def test_the_eleventh_order_of_a_second_is_refused_until_the_reset(limited: Venue) -> None:
    codes = [limited.place("Buy", "1", "99.0")["retCode"] for _ in range(11)]
    assert codes == [0] * 10 + [10006]
    body = json.dumps({"category": "linear"})
    headers = signed(limited.clock, body)
    reply = limited.exchange.handle("POST", "/v5/order/create", "", body.encode(), headers)
    assert left(reply) == ("10", "0")
    reset_ms = int(reply.headers["X-Bapi-Limit-Reset-Timestamp"])
    assert reset_ms > NOW_MS
    limited.play_to(reset_ms - NOW_MS)
    assert limited.place("Buy", "1", "99.0")["retCode"] == 0


def test_kinds_of_request_and_accounts_are_counted_apart(tmp_path: Path) -> None:
    credentials = {"paper": "paper", "other": "other"}
    venue = Venue(tmp_path / "market.jsonl", BOOK, rate_limits=True, credentials=credentials)
    for _ in range(11):
        venue.place("Buy", "1", "99.0")
    assert venue.place("Buy", "1", "99.0", key="other")["retCode"] == 0
    assert venue.post("/v5/order/cancel-all", symbol="BTCUSDT")["retCode"] == 0


def test_of_a_batch_that_does_not_fit_the_first_orders_go_through(limited: Venue) -> None:
    assert batch(limited, 8) == [0] * 8
    assert batch(limited, 4) == [0, 0, 10006, 10006]


def test_too_many_requests_of_all_are_a_ban_of_ten_minutes(limited: Venue) -> None:
    def status() -> int:
        return limited.exchange.handle("GET", "/v5/market/time", "", b"", {}).status

    assert [status() for _ in range(601)] == [200] * 600 + [403]
    limited.play_to(599_999)
    assert status() == 403
    limited.play_to(600_000)
    assert status() == 200
