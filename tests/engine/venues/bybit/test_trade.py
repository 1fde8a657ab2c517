"""Orders over the trade WebSocket: whose answer is whose, and what a lost stream proves."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest

from engine.clock import NS, SimClock, run_simulated
from engine.core.reports import Outcome
from engine.core.requests import CancelRequest, OrderRequest
from engine.core.types import Side
from engine.venues.bybit import BybitClient, create_bybit_client
from engine.venues.bybit.endpoints import TRADE
from engine.venues.bybit.strict import MAX_BYTES
from engine.venues.errors import NotExecuted, RateLimited, VenueUnknown
from engine.venues.protocol import OrderResponse
from engine.venues.reasons import Reason
from tests.engine.venues.bybit.scripted import ScriptedStream, ScriptedTransport, agree, ok

T0 = 1_700_000_000 * NS
ORDER = OrderRequest(
    client_order_id="a1", symbol="BTCUSDT", side=Side.BUY, qty=Decimal("0.01"), price=Decimal(50000)
)
REST = "/v5/order/create"


class Rig:
    """A client whose venue answers nothing on the trade stream until the test does."""

    def __init__(self) -> None:
        self.clock = SimClock(T0)
        self.transport = ScriptedTransport({REST: [ok({"orderId": "by-rest"})]})
        self.transport.answer_stream = lambda said: (
            None if said["op"].startswith("order.") else agree(said)
        )
        self.client: BybitClient = create_bybit_client(
            self.transport,
            self.clock,
            api_key="KEY",
            api_secret="SECRET",
            categories=["linear"],
            symbols=[],
            trade_socket=True,
            rng=random.Random(1),
        )

    @property
    def trade(self) -> ScriptedStream:
        """The newest trade stream."""
        return [stream for stream in self.transport.streams if stream.path == TRADE][-1]

    @property
    def asked(self) -> list[dict[str, Any]]:
        """What was asked on it, after the login."""
        return [said for said in self.trade.sent if said["op"].startswith("order.")]

    async def place(self, order_id: str = "a1") -> asyncio.Task[OrderResponse]:
        """A place that is on its way."""
        request = OrderRequest(
            client_order_id=order_id,
            symbol="BTCUSDT",
            side=Side.BUY,
            qty=ORDER.qty,
            price=ORDER.price,
        )
        task = asyncio.create_task(self.client.place_order(request))
        await asyncio.sleep(0)
        return task

    def answer(self, request: dict[str, Any], code: int = 0, **more: Any) -> None:
        reply = {"reqId": request["reqId"], "retCode": code, "retMsg": "text", "op": request["op"]}
        self.trade.push(reply | {"data": {"orderId": f"by-ws-{request['reqId']}"}} | more)

    def play(self, scenario: Callable[[], Awaitable[None]]) -> None:
        async def whole() -> None:
            await self.client.connect(lambda _report: None, lambda _update: None)
            try:
                await scenario()
            finally:
                await self.client.close()

        run_simulated(self.clock, whole())


def test_a_request_carries_a_timestamp_and_the_body_of_rest() -> None:
    rig = Rig()

    async def scenario() -> None:
        placed = await rig.place()
        rig.answer(rig.asked[0])
        assert (await placed).exchange_order_id == "by-ws-td1"

    rig.play(scenario)
    (login, order) = rig.trade.sent
    assert login["op"] == "auth"
    assert order == {
        "reqId": "td1",
        "header": {"X-BAPI-TIMESTAMP": "1700000000000", "X-BAPI-RECV-WINDOW": "5000"},
        "op": "order.create",
        "args": [
            {
                "category": "linear",
                "symbol": "BTCUSDT",
                "side": "Buy",
                "orderType": "Limit",
                "qty": "0.01",
                "orderLinkId": "a1",
                "timeInForce": "GTC",
                "price": "50000",
            }
        ],
    }
    assert REST not in rig.transport.paths()


def test_answers_find_their_requests_in_any_order() -> None:
    rig = Rig()

    async def scenario() -> None:
        first, second = await rig.place("a1"), await rig.place("a2")
        rig.answer(rig.asked[1])
        rig.answer(rig.asked[0], 110007)
        assert (await second).exchange_order_id == "by-ws-td2"
        refused = await first
        assert (refused.outcome, refused.reason) == (Outcome.REJECTED, Reason.BALANCE)
        assert refused.text == "110007 text"

    rig.play(scenario)


def test_what_is_unanswered_when_the_stream_is_lost_is_unknown() -> None:
    rig = Rig()

    async def scenario() -> None:
        placed = await rig.place()
        rig.trade.drop("connection lost")
        with pytest.raises(VenueUnknown, match="connection lost"):
            await placed
        later = await rig.client.place_order(ORDER)
        assert later.exchange_order_id == "by-rest"

    rig.play(scenario)


def test_a_refusal_without_an_id_makes_those_that_wait_for_it_unknown() -> None:
    rig = Rig()

    async def scenario() -> None:
        placed = await rig.place()
        cancel = CancelRequest(client_order_id="b1", symbol="BTCUSDT")
        canceled = asyncio.create_task(rig.client.cancel_order(cancel))
        await asyncio.sleep(0)
        rig.trade.push({"success": False, "ret_msg": "Params Error", "op": "order.create"})
        with pytest.raises(VenueUnknown, match="Params Error"):
            await placed
        assert not canceled.done()
        rig.answer(rig.asked[1])
        assert (await canceled).accepted

    rig.play(scenario)
    assert rig.client.anomalies["trade_answer_without_id"] == 1


@pytest.mark.parametrize(
    ("code", "error"),
    [(10016, VenueUnknown), (20006, VenueUnknown), (10019, NotExecuted), (10002, NotExecuted)],
)
def test_a_code_proves_on_the_socket_what_it_proves_by_rest(
    code: int, error: type[Exception]
) -> None:
    rig = Rig()

    async def scenario() -> None:
        placed = await rig.place()
        rig.answer(rig.asked[0], code)
        with pytest.raises(error, match=str(code)):
            await placed

    rig.play(scenario)


def test_a_rate_limit_says_until_when() -> None:
    rig = Rig()

    async def scenario() -> None:
        placed = await rig.place()
        reset = {"X-Bapi-Limit-Reset-Timestamp": "1700000000400"}
        rig.answer(rig.asked[0], 10006, header=reset)
        with pytest.raises(RateLimited) as limited:
            await placed
        assert limited.value.retry_at_ns == T0 + 400_000_000

    rig.play(scenario)


def test_a_gateway_that_restarts_is_left_when_nothing_waits_on_it() -> None:
    rig = Rig()

    async def scenario() -> None:
        waits, refused = await rig.place("a1"), await rig.place("a2")
        old = rig.trade
        rig.answer(rig.asked[1], 10019)
        with pytest.raises(NotExecuted):
            await refused
        assert not old.closed
        assert (await rig.client.place_order(ORDER)).exchange_order_id == "by-rest"
        rig.answer(rig.asked[0])
        assert (await waits).accepted
        await rig.clock.sleep(1)
        assert old.closed
        assert rig.trade is not old
        again = await rig.place("a3")
        rig.answer(rig.asked[0])
        assert (await again).accepted

    rig.play(scenario)


def test_without_the_socket_orders_go_by_rest_and_return_to_it_later() -> None:
    rig = Rig()
    opened = rig.transport.open_stream

    async def no_trade(
        path: str, on_message: Callable[[bytes], None], on_close: Callable[[str], None]
    ) -> ScriptedStream:
        if path == TRADE:
            raise ConnectionError("no such host")
        return await opened(path, on_message, on_close)

    rig.transport.open_stream = no_trade  # type: ignore[method-assign]

    async def scenario() -> None:
        assert (await rig.client.place_order(ORDER)).exchange_order_id == "by-rest"
        rig.transport.open_stream = opened  # type: ignore[method-assign]
        await rig.clock.sleep(2)
        placed = await rig.place("a2")
        rig.answer(rig.asked[0])
        assert (await placed).exchange_order_id == "by-ws-td1"

    rig.play(scenario)


def test_a_cancelled_request_leaves_nothing_behind_and_a_late_answer_harms_nobody() -> None:
    rig = Rig()

    async def scenario() -> None:
        placed = await rig.place()
        placed.cancel()
        await asyncio.gather(placed, return_exceptions=True)
        rig.answer(rig.asked[0])
        rig.trade.push(b"\xff not json")
        again = await rig.place("a2")
        rig.answer(rig.asked[1])
        assert (await again).accepted

    rig.play(scenario)
    assert rig.client.anomalies == {"trade_message": 1}


USUAL = (
    b'{"reqId":"td1","retCode":0,"retMsg":"OK","op":"order.create",'
    b'"data":{"orderId":"by-ws","orderLinkId":"a1"},"retExtInfo":{},'
    b'"header":{"X-Bapi-Limit":"10","Timenow":"1700000000000"},"connId":"c-1"}'
)


@pytest.mark.parametrize(
    "answer", [USUAL, USUAL.replace(b"OK", b"OK: taken"), USUAL.replace(b'"retExtInfo":{},', b"")]
)
def test_an_answer_as_the_venue_gives_it_is_read(answer: bytes) -> None:
    rig = Rig()

    async def scenario() -> None:
        placed = await rig.place()
        rig.trade.push(answer)
        response = await placed
        assert (response.accepted, response.exchange_order_id) == (True, "by-ws")

    rig.play(scenario)
    assert not rig.client.anomalies


@pytest.mark.parametrize(
    "answer",
    [
        USUAL.replace(b'"retCode":0', b'"retCode":0,"retCode":10006'),
        USUAL.replace(b'"orderId":"by-ws"', b'"orderId":"by-ws","orderId":"another"'),
        USUAL.replace(b'"Timenow"', b'"X-Bapi-Limit"'),
        USUAL.replace(b"by-ws", b"by\\u001bws"),
    ],
)
def test_f34_an_answer_that_looks_usual_and_says_two_things_is_not_believed(answer: bytes) -> None:
    rig = Rig()

    async def scenario() -> None:
        placed = await rig.place()
        rig.trade.push(answer)
        with pytest.raises(VenueUnknown, match="could not be read"):
            await placed

    rig.play(scenario)
    assert rig.client.anomalies == {"trade_message": 1}


NAMED = '{"reqId":"td1","op":"order.create","retCode":0,"retMsg":"OK"'


@pytest.mark.parametrize(
    "answer",
    [
        NAMED + ',"data":{"orderId":"a\\u001bb"}}',
        NAMED + ',"data":{"orderId":7}}',
        NAMED + ',"header":{"X-Bapi-Limit":{}}}',
        NAMED.replace("0", '"0"') + "}",
    ],
    ids=lambda answer: answer[-40:],
)
def test_f34_what_an_answer_that_cannot_be_used_was_for_is_unknown_and_nothing_else(
    answer: str,
) -> None:
    rig = Rig()

    async def scenario() -> None:
        first, second = await rig.place("a1"), await rig.place("a2")
        rig.trade.push(answer.encode())
        with pytest.raises(VenueUnknown, match="could not be read"):
            await first
        assert not second.done()
        rig.answer(rig.asked[1])
        assert (await second).accepted

    rig.play(scenario)
    assert rig.client.anomalies == {"trade_message": 1}
    assert rig.client.quarantined[-1] == ("trade_message", answer.encode())


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"NaN",
        b"\xff not json",
        b"<html>bad gateway</html>",
        NAMED.encode() + b',"retCode":0}',
        NAMED.encode() + b',"reqId":"td2"}',
        NAMED.encode(),
        NAMED.replace("0", "1e400").encode() + b"}",
        b'{"reqId":7,"op":"order.create"}',
        b"[" * 100_000 + b"]" * 100_000,
        NAMED.encode() + b',"note":"' + b"x" * MAX_BYTES + b'"}',
    ],
    ids=lambda answer: repr(answer[-30:]),
)
def test_f34_an_answer_that_does_not_say_what_it_was_for_leaves_everything_unknown(
    answer: bytes,
) -> None:
    rig = Rig()

    async def scenario() -> None:
        placed = await rig.place()
        cancel = CancelRequest(client_order_id="b1", symbol="BTCUSDT")
        canceled = asyncio.create_task(rig.client.cancel_order(cancel))
        await asyncio.sleep(0)
        rig.trade.push(answer)
        for task in (placed, canceled):
            with pytest.raises(VenueUnknown, match="could not be read"):
                await task

    rig.play(scenario)
    assert rig.client.anomalies == {"trade_message": 1}


@pytest.mark.parametrize("op", ["auth", "ping", "pong"])
def test_what_is_about_the_connection_and_cannot_be_read_leaves_requests_alone(op: str) -> None:
    rig = Rig()

    async def scenario() -> None:
        placed = await rig.place()
        rig.trade.push({"op": op, "retCode": "soon"})
        assert not placed.done()
        rig.answer(rig.asked[0])
        assert (await placed).accepted

    rig.play(scenario)
    assert rig.client.anomalies == {"trade_message": 1}


def test_an_answer_without_a_code_is_no_acceptance() -> None:
    rig = Rig()

    async def scenario() -> None:
        first, second = await rig.place("a1"), await rig.place("a2")
        refusal = {"success": False, "ret_msg": "Params\x1b Error", "op": "order.create"}
        rig.trade.push(refusal | {"reqId": "td1"})
        with pytest.raises(VenueUnknown) as unknown:
            await first
        assert str(unknown.value) == "Params Error"
        assert not second.done()
        rig.answer(rig.asked[1])
        await second

    rig.play(scenario)
    assert rig.client.anomalies == {"trade_answer_without_code": 1}


def test_an_answer_to_nobody_is_nothing() -> None:
    rig = Rig()

    async def scenario() -> None:
        placed = await rig.place()
        rig.trade.push({"reqId": "td99", "op": "order.create", "retCode": "no number"})
        assert not placed.done()
        rig.answer(rig.asked[0])
        await placed

    rig.play(scenario)


async def give_up(task: asyncio.Task[OrderResponse]) -> None:
    """End a request as the router does when its time is up."""
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_the_answer_to_a_ping_is_read_though_its_data_are_a_list() -> None:
    rig = Rig()

    async def scenario() -> None:
        placed = await rig.place()
        rig.trade.push({"retCode": 0, "retMsg": "OK", "op": "pong", "data": ["1700000000000"]})
        await asyncio.sleep(0)
        assert not rig.client.anomalies
        rig.answer(rig.asked[0])
        assert (await placed).accepted

    rig.play(scenario)


def test_a_list_is_no_answer_to_an_order_whose_fate_is_then_unknown() -> None:
    rig = Rig()

    async def scenario() -> None:
        placed = await rig.place()
        rig.answer(rig.asked[0], data=["1700000000000"])
        with pytest.raises(VenueUnknown):
            await placed
        assert rig.client.anomalies == {"trade_message": 1}

    rig.play(scenario)


def test_f29_a_socket_that_is_silent_while_a_request_waits_is_not_used_until_it_is_heard() -> None:
    rig = Rig()

    async def scenario() -> None:
        await give_up(await rig.place("a1"))
        assert (await (await rig.place("a2"))).exchange_order_id == "by-rest"
        rig.trade.push({"op": "pong", "retCode": 0})
        placed = await rig.place("a3")
        rig.answer(rig.asked[-1])
        assert (await placed).exchange_order_id == "by-ws-td2"

    rig.play(scenario)


def test_a_request_without_an_answer_on_a_socket_that_speaks_is_no_reason_to_leave_it() -> None:
    rig = Rig()

    async def scenario() -> None:
        lost, answered = await rig.place("a1"), await rig.place("a2")
        rig.answer(rig.asked[1])
        await answered
        await give_up(lost)
        placed = await rig.place("a3")
        rig.answer(rig.asked[-1])
        assert (await placed).exchange_order_id == "by-ws-td3"

    rig.play(scenario)


def test_f29_a_trade_socket_without_a_word_for_ten_seconds_is_opened_anew() -> None:
    rig = Rig()
    rig.transport.answer_stream = lambda said: None if said["op"] == "ping" else agree(said)

    async def scenario() -> None:
        first = rig.trade
        await rig.clock.sleep(9.9)
        assert rig.trade is first
        await rig.clock.sleep(1)
        assert rig.trade is not first

    rig.play(scenario)
