from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

from engine.clock import NS
from engine.core.commands import AmendOrder, Kill
from engine.core.context import Policy
from engine.core.events import KillStarted
from engine.core.reports import OrderLookup, Outcome, RequestKind, RequestOutcome
from engine.core.requests import (
    AmendRequest,
    CancelRequest,
    OrderRequest,
    QueryOrder,
    RecallAnswer,
    RecallOrder,
    StartTimer,
    TimerFired,
)
from engine.core.types import Side
from engine.dispatch import Dispatcher
from engine.inbox import Inbox
from engine.recovery.recaller import Recaller
from tests.support.house import House, simulate
from tests.support.market import T0

D = Decimal


class Hands:
    """A dispatcher on a running engine's router, whose answers come to an inbox of their own."""

    def __init__(self, house: House, policy: Policy | None = None) -> None:
        self.failures: list[BaseException] = []
        self.read: list[RecallOrder] = []
        self.inbox = Inbox(self.failures.append)
        self.clock = house.clock
        self.dispatcher = Dispatcher(
            state=house.live.state,
            inbox=self.inbox,
            router=house.live.router,
            clock=house.clock,
            on_failure=self.failures.append,
            recaller=Recaller(self.read.append, threaded=False),
            policy=policy or Policy(),
            settle_s=0.1,
        )
        self.dispatcher.answering.set()

    async def answer(self) -> object:
        (item,) = await self.inbox.take(1)
        return item


def order(order_id: str = "d1") -> OrderRequest:
    return OrderRequest(
        client_order_id=order_id,
        symbol="BTCUSDT",
        side=Side.BUY,
        qty=D("0.010"),
        price=D("59000.0"),
    )


def test_every_answer_comes_back_through_the_inbox(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        await house.engine()
        hands = Hands(house)
        hands.dispatcher.send(order())
        placed = await hands.answer()
        assert isinstance(placed, RequestOutcome)
        assert placed == RequestOutcome(
            kind=RequestKind.PLACE,
            client_order_id="d1",
            outcome=Outcome.ACCEPTED,
            exchange_order_id=placed.exchange_order_id,
            latency_s=0.002,
        )
        amend = AmendRequest(client_order_id="d1", symbol="BTCUSDT", price=D("58000.0"))
        hands.dispatcher.send(amend)
        amended = await hands.answer()
        assert isinstance(amended, RequestOutcome)
        assert (amended.kind, amended.outcome) == (RequestKind.AMEND, Outcome.ACCEPTED)
        hands.dispatcher.send(QueryOrder(client_order_id="d1", symbol="BTCUSDT"))
        lookup = await hands.answer()
        assert getattr(lookup, "order").price == D("58000.0")  # noqa: B009
        for expected in (Outcome.ACCEPTED, Outcome.REJECTED):
            hands.dispatcher.send(CancelRequest(client_order_id="d1", symbol="BTCUSDT"))
            canceled = await hands.answer()
            assert isinstance(canceled, RequestOutcome)
            assert (canceled.kind, canceled.outcome) == (RequestKind.CANCEL, expected)

    simulate(tmp_path / "h", scenario)


def test_a_question_leaves_when_the_venue_has_answered_anything_in_this_run(
    tmp_path: Path,
) -> None:
    async def scenario(house: House) -> None:
        await house.engine()
        hands = Hands(house)
        hands.dispatcher.answering.clear()
        hands.dispatcher.send(QueryOrder(client_order_id="d1", symbol="BTCUSDT"))
        await house.clock.sleep(60)
        assert len(hands.inbox) == 0
        hands.dispatcher.answering.set()
        assert isinstance(await hands.answer(), OrderLookup)

    simulate(tmp_path / "h", scenario)


def test_a_timer_comes_back_when_its_time_has_come(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.engine()
        hands = Hands(house)
        before_ns = house.clock.now_ns()
        hands.dispatcher.send(StartTimer(kind="ack", key="a1", after_s=5.0))
        assert await hands.answer() == TimerFired(kind="ack", key="a1")
        assert house.clock.now_ns() == before_ns + 5 * NS

    simulate(tmp_path / "h", scenario)


def test_timers_come_back_each_at_its_own_time_whatever_their_lengths(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.engine()
        hands = Hands(house)
        begun = house.clock.now_ns()
        came: list[tuple[str, float]] = []

        async def hear(count: int) -> None:
            for _ in range(count):
                timer = await hands.answer()
                assert isinstance(timer, TimerFired)
                came.append((timer.key, (house.clock.now_ns() - begun) / NS))

        hands.dispatcher.send(StartTimer(kind="ack", key="a", after_s=5.0))
        hands.dispatcher.send(StartTimer(kind="look", key="b", after_s=0.5))
        await house.clock.sleep(0.25)
        hands.dispatcher.send(StartTimer(kind="ack", key="c", after_s=5.0))
        hands.dispatcher.send(StartTimer(kind="look", key="d", after_s=0.5))
        await hear(4)
        hands.dispatcher.send(StartTimer(kind="ack", key="e", after_s=5.0))
        await hear(1)
        assert came == [("b", 0.5), ("d", 0.75), ("a", 5.0), ("c", 5.25), ("e", 10.25)]

    simulate(tmp_path / "h", scenario)


def test_many_orders_in_doubt_are_asked_for_in_turn_and_each_once_at_a_time(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.engine()
        hands = Hands(house, policy=Policy(questions_a_minute=60))
        asked: list[tuple[str, float]] = []
        begun_ns = house.clock.now_ns()
        for _ in range(2):
            for number in range(10):
                hands.dispatcher.send(QueryOrder(client_order_id=f"d{number}", symbol="BTCUSDT"))
        for _ in range(10):
            answer = await hands.answer()
            assert isinstance(answer, OrderLookup)
            since_s = (answer.sent_ts - begun_ns) / NS
            asked.append((answer.client_order_id, since_s))
        assert len(hands.inbox) == 0
        assert [order_id for order_id, _ in asked] == [f"d{number}" for number in range(10)]
        assert [since_s for _, since_s in asked] == [0, 0, 0, 0, 0, 0, 1, 2, 3, 4]
        hands.dispatcher.send(QueryOrder(client_order_id="d0", symbol="BTCUSDT"))
        assert await hands.answer()

    simulate(tmp_path / "h", scenario)


def test_what_was_answered_while_its_question_waited_is_not_asked(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        await house.engine()
        await house.give(house.place("a1"))
        hands = Hands(house, policy=Policy(questions_a_minute=60))
        names = [*(f"d{number}" for number in range(7)), "a1", "d7"]
        for name in names:
            hands.dispatcher.send(QueryOrder(client_order_id=name, symbol="BTCUSDT"))
        await house.clock.sleep(0.1)
        await house.give(AmendOrder(command_id="m1", client_order_id="a1", price=D("58000.0")))
        answers = [await hands.answer() for _ in range(8)]
        asked = [answer.client_order_id for answer in answers if isinstance(answer, OrderLookup)]
        assert asked == [*(f"d{number}" for number in range(7)), "d7"]

    simulate(tmp_path / "h", scenario)


def test_a_new_sweep_takes_the_place_of_the_one_that_runs(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine = await house.engine()
        await house.give(Kill(command_id="k1"), after_s=0.001)
        await house.give(Kill(command_id="k2"), after_s=2)
        started = [event.kill_id for event in house.events() if isinstance(event, KillStarted)]
        assert started == ["k1", "k2"]
        assert engine.state.kill is not None
        assert (engine.state.kill.kill_id, engine.state.kill.done) == ("k2", True)
        assert engine.failure == ""

    simulate(tmp_path / "h", scenario)


def test_a_failing_task_is_told_and_a_cancelled_one_is_not(tmp_path: Path) -> None:
    async def fails() -> None:
        raise LookupError("a bug")

    async def scenario(house: House) -> None:
        await house.engine()
        hands = Hands(house)
        waiting = hands.dispatcher.spawn(house.clock.sleep(3600))
        hands.dispatcher.spawn(fails())
        await house.clock.sleep(0.001)
        waiting.cancel()
        await house.clock.sleep(0.001)
        assert [repr(error) for error in hands.failures] == ["LookupError('a bug')"]

    simulate(tmp_path / "h", scenario)


def test_an_order_is_read_back_and_the_answer_comes_through_the_inbox(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        await house.engine()
        hands = Hands(house)
        waiting = TimerFired(kind="look", key="d1")
        recall = RecallOrder(name="d1", first_seq=1, last_seq=9, waiting=waiting)
        hands.dispatcher.send(recall)
        assert await hands.answer() == RecallAnswer(recall=recall)
        assert hands.read == [recall]

    simulate(tmp_path / "h", scenario)


def test_closing_ends_every_task_and_sends_nothing_more(tmp_path: Path) -> None:
    async def stubborn(house: House) -> None:
        try:
            await house.clock.sleep(3600)
        except asyncio.CancelledError:
            raise LookupError("on the way out") from None

    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        await house.engine()
        hands = Hands(house)
        task = hands.dispatcher.spawn(stubborn(house))
        await house.clock.sleep(0.001)
        await hands.dispatcher.close()
        assert task.done()
        hands.dispatcher.send(order())
        await house.clock.sleep(1)
        assert house.created == {}
        assert hands.failures == []
        assert house.clock.now_ns() < T0 + 10 * NS

    simulate(tmp_path / "h", scenario)
