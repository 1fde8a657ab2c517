"""Public topics that are not in the market's own frames: other depths of the book, and candles."""

from __future__ import annotations

from engine.exchange.candles import INTERVALS, Candle, interval_end
from engine.exchange.hub import Hub
from engine.exchange.market_data import written_levels
from engine.exchange.matching import Market
from engine.exchange.numbers import text
from engine.exchange.sources.frames import BOOK_TOPIC, Frame, Level
from engine.exchange.wire import encode

DEEPER = ("200", "1000")
"""Depths that show what the recorded 50 levels show: no more is known."""
WHOLE_BOOK = 1000
DEPTHS = ("1", "50", *DEEPER)

Touch = tuple[list[Level], list[Level]]


class Feeds:
    """Makes what somebody listens to; costs next to nothing while nobody does."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._touches: dict[tuple[str, str], Touch] = {}
        self._candles: dict[tuple[str, str], Candle] = {}

    def on_book(self, market: Market, frame: Frame) -> None:
        """The market's book has taken in a frame."""
        if not self._hub.derived:
            return
        category, symbol = frame.category, frame.symbol
        for depth in DEEPER:
            topic = f"orderbook.{depth}.{symbol}"
            if self._hub.is_heard((category, topic)):
                raw = frame.raw.replace(BOOK_TOPIC.encode(), f"orderbook.{depth}.".encode(), 1)
                self._hub.publish((category, topic), raw)
        topic = f"orderbook.1.{symbol}"
        if self._hub.is_heard((category, topic)):
            touch = market.book.bids.levels(1), market.book.asks.levels(1)
            if touch != self._touches.get((category, topic)):
                self._touches[category, topic] = touch
                self._hub.publish((category, topic), book_snapshot(topic, market, 1))

    def on_trades(self, market: Market) -> None:
        """The market has traded: push every candle that somebody follows."""
        if not self._hub.derived:
            return
        category, symbol = market.instrument.key
        for interval in INTERVALS:
            key = (category, f"kline.{interval}.{symbol}")
            if not self._hub.is_heard(key):
                continue
            candles = market.candles.latest_first(interval)
            candle = next(candles)
            before = self._candles.get(key)
            if before is not None and before.start_ms != candle.start_ms:
                closed = next(candles, before)
                self._hub.publish(key, _candle(key[1], interval, closed, market, is_closed=True))
            self._candles[key] = candle
            self._hub.publish(key, _candle(key[1], interval, candle, market, is_closed=False))


def book_snapshot(topic: str, market: Market, depth: int, *, restarted: bool = False) -> bytes:
    """The book as the market shows it, as a snapshot of a topic.

    After a restart the venue says so by the update id 1, whatever the type.
    """
    book = market.book
    depth = 1 if depth == 1 else WHOLE_BOOK  # what later frames change has to be there
    data = {
        "s": market.instrument.symbol,
        "b": written_levels(book.bids.levels(depth)),
        "a": written_levels(book.asks.levels(depth)),
        "u": 1 if restarted else book.update_id,
        "seq": book.seq,
    }
    kind = "delta" if restarted else "snapshot"
    frame = {"topic": topic, "type": kind, "ts": book.ts, "data": data, "cts": book.cts}
    return encode(frame)


def _candle(topic: str, interval: str, candle: Candle, market: Market, *, is_closed: bool) -> bytes:
    time_ms = market.recent[-1].T
    row = {
        "start": candle.start_ms,
        "end": interval_end(interval, candle.start_ms),
        "interval": interval,
        "open": text(candle.open),
        "close": text(candle.close),
        "high": text(candle.high),
        "low": text(candle.low),
        "volume": text(candle.volume),
        "turnover": text(candle.turnover),
        "confirm": is_closed,
        "timestamp": time_ms,
    }
    return encode({"topic": topic, "data": [row], "ts": time_ms, "type": "snapshot"})
