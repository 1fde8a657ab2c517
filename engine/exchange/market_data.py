"""What anyone may ask: the time, the instruments, books, tickers, trades and candles."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice

from engine.exchange.account import MarketKey
from engine.exchange.candles import INTERVALS
from engine.exchange.checks import check_category
from engine.exchange.errors import Refusal
from engine.exchange.matching import Market
from engine.exchange.numbers import text
from engine.exchange.paging import Query, page, page_size
from engine.exchange.sources.frames import Level

Result = Mapping[str, object]

NOT_LISTED = ("inverse", "option")  # the venue has them: lists of them are empty here
# What only REST tells of a perpetual, and where it has no value.
REST_ONLY = {
    "predictedDeliveryPrice": "",
    "basisRate": "",
    "basis": "",
    "basisRateYear": "",
    "deliveryFeeRate": "",
    "deliveryTime": "0",
}
FOREVER = 1 << 62  # unix ms, past any time


class MarketData:
    """Answers public requests. Every method raises `Refusal` as the venue would."""

    def __init__(self, markets: Mapping[MarketKey, Market], now_ns: Callable[[], int]) -> None:
        self._markets = markets
        self._now_ns = now_ns

    def time(self, query: Query) -> Result:
        """market/time."""
        now_ns = self._now_ns()
        return {"timeSecond": str(now_ns // 1_000_000_000), "timeNano": str(now_ns)}

    def instruments(self, query: Query) -> Result:
        """market/instruments-info; a category without markets is an empty list."""
        category = query.get("category", "")
        wanted = {name: query[name] for name in ("symbol", "baseCoin") if query.get(name)}
        wanted["status"] = query.get("status") or "Trading"
        found = [
            instrument.row
            for instrument in (market.instrument for market in self._markets.values())
            if instrument.category == category
            and all(instrument.row.get(name) == value for name, value in wanted.items())
        ]
        rows, cursor = page(enumerate(found), query, 1000, 500)
        answer: dict[str, object] = {"category": category, "list": rows}
        return answer if category == "spot" else answer | {"nextPageCursor": cursor}

    def order_book(self, query: Query) -> Result:
        """market/orderbook."""
        category = query_category(query)
        book = self._market(category, query.get("symbol", "")).book
        depth = page_size(query, 1000, 1 if category == "spot" else 25)
        return {
            "s": query.get("symbol", ""),
            "b": written_levels(book.bids.levels(depth)),
            "a": written_levels(book.asks.levels(depth)),
            "ts": book.ts,
            "u": book.update_id,
            "seq": book.seq,
            "cts": book.cts,
        }

    def tickers(self, query: Query) -> Result:
        """market/tickers: the last ticker of each market that has had one, on the book as it is."""
        category, symbol = query_category(query), query.get("symbol", "")
        if symbol:
            markets: Iterable[Market] = [self._market(category, symbol)]
        else:
            markets = self._markets.values()
        rows = [
            _ticker_row(market)
            for market in markets
            if market.instrument.category == category and market.ticker
        ]
        return {"category": category, "list": rows}

    def candles(self, query: Query) -> Result:
        """market/kline: candles that have had a trade, the newest first."""
        category, symbol = query.get("category") or "linear", query.get("symbol", "")
        market = self._market(category, symbol)
        interval = query.get("interval", "")
        if interval not in INTERVALS:
            raise Refusal(10001, f"interval is one of {', '.join(INTERVALS)}")
        start, end = number(query, "start", 0), number(query, "end", FOREVER)
        found = (
            candle.row()
            for candle in market.candles.latest_first(interval)
            if start <= candle.start_ms <= end
        )
        rows = list(islice(found, page_size(query, 1000, 200)))
        return {"category": category, "symbol": symbol, "list": rows}

    def recent_trades(self, query: Query) -> Result:
        """market/recent-trade, the newest first."""
        category = query_category(query)
        market = self._market(category, query.get("symbol", ""))
        most = 60 if category == "spot" else 1000
        count = page_size(query, most, min(most, 500))
        rows = [
            {
                "execId": trade.i,
                "symbol": trade.s,
                "price": text(trade.p),
                "size": text(trade.v),
                "side": trade.S,
                "time": str(trade.T),
                "isBlockTrade": trade.BT,
                "isRPITrade": trade.RPI,
                "seq": str(trade.seq or market.book.seq),
            }
            for trade in islice(reversed(market.recent), count)
        ]
        return {"category": category, "list": rows}

    def price_limit(self, query: Query) -> Result:
        """market/price-limit: the highest price for a buy and the lowest for a sell."""
        market = self._market(query.get("category") or "linear", query.get("symbol", ""))
        listed = market.instrument
        return {
            "symbol": listed.symbol,
            "buyLmt": text(listed.max_price),
            "sellLmt": text(max(listed.min_price, listed.tick)),
            "ts": str(self._now_ns() // 1_000_000),
        }

    def _market(self, category: str, symbol: str) -> Market:
        found = self._markets.get((category, symbol))
        if found is None:
            raise Refusal(10001, "params error: symbol invalid")
        return found


def number(query: Query, name: str, default: int) -> int:
    """A whole number among the parameters."""
    try:
        return int(query.get(name) or default)
    except ValueError:
        raise Refusal(10001, f"params error: {name} is not a number") from None


def query_category(query: Query) -> str:
    """The category a query is about; refused when the venue has none of that name."""
    category = query.get("category", "")
    if category not in NOT_LISTED:
        check_category(category)
    return category


def written_levels(levels: Sequence[Level]) -> list[tuple[str, str]]:
    """Book levels as the wire writes them."""
    return [(text(price), text(size)) for price, size in levels]


def _ticker_row(market: Market) -> dict[str, str | None]:
    """The last ticker as REST has it: best bid and ask also of spot, no tick direction."""
    row = {"symbol": market.instrument.symbol, **market.ticker, **_best(market)}
    row.pop("tickDirection", None)
    return row if market.instrument.category == "spot" else {**REST_ONLY, **row}


def _best(market: Market) -> dict[str, str]:
    """Best bid and ask of the book, empty where a side is; none without a book."""
    if not market.book.is_ready:
        return {}
    best = dict.fromkeys(("bid1Price", "bid1Size", "ask1Price", "ask1Size"), "")
    for name, side in (("bid1", market.book.bids), ("ask1", market.book.asks)):
        for price, size in side.levels(1):
            best |= {f"{name}Price": text(price), f"{name}Size": text(size)}
    return best
