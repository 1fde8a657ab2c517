"""The network as a Transport: HTTP requests and WebSockets over verified TLS.

Requests go out as they are: the query is not encoded again, redirects are not followed, proxies of
the environment and cookies are ignored. What breaks is a ConnectionError; the caller bounds the
whole request, only the connecting is bounded here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from engine.venues.connecting import Address, connect
from engine.venues.http import HttpPool, NetworkReply
from engine.venues.sockets import NetworkStream


class NetworkTransport:
    """Bytes to and from one venue. Belongs to the event loop of its first use.

    `rest_url` is the address that request paths are put behind; `stream_url` gives the address of
    a WebSocket path.
    """

    def __init__(self, rest_url: str, stream_url: Callable[[str], str]) -> None:
        self._pool = HttpPool(rest_url)
        self._stream_url = stream_url
        self._streams: set[NetworkStream] = set()

    async def request(
        self, method: str, path: str, query: str, body: bytes, headers: Mapping[str, str]
    ) -> NetworkReply:
        """One HTTP exchange. Raises ConnectionError: its fate is not known."""
        target = f"{path}?{query}" if query else path
        return await self._pool.request(method, target, body, headers)

    async def open_stream(
        self, path: str, on_message: Callable[[bytes], None], on_close: Callable[[str], None]
    ) -> NetworkStream:
        """Open a WebSocket. Raises ConnectionError."""
        url = self._stream_url(path)
        stream = NetworkStream(url, on_message, on_close, self._streams.discard)
        await connect(Address.of(url), stream)
        self._streams.add(stream)
        await stream.opened()
        return stream

    async def close(self) -> None:
        """Close every stream and connection. Safe to call twice."""
        await asyncio.gather(*(stream.ended() for stream in list(self._streams)))
        await self._pool.close()
