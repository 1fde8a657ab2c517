"""A market of many symbols whose books make every order fill in two executions.

The model: each side of a book is a ladder of levels that hold one lot each, and an order of two
lots takes two of them. What orders took stays taken until the level's next change, so the market
sends the taken levels again before the ladder runs out: two levels of market data an order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from engine.core.commands import PlaceOrder
from engine.core.types import Side
from engine.exchange.instruments import InstrumentRow
from engine.exchange.sources.frames import (
    BOOK_TOPIC,
    TICKER_TOPIC,
    BookData,
    BookFrame,
    Fault,
    Frame,
    Level,
    TickerFrame,
)

SYMBOLS = 50
LEVELS = 24
RENEW_AFTER = 4
"""Orders on one side after which its levels are sent again: half of what the ladder holds."""
HEARTBEAT_NS = 2_000_000
MS = 1_000_000

MARK = Decimal(1_000)
TICK = Decimal("0.1")
LOT = Decimal(1)
ORDER_QTY = 2 * LOT
FARTHEST = {Side.BUY: MARK + TICK * LEVELS, Side.SELL: MARK - TICK * LEVELS}
"""Limit prices that reach the last level of the other side."""


class LadderMarket:
    """A market source that begins at `start_ns` (unix ns) and never ends.

    `next_order` makes the next order of a round over all symbols and both sides.
    """

    def __init__(self, start_ns: int, symbols: int = SYMBOLS) -> None:
        self.names = [f"B{number:02}USDT" for number in range(symbols)]
        self.instruments: Sequence[tuple[str, InstrumentRow]] = [
            ("linear", _instrument(name)) for name in self.names
        ]
        self.first_ts = start_ns
        self.last_ts: int | None = None
        self.errors: Sequence[Fault] = ()
        self._ladders = [(_Ladder(name, Side.BUY), _Ladder(name, Side.SELL)) for name in self.names]
        self._updates = dict.fromkeys(self.names, 1)
        self._due: list[_Ladder] = []
        self._orders = 0

    def next_order(self) -> PlaceOrder:
        """Two lots at a price that reaches far enough; the order's book is renewed in time."""
        number, self._orders = self._orders, self._orders + 1
        # Each side of each symbol gets the same share, and no position grows.
        symbol = number % len(self.names)
        turn = number // len(self.names) % 2
        ladder = self._ladders[symbol][turn]
        ladder.orders += 1
        if ladder.orders == RENEW_AFTER:
            ladder.orders = 0
            self._due.append(ladder)
        return PlaceOrder(
            command_id=f"c{number}",
            client_order_id=f"b{number}",
            symbol=ladder.symbol,
            side=ladder.taker,
            qty=ORDER_QTY,
            price=FARTHEST[ladder.taker],
        )

    def frames(self) -> Iterator[Frame]:
        """Every book and ticker at the start; then ladders as they are due, and heartbeats."""
        t_ns = self.first_ts
        for name, (asks, bids) in zip(self.names, self._ladders, strict=True):
            yield self._book(t_ns, name, "snapshot", bids, asks)
            yield _ticker(t_ns, name)
        while True:
            # Frames are asked for one at a time, each when the one before it was played.
            due, self._due = self._due, []
            for ladder in due:
                self._updates[ladder.symbol] += 1
                sides = (None, ladder) if ladder.taker is Side.BUY else (ladder, None)
                yield self._book(t_ns, ladder.symbol, "delta", *sides)
            t_ns += HEARTBEAT_NS
            yield _ticker(t_ns, self.names[t_ns // HEARTBEAT_NS % len(self.names)])

    def _book(
        self, t_ns: int, symbol: str, kind: str, bids: _Ladder | None, asks: _Ladder | None
    ) -> Frame:
        topic, update_id, ms = BOOK_TOPIC + symbol, self._updates[symbol], t_ns // MS
        raw = (
            f'{{"topic":"{topic}","type":"{kind}","ts":{ms},"data":{{"s":"{symbol}",'
            f'"b":[{bids.written if bids else ""}],"a":[{asks.written if asks else ""}],'
            f'"u":{update_id},"seq":{update_id}}},'
            f'"cts":{ms}}}'
        )
        levels = bids.levels if bids else [], asks.levels if asks else []
        data = BookData(symbol, *levels, update_id, update_id)
        decoded = BookFrame(topic, kind, ms, data, ms)
        return Frame(t_ns, "linear", symbol, topic, raw.encode(), decoded)


class _Ladder:
    """The levels that orders on side `taker` of one symbol take, best first."""

    def __init__(self, symbol: str, taker: Side) -> None:
        self.symbol = symbol
        self.taker = taker
        self.orders = 0
        step = TICK * taker.sign
        self.levels: list[Level] = [(MARK + step * n, LOT) for n in range(1, LEVELS + 1)]
        # They never change: to write them anew for each frame would be measured, too.
        self.written = ",".join(f'["{price}","{size}"]' for price, size in self.levels)


def _ticker(t_ns: int, symbol: str) -> Frame:
    topic, ms = TICKER_TOPIC + symbol, t_ns // MS
    data: dict[str, str | None] = {"symbol": symbol, "markPrice": str(MARK), "lastPrice": str(MARK)}
    raw = (
        f'{{"topic":"{topic}","type":"snapshot","data":{{"symbol":"{symbol}",'
        f'"markPrice":"{MARK}","lastPrice":"{MARK}"}},"ts":{ms},"cs":1}}'
    )
    return Frame(
        t_ns, "linear", symbol, topic, raw.encode(), TickerFrame(topic, "snapshot", ms, data, 1)
    )


def _instrument(symbol: str) -> InstrumentRow:
    return {
        "symbol": symbol,
        "contractType": "LinearPerpetual",
        "status": "Trading",
        "baseCoin": symbol.removesuffix("USDT"),
        "quoteCoin": "USDT",
        "settleCoin": "USDT",
        "priceFilter": {"minPrice": "0.1", "maxPrice": "100000", "tickSize": str(TICK)},
        "lotSizeFilter": {
            "minOrderQty": "1",
            "maxOrderQty": "1000",
            "maxMktOrderQty": "1000",
            "qtyStep": "1",
            "minNotionalValue": "5",
        },
    }
