"""The REST face: routes, signatures, envelopes, batches, pages."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.engine.exchange.venue import LINEAR, SPOT, START, Venue, book, signed, ticker, trade

SNAPSHOT = book(0, [("99.9", "2"), ("99.8", "1")], [("100.0", "1"), ("100.1", "3")], u=1)
NOW_MS = START // 1_000_000


@pytest.fixture
def venue(tmp_path: Path) -> Venue:
    frames = [SNAPSHOT, trade(5, "Sell", "3", "99.9"), ticker(6, lastPrice="99.9", markPrice="100")]
    return Venue(tmp_path / "market.jsonl", *frames)


def ask(
    venue: Venue, headers: dict[str, str], query: str = "settleCoin=USDT&category=linear"
) -> Any:
    return venue.exchange.handle("GET", "/v5/order/realtime", query, b"", headers)


def code(reply: Any) -> int:
    found: int = json.loads(reply.body)["retCode"]
    return found


def test_an_unknown_route_is_404_with_the_venue_s_code(venue: Venue) -> None:
    reply = venue.exchange.handle("GET", "/v5/nothing", "", b"", {})
    assert reply.status == 404
    assert json.loads(reply.body) == {
        "retCode": 10017,
        "retMsg": "Route not found.",
        "result": {},
        "retExtInfo": {},
        "time": NOW_MS,
    }


def test_the_signature_covers_the_raw_query_in_any_order_and_encoding(venue: Venue) -> None:
    query = "category=linear&symbol=BTC%55SDT&cursor="
    assert code(ask(venue, signed(venue.clock, query), query)) == 0
    reply = ask(venue, signed(venue.clock, "symbol=BTCUSDT&category=linear"), query)
    assert reply.status == 200
    body = json.loads(reply.body)
    assert body["retCode"] == 10004
    assert body["retMsg"] == f"error sign! origin_string[{NOW_MS}paper5000{query}]"


def test_an_unknown_or_missing_key_is_401(venue: Venue) -> None:
    for headers in ({}, signed(venue.clock, "", key="who")):
        reply = ask(venue, headers)
        assert (reply.status, code(reply)) == (401, 10003)


@pytest.mark.parametrize(
    ("age_ms", "window", "expected"),
    [(5000, "5000", 0), (5001, "5000", 10002), (-999, "5000", 0), (-1000, "90000", 10002)],
)
def test_a_timestamp_is_good_within_its_window(
    venue: Venue, age_ms: int, window: str, expected: int
) -> None:
    venue.clock.move_to(START + 10_000_000_000)
    query = "settleCoin=USDT&category=linear"
    now_ms = NOW_MS + 10_000 - age_ms

    class Then:
        def now_ns(self) -> int:
            return now_ms * 1_000_000

    headers = signed(Then(), query, window=window)  # type: ignore[arg-type]
    assert code(ask(venue, headers)) == expected


def test_a_timestamp_that_is_no_number_is_refused(venue: Venue) -> None:
    headers = signed(venue.clock, "") | {"X-BAPI-TIMESTAMP": "soon"}
    assert code(ask(venue, headers)) == 10001


def test_the_window_defaults_to_five_seconds(venue: Venue) -> None:
    query = "settleCoin=USDT&category=linear"
    headers = signed(venue.clock, query, window="")
    del headers["X-BAPI-RECV-WINDOW"]
    assert code(ask(venue, headers)) == 0


def test_private_replies_carry_the_limit_headers(venue: Venue) -> None:
    query = "settleCoin=USDT&category=linear"
    headers = ask(venue, signed(venue.clock, query), query).headers
    assert set(headers) == {
        "Content-Type",
        "X-Bapi-Limit",
        "X-Bapi-Limit-Status",
        "X-Bapi-Limit-Reset-Timestamp",
        "Traceid",
        "Timenow",
    }


def test_every_reply_has_the_time_and_a_trace_of_its_own(venue: Venue) -> None:
    replies = [venue.exchange.handle("GET", "/v5/market/time", "", b"", {}) for _ in range(2)]
    replies.append(ask(venue, {}))
    traces = [reply.headers["Traceid"] for reply in replies]
    assert [len(trace) for trace in traces] == [32, 32, 32]
    assert len(set(traces)) == 3
    assert {reply.headers["Timenow"] for reply in replies} == {str(NOW_MS)}


def test_the_documented_test_vectors_verify(tmp_path: Path) -> None:
    venue = Venue(tmp_path / "market.jsonl", SNAPSHOT, credentials={"KEY": "SECRET"})
    assert NOW_MS == 1_700_000_000_000
    headers = {
        "X-BAPI-API-KEY": "KEY",
        "X-BAPI-TIMESTAMP": "1700000000000",
        "X-BAPI-RECV-WINDOW": "5000",
        "X-BAPI-SIGN": "ed4e0081e9528413be725ef9dcbe9779f7f0e0f26405511873480810e3edb009",
    }
    query = "category=linear&symbol=BTCUSDT&cursor=page_args%3D2%26"
    assert code(ask(venue, headers, query)) == 0


def test_a_batch_answers_each_item_on_its_own(venue: Venue) -> None:
    good = {"symbol": "BTCUSDT", "side": "Buy", "orderType": "Limit", "qty": "1", "price": "99.0"}
    items = [good | {"orderLinkId": "a"}, good | {"orderLinkId": "a"}, good | {"qty": 1}]
    reply = venue.post("/v5/order/create-batch", request=items)
    rows, outcomes = reply["result"]["list"], reply["retExtInfo"]["list"]
    assert [outcome["code"] for outcome in outcomes] == [0, 110072, 10001]
    assert rows[1] == {
        "category": "linear",
        "symbol": "BTCUSDT",
        "orderId": "",
        "orderLinkId": "a",
        "createAt": "",
    }
    assert rows[0]["createAt"] == str(NOW_MS)
    changed = venue.post(
        "/v5/order/amend-batch",
        request=[{"symbol": "BTCUSDT", "orderLinkId": "a", "qty": "2"}],
    )
    assert changed["result"]["list"][0]["orderId"] == rows[0]["orderId"]
    gone = venue.post(
        "/v5/order/cancel-batch",
        request=[{"symbol": "BTCUSDT", "orderId": rows[0]["orderId"]}] * 2,
    )
    assert [outcome["code"] for outcome in gone["retExtInfo"]["list"]] == [0, 110001]
    assert "createAt" not in gone["result"]["list"][0]


@pytest.mark.parametrize(
    "body", [{"request": []}, {"request": [{}] * 21}, {"category": "option", "request": [{}]}]
)
def test_a_batch_of_no_or_too_many_items_fails_as_a_whole(
    venue: Venue, body: dict[str, Any]
) -> None:
    assert venue.post("/v5/order/create-batch", **body)["retCode"] == 10001


def test_open_orders_come_newest_first_in_pages_that_stay_in_step(venue: Venue) -> None:
    orders = [venue.order("Buy", "1", "99.0") for _ in range(5)]
    first = venue.get("/v5/order/realtime", category="linear", symbol="BTCUSDT", limit=2)["result"]
    assert [row["orderId"] for row in first["list"]] == [orders[4].order_id, orders[3].order_id]
    cursor = first["nextPageCursor"]
    assert "%3D" in cursor
    venue.cancel(orders[3])
    rest = venue.get(
        "/v5/order/realtime", category="linear", symbol="BTCUSDT", limit=50, cursor=cursor
    )["result"]
    assert [row["orderId"] for row in rest["list"]] == [
        orders[2].order_id,
        orders[1].order_id,
        orders[0].order_id,
    ]
    assert rest["nextPageCursor"] == ""


def test_a_cursor_that_was_encoded_again_is_refused(venue: Venue) -> None:
    query = {"category": "linear", "settleCoin": "USDT", "cursor": "page_args%253D2%2526"}
    assert venue.get("/v5/order/realtime", **query)["retCode"] == 10001


def test_realtime_finds_by_id_what_is_open_or_has_just_closed(venue: Venue) -> None:
    order = venue.order("Buy", "1", "99.0", orderLinkId="a1")
    by_link = {"category": "linear", "orderLinkId": "a1"}
    assert venue.get("/v5/order/realtime", **by_link)["result"]["list"][0]["orderStatus"] == "New"
    assert venue.get("/v5/order/history", **by_link)["result"]["list"] == []
    venue.cancel(order)
    for path in ("/v5/order/realtime", "/v5/order/history"):
        (row,) = venue.get(path, **by_link)["result"]["list"]
        assert (row["orderStatus"], row["leavesQty"]) == ("Cancelled", "0")
    everything = {"category": "linear", "settleCoin": "USDT"}
    assert venue.get("/v5/order/realtime", **everything)["result"]["list"] == []
    closed = venue.get("/v5/order/realtime", **everything, openOnly=1)["result"]["list"]
    assert [row["orderId"] for row in closed] == [order.order_id]
    absent = venue.get("/v5/order/realtime", category="linear", orderId="no")["result"]
    assert absent["list"] == []
    assert venue.get("/v5/order/realtime", category="linear")["retCode"] == 10001


def test_order_history_filters_by_status_and_time(venue: Venue) -> None:
    order = venue.order("Buy", "1", "99.0")
    venue.cancel(order)
    query = {"category": "linear", "baseCoin": "BTC"}

    def found(**more: Any) -> int:
        return len(venue.get("/v5/order/history", **query, **more)["result"]["list"])

    assert found() == 1
    assert found(orderStatus="Filled") == 0
    assert found(startTime=NOW_MS, endTime=NOW_MS) == 1
    assert found(startTime=NOW_MS + 1) == 0
    assert venue.get("/v5/order/history", **query, startTime="x")["retCode"] == 10001
    assert venue.get("/v5/order/history", **query, limit="x")["retCode"] == 10001


def test_a_linear_order_row_has_the_contract_keys_and_no_stream_keys(venue: Venue) -> None:
    venue.play_to(5)
    venue.order("Buy", "1.5", "100.0", orderLinkId="a1")
    (row,) = venue.get("/v5/order/realtime", category="linear", orderLinkId="a1")["result"]["list"]
    assert row["tpslMode"] == ""
    assert row["createType"] == "CreateByUser"
    assert row["lastPriceOnCreated"] == "99.9"
    assert not {"category", "closedPnl", "feeCurrency", "basePrice"} & set(row)
    shown = ("price", "qty", "avgPrice", "leavesQty", "leavesValue", "cumExecQty", "cumExecValue")
    assert [row[name] for name in shown] == ["100.0", "1.5", "100", "0.5", "50.00", "1", "100.0"]
    assert row["cumFeeDetail"] == {"USDT": "0.055000"}


def test_a_spot_order_row_lacks_the_contract_keys(tmp_path: Path) -> None:
    venue = Venue(tmp_path / "market.jsonl", SNAPSHOT, rows=[SPOT])
    venue.order("Buy", "1", "99.0")
    (row,) = venue.get("/v5/order/realtime", category="spot")["result"]["list"]
    assert not {"tpslMode", "createType", "lastPriceOnCreated"} & set(row)
    assert (row["basePrice"], row["isLeverage"], row["avgPrice"]) == ("", "0", "")


def test_executions_come_latest_first_by_order_or_by_time(venue: Venue) -> None:
    taker = venue.order("Buy", "2", "100.1", orderLinkId="t")
    maker = venue.order("Buy", "2", "99.9")
    venue.play_to(5)
    query = {"category": "linear", "symbol": "BTCUSDT"}
    rows = venue.get("/v5/execution/list", **query)["result"]["list"]
    assert [(row["execPrice"], row["isMaker"]) for row in rows] == [
        ("99.9", True),
        ("100.1", False),
        ("100.0", False),
    ]
    last = rows[0]
    assert (last["execQty"], last["leavesQty"], last["execFee"], last["feeRate"]) == (
        "1",
        "1",
        "0.01998",
        "0.0002",
    )
    assert last["feeCurrency"] == last["feeCoin"] == "USDT"
    assert last["execTime"] == str(NOW_MS + 5)
    of_taker = venue.get("/v5/execution/list", category="linear", orderLinkId="t")["result"]["list"]
    assert {row["orderId"] for row in of_taker} == {taker.order_id}
    since = venue.get("/v5/execution/list", **query, startTime=NOW_MS + 1)["result"]["list"]
    assert {row["orderId"] for row in since} == {maker.order_id}
    until = venue.get("/v5/execution/list", **query, endTime=NOW_MS)["result"]["list"]
    assert len(until) == 2
    assert venue.get("/v5/execution/list", **query, execType="Funding")["result"]["list"] == []
    unknown = venue.get("/v5/execution/list", category="linear", orderId="no")["result"]["list"]
    assert unknown == []
    page = venue.get("/v5/execution/list", **query, limit=2)["result"]
    rest = venue.get("/v5/execution/list", **query, cursor=page["nextPageCursor"])["result"]
    assert [row["execPrice"] for row in rest["list"]] == ["100.0"]


def test_positions_are_listed_by_symbol_even_flat_and_by_coin_when_held(venue: Venue) -> None:
    flat = venue.get("/v5/position/list", category="linear", symbol="BTCUSDT")["result"]["list"][0]
    assert (flat["side"], flat["size"], flat["avgPrice"], flat["seq"]) == ("", "0", "0", -1)
    by_coin = {"category": "linear", "settleCoin": "USDT"}
    assert venue.get("/v5/position/list", **by_coin)["result"]["list"] == []
    venue.order("Sell", "2", "99.8")
    venue.play_to(6)
    (row,) = venue.get("/v5/position/list", **by_coin)["result"]["list"]
    assert (row["side"], row["size"], row["avgPrice"]) == ("Sell", "2", "99.9")
    assert (row["markPrice"], row["unrealisedPnl"]) == ("100", "-0.2")
    assert "entryPrice" not in row
    assert venue.get("/v5/position/list", category="linear")["retCode"] == 10001
    assert venue.get("/v5/position/list", category="spot")["retCode"] == 10001
    wrong = venue.get("/v5/position/list", category="linear", symbol="X")
    assert wrong["retCode"] == 10001


def test_the_wallet_shows_coins_that_are_not_empty_or_asked_for(tmp_path: Path) -> None:
    frames = [SNAPSHOT, trade(0, "Buy", "1", "100.0")]
    venue = Venue(tmp_path / "market.jsonl", *frames, rows=[SPOT])

    def wallet(**query: str) -> Any:
        return venue.get("/v5/account/wallet-balance", accountType="UNIFIED", **query)["result"][
            "list"
        ][0]

    assert [coin["coin"] for coin in wallet()["coin"]] == ["USDT"]
    venue.order("Buy", "1", "100.0")
    row = wallet(coin="BTC")
    (bitcoin,) = row["coin"]
    assert (bitcoin["walletBalance"], bitcoin["usdValue"]) == ("0.99945", "99.945")
    assert row["totalEquity"] == "999999.945"


def test_the_account_is_a_unified_one(venue: Venue) -> None:
    assert venue.get("/v5/account/info")["result"]["unifiedMarginStatus"] == 5
    assert venue.get("/v5/user/query-api")["result"]["uta"] == 1
    assert venue.get("/v5/asset/coin/query-info")["result"] == {"rows": []}


def test_market_data_needs_no_key(venue: Venue) -> None:
    def get(path: str, query: str) -> Any:
        return json.loads(venue.exchange.handle("GET", f"/v5/market/{path}", query, b"", {}).body)

    venue.play_to(6)
    assert get("time", "")["result"]["timeNano"] == str(START + 6_000_000)
    rows = get("instruments-info", "category=linear")["result"]
    assert (rows["list"], rows["nextPageCursor"]) == ([LINEAR], "")
    assert get("instruments-info", "category=linear&status=PreLaunch")["result"]["list"] == []
    assert get("instruments-info", "category=linear&symbol=X")["result"]["list"] == []
    assert get("instruments-info", "category=option&baseCoin=BTC")["result"]["list"] == []
    depth = get("orderbook", "category=linear&symbol=BTCUSDT&limit=1")["result"]
    assert (depth["b"], depth["a"], depth["u"]) == ([["99.9", "2"]], [["100.0", "1"]], 1)
    assert get("orderbook", "category=linear&symbol=X")["retCode"] == 10001
    for query in ("category=linear", "category=linear&symbol=BTCUSDT"):
        (row,) = get("tickers", query)["result"]["list"]
        assert (row["lastPrice"], row["bid1Price"], row["ask1Size"]) == ("99.9", "99.9", "1")
    assert get("tickers", "category=spot")["result"]["list"] == []


def test_a_ticker_has_the_best_prices_of_the_book_as_it_is(tmp_path: Path) -> None:
    frames = [
        SNAPSHOT,
        ticker(1, bid1Price="90.0", ask1Price="91.0", lastPrice="90.5", tickDirection="PlusTick"),
        book(2, [("99.9", "0"), ("99.8", "0")], [], u=2),
    ]
    venue = Venue(tmp_path / "market.jsonl", *frames)

    def best() -> list[str]:
        (row,) = venue.get("/v5/market/tickers", category="linear")["result"]["list"]
        assert (row["lastPrice"], row["deliveryTime"]) == ("90.5", "0")
        assert "tickDirection" not in row
        return [row[name] for name in ("bid1Price", "bid1Size", "ask1Price", "ask1Size")]

    venue.play_to(1)
    assert best() == ["99.9", "2", "100.0", "1"]
    venue.play_to(2)
    assert best() == ["", "", "100.0", "1"]


def test_public_trades_keep_their_sequence(tmp_path: Path) -> None:
    row = trade(1, "Buy", "1", "100.0")
    row["f"]["data"][0] |= {"seq": 77, "RPI": True}
    venue = Venue(tmp_path / "market.jsonl", SNAPSHOT, row, trade(2, "Buy", "1", "100.0"))
    venue.play_to(2)
    query = {"category": "linear", "symbol": "BTCUSDT"}
    rows = venue.get("/v5/market/recent-trade", **query)["result"]["list"]
    assert [(row["seq"], row["isRPITrade"]) for row in rows] == [("1", False), ("77", True)]


def test_spot_instruments_have_no_cursor(tmp_path: Path) -> None:
    venue = Venue(tmp_path / "market.jsonl", SNAPSHOT, rows=[SPOT])
    query = "category=spot"
    reply = venue.exchange.handle("GET", "/v5/market/instruments-info", query, b"", {})
    assert json.loads(reply.body)["result"] == {"category": "spot", "list": [SPOT]}


def test_accounts_do_not_see_each_other(tmp_path: Path) -> None:
    keys = {"one": "one", "two": "two"}
    venue = Venue(tmp_path / "market.jsonl", SNAPSHOT, credentials=keys)
    order = venue.order("Buy", "1", "99.0", key="one")
    query = {"category": "linear", "orderId": order.order_id}
    assert len(venue.get("/v5/order/realtime", key="one", **query)["result"]["list"]) == 1
    assert venue.get("/v5/order/realtime", key="two", **query)["result"]["list"] == []


def test_a_coin_without_a_market_price_counts_for_nothing(tmp_path: Path) -> None:
    venue = Venue(tmp_path / "market.jsonl", SNAPSHOT, rows=[SPOT])
    wallet = {"BTC": Decimal(1), "XYZ": Decimal(5)}
    venue.exchange.seed_account("paper", wallet=wallet)
    (row,) = venue.get("/v5/account/wallet-balance")["result"]["list"]
    assert {coin["coin"]: coin["usdValue"] for coin in row["coin"]} == {
        "USDT": "1000000",
        "BTC": "0",
        "XYZ": "0",
    }


def test_closed_pnl_is_by_order_after_the_fees_of_opening_and_closing(tmp_path: Path) -> None:
    venue = Venue(tmp_path / "market.jsonl", SNAPSHOT)
    opened = venue.order("Buy", "2", "100.1")  # 1 at 100.0, 1 at 100.1: average 100.05
    closed = venue.order("Sell", "1", "99.9")
    flipped = venue.order("Sell", "2", "99.8")  # closes the rest, opens as much

    def rows(**query: str) -> list[Any]:
        found: list[Any] = venue.get("/v5/position/closed-pnl", category="linear", **query)[
            "result"
        ]["list"]
        return found

    last, first = rows()
    assert [row["orderId"] for row in (first, last)] == [closed.order_id, flipped.order_id]
    assert opened.order_id not in (first["orderId"], last["orderId"])
    assert (first["side"], first["closedSize"], first["fillCount"]) == ("Sell", "1", "1")
    assert (first["cumEntryValue"], first["cumExitValue"]) == ("100.05", "99.9")
    assert (first["openFee"], first["closeFee"]) == ("0.0550275", "0.054945")
    assert first["closedPnl"] == "-0.2599725"
    assert (last["closedSize"], last["openFee"]) == ("1", "0.0550275")
    assert venue.account().positions["BTCUSDT"].open_fees == Decimal("99.8") * Decimal("0.00055")
    assert rows(symbol="ETHUSDT") == rows(startTime="9999999999999") == []
    assert len(rows(limit="1")) == 1


def test_the_transaction_log_shows_every_movement_of_every_coin(tmp_path: Path) -> None:
    def rows(venue: Venue, **query: str) -> list[Any]:
        found: list[Any] = venue.get("/v5/account/transaction-log", **query)["result"]["list"]
        return found

    linear = Venue(tmp_path / "linear.jsonl", SNAPSHOT)
    linear.order("Buy", "1", "100.0")
    (row,) = rows(linear, accountType="UNIFIED", category="linear", type="TRADE")
    assert (row["currency"], row["cashFlow"], row["fee"], row["change"], row["cashBalance"]) == (
        "USDT", "0", "0.055", "-0.055", "999999.945",
    )  # fmt: skip
    assert rows(linear, category="spot") == rows(linear, type="TRANSFER_IN") == []
    assert rows(linear, endTime="1") == []
    spot = Venue(tmp_path / "spot.jsonl", SNAPSHOT, rows=[SPOT])
    spot.order("Buy", "1", "100.0")
    spot.order("Sell", "0.5", "99.9")
    sold, gave, paid, got = rows(spot)
    assert (got["currency"], got["cashFlow"], got["fee"], got["change"]) == (
        "BTC", "1", "0.00055", "0.99945",
    )  # fmt: skip
    assert (paid["currency"], paid["change"], paid["cashBalance"]) == ("USDT", "-100", "999900")
    assert (gave["currency"], gave["change"]) == ("BTC", "-0.5")
    assert (sold["currency"], sold["cashFlow"], sold["change"]) == (
        "USDT", "49.95", "49.9225275",
    )  # fmt: skip
    assert len({row["id"] for row in rows(spot)}) == 4
    assert rows(spot, currency="BTC") == [gave, got]
