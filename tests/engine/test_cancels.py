"""Cancels that are decided together: what they leave in, and what becomes of each."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest

from engine.cancels import TELLING_S, Cancels
from engine.clock import NS, SimClock, run_simulated
from engine.core.commands import CancelAll
from engine.core.reports import Outcome, RequestKind, VenueStatus
from engine.core.requests import CancelRequest, MassCancelRequest
from engine.venues.protocol import MassCancelResponse, OrderResponse
from engine.venues.reasons import Reason
from tests.support.desk import Desk, row

T0 = 1_700_000_000 * NS
OURS = [f"td-{number}" for number in range(5)]


class Router:
    """Notes what was asked, and answers as a test says, after `latency_s`."""

    def __init__(self, clock: SimClock) -> None:
        self.clock = clock
        self.latency_s = 0.0
        self.asked: list[tuple[str, ...]] = []
        self.at_s: list[float] = []
        self.answers: list[MassCancelResponse] = []
        self.on_mass: Callable[[MassCancelRequest], None] = lambda _request: None

    async def _takes(self, kind: str, order_ids: Sequence[str]) -> None:
        self.asked.append((kind, *order_ids))
        self.at_s.append((self.clock.now_ns() - T0) / NS)
        if self.latency_s:
            await self.clock.sleep(self.latency_s)

    async def cancel(self, request: CancelRequest) -> OrderResponse:
        await self._takes("one", [request.client_order_id])
        return OrderResponse(client_order_id=request.client_order_id)

    async def cancel_batch(
        self, requests: Sequence[CancelRequest], told: Callable[[OrderResponse], None]
    ) -> list[OrderResponse]:
        await self._takes("batch", [request.client_order_id for request in requests])
        for request in requests:
            told(OrderResponse(client_order_id=request.client_order_id))
        return []

    async def mass_cancel(self, request: MassCancelRequest) -> MassCancelResponse:
        await self._takes("all", request.client_order_ids)
        self.on_mass(request)
        if self.answers:
            return self.answers.pop(0)
        return MassCancelResponse(affected=frozenset(request.client_order_ids))


class Rig:
    """Cancels over a desk that has five orders of ours in one market."""

    def __init__(self) -> None:
        self.clock = SimClock(T0)
        self.desk = Desk()
        for order_id in OURS:
            self.desk.give(row(order_id))
        self.router = Router(self.clock)
        self.told: list[tuple[str, Outcome]] = []
        self.cancels = Cancels(
            self.desk.state,
            self.router,
            self.clock,
            lambda work: asyncio.get_running_loop().create_task(work),
            self._report,
        )

    def _report(self, kind: RequestKind, response: OrderResponse, sent_ns: int) -> None:
        assert kind is RequestKind.CANCEL
        assert T0 <= sent_ns <= self.clock.now_ns()
        self.told.append((response.client_order_id, response.outcome))

    def cancel_all(self) -> None:
        """Ask for it as the engine does: events first, then each cancel."""
        self.desk.give(CancelAll(command_id=f"all-{self.clock.now_ns()}"))
        for request in self.desk.requests:
            if isinstance(request, CancelRequest):
                self.cancels.add(request)

    def gone(self, *order_ids: str) -> None:
        """The order stream tells that these are cancelled."""
        for order_id in order_ids:
            self.desk.give(row(order_id, status=VenueStatus.CANCELED))

    def play(self, scenario: Callable[[], Awaitable[None]]) -> None:
        async def whole() -> None:
            await scenario()
            await self.clock.sleep(5)

        run_simulated(self.clock, whole())


def cancel(order_id: str, symbol: str = "BTCUSDT") -> CancelRequest:
    return CancelRequest(client_order_id=order_id, symbol=symbol)


def accepted(*order_ids: str) -> list[tuple[str, Outcome]]:
    return [(order_id, Outcome.ACCEPTED) for order_id in order_ids]


def test_one_cancel_goes_by_itself_in_the_next_turn() -> None:
    rig = Rig()

    async def scenario() -> None:
        rig.cancels.add(cancel("td-0"))
        await asyncio.sleep(0)
        assert rig.router.asked == [("one", "td-0")]

    rig.play(scenario)
    assert rig.told == accepted("td-0")


def test_all_orders_go_by_cancel_all_in_the_next_turn_and_each_is_told() -> None:
    rig = Rig()

    async def scenario() -> None:
        rig.cancel_all()
        await asyncio.sleep(0)
        assert rig.router.asked == [("all", *OURS)]

    rig.play(scenario)
    assert rig.router.asked == [("all", *OURS)]
    assert rig.told == accepted(*OURS)


def test_some_orders_go_as_a_batch() -> None:
    rig = Rig()

    async def scenario() -> None:
        rig.cancels.add(cancel("td-0"))
        rig.cancels.add(cancel("td-1"))

    rig.play(scenario)
    assert rig.router.asked == [("batch", "td-0", "td-1")]
    assert rig.told == accepted("td-0", "td-1")


def test_cancels_of_another_turn_are_another_request() -> None:
    rig = Rig()

    async def scenario() -> None:
        rig.cancels.add(cancel("td-0"))
        await asyncio.sleep(0)
        rig.cancels.add(cancel("td-1"))

    rig.play(scenario)
    assert rig.router.asked == [("one", "td-0"), ("one", "td-1")]


def test_a_cancel_behind_an_order_that_leaves_does_not_ride_ahead_of_it() -> None:
    rig = Rig()
    left: list[str] = []

    async def place() -> None:
        left.extend(asked for _, asked in rig.router.asked)

    async def scenario() -> None:
        rig.cancels.add(cancel("td-0"))
        rig.cancels.part()
        placing = asyncio.create_task(place())
        rig.cancels.add(cancel("td-1"))
        await placing

    rig.play(scenario)
    assert left == ["td-0"]
    assert rig.router.asked == [("one", "td-0"), ("one", "td-1")]


def test_what_cancel_all_names_by_the_venues_id_is_taken_too() -> None:
    rig = Rig()
    rig.router.answers = [MassCancelResponse(affected=frozenset(f"x-{name}" for name in OURS))]

    async def scenario() -> None:
        rig.cancel_all()

    rig.play(scenario)
    assert rig.told == accepted(*OURS)
    assert len(rig.router.asked) == 1


def test_what_cancel_all_does_not_name_is_cancelled_unless_the_stream_tells_of_it() -> None:
    rig = Rig()
    rig.router.answers = [MassCancelResponse()]  # success, and no list

    async def scenario() -> None:
        rig.cancel_all()
        await rig.clock.sleep(0.1)
        rig.gone("td-0", "td-1", "td-2", "td-3")

    rig.play(scenario)
    assert rig.router.asked == [("all", *OURS), ("one", "td-4")]
    assert rig.router.at_s == [0.0, TELLING_S]
    assert rig.told == accepted("td-4")


def test_nothing_more_is_sent_where_the_stream_tells_of_all() -> None:
    rig = Rig()
    rig.router.answers = [MassCancelResponse()]

    async def scenario() -> None:
        rig.cancel_all()
        await rig.clock.sleep(0.1)
        rig.gone(*OURS)

    rig.play(scenario)
    assert rig.router.asked == [("all", *OURS)]


def test_f45_cancel_all_is_used_again_while_it_takes_some() -> None:
    rig = Rig()
    rig.router.answers = [
        MassCancelResponse(affected=frozenset({"td-0", "td-1"})),
        MassCancelResponse(affected=frozenset({"td-2"})),
        MassCancelResponse(),
    ]

    async def scenario() -> None:
        rig.cancel_all()

    rig.play(scenario)
    assert rig.router.asked == [
        ("all", *OURS),
        ("all", "td-2", "td-3", "td-4"),
        ("all", "td-3", "td-4"),
        ("batch", "td-3", "td-4"),  # it took none
    ]
    assert rig.told == accepted(*OURS)


@pytest.mark.parametrize(
    "answer",
    [
        MassCancelResponse(outcome=Outcome.REJECTED, reason=Reason.RATE_LIMITED),
        MassCancelResponse(outcome=Outcome.REJECTED, affected=frozenset(OURS)),
        MassCancelResponse(outcome=Outcome.UNKNOWN),
    ],
)
def test_f47_where_cancel_all_fails_each_is_cancelled_at_once(answer: MassCancelResponse) -> None:
    rig = Rig()
    rig.router.answers = [answer]

    async def scenario() -> None:
        rig.cancel_all()

    rig.play(scenario)
    assert rig.router.asked == [("all", *OURS), ("batch", *OURS)]
    assert rig.router.at_s == [0.0, 0.0]


def test_a_cancel_that_is_under_way_with_others_is_not_sent_beside_itself() -> None:
    rig = Rig()
    rig.router.latency_s = 1.0

    async def scenario() -> None:
        rig.cancel_all()
        for _ in range(3):
            await rig.clock.sleep(0.25)
            for order_id in OURS:
                rig.cancels.add(cancel(order_id))
        await rig.clock.sleep(0.5)
        rig.cancels.add(cancel("td-0"))  # it was answered meanwhile

    rig.play(scenario)
    assert rig.router.asked == [("all", *OURS), ("one", "td-0")]


def test_a_cancel_that_failed_as_a_bug_may_be_sent_again() -> None:
    rig = Rig()

    def fail(_request: MassCancelRequest) -> None:
        raise ValueError("bug")

    async def scenario() -> None:
        rig.router.on_mass = fail
        rig.cancel_all()
        await rig.cancels.answered(1.0)
        rig.cancels.add(cancel("td-0"))

    rig.play(scenario)
    assert rig.router.asked == [("all", *OURS), ("one", "td-0")]


@pytest.mark.parametrize(("latency_s", "waited_s"), [(0.0, 0.0), (0.1, 0.1), (2.0, 0.25)])
def test_answers_are_waited_for_and_not_for_long(latency_s: float, waited_s: float) -> None:
    rig = Rig()
    rig.router.latency_s = latency_s

    async def scenario() -> None:
        rig.cancel_all()
        await rig.cancels.answered(0.25)
        assert (rig.clock.now_ns() - T0) / NS == waited_s

    rig.play(scenario)
    assert rig.told == accepted(*OURS)


def test_with_nothing_under_way_there_is_nothing_to_wait_for() -> None:
    rig = Rig()

    async def scenario() -> None:
        await rig.cancels.answered(0.25)
        assert rig.clock.now_ns() == T0

    rig.play(scenario)
