"""Public market data of Bybit v5: which topics to ask for, and their messages as updates.

Bytes in, updates out; what must be sent (a book that lost its place is asked for again) is left
in `owed` for whoever holds the socket.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

import msgspec

from engine.core.market import BookUpdate, Level, MarketUpdate, TickerUpdate, TradeTick
from engine.core.types import Category, Side
from engine.venues.bybit.codec import UNREADABLE
from engine.venues.bybit.numbers import amount, millis_to_ns, price, price_or_none
from engine.venues.bybit.quarantine import Quarantine
from engine.venues.bybit.rows import Control
from engine.venues.bybit.strict import MAX_BYTES

BOOK_DEPTH = 50
ARGS_A_REQUEST = 10  # the spot socket refuses more; the others do not mind


class _Trade(msgspec.Struct):
    T: int
    S: str
    v: str
    p: str


class _BookOrTicker(msgspec.Struct):
    """Both kinds of object a topic can carry; each leaves the other's fields out."""

    b: list[tuple[str, str]] = []
    a: list[tuple[str, str]] = []
    u: int = 0
    mark_price: str | None = msgspec.field(default=None, name="markPrice")
    last_price: str | None = msgspec.field(default=None, name="lastPrice")


class _Message(msgspec.Struct):
    """A push has a topic, an answer has an op."""

    topic: str = ""
    type: str = ""
    ts: int = 0
    cts: int = 0
    data: _BookOrTicker | list[_Trade] | None = None
    op: str = ""
    success: bool | None = None
    ret_msg: str = ""


class _Topic:
    """One subscription. `update_id` is the book's last, None while a snapshot is awaited.

    `mark` is what the last ticker that had one said.
    """

    __slots__ = ("is_book", "mark", "name", "read", "symbol", "update_id")

    def __init__(self, name: str, symbol: str, read: _Reader, is_book: bool) -> None:
        self.name = name
        self.symbol = symbol
        self.read = read
        self.is_book = is_book
        self.update_id: int | None = None
        self.mark: Decimal | None = None


_Reader = Callable[[_Topic, _Message], None]


class MarketFeed:
    """The public stream of one category. `markets` are (engine symbol, venue symbol) pairs."""

    def __init__(
        self,
        category: Category,
        markets: Sequence[tuple[str, str]],
        on_market: Callable[[MarketUpdate], None],
        quarantine: Quarantine,
    ) -> None:
        self.path = f"/v5/public/{category}"
        self.owed: list[bytes] = []
        self._on_market = on_market
        self._quarantine = quarantine
        self._category = category
        self._decode = msgspec.json.Decoder(_Message).decode
        self._topics: dict[str, _Topic] = {}
        for symbol, venue_symbol in markets:
            for prefix, read in (
                (f"orderbook.{BOOK_DEPTH}", self._book),
                ("publicTrade", self._trades),
                ("tickers", self._ticker),
            ):
                name = f"{prefix}.{venue_symbol}"
                self._topics[name] = _Topic(name, symbol, read, read == self._book)

    def login(self) -> None:
        """Public streams need none."""

    def subscriptions(self) -> list[bytes]:
        """Messages that subscribe every topic of a fresh connection."""
        for topic in self._topics.values():
            topic.update_id = topic.mark = None
        return subscriptions(list(self._topics))

    def tick(self) -> None:
        """Ask again for every book that is still waiting for its snapshot."""
        for topic in self._topics.values():
            if topic.is_book and topic.update_id is None:
                self._ask_again(topic)

    def receive(self, message: bytes) -> Control | None:
        """Take one message: updates go to the callback, an answer is returned."""
        try:
            if len(message) > MAX_BYTES:
                raise ValueError(f"a frame of {len(message)} bytes")
            decoded = self._decode(message)
        except UNREADABLE as error:
            self._unreadable(message, error)
            return None
        topic = self._topics.get(decoded.topic)
        if topic is not None:
            try:
                topic.read(topic, decoded)
            except ValueError as error:
                self._unreadable(message, error, topic)
        elif decoded.op:
            return Control(decoded.op, decoded.success, decoded.ret_msg)
        else:
            self._quarantine.note("public_topic", message)
        return None

    def _book(self, topic: _Topic, message: _Message) -> None:
        data = message.data
        if not isinstance(data, _BookOrTicker):
            raise ValueError("a book message without a book")
        snapshot = message.type == "snapshot" or data.u == 1
        if not snapshot:
            last = topic.update_id
            if last is None:
                return  # a change to a book we do not have
            if data.u <= last:
                self._quarantine.note("book_repeat")
                return
            if data.u != last + 1:
                self._quarantine.note("book_gap")
                self._ask_again(topic)
                return
        update = BookUpdate(
            symbol=topic.symbol,
            snapshot=snapshot,
            bids=_levels(data.b),
            asks=_levels(data.a),
            update_id=data.u,
            ts=millis_to_ns(message.cts or message.ts),
        )
        topic.update_id = data.u
        self._on_market(update)

    def _trades(self, topic: _Topic, message: _Message) -> None:
        if not isinstance(message.data, list):
            raise ValueError("a trade message without trades")
        ticks = [
            TradeTick(
                symbol=topic.symbol,
                side=Side(row.S),
                qty=amount(row.v),
                price=price(row.p),
                ts=millis_to_ns(row.T),
            )
            for row in message.data
        ]
        for tick in ticks:
            self._on_market(tick)

    def _ticker(self, topic: _Topic, message: _Message) -> None:
        data = message.data
        if not isinstance(data, _BookOrTicker):
            raise ValueError("a ticker message without a ticker")
        last = price_or_none(data.last_price)
        # Spot has no mark price: there the last trade is what a position is worth.
        mark = last if self._category is Category.SPOT else price_or_none(data.mark_price)
        if message.type == "delta" and data.mark_price is None:
            mark = topic.mark  # what it leaves out is as it was, and known to be so now
        topic.mark = mark
        if mark is not None or last is not None:
            self._on_market(
                TickerUpdate(symbol=topic.symbol, mark=mark, last=last, ts=millis_to_ns(message.ts))
            )

    def _unreadable(self, message: bytes, why: Exception, topic: _Topic | None = None) -> None:
        """A lost message may have been a book's: without it the next change finds the gap."""
        self._quarantine.note("public_message", message, why)
        if topic is not None and topic.is_book and topic.update_id is not None:
            self._ask_again(topic)

    def _ask_again(self, topic: _Topic) -> None:
        topic.update_id = None
        self.owed += [_op("unsubscribe", [topic.name]), _op("subscribe", [topic.name])]


def subscriptions(topics: Sequence[str]) -> list[bytes]:
    """Messages that subscribe these topics, as many as the venue takes in one."""
    return [
        _op("subscribe", topics[start : start + ARGS_A_REQUEST])
        for start in range(0, len(topics), ARGS_A_REQUEST)
    ]


def _levels(rows: list[tuple[str, str]]) -> list[Level]:
    return [(price(at), amount(qty)) for at, qty in rows]


def _op(op: str, names: Sequence[str]) -> bytes:
    return msgspec.json.encode({"op": op, "args": names})
