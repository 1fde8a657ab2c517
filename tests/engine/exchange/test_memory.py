"""The in-process connection: latency, the order of answers and pushes, and losing it."""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from engine.clock import SimClock, run_simulated
from engine.exchange import Exchange, create_exchange
from engine.exchange.sources.recorded import open_recording
from engine.venues.protocol import Transport
from tests.engine.exchange.venue import LINEAR, START, book, instrument, signed, ticker, write

LATENCY_NS = 2_000_000
SNAPSHOT = book(0, [("99.9", "2")], [("100.0", "1")])


class Trader:
    """A client that notes when things reach it."""

    def __init__(self, clock: SimClock, exchange: Exchange) -> None:
        self.clock = clock
        self.exchange = exchange
        self.transport: Transport = exchange.transport()  # what a venue client asks for
        self.log: list[tuple[int, str]] = []
        self.bodies: list[dict[str, Any]] = []

    def note(self, what: str) -> None:
        self.log.append(((self.clock.now_ns() - START) // 1000, what))

    async def listen(self, *topics: str) -> Any:
        stream = await self.transport.open_stream("/v5/private", self._take, self.note)
        expires = self.clock.now_ns() // 1_000_000 + 10_000
        signature = hmac.new(b"paper", f"GET/realtime{expires}".encode(), "sha256").hexdigest()
        stream.send(json.dumps({"op": "auth", "args": ["paper", expires, signature]}).encode())
        stream.send(json.dumps({"op": "subscribe", "args": topics}).encode())
        await self.clock.sleep(0.01)
        self.log.clear()
        self.bodies.clear()
        return stream

    def _take(self, message: bytes) -> None:
        body = json.loads(message)
        self.bodies.append(body)
        self.note(body.get("topic") or body["op"])

    async def place(self, side: str, qty: str, price: str) -> Any:
        body = json.dumps(
            {
                "category": "linear",
                "symbol": "BTCUSDT",
                "side": side,
                "orderType": "Limit",
                "qty": qty,
                "price": price,
            }
        )
        reply = await self.transport.request(
            "POST", "/v5/order/create", "", body.encode(), signed(self.clock, body)
        )
        self.note("reply")
        return json.loads(reply.body)


def run(path: Path, *frames: Any, latency_ns: int = LATENCY_NS) -> Any:
    """A decorator: runs a coroutine function with a trader, in virtual time."""
    write(path / "market.jsonl", [instrument(LINEAR), *frames])

    def decorate(main: Any) -> None:
        async def with_trader(clock: SimClock) -> None:
            source = open_recording([path / "market.jsonl"])
            exchange = create_exchange(clock, source, latency_ns=latency_ns)
            exchange.start()
            await main(Trader(clock, exchange))

        clock = SimClock(START)
        coroutine: Coroutine[Any, Any, None] = with_trader(clock)
        run_simulated(clock, coroutine)

    return decorate


def test_an_order_reaches_the_book_after_the_latency_and_is_answered_then(tmp_path: Path) -> None:
    @run(tmp_path, SNAPSHOT)
    async def _(trader: Trader) -> None:
        reply = await trader.place("Buy", "1", "99.0")
        assert (reply["retCode"], reply["time"]) == (0, START // 1_000_000 + 2)
        assert trader.log == [(2000, "reply")]


@pytest.mark.parametrize(
    ("latency_ns", "expected"),
    [
        (LATENCY_NS, "reply execution order position wallet reply order"),
        (0, "reply reply execution order position wallet"),
    ],
)
def test_the_answer_comes_first_then_the_rows_of_the_same_instant(
    tmp_path: Path, latency_ns: int, expected: str
) -> None:
    @run(tmp_path, SNAPSHOT, latency_ns=latency_ns)
    async def _(trader: Trader) -> None:
        await trader.listen("order", "execution", "position", "wallet")
        await asyncio.gather(trader.place("Buy", "1", "100.0"), trader.place("Buy", "1", "99.0"))
        await trader.clock.sleep(0.001)
        at = 10_000 + latency_ns // 1000
        assert {moment for moment, _ in trader.log} == {at}
        assert [name for _, name in trader.log] == expected.split()


def test_frames_of_an_instant_come_before_orders_that_arrive_at_it(tmp_path: Path) -> None:
    @run(tmp_path, SNAPSHOT, book(1, [("99.8", "1")], [], u=2), book(2, [], [("100.0", "5")], u=3))
    async def _(trader: Trader) -> None:
        await trader.place("Buy", "4", "100.0")
        await trader.clock.sleep(0.001)
        (order,) = trader.exchange.accounts["paper"].orders.values()
        assert order.status == "Filled"


def test_position_and_wallet_are_pushed_once_a_turn_as_they_are_then(tmp_path: Path) -> None:
    @run(tmp_path, SNAPSHOT, ticker(0, lastPrice="100.0", markPrice="101.0"))
    async def _(trader: Trader) -> None:
        await trader.listen("position", "wallet")
        await asyncio.gather(
            trader.place("Buy", "0.25", "100.0"), trader.place("Buy", "0.75", "100.0")
        )
        await trader.clock.sleep(0.001)
        messages = {body["topic"]: body["data"][0] for body in trader.bodies}
        position, wallet = messages["position"], messages["wallet"]
        assert (position["side"], position["size"], position["entryPrice"]) == (
            "Buy",
            "1.00",
            "100",
        )
        assert (position["category"], position["unrealisedPnl"]) == ("linear", "1")
        assert (position["positionIM"], position["positionMM"]) == ("10.1", "0.505")
        assert (wallet["totalInitialMargin"], wallet["totalMaintenanceMargin"]) == ("10.1", "0.505")
        assert "avgPrice" not in position
        (coin,) = wallet["coin"]
        assert (coin["walletBalance"], coin["equity"]) == ("999999.945", "1000000.945")


def test_pausing_holds_back_frames_but_not_answers_and_resuming_shifts_them(
    tmp_path: Path,
) -> None:
    @run(tmp_path, SNAPSHOT, book(10, [("99.9", "7")], [], u=2), book(20, [], [], u=3))
    async def _(trader: Trader) -> None:
        exchange = trader.exchange
        await trader.clock.sleep(0.005)
        exchange.pause()
        exchange.pause()
        await trader.clock.sleep(1)
        assert (await trader.place("Buy", "1", "99.0"))["retCode"] == 0
        assert exchange.counts.book_updates == 1
        await trader.clock.sleep(0.998)
        exchange.resume()
        exchange.resume()
        assert exchange.counts.book_updates == 1
        await trader.clock.sleep(0.005)
        assert exchange.counts.book_updates == 2
        seen = exchange.progress
        assert seen == (START, START + 20_000_000, START + 10_000_000, False)
        await trader.clock.sleep(0.01)
        assert exchange.progress.finished


def test_dropped_connections_close_streams_and_answer_nothing_yet_the_order_arrives(
    tmp_path: Path,
) -> None:
    @run(tmp_path, SNAPSHOT)
    async def _(trader: Trader) -> None:
        await trader.listen("order")
        waiting = asyncio.ensure_future(trader.place("Buy", "1", "99.0"))
        await asyncio.sleep(0)
        trader.exchange.drop_connections()
        await trader.clock.sleep(1)
        assert not waiting.done()
        assert [name for _, name in trader.log] == ["connection lost"]
        (order,) = trader.exchange.accounts["paper"].orders.values()
        assert order.status == "New"
        waiting.cancel()
        await trader.listen("order")
        assert (await trader.place("Buy", "1", "99.0"))["retCode"] == 0


def test_a_cancelled_request_still_reaches_the_exchange(tmp_path: Path) -> None:
    @run(tmp_path, SNAPSHOT)
    async def _(trader: Trader) -> None:
        waiting = asyncio.ensure_future(trader.place("Buy", "1", "99.0"))
        await asyncio.sleep(0)
        waiting.cancel()
        await trader.clock.sleep(1)
        assert len(trader.exchange.accounts["paper"].orders) == 1


def test_a_closed_stream_says_so_once_and_is_silent(tmp_path: Path) -> None:
    @run(tmp_path, SNAPSHOT, book(20, [("99.9", "1")], [], u=2))
    async def _(trader: Trader) -> None:
        got: list[bytes] = []
        closed: list[str] = []
        transport = trader.transport
        stream = await transport.open_stream("/v5/public/linear", got.append, closed.append)
        stream.send(b'{"op":"subscribe","args":["orderbook.50.BTCUSDT"]}')
        await trader.clock.sleep(0.01)
        assert len(got) == 2
        stream.send(b'{"op":"ping"}')
        stream.close()
        stream.close()
        await trader.clock.sleep(1)
        assert (len(got), closed) == (2, ["closed by the client"])


def test_what_was_on_its_way_when_the_client_closed_is_not_delivered(tmp_path: Path) -> None:
    @run(tmp_path, SNAPSHOT)
    async def _(trader: Trader) -> None:
        got: list[bytes] = []

        def take(message: bytes) -> None:
            got.append(message)
            stream.close()

        stream = await trader.transport.open_stream("/v5/public/linear", take, lambda _: None)
        stream.send(b'{"op":"subscribe","args":["orderbook.50.BTCUSDT"]}')
        await trader.clock.sleep(1)
        assert len(got) == 1


def test_there_is_no_stream_at_an_unknown_path(tmp_path: Path) -> None:
    @run(tmp_path, SNAPSHOT)
    async def _(trader: Trader) -> None:
        with pytest.raises(ConnectionError, match="/v5/nowhere"):
            await trader.transport.open_stream("/v5/nowhere", print, print)
