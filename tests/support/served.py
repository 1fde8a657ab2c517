"""A simulated exchange served on the loopback from a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from engine.clock import LiveClock
from engine.exchange import Exchange, create_exchange
from engine.exchange.server import ExchangeServer
from engine.exchange.sources.synthetic import create_synthetic

KEY, SECRET = "served-key", "served-secret"


class Served:
    """The exchange, its server and the loop they live on."""

    def __init__(
        self, exchange: Exchange, server: ExchangeServer, loop: asyncio.AbstractEventLoop
    ) -> None:
        self.exchange = exchange
        self.server = server
        self._loop = loop

    @property
    def url(self) -> str:
        return self.server.url

    def drop(self) -> None:
        """Cut every stream at once."""
        self._loop.call_soon_threadsafe(self.server.cut)


@contextmanager
def served(seed: int = 7, port: int = 0, key: str = KEY, secret: str = SECRET) -> Iterator[Served]:
    """Serve a synthetic market; one account, with this key. Port 0 is any that is free."""
    opened: list[Served] = []
    ready, leave = threading.Event(), asyncio.Event()

    async def serve() -> None:
        clock = LiveClock()
        exchange = create_exchange(
            clock, create_synthetic(seed, clock.now_ns()), credentials={key: secret}, seed=seed
        )
        server = ExchangeServer(exchange)
        await server.listen("127.0.0.1", port)
        exchange.start()
        opened.append(Served(exchange, server, asyncio.get_running_loop()))
        ready.set()
        await leave.wait()
        exchange.stop()
        await server.close()

    thread = threading.Thread(target=asyncio.run, args=(serve(),), daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield opened[0]
    finally:
        opened[0]._loop.call_soon_threadsafe(leave.set)
        thread.join(10)
        assert not thread.is_alive()
