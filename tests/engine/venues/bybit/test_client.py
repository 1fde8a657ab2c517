"""The Bybit client over a scripted venue: what it sends, and what it makes of the answers."""

from __future__ import annotations

import random
from collections.abc import Coroutine
from decimal import Decimal
from typing import Any, TypeVar

import pytest

from engine.clock import NS, SimClock, run_simulated
from engine.core.reports import (
    CashReport,
    FillEvent,
    Outcome,
    RequestKind,
    Scope,
    UnknownExecution,
    VenueStatus,
    WalletReport,
)
from engine.core.requests import AmendRequest, CancelRequest, OrderRequest, QueryOrder
from engine.core.status import ClockStatus
from engine.core.types import Side
from engine.venues.bybit import BybitClient, create_bybit_client, entry
from engine.venues.bybit import rest as rest_module
from engine.venues.errors import NotExecuted, RateLimited, VenueRefused, VenueUnknown
from engine.venues.protocol import ExchangeClient, OrderResponse
from engine.venues.reasons import Reason
from tests.engine.venues.bybit.scripted import Reply, ScriptedTransport, Sent, code, ok, page
from tests.engine.venues.bybit.test_codec import EXECUTION, ORDER, POSITION

T0 = 1_700_000_000 * NS
CREATE, AMEND, CANCEL = "/v5/order/create", "/v5/order/amend", "/v5/order/cancel"
REALTIME, HISTORY = "/v5/order/realtime", "/v5/order/history"
EXECUTIONS, POSITIONS = "/v5/execution/list", "/v5/position/list"
WALLET = "/v5/account/wallet-balance"

T = TypeVar("T")

REQUEST = OrderRequest(
    client_order_id="o-1",
    symbol="BTCUSDT",
    side=Side.BUY,
    qty=Decimal("0.01"),
    price=Decimal(50000),
)
CANCEL_REQUEST = CancelRequest(client_order_id="o-1", symbol="BTCUSDT")
QUERY = QueryOrder(client_order_id="o-1", symbol="BTCUSDT")


class Rig:
    """A client on a scripted venue with its clock at T0."""

    def __init__(self, answers: dict[str, list[Any]] | None = None, **options: Any) -> None:
        self.clock = SimClock(T0)
        self.transport = ScriptedTransport(answers)
        self.client: BybitClient = create_bybit_client(
            self.transport,
            self.clock,
            api_key="KEY",
            api_secret="SECRET",
            rng=random.Random(7),
            **options,
        )

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return run_simulated(self.clock, work)


def test_the_client_is_an_exchange_client() -> None:
    client: ExchangeClient = Rig().client
    assert client is not None


def test_a_place_goes_out_signed_and_its_answer_comes_back() -> None:
    rig = Rig({CREATE: [ok({"orderId": "9", "orderLinkId": "o-1"}, time=1_700_000_000_500)]})
    assert rig.run(rig.client.place_order(REQUEST)) == OrderResponse(
        client_order_id="o-1", exchange_order_id="9", ts=1_700_000_000_500_000_000
    )
    (sent,) = rig.transport.sent
    assert (sent.method, sent.path, sent.query) == ("POST", CREATE, "")
    assert sent.headers["X-BAPI-TIMESTAMP"] == "1700000000000"
    assert sent.headers["Content-Type"] == "application/json"
    assert sent.json["orderLinkId"] == "o-1"


def test_scripts_write_numbers_as_they_like() -> None:
    rig = Rig({CREATE: [ok({"orderId": "9"})]})
    rig.run(rig.client.place_limit_order("o-1", "BTC/USDT", "Buy", 0.1, "50000"))
    body = rig.transport.sent[0].json
    assert (body["category"], body["symbol"]) == ("spot", "BTCUSDT")
    assert (body["qty"], body["price"]) == ("0.1", "50000")


@pytest.mark.parametrize("bad_id", ["", "x" * 37, "with space", "ünicode"])
def test_an_id_the_venue_cannot_hold_never_leaves(bad_id: str) -> None:
    rig = Rig()

    async def scenario() -> list[OrderResponse]:
        place = OrderRequest(
            client_order_id=bad_id, symbol="BTCUSDT", side=Side.BUY, qty=Decimal(1), price=None
        )
        return [
            await rig.client.place_order(place),
            await rig.client.amend_order(AmendRequest(client_order_id=bad_id, symbol="BTCUSDT")),
            await rig.client.cancel_order(CancelRequest(client_order_id=bad_id, symbol="BTCUSDT")),
        ]

    assert {answer.reason for answer in rig.run(scenario())} == {Reason.REQUEST}
    assert rig.transport.sent == []


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (code(110007, "ab not enough for new order"), Reason.BALANCE),
        (code(110072, "OrderLinkedID is duplicate"), Reason.DUPLICATE_ID),
        (code(110003, "price is invalid"), Reason.PRICE),
        (code(10004, "error sign!"), Reason.AUTH),
        (code(10001, "params error"), Reason.REQUEST),
        (Reply(401, b"denied"), Reason.AUTH),
        (Reply(404, b"<html>"), Reason.REQUEST),
    ],
)
def test_a_definite_no_is_a_rejection(answer: Reply, reason: Reason) -> None:
    rig = Rig({CREATE: [answer]})
    response = rig.run(rig.client.place_order(REQUEST))
    assert (response.outcome, response.reason) == (Outcome.REJECTED, reason)


def test_the_venues_words_are_sanitised() -> None:
    rig = Rig({CREATE: [code(110007, "\x1b[31mno\u202emoney\nleft")]})
    assert rig.run(rig.client.place_order(REQUEST)).text == "110007 [31mnomoney left"


@pytest.mark.parametrize(
    "answer",
    [
        code(10000, "Server Timeout"),
        code(10016, "internal error"),
        code(170007, "Timeout waiting for response"),
        code(987654, "from next year"),
        Reply(200, b"<html>maintenance</html>"),
        Reply(200, b""),
        Reply(200, b'{"retCode":"zero"}'),
        Reply(429, b"{}"),
        Reply(502, b"bad gateway"),
        Reply(302, b""),
    ],
)
def test_f04_an_answer_that_proves_nothing_is_never_a_rejection(answer: Reply) -> None:
    rig = Rig({CREATE: [answer], CANCEL: [answer], AMEND: [answer]})
    amend = AmendRequest(client_order_id="o-1", symbol="BTCUSDT", qty=Decimal(1))
    for work in (
        rig.client.place_order(REQUEST),
        rig.client.cancel_order(CANCEL_REQUEST),
        rig.client.amend_order(amend),
    ):
        with pytest.raises(VenueUnknown):
            rig.run(work)


@pytest.mark.parametrize("error", [ConnectionResetError("reset"), TimeoutError("read")])
def test_what_the_transport_raises_passes_through(error: Exception) -> None:
    rig = Rig({CREATE: [error]})
    with pytest.raises(type(error)):
        rig.run(rig.client.place_order(REQUEST))


def test_f09_a_rate_limit_tells_when_to_come_back() -> None:
    reset = {"X-Bapi-Limit-Reset-Timestamp": "1700000000700"}
    rig = Rig({CREATE: [code(10006, "Too many visits!", reset)]})
    with pytest.raises(RateLimited) as raised:
        rig.run(rig.client.place_order(REQUEST))
    assert raised.value.retry_at_ns == T0 + 700_000_000


@pytest.mark.parametrize("reset", ["1699999999000", "soon", "9999999999999", ""])
def test_a_reset_time_that_makes_no_sense_is_a_second(reset: str) -> None:
    rig = Rig({CREATE: [code(10006, "", {"x-bapi-limit-reset-timestamp": reset})]})
    with pytest.raises(RateLimited) as raised:
        rig.run(rig.client.place_order(REQUEST))
    assert raised.value.retry_at_ns == T0 + NS


def test_f10_an_ip_ban_stops_every_request_for_ten_minutes() -> None:
    rig = Rig({CREATE: [Reply(403, b"access too frequent"), ok({"orderId": "9"})]})

    async def scenario() -> None:
        for _ in range(2):
            with pytest.raises(RateLimited) as raised:
                await rig.client.place_order(REQUEST)
            assert raised.value.retry_at_ns == T0 + 600 * NS
        assert not (await rig.client.lookup(QUERY)).complete
        assert len(rig.transport.sent) == 1
        await rig.clock.sleep(600)
        assert (await rig.client.place_order(REQUEST)).accepted

    rig.run(scenario())


def test_f10_a_ban_is_told_once_whatever_request_found_it_and_no_other_leaves() -> None:
    told: list[tuple[int, str]] = []
    answers = {"/v5/market/time": [Reply(403, b""), ok({"timeNano": str(T0)})], REALTIME: [page()]}
    rig = Rig(answers, on_ban=lambda *heard: told.append(heard))

    async def scenario() -> None:
        for _ in range(3):
            await rig.client.measure_clock()
            await rig.client.snapshot(0, frozenset({Scope.ORDERS}))
        assert rig.transport.paths() == ["/v5/market/time"]
        await rig.clock.sleep(600)
        await rig.client.measure_clock()
        assert rig.client.venue_clock().ts == T0 + 600 * NS

    rig.run(scenario())
    assert told == [(T0 + 600 * NS, "HTTP 403: the venue answers this address nothing by REST")]


def test_what_the_venue_allows_is_told_with_every_answer() -> None:
    told: list[tuple[RequestKind, int, int]] = []
    limits = {"X-Bapi-Limit": "20", "X-Bapi-Limit-Status": "19"}
    answers = {
        CREATE: [
            Reply(200, ok({"orderId": "9"}).body, limits),
            code(10006, headers={"X-Bapi-Limit": "20", "X-Bapi-Limit-Status": "0"}),
            Reply(200, ok({"orderId": "9"}).body, {"X-Bapi-Limit": "many"}),
        ]
    }
    rig = Rig(answers, on_limit=lambda *heard: told.append(heard))

    async def scenario() -> None:
        await rig.client.place_order(REQUEST)
        with pytest.raises(RateLimited):
            await rig.client.place_order(REQUEST)
        await rig.client.place_order(REQUEST)

    rig.run(scenario())
    assert told == [(RequestKind.PLACE, 20, 19), (RequestKind.PLACE, 20, 0)]


def test_every_request_about_an_order_is_told_as_it_leaves() -> None:
    left: list[int] = []
    answers = {CREATE: [ok({"orderId": "9"}), code(10006)], CANCEL: [ok({"orderId": "9"})]}
    rig: Rig = Rig(answers, on_sent=lambda: left.append(len(rig.transport.sent)))

    async def scenario() -> None:
        await rig.client.place_order(REQUEST)
        await rig.client.cancel_order(CANCEL_REQUEST)
        with pytest.raises(RateLimited):
            await rig.client.place_order(REQUEST)

    rig.run(scenario())
    assert left == [0, 1, 2]


def test_f10_an_address_stops_by_itself_before_it_is_banned_and_still_cancels() -> None:
    rig = Rig({CREATE: [ok({"orderId": "9"})], CANCEL: [ok({"orderId": "9"})]}, limited=True)

    async def scenario() -> None:
        for _ in range(300):
            await rig.client.place_order(REQUEST)
        with pytest.raises(RateLimited, match="all that it may") as limited:
            await rig.client.place_order(REQUEST)
        assert limited.value.retry_at_ns == T0 + 5 * NS
        for _ in range(180):
            assert (await rig.client.cancel_order(CANCEL_REQUEST)).accepted

    rig.run(scenario())
    assert len(rig.transport.sent) == 480


def test_f11_a_clock_that_is_off_is_measured_once_and_the_request_was_not_executed() -> None:
    venue_time = ok({"timeSecond": "1700000005", "timeNano": str(T0 + 5 * NS)})
    rig = Rig({CREATE: [code(10002), ok({"orderId": "9"})], "/v5/market/time": [venue_time]})

    async def scenario() -> None:
        with pytest.raises(NotExecuted):
            await rig.client.place_order(REQUEST)
        await rig.client.place_order(REQUEST)

    rig.run(scenario())
    assert rig.transport.paths() == [CREATE, "/v5/market/time", CREATE]
    assert rig.transport.sent[-1].headers["X-BAPI-TIMESTAMP"] == "1700000005000"


def test_the_venues_clock_can_be_measured_before_it_is_off() -> None:
    rig = Rig({"/v5/market/time": [ok({"timeNano": str(T0 + 5 * NS)}), ok({"timeNano": "no"})]})

    async def scenario() -> None:
        assert rig.client.venue_clock() == ClockStatus()
        for _ in range(2):
            await rig.client.measure_clock()

    rig.run(scenario())
    assert rig.client.venue_clock() == ClockStatus(ts=T0, offset_ns=5 * NS)


def test_a_query_with_a_clock_that_is_off_asks_again_once() -> None:
    rig = Rig({REALTIME: [code(10002)], "/v5/market/time": [ok({"timeNano": str(T0)})]})
    lookup = rig.run(rig.client.lookup(QUERY))
    assert not lookup.complete
    assert rig.transport.paths() == [REALTIME, "/v5/market/time", REALTIME]


@pytest.mark.parametrize(
    "answer", [ConnectionResetError(), Reply(200, b"<html>"), ok({"timeNano": "soon"})]
)
def test_a_clock_that_cannot_be_measured_is_left_as_it_was(answer: object) -> None:
    rig = Rig({CREATE: [code(10002), ok({"orderId": "9"})], "/v5/market/time": [answer]})

    async def scenario() -> None:
        with pytest.raises(NotExecuted):
            await rig.client.place_order(REQUEST)
        await rig.client.place_order(REQUEST)

    rig.run(scenario())
    assert rig.transport.sent[-1].headers["X-BAPI-TIMESTAMP"] == "1700000000000"


def test_a_venue_that_restarts_has_not_taken_the_order() -> None:
    rig = Rig({CREATE: [code(10019, "restarting")]})
    with pytest.raises(NotExecuted):
        rig.run(rig.client.place_order(REQUEST))


def test_the_client_remembers_the_newest_orders_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entry, "REMEMBERED_ORDERS", 1)
    rig = Rig({CREATE: [ok({"orderId": "9"})], CANCEL: [ok({"orderId": "9"})]})

    async def scenario() -> list[bool]:
        for order_id in ("o-1", "o-2"):
            await rig.client.place_limit_order(order_id, "BTCUSDT", "Buy", 1, 1)
        return [(await rig.client.cancel_order(order_id)).accepted for order_id in ("o-1", "o-2")]

    assert rig.run(scenario()) == [False, True]


def test_an_amend_that_changes_nothing_is_accepted() -> None:
    text = "The order remains unchanged as the parameters entered match the existing ones."
    rig = Rig({AMEND: [code(10001, text)]})
    amend = AmendRequest(client_order_id="o-1", symbol="BTCUSDT", price=Decimal(1))
    assert rig.run(rig.client.amend_order(amend)).accepted


def test_f16_a_cancel_answered_not_found_is_refused_not_final() -> None:
    rig = Rig({CANCEL: [code(110001, "order not exists or too late to cancel")]})
    response = rig.run(rig.client.cancel_order(CANCEL_REQUEST))
    assert (response.outcome, response.reason) == (Outcome.REJECTED, Reason.NOT_FOUND)


def test_a_bare_id_is_enough_to_cancel_what_this_client_placed() -> None:
    rig = Rig({CREATE: [ok({"orderId": "9"})], CANCEL: [ok({"orderId": "9"})]})

    async def scenario() -> OrderResponse:
        await rig.client.place_order(REQUEST)
        return await rig.client.cancel_order("o-1")

    assert rig.run(scenario()).accepted
    assert rig.transport.sent[-1].json == {
        "category": "linear",
        "symbol": "BTCUSDT",
        "orderLinkId": "o-1",
    }


def test_a_bare_id_of_a_foreign_order_is_refused_with_what_to_do() -> None:
    rig = Rig()
    response = rig.run(rig.client.cancel_order("nobodys"))
    assert response.reason == Reason.NOT_FOUND
    assert response.text == "not placed by this client; pass CancelRequest with its symbol"


# --- looking for one order ---------------------------------------------------------------------

LINEAR_ORDER = ORDER | {"symbol": "BTCUSDT", "orderLinkId": "o-1"}
LINEAR_FILL = EXECUTION | {"orderLinkId": "o-1"}


def test_a_lookup_finds_an_open_order_and_its_fills() -> None:
    rig = Rig({REALTIME: [page(LINEAR_ORDER)], EXECUTIONS: [page(LINEAR_FILL)]})
    lookup = rig.run(rig.client.lookup(QUERY))
    assert lookup.complete
    assert lookup.order is not None
    assert lookup.order.status is VenueStatus.NEW
    assert [fill.exec_id for fill in lookup.fills] == [EXECUTION["execId"]]
    assert rig.transport.paths() == [REALTIME, EXECUTIONS]


def test_a_lookup_goes_on_to_recently_closed_then_history() -> None:
    closed = LINEAR_ORDER | {"orderStatus": "Cancelled"}
    rig = Rig({REALTIME: [page(), page()], HISTORY: [page(closed)]})
    lookup = rig.run(rig.client.lookup(QUERY))
    assert lookup.order is not None
    assert lookup.order.status is VenueStatus.CANCELED
    assert [(sent.path, "openOnly=1" in sent.query) for sent in rig.transport.sent] == [
        (REALTIME, False),
        (REALTIME, True),
        (HISTORY, False),
        (EXECUTIONS, False),
    ]


def test_an_absent_order_is_a_clean_negative_read() -> None:
    rig = Rig()
    lookup = rig.run(rig.client.lookup(QUERY))
    assert (lookup.order, lookup.fills, lookup.complete) == (None, (), True)


@pytest.mark.parametrize("path", [REALTIME, HISTORY, EXECUTIONS])
@pytest.mark.parametrize(
    "failure", [code(10016), code(10006), code(10003), Reply(500, b""), ConnectionResetError()]
)
def test_a_lookup_with_a_failed_part_is_incomplete(path: str, failure: object) -> None:
    rig = Rig({path: [failure]})
    assert not rig.run(rig.client.lookup(QUERY)).complete


def test_a_lookup_that_is_not_answered_ends_by_itself() -> None:
    rig = Rig()

    async def never(sent: Sent) -> Reply:
        await rig.clock.sleep(3600)
        raise AssertionError

    rig.transport.answers[REALTIME] = [never]
    assert not rig.run(rig.client.lookup(QUERY)).complete
    assert rig.clock.now_ns() == T0 + 5 * NS


def test_an_unreadable_row_makes_a_lookup_incomplete() -> None:
    rig = Rig({REALTIME: [page(LINEAR_ORDER | {"qty": "NaN"})]})
    assert not rig.run(rig.client.lookup(QUERY)).complete
    assert rig.client.anomalies == {"order_row": 2}
    assert rig.client.quarantined[0][0] == "order_row"


def test_of_two_rows_the_newer_counts_and_other_orders_do_not() -> None:
    older = LINEAR_ORDER | {"updatedTime": "1700000000000"}
    newer = LINEAR_ORDER | {"updatedTime": "1700000000001", "orderStatus": "Filled"}
    other = LINEAR_ORDER | {"updatedTime": "1700000000002", "orderLinkId": "o-2"}
    rig = Rig({REALTIME: [page(older, newer, other)]})
    order = rig.run(rig.client.lookup(QUERY)).order
    assert order is not None
    assert order.status is VenueStatus.FILLED


def test_an_external_order_is_asked_for_by_the_venues_id() -> None:
    mine = LINEAR_ORDER | {"orderId": "other"}
    external = LINEAR_ORDER | {"orderId": "77", "orderLinkId": ""}
    rig = Rig({REALTIME: [page(mine, external)]})
    query = QueryOrder(client_order_id="77", symbol="BTCUSDT", exchange_order_id="77")
    order = rig.run(rig.client.lookup(query)).order
    assert order is not None
    assert order.exchange_order_id == "77"
    assert rig.transport.sent[0].query == "category=linear&symbol=BTCUSDT&orderId=77"


def test_an_id_the_venue_cannot_hold_is_absent_without_asking() -> None:
    rig = Rig()
    lookup = rig.run(rig.client.lookup(QueryOrder(client_order_id="no id", symbol="BTCUSDT")))
    assert (lookup.order, lookup.complete) == (None, True)
    assert rig.transport.sent == []


# --- the whole account -------------------------------------------------------------------------


def test_a_snapshot_reads_every_page_of_everything() -> None:
    rig = Rig(
        {
            REALTIME: [
                page(LINEAR_ORDER | {"orderId": "1"}, cursor="page%3D2%26"),
                page(LINEAR_ORDER | {"orderId": "2"}, LINEAR_ORDER | {"orderId": "1"}),
                page(),
            ],
            POSITIONS: [page(POSITION)],
            EXECUTIONS: [
                page(
                    LINEAR_FILL | {"execId": "b", "execTime": "1700000000002"},
                    LINEAR_FILL | {"execId": "a", "execTime": "1700000000001"},
                    cursor="next",
                ),
                page(LINEAR_FILL | {"execId": "a", "execTime": "1700000000001"}),
                page(),
            ],
        }
    )
    snapshot = rig.run(rig.client.snapshot(T0 - NS))
    assert snapshot.complete
    assert snapshot.error == ""
    assert [order.exchange_order_id for order in snapshot.open_orders] == ["1", "2"]
    assert [(held.symbol, held.qty) for held in snapshot.positions] == [
        ("BTCUSDT", Decimal("-0.5"))
    ]
    assert [fill.exec_id for fill in snapshot.fills] == ["a", "b"]
    assert [sent.query for sent in rig.transport.sent] == [
        "category=linear&settleCoin=USDT&limit=50",
        "category=linear&settleCoin=USDT&limit=50&cursor=page%3D2%26",
        "category=spot&limit=50",
        "category=linear&settleCoin=USDT&openOnly=1&limit=50",
        "category=spot&openOnly=1&limit=50",
        "category=linear&startTime=1699999999000&endTime=1700604799000&limit=100",
        "category=linear&startTime=1699999999000&endTime=1700604799000&limit=100&cursor=next",
        "category=spot&startTime=1699999999000&endTime=1700604799000&limit=100",
        "category=linear&settleCoin=USDT&limit=200",
        "accountType=UNIFIED",
    ]


@pytest.mark.parametrize(
    ("scope", "paths"),
    [
        (Scope.ORDERS, [REALTIME, REALTIME]),
        (Scope.CLOSED, [REALTIME, REALTIME]),
        (Scope.FILLS, [EXECUTIONS, EXECUTIONS]),
        (Scope.POSITIONS, [POSITIONS]),
        (Scope.WALLET, [WALLET]),
    ],
)
def test_only_what_is_asked_for_is_asked(scope: Scope, paths: list[str]) -> None:
    rig = Rig()
    snapshot = rig.run(rig.client.snapshot(T0, frozenset({scope})))
    assert (snapshot.complete, snapshot.scopes) == (True, frozenset({scope}))
    assert rig.transport.paths() == paths


def test_orders_and_positions_are_asked_for_in_every_coin_that_markets_settle_in() -> None:
    in_usdc = LINEAR_INSTRUMENT | {"symbol": "BTCPERP", "quoteCoin": "USDC", "settleCoin": "USDC"}
    rig = Rig({INSTRUMENTS: [page(LINEAR_INSTRUMENT, in_usdc), page()]})
    rig.run(rig.client.instruments())
    rig.transport.sent.clear()
    rig.run(rig.client.snapshot(T0, frozenset({Scope.ORDERS, Scope.POSITIONS})))
    assert [sent.query for sent in rig.transport.sent] == [
        "category=linear&settleCoin=USDC&limit=50",
        "category=linear&settleCoin=USDT&limit=50",
        "category=spot&limit=50",
        "category=linear&settleCoin=USDC&limit=200",
        "category=linear&settleCoin=USDT&limit=200",
    ]


def test_closed_orders_are_read_back_to_the_page_on_which_all_ended_before_that_time() -> None:
    def ended(order_id: str, after_ms: int) -> dict[str, object]:
        ms = T0 // 1_000_000 + after_ms
        return LINEAR_ORDER | {
            "orderId": order_id,
            "orderStatus": "Filled",
            "updatedTime": str(ms),
        }

    pages = [
        page(ended("4", 9), ended("3", 2), cursor="two"),
        page(ended("2", 1), ended("1", -1), cursor="three"),
        page(ended("0", -2), cursor="four"),
        page(),
    ]
    rig = Rig({REALTIME: pages})
    snapshot = rig.run(rig.client.snapshot(T0, frozenset({Scope.CLOSED})))
    assert [order.exchange_order_id for order in snapshot.closed_orders] == list("43210")
    assert snapshot.open_orders == ()
    assert [sent.query for sent in rig.transport.sent] == [
        "category=linear&settleCoin=USDT&openOnly=1&limit=50",
        "category=linear&settleCoin=USDT&openOnly=1&limit=50&cursor=two",
        "category=linear&settleCoin=USDT&openOnly=1&limit=50&cursor=three",
        "category=spot&openOnly=1&limit=50",
    ]


def test_the_wallet_says_what_is_held_of_each_coin() -> None:
    coins = [{"coin": "BTC", "walletBalance": "0.25"}, {"coin": "USDC", "walletBalance": ""}]
    row = {"accountType": "UNIFIED", "totalEquity": "10.5", "coin": coins}
    rig = Rig({WALLET: [page(row)]})
    snapshot = rig.run(rig.client.snapshot(0, frozenset({Scope.WALLET})))
    assert snapshot.wallet == WalletReport(equity=Decimal("10.5"))
    assert [(balance.coin, balance.qty) for balance in snapshot.balances] == [
        ("BTC", Decimal("0.25")),
        ("USDC", Decimal(0)),
    ]


def test_an_account_without_a_wallet_row_has_told_no_totals() -> None:
    rig = Rig({WALLET: [page()]})
    snapshot = rig.run(rig.client.snapshot(0, frozenset({Scope.WALLET})))
    assert (snapshot.complete, snapshot.wallet) == (True, None)


@pytest.mark.parametrize(
    "coin", [{"coin": "BTC\x1b", "walletBalance": "1"}, {"coin": "BTC", "walletBalance": "NaN"}]
)
def test_a_wallet_that_cannot_be_read_makes_the_snapshot_incomplete(coin: dict[str, str]) -> None:
    rig = Rig({WALLET: [page({"coin": [coin]})]})
    snapshot = rig.run(rig.client.snapshot(0, frozenset({Scope.WALLET})))
    assert (snapshot.complete, snapshot.balances) == (False, ())
    assert rig.client.anomalies["wallet_row"] == 1


def test_a_long_time_of_executions_is_asked_for_week_by_week() -> None:
    rig = Rig()
    day_ms = 24 * 3600 * 1000
    now_ms = T0 // 1_000_000
    snapshot = rig.run(rig.client.snapshot(T0 - 10 * day_ms * 1_000_000, frozenset({Scope.FILLS})))
    assert snapshot.complete
    begins = (now_ms - 10 * day_ms, now_ms - 3 * day_ms)
    weeks = [f"startTime={begin}&endTime={begin + 7 * day_ms}" for begin in begins]
    assert [sent.query for sent in rig.transport.sent] == [
        f"category={category}&{week}&limit=100" for category in ("linear", "spot") for week in weeks
    ]


def test_executions_are_read_back_until_a_whole_page_is_booked_already() -> None:
    def fill(name: str) -> dict[str, object]:
        return LINEAR_FILL | {"execId": name, "execTime": f"170000000000{name}"}

    rig = Rig(
        {
            EXECUTIONS: [
                page(fill("4"), fill("3"), cursor="next"),
                page(fill("2"), fill("1"), cursor="over"),
                page(fill("0")),
            ]
        },
        categories=("linear",),
    )
    booked = {"0", "1", "2", "3"}
    snapshot = rig.run(rig.client.snapshot(0, is_booked=lambda fill: fill.exec_id in booked))
    assert snapshot.complete
    assert [fill.exec_id for fill in snapshot.fills] == ["1", "2", "3", "4"]
    assert rig.transport.paths().count(EXECUTIONS) == 2


def test_a_long_stop_is_asked_for_in_spans_that_the_venue_shows_whole() -> None:
    rig = Rig(
        {EXECUTIONS: [page(LINEAR_FILL | {"execId": "a"}), page(), page()]}, categories=("linear",)
    )
    snapshot = rig.run(rig.client.snapshot(T0 - 15 * 86_400 * NS))
    assert [fill.exec_id for fill in snapshot.fills] == ["a"]
    asked = [sent.query for sent in rig.transport.sent if sent.path == EXECUTIONS]
    assert asked == [
        "category=linear&startTime=1698704000000&endTime=1699308800000&limit=100",
        "category=linear&startTime=1699308800000&endTime=1699913600000&limit=100",
        "category=linear&startTime=1699913600000&endTime=1700518400000&limit=100",
    ]


def test_funding_and_unknown_rows_are_handed_on_and_are_no_fills() -> None:
    rows = [
        LINEAR_FILL | {"execId": "f", "execType": "Funding", "execFee": "2"},
        LINEAR_FILL | {"execId": "u", "execType": "Lottery"},
        LINEAR_FILL | {"execId": "a"},
    ]
    rig = Rig({EXECUTIONS: [page(*rows)]}, categories=("linear",))
    snapshot = rig.run(rig.client.snapshot(T0))
    assert [fill.exec_id for fill in snapshot.fills] == ["a"]
    funding, unknown = sorted(snapshot.cash, key=lambda row: type(row).__name__)
    assert isinstance(funding, CashReport)
    assert isinstance(unknown, UnknownExecution)
    assert (funding.cash_id, funding.amount, unknown.exec_id) == ("f", Decimal(-2), "u")


def test_flat_positions_and_closed_orders_are_left_out() -> None:
    rig = Rig(
        {
            REALTIME: [page(LINEAR_ORDER | {"orderStatus": "Filled"})],
            POSITIONS: [page(POSITION | {"side": "", "size": "0"})],
        }
    )
    snapshot = rig.run(rig.client.snapshot(0))
    assert (snapshot.complete, snapshot.open_orders, snapshot.positions) == (True, (), ())


@pytest.mark.parametrize("path", [REALTIME, POSITIONS, EXECUTIONS, WALLET])
@pytest.mark.parametrize(
    "failure",
    [
        Reply(200, b"<html>"),
        Reply(503, b""),
        code(10016, "restarting"),
        code(10003),
        TimeoutError(),
    ],
)
def test_f39_a_failed_part_makes_the_snapshot_incomplete_never_flat(
    path: str, failure: object
) -> None:
    rig = Rig({path: [failure]})
    snapshot = rig.run(rig.client.snapshot(0))
    assert not snapshot.complete
    assert snapshot.error


def test_an_unreadable_row_makes_the_snapshot_incomplete() -> None:
    rig = Rig({POSITIONS: [page(POSITION | {"positionIdx": 1})]})
    snapshot = rig.run(rig.client.snapshot(0))
    assert (snapshot.complete, snapshot.error) == (False, "some rows could not be read")


def test_f37_a_cursor_that_goes_in_circles_ends() -> None:
    pages = [page(LINEAR_ORDER, cursor="a"), page(LINEAR_ORDER, cursor="b")] * 3
    rig = Rig({REALTIME: pages}, categories=("linear",))
    assert len(rig.run(rig.client.snapshot(0, frozenset({Scope.ORDERS}))).open_orders) == 1
    assert rig.transport.paths().count(REALTIME) == 3


def test_pages_without_end_are_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest_module, "MAX_PAGES", 3)
    pages = [page(LINEAR_ORDER, cursor=str(n)) for n in range(9)]
    rig = Rig({REALTIME: pages})
    snapshot = rig.run(rig.client.snapshot(0))
    assert (snapshot.complete, snapshot.error) == (
        False,
        "/v5/order/realtime: more than 3 pages",
    )


@pytest.mark.parametrize("cursor", ["a b\r\nX: y".replace(" ", "\x00"), "é", "x" * 600])
def test_a_cursor_that_is_no_cursor_is_a_failure(cursor: str) -> None:
    rig = Rig({REALTIME: [page(LINEAR_ORDER, cursor=cursor)]})
    snapshot = rig.run(rig.client.snapshot(0))
    assert (snapshot.complete, snapshot.error) == (
        False,
        "the venue sent an unusable page cursor",
    )


# --- fills and instruments ---------------------------------------------------------------------


def test_fills_of_an_order_are_polled_in_its_own_category() -> None:
    rig = Rig({CREATE: [ok({"orderId": "9"})], EXECUTIONS: [page(LINEAR_FILL)]})

    async def scenario() -> list[FillEvent]:
        await rig.client.place_order(REQUEST)
        return await rig.client.poll_fills("o-1")

    assert [fill.exec_id for fill in rig.run(scenario())] == [EXECUTION["execId"]]
    assert rig.transport.sent[-1].query == "category=linear&orderLinkId=o-1&limit=100"


def test_fills_of_a_foreign_order_are_asked_for_everywhere() -> None:
    rig = Rig()
    assert rig.run(rig.client.poll_fills("someones")) == []
    assert [sent.query.split("&")[0] for sent in rig.transport.sent] == [
        "category=linear",
        "category=spot",
    ]


def test_polling_fills_fails_loudly() -> None:
    rig = Rig({EXECUTIONS: [page(LINEAR_FILL | {"execQty": "NaN"})]})
    with pytest.raises(ConnectionError, match="an execution of o-1 could not be read"):
        rig.run(rig.client.poll_fills("o-1"))
    with pytest.raises(ValueError, match="an order id is 1 to 36"):
        rig.run(rig.client.poll_fills("not an id"))


LINEAR_INSTRUMENT = {
    "symbol": "BTCUSDT",
    "status": "Trading",
    "baseCoin": "BTC",
    "quoteCoin": "USDT",
    "settleCoin": "USDT",
    "priceFilter": {"tickSize": "0.10", "minPrice": "0.10"},
    "lotSizeFilter": {
        "minNotionalValue": "5",
        "maxOrderQty": "1190.000",
        "maxMktOrderQty": "500.000",
        "minOrderQty": "0.001",
        "qtyStep": "0.001",
    },
}
SPOT_INSTRUMENT = {
    "symbol": "BTCUSDT",
    "status": "Trading",
    "baseCoin": "BTC",
    "quoteCoin": "USDT",
    "priceFilter": {"tickSize": "0.1"},
    "lotSizeFilter": {
        "basePrecision": "0.000001",
        "minOrderQty": "0.5",
        "minOrderAmt": "5",
        "maxOrderQty": "1",
        "maxLimitOrderQty": "83",
        "maxMarketOrderQty": "41.5",
    },
}
INSTRUMENTS = "/v5/market/instruments-info"


def test_instruments_of_all_categories_and_pages_are_read() -> None:
    broken = LINEAR_INSTRUMENT | {"symbol": "X", "priceFilter": {"tickSize": "0"}}
    rig = Rig(
        {
            INSTRUMENTS: [
                page(LINEAR_INSTRUMENT, broken, cursor="2"),
                page(LINEAR_INSTRUMENT | {"symbol": "ETHUSDT", "status": "PreLaunch"}),
                page(SPOT_INSTRUMENT),
            ]
        }
    )
    found = rig.run(rig.client.instruments())
    assert [(item.symbol, item.trading) for item in found] == [
        ("BTCUSDT", True),
        ("ETHUSDT", False),
        ("BTC/USDT", True),
    ]
    spot = found[2]
    assert (spot.qty_step, spot.min_qty) == (Decimal("0.000001"), Decimal("0.000001"))
    assert (spot.max_qty, spot.max_market_qty) == (Decimal(83), Decimal("41.5"))
    assert rig.client.anomalies == {"instrument_row": 1}


def test_a_wrong_key_is_said_at_once() -> None:
    rig = Rig({INSTRUMENTS: [code(10003, "API key is invalid.")]})
    with pytest.raises(VenueRefused, match="10003 API key is invalid"):
        rig.run(rig.client.instruments())


def test_an_unknown_category_is_refused() -> None:
    with pytest.raises(ValueError, match="'futures' is not a valid Category"):
        Rig(categories=("futures",))
