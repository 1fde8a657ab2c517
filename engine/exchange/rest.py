"""The REST face of the exchange: one table from method and path to what answers it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeVar
from urllib.parse import parse_qsl

import msgspec

from engine.exchange.account import Account
from engine.exchange.auth import authenticate
from engine.exchange.errors import Refusal
from engine.exchange.market_data import MarketData, Result
from engine.exchange.orders import Order
from engine.exchange.queries import Queries
from engine.exchange.trading import Amend, Cancel, CancelAll, Place, Trading
from engine.exchange.wire import NOTHING, Envelope, OrderIds, encode

CONTENT_TYPE = {"Content-Type": "application/json"}
NO_LIMIT = "1000000"  # what X-Bapi-Limit says while the venue's rate limits are off

MAX_BATCH = {"linear": 20, "spot": 10}

Request = TypeVar("Request", Place, Amend, Cancel, CancelAll)


class Reply(NamedTuple):
    """One HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Answer(NamedTuple):
    """What a handler found: `result`, and `retExtInfo` where it has any."""

    result: object
    extra: object = NOTHING


class Batch(msgspec.Struct, kw_only=True):
    """Body of a batch; its items are single requests without their category."""

    category: str = ""
    request: list[msgspec.Raw] = []


class BatchIds(msgspec.Struct, kw_only=True):
    """Which order an item of a batch was about; without ids where it failed."""

    category: str
    symbol: str
    orderId: str = ""
    orderLinkId: str = ""
    createAt: str | msgspec.UnsetType = msgspec.UNSET


class RestApi:
    """Answers HTTP requests, synchronously. `handle` never raises."""

    def __init__(
        self,
        accounts: Mapping[str, Account],
        trading: Trading,
        queries: Queries,
        market_data: MarketData,
        now_ns: Callable[[], int],
    ) -> None:
        self._accounts = accounts
        self._now_ns = now_ns
        self._trading = trading
        self._public: dict[str, Callable[[dict[str, str]], Result]] = {
            "/v5/market/time": market_data.time,
            "/v5/market/instruments-info": market_data.instruments,
            "/v5/market/orderbook": market_data.order_book,
            "/v5/market/tickers": market_data.tickers,
        }
        self._private: dict[str, Callable[[Account, dict[str, str]], Result]] = {
            "/v5/order/realtime": queries.open_orders,
            "/v5/order/history": queries.order_history,
            "/v5/execution/list": queries.executions,
            "/v5/position/list": queries.positions,
            "/v5/account/wallet-balance": queries.wallet,
            "/v5/account/info": queries.account_info,
            "/v5/user/query-api": queries.api_key,
            "/v5/asset/coin/query-info": queries.coin_info,
        }
        place, amend, cancel = trading.place, trading.amend, trading.cancel
        self._commands: dict[str, Callable[[Account, bytes], Answer]] = {
            "/v5/order/create": _single(Place, place),
            "/v5/order/amend": _single(Amend, amend),
            "/v5/order/cancel": _single(Cancel, cancel),
            "/v5/order/cancel-all": self._cancel_all,
            "/v5/order/create-batch": _batch(Place, place, with_time=True),
            "/v5/order/amend-batch": _batch(Amend, amend),
            "/v5/order/cancel-batch": _batch(Cancel, cancel),
        }

    def handle(
        self, method: str, path: str, query: str, body: bytes, headers: Mapping[str, str]
    ) -> Reply:
        """Answer one request. `query` and `body` are exactly what was sent: they are signed."""
        now_ms = self._now_ns() // 1_000_000
        reply_headers: Mapping[str, str] = CONTENT_TYPE
        try:
            if method == "GET" and path in self._public:
                answer = Answer(self._public[path](dict(parse_qsl(query))))
            elif method == "POST" and path in self._commands:
                account = authenticate(self._accounts, headers, body, now_ms)
                reply_headers = _limit_headers(now_ms)
                answer = self._commands[path](account, body)
            elif method == "GET" and path in self._private:
                account = authenticate(self._accounts, headers, query.encode(), now_ms)
                reply_headers = _limit_headers(now_ms)
                answer = Answer(self._private[path](account, dict(parse_qsl(query))))
            else:
                raise Refusal(10017, "Route not found.", status=404)
        except Refusal as refused:
            envelope = Envelope(refused.code, refused.message, NOTHING, NOTHING, now_ms)
            return Reply(refused.status, reply_headers, encode(envelope))
        envelope = Envelope(0, "OK", answer.result, answer.extra, now_ms)
        return Reply(200, reply_headers, encode(envelope))

    def _cancel_all(self, account: Account, body: bytes) -> Answer:
        request = _decode(msgspec.json.Decoder(CancelAll, strict=False), body)
        orders = self._trading.cancel_all(account, request)
        return Answer({"list": [_ids(order) for order in orders], "success": "1"})


def _single(
    kind: type[Request], act: Callable[[Account, Request], Order]
) -> Callable[[Account, bytes], Answer]:
    """A command on one order, answered with its ids."""
    decoder = msgspec.json.Decoder(kind, strict=False)

    def command(account: Account, body: bytes) -> Answer:
        return Answer(_ids(act(account, _decode(decoder, body))))

    return command


def _batch(
    kind: type[Request], act: Callable[[Account, Request], Order], *, with_time: bool = False
) -> Callable[[Account, bytes], Answer]:
    """The same command for every item; item i of both lists tells how item i went."""
    batches = msgspec.json.Decoder(Batch, strict=False)
    items = msgspec.json.Decoder(kind, strict=False)

    def command(account: Account, body: bytes) -> Answer:
        batch = _decode(batches, body)
        most = MAX_BATCH.get(batch.category)
        if most is None:
            raise Refusal(10001, "Illegal category")
        if not 0 < len(batch.request) <= most:
            raise Refusal(10001, f"a batch has 1 to {most} requests")
        rows, outcomes = [], []
        for raw in batch.request:
            row, outcome = attempt(account, batch.category, raw)
            rows.append(row)
            outcomes.append(outcome)
        return Answer({"list": rows}, {"list": outcomes})

    def attempt(
        account: Account, category: str, raw: msgspec.Raw
    ) -> tuple[BatchIds, dict[str, object]]:
        row = BatchIds(category=category, symbol="", createAt="" if with_time else msgspec.UNSET)
        try:
            request = _decode(items, raw)
            request.category = category
            row.symbol, row.orderLinkId = request.symbol, getattr(request, "orderLinkId", "")
            order = act(account, request)
        except Refusal as refused:
            return row, {"code": refused.code, "msg": refused.message}
        row.orderId, row.orderLinkId = order.order_id, order.link_id
        if with_time:
            row.createAt = str(order.created_ms)
        return row, {"code": 0, "msg": "OK"}

    return command


Body = TypeVar("Body")


def _decode(decoder: msgspec.json.Decoder[Body], body: bytes | msgspec.Raw) -> Body:
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refusal(10001, f"params error: {error}") from None


def _ids(order: Order) -> OrderIds:
    return OrderIds(order.order_id, order.link_id)


def _limit_headers(now_ms: int) -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "X-Bapi-Limit": NO_LIMIT,
        "X-Bapi-Limit-Status": NO_LIMIT,
        "X-Bapi-Limit-Reset-Timestamp": str(now_ms),
    }
