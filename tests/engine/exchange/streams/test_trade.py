"""The trade stream: what is said on it and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.engine.exchange.test_streams import NOW_MS, Client, flush
from tests.engine.exchange.venue import Venue, book

ORDER = {
    "category": "linear",
    "symbol": "BTCUSDT",
    "side": "Buy",
    "orderType": "Limit",
    "qty": "1",
    "price": "99.0",
    "orderLinkId": "one",
}
HEADER = {"X-BAPI-TIMESTAMP": str(NOW_MS), "X-BAPI-RECV-WINDOW": 5000}


@pytest.fixture
def venue(tmp_path: Path) -> Venue:
    return Venue(tmp_path / "market.jsonl", book(0, [("99.9", "5")], [("100.0", "5")]))


@pytest.fixture
def stream(venue: Venue) -> Client:
    client = Client(venue, "/v5/trade")
    assert client.sign_in()["retCode"] == 0
    return client


def ask(stream: Client, op: str, *args: Any, **more: Any) -> dict[str, Any]:
    (answer,) = stream.say(op=op, **{"header": HEADER, "args": args, **more})
    return answer


def test_a_ping_and_an_auth_are_answered_in_shapes_of_their_own(venue: Venue) -> None:
    client = Client(venue, "/v5/trade")
    pong = ask(client, "ping", reqId=7)
    connection = pong.pop("connId")
    assert pong == {"reqId": "7", "retCode": 0, "retMsg": "OK", "op": "pong", "data": [str(NOW_MS)]}
    answer = client.sign_in()
    assert answer == {"retCode": 0, "retMsg": "OK", "op": "auth", "connId": connection}
    assert client.sign_in()["retCode"] == 20001
    assert Client(venue, "/v5/trade").sign_in(key="nobody")["retCode"] == 10004


def test_an_order_is_placed_amended_and_cancelled(venue: Venue, stream: Client) -> None:
    placed = ask(stream, "order.create", ORDER, reqId="r1")
    assert not venue.account().orders  # it is answered before it meets the book
    flush(venue)
    (order,) = venue.account().orders.values()
    assert placed["data"] == {"orderId": order.order_id, "orderLinkId": "one"}
    assert (placed["reqId"], placed["retCode"], placed["op"]) == ("r1", 0, "order.create")
    assert (placed["retExtInfo"], placed["header"]["X-Bapi-Limit"]) == ({}, "1000000")
    assert placed["header"]["Timenow"] == str(NOW_MS)
    assert len(placed["header"]["Traceid"]) == 32
    which = {"category": "linear", "symbol": "BTCUSDT", "orderLinkId": "one"}
    assert ask(stream, "order.amend", {**which, "qty": "2"})["retCode"] == 0
    assert str(order.qty) == "2"
    assert ask(stream, "order.cancel", which)["retCode"] == 0
    again = ask(stream, "order.cancel", which)
    assert (again["retCode"], again["data"]) == (110001, {})


def test_a_batch_tells_each_item_s_outcome(stream: Client) -> None:
    items = [{**ORDER, "orderLinkId": "a"}, {**ORDER, "orderLinkId": "b", "qty": "0"}]
    answer = ask(stream, "order.create-batch", {"category": "linear", "request": items})
    assert [item["code"] for item in answer["retExtInfo"]["list"]] == [0, 10001]
    assert [row["orderLinkId"] for row in answer["data"]["list"]] == ["a", "b"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"header": {}}, 10001),
        ({"header": {"X-BAPI-TIMESTAMP": NOW_MS - 6000}}, 10002),
        ({"header": {"X-BAPI-TIMESTAMP": NOW_MS + 1000}}, 10002),
        ({"header": {"X-Bapi-Timestamp": NOW_MS - 6000}}, 10002),
        ({"args": []}, 10001),
        ({"args": [ORDER, ORDER]}, 10001),
        ({"reqId": "r" * 37}, 10001),
    ],
)
def test_what_the_gateway_refuses(
    venue: Venue, stream: Client, change: dict[str, Any], code: int
) -> None:
    answer = ask(stream, "order.create", ORDER, **change)
    assert (answer["retCode"], venue.account().orders) == (code, {})


def test_a_header_s_names_may_be_in_any_case(stream: Client) -> None:
    header = {"X-BAPI-TIMESTAMP": NOW_MS - 6000, "x-bapi-recv-window": 7000}
    assert ask(stream, "order.create", ORDER, header=header)["retCode"] == 0


def test_a_request_id_is_good_for_one_request(stream: Client) -> None:
    assert ask(stream, "order.create", ORDER, reqId="r1")["retCode"] == 0
    assert ask(stream, "order.create", ORDER, reqId="r1")["retCode"] == 20006


def test_orders_need_an_authenticated_stream(venue: Venue) -> None:
    assert ask(Client(venue, "/v5/trade"), "order.create", ORDER)["retCode"] == 10003


def test_what_makes_no_sense_is_refused(stream: Client) -> None:
    assert ask(stream, "order.juggle", ORDER)["retCode"] == 10404
    stream.session.receive(b"{")
    assert stream.got[-1]["retCode"] == 10001


def test_fast_executions_have_no_fee_and_no_link_id_of_makers(venue: Venue) -> None:
    client = Client(venue, "/v5/private")
    client.sign_in()
    for topic in ("execution.fast", "execution.fast.linear"):
        assert client.say(op="subscribe", args=[topic])[0]["success"]
    client.got.clear()
    venue.order("Buy", "1", "100.0", orderLinkId="one")
    flush(venue)
    assert [message["topic"] for message in client.got] == [
        "execution.fast",
        "execution.fast.linear",
    ]
    (row,) = client.got[0]["data"]
    assert (row["orderLinkId"], row["execQty"], row["isMaker"]) == ("one", "1", False)
    assert not {"execFee", "leavesQty"} & set(row)
