from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from msgspec.structs import replace

from engine import comparison as module
from engine.clock import NS, SimClock, run_simulated
from engine.comparison import Comparison
from engine.core.context import Policy
from engine.core.reconcile.evidence import Promise, Suspect
from engine.core.reports import EVERYTHING, AccountSnapshot, FillEvent, Scope
from engine.core.state import State
from engine.inbox import Inbox
from engine.venues.protocol import Booked
from tests.support.desk import Desk, fill
from tests.support.house import House, simulate

T0 = 1_700_000_000 * NS
ORDERS, FILLS = frozenset({Scope.ORDERS}), frozenset({Scope.FILLS})
POLICY = Policy()
OVERLAP_NS = round(POLICY.fills_overlap_s * NS)


class Asking:
    """A comparison on a venue that takes `latency_s` and answers with `fills`."""

    def __init__(self, clock: SimClock, state: State | None = None) -> None:
        self.clock = clock
        self.state = state or Desk().state
        self.inbox = Inbox(lambda error: None)
        self.asked: list[tuple[float, frozenset[Scope]]] = []
        self.since: list[float] = []
        self.whole: list[bool] = []
        self.fills: tuple[FillEvent, ...] = ()
        self.complete = True
        self.latency_s = 0.0
        self.made = Comparison(
            self.state,
            self.inbox,
            self,  # type: ignore[arg-type]
            clock,
            POLICY,
            asyncio.get_running_loop().create_task,
        )

    async def snapshot(
        self, fills_since_ns: int, scopes: frozenset[Scope], is_booked: Booked | None
    ) -> AccountSnapshot:
        """Stands in for the router's."""
        self.whole.append(is_booked is None)
        sent_ns = self.clock.now_ns()
        self.asked.append(((sent_ns - T0) / NS, scopes))
        self.since.append((fills_since_ns - T0) / NS)
        if self.latency_s:
            await self.clock.sleep(self.latency_s)
        return AccountSnapshot(
            open_orders=(),
            positions=(),
            fills=self.fills,
            sent_ts=sent_ns,
            duration_s=self.latency_s,
            complete=self.complete,
            scopes=scopes,
        )

    async def unheld(self) -> None:
        """The venue answers."""

    async def answers(self) -> list[object]:
        """What has come to be decided."""
        items: list[object] = []
        while len(self.inbox):
            items += await self.inbox.take(10**6)
        return items


def run(scenario: Callable[[SimClock], object]) -> None:
    clock = SimClock(T0)
    run_simulated(clock, scenario(clock))  # type: ignore[arg-type]


def test_each_part_is_asked_for_when_it_is_due() -> None:
    async def scenario(clock: SimClock) -> None:
        asking = Asking(clock)
        asking.made.ask(EVERYTHING)
        task = asyncio.get_running_loop().create_task(asking.made.keep_asking())
        await clock.sleep(61)
        task.cancel()
        due = {scope: [at for at, scopes in asking.asked if scope in scopes] for scope in Scope}
        assert due == {
            Scope.ORDERS: [0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60],
            Scope.POSITIONS: [0, 15, 30, 45, 60],
            Scope.WALLET: [0, 15, 30, 45, 60],
            Scope.FILLS: [0, 60],
            Scope.CLOSED: [0],
        }

    run(scenario)


def test_what_was_asked_for_besides_is_not_due_again_so_soon() -> None:
    async def scenario(clock: SimClock) -> None:
        asking = Asking(clock)
        asking.made.ask(EVERYTHING)
        task = asyncio.get_running_loop().create_task(asking.made.keep_asking())
        await clock.sleep(12)
        asking.made.ask(EVERYTHING)
        await clock.sleep(20)
        task.cancel()
        late = [(at, scopes) for at, scopes in asking.asked if at > 12]
        holdings = frozenset({Scope.ORDERS, Scope.POSITIONS, Scope.WALLET})
        assert late == [(15, ORDERS), (20, ORDERS), (25, holdings), (30, ORDERS)]

    run(scenario)


def test_until_the_account_is_ready_everything_is_asked_for() -> None:
    async def scenario(clock: SimClock) -> None:
        asking = Asking(clock)
        asking.state.ready = False
        task = asyncio.get_running_loop().create_task(asking.made.keep_asking())
        await clock.sleep(11)
        task.cancel()
        assert asking.asked == [(5, EVERYTHING), (10, EVERYTHING)]

    run(scenario)


def test_f31_however_often_one_asks_one_question_is_under_way_and_one_follows() -> None:
    async def scenario(clock: SimClock) -> None:
        asking = Asking(clock)
        asking.latency_s = 1.0
        for number in range(60):
            asking.made.ask(ORDERS if number % 2 else FILLS)
            await clock.sleep(0.01)
            assert asking.made.running
        await clock.sleep(3)
        assert not asking.made.running
        assert asking.asked == [(0, FILLS), (1, ORDERS | FILLS)]

    run(scenario)


def test_executions_are_listed_from_a_minute_before_the_newest_known_and_before_the_last_list() -> (
    None
):
    async def scenario(clock: SimClock) -> None:
        state = State()
        asking = Asking(clock, state)
        for known_s, complete in ((0, True), (90, False), (190, True), (250, True), (0, True)):
            if known_s:
                state.fill_ts["BTCUSDT"] = T0 + known_s * NS
            asking.complete = complete
            asking.made.ask(FILLS)
            await clock.sleep(100)
        assert [since + 60 for since in asking.since] == [0, 0, 0, 200, 250]

    run(scenario)


def test_a_list_of_orders_moves_no_such_time() -> None:
    async def scenario(clock: SimClock) -> None:
        asking = Asking(clock, State())
        for scopes in (ORDERS, FILLS):
            asking.made.ask(scopes)
            await clock.sleep(100)
        assert asking.since == [-60, -60]

    run(scenario)


def test_only_executions_that_are_not_booked_are_decided_and_before_the_rest() -> None:
    async def scenario(clock: SimClock) -> None:
        desk = Desk()
        desk.working(qty=fill("e", "9").qty)
        desk.give(fill("e1", "0.004"))
        asking = Asking(clock, desk.state)
        asking.fills = (fill("e1", "0.004"), fill("e2", "0.001"), fill("e1", "0.005"))
        asking.made.ask(FILLS)
        await clock.sleep(1)
        new, conflict, answer = await asking.answers()
        assert (new, conflict) == (fill("e2", "0.001"), fill("e1", "0.005"))
        assert isinstance(answer, AccountSnapshot)
        assert answer.fills == ()

    run(scenario)


def test_a_quiet_list_ends_at_what_is_booked_and_while_anything_is_in_doubt_it_is_whole() -> None:
    async def scenario(clock: SimClock) -> None:
        asking = Asking(clock)
        state = asking.state
        promise, suspect = Promise(fill("e", "1").qty), Suspect(fill("e", "1").qty, 1, 1)
        for ready, suspects, promised in (
            (True, {}, {}),
            (True, {"BTCUSDT": suspect}, {}),
            (True, {}, {"a1": promise}),
            (False, {}, {}),
        ):
            state.ready, state.suspects, state.promised = ready, suspects, promised
            asking.made.ask(FILLS)
            await clock.sleep(1)
        assert asking.whole == [False, True, True, True]

    run(scenario)


def test_an_incomplete_list_of_executions_books_nothing() -> None:
    async def scenario(clock: SimClock) -> None:
        asking = Asking(clock)
        asking.fills, asking.complete = (fill("e1", "0.004"),), False
        asking.made.ask(FILLS)
        await clock.sleep(1)
        (answer,) = await asking.answers()
        assert isinstance(answer, AccountSnapshot)
        assert not answer.complete

    run(scenario)


def test_a_long_list_gives_the_loop_its_turns() -> None:
    async def scenario(clock: SimClock) -> None:
        asking = Asking(clock)
        one = fill("e1", "0.004")
        asking.fills = tuple(replace(one, exec_id=f"e{n}") for n in range(5 * module.SLICE))
        turns = 0
        asking.made.ask(FILLS)
        while not len(asking.inbox) and turns < 100:
            turns += 1
            await asyncio.sleep(0)
        assert 5 <= turns < 100
        assert len(await asking.answers()) == 5 * module.SLICE + 1

    run(scenario)


def test_a_restart_lists_executions_from_before_the_last_one_that_is_known(tmp_path: Path) -> None:
    asked: list[int] = []

    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        await house.engine()
        await house.give(house.place("a1"))
        placed_ns = house.order("a1").created_ts
        await house.give(house.place("a2", price=fill("e", "61000").qty))
        known_ns = house.live.state.fill_ts["BTCUSDT"]
        await house.crash()
        await house.clock.sleep(1000)
        engine = await house.engine(wait=False)
        snapshot = engine.router.snapshot

        async def noted(
            since_ns: int, scopes: frozenset[Scope], is_booked: Booked | None
        ) -> AccountSnapshot:
            asked.append(since_ns)
            return await snapshot(since_ns, scopes, is_booked)

        engine.router.snapshot = noted  # type: ignore[assignment, method-assign]
        await engine.start()
        await engine.settled()
        assert asked[0] == known_ns - OVERLAP_NS
        engine.state.fill_ts.clear()
        assert module._first_gap_ns(engine.state, house.clock.now_ns()) == placed_ns

    simulate(tmp_path / "h", scenario)
