"""What an account may ask: its orders, executions, positions, wallet and rights."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import chain, islice, takewhile
from operator import attrgetter
from typing import TypeVar

from engine.exchange.account import MAKER_FEE, TAKER_FEE, Account, MarketKey
from engine.exchange.checks import refusal, select
from engine.exchange.deadman import DeadMan
from engine.exchange.errors import Refusal
from engine.exchange.market_data import FOREVER, NOT_LISTED, Result, number, query_category
from engine.exchange.matching import Market
from engine.exchange.numbers import text
from engine.exchange.orders import Execution, Order
from engine.exchange.paging import Numbered, Query, latest_first, page
from engine.exchange.positions import Position
from engine.exchange.rows import (
    closed_pnl_row,
    execution_row,
    log_row,
    order_row,
    position_row,
    wallet_row,
)

Item = TypeVar("Item")

CREATED, UPDATED, TIME = attrgetter("created_ms"), attrgetter("updated_ms"), attrgetter("time_ms")
"""When something came into a list: open orders, closed ones, executions; unix ms."""

RECENTLY_CLOSED = 500  # how many closed orders a category's realtime list remembers


class Queries:
    """Answers signed, read-only requests. Every method raises `Refusal` as the venue would."""

    def __init__(
        self,
        markets: Mapping[MarketKey, Market],
        price_usd: Callable[[str], Decimal],
        dead_man: DeadMan,
        lag_ms: Callable[[str, int], int],
        now_ns: Callable[[], int],
    ) -> None:
        self._markets = markets
        self._dead_man = dead_man
        self._lag_ms = lag_ms
        self._now_ns = now_ns
        self._price_usd = price_usd

    def open_orders(self, account: Account, query: Query) -> Result:
        """order/realtime: open orders, or with `openOnly=1` or an id also recently closed ones."""
        category = query_category(query)
        all_closed = account.closed.get(category, [])
        first = max(account.forgotten.get(category, 0), len(all_closed) - RECENTLY_CLOSED)
        if _has_id(query):
            order = _by_id(account, query)
            shown = order is not None and (order.is_open or order in all_closed[first:])
            alone = [(0, order)] if order and shown else []
            return _order_page(self._known("/v5/order/realtime", alone, CREATED), query)
        by = select(query.get("symbol", ""), query.get("baseCoin", ""), query.get("settleCoin", ""))
        if by is None and category != "spot":
            raise Refusal(10001, "symbol, baseCoin or settleCoin is required")
        if query.get("openOnly") == "1":
            closed = islice(latest_first(all_closed), len(all_closed) - first)
            return _order_page((item for item in closed if _selected(item[1], by)), query)
        orders = reversed(account.open_orders(category))
        numbered = (
            (-order.number, order)
            for order in orders
            if _selected(order, by) and order.passes(query.get("orderFilter", ""))
        )
        return _order_page(self._known("/v5/order/realtime", numbered, CREATED), query)

    def order_history(self, account: Account, query: Query) -> Result:
        """order/history: closed orders, the latest first."""
        category = query_category(query)
        if _has_id(query):
            order = _by_id(account, query)
            alone = [(0, order)] if order and not order.is_open else []
            return _order_page(self._known("/v5/order/history", alone, UPDATED), query)
        by = select(query.get("symbol", ""), query.get("baseCoin", ""), query.get("settleCoin", ""))
        status = query.get("orderStatus", "")
        since, until = _time_range(query)
        found = (
            (number, order)
            for number, order in latest_first(account.closed.get(category, []), query)
            if _selected(order, by)
            and status in ("", order.status)
            and since <= order.updated_ms <= until
        )
        return _order_page(self._known("/v5/order/history", found, UPDATED), query)

    def executions(self, account: Account, query: Query) -> Result:
        """execution/list: fills, the latest first."""
        category = query_category(query)
        since, until = _time_range(query)
        fills: Sequence[Execution] = account.executions
        by = select(query.get("symbol", ""), query.get("baseCoin", ""), query.get("settleCoin", ""))
        if _has_id(query):
            order = _by_id(account, query)
            fills, by = account.executions_of(order) if order else [], None
            since, until = 0, FOREVER
        if query.get("execType", "Trade") != "Trade":
            fills = []
        recent = takewhile(lambda item: item[1].time_ms >= since, latest_first(fills, query))
        found = (
            (number, fill)
            for number, fill in recent
            if fill.order.instrument.category == category
            and fill.time_ms <= until
            and _selected(fill.order, by)
        )
        known = self._known("/v5/execution/list", found, TIME)
        rows, cursor = page(known, query, 100, 50)
        shown = [execution_row(fill, on_stream=False) for fill in rows]
        return {"nextPageCursor": cursor, "category": category, "list": shown}

    def _known(
        self, path: str, found: Iterable[Numbered[Item]], time_ms: Callable[[Item], int]
    ) -> Iterable[Numbered[Item]]:
        """What a list knows of `found`, which is latest first: all of it, unless it lags."""
        rest = iter(found)
        latest = next(rest, None)
        if latest is None:
            return ()
        now_ms = self._now_ns() // 1_000_000
        lag_ms = self._lag_ms(path, now_ms - time_ms(latest[1]))
        every = chain((latest,), rest)
        if not lag_ms:
            return every
        return (item for item in every if time_ms(item[1]) <= now_ms - lag_ms)

    def positions(self, account: Account, query: Query) -> Result:
        """position/list: with a symbol every row, with a coin only what is not flat."""
        category, symbol = query_category(query), query.get("symbol", "")
        if category == "spot":
            raise Refusal(10001, "Illegal category")
        found: list[Position] = []
        if category in NOT_LISTED:
            pass
        elif symbol:
            market = self._markets.get((category, symbol))
            if market is None:
                raise refusal("symbol", category)
            found = list(account.positions_in(market.instrument))
        elif settle := query.get("settleCoin", ""):
            held = account.all_positions()
            found = [item for item in held if item.settle == settle and item.qty]
        else:
            raise Refusal(10001, "symbol or settleCoin is required")
        rows, cursor = page(enumerate(found), query, 200, 20)
        margins = account.margins(self._price_usd)
        shown = [
            position_row(item, margins.liquidation_price(item), on_stream=False) for item in rows
        ]
        return {"list": shown, "nextPageCursor": cursor, "category": category}

    def closed_pnl(self, account: Account, query: Query) -> Result:
        """position/closed-pnl: what orders have closed of positions, the latest first."""
        category, symbol = query_category(query), query.get("symbol", "")
        since, until = _time_range(query)
        found = (
            (number, closed)
            for number, closed in latest_first(account.closed_pnl, query)
            if closed.order.instrument.category == category
            and symbol in ("", closed.order.instrument.symbol)
            and since <= closed.updated_ms <= until
        )
        rows, cursor = page(found, query, 100, 50)
        shown = [closed_pnl_row(closed) for closed in rows]
        return {"nextPageCursor": cursor, "category": category, "list": shown}

    def transaction_log(self, account: Account, query: Query) -> Result:
        """account/transaction-log: every movement of every coin, the latest first."""
        since, until = _time_range(query)
        category, coin = query.get("category", ""), query.get("currency", "")
        kind = query.get("type", "")
        found = (
            (number, entry)
            for number, entry in latest_first(account.log, query)
            if since <= entry.execution.time_ms <= until
            and category in ("", entry.execution.order.instrument.category)
            and coin in ("", entry.coin)
            and kind in ("", entry.kind)
        )
        rows, cursor = page(found, query, 50, 20)
        return {"nextPageCursor": cursor, "list": [log_row(entry) for entry in rows]}

    def wallet(self, account: Account, query: Query) -> Result:
        """account/wallet-balance: every coin that is not empty, or those asked for."""
        asked = [name for name in query.get("coin", "").split(",") if name]
        row = wallet_row(
            account.coins.items(),
            lambda name, coin: name in asked if asked else bool(coin.balance),
            self._price_usd,
            account.margins(self._price_usd),
        )
        return {"list": [row]}

    def account_info(self, account: Account, query: Query) -> Result:
        """account/info: a unified account of the second generation with cross margin."""
        return {
            "marginMode": "REGULAR_MARGIN",
            "updatedTime": "1697078946000",
            "unifiedMarginStatus": 5,
            "dcpStatus": "OFF",
            "timeWindow": 0,
            "smpGroup": 0,
            "isMasterTrader": False,
            "spotHedgingStatus": "OFF",
        }

    def cut_off(self, account: Account, query: Query) -> Result:
        """account/query-dcp-info: what happens when the account is cut off."""
        return {"dcpInfos": self._dead_man.shown(account)}

    def fee_rates(self, account: Account, query: Query) -> Result:
        """account/fee-rate: every market of a category has the same."""
        category, symbol = query.get("category") or "linear", query.get("symbol", "")
        rows = [
            {"symbol": name, "takerFeeRate": text(TAKER_FEE), "makerFeeRate": text(MAKER_FEE)}
            for listed, name in self._markets
            if listed == category and symbol in ("", name)
        ]
        return {"category": category, "list": rows}

    def api_key(self, account: Account, query: Query) -> Result:
        """user/query-api: what this key may do."""
        return {
            "id": str(account.uid),
            "note": "simulated",
            "apiKey": account.api_key,
            "readOnly": 0,
            "secret": "",
            "permissions": {"ContractTrade": ["Order", "Position"], "Spot": ["SpotTrade"]},
            "ips": ["*"],
            "type": 1,
            "deadlineDay": 0,
            "expiredAt": "1970-01-01T00:00:00Z",
            "createdAt": "2023-01-01T00:00:00Z",
            "unified": 0,
            "uta": 1,
            "userID": account.uid,
            "inviterID": 0,
            "vipLevel": "No VIP",
            "mktMakerLevel": "0",
            "affiliateID": 0,
            "rsaPublicKey": "",
            "isMaster": True,
            "parentUid": "0",
            "kycLevel": "LEVEL_DEFAULT",
            "kycRegion": "",
        }

    def coin_info(self, account: Account, query: Query) -> Result:
        """asset/coin/query-info: clients load it and need nothing from it."""
        return {"rows": []}


def _has_id(query: Query) -> bool:
    return bool(query.get("orderId") or query.get("orderLinkId"))


def _by_id(account: Account, query: Query) -> Order | None:
    order_id, link_id = query.get("orderId", ""), query.get("orderLinkId", "")
    return account.find(query["category"], query.get("symbol", ""), order_id, link_id)


def _selected(order: Order, by: tuple[str, str] | None) -> bool:
    return by is None or getattr(order.instrument, by[0]) == by[1]


def _time_range(query: Query) -> tuple[int, int]:
    return number(query, "startTime", 0), number(query, "endTime", FOREVER)


def _order_page(orders: Iterable[Numbered[Order]], query: Query) -> Result:
    rows, cursor = page(orders, query, 50, 20)
    shown = [order_row(order, on_stream=False) for order in rows]
    return {"nextPageCursor": cursor, "category": query["category"], "list": shown}
