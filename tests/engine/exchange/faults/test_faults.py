"""Each fault as a client meets it, in memory and in virtual time."""

from __future__ import annotations

import hmac
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from engine.clock import SimClock, run_simulated
from engine.exchange import create_exchange
from engine.exchange.faults import Plan, Rule, parse_plan
from engine.exchange.sources.recorded import open_recording
from tests.engine.exchange.venue import LINEAR, START, book, instrument, signed, write

BOOK = book(0, [("99.9", "5")], [("100.0", "5")])
FRAMES = [BOOK, *(book(100 + u, [("99.8", str(u))], [], u=u) for u in range(2, 6))]
CREATE = "/v5/order/create"


def fault(**entry: Any) -> Rule:
    """A rule with its kind's defaults."""
    return parse_plan([("the test", entry)]).rules[0]


class Client:
    """One client of an exchange on which things go wrong."""

    def __init__(self, path: Path, *rules: Rule) -> None:
        write(path, [instrument(LINEAR), *FRAMES])
        self.clock = SimClock(START)
        plan = Plan(seed=1, rules=list(rules))
        self.exchange = create_exchange(self.clock, open_recording([path]), faults=plan)
        self.transport = self.exchange.transport()
        self.closed: list[str] = []
        self.count = 0

    async def ask(self, method: str, path: str, query: str = "", body: str = "") -> Any:
        headers = signed(self.clock, query or body)
        return await self.transport.request(method, path, query, body.encode(), headers)

    async def place(self, **terms: Any) -> Any:
        """The reply to an order, decoded; raises ConnectionError where it is cut off."""
        self.count += 1
        order = {"side": "Buy", "orderType": "Limit", "qty": "1", "price": "99"} | terms
        order |= {"category": "linear", "symbol": "BTCUSDT", "orderLinkId": f"o{self.count}"}
        reply = await self.ask("POST", CREATE, body=json.dumps(order))
        return json.loads(reply.body) if reply.status == 200 else reply

    async def send_order(self, stream: Any, number: int, link: str = "") -> None:
        """Send an order on the trade stream and wait for what comes of it."""
        order = {"category": "linear", "symbol": "BTCUSDT", "side": "Buy", "qty": "1"}
        order |= {"orderType": "Limit", "price": "99", "orderLinkId": link or f"w{number}"}
        header = {"X-BAPI-TIMESTAMP": self.clock.now_ns() // 1_000_000}
        request = {"reqId": str(number), "op": "order.create", "header": header}
        stream.send(json.dumps({**request, "args": [order]}).encode())
        await self.clock.sleep(0.1)

    async def links(self, path: str = "/v5/order/realtime", more: str = "") -> list[str]:
        reply = await self.ask("GET", path, f"category=linear&symbol=BTCUSDT{more}")
        return [row["orderLinkId"] for row in json.loads(reply.body)["result"]["list"]]

    async def listen(self, path: str, *topics: str) -> tuple[Any, list[Any]]:
        got: list[Any] = []
        stream = await self.transport.open_stream(
            path, lambda message: got.append(json.loads(message)), self.closed.append
        )
        if "public" not in path:
            expires = self.clock.now_ns() // 1_000_000 + 10_000
            text = f"GET/realtime{expires}".encode()
            signature = hmac.new(b"paper", text, "sha256").hexdigest()
            stream.send(json.dumps({"op": "auth", "args": ["paper", expires, signature]}).encode())
        if topics:
            stream.send(json.dumps({"op": "subscribe", "args": topics}).encode())
        await self.clock.sleep(0.01)
        got.clear()
        return stream, got


Scenario = Callable[[Client], Awaitable[None]]
Play = Callable[..., None]


@pytest.fixture
def play(tmp_path: Path) -> Play:
    """Runs a scenario against an exchange with these faults."""

    def run(scenario: Scenario, *rules: Rule) -> None:
        client = Client(tmp_path / "market.jsonl", *rules)

        async def main() -> None:
            client.exchange.start()
            await scenario(client)
            client.exchange.stop()

        run_simulated(client.clock, main())

    return run


def rows(got: list[Any], kind: str) -> list[Any]:
    return [row for message in got if message.get("topic") == kind for row in message["data"]]


def test_a_lost_ack_leaves_the_order_alive(play: Play) -> None:
    async def scenario(client: Client) -> None:
        with pytest.raises(ConnectionError):
            await client.place()
        assert await client.links() == ["o1"]
        assert (await client.place())["retCode"] == 0
        assert client.exchange.faults_played == {"ack_lost": 1}

    play(scenario, fault(kind="ack_lost", nth=[1], on=CREATE))


def test_a_silent_ack_comes_to_nothing_much_later(play: Play) -> None:
    async def scenario(client: Client) -> None:
        with pytest.raises(ConnectionError):
            await client.place()
        assert client.clock.now_ns() - START == 5_002_000_000
        assert await client.links() == ["o1"]

    play(scenario, fault(kind="ack_silent", nth=[1], ms=5000))


def test_a_lost_request_never_happens(play: Play) -> None:
    async def scenario(client: Client) -> None:
        with pytest.raises(ConnectionError):
            await client.place()
        assert await client.links() == []

    play(scenario, fault(kind="request_lost", nth=[1]))


def test_a_late_ack_comes_after_the_row(play: Play) -> None:
    async def scenario(client: Client) -> None:
        _, got = await client.listen("/v5/private", "order")
        before_ns = client.clock.now_ns()
        await client.place()
        assert [row["orderStatus"] for row in rows(got, "order")] == ["New"]
        assert client.clock.now_ns() - before_ns == 202_000_000

    play(scenario, fault(kind="ack_late", nth=[1], ms=200))


@pytest.mark.parametrize(("executed", "links"), [(True, ["o1"]), (False, [])])
@pytest.mark.parametrize("code", [10016, 10000, 170007])
def test_a_refusal_with_and_without_execution(
    play: Play, executed: bool, links: list[str], code: int
) -> None:
    async def scenario(client: Client) -> None:
        assert (await client.place())["retCode"] == code
        assert await client.links() == links

    play(scenario, fault(kind="refuse", nth=[1], code=code, executed=executed))


def test_too_many_visits_name_a_reset_in_the_future(play: Play) -> None:
    async def scenario(client: Client) -> None:
        reply = await client.ask("GET", "/v5/account/info")
        assert json.loads(reply.body)["retCode"] == 10006
        reset_ms = int(reply.headers["X-Bapi-Limit-Reset-Timestamp"])
        assert reset_ms > client.clock.now_ns() // 1_000_000

    play(scenario, fault(kind="refuse", nth=[1], code=10006))


@pytest.mark.parametrize("status", [200, 502, 504])
def test_a_page_instead_of_an_answer(play: Play, status: int) -> None:
    async def scenario(client: Client) -> None:
        reply = await client.ask("GET", "/v5/market/time")
        assert (reply.status, reply.body[:6]) == (status, b"<html>")

    play(scenario, fault(kind="http_error", nth=[1], status=status))


def test_a_ban_stops_every_request_for_its_time(play: Play) -> None:
    async def scenario(client: Client) -> None:
        assert (await client.place()).status == 403
        await client.clock.sleep(4.9)
        assert (await client.place()).status == 403
        await client.clock.sleep(0.1)
        assert (await client.place())["retCode"] == 0
        assert await client.links() == ["o3"]

    play(scenario, fault(kind="ban", nth=[1], ms=5000))


def test_a_cut_ends_the_streams_in_the_middle_of_an_order(play: Play) -> None:
    async def scenario(client: Client) -> None:
        await client.listen("/v5/private", "order")
        with pytest.raises(ConnectionError):
            await client.place()
        assert client.closed == ["connection lost"]
        assert await client.links() == ["o1"]

    play(scenario, fault(kind="cut", nth=[1]))


def test_half_open_streams_are_silent_and_new_ones_are_not(play: Play) -> None:
    async def scenario(client: Client) -> None:
        dead, silence = await client.listen("/v5/private", "order")
        await client.place()
        dead.send(b'{"op":"ping"}')
        _, alive = await client.listen("/v5/private", "order")
        await client.place()
        await client.clock.sleep(1)
        assert (silence, client.closed) == ([], [])
        assert len(rows(alive, "order")) == 1

    play(scenario, fault(kind="half_open", nth=[1]))


def test_a_restart_cuts_everything_refuses_for_a_while_and_forgets_closed_orders(
    play: Play,
) -> None:
    async def scenario(client: Client) -> None:
        await client.place(price="100.0")
        assert await client.links(more="&openOnly=1") == ["o1"]
        await client.listen("/v5/private", "order")
        with pytest.raises(ConnectionError):
            await client.place()
        with pytest.raises(ConnectionError):
            await client.ask("GET", "/v5/market/time")
        with pytest.raises(ConnectionError):
            await client.listen("/v5/private")
        await client.clock.sleep(2)
        assert client.closed == ["connection lost"]
        assert await client.links() == ["o2"]
        assert await client.links(more="&openOnly=1") == []
        assert await client.links("/v5/order/history") == ["o1"]

    play(scenario, fault(kind="restart", nth=[2], on=CREATE))


def test_lists_that_lag(play: Play) -> None:
    async def scenario(client: Client) -> None:
        await client.place(price="100.0")
        await client.place()
        assert await client.links() == []
        assert await client.links("/v5/order/history") == []
        await client.clock.sleep(0.5)
        assert await client.links() == ["o2"]
        assert await client.links("/v5/order/history") == []
        await client.clock.sleep(0.5)
        assert await client.links("/v5/order/history") == ["o1"]

    lags = fault(kind="realtime_lag", rate=1, ms=500), fault(kind="history_lag", rate=1, ms=1000)
    play(scenario, *lags)


def test_a_wiped_realtime_list_still_shows_what_is_open(play: Play) -> None:
    async def scenario(client: Client) -> None:
        await client.place(price="100.0")
        await client.place()
        assert await client.links(more="&openOnly=1") == []
        assert await client.links() == ["o2"]

    play(scenario, fault(kind="realtime_wipe", nth=[1], on="/v5/order/realtime"))


def test_a_batch_that_fails_in_part(play: Play) -> None:
    async def scenario(client: Client) -> None:
        order = {"symbol": "BTCUSDT", "side": "Buy", "orderType": "Limit", "qty": "1", "price": "9"}
        body = json.dumps({"category": "linear", "request": [order] * 3})
        reply = json.loads((await client.ask("POST", "/v5/order/create-batch", body=body)).body)
        assert [item["code"] for item in reply["retExtInfo"]["list"]] == [0, 10006, 0]

    play(scenario, fault(kind="item_refused", nth=[2]))


def test_rows_pushed_twice(play: Play) -> None:
    async def scenario(client: Client) -> None:
        _, got = await client.listen("/v5/private", "order", "execution", "position")
        await client.place(price="100.0")
        await client.clock.sleep(0.1)
        counts = [len(rows(got, kind)) for kind in ("order", "execution", "position")]
        assert counts == [2, 2, 2]

    play(scenario, fault(kind="duplicate_row", rate=1))


def test_filled_twice_the_second_time_for_a_cancel_that_came_too_late(play: Play) -> None:
    async def scenario(client: Client) -> None:
        _, got = await client.listen("/v5/private", "order")
        await client.place(price="100.0")
        await client.clock.sleep(0.1)
        ends = [(row["orderStatus"], row["rejectReason"]) for row in rows(got, "order")]
        assert ends == [("Filled", "EC_NoError"), ("Filled", "EC_OrigClOrdIDDoesNotExist")]

    play(scenario, fault(kind="double_filled", rate=1, on="order.Filled"))


def test_cancelled_with_fills_told_as_rejected(play: Play) -> None:
    async def scenario(client: Client) -> None:
        _, got = await client.listen("/v5/private", "order")
        await client.place(price="100.0", qty="9", timeInForce="IOC")
        await client.clock.sleep(0.1)
        assert [(row["orderStatus"], row["cumExecQty"]) for row in rows(got, "order")] == [
            ("Rejected", "5")
        ]

    play(scenario, fault(kind="rejected_with_fills", rate=1, on="order.Cancelled"))


def test_rows_the_other_way_round(play: Play) -> None:
    async def scenario(client: Client) -> None:
        _, got = await client.listen("/v5/private", "order", "execution")
        await client.place(price="100.0")
        await client.place(price="100.0")
        await client.clock.sleep(0.1)
        assert [message["topic"] for message in got] == ["execution", "order", "order", "execution"]

    play(scenario, fault(kind="rows_swapped", nth=[2]))


def test_late_rows_keep_their_order(play: Play) -> None:
    async def scenario(client: Client) -> None:
        _, got = await client.listen("/v5/private", "order")
        await client.place()
        await client.place()
        assert got == []
        await client.clock.sleep(0.3)
        assert [row["orderLinkId"] for row in rows(got, "order")] == ["o1", "o2"]

    play(scenario, fault(kind="rows_late", nth=[1], ms=300))


@pytest.mark.parametrize(
    ("kind", "updates"),
    [
        ("book_gap", []),
        ("book_restart", [("delta", 1)]),
        ("book_repeat", [("delta", 3), ("snapshot", 3), ("snapshot", 3)]),
    ],
)
def test_a_book_that_goes_wrong(play: Play, kind: str, updates: list[Any]) -> None:
    async def scenario(client: Client) -> None:
        _, got = await client.listen("/v5/public/linear", "orderbook.50.BTCUSDT")
        await client.clock.sleep(1)
        seen = [(frame["type"], frame["data"]["u"]) for frame in got]
        assert seen == [("delta", 2), *updates, ("delta", 4), ("delta", 5)]

    play(scenario, fault(kind=kind, nth=[2]))


def test_a_ping_without_a_pong(play: Play) -> None:
    async def scenario(client: Client) -> None:
        stream, got = await client.listen("/v5/private")
        stream.send(b'{"op":"ping"}')
        stream.send(b'{"op":"ping","req_id":"2"}')
        await client.clock.sleep(1)
        assert [message["req_id"] for message in got] == ["2"]

    play(scenario, fault(kind="no_pong", nth=[1]))


def test_on_the_trade_stream(play: Play) -> None:
    async def scenario(client: Client) -> None:
        stream, got = await client.listen("/v5/trade")
        for number in range(1, 5):
            await client.send_order(stream, number)
        answers = [(answer.get("reqId"), answer.get("retCode")) for answer in got]
        assert answers == [(None, None), ("2", 10019), ("4", 0)]
        assert got[0] == {"success": False, "ret_msg": "Params Error", "op": "order.create"}
        assert await client.links() == ["w4", "w3"]

    faults = [
        fault(kind="no_req_id", nth=[1]),
        fault(kind="refuse", nth=[2], code=10019),
        fault(kind="ack_lost", nth=[3]),
    ]
    play(scenario, *faults)


def test_an_order_of_the_trade_stream_is_no_chance_of_what_only_http_has(play: Play) -> None:
    async def scenario(client: Client) -> None:
        stream, got = await client.listen("/v5/trade")
        await client.send_order(stream, 1)
        assert [answer["retCode"] for answer in got] == [0]
        assert client.exchange.faults_played == {}
        assert (await client.place()).status == 502
        assert (await client.place()).status == 403
        assert client.exchange.faults_played == {"http_error": 1, "ban": 1}

    play(scenario, fault(kind="http_error", nth=[1]), fault(kind="ban", nth=[2]))


def test_a_rest_request_is_no_chance_of_what_only_the_trade_stream_has(play: Play) -> None:
    async def scenario(client: Client) -> None:
        stream, got = await client.listen("/v5/trade")
        assert (await client.place())["retCode"] == 0
        assert client.exchange.faults_played == {}
        await client.send_order(stream, 1)
        assert got == [{"success": False, "ret_msg": "Params Error", "op": "order.create"}]
        assert client.exchange.faults_played == {"no_req_id": 1}

    play(scenario, fault(kind="no_req_id", nth=[1]))


def test_an_order_that_did_not_fill_is_no_chance_of_rejected_with_fills(play: Play) -> None:
    async def scenario(client: Client) -> None:
        _, got = await client.listen("/v5/private", "order")
        await client.place(price="99.0", timeInForce="IOC")
        await client.place(price="100.0", qty="9", timeInForce="IOC")
        await client.clock.sleep(0.1)
        assert [(row["orderStatus"], row["cumExecQty"]) for row in rows(got, "order")] == [
            ("Cancelled", "0"),
            ("Rejected", "5"),
        ]
        assert client.exchange.faults_played == {"rejected_with_fills": 1}

    play(scenario, fault(kind="rejected_with_fills", nth=[1]))


@pytest.mark.parametrize("kind", ["duplicate_row", "rows_late", "rows_swapped"])
def test_rows_that_nobody_listens_to_are_no_chance(play: Play, kind: str) -> None:
    async def scenario(client: Client) -> None:
        _, got = await client.listen("/v5/private", "wallet")
        await client.place()
        assert (got, client.exchange.faults_played) == ([], {})

    play(scenario, fault(kind=kind, rate=1))


def test_rows_held_back_already_are_no_chance_of_more_delay(play: Play) -> None:
    async def scenario(client: Client) -> None:
        _, got = await client.listen("/v5/private", "order")
        await client.place()
        await client.place()
        await client.clock.sleep(1)
        assert len(rows(got, "order")) == 2
        assert client.exchange.faults_played == {"rows_late": 1}

    play(scenario, fault(kind="rows_late", rate=1))


@pytest.mark.parametrize("kind", ["book_gap", "book_restart", "book_repeat"])
def test_frames_that_nobody_listens_to_are_no_chance(play: Play, kind: str) -> None:
    async def scenario(client: Client) -> None:
        await client.listen("/v5/public/linear", "tickers.BTCUSDT")
        await client.clock.sleep(1)
        assert client.exchange.faults_played == {}

    play(scenario, fault(kind=kind, rate=1))


def test_a_list_of_what_is_old_is_no_chance_of_a_lag(play: Play) -> None:
    async def scenario(client: Client) -> None:
        await client.links()
        await client.place()
        await client.clock.sleep(0.5)
        assert await client.links() == ["o1"]
        assert client.exchange.faults_played == {}
        await client.place()
        assert await client.links() == ["o1"]
        assert client.exchange.faults_played == {"realtime_lag": 1}

    play(scenario, fault(kind="realtime_lag", nth=[1], ms=500))


def test_nothing_to_forget_and_no_stream_open_are_no_chances(play: Play) -> None:
    async def scenario(client: Client) -> None:
        await client.place(price="100.0")
        assert client.exchange.faults_played == {}
        await client.place(price="100.0")
        assert client.exchange.faults_played == {"realtime_wipe": 1}
        await client.listen("/v5/private")
        await client.place()
        assert client.exchange.faults_played == {"realtime_wipe": 1, "half_open": 1}

    play(scenario, fault(kind="realtime_wipe", nth=[1]), fault(kind="half_open", nth=[1]))


def test_an_order_named_ping_is_none(play: Play) -> None:
    async def scenario(client: Client) -> None:
        stream, got = await client.listen("/v5/trade")
        await client.send_order(stream, 1, link="ping")
        stream.send(b'{"ping')
        assert [answer["retCode"] for answer in got] == [0]
        assert client.exchange.faults_played == {}

    play(scenario, fault(kind="no_pong", rate=1))


def test_of_two_faults_at_once_the_first_is_played_and_the_other_not_counted(play: Play) -> None:
    async def scenario(client: Client) -> None:
        codes = [(await client.place())["retCode"] for _ in range(3)]
        assert codes == [10016, 10000, 0]
        assert client.exchange.faults_played == {"refuse": 2}

    first = fault(kind="refuse", nth=[1], code=10016)
    play(scenario, first, fault(kind="refuse", rate=1, most=1, code=10000))


def test_while_faults_rest_none_has_a_chance(play: Play) -> None:
    async def scenario(client: Client) -> None:
        client.exchange.rest_faults(resting=True)
        assert (await client.place())["retCode"] == 0
        client.exchange.rest_faults(resting=False)
        assert (await client.place())["retCode"] == 10016
        assert (await client.place())["retCode"] == 0

    play(scenario, fault(kind="refuse", nth=[1]))


def test_the_same_seed_plays_the_same_faults(play: Play) -> None:
    outcomes: list[list[int]] = []

    async def scenario(client: Client) -> None:
        outcomes.append([(await client.place())["retCode"] for _ in range(40)])

    for _ in range(2):
        play(scenario, fault(kind="refuse", rate=0.3, most=5))
    assert outcomes[0] == outcomes[1]
    assert outcomes[0].count(10016) == 5
