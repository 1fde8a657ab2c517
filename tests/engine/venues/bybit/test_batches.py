"""Batches and cancel-all: what goes out, and what each order is told."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from engine.core.reports import Outcome
from engine.core.requests import AmendRequest, CancelRequest, MassCancelRequest, OrderRequest
from engine.core.types import Category, Side
from engine.venues.bybit.batches import LARGEST
from engine.venues.errors import NotExecuted, RateLimited, VenueUnknown
from engine.venues.protocol import BatchAnswer, MassCancelResponse, OrderResponse
from engine.venues.reasons import Reason
from tests.engine.venues.bybit import test_trade
from tests.engine.venues.bybit.scripted import Reply, Sent, agree, code, ok
from tests.engine.venues.bybit.test_client import T0, Rig

CREATE, CREATE_BATCH = "/v5/order/create", "/v5/order/create-batch"
AMEND_BATCH, CANCEL_BATCH = "/v5/order/amend-batch", "/v5/order/cancel-batch"
CANCEL, CANCEL_ALL = "/v5/order/cancel", "/v5/order/cancel-all"
LINEAR_20, SPOT_10 = LARGEST[Category.LINEAR], LARGEST[Category.SPOT]


def orders(count: int, symbol: str = "BTCUSDT", prefix: str = "o") -> list[OrderRequest]:
    return [
        OrderRequest(
            client_order_id=f"{prefix}{number}",
            symbol=symbol,
            side=Side.BUY,
            qty=Decimal("0.01"),
            price=Decimal(50_000 + number),
        )
        for number in range(count)
    ]


def cancels(*order_ids: str, symbol: str = "BTCUSDT") -> list[CancelRequest]:
    return [CancelRequest(client_order_id=order_id, symbol=symbol) for order_id in order_ids]


def answered(sent: Sent, codes: Sequence[int] = ()) -> dict[str, Any]:
    """The venue's answer to every item of a batch: accepted, or the code at its place."""
    items = sent.json["request"]
    listed = [*codes, *[0] * len(items)][: len(items)]
    rows = [
        {
            "orderId": "" if number else item.get("orderId") or f"x-{item['orderLinkId']}",
            "orderLinkId": item.get("orderLinkId", ""),
        }
        for item, number in zip(items, listed, strict=True)
    ]
    return {
        "result": {"list": rows},
        "retExtInfo": {"list": [{"code": number, "msg": "text"} for number in listed]},
    }


async def accept(sent: Sent) -> Reply:
    parts = answered(sent)
    return ok(parts["result"], retExtInfo=parts["retExtInfo"])


def refusing(*codes: int) -> Any:
    async def answer(sent: Sent) -> Reply:
        parts = answered(sent, codes)
        return ok(parts["result"], retExtInfo=parts["retExtInfo"])

    return answer


def accepted(*order_ids: str) -> list[OrderResponse]:
    return [
        OrderResponse(client_order_id=order_id, exchange_order_id=f"x-{order_id}")
        for order_id in order_ids
    ]


def kinds(answers: Sequence[BatchAnswer]) -> list[object]:
    """The outcome of each answer, or the kind of its failure."""
    return [a.outcome if isinstance(a, OrderResponse) else type(a) for a in answers]


def test_a_batch_says_the_category_once_and_the_rest_as_a_single_request_would() -> None:
    rig = Rig({CREATE_BATCH: [accept]})
    assert rig.run(rig.client.place_batch(orders(2))) == accepted("o0", "o1")
    (sent,) = rig.transport.sent
    assert sent.path == CREATE_BATCH
    assert sent.json == {
        "category": "linear",
        "request": [
            {
                "symbol": "BTCUSDT",
                "side": "Buy",
                "orderType": "Limit",
                "qty": "0.01",
                "orderLinkId": f"o{number}",
                "timeInForce": "GTC",
                "price": f"{50_000 + number}",
            }
            for number in range(2)
        ],
    }


def test_amends_and_cancels_have_batches_of_their_own() -> None:
    rig = Rig({AMEND_BATCH: [accept], CANCEL_BATCH: [accept]})
    amends = [
        AmendRequest(client_order_id=order_id, symbol="BTCUSDT", price=Decimal(1))
        for order_id in ("a", "b")
    ]
    assert rig.run(rig.client.amend_batch(amends)) == accepted("a", "b")
    external = CancelRequest(client_order_id="web", symbol="BTCUSDT", exchange_order_id="77")
    answers = rig.run(rig.client.cancel_batch([*cancels("a"), external]))
    assert kinds(answers) == [Outcome.ACCEPTED, Outcome.ACCEPTED]
    assert rig.transport.paths() == [AMEND_BATCH, CANCEL_BATCH]
    assert rig.transport.sent[1].json["request"] == [
        {"symbol": "BTCUSDT", "orderLinkId": "a"},
        {"symbol": "BTCUSDT", "orderId": "77"},
    ]


def test_batches_are_split_by_category_and_to_the_venues_sizes_and_answered_in_order() -> None:
    rig = Rig({CREATE_BATCH: [accept], CREATE: [ok({"orderId": "single"})]})
    linear, spot = orders(41), orders(11, "BTC/USDT", "s")
    mixed = [order for pair in zip(linear, spot, strict=False) for order in pair] + linear[11:]
    answers = rig.run(rig.client.place_batch(mixed))
    assert [a.client_order_id for a in answers if isinstance(a, OrderResponse)] == [
        order.client_order_id for order in mixed
    ]
    sizes = sorted(
        (sent.json["category"], len(sent.json.get("request", "1"))) for sent in rig.transport.sent
    )
    # A batch of one is a single request.
    assert sizes == [
        ("linear", 1),
        ("linear", LINEAR_20),
        ("linear", LINEAR_20),
        ("spot", 1),
        ("spot", SPOT_10),
    ]
    assert rig.transport.paths().count(CREATE) == 2


def test_nothing_to_send_sends_nothing() -> None:
    rig = Rig()
    assert rig.run(rig.client.cancel_batch([])) == []
    assert rig.transport.sent == []


def test_a_category_without_batches_goes_one_by_one() -> None:
    rig = Rig(
        {CREATE: [ok({"orderId": "1"}), code(110007), TimeoutError("hang")]}, batched=["linear"]
    )
    answers = rig.run(rig.client.place_batch(orders(3, "BTC/USDT")))
    assert kinds(answers) == [Outcome.ACCEPTED, Outcome.REJECTED, TimeoutError]
    assert rig.transport.paths() == [CREATE] * 3


def test_each_order_of_a_batch_that_fails_in_part_has_its_own_outcome() -> None:
    rig = Rig({CREATE_BATCH: [refusing(0, 110007, 10016, 10006)]})
    answers = rig.run(rig.client.place_batch(orders(5)))
    assert kinds(answers) == [
        Outcome.ACCEPTED,
        Outcome.REJECTED,
        VenueUnknown,
        RateLimited,
        Outcome.ACCEPTED,
    ]
    refused = answers[1]
    assert isinstance(refused, OrderResponse)
    assert (refused.reason, refused.text) == (Reason.BALANCE, "110007 text")


def test_an_order_over_the_rate_limit_may_be_sent_again_when_the_window_opens() -> None:
    async def limited(sent: Sent) -> Reply:
        parts = answered(sent, (0, 10006))
        reply = ok(parts["result"], retExtInfo=parts["retExtInfo"])
        return Reply(200, reply.body, {"X-Bapi-Limit-Reset-Timestamp": "1700000000750"})

    rig = Rig({CANCEL_BATCH: [limited]})
    late = rig.run(rig.client.cancel_batch(cancels("a", "b")))[1]
    assert isinstance(late, RateLimited)
    assert late.retry_at_ns == T0 + 750_000_000


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (code(10016), VenueUnknown),
        (code(10006), VenueUnknown),
        (Reply(502, b"<html>"), VenueUnknown),
        (Reply(200, b"<html>"), VenueUnknown),
        (ok({}), VenueUnknown),
        (Reply(403, b"<html>"), RateLimited),
        (TimeoutError("nothing heard"), TimeoutError),
        (ConnectionResetError("reset"), ConnectionResetError),
        (code(10001), Outcome.REJECTED),
    ],
)
def test_what_is_true_of_the_whole_batch_is_true_of_each(answer: object, expected: object) -> None:
    rig = Rig({CREATE_BATCH: [answer]})
    assert kinds(rig.run(rig.client.place_batch(orders(3)))) == [expected] * 3


def test_f13_a_reply_that_lacks_an_order_leaves_it_unknown_and_not_refused() -> None:
    async def short(sent: Sent) -> Reply:
        parts = answered(sent)
        return ok(
            {"list": parts["result"]["list"][:2]},
            retExtInfo={"list": parts["retExtInfo"]["list"][:2]},
        )

    rig = Rig({CREATE_BATCH: [short]})
    answers = rig.run(rig.client.place_batch(orders(3)))
    assert kinds(answers) == [Outcome.ACCEPTED, Outcome.ACCEPTED, VenueUnknown]


def test_a_clock_that_is_off_is_measured_once_for_the_whole_batch() -> None:
    rig = Rig({CREATE_BATCH: [code(10002)]})
    answers = rig.run(rig.client.place_batch(orders(3)))
    assert all(isinstance(answer, NotExecuted) for answer in answers)
    assert rig.transport.paths() == [CREATE_BATCH, "/v5/market/time"]


def test_an_id_the_venue_cannot_hold_stays_here_and_the_others_leave() -> None:
    rig = Rig({CANCEL_BATCH: [accept]})
    answers = rig.run(rig.client.cancel_batch(cancels("a", "no good", "b")))
    assert kinds(answers) == [Outcome.ACCEPTED, Outcome.REJECTED, Outcome.ACCEPTED]
    assert [item["orderLinkId"] for item in rig.transport.sent[0].json["request"]] == ["a", "b"]
    rig = Rig()
    assert kinds(rig.run(rig.client.cancel_batch(cancels("no good", "nor this")))) == [
        Outcome.REJECTED,
        Outcome.REJECTED,
    ]
    assert rig.transport.sent == []


def test_cancels_in_batches_may_use_what_is_kept_of_the_address_for_cancels() -> None:
    rig = Rig({CANCEL_BATCH: [accept], CANCEL_ALL: [ok({"success": "1"})]}, limited=True)
    left = rig.client._rest._budget
    assert left is not None
    while not left.take(urgent=False):
        pass
    assert kinds(rig.run(rig.client.place_batch(orders(2)))) == [RateLimited] * 2
    assert kinds(rig.run(rig.client.cancel_batch(cancels("a", "b")))) == [Outcome.ACCEPTED] * 2
    assert rig.run(rig.client.cancel_all(MassCancelRequest(category=Category.SPOT))).accepted


# --- over the trade stream ------------------------------------------------------------------------


def test_a_batch_goes_over_the_trade_stream_while_it_is_up() -> None:
    rig = test_trade.Rig()

    async def scenario() -> None:
        placing = asyncio.create_task(rig.client.place_batch(orders(2)))
        await asyncio.sleep(0)
        (asked,) = rig.asked
        assert (asked["op"], len(asked["args"])) == ("order.create-batch", 1)
        assert [item["orderLinkId"] for item in asked["args"][0]["request"]] == ["o0", "o1"]
        rig.answer(
            asked,
            data={
                "list": [
                    {"orderId": "1", "orderLinkId": "o0"},
                    {"orderId": "", "orderLinkId": "o1"},
                ]
            },
            retExtInfo={"list": [{"code": 0, "msg": "OK"}, {"code": 10006, "msg": "later"}]},
        )
        assert kinds(await placing) == [Outcome.ACCEPTED, RateLimited]

    rig.play(scenario)
    assert CREATE_BATCH not in rig.transport.paths()


def test_a_batch_that_the_lost_stream_left_unanswered_is_of_unknown_fate() -> None:
    rig = test_trade.Rig()

    async def scenario() -> None:
        placing = asyncio.create_task(rig.client.place_batch(orders(2)))
        await asyncio.sleep(0)
        rig.trade.drop("gone")
        assert kinds(await placing) == [VenueUnknown, VenueUnknown]

    rig.play(scenario)


def test_a_batch_that_the_stream_cannot_take_did_not_leave() -> None:
    rig = test_trade.Rig()

    def fail(message: bytes) -> None:
        raise ConnectionResetError("gone")

    async def scenario() -> None:
        rig.trade.send = fail  # type: ignore[method-assign]
        answers = await rig.client.place_batch(orders(2))
        assert kinds(answers) == [NotExecuted, NotExecuted]

    rig.play(scenario)


def test_a_batch_answer_of_another_shape_is_set_aside_and_proves_nothing() -> None:
    rig = test_trade.Rig()

    async def scenario() -> None:
        placing = asyncio.create_task(rig.client.place_batch(orders(2)))
        await asyncio.sleep(0)
        rig.answer(rig.asked[0], data={"list": "none"}, retExtInfo={"list": []})
        assert kinds(await placing) == [VenueUnknown, VenueUnknown]
        assert rig.client.anomalies["trade_message"] == 1

    rig.play(scenario)


def test_a_gateway_that_restarts_is_left_when_its_batches_are_answered() -> None:
    rig = test_trade.Rig()

    async def scenario() -> None:
        old = rig.trade
        placing = asyncio.create_task(rig.client.place_batch(orders(2)))
        await asyncio.sleep(0)
        rig.answer(rig.asked[0], code=10019, data={})
        assert kinds(await placing) == [NotExecuted, NotExecuted]
        await rig.clock.sleep(1)
        assert rig.trade is not old

    rig.play(scenario)


def test_f48_cancels_of_a_banned_address_go_one_by_one_over_the_trade_stream() -> None:
    rig = test_trade.Rig()
    rig.transport.answers[CANCEL_ALL] = [Reply(403, b"<html>")]

    async def scenario() -> None:
        everything = MassCancelRequest(category=Category.LINEAR, settle="USDT")
        with pytest.raises(RateLimited):
            await rig.client.cancel_all(everything)
        rig.transport.answer_stream = lambda said: (
            {"reqId": said["reqId"], "retCode": 0, "op": said["op"], "data": {"orderId": "1"}}
            if said["op"].startswith("order.")
            else agree(said)
        )
        answers = await rig.client.cancel_batch(cancels("a", "b", "c"))
        assert kinds(answers) == [Outcome.ACCEPTED] * 3
        with pytest.raises(RateLimited):
            await rig.client.cancel_all(everything)

    rig.play(scenario)
    assert [said["op"] for said in rig.asked] == ["order.cancel"] * 3
    assert rig.transport.paths().count(CANCEL_ALL) == 1


# --- cancel-all -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_", "bodies"),
    [
        (
            MassCancelRequest(category=Category.LINEAR, settle="USDC"),
            [{"category": "linear", "settleCoin": "USDC", "orderFilter": "Order"}],
        ),
        (
            MassCancelRequest(category=Category.LINEAR, settle="USDT", conditional=True),
            [{"category": "linear", "settleCoin": "USDT", "orderFilter": "StopOrder"}],
        ),
        (
            MassCancelRequest(category=Category.LINEAR, settle="USDT", symbol="BTCUSDT"),
            [{"category": "linear", "symbol": "BTCUSDT", "orderFilter": "Order"}],
        ),
        (
            MassCancelRequest(category=Category.SPOT, settle="USDT"),
            [{"category": "spot", "orderFilter": "Order"}],
        ),
        (
            MassCancelRequest(category=Category.SPOT, symbol="BTC/USDT", conditional=True),
            [
                {"category": "spot", "symbol": "BTCUSDT", "orderFilter": name}
                for name in ("StopOrder", "tpslOrder", "OcoOrder", "BidirectionalTpslOrder")
            ],
        ),
    ],
)
def test_cancel_all_names_its_market_or_coin_and_every_filter(
    request_: MassCancelRequest, bodies: list[dict[str, str]]
) -> None:
    rig = Rig({CANCEL_ALL: [ok({"success": "1"})]})
    assert rig.run(rig.client.cancel_all(request_)) == MassCancelResponse()
    assert [sent.json for sent in rig.transport.sent] == bodies


def test_cancel_all_tells_which_orders_the_venue_named() -> None:
    rows = [{"orderId": "1", "orderLinkId": "a"}, {"orderId": "2", "orderLinkId": ""}]
    rig = Rig({CANCEL_ALL: [ok({"list": rows, "success": "1"})]})
    request = MassCancelRequest(category=Category.LINEAR, settle="USDT")
    response = rig.run(rig.client.cancel_all(request))
    assert (response.accepted, response.affected) == (True, frozenset({"1", "a", "2"}))


def test_f47_cancel_all_without_success_is_no_success() -> None:
    rows = [{"orderId": "1", "orderLinkId": "a"}]
    rig = Rig({CANCEL_ALL: [ok({"list": rows, "success": "0"})]})
    request = MassCancelRequest(category=Category.LINEAR, settle="USDT")
    response = rig.run(rig.client.cancel_all(request))
    assert (response.outcome, response.affected) == (Outcome.REJECTED, frozenset({"1", "a"}))


def test_a_refused_cancel_all_says_why() -> None:
    rig = Rig({CANCEL_ALL: [code(10001, "Illegal category")]})
    request = MassCancelRequest(category=Category.LINEAR, settle="USDT")
    assert rig.run(rig.client.cancel_all(request)) == MassCancelResponse(
        outcome=Outcome.REJECTED, reason=Reason.REQUEST, text="10001 Illegal category"
    )


def test_cancel_all_with_a_key_that_is_not_known_is_refused() -> None:
    rig = Rig({CANCEL_ALL: [Reply(401, b"")]})
    response = rig.run(rig.client.cancel_all(MassCancelRequest(category=Category.SPOT)))
    assert (response.outcome, response.reason, response.text) == (
        Outcome.REJECTED,
        Reason.AUTH,
        "401",
    )


@pytest.mark.parametrize("answer", [code(10016), Reply(502, b"<html>"), TimeoutError("hang")])
def test_cancel_all_without_a_definite_answer_raises(answer: object) -> None:
    rig = Rig({CANCEL_ALL: [answer]})
    with pytest.raises(TimeoutError):
        rig.run(rig.client.cancel_all(MassCancelRequest(category=Category.SPOT)))


def test_an_amend_of_an_order_that_waits_leaves_alone() -> None:
    amends = [
        AmendRequest(client_order_id=f"o{n}", symbol="BTCUSDT", qty=Decimal(1), waiting=n == 1)
        for n in range(3)
    ]
    amend = "/v5/order/amend"
    rig = Rig({AMEND_BATCH: [accept], amend: [ok({"orderId": "x-o1"})]})
    answers = rig.run(rig.client.amend_batch(amends))
    assert [a.client_order_id for a in answers if isinstance(a, OrderResponse)] == [
        "o0", "o1", "o2",
    ]  # fmt: skip
    assert sorted(rig.transport.paths()) == [amend, AMEND_BATCH]
