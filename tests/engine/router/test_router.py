"""The router: one order at the venue whatever happens on the way, and an answer every time."""

from __future__ import annotations

import asyncio
import random
from decimal import Decimal
from typing import Any

import pytest

from engine.clock import NS
from engine.core.reports import Outcome, RequestKind, VenueStatus
from engine.core.requests import AmendRequest, CancelRequest, QueryOrder, SettingRequest
from engine.core.types import Side, TimeInForce
from engine.router import Lane
from engine.router.retry import JITTER, PAUSES_S
from engine.venues.errors import NotExecuted, RateLimited, VenueUnknown
from engine.venues.protocol import OrderResponse
from engine.venues.reasons import Reason
from tests.engine.router.venue import HANG, LOST, T0, Rig, request

AMEND = AmendRequest(client_order_id="o-1", symbol="BTCUSDT", price=Decimal(1))
CANCEL = CancelRequest(client_order_id="o-1", symbol="BTCUSDT")


def test_an_accepted_order_comes_back_after_one_attempt() -> None:
    rig = Rig()
    rig.venue.latency_s = 0.004
    assert rig.run(rig.router.place(request())) == OrderResponse(
        client_order_id="o-1", exchange_order_id="x-o-1"
    )
    metrics = rig.router.get_metrics()["o-1"]
    assert (metrics.attempts, metrics.retries, metrics.latency_s) == (1, 0, 0.004)
    assert metrics.outcome is Outcome.ACCEPTED


def test_a_definite_no_is_not_retried() -> None:
    rig = Rig()
    rig.venue.always = Reason.BALANCE
    response = rig.run(rig.router.place(request()))
    assert (response.outcome, response.reason, response.attempts) == (
        Outcome.REJECTED,
        Reason.BALANCE,
        1,
    )
    assert len(rig.venue.calls) == 1


def test_retries_come_after_100_200_and_400_ms_with_seeded_jitter() -> None:
    rig = Rig(rng=random.Random(1))
    rig.venue.always = NotExecuted("busy")
    response = rig.run(rig.router.place(request()))
    jitter = random.Random(1)
    pauses = [pause * (1 + JITTER * jitter.random()) for pause in (0.1, 0.2, 0.4)]
    times = rig.venue.times("place")
    assert times == pytest.approx([0, pauses[0], sum(pauses[:2]), sum(pauses)])
    for pause, base in zip(pauses, PAUSES_S, strict=True):
        assert base <= pause <= base * (1 + JITTER)
    assert (response.outcome, response.reason) == (Outcome.REJECTED, Reason.VENUE_BUSY)
    assert response.attempts == 4


@pytest.mark.parametrize("failures", [1, 2, 3])
def test_the_venue_may_recover_at_any_retry(failures: int) -> None:
    rig = Rig()
    rig.venue.failures = [ConnectionResetError("reset")] * failures
    response = rig.run(rig.router.place(request()))
    assert (response.outcome, response.attempts) == (Outcome.ACCEPTED, failures + 1)
    assert rig.router.get_metrics()["o-1"].retries == failures
    assert list(rig.venue.orders) == ["o-1"]


@pytest.mark.parametrize("error", [ValueError("bug"), KeyError("bug"), OSError("disk")])
def test_other_errors_are_bugs_and_are_not_retried(error: Exception) -> None:
    rig = Rig()
    rig.venue.always = error
    with pytest.raises(type(error)):
        rig.run(rig.router.place(request()))
    assert len(rig.venue.calls) == 1


# --- ambiguous outcomes ------------------------------------------------------------------------


@pytest.mark.parametrize("failure", [HANG, ConnectionResetError("reset"), VenueUnknown("10016")])
def test_f01_an_order_that_arrived_unanswered_is_found_and_not_sent_again(
    failure: Exception | str,
) -> None:
    rig = Rig()
    rig.venue.failures, rig.venue.arrives = [failure], True
    response = rig.run(rig.router.place(request()))
    assert response == OrderResponse(
        client_order_id="o-1", exchange_order_id="x-o-1", attempts=2, ts=response.ts
    )
    assert [name for name, _ in rig.venue.calls] == ["place", "lookup"]


def test_f02_an_order_that_never_arrived_is_sent_again_under_its_id() -> None:
    rig = Rig()
    rig.venue.failures = [LOST]
    response = rig.run(rig.router.place(request()))
    assert (response.outcome, response.attempts) == (Outcome.ACCEPTED, 2)
    assert [name for name, _ in rig.venue.calls] == ["place", "lookup", "place"]
    assert rig.venue.times("lookup")[0] == pytest.approx(5.1, abs=0.01)


def test_f08_a_duplicate_id_on_a_resend_proves_that_the_order_exists() -> None:
    rig = Rig()
    rig.venue.failures, rig.venue.arrives = [HANG], True
    rig.venue.hidden = {"o-1"}  # the venue's queries lag behind
    response = rig.run(rig.router.place(request()))
    assert (response.outcome, response.exchange_order_id) == (Outcome.ACCEPTED, "")
    assert [name for name, _ in rig.venue.calls] == ["place", "lookup", "place", "lookup"]


def test_g4_an_order_that_was_amended_before_it_was_found_is_accepted() -> None:
    rig = Rig()
    rig.venue.failures, rig.venue.arrives = [VenueUnknown("10016")], True

    async def scenario() -> OrderResponse:
        placed = asyncio.create_task(rig.router.place(request()))
        await rig.clock.sleep(0.01)
        assert (await rig.router.amend(AMEND)).accepted
        rig.venue.orders["o-1"] = request(price=AMEND.price)
        return await placed

    response = rig.run(scenario())
    assert (response.outcome, response.exchange_order_id) == (Outcome.ACCEPTED, "x-o-1")


def test_a_duplicate_id_on_the_first_attempt_is_a_rejection() -> None:
    rig = Rig()
    rig.venue.always = Reason.DUPLICATE_ID
    response = rig.run(rig.router.place(request()))
    assert (response.outcome, response.reason) == (Outcome.REJECTED, Reason.DUPLICATE_ID)


def test_an_id_that_the_venue_has_with_other_terms_is_not_ours() -> None:
    rig = Rig()
    rig.venue.orders["o-1"] = request(side=Side.SELL)
    rig.venue.failures = [LOST]
    response = rig.run(rig.router.place(request()))
    assert (response.outcome, response.reason) == (Outcome.REJECTED, Reason.DUPLICATE_ID)
    assert response.text == "the venue has o-1 with another side"


def test_an_order_found_rejected_is_rejected() -> None:
    rig = Rig()
    rig.venue.failures, rig.venue.arrives = [HANG], True
    rig.venue.status = VenueStatus.REJECTED
    assert rig.run(rig.router.place(request())).outcome is Outcome.REJECTED


def test_after_the_last_retry_the_outcome_is_unknown_never_an_exception() -> None:
    rig = Rig()
    rig.venue.always = ConnectionResetError("reset by peer")
    response = rig.run(rig.router.place(request()))
    assert (response.outcome, response.reason) == (Outcome.UNKNOWN, Reason.NO_ANSWER)
    assert (response.text, response.attempts) == ("reset by peer", 4)
    assert len(rig.venue.times("place")) == 4
    assert len(rig.venue.times("lookup")) == 3


def test_without_an_answer_to_the_question_nothing_is_sent_again() -> None:
    rig = Rig()
    rig.venue.failures, rig.venue.blind = [LOST], True
    response = rig.run(rig.router.place(request()))
    assert response.outcome is Outcome.UNKNOWN
    assert len(rig.venue.times("place")) == 1


def test_a_refusal_after_an_unanswered_attempt_is_no_rejection() -> None:
    rig = Rig()
    rig.venue.failures = [LOST, Reason.BALANCE]
    response = rig.run(rig.router.place(request()))
    assert (response.outcome, response.reason) == (Outcome.UNKNOWN, Reason.BALANCE)


@pytest.mark.parametrize("final", [Reason.SIZE, None])
def test_an_unanswered_amend_that_is_then_refused_is_unknown(final: Reason | None) -> None:
    rig = Rig()
    rig.venue.failures = [HANG] if final is None else [HANG, final]
    response = rig.run(rig.router.amend(AMEND))
    assert response.outcome is (Outcome.ACCEPTED if final is None else Outcome.UNKNOWN)
    assert rig.venue.times("lookup") == []


def test_an_order_that_surfaces_only_when_its_resend_is_refused_is_accepted() -> None:
    rig = Rig()
    rig.venue.failures = [LOST, Reason.BALANCE]

    async def scenario() -> OrderResponse:
        placing = asyncio.create_task(rig.router.place(request()))
        rig.venue.latency_s = 1.0
        await rig.clock.sleep(5.5)
        rig.venue.orders["o-1"] = request()  # what holds the balance is the order itself
        return await placing

    response = rig.run(scenario())
    assert (response.outcome, response.exchange_order_id) == (Outcome.ACCEPTED, "x-o-1")


def test_f07_evidence_from_the_stream_stops_a_retry_that_is_due() -> None:
    rig = Rig()
    rig.venue.failures = [LOST]

    async def scenario() -> OrderResponse:
        placing = asyncio.create_task(rig.router.place(request()))
        await rig.clock.sleep(5.05)
        rig.router.confirm("o-1", "x-77")
        rig.router.confirm("nobodys", "x-78")
        return await placing

    response = rig.run(scenario())
    assert (response.outcome, response.exchange_order_id) == (Outcome.ACCEPTED, "x-77")
    assert [name for name, _ in rig.venue.calls] == ["place"]


@pytest.mark.parametrize("seed", range(60))
def test_any_mix_of_failures_ends_in_an_honest_answer(seed: int) -> None:
    """An order id is one order at this venue; what can go wrong is the answer."""
    chance = random.Random(seed)
    rig = Rig(rng=chance)
    rig.venue.arrives = chance.random() < 0.5
    rig.venue.hidden = {"o-1"} if chance.random() < 0.3 else set()
    rig.venue.blind = chance.random() < 0.2
    menu: list[Exception | Reason | str] = [HANG, LOST, Reason.PRICE]
    menu += [ConnectionResetError("x"), NotExecuted("x"), VenueUnknown("x")]
    rig.venue.failures = chance.choices(menu, k=chance.randint(1, 5))
    response = rig.run(rig.router.place(request()))
    if response.outcome is Outcome.REJECTED:
        assert not rig.venue.orders
    if response.outcome is Outcome.ACCEPTED:
        assert list(rig.venue.orders) == ["o-1"]
    assert len(rig.venue.times("place")) <= response.attempts <= 4


# --- rate limits -------------------------------------------------------------------------------


def test_f09_a_rate_limit_is_waited_out_and_counted() -> None:
    rig = Rig()
    rig.venue.failures = [RateLimited("10006", T0 + 700_000_000)]
    response = rig.run(rig.router.place(request()))
    assert (response.outcome, response.attempts) == (Outcome.ACCEPTED, 2)
    assert rig.venue.times("place")[1] == pytest.approx(0.7)
    assert rig.venue.times("lookup") == []  # nothing was executed: no need to ask
    (stats, *_) = rig.router.stats()
    assert (stats.rate_limited, stats.retries, stats.timeouts) == (1, 1, 0)


def test_a_limit_that_lasts_beyond_the_patience_is_a_refusal() -> None:
    rig = Rig()
    rig.venue.always = RateLimited("banned", T0 + 600 * NS)
    response = rig.run(rig.router.place(request()))
    assert (response.outcome, response.reason) == (Outcome.REJECTED, Reason.RATE_LIMITED)
    assert rig.now_s() == 0


def test_lanes_keep_their_rate_and_cancels_do_not_wait_behind_places() -> None:
    rig = Rig(lanes={RequestKind.PLACE: Lane(10, 1)})

    async def scenario() -> None:
        placing = [asyncio.create_task(rig.router.place(request(f"o-{n}"))) for n in range(3)]
        await asyncio.sleep(0)
        other = CancelRequest(client_order_id="o-9", symbol="BTCUSDT")
        assert (await rig.router.cancel(other)).accepted
        assert rig.router.budget() == {RequestKind.PLACE: -2}
        await asyncio.gather(*placing)

    rig.run(scenario())
    assert rig.venue.times("place") == pytest.approx([0, 0.1, 0.2])
    assert rig.venue.times("cancel") == [0]


def test_a_lane_learns_what_the_venue_allows_and_what_is_left() -> None:
    lane = Lane(10, 10)
    lane.learn(20, 15, T0)
    assert lane.left(T0) == 10
    assert lane.left(T0 + NS) == 20
    lane.learn(20, 3, T0 + NS)
    assert lane.left(T0 + NS) == 3
    assert lane.left(T0 + NS + 100_000_000) == pytest.approx(5)
    lane.learn(0, 0, T0 + NS)
    assert lane.left(T0 + NS) == 3


def test_a_lane_lets_leave_together_what_may_leave_now_and_else_a_burst() -> None:
    lane = Lane(10, 10)
    assert lane.reserve_many(T0, 5.0, 7) == (7, 0.0)
    assert lane.reserve_many(T0, 5.0, 25) == (3, 0.0)
    assert lane.reserve_many(T0, 1.0, 25) is None
    # A burst keeps a distance, for the venue counts by its own clock.
    assert lane.reserve_many(T0, 5.0, 25) == (10, 1.05)
    assert lane.reserve_many(T0, 5.0, 2) == (2, 1.26)


def test_a_full_lane_refuses_and_the_id_stays_free() -> None:
    rig = Rig(lanes={RequestKind.PLACE: Lane(0.1, 1)})

    async def scenario() -> None:
        await rig.router.place(request("o-1"))
        refusal = await rig.router.place(request("o-2"))
        assert (refusal.outcome, refusal.reason) == (Outcome.REJECTED, Reason.RATE_LIMITED)
        await rig.clock.sleep(10)
        assert (await rig.router.place(request("o-2"))).accepted

    rig.run(scenario())


def test_a_retry_takes_its_place_in_the_lane_too() -> None:
    rig = Rig(lanes={RequestKind.PLACE: Lane(1, 1)})
    rig.venue.failures = [NotExecuted("busy")]
    rig.run(rig.router.place(request()))
    assert rig.venue.times("place") == pytest.approx([0, 1])


def test_a_retry_that_finds_its_lane_full_is_put_off_until_it_is_given_up() -> None:
    rig = Rig(lanes={RequestKind.PLACE: Lane(0.1, 1)})
    rig.venue.failures = [NotExecuted("busy")]
    response = rig.run(rig.router.place(request()))
    assert (response.outcome, response.reason) == (Outcome.REJECTED, Reason.VENUE_BUSY)
    assert response.text == "the place lane is full"
    assert rig.venue.times("place") == [0]


def test_a_full_query_lane_makes_queries_incomplete() -> None:
    rig = Rig(lanes={RequestKind.QUERY: Lane(0.1, 1)})

    async def scenario() -> None:
        query = QueryOrder(client_order_id="o-1", symbol="BTCUSDT")
        assert (await rig.router.lookup(query)).complete
        assert not (await rig.router.lookup(query)).complete
        snapshot = await rig.router.snapshot(0)
        assert (snapshot.complete, snapshot.error) == (False, "too many queries are waiting")

    rig.run(scenario())


@pytest.mark.parametrize(("rate", "burst"), [(0, 1), (-1, 1), (1, 0)])
def test_a_lane_that_lets_nothing_by_is_refused(rate: float, burst: int) -> None:
    with pytest.raises(ValueError, match="lets nothing by"):
        Lane(rate, burst)


# --- deduplication -----------------------------------------------------------------------------


def test_the_same_id_with_the_same_terms_gives_the_first_outcome() -> None:
    rig = Rig()

    async def scenario() -> tuple[OrderResponse, OrderResponse]:
        first = await rig.router.place(request())
        return first, await rig.router.place(request(qty=Decimal("0.0100")))

    first, second = rig.run(scenario())
    assert second is first
    assert len(rig.venue.calls) == 1


def test_a_duplicate_in_flight_waits_for_the_first_outcome() -> None:
    rig = Rig()
    rig.venue.latency_s = 1

    async def scenario() -> list[OrderResponse]:
        return await asyncio.gather(*(rig.router.place(request()) for _ in range(5)))

    answers = rig.run(scenario())
    assert len({id(answer) for answer in answers}) == 1
    assert len(rig.venue.calls) == 1


def test_a_cancelled_duplicate_does_not_disturb_the_first() -> None:
    rig = Rig()
    rig.venue.latency_s = 1

    async def scenario() -> OrderResponse:
        first = asyncio.create_task(rig.router.place(request()))
        await asyncio.sleep(0)
        second = asyncio.create_task(rig.router.place(request()))
        third = asyncio.create_task(rig.router.place(request()))
        await asyncio.sleep(0)
        second.cancel()
        assert (await third).accepted
        return await first

    assert rig.run(scenario()).accepted


def test_a_cancelled_call_leaves_its_order_unknown() -> None:
    rig = Rig()
    rig.venue.latency_s = 1

    async def scenario() -> OrderResponse:
        first = asyncio.create_task(rig.router.place(request()))
        await rig.clock.sleep(0.5)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        return await rig.router.place(request())

    response = rig.run(scenario())
    assert (response.outcome, response.text) == (Outcome.UNKNOWN, "the request was cancelled")
    assert len(rig.venue.calls) == 1


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"qty": Decimal("0.02")}, "o-1 was placed before with qty 0.01, not 0.02"),
        ({"price": Decimal(1)}, "o-1 was placed before with price 50000, not 1"),
        ({"side": Side.SELL}, "o-1 was placed before with side Buy, not Sell"),
        ({"symbol": "ETHUSDT"}, "o-1 was placed before with symbol BTCUSDT, not ETHUSDT"),
        (
            {"time_in_force": TimeInForce.IOC},
            "o-1 was placed before with time_in_force GTC, not IOC",
        ),
        ({"reduce_only": True}, "o-1 was placed before with reduce_only False, not True"),
    ],
)
def test_the_same_id_with_other_terms_is_refused_by_name(
    changes: dict[str, Any], text: str
) -> None:
    rig = Rig()

    async def scenario() -> OrderResponse:
        await rig.router.place(request())
        return await rig.router.place(request(**changes))

    response = rig.run(scenario())
    assert (response.reason, response.text) == (Reason.DUPLICATE_ID, text)
    assert len(rig.venue.calls) == 1


def test_memory_is_bounded_and_the_oldest_finished_order_goes_first() -> None:
    rig = Rig(remember=3)

    async def scenario() -> None:
        rig.venue.latency_s = 1
        slow = asyncio.create_task(rig.router.place(request("slow")))
        await asyncio.sleep(0)
        rig.venue.latency_s = 0
        for n in range(5):
            await rig.router.place(request(f"o-{n}"))
        assert set(rig.router.get_metrics()) == {"slow", "o-3", "o-4"}
        await slow

    rig.run(scenario())


# --- timeouts ----------------------------------------------------------------------------------


def test_each_attempt_ends_after_the_timeout() -> None:
    rig = Rig(timeout_s=2.0)
    rig.venue.always = HANG
    response = rig.run(rig.router.cancel(CANCEL))
    assert (response.outcome, response.text) == (Outcome.UNKNOWN, "no answer within 2 s")
    assert rig.venue.times("cancel") == pytest.approx([0, 2.1, 4.3, 6.7], abs=0.07)
    assert rig.router.stats()[2].timeouts == 4


def test_an_answer_that_leaves_it_open_is_retried_and_no_timeout() -> None:
    rig = Rig()
    rig.venue.failures = [VenueUnknown("10000: server error")]
    assert rig.run(rig.router.cancel(CANCEL)).attempts == 2
    stats = rig.router.stats()[2]
    assert (stats.retries, stats.timeouts) == (1, 0)


def test_many_waits_share_one_timer_and_each_ends_in_its_own_time() -> None:
    rig = Rig(timeout_s=1.0)

    async def scenario() -> list[float]:
        ended: list[float] = []

        async def one(n: int) -> None:
            await rig.clock.sleep(n / 10)
            rig.venue.latency_s = 0.5 if n % 2 else 0.0
            if n % 2 == 0:
                rig.venue.failures = [HANG]
            query = await rig.router.cancel(CANCEL)
            assert query.attempts == (2 if n % 2 == 0 else 1)
            ended.append(rig.now_s())

        await asyncio.gather(*(one(n) for n in range(4)))
        return ended

    assert len(rig.run(scenario())) == 4


def test_a_cancellation_from_outside_passes_through() -> None:
    rig = Rig()
    rig.venue.always = HANG

    async def scenario() -> None:
        task = asyncio.create_task(rig.router.amend(AMEND))
        await rig.clock.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    rig.run(scenario())


def test_a_lookup_that_hangs_is_incomplete_after_the_timeout() -> None:
    rig = Rig()

    async def hang(query: QueryOrder) -> object:
        await rig.clock.sleep(10**6)
        raise AssertionError

    rig.venue.lookup = hang  # type: ignore[method-assign,assignment]
    lookup = rig.run(rig.router.lookup(QueryOrder(client_order_id="o-1", symbol="BTCUSDT")))
    assert (lookup.complete, rig.now_s()) == (False, 5)


# --- the halt gate -----------------------------------------------------------------------------


def test_f52_a_closed_gate_lets_only_cancels_and_queries_out() -> None:
    rig = Rig()
    rig.gate.close("F12")

    async def scenario() -> None:
        for response in (await rig.router.place(request()), await rig.router.amend(AMEND)):
            assert (response.outcome, response.reason) == (Outcome.REJECTED, Reason.HALTED)
            assert response.text == "the halt gate is closed by F12"
        assert (await rig.router.cancel(CANCEL)).accepted
        query = QueryOrder(client_order_id="o-1", symbol="BTCUSDT")
        assert (await rig.router.lookup(query)).complete
        assert (await rig.router.snapshot(0)).complete

    rig.run(scenario())
    assert [name for name, _ in rig.venue.calls] == ["cancel", "lookup", "snapshot"]
    assert rig.router.get_metrics() == {}


def test_an_order_refused_by_the_gate_may_be_placed_once_it_is_open() -> None:
    rig = Rig()

    async def scenario() -> OrderResponse:
        rig.gate.close("test")
        await rig.router.place(request())
        rig.gate.open()
        return await rig.router.place(request())

    assert rig.run(scenario()).accepted


def test_the_gate_keeps_its_first_closing_and_forgets_it_when_opened() -> None:
    rig = Rig()
    rig.gate.close("first")
    rig.clock.move_to(T0 + NS)
    rig.gate.close("second")
    assert (rig.gate.closed, rig.gate.closed_by, rig.gate.closed_at_ns) == (True, "first", T0)
    rig.gate.open()
    assert (rig.gate.closed, rig.gate.closed_by, rig.gate.closed_at_ns) == (False, "", 0)


def test_only_registered_reduce_only_orders_pass_a_closed_gate() -> None:
    rig = Rig()
    rig.gate.close("kill")
    rig.gate.allow_reduce("flat-1", "flat-2")

    async def scenario() -> list[bool]:
        orders = [
            request("flat-1", reduce_only=True),
            request("flat-2"),
            request("other", reduce_only=True),
        ]
        passed = [(await rig.router.place(order)).accepted for order in orders]
        rig.gate.open()
        rig.gate.close("kill again")
        passed.append((await rig.router.place(request("flat-3", reduce_only=True))).accepted)
        return passed

    assert rig.run(scenario()) == [True, False, False, False]
    assert list(rig.venue.orders) == ["flat-1"]


def test_f44_a_gate_that_closes_between_attempts_stops_the_next_one() -> None:
    rig = Rig()
    rig.venue.failures = [LOST]

    async def scenario() -> OrderResponse:
        placing = asyncio.create_task(rig.router.place(request()))
        await rig.clock.sleep(1)
        rig.gate.close("kill")
        return await placing

    response = rig.run(scenario())
    # The attempt before may still arrive, so the order is unknown and not refused.
    assert (response.outcome, response.reason) == (Outcome.UNKNOWN, Reason.HALTED)
    assert len(rig.venue.times("place")) == 1


def test_an_order_that_was_canceled_meanwhile_is_looked_for_and_not_sent_again() -> None:
    rig = Rig()
    rig.venue.failures = [LOST]

    async def scenario() -> OrderResponse:
        placing = asyncio.create_task(rig.router.place(request()))
        await rig.clock.sleep(1)
        await rig.router.cancel(CANCEL)
        return await placing

    response = rig.run(scenario())
    assert (response.outcome, response.reason) == (Outcome.UNKNOWN, Reason.CANCELED)
    assert [name for name, _ in rig.venue.calls] == ["place", "cancel", "lookup"]


def test_an_order_that_was_canceled_meanwhile_and_surely_never_arrived_is_refused() -> None:
    rig = Rig()
    rig.venue.failures = [NotExecuted("busy")]

    async def scenario() -> OrderResponse:
        placing = asyncio.create_task(rig.router.place(request()))
        await rig.clock.sleep(0.05)
        await rig.router.cancel(CANCEL)
        return await placing

    response = rig.run(scenario())
    assert (response.outcome, response.reason) == (Outcome.REJECTED, Reason.CANCELED)
    assert [name for name, _ in rig.venue.calls] == ["place", "cancel"]


def test_an_order_that_is_canceled_while_it_waits_in_its_lane_never_leaves() -> None:
    rig = Rig(lanes={RequestKind.PLACE: Lane(1, 1)})

    async def scenario() -> OrderResponse:
        await rig.router.place(request("o-0"))
        placing = asyncio.create_task(rig.router.place(request()))
        await rig.clock.sleep(0.5)
        await rig.router.cancel(CANCEL)
        return await placing

    response = rig.run(scenario())
    assert (response.outcome, response.reason) == (Outcome.REJECTED, Reason.CANCELED)
    assert [name for name, _ in rig.venue.calls] == ["place", "cancel"]


def test_a_gate_that_closes_after_a_rate_limit_refuses() -> None:
    rig = Rig()
    rig.venue.failures = [NotExecuted("busy")]

    async def scenario() -> OrderResponse:
        placing = asyncio.create_task(rig.router.place(request()))
        await rig.clock.sleep(0.05)
        rig.gate.close("kill")
        return await placing

    response = rig.run(scenario())
    assert (response.outcome, response.reason) == (Outcome.REJECTED, Reason.HALTED)


# --- figures and scripts -----------------------------------------------------------------------


def test_finished_requests_are_observed() -> None:
    seen: list[tuple[RequestKind, str, int, float]] = []
    rig = Rig(on_done=lambda *what: seen.append(what))
    rig.venue.latency_s = 0.002
    rig.venue.failures = [NotExecuted("busy")]

    async def scenario() -> None:
        await rig.router.cancel(CANCEL)
        await rig.router.place(request())
        await rig.router.place(request())

    rig.run(scenario())
    assert [(kind, symbol, attempts) for kind, symbol, attempts, _ in seen] == [
        (RequestKind.CANCEL, "BTCUSDT", 2),
        (RequestKind.PLACE, "BTCUSDT", 1),
    ]
    assert seen[1][3] == 0.002


def test_statistics_have_a_row_for_each_kind() -> None:
    rig = Rig()

    async def scenario() -> None:
        for n in range(101):
            rig.venue.latency_s = n / 1000
            await rig.router.place(request(f"o-{n}"))
        await rig.router.snapshot(0)

    rig.run(scenario())
    place, amend, cancel, query = rig.router.stats()
    assert [stats.kind for stats in (place, amend, cancel, query)] == [
        "place",
        "amend",
        "cancel",
        "query",
    ]
    assert (place.count, place.p50_s, place.p99_s, place.max_s) == (101, 0.05, 0.099, 0.1)
    assert (amend.count, amend.max_s) == (0, 0.0)
    assert (query.count, query.max_s) == (1, 0.25)


def test_percentiles_are_of_the_newest_thousand() -> None:
    rig = Rig()

    async def scenario() -> None:
        rig.venue.latency_s = 1.0
        await rig.router.cancel(CANCEL)
        rig.venue.latency_s = 0.0
        for _ in range(1024):
            await rig.router.cancel(CANCEL)

    rig.run(scenario())
    assert (rig.router.stats()[2].count, rig.router.stats()[2].max_s) == (1025, 0.0)


def test_scripts_place_amend_and_cancel_by_id_alone() -> None:
    rig = Rig()

    async def scenario() -> None:
        async with rig.router as router:
            placed = await router.place_order("o-1", "BTCUSDT", "Buy", 0.01, "50000")
            assert placed.accepted
            assert (await router.amend_order("o-1", price="50001.5")).accepted
            assert (await router.amend_order("o-1", qty=Decimal("0.02"))).accepted
            assert (await router.cancel_order("o-1")).accepted
            for refusal in (
                await router.amend_order("o-2", qty=1),
                await router.cancel_order("o-2"),
            ):
                assert refusal.reason == Reason.NOT_FOUND
            market = await router.place_order("o-3", "BTCUSDT", "Sell", 1, type="Market")
            assert market.accepted

    rig.run(scenario())
    assert rig.venue.closed
    assert rig.venue.orders["o-1"] == request()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"side": "buy"}, "side: 'buy' is not one of Buy, Sell"),
        ({"qty": "lots"}, "qty: 'lots' is not a number"),
        ({"price": None}, "price: a limit order needs one"),
    ],
)
def test_a_script_with_a_bad_field_is_told_which(changes: dict[str, object], message: str) -> None:
    rig = Rig()
    terms = {"symbol": "BTCUSDT", "side": "Buy", "qty": 1, "price": 1} | changes
    with pytest.raises(ValueError, match=message):
        rig.run(rig.router.place_order("o-1", **terms))  # type: ignore[arg-type]


def test_an_amend_that_changes_nothing_is_a_mistake() -> None:
    rig = Rig()
    with pytest.raises(ValueError, match="give qty, price, or both"):
        rig.run(rig.router.amend_order("o-1"))


def test_a_setting_is_changed_once_and_not_while_the_gate_is_closed() -> None:
    rig = Rig()
    wanted = SettingRequest(command_id="c1", symbol="BTCUSDT", hedged=True)
    assert rig.run(rig.router.change_setting(wanted)).reason == ""
    rig.gate.close("F12")
    refused = rig.run(rig.router.change_setting(wanted))
    assert (refused.reason, refused.asked_by) == (Reason.HALTED, "c1")
    assert rig.venue.settings == [wanted]
