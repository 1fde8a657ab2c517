"""A simulated exchange on a hand-made recording, driven without an event loop."""

from __future__ import annotations

import gzip
import hmac
import json
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

from engine.clock import SimClock
from engine.exchange import Exchange, create_exchange
from engine.exchange.account import Account
from engine.exchange.orders import Order
from engine.exchange.sources.recorded import open_recording

START = 1_700_000_000_000_000_000
KEY = "paper"

LINEAR: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "contractType": "LinearPerpetual",
    "status": "Trading",
    "baseCoin": "BTC",
    "quoteCoin": "USDT",
    "settleCoin": "USDT",
    "priceFilter": {"minPrice": "0.1", "maxPrice": "1000", "tickSize": "0.1"},
    "lotSizeFilter": {
        "minNotionalValue": "5",
        "maxOrderQty": "1000",
        "maxMktOrderQty": "500",
        "minOrderQty": "0.01",
        "qtyStep": "0.01",
    },
}
SPOT: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "status": "Trading",
    "baseCoin": "BTC",
    "quoteCoin": "USDT",
    "lotSizeFilter": {
        "basePrecision": "0.01",
        "minOrderAmt": "5",
        "maxLimitOrderQty": "1000",
        "maxMarketOrderQty": "500",
    },
    "priceFilter": {"tickSize": "0.1"},
}

Level = tuple[str, str]


def instrument(row: dict[str, Any], t: int = START) -> dict[str, Any]:
    return {"t": t, "i": row}


def book(
    at_ms: int, bids: Iterable[Level], asks: Iterable[Level], u: int = 1, kind: str = ""
) -> dict[str, Any]:
    """A book frame: update 1 is a snapshot, later ones deltas, unless `kind` says otherwise."""
    data = {"s": "BTCUSDT", "b": list(bids), "a": list(asks), "u": u, "seq": u}
    kind = kind or ("snapshot" if u == 1 else "delta")
    frame = {"topic": "orderbook.50.BTCUSDT", "type": kind, "ts": at_ms, "data": data, "cts": at_ms}
    return {"t": START + at_ms * 1_000_000, "f": frame}


def trade(at_ms: int, side: str, size: str, price: str) -> dict[str, Any]:
    row = {"T": at_ms, "s": "BTCUSDT", "S": side, "v": size, "p": price, "i": str(at_ms)}
    frame = {"topic": "publicTrade.BTCUSDT", "type": "snapshot", "ts": at_ms, "data": [row]}
    return {"t": START + at_ms * 1_000_000, "f": frame}


def ticker(at_ms: int, **data: str) -> dict[str, Any]:
    kind = data.pop("kind", "snapshot")
    frame = {
        "topic": "tickers.BTCUSDT",
        "type": kind,
        "ts": at_ms,
        "data": {"symbol": "BTCUSDT", **data},
    }
    return {"t": START + at_ms * 1_000_000, "f": frame}


def write(path: Path, lines: Iterable[dict[str, Any] | str | bytes]) -> Path:
    """Write a recording, gzipped where the name says so."""
    written = b""
    for line in lines:
        if isinstance(line, dict):
            line = json.dumps(line, separators=(",", ":"))
        written += line.encode() + b"\n" if isinstance(line, str) else line + b"\n"
    path.write_bytes(gzip.compress(written) if path.suffix == ".gz" else written)
    return path


def signed(
    clock: SimClock, payload: str, *, key: str = KEY, secret: str = KEY, window: str = "5000"
) -> dict[str, str]:
    """Headers that authenticate a raw query or body."""
    timestamp = str(clock.now_ns() // 1_000_000)
    text = f"{timestamp}{key}{window}{payload}"
    return {
        "X-BAPI-API-KEY": key,
        "X-BAPI-TIMESTAMP": timestamp,
        "X-BAPI-RECV-WINDOW": window,
        "X-BAPI-SIGN": hmac.new(secret.encode(), text.encode(), "sha256").hexdigest(),
    }


class Venue:
    """An exchange playing a recording, and one account's requests to it."""

    def __init__(
        self, path: Path, *frames: dict[str, Any], rows: Iterable[Any] = (LINEAR,), **options: Any
    ) -> None:
        write(path, [*(instrument(row) for row in rows), *frames])
        self.clock = SimClock(START)
        self.exchange: Exchange = create_exchange(self.clock, open_recording([path]), **options)
        self.exchange.start()
        self.category = "linear" if "contractType" in next(iter(rows)) else "spot"

    def play_to(self, at_ms: int) -> None:
        """Play every frame up to a time since the start."""
        until = START + at_ms * 1_000_000
        while (due := self.clock.next_ns()) is not None and due <= until:
            self.clock.fire_next()
        self.clock.move_to(until)

    def get(self, path: str, *, key: str = KEY, **query: object) -> dict[str, Any]:
        text = "&".join(
            f"{name}={value if name == 'cursor' else quote(str(value))}"
            for name, value in query.items()
        )
        headers = signed(self.clock, text, key=key, secret=key)
        reply = self.exchange.handle("GET", path, text, b"", headers)
        decoded: dict[str, Any] = json.loads(reply.body)
        return decoded

    def post(self, path: str, *, key: str = KEY, **body: object) -> dict[str, Any]:
        text = json.dumps({"category": self.category, **body})
        headers = signed(self.clock, text, key=key, secret=key)
        reply = self.exchange.handle("POST", path, "", text.encode(), headers)
        decoded: dict[str, Any] = json.loads(reply.body)
        return decoded

    def place(self, side: str, qty: str, price: str | None, **more: Any) -> dict[str, Any]:
        """order/create; a price of None is a market order."""
        body: dict[str, Any] = {"symbol": "BTCUSDT", "side": side, "qty": qty}
        body["orderType"] = "Market" if price is None else "Limit"
        if price is not None:
            body["price"] = price
        return self.post("/v5/order/create", **body, **more)

    def order(self, side: str, qty: str, price: str | None, **more: Any) -> Order:
        """Place an order that is accepted, and give what the exchange keeps of it."""
        reply = self.place(side, qty, price, **more)
        assert reply["retCode"] == 0, reply
        return self.account(more.get("key", KEY)).orders[reply["result"]["orderId"]]

    def amend(self, order: Order, **changes: str) -> dict[str, Any]:
        return self.post("/v5/order/amend", symbol="BTCUSDT", orderId=order.order_id, **changes)

    def cancel(self, order: Order) -> dict[str, Any]:
        return self.post("/v5/order/cancel", symbol="BTCUSDT", orderId=order.order_id)

    def account(self, key: str = KEY) -> Account:
        return self.exchange.accounts[key]

    def fills(self, order: Order) -> list[tuple[str, str, bool]]:
        """Quantity, price and whether as maker, of every fill."""
        executions = self.account(order.api_key).executions_of(order)
        return [(str(fill.qty), str(fill.price), fill.is_maker) for fill in executions]

    @property
    def position(self) -> Decimal:
        return self.account().positions["BTCUSDT"].qty
