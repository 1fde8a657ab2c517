"""The exchange as a server on loopback: HTTP and WebSockets on one port.

A thin shell: what a request means and when its answer comes is the exchange's business. Targets and
bodies go on as the bytes that came, because they are signed.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from aiohttp import WSMsgType, hdrs, web
from aiohttp.web_request import BaseRequest

from engine.exchange.hub import Send
from engine.exchange.rest import Reply
from engine.exchange.streams import Session

LOCALHOST = "localhost"
LONGEST_QUEUE = 50_000  # messages that a client has not read; a slower one is cut off
LARGEST_MESSAGE = 1 << 20
IDLE_S = 600.0  # a stream on which a client says nothing for so long is closed
SHORTEST_IDLE_S, LONGEST_IDLE_S = 30.0, 600.0
CLOSE_WAIT_S = 1.0


class Venue(Protocol):
    """What the server needs of the exchange."""

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
    def arrive(self, action: Callable[[], None]) -> None: ...


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
        self._connections: set[_Connection] = set()
        self._listener: asyncio.Server | None = None
        self._web = web.Server(self._handle)
        self.url = ""

    async def listen(self, host: str, port: int) -> None:
        """Begin to serve; port 0 is any free one. Raises ValueError off loopback, OSError."""
        check_loopback(host)
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(self._web, host, port, backlog=1024)
        bound = self._listener.sockets[0].getsockname()[1]
        self.url = f"http://[{host}]:{bound}" if ":" in host else f"http://{host}:{bound}"

    async def close(self) -> None:
        """End every stream, then every connection."""
        if self._listener is not None:
            self._listener.close()
        for connection in list(self._connections):
            connection.end()
        await self._web.shutdown(CLOSE_WAIT_S)

    def cut(self) -> None:
        """Cut every stream at once, as a failing network would."""
        for connection in list(self._connections):
            connection.cut()

    async def _handle(self, request: BaseRequest) -> web.StreamResponse:
        if request.headers.get(hdrs.UPGRADE, "").lower() == "websocket":
            return await self._stream(request)
        path, _, query = request.raw_path.partition("?")
        body = await request.read()
        arrived: asyncio.Future[Reply | None] = asyncio.get_running_loop().create_future()

        def answer(reply: Reply | None) -> None:
            if not arrived.done():
                arrived.set_result(reply)

        self._venue.request(request.method, path, query, body, request.headers, answer)
        reply = await arrived
        if reply is None:
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        return web.Response(body=reply.body, status=reply.status, headers=reply.headers)

    async def _stream(self, request: BaseRequest) -> web.StreamResponse:
        path, _, query = request.raw_path.partition("?")
        socket = web.WebSocketResponse(
            autoclose=False, compress=False, max_msg_size=LARGEST_MESSAGE, timeout=CLOSE_WAIT_S
        )
        connection = _Connection(socket)
        session = self._venue.open_session(path, connection.push)
        if session is None:
            return web.Response(status=404)
        await socket.prepare(request)
        connection.transport = request.transport
        self._connections.add(connection)
        writer = asyncio.create_task(connection.write())
        try:
            await self._read(socket, session, idle_seconds(query))
        finally:
            self._connections.discard(connection)
            session.close()
            connection.end()
            await writer
        return socket

    async def _read(self, socket: web.WebSocketResponse, session: Session, idle_s: float) -> None:
        is_open = True

        def receiver(message: bytes) -> Callable[[], None]:
            return lambda: session.receive(message) if is_open else None

        while True:
            try:
                message = await socket.receive(idle_s)
            except TimeoutError:
                break
            if message.type is WSMsgType.TEXT:
                self._venue.arrive(receiver(message.data.encode()))
            elif message.type is WSMsgType.BINARY:
                self._venue.arrive(receiver(message.data))
            else:
                break
        is_open = False


class _Connection:
    """The way to one client: messages are queued at once and written in order."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self.transport: asyncio.Transport | None = None
        self._socket = socket
        self._queue: deque[bytes] = deque()
        self._ready = asyncio.Event()
        self._is_open = True

    def push(self, messages: Sequence[bytes]) -> None:
        """Take messages for the client."""
        if not messages or not self._is_open:
            return
        self._queue.extend(messages)
        self._ready.set()
        if len(self._queue) > LONGEST_QUEUE:
            self.cut()

    def end(self) -> None:
        """Close when all that is queued has been written."""
        self._is_open = False
        self._ready.set()

    def cut(self) -> None:
        """Lose the connection at once."""
        self._queue.clear()
        self.end()
        if self.transport is not None:
            self.transport.abort()

    async def write(self) -> None:
        """Write what is queued until the connection ends."""
        queue, socket = self._queue, self._socket
        try:
            while True:
                while queue:
                    await socket.send_frame(queue.popleft(), WSMsgType.TEXT)
                if not self._is_open:
                    break
                self._ready.clear()
                await self._ready.wait()
            await socket.close()
        except ConnectionError:
            self._is_open = False


def idle_seconds(query: str) -> float:
    """How long a stream may be silent, from its `max_active_time` (`45s` or `5m`)."""
    for parameter in query.split("&"):
        name, _, value = parameter.partition("=")
        if name == "max_active_time" and value[:-1].isdecimal() and value[-1] in "sm":
            wanted = float(value[:-1]) * (60.0 if value[-1] == "m" else 1.0)
            return min(max(wanted, SHORTEST_IDLE_S), LONGEST_IDLE_S)
    return IDLE_S
