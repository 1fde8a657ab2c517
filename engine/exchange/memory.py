"""A connection to the simulated exchange inside the process: requests and streams, no sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from engine.exchange.hub import Send
from engine.exchange.rest import Reply
from engine.exchange.streams import Session


class Venue(Protocol):
    """What the transport needs of the exchange."""

    def request(
        self,
        method: str,
        path: str,
        query: str,
        body: bytes,
        headers: Mapping[str, str],
        answer: Callable[[Reply | None], None],
    ) -> None: ...
    def open_session(self, path: str, send: Send) -> Session | None: ...
    def deliver(self, session: Session, message: bytes) -> None: ...


class MemoryStream:
    """The client's end of a stream. Messages and the close arrive through the event loop."""

    def __init__(
        self,
        venue: Venue,
        path: str,
        on_message: Callable[[bytes], None],
        on_close: Callable[[str], None],
        forget: Callable[[MemoryStream], None],
    ) -> None:
        session = venue.open_session(path, self._push)
        if session is None:
            raise ConnectionError(f"no stream at {path}")
        self._venue = venue
        self._session = session
        self._on_message = on_message
        self._on_close = on_close
        self._forget = forget
        self._loop = asyncio.get_running_loop()
        self._is_open = True

    def send(self, message: bytes) -> None:
        """Send a message; it reaches the exchange after its latency, or never if closed first."""
        self._venue.deliver(self._session, message)

    def close(self) -> None:
        """Close from the client's side."""
        self.end("closed by the client")

    def end(self, reason: str) -> None:
        """End the stream and tell the client why, once; undelivered messages are lost."""
        if self._is_open:
            self._is_open = False
            self._session.close()
            self._forget(self)
            self._loop.call_soon(self._on_close, reason)

    def _push(self, messages: Sequence[bytes]) -> None:
        self._loop.call_soon(self._deliver, messages)

    def _deliver(self, messages: Sequence[bytes]) -> None:
        for message in messages:
            if self._is_open:
                self._on_message(message)


class MemoryTransport:
    """Requests and streams of one client; keeps working after `drop`, as a network would."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._streams: list[MemoryStream] = []
        self._in_flight: set[asyncio.Future[Reply]] = set()

    async def request(
        self, method: str, path: str, query: str, body: bytes, headers: Mapping[str, str]
    ) -> Reply:
        """One HTTP exchange. A cancelled or dropped request still reaches the exchange.

        Raises ConnectionError where the exchange cuts the connection instead of answering.
        """
        arrived: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        in_flight = self._in_flight

        def answer(reply: Reply | None) -> None:
            if arrived not in in_flight or arrived.done():
                return
            if reply is None:
                arrived.set_exception(ConnectionError("connection reset by the exchange"))
            else:
                arrived.set_result(reply)

        in_flight.add(arrived)
        self._venue.request(method, path, query, body, headers, answer)
        try:
            return await arrived
        finally:
            in_flight.discard(arrived)

    async def open_stream(
        self, path: str, on_message: Callable[[bytes], None], on_close: Callable[[str], None]
    ) -> MemoryStream:
        """Open a WebSocket. Raises ConnectionError where there is no such stream."""
        stream = MemoryStream(self._venue, path, on_message, on_close, self._streams.remove)
        self._streams.append(stream)
        return stream

    def cut(self) -> None:
        """Lose every stream; requests are still answered."""
        for stream in list(self._streams):
            stream.end("connection lost")

    def drop(self) -> None:
        """Lose the network: streams end, and nothing in flight is ever answered."""
        self._in_flight.clear()
        self.cut()
