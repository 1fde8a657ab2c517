"""The tickers of a made-up market: whole at first, then what has changed."""

from __future__ import annotations

from collections import deque
from decimal import Decimal

from engine.exchange.numbers import text
from engine.exchange.sources.frames import MS, TICKER_TOPIC, Level, TickerFrame

MINUTE_NS = 60_000_000_000
MINUTES = 60  # how far back `prevPrice1h` looks
FUNDING_HOURS = 8
FUNDING_MS = FUNDING_HOURS * 3_600_000
FUNDING_RATE = "0.0001"
FUNDING_CAP = "0.00375"
# What a perpetual's ticker also has and this market does not know. Clients know a contract's
# ticker by the open interest.
UNKNOWN = {
    "openInterest": "0",
    "openInterestValue": "0",
    "singleOpenInterest": "0",
    "singleOpenInterestValue": "0",
    "preOpenPrice": "",
    "preQty": "",
    "curPreListingPhase": "",
}


class Ticker:
    """One market's figures. Those of the last day are counted from the start of the market."""

    def __init__(self, category: str, symbol: str, price: Decimal) -> None:
        self._is_spot = category == "spot"
        self._symbol = symbol
        self._last = self._first = self._high = self._low = price
        self._volume = self._turnover = Decimal(0)
        self._direction = "ZeroPlusTick"
        self._minutes: deque[Decimal] = deque(maxlen=MINUTES + 1)  # the last price of each
        self._minute = 0
        self._has_traded = True  # since the last frame
        self._known: dict[str, str | None] = {"symbol": symbol}  # to who reads every frame

    def trade(self, price: Decimal, size: Decimal) -> str:
        """Count a trade; returns its tick direction."""
        if price != self._last:
            self._direction = "PlusTick" if price > self._last else "MinusTick"
        elif not self._direction.startswith("Zero"):
            self._direction = f"Zero{self._direction}"
        self._last, self._has_traded = price, True
        self._high, self._low = max(self._high, price), min(self._low, price)
        self._volume += size
        self._turnover += size * price
        return self._direction

    def frame(self, t_ns: int, bid: Level, ask: Level, seq: int) -> TickerFrame | None:
        """What there is to tell at a time (unix ns), None where nothing has changed.

        Spot is always told whole; a perpetual once, and then what has changed.
        """
        middle = text((bid[0] + ask[0]) / 2)
        data: dict[str, str | None] = {"usdIndexPrice": middle}
        if not self._is_spot:
            data = _touch(middle, bid, ask)
        if self._has_traded:
            self._has_traded = False
            data |= self._statistics()
        if t_ns // MINUTE_NS != self._minute:
            self._minute = t_ns // MINUTE_NS
            self._minutes.append(self._last)
            data |= {} if self._is_spot else self._terms(t_ns)
        known = self._known
        changed = {name: value for name, value in data.items() if known.get(name) != value}
        if not changed:
            return None
        is_whole = self._is_spot or len(known) == 1
        known |= changed
        told = dict(known) if is_whole else {"symbol": self._symbol, **changed}
        kind = "snapshot" if is_whole else "delta"
        return TickerFrame(TICKER_TOPIC + self._symbol, kind, t_ns // MS, told, seq)

    def _statistics(self) -> dict[str, str]:
        change = ((self._last - self._first) / self._first).quantize(Decimal("0.000001"))
        data = {
            "lastPrice": text(self._last),
            "prevPrice24h": text(self._first),
            "price24hPcnt": text(change),
            "highPrice24h": text(self._high),
            "lowPrice24h": text(self._low),
            "volume24h": text(self._volume),
            "turnover24h": text(self._turnover),
        }
        return data if self._is_spot else {"tickDirection": self._direction, **data}

    def _terms(self, t_ns: int) -> dict[str, str]:
        """What changes once a minute or never."""
        return {
            "prevPrice1h": text(self._minutes[0]),
            "fundingRate": FUNDING_RATE,
            "fundingCap": FUNDING_CAP,
            "fundingIntervalHour": str(FUNDING_HOURS),
            "nextFundingTime": str((t_ns // MS // FUNDING_MS + 1) * FUNDING_MS),
            **UNKNOWN,
        }


def _touch(middle: str, bid: Level, ask: Level) -> dict[str, str | None]:
    return {
        "markPrice": middle,
        "indexPrice": middle,
        "bid1Price": text(bid[0]),
        "bid1Size": text(bid[1]),
        "ask1Price": text(ask[0]),
        "ask1Size": text(ask[1]),
    }
