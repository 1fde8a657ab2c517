"""A program: the order lifecycle as one would first write it, in a closed loop.

    python -m tests.bench.naive FOLDER uvloop|asyncio IN_FLIGHT ORDERS

Dataclasses and enums, prometheus_client's `.labels()` on every count, tenacity around every call,
a log line and an aiofiles append for every event, JSON from the standard library. Nothing waits
for the disk. The venue is in the process and answers with JSON: an acknowledgement, two fills.
Prints one line of JSON.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

import aiofiles
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from tests.bench.desk import run_on

WARM_UP = 500
SYMBOLS = [f"B{number:02}USDT" for number in range(50)]
LIMIT = Decimal(1_000_000)
log = logging.getLogger("naive")


class Status(Enum):
    """What an order shows."""

    PENDING = "Pending"
    NEW = "New"
    PARTIALLY_FILLED = "PartiallyFilled"
    FILLED = "Filled"


NEXT = {
    (Status.PENDING, "ack"): Status.NEW,
    (Status.NEW, "fill"): Status.PARTIALLY_FILLED,
    (Status.PARTIALLY_FILLED, "fill"): Status.FILLED,
}


@dataclass
class Order:
    """One order with its history."""

    order_id: str
    symbol: str
    side: str
    qty: Decimal
    price: Decimal
    sent_s: float
    status: Status = Status.PENDING
    filled: Decimal = Decimal(0)
    history: list[tuple[float, str]] = field(default_factory=list)


@dataclass
class Position:
    """One symbol's position at average cost."""

    qty: Decimal = Decimal(0)
    cost: Decimal = Decimal(0)
    realized: Decimal = Decimal(0)


@dataclass
class Event:
    """One line of the file of events."""

    at: float
    kind: str
    order_id: str
    symbol: str
    status: str
    qty: str
    price: str


class Metrics:
    """The ten families."""

    def __init__(self) -> None:
        registry = CollectorRegistry()
        order, symbol = ("symbol", "side"), ("symbol",)
        self.placed = Counter("orders_placed", "", order, registry=registry)
        self.filled = Counter("orders_filled", "", order, registry=registry)
        self.partial = Counter("orders_partially_filled", "", order, registry=registry)
        self.rejected = Counter("orders_rejected", "", (*order, "reason"), registry=registry)
        self.canceled = Counter("orders_canceled", "", order, registry=registry)
        self.ack_latency = Histogram("order_latency_seconds", "", symbol, registry=registry)
        self.fill_latency = Histogram("fill_latency_seconds", "", symbol, registry=registry)
        self.retries = Histogram("order_retry_count", "", symbol, registry=registry)
        self.position = Gauge("position_qty", "", symbol, registry=registry)
        self.pnl = Gauge("position_pnl", "", symbol, registry=registry)


class Venue:
    """Takes signed JSON, answers an acknowledgement, then reports two halves as filled."""

    def __init__(self) -> None:
        self.on_message: Callable[[bytes], object] = print

    async def post(self, body: bytes, signature: str) -> bytes:
        """The answer to an order; its fills follow."""
        if signature != sign(body):
            raise ConnectionError("bad signature")
        order = json.loads(body)
        loop = asyncio.get_running_loop()
        for number in range(2):
            fill = {
                "topic": "execution",
                "orderLinkId": order["orderLinkId"],
                "execId": f"{order['orderLinkId']}-{number}",
                "execQty": str(Decimal(order["qty"]) / 2),
                "execPrice": order["price"],
            }
            loop.call_soon(self.on_message, json.dumps(fill).encode())
        return json.dumps(
            {"retCode": 0, "result": {"orderId": "x" + order["orderLinkId"]}}
        ).encode()


def sign(body: bytes) -> str:
    """The request's signature."""
    return hmac.new(b"secret", body, hashlib.sha256).hexdigest()


class Desk:
    """Places orders and follows them; `on_filled` hears of each that is done."""

    def __init__(self, path: Path, venue: Venue, on_filled: Callable[[], None]) -> None:
        self.orders: dict[str, Order] = {}
        self.positions = {symbol: Position() for symbol in SYMBOLS}
        self.metrics = Metrics()
        self.path = path
        self.venue = venue
        self.on_filled = on_filled
        self.tasks: set[asyncio.Task[None]] = set()
        venue.on_message = self.receive

    def spawn(self, number: int) -> None:
        """Begin one order's life."""
        self._start(self.place(number))

    def receive(self, message: bytes) -> None:
        """Take a fill from the venue's stream."""
        self._start(self.fill(json.loads(message)))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def record(self, order: Order, kind: str) -> None:
        """One event: a line in the log and one in the file."""
        event = Event(
            time.time(), kind, order.order_id, order.symbol, order.status.value,
            str(order.qty), str(order.price),
        )  # fmt: skip
        order.history.append((event.at, kind))
        log.info("%s %s %s %s", kind, order.order_id, order.symbol, order.status.value)
        async with aiofiles.open(self.path, "a") as file:
            await file.write(json.dumps(asdict(event)) + "\n")

    async def place(self, number: int) -> None:
        """Check, record, send, and take the answer."""
        side = "Buy" if number // 50 % 2 == 0 else "Sell"
        order = Order(
            f"n{number}", SYMBOLS[number % 50], side, Decimal(2), Decimal(1_000), time.time()
        )
        if order.order_id in self.orders or order.qty * order.price > LIMIT:
            raise ValueError(order.order_id)
        self.orders[order.order_id] = order
        await self.record(order, "submitted")
        self.metrics.placed.labels(symbol=order.symbol, side=order.side).inc()
        body = json.dumps(
            {
                "category": "linear",
                "symbol": order.symbol,
                "side": order.side,
                "orderType": "Limit",
                "qty": str(order.qty),
                "price": str(order.price),
                "timeInForce": "GTC",
                "orderLinkId": order.order_id,
            }
        ).encode()
        reply = {"retCode": -1}
        async for attempt in AsyncRetrying(
            stop=stop_after_attempt(4),
            wait=wait_exponential(multiplier=0.1),
            retry=retry_if_exception_type((TimeoutError, ConnectionError)),
            reraise=True,
        ):
            with attempt:
                reply = json.loads(await asyncio.wait_for(self.venue.post(body, sign(body)), 5.0))
        if reply["retCode"]:
            raise ValueError(reply)
        await self.acknowledge(order)

    async def acknowledge(self, order: Order) -> None:
        """The venue has it."""
        if order.status is Status.PENDING:
            order.status = NEXT[order.status, "ack"]
        await self.record(order, "ack")
        metrics = self.metrics
        metrics.ack_latency.labels(symbol=order.symbol).observe(time.time() - order.sent_s)
        metrics.retries.labels(symbol=order.symbol).observe(0)

    async def fill(self, row: dict[str, str]) -> None:
        """Book one execution."""
        order = self.orders[row["orderLinkId"]]
        qty, price = Decimal(row["execQty"]), Decimal(row["execPrice"])
        if order.status is Status.PENDING:  # a fill may come before the answer
            order.status = Status.NEW
        first = not order.filled
        order.status = NEXT[order.status, "fill"]
        order.filled += qty
        position = self.positions[order.symbol]
        signed = qty if order.side == "Buy" else -qty
        position.qty += signed
        position.cost += signed * price
        await self.record(order, "fill")
        metrics, symbol, side = self.metrics, order.symbol, order.side
        if first:
            metrics.fill_latency.labels(symbol=symbol).observe(time.time() - order.sent_s)
            metrics.partial.labels(symbol=symbol, side=side).inc()
        metrics.position.labels(symbol=symbol).set(float(position.qty))
        metrics.pnl.labels(symbol=symbol).set(float(position.realized))
        if order.filled == order.qty:
            metrics.filled.labels(symbol=symbol, side=side).inc()
            if not first:
                self.on_filled()


async def run(folder: Path, in_flight: int, orders: int) -> dict[str, float]:
    """Lifecycles a second, and the CPU each took."""
    total = WARM_UP + orders
    sent = done = 0
    finished = asyncio.Event()
    started_s = started_cpu_s = 0.0

    def filled() -> None:
        nonlocal sent, done, started_s, started_cpu_s
        done += 1
        if done == WARM_UP:
            started_s, started_cpu_s = time.perf_counter(), time.process_time()
        if sent < total:
            sent += 1
            desk.spawn(sent)
        elif done == total:
            finished.set()

    desk = Desk(folder / "events.jsonl", Venue(), filled)
    for sent in range(1, in_flight + 1):
        desk.spawn(sent)
    await asyncio.wait_for(finished.wait(), 120)
    took_s = time.perf_counter() - started_s
    cpu_s = time.process_time() - started_cpu_s
    return {"per_s": orders / took_s, "cpu_us": cpu_s / orders * 1e6}


if __name__ == "__main__":
    parent, loop, in_flight, orders = sys.argv[1:]
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        logging.basicConfig(
            filename=Path(folder, "naive.log"),
            level=logging.INFO,
            format="%(asctime)s %(levelname)s %(name)s %(message)s",
        )
        print(json.dumps(run_on(loop, run(Path(folder), int(in_flight), int(orders)))))
