"""The exchange as a server on loopback: HTTP and WebSockets on one port.

A thin shell: what a request means and when its answer comes is the exchange's business.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
from typing import Protocol

from engine.exchange import sockets
from engine.exchange.http import HttpConnection, Requests
from engine.exchange.sockets import Sessions, StreamConnection

LOCALHOST = "localhost"


class Venue(Requests, Sessions, Protocol):
    """What the server needs of the exchange."""


def check_loopback(host: str) -> None:
    """Raise ValueError unless `host` is this machine itself: nobody else may reach a simulation."""
    if host == LOCALHOST:
        return
    try:
        is_loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise ValueError(
            f"{host!r} is no loopback address: the simulated exchange listens on 127.0.0.1, ::1 "
            "or localhost only"
        )


class ExchangeServer:
    """Serves one exchange until it is closed."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._open: set[HttpConnection | StreamConnection] = set()
        self._listener: asyncio.Server | None = None
        self._left = asyncio.Event()
        self.url = ""

    async def listen(self, host: str, port: int) -> None:
        """Begin to serve; port 0 is any free one. Raises ValueError off loopback, OSError."""
        check_loopback(host)
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(self._connected, host, port, backlog=1024)
        bound = self._listener.sockets[0].getsockname()[1]
        self.url = f"http://[{host}]:{bound}" if ":" in host else f"http://{host}:{bound}"

    async def close(self) -> None:
        """End every connection in order, those that do not end in time at once."""
        if self._listener is not None:
            self._listener.close()
        for connection in list(self._open):
            connection.end()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(sockets.CLOSE_WAIT_S):
                while self._open:
                    self._left.clear()
                    await self._left.wait()
        for connection in list(self._open):
            connection.cut()

    def cut(self) -> None:
        """Cut every stream at once, as a failing network would."""
        for connection in list(self._open):
            if isinstance(connection, StreamConnection):
                connection.cut()

    def _connected(self) -> HttpConnection:
        connection = HttpConnection(self._venue, self._upgrade, self._forget)
        self._open.add(connection)
        return connection

    def _upgrade(self, transport: asyncio.Transport, head: bytes, rest: bytes) -> None:
        stream = StreamConnection(self._venue, transport, head, self._forget)
        self._open.add(stream)
        if rest:
            stream.data_received(rest)

    def _forget(self, connection: HttpConnection | StreamConnection) -> None:
        self._open.discard(connection)
        self._left.set()
