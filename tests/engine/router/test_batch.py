"""Batches through the router: for each order what a single request would have got."""

from __future__ import annotations

import asyncio
import random
from decimal import Decimal

import pytest

from engine.core.reports import Outcome, RequestKind
from engine.core.requests import AmendRequest, CancelRequest, MassCancelRequest, OrderRequest
from engine.core.types import Category
from engine.router import Lane, create_breakers
from engine.router.batch import MASS_CANCEL_S
from engine.router.retry import JITTER
from engine.venues.errors import NotExecuted, RateLimited, VenueUnknown
from engine.venues.protocol import MassCancelResponse, OrderResponse
from engine.venues.reasons import Reason
from tests.engine.router.venue import HANG, T0, Rig, request

BUSY = NotExecuted("busy")
ACCEPTED, REJECTED, UNKNOWN = Outcome.ACCEPTED, Outcome.REJECTED, Outcome.UNKNOWN


def orders(*order_ids: str) -> list[OrderRequest]:
    return [request(order_id) for order_id in order_ids]


def numbered(count: int) -> list[str]:
    return [f"o{number}" for number in range(count)]


def cancels(*order_ids: str) -> list[CancelRequest]:
    return [CancelRequest(client_order_id=order_id, symbol="BTCUSDT") for order_id in order_ids]


def outcomes(responses: list[OrderResponse]) -> list[Outcome]:
    return [response.outcome for response in responses]


def test_a_batch_is_one_request_and_each_order_has_a_response_and_metrics() -> None:
    rig = Rig()
    rig.venue.latency_s = 0.004
    responses = rig.run(rig.router.place_batch(orders("a", "b", "c")))
    assert responses == [
        OrderResponse(client_order_id=order_id, exchange_order_id=f"x-{order_id}")
        for order_id in ("a", "b", "c")
    ]
    assert rig.venue.batches == [("place", ["a", "b", "c"], 0.0)]
    for metrics in rig.router.get_metrics().values():
        assert (metrics.attempts, metrics.latency_s) == (1, 0.004)
        assert metrics.outcome is ACCEPTED
    (stats,) = [stats for stats in rig.router.stats() if stats.kind == "place"]
    assert (stats.count, stats.retries, stats.max_s) == (3, 0, 0.004)


def test_amends_and_cancels_go_as_batches_too() -> None:
    rig = Rig()
    amends = [
        AmendRequest(client_order_id=order_id, symbol="BTCUSDT", price=Decimal(1))
        for order_id in ("a", "b")
    ]
    assert outcomes(rig.run(rig.router.amend_batch(amends))) == [ACCEPTED] * 2
    assert outcomes(rig.run(rig.router.cancel_batch(cancels("a", "b")))) == [ACCEPTED] * 2
    assert [(kind, ids) for kind, ids, _ in rig.venue.batches] == [
        ("amend", ["a", "b"]),
        ("cancel", ["a", "b"]),
    ]


def test_g4_an_order_that_a_batch_amended_before_it_was_found_is_accepted() -> None:
    rig = Rig()
    rig.venue.failures, rig.venue.arrives = [VenueUnknown("10016")], True
    amend = AmendRequest(client_order_id="o-1", symbol="BTCUSDT", price=Decimal(50001))

    async def scenario() -> OrderResponse:
        placed = asyncio.create_task(rig.router.place(request()))
        await rig.clock.sleep(0.01)
        assert outcomes(await rig.router.amend_batch([amend])) == [ACCEPTED]
        rig.venue.orders["o-1"] = request(price=amend.price)
        return await placed

    response = rig.run(scenario())
    assert (response.outcome, response.exchange_order_id) == (ACCEPTED, "x-o-1")


def test_an_empty_batch_sends_nothing() -> None:
    rig = Rig()
    assert rig.run(rig.router.place_batch([])) == []
    assert rig.venue.batches == []


def test_a_batch_is_sent_in_the_portions_that_the_venue_takes() -> None:
    rig = Rig()
    rig.venue.batch_size = 2
    responses = rig.run(rig.router.place_batch(orders("a", "b", "c", "d", "e")))
    assert [response.client_order_id for response in responses] == ["a", "b", "c", "d", "e"]
    assert [ids for _, ids, _ in rig.venue.batches] == [["a", "b"], ["c", "d"], ["e"]]


# --- failures in part ----------------------------------------------------------------------------


def test_only_what_was_surely_not_carried_out_is_sent_again() -> None:
    rig = Rig(rng=random.Random(1))
    rig.venue.failures = [None, BUSY, Reason.BALANCE, VenueUnknown("10016"), BUSY, None, BUSY]
    responses = rig.run(rig.router.place_batch(orders("a", "b", "c", "d", "e")))
    assert outcomes(responses) == [ACCEPTED, ACCEPTED, REJECTED, UNKNOWN, ACCEPTED]
    assert [response.attempts for response in responses] == [1, 2, 1, 1, 3]
    assert (responses[3].reason, responses[3].text) == (Reason.NO_ANSWER, "10016")
    jitter = random.Random(1)
    first = 0.1 * (1 + JITTER * jitter.random())
    second = first + 0.2 * (1 + JITTER * jitter.random())
    assert [ids for _, ids, _ in rig.venue.batches] == [
        ["a", "b", "c", "d", "e"],
        ["b", "e"],
        ["e"],
    ]
    assert [at for _, _, at in rig.venue.batches] == pytest.approx([0, first, second])
    assert rig.venue.times("lookup") == []


def test_what_is_turned_away_four_times_is_given_up_each_with_its_own_reason() -> None:
    rig = Rig()
    limited = RateLimited("10006", T0)
    rig.venue.failures = [BUSY, limited] * 4
    responses = rig.run(rig.router.place_batch(orders("a", "b")))
    assert outcomes(responses) == [REJECTED, REJECTED]
    assert [response.reason for response in responses] == [Reason.VENUE_BUSY, Reason.RATE_LIMITED]
    assert [response.attempts for response in responses] == [4, 4]


def test_f09_orders_over_the_rate_limit_wait_for_the_window() -> None:
    rig = Rig()
    rig.venue.failures = [None, RateLimited("10006", T0 + 750_000_000)]
    responses = rig.run(rig.router.place_batch(orders("a", "b")))
    assert outcomes(responses) == [ACCEPTED, ACCEPTED]
    assert rig.venue.batches[1] == ("place", ["b"], 0.75)
    (stats,) = [stats for stats in rig.router.stats() if stats.kind == "place"]
    assert (stats.count, stats.retries, stats.rate_limited) == (2, 1, 1)


def test_a_rate_limit_beyond_the_patience_is_not_waited_for() -> None:
    rig = Rig(timeout_s=5.0)
    rig.venue.always = RateLimited("ban", T0 + 600 * 10**9)
    responses = rig.run(rig.router.cancel_batch(cancels("a", "b")))
    assert [response.reason for response in responses] == [Reason.RATE_LIMITED] * 2
    assert rig.now_s() == 0.0


@pytest.mark.parametrize(
    ("failure", "after_s"), [(HANG, 5.0), (ConnectionResetError("reset"), 0.0)]
)
def test_f14_a_batch_without_an_answer_leaves_every_order_unknown_and_is_not_repeated(
    failure: Exception | str, after_s: float
) -> None:
    rig = Rig()
    rig.venue.batch_failures = [failure]
    responses = rig.run(rig.router.place_batch(orders("a", "b", "c")))
    assert outcomes(responses) == [UNKNOWN] * 3
    assert len(rig.venue.batches) == 1
    assert rig.venue.times("lookup") == []
    assert rig.now_s() == after_s


def test_a_portion_without_an_answer_takes_nothing_from_the_others() -> None:
    rig = Rig()
    rig.venue.batch_size = 2
    rig.venue.batch_failures = [None, HANG, None]
    responses = rig.run(rig.router.cancel_batch(cancels(*numbered(6))))
    assert outcomes(responses) == [ACCEPTED, ACCEPTED, UNKNOWN, UNKNOWN, ACCEPTED, ACCEPTED]


def test_an_exception_that_is_a_bug_comes_through_and_the_orders_stay_unknown() -> None:
    rig = Rig()
    rig.venue.batch_failures = [ValueError("bug")]
    with pytest.raises(ValueError, match="bug"):
        rig.run(rig.router.place_batch(orders("a", "b")))
    assert {metrics.outcome for metrics in rig.router.get_metrics().values()} == {UNKNOWN}


# --- deduplication --------------------------------------------------------------------------------


def test_an_order_is_placed_once_however_often_batches_name_it() -> None:
    rig = Rig()

    async def scenario() -> list[OrderResponse]:
        first = await rig.router.place(request("a"))
        again = await rig.router.place_batch(
            [request("a"), request("b"), request("b"), request("a", qty=Decimal(9))]
        )
        return [first, *again]

    first, same, new, twice, other = rig.run(scenario())
    assert same == first
    assert new == twice
    assert (other.outcome, other.reason) == (REJECTED, Reason.DUPLICATE_ID)
    assert rig.venue.batches == [("place", ["b"], 0.0)]


def test_a_batch_waits_for_an_order_that_is_already_under_way() -> None:
    rig = Rig()
    rig.venue.latency_s = 0.5

    async def scenario() -> list[OrderResponse]:
        alone = asyncio.create_task(rig.router.place(request("a")))
        await asyncio.sleep(0)
        responses = await rig.router.place_batch(orders("a", "b"))
        assert await alone == responses[0]
        return responses

    assert outcomes(rig.run(scenario())) == [ACCEPTED, ACCEPTED]
    assert rig.venue.times("place") == [0.0]


def test_an_order_cancelled_meanwhile_is_not_sent_again() -> None:
    rig = Rig()
    rig.venue.failures = [BUSY, BUSY]

    async def scenario() -> list[OrderResponse]:
        placing = asyncio.create_task(rig.router.place_batch(orders("a", "b")))
        await rig.clock.sleep(0.05)
        await rig.router.cancel(cancels("a")[0])
        return await placing

    responses = rig.run(scenario())
    assert [response.reason for response in responses] == [Reason.CANCELED, ""]
    assert [ids for _, ids, _ in rig.venue.batches] == [["a", "b"], ["b"]]


def test_a_batch_that_is_cancelled_leaves_its_orders_unknown() -> None:
    rig = Rig()
    rig.venue.latency_s = 1.0

    async def scenario() -> None:
        placing = asyncio.create_task(rig.router.place_batch(orders("a", "b")))
        await rig.clock.sleep(0.5)
        placing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await placing

    rig.run(scenario())
    assert {metrics.outcome for metrics in rig.router.get_metrics().values()} == {UNKNOWN}


# --- gate, breaker, lanes -------------------------------------------------------------------------


def test_a_closed_gate_keeps_orders_and_amends_here_and_lets_cancels_by() -> None:
    rig = Rig()
    rig.gate.close("test")
    placed = rig.run(rig.router.place_batch(orders("a", "b")))
    assert {response.reason for response in placed} == {Reason.HALTED}
    amend = AmendRequest(client_order_id="a", symbol="BTCUSDT", price=Decimal(1))
    assert rig.run(rig.router.amend_batch([amend, amend]))[0].reason == Reason.HALTED
    assert rig.venue.batches == []
    assert rig.router.get_metrics() == {}  # never orders: their ids may be used again
    assert outcomes(rig.run(rig.router.cancel_batch(cancels("a", "b")))) == [ACCEPTED] * 2


def test_only_the_allowed_orders_of_a_flatten_pass_a_closed_gate() -> None:
    rig = Rig()
    rig.gate.close("test")
    rig.gate.allow_reduce("b")
    batch = [request("a"), request("b", reduce_only=True)]
    assert outcomes(rig.run(rig.router.place_batch(batch))) == [REJECTED, ACCEPTED]
    assert rig.venue.batches == [("place", ["b"], 0.0)]


def test_g8_a_gate_that_closes_between_waves_keeps_the_rest_here() -> None:
    rig = Rig(lanes={RequestKind.PLACE: Lane(10, 2)})

    async def scenario() -> list[OrderResponse]:
        placing = asyncio.create_task(rig.router.place_batch(orders("a", "b", "c")))
        await rig.clock.sleep(0.05)
        rig.gate.close("test")
        return await placing

    responses = rig.run(scenario())
    assert [response.reason for response in responses] == ["", "", Reason.HALTED]
    assert [ids for _, ids, _ in rig.venue.batches] == [["a", "b"]]


def test_each_order_of_a_batch_takes_a_place_in_its_lane() -> None:
    rig = Rig(lanes={RequestKind.CANCEL: Lane(10, 10)})
    responses = rig.run(rig.router.cancel_batch(cancels(*numbered(25))))
    assert outcomes(responses) == [ACCEPTED] * 25
    assert [(len(ids), at) for _, ids, at in rig.venue.batches] == [(10, 0), (10, 1.05), (5, 1.575)]


def test_what_may_leave_now_does_not_wait_for_a_full_burst() -> None:
    rig = Rig(lanes={RequestKind.CANCEL: Lane(10, 10)})

    async def scenario() -> None:
        for order_id in numbered(7):
            await rig.router.cancel(cancels(order_id)[0])
        await rig.router.cancel_batch(cancels(*numbered(5)))

    rig.run(scenario())
    assert [(len(ids), at) for _, ids, at in rig.venue.batches] == [(3, 0), (2, 0.21)]


def test_orders_that_would_wait_too_long_in_the_lane_are_refused_here() -> None:
    rig = Rig(lanes={RequestKind.PLACE: Lane(10, 10)}, timeout_s=2.2)
    responses = rig.run(rig.router.place_batch(orders(*numbered(50))))
    assert outcomes(responses) == [ACCEPTED] * 30 + [REJECTED] * 20
    assert {response.reason for response in responses[30:]} == {Reason.RATE_LIMITED}
    assert len(rig.router.get_metrics()) == 30


def test_g18_cancels_wait_as_long_as_it_takes_and_let_others_in_between() -> None:
    rig = Rig(lanes={RequestKind.CANCEL: Lane(10, 10)}, timeout_s=2.0)
    answered_s: list[float] = []

    async def scenario() -> list[OrderResponse]:
        many = asyncio.create_task(
            rig.router.cancel_batch(
                cancels(*numbered(50)), lambda _response: answered_s.append(rig.now_s())
            )
        )
        await rig.clock.sleep(0.5)
        assert (await rig.router.cancel(cancels("one")[0])).accepted
        assert rig.now_s() == 1.15
        return await many

    assert outcomes(rig.run(scenario())) == [ACCEPTED] * 50
    assert answered_s[::10] == pytest.approx([0.0, 1.05, 2.2, 3.25, 4.3])


def test_a_wave_that_is_not_answered_does_not_hold_up_the_next() -> None:
    rig = Rig(lanes={RequestKind.CANCEL: Lane(10, 2)})
    rig.venue.batch_failures = [HANG]
    responses = rig.run(rig.router.cancel_batch(cancels("a", "b", "c", "d")))
    assert outcomes(responses) == [UNKNOWN, UNKNOWN, ACCEPTED, ACCEPTED]
    assert [at for _, _, at in rig.venue.batches] == [0.0, 0.21]


def test_a_batch_that_is_not_answered_counts_once_for_the_breaker() -> None:
    rig = Rig(breakers=create_breakers(threshold=2))
    rig.venue.batch_failures = [HANG, HANG]
    rig.run(rig.router.place_batch(orders(*numbered(10))))
    states = [rig.router.placing_breaker()]
    rig.run(rig.router.place_batch(orders("x", "y")))
    states.append(rig.router.placing_breaker())
    assert [state is not None and state.state for state in states] == [False, "open"]
    refused = rig.run(rig.router.place_batch(orders("p", "q")))
    assert {response.reason for response in refused} == {Reason.BREAKER_OPEN}
    assert outcomes(rig.run(rig.router.cancel_batch(cancels("x", "y")))) == [ACCEPTED] * 2


def test_one_definite_answer_in_a_batch_is_an_answer_of_the_venue() -> None:
    rig = Rig(breakers=create_breakers(threshold=1))
    rig.venue.failures = [VenueUnknown("10016"), None]
    rig.run(rig.router.place_batch(orders("a", "b")))
    assert rig.router.placing_breaker() is None


def test_cancels_that_nobody_answers_open_their_class_whatever_way_they_went() -> None:
    rig = Rig(breakers=create_breakers(threshold=2, cool_s=60))
    rig.venue.batch_failures = [HANG]
    rig.venue.mass_answer = VenueUnknown("502")

    async def scenario() -> None:
        await rig.router.cancel_batch(cancels("a", "b"))
        await rig.clock.sleep(1)
        await rig.router.mass_cancel(EVERYTHING)
        (cancel,) = (b for b in rig.router.breakers() if b.name == "cancel")
        assert (cancel.state, cancel.reason) == ("open", "502")
        rig.venue.mass_answer = MassCancelResponse()
        assert (await rig.router.mass_cancel(EVERYTHING)).accepted
        assert all(breaker.closed for breaker in rig.router.breakers())

    rig.run(scenario())


def test_a_batch_of_cancels_that_was_turned_away_waits_while_its_class_is_in_trouble() -> None:
    rig = Rig(breakers=create_breakers(threshold=1, cool_s=60))
    rig.venue.batch_failures = [HANG]
    rig.run(rig.router.cancel_batch(cancels("a", "b")))
    at_s = rig.now_s()
    rig.venue.failures = [NotExecuted("busy")] * 2
    rig.run(rig.router.cancel_batch(cancels("c", "d")))
    first, second = (at - at_s for _, _, at in rig.venue.batches[-2:])
    assert first == 0
    assert 0.3 <= second <= 0.31


def test_observers_hear_of_each_order() -> None:
    heard: list[tuple[RequestKind, str, int, float]] = []
    rig = Rig(on_done=lambda *done: heard.append(done))
    rig.run(rig.router.cancel_batch(cancels("a", "b")))
    assert heard == [(RequestKind.CANCEL, "BTCUSDT", 1, 0.0)] * 2


# --- cancel-all -----------------------------------------------------------------------------------

EVERYTHING = MassCancelRequest(
    category=Category.LINEAR, settle="USDT", client_order_ids=("a", "b", "c")
)


def test_cancel_all_passes_the_gate_and_the_breaker_and_counts_for_each_order() -> None:
    rig = Rig(breakers=create_breakers(threshold=1))
    rig.venue.failures = [HANG] * 4
    rig.run(rig.router.place(request("a")))
    rig.gate.close("test")
    answer = rig.venue.mass_answer = MassCancelResponse(affected=frozenset({"a"}))
    assert rig.run(rig.router.mass_cancel(EVERYTHING)) == answer
    assert rig.venue.mass == [EVERYTHING]
    (stats,) = [stats for stats in rig.router.stats() if stats.kind == "cancel"]
    assert stats.count == 3


def test_orders_that_cancel_all_was_sent_for_are_not_sent_again() -> None:
    rig = Rig()
    rig.venue.failures = [BUSY]

    async def scenario() -> OrderResponse:
        placing = asyncio.create_task(rig.router.place(request("a")))
        await rig.clock.sleep(0.05)
        await rig.router.mass_cancel(EVERYTHING)
        return await placing

    assert rig.run(scenario()).reason == Reason.CANCELED
    assert rig.venue.orders == {}


def test_cancel_all_takes_one_place_in_the_lane_of_cancels() -> None:
    rig = Rig(lanes={RequestKind.CANCEL: Lane(1, 1)}, timeout_s=0.5)
    assert rig.run(rig.router.mass_cancel(EVERYTHING)).accepted
    full = rig.run(rig.router.mass_cancel(EVERYTHING))
    assert (full.outcome, full.reason) == (REJECTED, Reason.RATE_LIMITED)
    assert len(rig.venue.mass) == 1


@pytest.mark.parametrize(
    ("failure", "outcome", "reason"),
    [
        (VenueUnknown("10016"), UNKNOWN, Reason.NO_ANSWER),
        (RateLimited("ban", T0), REJECTED, Reason.RATE_LIMITED),
        (BUSY, REJECTED, Reason.VENUE_BUSY),
    ],
)
def test_cancel_all_is_asked_for_once(failure: Exception, outcome: Outcome, reason: Reason) -> None:
    rig = Rig()
    rig.venue.mass_answer = failure
    response = rig.run(rig.router.mass_cancel(EVERYTHING))
    assert (response.outcome, response.reason, response.text) == (outcome, reason, str(failure))
    assert len(rig.venue.mass) == 1


def test_cancel_all_that_hangs_is_given_up_soon() -> None:
    rig = Rig()
    rig.venue.latency_s = 10.0
    assert rig.run(rig.router.mass_cancel(EVERYTHING)).outcome is UNKNOWN
    assert rig.now_s() == MASS_CANCEL_S
