"""pybit trades on the exchange as it is, but for the addresses it is pointed at."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.clients.conftest import KEY, SECRET, Address

ut = pytest.importorskip("pybit.unified_trading")
trading = pytest.importorskip("pybit._websocket_trading")
InvalidRequestError = pytest.importorskip("pybit.exceptions").InvalidRequestError

WAIT_S = 20.0
LINEAR = {"category": "linear", "symbol": "BTCUSDT"}
SPOT = {"category": "spot", "symbol": "BTCUSDT"}
FAR = "30000"  # a price at which a buy rests
Message = dict[str, Any]


class Inbox:
    """What a stream's callbacks were given."""

    def __init__(self) -> None:
        self._queue: queue.Queue[Message] = queue.Queue()

    def __call__(self, message: Message) -> None:
        self._queue.put(message)

    def next(self, accept: Callable[[Message], bool] = lambda _: True) -> Message:
        """The next message that is accepted; others are passed over."""
        while True:
            message = self._queue.get(timeout=WAIT_S)
            if accept(message):
                return message

    def row(self, accept: Callable[[Message], bool]) -> Message:
        """The next row that is accepted."""
        while True:
            for row in self.next()["data"]:
                if accept(row):
                    found: Message = row
                    return found


@pytest.fixture(scope="module", autouse=True)
def addresses(patient: Address) -> None:
    ut.PUBLIC_WSS = patient.ws + "/v5/public/{CHANNEL_TYPE}"
    ut.PRIVATE_WSS = patient.ws + "/v5/private"
    trading.TRADE_WSS = patient.ws + "/v5/trade"


def session(address: Address) -> Any:
    found = ut.HTTP(api_key=KEY, api_secret=SECRET)
    found.endpoint = address.http
    return found


@pytest.fixture(scope="module")
def rest(patient: Address) -> Iterator[Any]:
    found = session(patient)
    yield found
    found.client.close()


@pytest.fixture(scope="module")
def private() -> Iterator[Any]:
    socket = ut.WebSocket(testnet=False, channel_type="private", api_key=KEY, api_secret=SECRET)
    yield socket
    socket.exit()


def place(rest: Any, link: str, **terms: object) -> str:
    order = {**LINEAR, "side": "Buy", "orderType": "Limit", "qty": "0.01", "price": FAR} | terms
    order_id: str = rest.place_order(**order, orderLinkId=link)["result"]["orderId"]
    return order_id


def test_market_data(rest: Any) -> None:
    assert int(rest.get_server_time()["result"]["timeSecond"]) > 0
    listed = rest.get_instruments_info(category="linear")["result"]["list"]
    assert {"BTCUSDT", "ETHUSDT", "SOLUSDT"} <= {row["symbol"] for row in listed}
    assert len(rest.get_orderbook(**LINEAR, limit=5)["result"]["b"]) == 5
    assert rest.get_tickers(**SPOT)["result"]["list"][0]["symbol"] == "BTCUSDT"
    assert rest.get_kline(**LINEAR, interval=1)["result"]["list"]
    assert rest.get_public_trade_history(**LINEAR, limit=1)["result"]["list"]
    assert rest.get_price_limit(**LINEAR)["result"]["symbol"] == "BTCUSDT"


def test_place_amend_query_cancel(rest: Any) -> None:
    order_id = place(rest, "pb-1")
    assert rest.amend_order(**LINEAR, orderId=order_id, price="30001", qty="0.02")["retCode"] == 0
    (row,) = rest.get_open_orders(**LINEAR, orderLinkId="pb-1")["result"]["list"]
    assert (row["price"], row["qty"], row["orderStatus"]) == ("30001", "0.02", "New")
    assert rest.cancel_order(**LINEAR, orderLinkId="pb-1")["result"]["orderId"] == order_id
    (row,) = rest.get_order_history(**LINEAR, orderId=order_id)["result"]["list"]
    assert (row["orderStatus"], row["cancelType"]) == ("Cancelled", "CancelByUser")
    with pytest.raises(InvalidRequestError) as refused:
        rest.cancel_order(**LINEAR, orderId=order_id)
    assert refused.value.status_code == 110001


def test_batches_tell_each_item_s_outcome(rest: Any) -> None:
    terms = {"symbol": "ETHUSDT", "side": "Buy", "orderType": "Limit", "qty": "1", "price": "1000"}
    orders = [{**terms, "orderLinkId": f"pb-b{number}"} for number in range(3)]
    orders[1]["qty"] = "0"
    placed = rest.place_batch_order(category="linear", request=orders)
    assert [item["code"] for item in placed["retExtInfo"]["list"]] == [0, 10001, 0]
    ids = [row["orderId"] for row in placed["result"]["list"] if row["orderId"]]
    amends = [{"symbol": "ETHUSDT", "orderId": order_id, "qty": "2"} for order_id in ids]
    amended = rest.amend_batch_order(category="linear", request=amends)
    assert [item["code"] for item in amended["retExtInfo"]["list"]] == [0, 0]
    cancels = [{"symbol": "ETHUSDT", "orderId": order_id} for order_id in ids]
    cancelled = rest.cancel_batch_order(category="linear", request=cancels)
    assert [item["code"] for item in cancelled["retExtInfo"]["list"]] == [0, 0]


def test_cancel_all_and_paging_with_the_escaped_cursor(rest: Any) -> None:
    terms = {"symbol": "SOLUSDT", "qty": "1", "price": "80"}
    placed = {place(rest, f"pb-p{number}", **terms) for number in range(7)}
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        query = {"category": "linear", "symbol": "SOLUSDT", "limit": 3, **cursor}
        result = rest.get_open_orders(**query)["result"]
        seen += [row["orderId"] for row in result["list"]]
        if not result["nextPageCursor"]:
            break
        assert "%3D" in result["nextPageCursor"]
        cursor = {"cursor": result["nextPageCursor"]}
    assert (len(seen), set(seen)) == (7, placed)
    cancelled = rest.cancel_all_orders(category="linear", symbol="SOLUSDT")["result"]["list"]
    assert {row["orderId"] for row in cancelled} == placed
    assert rest.get_open_orders(category="linear", symbol="SOLUSDT")["result"]["list"] == []


def test_a_fill_reaches_positions_wallet_executions_and_every_private_stream(
    rest: Any, private: Any
) -> None:
    orders, fills, positions, wallets = Inbox(), Inbox(), Inbox(), Inbox()
    private.order_stream(orders)
    private.execution_stream(fills)
    private.position_stream(positions)
    private.wallet_stream(wallets)
    place(rest, "pb-f1", orderType="Market")
    assert orders.row(lambda row: row["orderLinkId"] == "pb-f1")["orderStatus"] == "Filled"
    fill = fills.row(lambda row: row["orderLinkId"] == "pb-f1")
    assert (fill["execType"], fill["feeCurrency"]) == ("Trade", "USDT")
    assert positions.row(lambda row: row["symbol"] == "BTCUSDT")["side"] == "Buy"
    assert wallets.next()["data"][0]["coin"][0]["coin"] == "USDT"
    (held,) = rest.get_positions(**LINEAR)["result"]["list"]
    assert (held["side"], float(held["size"])) == ("Buy", 0.01)
    fetched = rest.get_executions(**LINEAR, orderLinkId="pb-f1")["result"]["list"]
    assert fill["execId"] in {execution["execId"] for execution in fetched}
    balance = rest.get_wallet_balance(accountType="UNIFIED", coin="USDT")["result"]["list"][0]
    assert float(balance["coin"][0]["walletBalance"]) < 1_000_000
    place(rest, "pb-f2", side="Sell", orderType="Market", reduceOnly=True)
    assert rest.get_positions(**LINEAR)["result"]["list"][0]["size"] == "0"


def test_account_settings(rest: Any) -> None:
    assert rest.get_account_info()["result"]["unifiedMarginStatus"] == 5
    assert rest.get_api_key_information()["result"]["uta"] == 1
    assert rest.get_fee_rates(**LINEAR)["result"]["list"][0]["symbol"] == "BTCUSDT"


def test_leverage_hedge_mode_and_protection_from_disconnection(rest: Any) -> None:
    market = {"category": "linear", "symbol": "ETHUSDT"}
    assert rest.set_leverage(**market, buyLeverage="7", sellLeverage="7")["retCode"] == 0
    with pytest.raises(InvalidRequestError) as refused:
        rest.set_leverage(**market, buyLeverage="7", sellLeverage="7")
    assert refused.value.status_code == 110043
    rest.switch_position_mode(**market, mode=3)
    place(rest, "pb-h1", **market, qty="1", orderType="Market", positionIdx=1)
    place(rest, "pb-h2", **market, qty="2", orderType="Market", positionIdx=2, side="Sell")
    held = rest.get_positions(**market)["result"]["list"]
    assert [(row["positionIdx"], row["side"], float(row["size"])) for row in held] == [
        (1, "Buy", 1.0),
        (2, "Sell", 2.0),
    ]
    assert held[0]["leverage"] == "7"
    place(rest, "pb-h3", **market, qty="1", orderType="Market", positionIdx=1, side="Sell")
    place(rest, "pb-h4", **market, qty="2", orderType="Market", positionIdx=2)
    rest.switch_position_mode(**market, mode=0)
    rest.set_dcp(product="DERIVATIVES", timeWindow=300)


def test_conditional_orders_and_attached_take_profit_and_stop_loss(rest: Any) -> None:
    terms = {"triggerPrice": "90000", "triggerDirection": 1, "orderType": "Market"}
    order_id = place(rest, "pb-c1", **terms)
    query = {**LINEAR, "orderFilter": "StopOrder"}
    (row,) = rest.get_open_orders(**query)["result"]["list"]
    assert (row["orderId"], row["orderStatus"]) == (order_id, "Untriggered")
    rest.amend_order(**LINEAR, orderId=order_id, triggerPrice="91000")
    rest.cancel_order(**LINEAR, orderId=order_id)
    place(rest, "pb-c2", price="70000", takeProfit="99000", stopLoss="20000")
    waiting = rest.get_open_orders(**query)["result"]["list"]
    assert {row["stopOrderType"] for row in waiting} == {"TakeProfit", "StopLoss"}
    place(rest, "pb-c3", side="Sell", orderType="Market", qty="0", reduceOnly=True,
          closeOnTrigger=True)  # fmt: skip
    assert rest.get_open_orders(**query)["result"]["list"] == []


@pytest.mark.parametrize("category", ["linear", "spot"])
def test_every_public_stream(category: str) -> None:
    socket = ut.WebSocket(testnet=False, channel_type=category)
    books, touches, trades, tickers, candles = Inbox(), Inbox(), Inbox(), Inbox(), Inbox()
    socket.orderbook_stream(50, "BTCUSDT", books)
    socket.orderbook_stream(1, "BTCUSDT", touches)
    socket.trade_stream("BTCUSDT", trades)
    socket.ticker_stream("BTCUSDT", tickers)
    socket.kline_stream(1, "BTCUSDT", candles)
    for _ in range(20):
        book = books.next()["data"]
        assert float(book["b"][0][0]) < float(book["a"][0][0])
    assert len(touches.next()["data"]["b"]) == 1
    assert trades.next()["data"][0]["s"] == "BTCUSDT"
    assert tickers.next()["data"]["symbol"] == "BTCUSDT"
    assert candles.next()["data"][0]["interval"] == "1"
    socket.exit()


def test_orders_over_the_websocket_and_a_refusal() -> None:
    socket = ut.WebSocketTrading(testnet=False, api_key=KEY, api_secret=SECRET, recv_window=5000)
    answers, errors = Inbox(), Inbox()
    order = {**LINEAR, "side": "Buy", "orderType": "Limit", "qty": "0.01", "price": FAR}
    socket.place_order(answers, error_callback=errors, **order, orderLinkId="pb-w1")
    order_id = answers.next()["data"]["orderId"]
    socket.amend_order(answers, error_callback=errors, **LINEAR, orderId=order_id, qty="0.02")
    assert answers.next()["retCode"] == 0
    socket.cancel_order(answers, error_callback=errors, **LINEAR, orderId=order_id)
    assert answers.next()["data"]["orderLinkId"] == "pb-w1"
    socket.cancel_order(answers, error_callback=errors, **LINEAR, orderId=order_id)
    assert errors.next()["retCode"] == 110001
    items = [{**order, "orderLinkId": f"pb-wb{number}"} for number in range(2)]
    socket.place_batch_order(answers, error_callback=errors, category="linear", request=items)
    placed = answers.next()
    assert [item["code"] for item in placed["retExtInfo"]["list"]] == [0, 0]
    cancels = [{"symbol": "BTCUSDT", "orderLinkId": f"pb-wb{number}"} for number in range(2)]
    socket.cancel_batch_order(answers, error_callback=errors, category="linear", request=cancels)
    assert [item["code"] for item in answers.next()["retExtInfo"]["list"]] == [0, 0]
    socket.exit()


def test_three_thousand_websocket_requests_lose_no_answer() -> None:
    socket = ut.WebSocketTrading(testnet=False, api_key=KEY, api_secret=SECRET, recv_window=5000)
    answers = Inbox()
    order = {**LINEAR, "side": "Buy", "orderType": "Limit", "qty": "0.01", "price": FAR}
    for start in range(0, 1500, 50):
        links = [f"pb-n{number}" for number in range(start, start + 50)]
        for link in links:
            socket.place_order(answers, error_callback=answers, **order, orderLinkId=link)
        assert {answers.next()["data"]["orderLinkId"] for _ in links} == set(links)
        for link in links:
            socket.cancel_order(answers, error_callback=answers, **LINEAR, orderLinkId=link)
        assert {answers.next()["data"]["orderLinkId"] for _ in links} == set(links)
    socket.exit()


def test_three_thousand_requests_lose_no_answer(address: Address) -> None:
    quick = session(address)
    for number in range(1500):
        order_id = place(quick, f"pb-r{number}")
        assert quick.cancel_order(**LINEAR, orderId=order_id)["result"]["orderId"] == order_id
    quick.client.close()
