"""The exchange over real sockets, on loopback."""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from websockets.frames import Frame, Opcode

from engine.clock import LiveClock
from engine.exchange import Exchange, create_exchange, sockets
from engine.exchange.server import ExchangeServer, check_loopback
from engine.exchange.sources.synthetic import create_synthetic

KEY = "paper"


class Site:
    """A served exchange and a client of it."""

    def __init__(self, exchange: Exchange, server: ExchangeServer, http: aiohttp.ClientSession):
        self.exchange = exchange
        self.server = server
        self.http = http

    def headers(self, payload: str) -> dict[str, str]:
        timestamp = str(LiveClock().now_ns() // 1_000_000)
        signed = f"{timestamp}{KEY}5000{payload}".encode()
        return {
            "X-BAPI-API-KEY": KEY,
            "X-BAPI-TIMESTAMP": timestamp,
            "X-BAPI-RECV-WINDOW": "5000",
            "X-BAPI-SIGN": hmac.new(KEY.encode(), signed, "sha256").hexdigest(),
        }

    async def post(self, path: str, body: str) -> dict[str, Any]:
        url = self.server.url + path
        async with self.http.post(url, data=body, headers=self.headers(body)) as reply:
            assert int(reply.headers["X-Bapi-Limit-Status"]) > 0
            decoded: dict[str, Any] = json.loads(await reply.read())
            return decoded

    async def stream(self, path: str) -> aiohttp.ClientWebSocketResponse:
        return await self.http.ws_connect(self.server.url + path)

    async def sign_in(self, path: str) -> aiohttp.ClientWebSocketResponse:
        socket = await self.stream(path)
        expires = LiveClock().now_ns() // 1_000_000 + 10_000
        signature = hmac.new(KEY.encode(), f"GET/realtime{expires}".encode(), "sha256").hexdigest()
        await socket.send_json({"op": "auth", "args": [KEY, str(expires), signature]})
        await socket.receive_json()
        return socket


def serve(scenario: Callable[[Site], Awaitable[None]], **options: Any) -> None:
    async def main() -> None:
        clock = LiveClock()
        exchange = create_exchange(clock, create_synthetic(1, clock.now_ns()), **options)
        server = ExchangeServer(exchange)
        await server.listen("127.0.0.1", 0)
        exchange.start()
        async with aiohttp.ClientSession() as http:
            await asyncio.wait_for(scenario(Site(exchange, server, http)), 30)
        exchange.stop()
        await server.close()

    asyncio.run(main())


ORDER = {
    "category": "linear",
    "symbol": "BTCUSDT",
    "side": "Buy",
    "orderType": "Limit",
    "qty": "0.01",
    "price": "30000",
    "orderLinkId": "one",
}


def test_a_signed_body_is_checked_as_it_was_sent() -> None:
    async def scenario(site: Site) -> None:
        spaced = json.dumps(ORDER, indent=2)
        assert (await site.post("/v5/order/create", spaced))["retCode"] == 0
        again = json.dumps(ORDER, separators=(",", ":"))
        assert (await site.post("/v5/order/create", again))["retCode"] == 110072

    serve(scenario)


def test_a_query_is_checked_as_it_was_sent_escapes_and_all() -> None:
    async def scenario(site: Site) -> None:
        query = "category=linear&symbol=BTCUSDT&orderLinkId=%6Fne"
        await site.post("/v5/order/create", json.dumps(ORDER))
        # A socket of our own: clients like to put escapes into a form of theirs.
        reader, writer = await asyncio.open_connection("127.0.0.1", site.server.url.split(":")[-1])
        lines = [f"GET /v5/order/realtime?{query} HTTP/1.1", "Host: exchange", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in site.headers(query).items()]
        writer.write("\r\n".join([*lines, "", ""]).encode())
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200")
        assert [row["orderLinkId"] for row in json.loads(body)["result"]["list"]] == ["one"]
        writer.close()

    serve(scenario)


def test_what_is_nowhere_is_not_found() -> None:
    async def scenario(site: Site) -> None:
        async with site.http.get(site.server.url + "/v5/nothing") as reply:
            assert (reply.status, (await reply.json())["retCode"]) == (404, 10017)
        with pytest.raises(aiohttp.WSServerHandshakeError, match="404"):
            await site.stream("/v5/nothing")

    serve(scenario)


def test_all_four_pongs() -> None:
    async def scenario(site: Site) -> None:
        pongs = []
        for path in ("public/linear", "public/spot", "private", "trade"):
            socket = await site.stream(f"/v5/{path}")
            await socket.send_json({"op": "ping"})
            pong = await socket.receive_json()
            pongs.append({name for name in pong if name not in ("conn_id", "connId")})
            await socket.close()
        assert pongs == [
            {"success", "ret_msg", "req_id", "op"},
            {"success", "ret_msg", "op"},
            {"op", "args"},
            {"retCode", "retMsg", "op", "data"},
        ]

    serve(scenario)


def test_an_order_over_the_trade_stream_shows_on_the_private_one() -> None:
    async def scenario(site: Site) -> None:
        private, trade = await site.sign_in("/v5/private"), await site.sign_in("/v5/trade")
        await private.send_json({"op": "subscribe", "args": ["order"]})
        await private.receive_json()
        request: dict[str, Any] = {"reqId": "r1", "op": "order.create", "args": [ORDER]}
        request["header"] = {"X-BAPI-TIMESTAMP": LiveClock().now_ns() // 1_000_000}
        await trade.send_json(request)
        answer = await trade.receive_json()
        assert (answer["reqId"], answer["retCode"]) == ("r1", 0)
        (row,) = (await private.receive_json())["data"]
        assert (row["orderId"], row["orderStatus"]) == (answer["data"]["orderId"], "New")

    serve(scenario)


def test_closing_ends_every_stream_in_order() -> None:
    async def scenario(site: Site) -> None:
        socket = await site.stream("/v5/private")
        closing = asyncio.create_task(site.server.close())
        assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSE
        await closing

    serve(scenario)


def test_a_cut_ends_every_stream() -> None:
    async def scenario(site: Site) -> None:
        socket = await site.stream("/v5/private")
        await socket.send_json({"op": "ping"})
        await socket.receive()
        site.server.cut()
        assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSED
        assert socket.close_code == aiohttp.WSCloseCode.ABNORMAL_CLOSURE

    serve(scenario)


def test_a_server_that_has_served_nobody_closes() -> None:
    async def main() -> None:
        clock = LiveClock()
        await ExchangeServer(create_exchange(clock, create_synthetic(1, clock.now_ns()))).close()

    asyncio.run(main())


def test_what_does_not_end_in_time_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "CLOSE_WAIT_S", 0.0)

    async def scenario(site: Site) -> None:
        socket = await site.stream("/v5/private")
        await site.server.close()  # the client has not read that it should go
        assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSE
        assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSED

    serve(scenario)


def test_what_follows_a_handshake_at_once_is_heard() -> None:
    async def scenario(site: Site) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", site.server.url.split(":")[-1])
        lines = ["GET /v5/trade HTTP/1.1", "Host: exchange", "Upgrade: websocket"]
        lines += ["Connection: Upgrade", "Sec-WebSocket-Version: 13"]
        lines += ["Sec-WebSocket-Key: MDAwMDAwMDAwMDAwMDAwMA==", "", ""]
        ping = Frame(Opcode.TEXT, b'{"op":"ping"}').serialize(mask=True)
        writer.write("\r\n".join(lines).encode() + ping)
        assert await reader.readuntil(b'"op":"pong"')
        writer.close()

    serve(scenario)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_loopback_is_served(host: str) -> None:
    check_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "example.com", ""])
def test_nothing_else_is(host: str) -> None:
    with pytest.raises(ValueError, match="no loopback address"):
        check_loopback(host)
