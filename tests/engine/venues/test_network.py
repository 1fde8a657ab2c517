"""Bytes over real sockets on the loopback: what goes out, and how a broken line is told."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import WSMsgType, web

from engine.venues import http, sockets
from engine.venues.network import NetworkTransport
from engine.venues.sockets import NetworkStream

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def venue(handler: Handler) -> AsyncIterator[NetworkTransport]:
    """A venue that answers everything with `handler`, and a transport to it."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    transport = NetworkTransport(f"http://{host}:{port}", lambda path: f"ws://{host}:{port}{path}")
    try:
        yield transport
    finally:
        await transport.close()
        await runner.cleanup()


class Ears:
    """What a stream has said, and why it ended."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.closed: list[str] = []
        self._news = asyncio.Event()

    def on_message(self, message: bytes) -> None:
        self.heard.append(message)
        self._news.set()

    def on_close(self, reason: str) -> None:
        self.closed.append(reason)
        self._news.set()

    async def until(self, reached: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not reached():
                await self._news.wait()
                self._news.clear()


async def open_stream(transport: NetworkTransport, ears: Ears) -> NetworkStream:
    return await transport.open_stream("/v5/private", ears.on_message, ears.on_close)


def test_a_request_arrives_byte_for_byte() -> None:
    seen: list[tuple[str, str, bytes, str | None]] = []

    async def handler(request: web.Request) -> web.Response:
        key = request.headers.get("X-BAPI-API-KEY")
        seen.append((request.method, request.raw_path, await request.read(), key))
        return web.Response(body=b'{"ok":1}', headers={"x-bapi-limit": "10"})

    async def scenario() -> None:
        async with venue(handler) as transport:
            reply = await transport.request(
                "GET", "/v5/order/history", "cursor=a%3D1%26b", b"", {"X-BAPI-API-KEY": "key"}
            )
            assert (reply.status, reply.body) == (200, b'{"ok":1}')
            assert reply.headers["X-Bapi-Limit"] == "10"
            await transport.request("POST", "/v5/order/create", "", b'{"a": "b"}', {})

    asyncio.run(scenario())
    assert seen == [
        ("GET", "/v5/order/history?cursor=a%3D1%26b", b"", "key"),
        ("POST", "/v5/order/create", b'{"a": "b"}', None),
    ]


def test_a_compressed_answer_is_read_and_a_redirect_is_not_followed() -> None:
    async def handler(request: web.Request) -> web.Response:
        if request.path == "/zipped":
            return web.Response(body=gzip.compress(b"plain"), headers={"Content-Encoding": "gzip"})
        raise web.HTTPFound("/zipped")

    async def scenario() -> None:
        async with venue(handler) as transport:
            assert (await transport.request("GET", "/zipped", "", b"", {})).body == b"plain"
            assert (await transport.request("GET", "/moved", "", b"", {})).status == 302

    asyncio.run(scenario())


def test_a_lost_connection_is_a_connection_error_and_nothing_is_sent_twice() -> None:
    requests = 0

    async def handler(request: web.Request) -> web.Response:
        nonlocal requests
        requests += 1
        if requests == 1:
            return web.Response()
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async def scenario() -> None:
        async with venue(handler) as transport:
            await transport.request("POST", "/v5/order/create", "", b"{}", {})
            with pytest.raises(ConnectionError, match="the connection was lost"):
                await transport.request("POST", "/v5/order/create", "", b"{}", {})

    asyncio.run(scenario())
    assert requests == 2


def test_nobody_there_is_a_connection_error_without_the_address() -> None:
    async def scenario() -> None:
        async with venue(_never) as transport:
            host, port, _ = transport._pool._address
            address = f"http://{host}:{port}"
        gone = NetworkTransport(address, lambda path: address.replace("http", "ws") + path)
        with pytest.raises(ConnectionError, match=r"^no connection: Connection refused$"):
            await gone.request("GET", "/v5/market/time", "", b"", {})
        with pytest.raises(ConnectionError, match=r"^no connection: Connection refused$"):
            await open_stream(gone, Ears())
        await gone.close()
        await gone.close()

    asyncio.run(scenario())


def test_an_answer_that_is_too_large_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MAX_BODY_BYTES", 1000)

    async def handler(_request: web.Request) -> web.Response:
        return web.Response(body=b"x" * 1001)

    async def scenario() -> None:
        async with venue(handler) as transport:
            with pytest.raises(ConnectionError, match="larger than 1000 bytes"):
                await transport.request("GET", "/", "", b"", {})

    asyncio.run(scenario())


def test_a_stream_speaks_and_hears_text_in_order() -> None:
    ears = Ears()

    async def handler(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            assert message.type is WSMsgType.TEXT
            await socket.send_str(message.data.upper())
        return socket

    async def scenario() -> None:
        async with venue(handler) as transport:
            stream = await open_stream(transport, ears)
            for word in (b"one", b"two", b"three"):
                stream.send(word)
            await ears.until(lambda: len(ears.heard) == 3)
            stream.close()
            stream.close()
            await ears.until(lambda: bool(ears.closed))
            with pytest.raises(ConnectionError, match="the stream is closed"):
                stream.send(b"four")

    asyncio.run(scenario())
    assert ears.heard == [b"ONE", b"TWO", b"THREE"]
    assert ears.closed == ["closed by the client"]


def test_a_stream_that_the_venue_closes_says_so_once() -> None:
    ears = Ears()

    async def handler(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.close(code=1012)
        return socket

    async def scenario() -> None:
        async with venue(handler) as transport:
            await open_stream(transport, ears)
            await ears.until(lambda: bool(ears.closed))

    asyncio.run(scenario())
    assert ears.closed == ["closed by the venue, code 1012"]


def test_broken_text_reaches_the_codec_as_it_came() -> None:
    ears = Ears()

    async def handler(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_frame(b'{"topic":"\xff"}', WSMsgType.TEXT)
        await socket.receive()
        return socket

    async def scenario() -> None:
        async with venue(handler) as transport:
            await open_stream(transport, ears)
            await ears.until(lambda: bool(ears.heard))

    asyncio.run(scenario())
    assert ears.heard == [b'{"topic":"\xff"}']


def test_a_frame_that_is_too_large_ends_the_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "MAX_FRAME_BYTES", 1000)
    ears = Ears()

    async def handler(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_bytes(b"x" * 2000)
        await socket.receive()
        return socket

    async def scenario() -> None:
        async with venue(handler) as transport:
            await open_stream(transport, ears)
            await ears.until(lambda: bool(ears.closed))

    asyncio.run(scenario())
    assert (ears.heard, ears.closed) == (
        [],
        ["closed for a frame that cannot be read, code 1009"],
    )


def test_a_refused_stream_names_the_status() -> None:
    async def handler(_request: web.Request) -> web.Response:
        return web.Response(status=403)

    async def scenario() -> None:
        async with venue(handler) as transport:
            with pytest.raises(ConnectionError, match="refused the stream with HTTP 403"):
                await open_stream(transport, Ears())

    asyncio.run(scenario())


def test_a_peer_that_takes_nothing_is_told_as_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "UNSENT_MAX_BYTES", 2)

    async def scenario() -> None:
        async with venue(_listen) as transport:
            stream = await open_stream(transport, Ears())
            with pytest.raises(ConnectionError, match="nothing leaves"):
                flood(stream)

    def flood(stream: NetworkStream) -> None:
        for _ in range(1000):  # more than the system holds back for one connection
            stream.send(b"x" * 2**20)

    asyncio.run(scenario())


async def _never(_request: web.Request) -> web.Response:
    raise AssertionError("nothing is asked of this venue")


async def _listen(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for _message in socket:
        pass
    return socket
