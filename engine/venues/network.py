"""The network as a Transport: HTTP requests and WebSockets over verified TLS.

One connection pool for everything. Requests go out as they are: the query is not encoded again,
redirects are not followed, proxies of the environment and cookies are ignored. Nothing is sent
twice but a GET for which a kept connection turned out to be closed. What breaks is a
ConnectionError, what takes too long a TimeoutError; the caller bounds the whole request, only the
connecting is bounded here. Sizes are bounded: a larger answer or frame closes its connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import deque
from collections.abc import Callable, Mapping

import aiohttp
import msgspec
from yarl import URL

MAX_BODY_BYTES = 16 * 2**20
MAX_FRAME_BYTES = 4 * 2**20
"""A full book of 1,000 levels is some 50 KB, a page of orders 100 KB."""
UNSENT_MAX = 1_000
"""Messages waiting on one WebSocket; a peer that takes none is as good as gone."""
CONNECT_TIMEOUT_S = 5.0
IDLE_S = 60.0  # longer than the pause between two comparisons: they find their connection open


class NetworkReply(msgspec.Struct, frozen=True):
    """One HTTP answer, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class NetworkTransport:
    """Bytes to and from one venue. Belongs to the event loop of its first use.

    `rest_url` is the address that request paths are put behind; `stream_url` gives the address of
    a WebSocket path.
    """

    def __init__(self, rest_url: str, stream_url: Callable[[str], str]) -> None:
        self._rest_url = rest_url
        self._stream_url = stream_url
        self._opened: aiohttp.ClientSession | None = None
        self._streams: set[NetworkStream] = set()

    async def request(
        self, method: str, path: str, query: str, body: bytes, headers: Mapping[str, str]
    ) -> NetworkReply:
        """One HTTP exchange. Raises TimeoutError or ConnectionError: its fate is not known."""
        target = f"{self._rest_url}{path}?{query}" if query else f"{self._rest_url}{path}"
        try:
            async with self._session().request(
                method,
                URL(target, encoded=True),
                data=body or None,
                headers=headers,
                allow_redirects=False,
            ) as response:
                return NetworkReply(response.status, response.headers, await _read(response))
        except aiohttp.ConnectionTimeoutError as error:
            raise ConnectionError(f"no connection within {CONNECT_TIMEOUT_S:g} s") from error
        except aiohttp.ClientError as error:
            raise ConnectionError(_told(error)) from error

    async def open_stream(
        self, path: str, on_message: Callable[[bytes], None], on_close: Callable[[str], None]
    ) -> NetworkStream:
        """Open a WebSocket. Raises TimeoutError or ConnectionError."""
        try:
            socket = await self._session().ws_connect(
                URL(self._stream_url(path), encoded=True),
                max_msg_size=MAX_FRAME_BYTES,
                decode_text=False,
            )
        except aiohttp.ClientError as error:
            raise ConnectionError(_told(error)) from error
        stream = NetworkStream(socket, on_message, on_close, self._streams.discard)
        self._streams.add(stream)
        return stream

    async def close(self) -> None:
        """Close every stream and connection. Safe to call twice."""
        await asyncio.gather(*(stream.ended() for stream in list(self._streams)))
        opened, self._opened = self._opened, None
        if opened is not None:
            await opened.close()

    def _session(self) -> aiohttp.ClientSession:
        if self._opened is None:
            self._opened = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(keepalive_timeout=IDLE_S),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(
                    total=None, connect=CONNECT_TIMEOUT_S, sock_connect=CONNECT_TIMEOUT_S
                ),
                trust_env=False,
            )
        return self._opened


class NetworkStream:
    """One open WebSocket: a task reads, a task writes, and both end together."""

    def __init__(
        self,
        socket: aiohttp.ClientWebSocketResponse[bool],
        on_message: Callable[[bytes], None],
        on_close: Callable[[str], None],
        forget: Callable[[NetworkStream], None],
    ) -> None:
        self._socket = socket
        self._on_message = on_message
        self._on_close = on_close
        self._forget = forget
        self._unsent: deque[bytes] = deque()
        self._waking = asyncio.Event()
        self._closing = False
        self._writer = asyncio.create_task(self._write(), name="stream writer")
        self._task = asyncio.create_task(self._read(), name="stream reader")

    def send(self, message: bytes) -> None:
        """Queue a message; it leaves in order. Raises ConnectionError when nothing leaves."""
        if self._closing or len(self._unsent) >= UNSENT_MAX:
            raise ConnectionError("the stream is closed" if self._closing else "nothing leaves")
        self._unsent.append(message)
        self._waking.set()

    def close(self) -> None:
        """Close from our side; what is still unsent is dropped."""
        if not self._closing:
            self._closing = True
            self._writer.cancel()
            self._task.cancel()

    async def ended(self) -> None:
        """Close, and wait until the socket is."""
        self.close()
        await asyncio.gather(self._task, self._writer, return_exceptions=True)

    async def _read(self) -> None:
        reason = "a message could not be taken in"
        try:
            reason = await self._messages()
        except asyncio.CancelledError:
            reason = "closed by the client"
        finally:
            self._closing = True
            self._writer.cancel()
            with contextlib.suppress(aiohttp.ClientError, OSError):
                await self._socket.close()
            self._forget(self)
            self._on_close(reason)

    async def _messages(self) -> str:
        """Hand over messages until there are no more; why that is."""
        while True:
            message = await self._socket.receive()
            if message.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
                self._on_message(message.data)
            elif message.type is aiohttp.WSMsgType.ERROR:
                return _told(message.data)
            else:
                return f"closed by the venue, code {self._socket.close_code}"

    async def _write(self) -> None:
        try:
            while True:
                await self._waking.wait()
                self._waking.clear()
                while self._unsent:
                    await self._socket.send_frame(self._unsent[0], aiohttp.WSMsgType.TEXT)
                    self._unsent.popleft()
        except (aiohttp.ClientError, ConnectionError):
            await self._socket.close()  # the reader hears of it and tells why


async def _read(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            response.close()
            raise ConnectionError(f"the answer is larger than {MAX_BODY_BYTES} bytes")
    return bytes(body)


def _told(error: BaseException | None) -> str:
    """What went wrong, without the address: it may carry what nobody should read."""
    if isinstance(error, aiohttp.WebSocketError):
        return f"closed for a frame that cannot be read, code {error.code}"
    if isinstance(error, aiohttp.WSServerHandshakeError):
        return f"the venue refused the stream with HTTP {error.status}"
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientSSLError):
        return "the venue's certificate could not be verified"
    if isinstance(error, aiohttp.ClientConnectorError):
        number = error.os_error.errno  # its own text has the address in it
        return f"no connection: {os.strerror(number) if number else 'no such host'}"
    return type(error).__name__ if error is not None else "lost"
