"""Real sockets in virtual time: the exchange is served on the loopback to a client of this process.

The clock must not move while something is on the wire, or answers would seem to take as long as the
next timer. So both ends count: what has been sent and has not arrived is awaited.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, TypeVar

import pytest

from engine.clock import SimClock, run_simulated
from engine.exchange import Exchange, sockets
from engine.exchange.hub import Send
from engine.exchange.rest import Reply
from engine.exchange.server import ExchangeServer
from engine.exchange.streams import Session
from engine.hosts import session
from engine.venues.http import NetworkReply
from engine.venues.network import NetworkTransport
from engine.venues.sockets import NetworkStream
from tests.support import house

T = TypeVar("T")
NAME = "X-Wire"
PATIENCE_S = 5.0
"""Nothing is on the loopback for so long, in real time: a count is wrong, or a message was lost."""


class Ends:
    """One stream, as its two ends see it."""

    def __init__(self) -> None:
        self.on_the_way = 0
        self.is_open_here = self.is_open_there = True

    def is_awaited(self) -> bool:
        """True while a message, or the news of the end, has not arrived."""
        if self.is_open_here and self.is_open_there:
            return self.on_the_way > 0
        return self.is_open_here != self.is_open_there


class WiredSession:
    """The exchange's end of a stream."""

    def __init__(self, inner: Session, ends: Ends) -> None:
        self._inner = inner
        self.ends = ends

    def receive(self, message: bytes) -> None:
        self._inner.receive(message)

    def close(self) -> None:
        self.ends.is_open_there = False
        self._inner.close()


class WiredStream:
    """The client's end of a stream."""

    def __init__(self, inner: NetworkStream, ends: Ends) -> None:
        self._inner = inner
        self._ends = ends

    def send(self, message: bytes) -> None:
        self._inner.send(message)
        self._ends.on_the_way += 1

    def close(self) -> None:
        self._ends.is_open_here = False
        self._inner.close()


class WiredVenue:
    """What a server needs of the exchange, and what has arrived at it."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self.opening = Ends()
        self.asked: set[str] = set()
        """Requests that are on their way to the exchange."""
        self.answered: set[str] = set()
        """Requests whose answers are on their way back."""
        self.waited_for: set[str] = set()
        """Requests that the client still waits for."""

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
    ) -> None:
        name = headers[NAME.upper()]
        self.asked.discard(name)
        self.answered.discard(name)  # a GET whose connection was cut comes a second time

        def answered(reply: Reply | None) -> None:
            if name in self.waited_for:
                self.answered.add(name)
                answer(reply)

        self._exchange.request(method, path, query, body, headers, answered, at_once=at_once)

    def open_session(self, path: str, send: Send) -> Session | None:
        ends = self.opening

        def push(messages: Sequence[bytes]) -> None:
            ends.on_the_way += len(messages)
            send(messages)

        inner = self._exchange.open_session(path, push)
        return None if inner is None else WiredSession(inner, ends)

    def deliver(self, session: Session, message: bytes, *, at_once: bool) -> None:
        assert isinstance(session, WiredSession)
        session.ends.on_the_way -= 1
        self._exchange.deliver(session, message, at_once=at_once)


class WiredTransport:
    """The network transport to a server of its own, begun with its first use."""

    def __init__(self, exchange: Exchange) -> None:
        self._venue = WiredVenue(exchange)
        self._server = ExchangeServer(self._venue)
        self._network: NetworkTransport | None = None
        self._turn = asyncio.Lock()
        self._streams: list[Ends] = []
        self._count = 0
        self._is_opening = False

    def is_awaited(self) -> bool:
        """True while something is on the wire."""
        venue = self._venue
        busy = self._is_opening or venue.asked or venue.answered
        return bool(busy) or any(ends.is_awaited() for ends in self._streams)

    def told(self) -> str:
        """What never arrived."""
        venue = self._venue
        ends = [vars(ends) for ends in self._streams if ends.is_awaited()]
        return f"asked {venue.asked}, answered {venue.answered}, {self._is_opening=}, {ends}"

    async def request(
        self, method: str, path: str, query: str, body: bytes, headers: Mapping[str, str]
    ) -> NetworkReply:
        network = await self._begun()
        self._count += 1
        name, venue = str(self._count), self._venue
        venue.asked.add(name)
        venue.waited_for.add(name)
        try:
            return await network.request(method, path, query, body, {**headers, NAME: name})
        finally:
            for names in (venue.asked, venue.answered, venue.waited_for):
                names.discard(name)

    async def open_stream(
        self, path: str, on_message: Callable[[bytes], None], on_close: Callable[[str], None]
    ) -> WiredStream:
        network = await self._begun()
        ends = Ends()

        loop = asyncio.get_running_loop()

        def hear(message: bytes) -> None:
            # Both may be read in one turn of the loop: as in memory, the answer counts first.
            loop.call_soon(heard, message)

        def heard(message: bytes) -> None:
            ends.on_the_way -= 1
            on_message(message)

        def closed(reason: str) -> None:
            ends.is_open_here = False
            on_close(reason)

        async with self._turn:
            self._venue.opening, self._is_opening = ends, True
            try:
                inner = await network.open_stream(path, hear, closed)
            finally:
                self._is_opening = False
        self._streams.append(ends)
        return WiredStream(inner, ends)

    def cut(self) -> None:
        """Lose every stream."""
        self._server.cut()

    def drop(self) -> None:
        """Lose the network: streams end, and nothing in flight is ever answered."""
        self._venue.waited_for.clear()
        self._venue.asked.clear()
        self._venue.answered.clear()
        self.cut()

    async def close(self) -> None:
        """End both sides."""
        if self._network is not None:
            await self._network.close()
            await self._server.close()

    async def _begun(self) -> NetworkTransport:
        async with self._turn:
            if self._network is None:
                await self._server.listen("127.0.0.1", 0)
                rest = self._server.url
                self._network = NetworkTransport(
                    rest, lambda path: rest.replace("http", "ws", 1) + path
                )
        return self._network


class Wires:
    """Every connection of a test."""

    def __init__(self) -> None:
        self._made: list[WiredTransport] = []
        self._since_s = 0.0

    def transport(self, exchange: Exchange) -> WiredTransport:
        """A connection to this exchange, in place of the one in memory."""
        made = WiredTransport(exchange)
        exchange.attach(made)
        self._made.append(made)
        return made

    def run(self, clock: SimClock, main: Coroutine[Any, Any, T]) -> T:
        """`run_simulated`, with a clock that stands while something is on the wire."""

        async def whole() -> T:
            try:
                return await main
            finally:
                for made in self._made:
                    await made.close()

        return run_simulated(clock, whole(), self._is_awaited)

    def _is_awaited(self) -> bool:
        if not any(made.is_awaited() for made in self._made):
            self._since_s = 0.0
            return False
        now_s = time.monotonic()
        self._since_s = self._since_s or now_s
        assert now_s - self._since_s < PATIENCE_S, [made.told() for made in self._made]
        return True


def use_sockets(patch: pytest.MonkeyPatch) -> None:
    """Have exchanges of houses and sessions reached over real sockets."""
    wires = Wires()
    patch.setattr(Exchange, "transport", lambda exchange: wires.transport(exchange))
    patch.setattr(sockets, "CLOSE_WAIT_S", 0.05)
    for module in (house, session):
        patch.setattr(module, "run_simulated", wires.run)
