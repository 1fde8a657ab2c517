"""WebSocket sessions: what a client says on one, and what the exchange pushes to it.

Nothing here knows of sockets: bytes come in by `Session.receive` and go out by the `send` that the
session was opened with.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

import msgspec

from engine.exchange.account import Account, MarketKey
from engine.exchange.auth import authenticate_stream
from engine.exchange.hub import Hub, Send
from engine.exchange.ids import Ids
from engine.exchange.market_data import written_levels
from engine.exchange.matching import Market
from engine.exchange.sources.frames import BOOK_TOPIC, TICKER_TOPIC, TRADE_TOPIC
from engine.exchange.wire import encode

MAX_SPOT_ARGS = 10  # topics in one request on the spot stream
WHOLE_BOOK = 1000

PUBLIC_PATHS = {"/v5/public/linear": "linear", "/v5/public/spot": "spot"}
PRIVATE_PATH = "/v5/private"
PRIVATE_TOPICS = frozenset(
    {"order", "execution", "position", "wallet"}
    | {f"{kind}.{category}" for kind in ("order", "execution") for category in ("linear", "spot")}
    | {f"{kind}.inverse" for kind in ("order", "execution", "position")}
    | {"position.linear"}
)


class Venue(NamedTuple):
    """What sessions need to know of the exchange."""

    hub: Hub
    accounts: Mapping[str, Account]
    markets: Mapping[MarketKey, Market]
    ids: Ids
    now_ns: Callable[[], int]


def open_session(venue: Venue, path: str, send: Send) -> Session | None:
    """Open a session at a stream's path, None where there is no such stream."""
    line = Line(send, venue.ids.connection_id())
    if path == PRIVATE_PATH:
        return Session(line, PrivateStream(venue, line))
    category = PUBLIC_PATHS.get(path)
    return None if category is None else Session(line, PublicStream(venue, line, category))


class Request(msgspec.Struct):
    """What a client sends. `req_id` may be a number; it is echoed as text."""

    op: str = ""
    args: list[object] = []
    req_id: str | int | None = None

    def topics(self) -> list[str]:
        """The args of a subscription."""
        return [str(arg) for arg in self.args]


REQUESTS = msgspec.json.Decoder(Request)


class Reply(msgspec.Struct, omit_defaults=True, kw_only=True):
    """What answers a request; keys that are None are left out."""

    success: bool
    ret_msg: str
    conn_id: str
    req_id: str | None = None
    op: str


class PrivatePong(msgspec.Struct, omit_defaults=True, kw_only=True):
    """The pong of the private stream, in a shape of its own; `args` is the time in ms."""

    req_id: str | None = None
    op: str
    args: list[str]
    conn_id: str


class Stream(Protocol):
    """One kind of stream: what it does on each operation."""

    def ping(self, request: Request) -> None: ...
    def auth(self, request: Request) -> None: ...
    def subscribe(self, request: Request) -> None: ...
    def unsubscribe(self, request: Request) -> None: ...
    def close(self) -> None: ...


class Session:
    """One open WebSocket."""

    def __init__(self, line: Line, stream: Stream) -> None:
        self._line = line
        self._stream = stream
        self._operations: dict[str, Callable[[Request], None]] = {
            "ping": stream.ping,
            "auth": stream.auth,
            "subscribe": stream.subscribe,
            "unsubscribe": stream.unsubscribe,
        }

    def receive(self, message: bytes) -> None:
        """Act on one message of the client."""
        try:
            request = REQUESTS.decode(message)
        except (msgspec.DecodeError, UnicodeDecodeError):
            self._line.reply(Request(), "error:invalid message", success=False)
            return
        operation = self._operations.get(request.op)
        if operation is None:
            self._line.reply(request, "error:unknown op", success=False)
        else:
            operation(request)

    def close(self) -> None:
        """The connection has ended: nothing is pushed any more."""
        self._stream.close()


class Line:
    """The way back to a client, and the replies every stream gives."""

    def __init__(self, send: Send, connection_id: str) -> None:
        self.send = send
        self.connection_id = connection_id

    def reply(
        self, request: Request, ret_msg: str = "", *, success: bool = True, no_id: str | None = None
    ) -> None:
        """Answer a request; `no_id` stands for a req_id that was not given."""
        reply = Reply(
            success=success,
            ret_msg=ret_msg,
            conn_id=self.connection_id,
            req_id=no_id if request.req_id is None else str(request.req_id),
            op=request.op,
        )
        self.send((encode(reply),))


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

    def ping(self, request: Request) -> None:
        """Answer as the venue's public streams do."""
        self._line.reply(request, "pong", no_id=self._no_id)

    def auth(self, request: Request) -> None:
        """There is nothing to authenticate for here."""
        self._line.reply(request, "error:no auth on a public stream", success=False)

    def subscribe(self, request: Request) -> None:
        """Listen to topics; books and tickers begin with a snapshot. One bad topic fails all."""
        markets = {topic: self._market(topic) for topic in request.topics()}
        problem = self._problem(request, markets)
        if problem:
            self._line.reply(request, problem, success=False, no_id=self._no_id)
            return
        self._line.reply(request, self._ack_text, no_id=self._no_id)
        for topic, market in markets.items():
            if market is not None and topic not in self._topics:
                self._topics.add(topic)
                self._venue.hub.listen((self._category, topic), self._line)
                self._send_snapshot(topic, market)

    def unsubscribe(self, request: Request) -> None:
        """Stop listening to topics."""
        for topic in self._topics.intersection(request.topics()):
            self._drop(topic)
        self._line.reply(request, self._ack_text, no_id=self._no_id)

    def close(self) -> None:
        """Stop listening to everything."""
        for topic in list(self._topics):
            self._drop(topic)

    def _drop(self, topic: str) -> None:
        self._topics.remove(topic)
        self._venue.hub.unlisten((self._category, topic), self._line)

    def _problem(self, request: Request, markets: Mapping[str, Market | None]) -> str:
        if self._category == "spot" and len(request.args) > MAX_SPOT_ARGS:
            return f"args size >{MAX_SPOT_ARGS}"
        for topic, market in markets.items():
            if market is None:
                return f"error:handler not found,topic:{topic}"
        return ""

    def _market(self, topic: str) -> Market | None:
        for prefix in (BOOK_TOPIC, TRADE_TOPIC, TICKER_TOPIC):
            if topic.startswith(prefix):
                return self._venue.markets.get((self._category, topic.removeprefix(prefix)))
        return None

    def _send_snapshot(self, topic: str, market: Market) -> None:
        if topic.startswith(BOOK_TOPIC) and market.book.is_ready:
            self._line.send((_book_snapshot(topic, market),))
        elif topic.startswith(TICKER_TOPIC) and market.ticker:
            self._line.send((market.ticker_raw or _ticker_snapshot(topic, market),))


def _book_snapshot(topic: str, market: Market) -> bytes:
    book = market.book
    data = {
        "s": market.instrument.symbol,
        "b": written_levels(book.bids.levels(WHOLE_BOOK)),
        "a": written_levels(book.asks.levels(WHOLE_BOOK)),
        "u": book.update_id,
        "seq": book.seq,
    }
    frame = {"topic": topic, "type": "snapshot", "ts": book.ts, "data": data, "cts": book.cts}
    return encode(frame)


def _ticker_snapshot(topic: str, market: Market) -> bytes:
    frame = {"topic": topic, "type": "snapshot", "data": market.ticker, "ts": market.book.ts}
    return encode(frame)


class PrivateStream:
    """An account's own events; needs authentication before anything but a ping."""

    def __init__(self, venue: Venue, line: Line) -> None:
        self.topics: set[str] = set()
        self.send = line.send
        self._venue = venue
        self._line = line
        self._account: Account | None = None

    def ping(self, request: Request) -> None:
        """Answer as the venue's private stream does."""
        pong = PrivatePong(
            req_id=None if request.req_id is None else str(request.req_id),
            op="pong",
            args=[str(self._now_ms())],
            conn_id=self._line.connection_id,
        )
        self.send((encode(pong),))

    def auth(self, request: Request) -> None:
        """Find out whose stream this is."""
        account = authenticate_stream(self._venue.accounts, request.args, self._now_ms())
        if account is None:
            self._line.reply(request, "Params Error", success=False)
            return
        if self._account is None:
            self._account = account
            self._venue.hub.join(self, account)
        self._line.reply(request)

    def subscribe(self, request: Request) -> None:
        """Listen to topics. There is no snapshot and no replay on a private stream."""
        problem = self._problem(request.topics())
        if not problem:
            self.topics.update(request.topics())
            self._note_topics()
        self._line.reply(request, problem, success=not problem)

    def unsubscribe(self, request: Request) -> None:
        """Stop listening to topics."""
        self.topics.difference_update(request.topics())
        self._note_topics()
        self._line.reply(request)

    def close(self) -> None:
        """Stop listening to everything."""
        if self._account is not None:
            self._venue.hub.leave(self, self._account)
            self._account = None

    def _note_topics(self) -> None:
        if self._account is not None:
            self._venue.hub.note_topics(self._account)

    def _problem(self, topics: list[str]) -> str:
        if self._account is None:
            return "Request not authorized"
        for topic in topics:
            if topic not in PRIVATE_TOPICS:
                return f"error:handler not found,topic:{topic}"
            if topic.split(".")[0] in topics and "." in topic:
                return f"error:all-in-one and categorised topic together,topic:{topic}"
        return ""

    def _now_ms(self) -> int:
        return self._venue.now_ns() // 1_000_000
