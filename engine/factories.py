"""The library's ready-made parts: a client, or a router over one, on a simulated exchange.

Each call makes an exchange of its own in this process, with a synthetic market. It starts with
the first request, in the event loop that makes it, and ends with `close`.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from engine.clock import NS, Clock, LiveClock, SimClock
from engine.errors import did_you_mean
from engine.exchange import Exchange, MemoryTransport, create_exchange
from engine.exchange.sources.synthetic import create_synthetic
from engine.router import OrderRouter
from engine.venues.bybit import BybitClient, create_bybit_client
from engine.venues.protocol import HttpReply, Stream

EXCHANGES = ("bybit",)
FREEZE_VARIABLE = "MM_FREEZE_UTC"
LATENCY_NS = 2_000_000
_KEY = "paper"


def create_client(
    exchange: str = "bybit",
    mock: bool = True,
    *,
    seed: int = 0,
    auto_fill: bool = False,
    freeze_utc: str | datetime | None = None,
) -> BybitClient:
    """Return a client on a simulated exchange of its own; no connecting is needed.

    The market comes from `seed`. `auto_fill` fills every limit order at once at its price.
    `freeze_utc` (an ISO time; by default the environment's MM_FREEZE_UTC) stops the clock there:
    then the market stands still too, and requests are answered without latency. Close it with
    `await client.close()` or use it with `async with`. Raises ValueError for what cannot be made.
    """
    clock = _clock(exchange, mock, freeze_utc)
    return _client(clock, seed, auto_fill)


def create_router(
    exchange: str = "bybit",
    mock: bool = True,
    timeout_s: float = 5.0,
    *,
    seed: int = 0,
    auto_fill: bool = False,
    freeze_utc: str | datetime | None = None,
) -> OrderRouter:
    """Return an order router over `create_client(...)`; every attempt ends within `timeout_s`.

    Closing the router closes its client. Raises ValueError for what cannot be made.
    """
    clock = _clock(exchange, mock, freeze_utc)
    client = _client(clock, seed, auto_fill)
    return OrderRouter(client, clock, rng=random.Random(seed), timeout_s=timeout_s)


class _LazyExchange:
    """A Transport to an exchange that is built and started by the first use."""

    def __init__(self, create: Callable[[], Exchange]) -> None:
        self._create = create
        self._exchange: Exchange | None = None
        self._transport: MemoryTransport | None = None

    async def request(
        self, method: str, path: str, query: str, body: bytes, headers: Mapping[str, str]
    ) -> HttpReply:
        return await self._started().request(method, path, query, body, headers)

    async def open_stream(
        self, path: str, on_message: Callable[[bytes], None], on_close: Callable[[str], None]
    ) -> Stream:
        return await self._started().open_stream(path, on_message, on_close)

    def stop(self) -> None:
        """Stop the market; what was traded can still be asked for."""
        if self._exchange is not None:
            self._exchange.stop()

    def _started(self) -> MemoryTransport:
        if self._transport is None:
            self._exchange = self._create()
            self._exchange.start()
            self._transport = self._exchange.transport()
        return self._transport


def _client(clock: Clock, seed: int, auto_fill: bool) -> BybitClient:
    def create() -> Exchange:
        return create_exchange(
            clock,
            create_synthetic(seed, clock.now_ns()),
            # A clock that stands still never reaches the end of a latency.
            latency_ns=0 if isinstance(clock, SimClock) else LATENCY_NS,
            credentials={_KEY: _KEY},
            seed=seed,
            auto_fill=auto_fill,
        )

    venue = _LazyExchange(create)
    return create_bybit_client(
        venue, clock, api_key=_KEY, api_secret=_KEY, rng=random.Random(seed), on_close=venue.stop
    )


def _clock(exchange: str, mock: bool, freeze_utc: str | datetime | None) -> Clock:
    if exchange not in EXCHANGES:
        hint = did_you_mean(exchange, EXCHANGES)
        raise ValueError(f"exchange: {exchange!r} is not one of {', '.join(EXCHANGES)}{hint}")
    if not mock:
        raise ValueError(
            "mock=False: a live account is not made here; describe it in a configuration file "
            "and start it with `tradedeck --config FILE --account NAME --live`"
        )
    if freeze_utc is not None:
        return SimClock(_unix_ns(freeze_utc, "freeze_utc"))
    frozen = os.environ.get(FREEZE_VARIABLE)
    return SimClock(_unix_ns(frozen, FREEZE_VARIABLE)) if frozen else LiveClock()


def _unix_ns(moment: str | datetime, name: str) -> int:
    if isinstance(moment, str):
        try:
            moment = datetime.fromisoformat(moment)
        except ValueError:
            raise ValueError(
                f"{name}: {moment!r} is not an ISO time such as 2026-01-31T12:00:00Z"
            ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * NS + since.microseconds * 1000
