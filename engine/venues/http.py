"""HTTP requests to one venue over connections that are kept: one request on each at a time.

What was asked and not answered when its connection is lost may have been carried out: nothing is
sent twice but a GET for which a kept connection turned out to be closed. Sizes are bounded: a
larger answer closes its connection.
"""

from __future__ import annotations

import asyncio
import zlib
from collections import deque
from collections.abc import Mapping
from typing import cast

import msgspec
from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from engine.venues.connecting import Address, connect

MAX_BODY_BYTES = 16 * 2**20
MAX_HEAD_BYTES = 64 * 2**10
MAX_CONNECTIONS = 100
IDLE_S = 60.0  # longer than the pause between two comparisons: they find their connection open
_ENCODED = 32 + zlib.MAX_WBITS
"""zlib finds out itself whether an answer has the head of gzip or its own."""


class NetworkReply(msgspec.Struct, frozen=True):
    """One HTTP answer, read to its end; names of headers are written Like-This."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _Written(bytes):
    """A request that says who asks: whatever prints a frame's variables does not print it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "b'***'"


class HttpPool:
    """The connections to one venue. Belongs to the event loop of its first use."""

    def __init__(self, url: str) -> None:
        self._address = Address.of(url)
        host = url.partition("://")[2]
        self._ours = f"Host: {host}\r\nUser-Agent: tradedeck\r\nAccept-Encoding: gzip\r\n"
        self._slots = asyncio.Semaphore(MAX_CONNECTIONS)
        self._open: set[HttpConnection] = set()
        self._idle: deque[HttpConnection] = deque()  # the one that was used last is the last

    async def request(
        self, method: str, target: str, body: bytes, headers: Mapping[str, str]
    ) -> NetworkReply:
        """One HTTP exchange. Raises ConnectionError: its fate is not known."""
        written = self._write(method, target, body, headers)
        async with self._slots:
            while True:
                kept = self._kept()
                connection = kept or await self._connect()
                try:
                    reply = await connection.ask(written)
                except BaseException as error:
                    connection.abort()
                    is_lost = isinstance(error, ConnectionError) and not connection.has_heard
                    if is_lost and kept is not None and method == "GET":
                        continue
                    raise
                connection.rest()
                if connection.is_usable:
                    self._idle.append(connection)
                return reply

    async def close(self) -> None:
        """Close every connection; what is under way on them fails."""
        connections = list(self._open)
        for connection in connections:
            connection.abort()
        await asyncio.gather(*(connection.gone for connection in connections))

    def _write(self, method: str, target: str, body: bytes, headers: Mapping[str, str]) -> _Written:
        head = f"{method} {target} HTTP/1.1\r\n{self._ours}"
        for name, value in headers.items():
            head += f"{name}: {value}\r\n"
        if body or method != "GET":
            head += f"Content-Length: {len(body)}\r\n"
        return _Written(f"{head}\r\n".encode() + body)

    def _kept(self) -> HttpConnection | None:
        """The connection that was used last, unless that is too long ago."""
        oldest_s = asyncio.get_running_loop().time() - IDLE_S
        idle = self._idle
        while idle and idle[0].since_s < oldest_s:
            idle.popleft().abort()
        while idle:
            connection = idle.pop()
            if connection.is_usable:
                return connection
        return None

    async def _connect(self) -> HttpConnection:
        connection = HttpConnection(self._open)
        await connect(self._address, connection)
        return connection


class HttpConnection(asyncio.Protocol):
    """One connection; it is among the `others` while it is open."""

    def __init__(self, others: set[HttpConnection]) -> None:
        self._others = others
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport
        self._parser = HttpResponseParser(self)
        self._answer: asyncio.Future[NetworkReply] | None = None
        self._keeps_open = True
        self.gone: asyncio.Future[None] = self._loop.create_future()
        self.since_s = 0.0
        """When it was used last, in the loop's time."""

    @property
    def is_usable(self) -> bool:
        """True while another request can be sent."""
        return self._keeps_open and not self._transport.is_closing()

    @property
    def has_heard(self) -> bool:
        """True when part of an answer to the last request has come."""
        return self._size > 0

    def ask(self, written: bytes) -> asyncio.Future[NetworkReply]:
        """Send a request. The answer fails with ConnectionError where it does not come."""
        self._answer = answer = self._loop.create_future()
        self._size = 0
        self._until_closed = False
        self._headers: dict[str, str] = {}
        self._body = bytearray()
        if self._transport.is_closing():
            self._fail("the connection was lost")
        else:
            self._transport.write(written)
        return answer

    def rest(self) -> None:
        """The answer has come: nothing more is expected."""
        self._answer = None
        self.since_s = self._loop.time()

    def abort(self) -> None:
        """Lose the connection at once."""
        self._transport.abort()

    # What the event loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin: requests leave when they are written, not at the end of the loop's turn."""
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=0)
        self._others.add(self)

    def data_received(self, data: bytes) -> None:
        """Read on."""
        if self._answer is None:
            self.abort()  # nothing was asked
            return
        self._size += len(data)
        if self._size > MAX_BODY_BYTES + MAX_HEAD_BYTES:
            self._fail(f"the answer is larger than {MAX_BODY_BYTES} bytes")
            return
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade):
            self._fail("the answer cannot be read")

    def connection_lost(self, exc: Exception | None) -> None:
        """Some answers end with their connection; for others it is lost."""
        if exc is None and self._answer is not None and self._until_closed:
            self._finish()
        self._fail("the connection was lost")
        self._others.discard(self)
        self.gone.set_result(None)

    # What the parser calls

    def on_message_begin(self) -> None:
        """One answer is all that is waited for."""
        if self._answer is None or self._answer.done():
            self.abort()

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header, or what stands for one behind the body."""
        self._headers[name.decode("latin-1").title()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """Find out how the body ends."""
        has_end = "Content-Length" in self._headers or "Transfer-Encoding" in self._headers
        self._until_closed = not has_end

    def on_body(self, body: bytes) -> None:
        """Part of the body."""
        self._body += body
        if len(self._body) > MAX_BODY_BYTES:
            self._fail(f"the answer is larger than {MAX_BODY_BYTES} bytes")

    def on_message_complete(self) -> None:
        """Hand the answer over, unless it only says that one will come."""
        if self._parser.get_status_code() < 200:
            self._headers = {}
            return
        self._keeps_open = self._parser.should_keep_alive()
        self._finish()

    def _finish(self) -> None:
        answer, body = self._answer, bytes(self._body)
        if answer is None or answer.done():
            return
        if "Content-Encoding" in self._headers:
            try:
                body = _decoded(body)
            except ValueError as error:
                self._fail(str(error))
                return
        answer.set_result(NetworkReply(self._parser.get_status_code(), self._headers, body))

    def _fail(self, why: str) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionError(why))
        self.abort()


def _decoded(body: bytes) -> bytes:
    """A compressed body as it was. Raises ValueError."""
    inflater = zlib.decompressobj(_ENCODED)
    try:
        plain = inflater.decompress(body, MAX_BODY_BYTES)
    except zlib.error:
        raise ValueError("the answer cannot be read") from None
    if inflater.unconsumed_tail:
        raise ValueError(f"the answer is larger than {MAX_BODY_BYTES} bytes")
    if not inflater.eof:
        raise ValueError("the answer cannot be read")
    return plain
