"""A small market held in memory: frames are written by the test, at seconds since T0."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from engine.clock import NS
from engine.exchange.instruments import InstrumentRow
from engine.exchange.sources.frames import Fault, Frame
from engine.exchange.sources.recorded import LineReader

T0 = 1_700_000_000 * NS
Line = dict[str, object]
Level = tuple[str, str]

BTC: InstrumentRow = {
    "symbol": "BTCUSDT",
    "contractType": "LinearPerpetual",
    "status": "Trading",
    "baseCoin": "BTC",
    "quoteCoin": "USDT",
    "settleCoin": "USDT",
    "priceFilter": {"minPrice": "0.1", "maxPrice": "1999999.8", "tickSize": "0.1"},
    "lotSizeFilter": {
        "minNotionalValue": "5",
        "maxOrderQty": "1190",
        "maxMktOrderQty": "500",
        "minOrderQty": "0.001",
        "qtyStep": "0.001",
    },
}
BTC_SPOT: InstrumentRow = {
    "symbol": "BTCUSDT",
    "status": "Trading",
    "baseCoin": "BTC",
    "quoteCoin": "USDT",
    "lotSizeFilter": {
        "basePrecision": "0.000001",
        "minOrderAmt": "5",
        "maxLimitOrderQty": "83",
        "maxMarketOrderQty": "41.5",
    },
    "priceFilter": {"tickSize": "0.1"},
}


class Market:
    """A market source that plays these lines, as often as it is asked."""

    def __init__(self, *lines: Line, instruments: Sequence[InstrumentRow] = (BTC,)) -> None:
        rows: list[Line] = [{"t": T0, "i": row} for row in instruments]
        self._lines = [msgspec.json.encode(line) for line in (*rows, *(lines or quiet()))]
        reader = LineReader()
        self._frames = [frame for line in self._lines if (frame := reader.read(line)) is not None]
        self.instruments = [(key[0], row) for key, row in reader.instruments.items()]
        self.first_ts = self._frames[0].t_ns
        self.last_ts: int | None = self._frames[-1].t_ns
        self.errors: Sequence[Fault] = ()

    @property
    def lines(self) -> list[bytes]:
        """The market as the lines of a recording."""
        return self._lines

    def frames(self) -> Iterator[Frame]:
        return iter(self._frames)


def book(at_s: float, bids: Sequence[Level], asks: Sequence[Level], u: int = 1) -> Line:
    """A book frame: update 1 is a snapshot, later ones are deltas."""
    kind = "snapshot" if u == 1 else "delta"
    data = {"s": "BTCUSDT", "b": bids, "a": asks, "u": u, "seq": u}
    return _frame(at_s, "orderbook.50.BTCUSDT", kind, data)


def trade(at_s: float, side: str, size: str, price: str) -> Line:
    """One public trade; `side` is the taker's."""
    row = {"T": _ms(at_s), "s": "BTCUSDT", "S": side, "v": size, "p": price, "i": str(_ms(at_s))}
    return _frame(at_s, "publicTrade.BTCUSDT", "snapshot", [row])


def ticker(at_s: float, mark: str) -> Line:
    """A mark price."""
    data = {"symbol": "BTCUSDT", "markPrice": mark, "lastPrice": mark}
    return _frame(at_s, "tickers.BTCUSDT", "snapshot", data)


def quiet() -> list[Line]:
    """60,000.0 bid, 60,000.1 asked, ten each and no more, and nothing happens for an hour."""
    return [
        book(0, [("60000.0", "10")], [("60000.1", "10")]),
        ticker(0, "60000"),
        ticker(3600, "60000"),
    ]


def _frame(at_s: float, topic: str, kind: str, data: object) -> Line:
    frame = {"topic": topic, "type": kind, "ts": _ms(at_s), "data": data, "cts": _ms(at_s)}
    return {"t": T0 + round(at_s * NS), "f": frame}


def _ms(at_s: float) -> int:
    return T0 // 1_000_000 + round(at_s * 1000)
