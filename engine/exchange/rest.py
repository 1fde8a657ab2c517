"""The REST face of the exchange: who asks, what for, and the envelope around the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl

from engine.exchange.account import Account
from engine.exchange.auth import authenticate
from engine.exchange.commands import Answer, Commands
from engine.exchange.errors import Refusal
from engine.exchange.limits import Limits
from engine.exchange.market_data import MarketData, Result
from engine.exchange.queries import Queries
from engine.exchange.wire import Envelope, encode

CONTENT_TYPE = {"Content-Type": "application/json"}


class Reply(NamedTuple):
    """One HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class RestApi:
    """Answers HTTP requests, synchronously. `handle` never raises."""

    def __init__(
        self,
        accounts: Mapping[str, Account],
        commands: Commands,
        queries: Queries,
        market_data: MarketData,
        limits: Limits,
        trace: Callable[[], str],
        now_ns: Callable[[], int],
    ) -> None:
        self._accounts = accounts
        self._commands = commands
        self._limits = limits
        self._trace = trace
        self._now_ns = now_ns
        self._public: dict[str, Callable[[dict[str, str]], Result]] = {
            "/v5/market/time": market_data.time,
            "/v5/market/instruments-info": market_data.instruments,
            "/v5/market/orderbook": market_data.order_book,
            "/v5/market/tickers": market_data.tickers,
            "/v5/market/kline": market_data.candles,
            "/v5/market/recent-trade": market_data.recent_trades,
            "/v5/market/price-limit": market_data.price_limit,
        }
        self._private: dict[str, Callable[[Account, dict[str, str]], Result]] = {
            "/v5/order/realtime": queries.open_orders,
            "/v5/order/history": queries.order_history,
            "/v5/execution/list": queries.executions,
            "/v5/position/list": queries.positions,
            "/v5/position/closed-pnl": queries.closed_pnl,
            "/v5/account/wallet-balance": queries.wallet,
            "/v5/account/transaction-log": queries.transaction_log,
            "/v5/account/info": queries.account_info,
            "/v5/account/fee-rate": queries.fee_rates,
            "/v5/account/query-dcp-info": queries.cut_off,
            "/v5/user/query-api": queries.api_key,
            "/v5/asset/coin/query-info": queries.coin_info,
        }

    def handle(
        self, method: str, path: str, query: str, body: bytes, given: Mapping[str, str]
    ) -> Reply:
        """Answer one request. `query` and `body` are exactly what was sent: they are signed."""
        now_ms = self._now_ns() // 1_000_000
        try:
            self._limits.check_ip()
            answer = self._answer(method, path, query, body, given, now_ms)
        except Refusal as refused:
            answer = Answer(
                refused.code, refused.message, headers=CONTENT_TYPE, status=refused.status
            )
        envelope = Envelope(answer.code, answer.message, answer.result, answer.extra, now_ms)
        headers = {**answer.headers, "Traceid": self._trace(), "Timenow": str(now_ms)}
        return Reply(answer.status, headers, encode(envelope))

    def _answer(
        self,
        method: str,
        path: str,
        query: str,
        body: bytes,
        headers: Mapping[str, str],
        now_ms: int,
    ) -> Answer:
        if method == "GET" and path in self._public:
            return Answer(result=self._public[path](_parameters(query)), headers=CONTENT_TYPE)
        if method == "POST" and path in self._commands:
            account = authenticate(self._accounts, headers, body, now_ms)
            return self._commands.run(account, path, body)
        if method == "GET" and path in self._private:
            raw = query.encode(errors="surrogateescape")
            account = authenticate(self._accounts, headers, raw, now_ms)
            return self._query(account, path, _parameters(query))
        raise Refusal(10017, "Route not found.", status=404)

    def _query(self, account: Account, path: str, query: dict[str, str]) -> Answer:
        try:
            self._limits.take(account, path, query.get("category", ""))
            answer = Answer(result=self._private[path](account, query))
        except Refusal as refused:
            answer = Answer(refused.code, refused.message, status=refused.status)
        answer.headers = self._limits.headers(account)
        return answer


def _parameters(query: str) -> dict[str, str]:
    return dict(parse_qsl(query))
