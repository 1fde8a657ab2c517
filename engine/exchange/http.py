"""One connection of a client that speaks HTTP: requests are answered one by one, in their order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from typing import NamedTuple, Protocol, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

from engine.exchange.rest import Reply

LARGEST_REQUEST = 1 << 20
MOST_UNANSWERED = 100
"""Requests that a client may send ahead of their answers; then it is read no further."""
_STATUS_LINES = {item.value: f"HTTP/1.1 {item.value} {item.phrase}\r\n" for item in HTTPStatus}


class Requests(Protocol):
    """What answers them."""

    def request(
        self,
        method: str,
        path: str,
        query: str,
        body: bytes,
        headers: Mapping[str, str],
        answer: Callable[[Reply | None], None],
        *,
        at_once: bool,
    ) -> None: ...


class _Request(NamedTuple):
    method: str
    target: str
    body: bytes
    headers: Mapping[str, str]
    keeps_open: bool


Upgrade = Callable[[asyncio.Transport, bytes, bytes], None]
"""Called with the transport, the head of a request that asks for another protocol, and what
follows it."""


class HttpConnection(asyncio.Protocol):
    """Targets and bodies go on as the bytes that came, because they are signed; header names in
    upper case. `forget` is called when the connection is over, or somebody else's by `upgrade`.
    """

    def __init__(
        self,
        requests: Requests,
        upgrade: Upgrade,
        forget: Callable[[HttpConnection], None],
    ) -> None:
        self._requests = requests
        self._upgrade = upgrade
        self._forget = forget
        self._transport: asyncio.Transport
        self._parser = HttpRequestParser(self)
        self._size = 0  # of the request that is being read
        self._target = ""
        self._headers: dict[str, str] = {}
        self._body = b""
        self._unanswered: deque[_Request] = deque()
        self._is_ending = False

    # What the event loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin: answers leave when they are written, not at the end of the loop's turn."""
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=0)

    def data_received(self, data: bytes) -> None:
        """Read on."""
        self._size += len(data)
        if self._size > LARGEST_REQUEST:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade as asked:
            self._unanswered.clear()
            self._forget(self)
            self._upgrade(self._transport, self._head(), data[asked.args[0] :])
        except HttpParserError:
            self._refuse(HTTPStatus.BAD_REQUEST)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody waits for an answer any more."""
        self._unanswered.clear()
        self._forget(self)

    # What the parser calls

    def on_url(self, url: bytes) -> None:
        """Part of the target."""
        self._target += url.decode("latin-1")

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        self._headers[name.decode("latin-1").upper()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """Let a client send its body that asks first."""
        if self._headers.get("EXPECT", "").lower() == "100-continue":
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        """Part of the body."""
        self._body += body

    def on_message_complete(self) -> None:
        """Take the request to the exchange when those before it are answered."""
        if self._parser.should_upgrade():
            return  # its head is still needed
        request = _Request(
            self._parser.get_method().decode(),
            self._target,
            self._body,
            self._headers,
            self._parser.should_keep_alive(),
        )
        self._size, self._target, self._body, self._headers = 0, "", b"", {}
        self._unanswered.append(request)
        if len(self._unanswered) == 1:
            self._ask(request)
        elif len(self._unanswered) == MOST_UNANSWERED:
            self._transport.pause_reading()

    # Answers

    def end(self) -> None:
        """Close when what was asked is answered."""
        self._is_ending = True
        if not self._unanswered:
            self._transport.close()

    def cut(self) -> None:
        """Lose the connection at once."""
        self._transport.abort()

    def _ask(self, request: _Request) -> None:
        path, _, query = request.target.partition("?")
        answer = partial(self._answer, request)
        self._requests.request(
            request.method, path, query, request.body, request.headers, answer, at_once=True
        )

    def _answer(self, request: _Request, reply: Reply | None) -> None:
        """Write an answer; None loses the connection instead."""
        unanswered = self._unanswered
        if not unanswered or unanswered[0] is not request:
            return  # the connection was lost meanwhile
        if reply is None:
            self._transport.abort()
            return
        stays = request.keeps_open and not self._is_ending
        self._transport.write(_written(reply, stays=stays))
        if not stays:
            self._unanswered.clear()
            self._transport.close()
            return
        if len(unanswered) == MOST_UNANSWERED:
            self._transport.resume_reading()
        unanswered.popleft()
        if unanswered:
            self._ask(unanswered[0])

    def _refuse(self, status: HTTPStatus) -> None:
        """Say what is wrong with what was sent, and hang up: what follows cannot be read."""
        self._unanswered.clear()
        self._transport.write(_written(Reply(status, {}, b""), stays=False))
        self._transport.close()

    def _head(self) -> bytes:
        """The head of the request that was read last, as it can be read again."""
        lines = [f"{self._parser.get_method().decode()} {self._target} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in self._headers.items()]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _written(reply: Reply, *, stays: bool) -> bytes:
    head = _STATUS_LINES[reply.status]
    for name, value in reply.headers.items():
        head += f"{name}: {value}\r\n"
    end = "\r\n" if stays else "Connection: close\r\n\r\n"
    return f"{head}Content-Length: {len(reply.body)}\r\n{end}".encode("latin-1") + reply.body
