"""A venue that stopped answering: what is kept here, what passes, and how it is tried again."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from itertools import pairwise
from typing import Any

import pytest

from engine.clock import NS
from engine.core.reports import Outcome, RequestKind
from engine.core.requests import AmendRequest, CancelRequest, QueryOrder
from engine.core.status import BreakerStatus
from engine.router import Breaker, OrderRouter, create_breakers
from engine.router.retry import PAUSES_S
from engine.venues.errors import NotExecuted, RateLimited, VenueUnknown
from engine.venues.protocol import OrderResponse
from engine.venues.reasons import Reason
from tests.engine.router.venue import LOST, T0, Rig, request

CANCEL = CancelRequest(client_order_id="o-1", symbol="BTCUSDT")
AMEND = AmendRequest(client_order_id="o-1", symbol="BTCUSDT")
QUERY = QueryOrder(client_order_id="o-1", symbol="BTCUSDT")


def a_rig(threshold: int = 2, cool_s: float = 5.0) -> Rig:
    return Rig(breakers=create_breakers(threshold, cool_s))


def states(router: OrderRouter) -> dict[str, str]:
    return {breaker.name: breaker.state for breaker in router.breakers()}


def status_of(rig: Rig, name: str) -> BreakerStatus:
    return next(breaker for breaker in rig.router.breakers() if breaker.name == name)


async def beside(rig: Rig, work: Coroutine[Any, Any, None]) -> None:
    """Run `work` while the router sends its probes by itself, as it does under an engine."""
    probing = asyncio.create_task(rig.router.keep_probing())
    try:
        await work
    finally:
        probing.cancel()
        await asyncio.gather(probing, return_exceptions=True)


# --- opening -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (VenueUnknown("10016 busy"), "10016 busy"),
        (VenueUnknown("502"), "502"),
        (ConnectionResetError("reset"), "reset"),
        (TimeoutError(), "TimeoutError"),
        (LOST, "no answer within 5 s"),
    ],
)
def test_attempts_in_a_row_without_a_definite_answer_open_their_own_class(
    failure: Exception | str, reason: str
) -> None:
    rig = a_rig()
    rig.venue.always = failure

    async def scenario() -> None:
        response = await rig.router.place(request())
        assert response.outcome is Outcome.UNKNOWN

    rig.run(scenario())
    assert len(rig.venue.times("place")) == 2, "what comes after the second stays here"
    found = status_of(rig, "place")
    assert (found.state, found.reason) == ("open", reason)
    assert states(rig.router) == {"place": "open", "cancel": "closed", "query": "closed"}


def test_amends_and_places_are_one_class() -> None:
    rig = a_rig()
    rig.venue.failures = [VenueUnknown("502")]
    rig.venue.blind = True

    async def scenario() -> None:
        await rig.router.place(request())
        rig.venue.failures = [VenueUnknown("502")]
        await rig.router.amend(AMEND)
        refusal = await rig.router.amend(AMEND)
        assert (refusal.outcome, refusal.reason) == (Outcome.REJECTED, Reason.BREAKER_OPEN)

    rig.run(scenario())


@pytest.mark.parametrize("answer", [None, Reason.BALANCE])
def test_a_definite_answer_ends_a_row_of_failures(answer: Reason | None) -> None:
    rig = a_rig()

    async def scenario() -> None:
        for n in range(4):
            rig.venue.failures = [VenueUnknown("502"), *([answer] if answer else [])]
            await rig.router.place(request(f"o-{n}"))

    rig.run(scenario())
    assert states(rig.router)["place"] == "closed"


@pytest.mark.parametrize(
    "failure", [NotExecuted("restarting"), RateLimited("10006", T0 + NS // 10)]
)
def test_being_turned_away_is_no_failure_of_the_venue(failure: Exception) -> None:
    rig = a_rig(threshold=1)
    rig.venue.always = failure

    async def scenario() -> None:
        await rig.router.place(request())
        await rig.router.cancel(CANCEL)

    rig.run(scenario())
    assert set(states(rig.router).values()) == {"closed"}


def test_queries_that_are_not_answered_open_their_class_and_one_that_is_closes_it() -> None:
    rig = a_rig()
    rig.venue.blind = True

    async def scenario() -> None:
        await rig.router.lookup(QUERY)
        await rig.clock.sleep(0.05)
        assert not (await rig.router.snapshot(0)).complete
        assert states(rig.router) == {"place": "closed", "cancel": "closed", "query": "open"}
        assert status_of(rig, "query").reason == "HTTP 502"
        rig.venue.blind = False
        assert (await rig.router.pnl(0)).complete
        assert states(rig.router)["query"] == "closed"

    rig.run(scenario())


def test_requests_that_were_lost_with_one_connection_are_one_failure() -> None:
    rig = a_rig(threshold=2)
    rig.venue.failures = [VenueUnknown("the trade stream was lost")] * 20

    async def scenario() -> None:
        orders = [asyncio.create_task(rig.router.place(request(f"o-{n}"))) for n in range(20)]
        outcomes = [(await order).outcome for order in orders]
        assert set(outcomes) == {Outcome.ACCEPTED}

    rig.run(scenario())
    assert states(rig.router)["place"] == "closed"


# --- what passes -------------------------------------------------------------------------------


def test_f107_an_open_breaker_keeps_new_exposure_and_says_class_reason_and_next_probe() -> None:
    rig = a_rig(threshold=1)
    rig.venue.failures, rig.venue.blind = [VenueUnknown("10016 busy")], True

    async def scenario() -> tuple[OrderResponse, OrderResponse]:
        await rig.router.place(request())
        return await rig.router.place(request("o-2")), await rig.router.amend(AMEND)

    for refusal in rig.run(scenario()):
        assert (refusal.outcome, refusal.reason) == (Outcome.REJECTED, Reason.BREAKER_OPEN)
        assert refusal.text.startswith("the place breaker is open: 10016 busy; next probe in ")
    assert len(rig.venue.times("place")) == 1


def test_f107_cancels_queries_and_what_only_reduces_pass() -> None:
    rig = a_rig(threshold=1, cool_s=60)
    rig.venue.failures, rig.venue.blind = [LOST], True

    async def scenario() -> None:
        await rig.router.place(request())
        assert states(rig.router)["place"] == "open"
        rig.venue.blind = False
        assert (await rig.router.cancel(CANCEL)).accepted
        assert (await rig.router.lookup(QUERY)).complete
        assert (await rig.router.place(request("out", reduce_only=True))).accepted
        assert states(rig.router)["place"] == "closed", "a definite answer is as good as a probe"

    rig.run(scenario())


def test_a_cancel_leaves_at_once_while_its_class_is_in_trouble_and_is_repeated_later() -> None:
    rig = a_rig(threshold=4, cool_s=60)
    rig.venue.always = VenueUnknown("502")

    async def scenario() -> None:
        await rig.router.cancel(CANCEL)
        assert states(rig.router)["cancel"] == "open"
        await rig.clock.sleep(1)
        before_s = rig.now_s()
        await rig.router.cancel(CANCEL)
        again = [at - before_s for at in rig.venue.times("cancel")[4:]]
        assert again[0] == 0
        gaps = [later - at for at, later in pairwise(again)]
        # Its own pauses, each up to a tenth longer, and the class's: 0.4, 0.8, 1.6 s.
        for gap, pause, extra in zip(gaps, PAUSES_S, (0.4, 0.8, 1.6), strict=True):
            assert pause + extra <= gap <= pause * 1.1 + extra
        rig.venue.always = None
        assert (await rig.router.cancel(CANCEL)).accepted
        assert states(rig.router)["cancel"] == "closed"

    rig.run(scenario())


def test_a_query_waits_a_moment_while_its_class_is_in_trouble_never_longer_than_two_seconds() -> (
    None
):
    rig = a_rig(threshold=1, cool_s=600)
    rig.venue.blind = True

    async def scenario() -> None:
        for _ in range(8):
            await rig.router.lookup(QUERY)

    rig.run(scenario())
    at = rig.venue.times("lookup")
    gaps = [round(later - before, 3) for before, later in pairwise(at)]
    assert gaps == [0.2, 0.4, 0.8, 1.6, 2.0, 2.0, 2.0]


# --- probing -----------------------------------------------------------------------------------


def test_the_probe_is_a_read_sent_when_it_is_due_without_anybody_asking() -> None:
    rig = a_rig(threshold=1)

    async def scenario() -> None:
        rig.venue.failures = [VenueUnknown("502")]
        await rig.router.place(request())
        await rig.clock.sleep(4.5)
        assert (states(rig.router)["place"], rig.venue.times("snapshot")) == ("open", [])
        await rig.clock.sleep(1)
        assert states(rig.router)["place"] == "closed"
        assert rig.venue.times("snapshot") == [5]
        assert (await rig.router.place(request("o-2"))).accepted

    rig.run(beside(rig, scenario()))


def test_a_probe_without_an_answer_opens_for_twice_as_long_up_to_a_minute() -> None:
    rig = a_rig(threshold=1)

    async def scenario() -> None:
        rig.venue.failures, rig.venue.blind = [VenueUnknown("502")], True
        await rig.router.place(request())
        await rig.clock.sleep(400)
        assert status_of(rig, "place").reason == "HTTP 502"

    rig.run(beside(rig, scenario()))
    at = rig.venue.times("snapshot")
    gaps = [later - before for before, later in pairwise(at)]
    # The query class is open, too, and has probes of its own; nothing leaves more often than both.
    assert gaps[-1] <= 60
    assert sum(gap > 30 for gap in gaps) >= 2
    assert len(at) <= 20


def test_after_a_probe_one_failure_is_enough_and_the_pause_is_longer() -> None:
    rig = a_rig(threshold=3)

    async def scenario() -> None:
        rig.venue.always = VenueUnknown("10016")
        await rig.router.place(request())
        assert states(rig.router)["place"] == "open"
        await rig.clock.sleep(6)
        assert states(rig.router)["place"] == "closed", "reads are answered"
        sent = len(rig.venue.times("place"))
        await rig.router.place(request("o-2"))
        assert len(rig.venue.times("place")) == sent + 1
        found = status_of(rig, "place")
        assert (found.state, found.probe_ts - found.since_ts) == ("open", 10 * NS)

    rig.run(beside(rig, scenario()))


def test_without_an_engine_the_next_order_sends_the_probe_that_is_due() -> None:
    rig = a_rig(threshold=1)

    async def scenario() -> None:
        rig.venue.failures, rig.venue.blind = [VenueUnknown("502")], True
        await rig.router.place(request())
        await rig.clock.sleep(6)
        assert (await rig.router.place(request("o-2"))).reason == Reason.BREAKER_OPEN
        rig.venue.blind = False
        await rig.clock.sleep(11)
        assert (await rig.router.place(request("o-3"))).accepted

    rig.run(scenario())
    assert len(rig.venue.times("place")) == 2


def test_while_the_probe_is_out_other_orders_are_refused_and_cancels_are_not() -> None:
    rig = a_rig(threshold=1, cool_s=1)

    async def scenario() -> None:
        rig.venue.failures, rig.venue.blind = [LOST], True
        await rig.router.place(request("o-0"))
        await rig.clock.sleep(1)

        async def slow(*_asked: object) -> object:
            await rig.clock.sleep(10**6)
            raise AssertionError

        rig.venue.snapshot = slow  # type: ignore[method-assign,assignment]
        probing = asyncio.create_task(rig.router.place(request("o-1")))
        await asyncio.sleep(0)
        assert states(rig.router)["place"] == "half-open"
        refusal = await rig.router.place(request("o-2"))
        assert refusal.text.endswith("; the next probe is under way")
        assert (await rig.router.cancel(CANCEL)).accepted
        probing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await probing
        found = status_of(rig, "place")
        assert (found.state, found.reason) == ("open", "the probe was cut short")

    rig.run(scenario())


def test_an_answer_while_the_probe_is_out_closes_and_the_probe_changes_nothing() -> None:
    breaker = Breaker("place", threshold=1, cool_s=1)
    breaker.failed(0, "502")
    assert breaker.start_probe(NS)
    assert not breaker.start_probe(NS), "one probe at a time"
    breaker.succeeded()
    breaker.probed(2 * NS, "502")
    assert breaker.status() == BreakerStatus(name="place")


def test_f108_a_venue_that_answers_nothing_is_asked_less_than_was_wanted_of_it() -> None:
    rig = Rig(breakers=create_breakers())
    rig.venue.always, rig.venue.blind = VenueUnknown("502"), True
    wanted = 600

    async def scenario() -> None:
        placing = []
        for n in range(wanted):
            placing.append(asyncio.create_task(rig.router.place(request(f"o-{n}"))))
            await rig.clock.sleep(0.1)
        await asyncio.gather(*placing)

    rig.run(beside(rig, scenario()))
    assert len(rig.venue.times("place")) <= 6
    assert len(rig.venue.calls) < wanted / 10, "with every lookup and every probe"


# --- a ban -------------------------------------------------------------------------------------


def test_f10_a_class_the_venue_shut_out_is_not_tried_before_the_end_whatever_is_answered() -> None:
    rig = a_rig()
    until_ns = T0 + 600 * NS

    async def scenario() -> None:
        rig.router.hold(until_ns, "HTTP 403")
        assert states(rig.router) == {"place": "open", "cancel": "closed", "query": "open"}
        assert status_of(rig, "place") == BreakerStatus(
            name="place", state="open", since_ts=T0, probe_ts=until_ns, reason="HTTP 403", held=True
        )
        refusal = await rig.router.place(request())
        assert refusal.text == "the place breaker is open: HTTP 403; next probe in 600 s"
        assert (await rig.router.cancel(CANCEL)).accepted
        assert (await rig.router.place(request("out", reduce_only=True))).accepted
        rig.venue.failures = [VenueUnknown("lost")] * 9
        await rig.router.place(request("out-2", reduce_only=True))
        assert status_of(rig, "place").reason == "HTTP 403"
        await rig.clock.sleep(590)
        assert rig.venue.times("snapshot") == []
        await rig.clock.sleep(30)
        assert set(states(rig.router).values()) == {"closed"}
        assert rig.venue.times("snapshot") == [600.0]

    rig.run(beside(rig, scenario()))


def test_f10_whoever_asks_may_wait_until_the_venue_answers_again() -> None:
    rig = a_rig()

    async def scenario() -> None:
        await rig.router.unheld()
        assert rig.now_s() == 0
        rig.router.hold(T0 + 600 * NS, "HTTP 403")
        await rig.router.unheld()
        assert rig.now_s() == 600

    rig.run(scenario())


def test_a_placing_breaker_is_nothing_while_orders_may_leave() -> None:
    rig = a_rig()
    assert rig.router.placing_breaker() is None
    rig.router.hold(T0 + NS, "HTTP 403")
    assert rig.router.placing_breaker() == status_of(rig, "place")


def test_kinds_share_the_breaker_of_their_class() -> None:
    breakers = create_breakers()
    assert breakers[RequestKind.PLACE] is breakers[RequestKind.AMEND]
    assert [breaker.name for breaker in dict.fromkeys(breakers.values())] == [
        "place", "cancel", "query",
    ]  # fmt: skip


def test_what_a_venue_writes_into_a_reason_is_harmless() -> None:
    rig = a_rig(threshold=1)
    rig.venue.failures, rig.venue.blind = [VenueUnknown("\x1b[31m" + "x" * 999)], True
    rig.run(rig.router.place(request()))
    reason = status_of(rig, "place").reason
    assert (len(reason), reason.isprintable()) == (120, True)
