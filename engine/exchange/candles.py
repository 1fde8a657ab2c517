"""Candles of one market, made from its public trades."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

import msgspec

from engine.exchange.numbers import ZERO, text

MINUTE_MS = 60_000
DAY_MS = 1_440 * MINUTE_MS
WEEK_MS = 7 * DAY_MS
FIRST_MONDAY_MS = 4 * DAY_MS  # the first one after the beginning of unix time

MINUTES = ("1", "3", "5", "15", "30", "60", "120", "240", "360", "720")
INTERVALS = (*MINUTES, "D", "W", "M")
"""Minutes, days, weeks that begin on Monday, calendar months; all in UTC."""


class Candle(msgspec.Struct, gc=False):
    """Prices, base volume and quote turnover from `start_ms` (unix ms) on."""

    start_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal = ZERO
    turnover: Decimal = ZERO

    def row(self) -> list[str]:
        """As market/kline writes it."""
        prices = (self.open, self.high, self.low, self.close, self.volume, self.turnover)
        return [str(self.start_ms), *(text(price) for price in prices)]


class Candles:
    """One market's trades by the minute; longer candles are put together when asked for."""

    def __init__(self) -> None:
        self._minutes: list[Candle] = []

    def begin(self, time_ms: int, last_price: Decimal) -> None:
        """Before the first trade there is the price of the last one: a market has a candle."""
        if not self._minutes and last_price:
            self.add(time_ms, last_price, ZERO)

    def add(self, time_ms: int, price: Decimal, size: Decimal) -> None:
        """Count a trade; one from before the last minute counts to the last minute."""
        minutes = self._minutes
        if not minutes or time_ms >= minutes[-1].start_ms + MINUTE_MS:
            start_ms = time_ms - time_ms % MINUTE_MS
            minutes.append(Candle(start_ms, price, price, price, price))
        candle = minutes[-1]
        if price > candle.high:
            candle.high = price
        elif price < candle.low:
            candle.low = price
        candle.close = price
        candle.volume += size
        candle.turnover += price * size

    def latest_first(self, interval: str) -> Iterator[Candle]:
        """Every candle of an interval that had a trade; the newest may be unfinished."""
        found: Candle | None = None
        for minute in reversed(self._minutes):
            start_ms = interval_start(interval, minute.start_ms)
            if found is not None and found.start_ms == start_ms:
                _put_before(found, minute)
                continue
            if found is not None:
                yield found
            found = msgspec.structs.replace(minute, start_ms=start_ms)
        if found is not None:
            yield found


def interval_start(interval: str, time_ms: int) -> int:
    """When the candle began that a moment belongs to, unix ms."""
    if interval == "M":
        return _month(time_ms, 0)
    if interval == "W":
        return time_ms - (time_ms - FIRST_MONDAY_MS) % WEEK_MS
    return time_ms - time_ms % (DAY_MS if interval == "D" else int(interval) * MINUTE_MS)


def interval_end(interval: str, start_ms: int) -> int:
    """The last ms of the candle that began then."""
    if interval == "M":
        return _month(start_ms, 1) - 1
    if interval in MINUTES:
        return start_ms + int(interval) * MINUTE_MS - 1
    return start_ms + (WEEK_MS if interval == "W" else DAY_MS) - 1


def _month(time_ms: int, later: int) -> int:
    moment = datetime.fromtimestamp(time_ms // 1000, UTC)
    month = moment.year * 12 + moment.month - 1 + later
    return int(datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC).timestamp()) * 1000


def _put_before(candle: Candle, earlier: Candle) -> None:
    candle.open = earlier.open
    candle.high = max(candle.high, earlier.high)
    candle.low = min(candle.low, earlier.low)
    candle.volume += earlier.volume
    candle.turnover += earlier.turnover
