"""WebSocket sessions: what is said on them and what is pushed."""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from engine.exchange.streams import Session
from tests.engine.exchange.venue import SPOT, START, Venue, book, ticker, trade

SNAPSHOT = book(0, [("99.9", "2")], [("100.0", "1"), ("100.1", "2")])
NOW_MS = START // 1_000_000


class Client:
    """The other end of a session."""

    def __init__(self, venue: Venue, path: str) -> None:
        self.got: list[dict[str, Any]] = []
        session = venue.exchange.open_session(path, self.take)
        assert session is not None
        self.session: Session = session

    def take(self, messages: Sequence[bytes]) -> None:
        self.got += [json.loads(message) for message in messages]

    def say(self, **request: object) -> list[dict[str, Any]]:
        """Send a request; returns what came back."""
        self.got.clear()
        self.session.receive(json.dumps(request).encode())
        return list(self.got)

    def sign_in(self, key: str = "paper", expires: object = NOW_MS + 1000) -> dict[str, Any]:
        signature = hmac.new(key.encode(), f"GET/realtime{expires}".encode(), "sha256").hexdigest()
        return self.say(op="auth", args=[key, expires, signature])[0]


def flush(venue: Venue) -> None:
    """Push what has happened, on a loop that then has its turn."""

    async def main() -> None:
        venue.exchange.flush()
        await asyncio.sleep(0)

    asyncio.run(main())


@pytest.fixture
def venue(tmp_path: Path) -> Venue:
    frames = [
        SNAPSHOT,
        trade(5, "Sell", "3", "99.9"),
        ticker(6, lastPrice="99.9", markPrice="100.0"),
        ticker(7, kind="delta", markPrice="100.5"),
        book(8, [], [("100.0", "0")], u=2),
    ]
    return Venue(tmp_path / "market.jsonl", *frames)


@pytest.fixture
def private(venue: Venue) -> Client:
    client = Client(venue, "/v5/private?max_active_time=1m")
    assert client.sign_in()["success"]
    return client


def test_there_is_no_session_at_an_unknown_path(venue: Venue) -> None:
    assert venue.exchange.open_session("/v5/public/option", print) is None


def test_a_book_subscription_begins_with_a_snapshot_and_goes_on_with_raw_frames(
    venue: Venue,
) -> None:
    client = Client(venue, "/v5/public/linear")
    ack, snapshot = client.say(op="subscribe", args=["orderbook.50.BTCUSDT"], req_id="r1")
    assert ack.pop("conn_id")
    assert ack == {"success": True, "ret_msg": "", "req_id": "r1", "op": "subscribe"}
    assert (snapshot["type"], snapshot["data"]["u"]) == ("snapshot", 1)
    assert snapshot["data"]["a"] == [["100.0", "1"], ["100.1", "2"]]
    client.got.clear()
    venue.play_to(8)
    (frame,) = client.got
    assert (frame["type"], frame["data"]["a"]) == ("delta", [["100.0", "0"]])


def test_the_market_s_book_in_a_snapshot_is_not_lessened_by_what_we_took(venue: Venue) -> None:
    venue.order("Buy", "1", "100.0")
    client = Client(venue, "/v5/public/linear")
    _, snapshot = client.say(op="subscribe", args=["orderbook.50.BTCUSDT"])
    assert snapshot["data"]["a"][0] == ["100.0", "1"]


def test_before_the_first_snapshot_a_subscription_is_silent(tmp_path: Path) -> None:
    venue = Venue(tmp_path / "market.jsonl", book(5, [("99.9", "2")], []))
    client = Client(venue, "/v5/public/linear")
    topics = ["orderbook.50.BTCUSDT", "tickers.BTCUSDT", "publicTrade.BTCUSDT"]
    assert len(client.say(op="subscribe", args=topics)) == 1
    venue.play_to(5)
    assert [message.get("type") for message in client.got] == [None, "snapshot"]


def test_a_ticker_subscription_begins_with_the_merged_ticker(venue: Venue) -> None:
    venue.play_to(6)
    client = Client(venue, "/v5/public/linear")
    _, first = client.say(op="subscribe", args=["tickers.BTCUSDT"])
    assert first["data"] == {"symbol": "BTCUSDT", "lastPrice": "99.9", "markPrice": "100.0"}
    venue.play_to(7)
    late = Client(venue, "/v5/public/linear")
    _, merged = late.say(op="subscribe", args=["tickers.BTCUSDT"])
    assert merged["data"] == first["data"] | {"markPrice": "100.5"}
    assert (merged["type"], merged["ts"]) == ("snapshot", 7)
    assert client.got[-1]["type"] == "delta"


def test_subscribing_again_succeeds_without_a_second_snapshot(venue: Venue) -> None:
    client = Client(venue, "/v5/public/linear")
    client.say(op="subscribe", args=["orderbook.50.BTCUSDT"])
    (again,) = client.say(op="subscribe", args=["orderbook.50.BTCUSDT"])
    assert again["success"]


def test_one_bad_topic_fails_the_whole_request(venue: Venue) -> None:
    client = Client(venue, "/v5/public/linear")
    for bad in ("orderbook.50.XXX", "orderbook.7.BTCUSDT", "nonsense"):
        (reply,) = client.say(op="subscribe", args=["publicTrade.BTCUSDT", bad])
        assert (reply["success"], reply["ret_msg"]) == (
            False,
            f"error:handler not found,topic:{bad}",
        )
    venue.play_to(8)
    assert len(client.got) == 1


def test_after_unsubscribing_or_closing_nothing_comes(venue: Venue) -> None:
    client, other = Client(venue, "/v5/public/linear"), Client(venue, "/v5/public/linear")
    for each in (client, other):
        each.say(op="subscribe", args=["publicTrade.BTCUSDT", "tickers.BTCUSDT"])
    client.say(op="unsubscribe", args=["publicTrade.BTCUSDT", "publicTrade.X"])
    other.session.close()
    venue.play_to(6)
    assert [message.get("topic") for message in client.got[1:]] == ["tickers.BTCUSDT"]
    assert len(other.got) == 1


def test_pongs_have_the_shape_of_their_stream(tmp_path: Path) -> None:
    venue = Venue(tmp_path / "market.jsonl", SNAPSHOT, rows=[SPOT])
    expected = {
        "/v5/public/linear": {"success": True, "ret_msg": "pong", "req_id": "", "op": "ping"},
        "/v5/public/spot": {"success": True, "ret_msg": "pong", "op": "ping"},
        "/v5/private": {"op": "pong", "args": [str(NOW_MS)]},
    }
    for path, pong in expected.items():
        client = Client(venue, path)
        (reply,) = client.say(op="ping")
        del reply["conn_id"]
        assert reply == pong
        assert client.say(op="ping", req_id=7)[0]["req_id"] == "7"


def test_spot_acknowledges_in_its_own_words_and_takes_ten_topics(tmp_path: Path) -> None:
    venue = Venue(tmp_path / "market.jsonl", SNAPSHOT, rows=[SPOT])
    client = Client(venue, "/v5/public/spot")
    ack, _ = client.say(op="subscribe", args=["orderbook.50.BTCUSDT"])
    assert (ack["ret_msg"], "req_id" in ack) == ("subscribe", False)
    (refused,) = client.say(op="subscribe", args=["tickers.BTCUSDT"] * 11)
    assert (refused["success"], refused["ret_msg"]) == (False, "args size >10")


@pytest.mark.parametrize("message", [b"", b"{", b'{"op": 3}', b"\xff", b'{"op":"dance"}'])
def test_nonsense_is_answered_with_a_failure(venue: Venue, message: bytes) -> None:
    client = Client(venue, "/v5/public/linear")
    client.session.receive(message)
    assert client.got[0]["success"] is False


def test_public_streams_have_nothing_to_authenticate_for(venue: Venue) -> None:
    assert Client(venue, "/v5/public/linear").say(op="auth", args=[])[0]["success"] is False


@pytest.mark.parametrize("expires", [NOW_MS + 1, str(NOW_MS + 10_000)])
def test_the_private_stream_takes_expiry_as_a_number_or_as_text(
    venue: Venue, expires: object
) -> None:
    client = Client(venue, "/v5/private")
    reply = client.sign_in(expires=expires)
    assert reply.pop("conn_id")
    assert reply == {"success": True, "ret_msg": "", "op": "auth"}
    assert client.sign_in(expires=expires)["success"]


@pytest.mark.parametrize(
    "args",
    [
        [],
        ["who", NOW_MS + 1000, ""],
        ["paper", NOW_MS, ""],
        ["paper", "soon", ""],
        ["paper", NOW_MS + 1000, "0"],
    ],
)
def test_a_bad_authentication_fails(venue: Venue, args: list[object]) -> None:
    client = Client(venue, "/v5/private")
    assert client.say(op="auth", args=args)[0]["success"] is False
    (reply,) = client.say(op="subscribe", args=["order"])
    assert (reply["success"], reply["ret_msg"]) == (False, "Request not authorized")
    client.say(op="unsubscribe", args=["order"])
    client.session.close()


def test_private_topics_are_checked(private: Client) -> None:
    assert private.say(op="subscribe", args=["greeks", "order.option"])[0]["success"]
    assert not private.say(op="subscribe", args=["position.spot"])[0]["success"]
    assert not private.say(op="subscribe", args=["order", "order.linear"])[0]["success"]
    assert private.say(op="subscribe", args=["order", "execution.linear"])[0]["success"]


def test_executions_come_before_the_order_row_of_the_same_fill(
    venue: Venue, private: Client
) -> None:
    private.say(op="subscribe", args=["order", "execution"])
    private.got.clear()
    order = venue.order("Buy", "2", "100.1", orderLinkId="a1")
    flush(venue)
    executions, orders = private.got
    assert (executions["topic"], orders["topic"]) == ("execution", "order")
    assert executions["creationTime"] == NOW_MS
    assert executions["id"].startswith("100001_BTCUSDT_")
    rows = [(row["execPrice"], row["execQty"], row["leavesQty"]) for row in executions["data"]]
    assert rows == [("100.0", "1", "1"), ("100.1", "1", "0")]
    assert executions["data"][0]["category"] == "linear"
    (row,) = orders["data"]
    assert (row["orderStatus"], row["category"], row["orderId"]) == (
        "Filled",
        "linear",
        order.order_id,
    )
    assert (row["avgPrice"], row["cumExecValue"], row["feeCurrency"]) == ("100.05", "200.1", "")


def test_a_resting_order_is_new_amended_and_cancelled_on_the_stream(
    venue: Venue, private: Client
) -> None:
    private.say(op="subscribe", args=["order.linear"])
    private.got.clear()
    order = venue.order("Buy", "2", "99.0")
    venue.amend(order, price="99.5")
    venue.cancel(order)
    flush(venue)
    (message,) = private.got
    assert message["topic"] == "order.linear"
    seen = [(row["orderStatus"], row["price"], row["cancelType"]) for row in message["data"]]
    assert seen == [
        ("New", "99.0", "UNKNOWN"),
        ("New", "99.5", "UNKNOWN"),
        ("Cancelled", "99.5", "CancelByUser"),
    ]


def test_an_amend_that_takes_shows_its_terms_before_its_fills(
    venue: Venue, private: Client
) -> None:
    order = venue.order("Buy", "0.5", "99.9")
    private.say(op="subscribe", args=["order", "execution"])
    private.got.clear()
    venue.amend(order, price="100.0", qty="0.8")
    flush(venue)
    assert [
        (message["topic"], message["data"][0].get("orderStatus"), message["data"][0].get("qty"))
        for message in private.got
    ] == [("order", "New", "0.8"), ("execution", None, None), ("order", "Filled", "0.8")]


def test_every_private_session_gets_what_it_asked_for(venue: Venue, private: Client) -> None:
    second, deaf = Client(venue, "/v5/private"), Client(venue, "/v5/private")
    second.sign_in()
    deaf.sign_in()
    private.say(op="subscribe", args=["order"])
    second.say(op="subscribe", args=["order.linear"])
    for each in (private, second, deaf):
        each.got.clear()
    order = venue.order("Buy", "2", "99.0")
    flush(venue)
    private.session.close()
    second.say(op="unsubscribe", args=["order.linear"])
    venue.cancel(order)
    flush(venue)
    assert [message["topic"] for message in private.got] == ["order"]
    assert (second.got[0]["op"], deaf.got) == ("unsubscribe", [])


def test_only_accounts_with_fills_are_told_of_positions_and_wallets(tmp_path: Path) -> None:
    keys = {"paper": "paper", "other": "other"}
    venue = Venue(tmp_path / "market.jsonl", SNAPSHOT, credentials=keys)
    clients = [Client(venue, "/v5/private") for _ in keys]
    for client, key in zip(clients, keys, strict=True):
        client.sign_in(key)
        client.say(op="subscribe", args=["position", "wallet"])
        client.got.clear()
    venue.order("Buy", "1", "100.0")
    flush(venue)
    told = [[message["topic"] for message in client.got] for client in clients]
    assert told == [["position", "wallet"], []]
