from __future__ import annotations

from engine.clock import NS, SimClock, run_simulated
from engine.core.commands import Kill
from engine.core.reports import (
    AccountSnapshot,
    OrderReport,
    Outcome,
    RequestKind,
    RequestOutcome,
    Scope,
    SweepReport,
    VenueStatus,
)
from engine.core.requests import CancelRequest
from engine.core.types import KillLevel
from engine.kill.sweep import BLIND_S, BUDGET_S, OPEN_ORDERS, ROUND_S, Sweeper
from tests.support.desk import Desk, row
from tests.support.memory import ForgetfulDesk

T0 = 1_700_000_000 * NS
SETTLE_S = 2.0


class Venue:
    """Shows what a test says, look by look; the last line repeats. None is a failed look."""

    def __init__(self, clock: SimClock, *looks: list[OrderReport] | None) -> None:
        self.clock = clock
        self.looks = list(looks)
        self.looked_at_s: list[float] = []
        self.canceled: list[CancelRequest] = []
        self.answers_after_s = 0.0

    async def snapshot(self, fills_since_ns: int, scopes: frozenset[Scope]) -> AccountSnapshot:
        assert scopes == OPEN_ORDERS
        self.looked_at_s.append((fills_since_ns - T0) / NS)
        shown = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        return AccountSnapshot(
            open_orders=tuple(shown or ()),
            positions=(),
            fills=(),
            sent_ts=fills_since_ns,
            duration_s=0.0,
            complete=shown is not None,
        )

    def resend_cancel(self, request: CancelRequest) -> None:
        self.canceled.append(request)

    async def cancels_answered(self, within_s: float) -> None:
        assert within_s == ROUND_S
        await self.clock.sleep(self.answers_after_s)


def desk_with_two_orders() -> Desk:
    desk = Desk()
    desk.now_ns = T0
    desk.working("a1")
    desk.working("a2")
    return desk


def swept(
    desk: Desk, *looks: list[OrderReport] | None, level: KillLevel = KillLevel.KILL
) -> tuple[Venue, list[SweepReport]]:
    """Press the switch at T0 and run the sweep that follows to its end."""
    clock = SimClock(T0)
    venue = Venue(clock, *looks)
    reports: list[SweepReport] = []
    desk.give(Kill(command_id="k1", level=level))
    kill = desk.state.kill
    assert kill is not None
    sweeper = Sweeper(kill, desk.state, venue, clock, reports.append, settle_s=SETTLE_S)
    run_simulated(clock, sweeper.run())
    return venue, reports


def report(*residual: str, first_cancel_at: int = T0, **more: bool) -> SweepReport:
    return SweepReport(kill_id="k1", first_cancel_at=first_cancel_at, residual=residual, **more)


def test_zero_is_verified_by_two_looks_the_second_after_everything_on_its_way_has_arrived() -> None:
    venue, reports = swept(desk_with_two_orders(), [])
    assert reports == [report(), report(verified=True, finished=True)]
    assert venue.looked_at_s == [0.0, SETTLE_S]
    assert venue.canceled == []


def test_the_first_look_waits_for_the_answers_to_the_cancels() -> None:
    desk = desk_with_two_orders()
    clock = SimClock(T0)
    venue = Venue(clock, [])
    venue.answers_after_s = 0.1
    desk.give(Kill(command_id="k1"))
    assert desk.state.kill is not None
    sweeper = Sweeper(
        desk.state.kill, desk.state, venue, clock, lambda _report: None, settle_s=SETTLE_S
    )
    run_simulated(clock, sweeper.run())
    assert venue.looked_at_s == [0.1, SETTLE_S]


def test_with_nothing_open_there_is_no_first_cancel() -> None:
    desk = Desk()
    desk.now_ns = T0
    _, reports = swept(desk, [])
    assert reports[-1] == report(first_cancel_at=0, verified=True, finished=True)


def test_what_is_left_is_listed_and_cancelled_again_from_the_second_look_on() -> None:
    left = [row("a1"), row("a2")]
    venue, reports = swept(desk_with_two_orders(), left, left, [row("a2")], [])
    assert [report.residual for report in reports] == [("a1", "a2"), ("a1", "a2"), ("a2",), (), ()]
    assert [request.client_order_id for request in venue.canceled] == ["a1", "a2", "a2"]
    assert venue.looked_at_s == [0.0, ROUND_S, 2 * ROUND_S, 3 * ROUND_S, SETTLE_S]


def test_an_order_that_turns_up_between_two_zeros_starts_the_count_anew() -> None:
    venue, reports = swept(desk_with_two_orders(), [], [row("a2")], [], [])
    assert [report.residual for report in reports] == [(), ("a2",), (), ()]
    assert venue.looked_at_s == [0.0, SETTLE_S, SETTLE_S + ROUND_S, SETTLE_S + ROUND_S]
    assert (reports[-1].verified, reports[-1].finished) == (True, True)


def test_what_ended_since_the_question_left_is_not_cancelled_again() -> None:
    desk = desk_with_two_orders()
    desk.later(ROUND_S)
    left = [row("a1"), row("a2")]
    clock = SimClock(T0)
    venue = Venue(clock, left, left, [])
    desk.now_ns = T0
    desk.give(Kill(command_id="k1"))
    assert desk.state.kill is not None

    def tell(report: SweepReport) -> None:
        if clock.now_ns() == T0 + round(ROUND_S * NS):  # between the question and the next one
            desk.now_ns = clock.now_ns()
            desk.give(row("a1", status=VenueStatus.CANCELED))

    sweeper = Sweeper(desk.state.kill, desk.state, venue, clock, tell, settle_s=SETTLE_S)
    run_simulated(clock, sweeper.run())
    assert [request.client_order_id for request in venue.canceled] == ["a2"]


def test_a_look_that_fails_proves_nothing_and_is_repeated() -> None:
    venue, reports = swept(desk_with_two_orders(), None, None, [], None, [])
    assert venue.looked_at_s == [0.0, ROUND_S, 2 * ROUND_S, SETTLE_S, SETTLE_S + ROUND_S]
    assert len(reports) == 2
    assert reports[-1].verified


def test_a_sweep_that_never_reaches_zero_ends_incomplete_with_what_is_left() -> None:
    venue, reports = swept(desk_with_two_orders(), [row("a2")])
    assert reports[-1] == report("a2", finished=True)
    assert venue.looked_at_s[-1] == BUDGET_S - ROUND_S


def test_a_venue_that_never_answers_leaves_everything_on_the_list() -> None:
    _, reports = swept(desk_with_two_orders(), None)
    assert reports == [report("a1", "a2", finished=True)]


def test_f48_a_cancel_that_was_turned_away_is_repeated_while_the_venue_cannot_be_asked() -> None:
    desk = desk_with_two_orders()
    venue = Venue(SimClock(T0), None)
    desk.give(Kill(command_id="k1", level=KillLevel.KILL))
    desk.give(
        RequestOutcome(
            kind=RequestKind.CANCEL, client_order_id="a2", outcome=Outcome.REJECTED, reason="BUSY"
        )
    )
    kill = desk.state.kill
    assert kill is not None
    reports: list[SweepReport] = []
    run_simulated(
        venue.clock,
        Sweeper(kill, desk.state, venue, venue.clock, reports.append, settle_s=SETTLE_S).run(),
    )
    assert {request.client_order_id for request in venue.canceled} == {"a2"}
    assert len(venue.canceled) == (BUDGET_S - BLIND_S) / BLIND_S
    assert reports == [report("a1", "a2", finished=True)]


def test_orders_of_others_and_orders_nobody_knows_are_not_counted() -> None:
    desk = desk_with_two_orders()
    desk.give(row("web"))
    _, reports = swept(desk, [row("web"), row("unheard-of")])
    assert reports[-1] == report(verified=True, finished=True)


def test_level_kill_leaves_protective_stops_and_the_levels_above_do_not() -> None:
    stop = row("a1", status=VenueStatus.UNTRIGGERED, reduce_only=True)
    _, reports = swept(desk_with_two_orders(), [stop])
    assert reports[-1].verified
    _, reports = swept(desk_with_two_orders(), [stop], [], level=KillLevel.KILL_ALL)
    assert [report.residual for report in reports] == [("a1",), (), ()]


def test_orders_of_ours_that_left_memory_are_swept_when_the_venue_shows_them() -> None:
    desk = ForgetfulDesk()
    desk.now_ns = T0
    desk.filled("ours")
    desk.give(row("theirs"))
    desk.give(row("theirs", status=VenueStatus.CANCELED))
    desk.filled("last")
    assert desk.resident == ["last"]
    both = [row("ours"), row("theirs")]
    venue, reports = swept(desk, both, both, [row("theirs")])
    assert {cancel.client_order_id for cancel in venue.canceled} == {"ours"}
    assert reports[0].residual == ("ours",)
    assert reports[-1].verified
