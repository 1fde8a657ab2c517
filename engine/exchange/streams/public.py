"""The public streams: market data of one category."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from engine.exchange.account import MarketKey
from engine.exchange.candles import INTERVALS
from engine.exchange.feeds import DEPTHS, book_snapshot
from engine.exchange.matching import Market
from engine.exchange.streams.line import Line, Request, Venue
from engine.exchange.wire import encode

MAX_SPOT_ARGS = 10  # topics in one request on the spot stream
# Kind of topic -> what may stand between the kind and the symbol; nothing where it is empty.
KINDS: Mapping[str, tuple[str, ...]] = {
    "orderbook": DEPTHS,
    "publicTrade": (),
    "tickers": (),
    "kline": INTERVALS,
}


class Topic(NamedTuple):
    """A topic that there is: its kind, its depth or interval if any, and whose it is."""

    kind: str
    detail: str
    market: Market


class PublicStream:
    """Market data of one category; needs no authentication."""

    def __init__(self, venue: Venue, line: Line, category: str) -> None:
        self._venue = venue
        self._line = line
        self._category = category
        self._topics: set[str] = set()
        is_spot = category == "spot"
        self._ack_text = "subscribe" if is_spot else ""
        self._no_id = None if is_spot else ""
        self._operations: dict[str, Callable[[Request], None]] = {
            "ping": self._ping,
            "auth": self._auth,
            "subscribe": self._subscribe,
            "unsubscribe": self._unsubscribe,
        }

    def receive(self, message: bytes) -> None:
        """Act on one message of the client."""
        self._line.act(self._operations, message)

    def close(self) -> None:
        """Stop listening to everything."""
        self._line.is_open = False
        for topic in list(self._topics):
            self._drop(topic)

    def _ping(self, request: Request) -> None:
        self._line.reply(request, "pong", no_id=self._no_id)

    def _auth(self, request: Request) -> None:
        self._line.reply(request, "error:no auth on a public stream", success=False)

    def _subscribe(self, request: Request) -> None:
        """Listen to topics; books and tickers begin with a snapshot. One bad topic fails all."""
        topics = {name: self._find(name) for name in request.topics()}
        problem = self._problem(request, topics)
        if problem:
            self._line.reply(request, problem, success=False, no_id=self._no_id)
            return
        self._line.reply(request, self._ack_text, no_id=self._no_id)
        for name, topic in topics.items():
            if topic is not None and name not in self._topics:
                self._topics.add(name)
                self._venue.hub.listen((self._category, name), self._line)
                self._send_snapshot(name, topic)

    def _unsubscribe(self, request: Request) -> None:
        for topic in self._topics.intersection(request.topics()):
            self._drop(topic)
        self._line.reply(request, self._ack_text, no_id=self._no_id)

    def _drop(self, topic: str) -> None:
        self._topics.remove(topic)
        self._venue.hub.unlisten((self._category, topic), self._line)

    def _problem(self, request: Request, topics: Mapping[str, Topic | None]) -> str:
        if self._category == "spot" and len(request.args) > MAX_SPOT_ARGS:
            return f"args size >{MAX_SPOT_ARGS}"
        for name, topic in topics.items():
            if topic is None:
                return f"error:handler not found,topic:{name}"
        return ""

    def _find(self, name: str) -> Topic | None:
        kind, _, symbol = name.partition(".")
        details = KINDS.get(kind)
        if details is None:
            return None
        detail = ""
        if details:
            detail, _, symbol = symbol.partition(".")
            if detail not in details:
                return None
        key: MarketKey = (self._category, symbol)
        market = self._venue.markets.get(key)
        return None if market is None else Topic(kind, detail, market)

    def _send_snapshot(self, name: str, topic: Topic) -> None:
        market = topic.market
        if topic.kind == "orderbook" and market.book.is_ready:
            self._line.send((book_snapshot(name, market, int(topic.detail)),))
        elif topic.kind == "tickers" and market.ticker:
            self._line.send((market.ticker_raw or _ticker_snapshot(name, market),))


def _ticker_snapshot(topic: str, market: Market) -> bytes:
    frame = {"topic": topic, "type": "snapshot", "data": market.ticker}
    return encode(frame | {"cs": market.ticker_seq, "ts": market.ticker_ts})
