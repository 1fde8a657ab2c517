from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial

import pytest

from engine.clock import (
    MAKE_UP_S,
    NS,
    Clock,
    LiveClock,
    SimClock,
    pace,
    run_simulated,
    wait_for,
)

T0 = 1_700_000_000 * NS


async def soon(clock: Clock, log: list[int], seconds: float) -> None:
    await clock.sleep(seconds)
    log.append(clock.now_ns())


def test_timers_fire_in_order_of_time_and_at_one_instant_in_the_order_they_were_set() -> None:
    clock = SimClock(T0)
    fired: list[str] = []
    for name, after_s in (("c", 2), ("a", 1), ("d", 2), ("b", 1)):
        clock.call_at(T0 + after_s * NS, partial(fired.append, name))
    while clock.fire_next():
        pass
    assert fired == ["a", "b", "c", "d"]
    assert clock.now_ns() == T0 + 2 * NS


def test_a_cancelled_timer_never_fires_and_does_not_move_the_clock() -> None:
    clock = SimClock(T0)
    timer = clock.call_at(T0 + NS, lambda: pytest.fail("it was cancelled"))
    timer.cancel()
    assert clock.next_ns() is None
    assert not clock.fire_next()
    assert clock.now_ns() == T0


def test_a_timer_that_cancels_its_neighbour_of_the_same_instant_is_alone() -> None:
    clock = SimClock(T0)
    clock.call_at(T0, lambda: neighbour.cancel())
    neighbour = clock.call_at(T0, lambda: pytest.fail("it was cancelled"))
    assert clock.fire_next()
    assert not clock.fire_next()


def test_the_clock_never_goes_back() -> None:
    clock = SimClock(T0)
    seen: list[int] = []
    clock.call_at(T0 - NS, lambda: seen.append(clock.now_ns()))
    clock.call_at(T0 + NS, lambda: seen.append(clock.now_ns()))
    clock.fire_next()
    clock.move_to(T0 + 5 * NS)
    clock.fire_next()
    clock.move_to(T0)
    assert seen == [T0, T0 + 5 * NS]
    assert clock.now_ns() == T0 + 5 * NS


def test_an_hour_of_sleep_passes_at_once_where_time_is_simulated() -> None:
    clock = SimClock(T0)
    log: list[int] = []

    async def main() -> str:
        await asyncio.gather(soon(clock, log, 3600), soon(clock, log, 0.5), soon(clock, log, 0))
        return "done"

    started = time.monotonic()
    assert run_simulated(clock, main()) == "done"
    assert log == [T0, T0 + NS // 2, T0 + 3600 * NS]
    assert time.monotonic() - started < 60


def test_threads_are_waited_for_in_real_time() -> None:
    clock = SimClock(T0)

    async def main() -> int:
        def work() -> int:
            time.sleep(0.02)
            return 7

        return await asyncio.to_thread(work)

    assert run_simulated(clock, main()) == 7
    assert clock.now_ns() == T0


def test_what_raises_in_simulated_time_is_raised() -> None:
    async def main() -> None:
        raise ValueError("here")

    with pytest.raises(ValueError, match="here"):
        run_simulated(SimClock(T0), main())


def test_a_sleep_that_is_cancelled_leaves_no_timer_behind() -> None:
    clock = SimClock(T0)

    async def main() -> None:
        task = asyncio.create_task(clock.sleep(10))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run_simulated(clock, main())
    assert clock.next_ns() is None


def test_a_sleep_may_end_and_be_cancelled_at_the_same_instant() -> None:
    clock = SimClock(T0)

    async def main() -> None:
        task = asyncio.create_task(clock.sleep(1))
        await asyncio.sleep(0)
        task.cancel()
        assert clock.fire_next()
        with pytest.raises(asyncio.CancelledError):
            await task

    run_simulated(clock, main())


def test_an_answer_in_time_is_returned_and_its_timer_is_gone() -> None:
    clock = SimClock(T0)

    async def answer() -> str:
        await clock.sleep(1)
        return "yes"

    assert run_simulated(clock, wait_for(clock, answer(), 2)) == "yes"
    assert (clock.now_ns(), clock.next_ns()) == (T0 + NS, None)


def test_an_answer_that_is_late_is_cancelled_and_says_how_long_it_was_waited_for() -> None:
    clock = SimClock(T0)
    ended: list[str] = []

    async def answer() -> None:
        try:
            await clock.sleep(10)
        finally:
            ended.append("cancelled")

    with pytest.raises(TimeoutError, match=r"no answer within 2\.5 s"):
        run_simulated(clock, wait_for(clock, answer(), 2.5))
    assert ended == ["cancelled"]
    assert clock.now_ns() == T0 + 2_500_000_000


def test_a_failure_in_time_is_passed_on() -> None:
    clock = SimClock(T0)

    async def answer() -> None:
        raise ConnectionError("cut")

    with pytest.raises(ConnectionError, match="cut"):
        run_simulated(clock, wait_for(clock, answer(), 1))


@pytest.mark.parametrize("meanwhile", [False, True])
def test_a_cancellation_from_outside_is_one_even_when_it_meets_the_timeout(meanwhile: bool) -> None:
    clock = SimClock(T0)

    async def main() -> None:
        waiting = asyncio.create_task(wait_for(clock, clock.sleep(10), 1))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        if meanwhile:
            clock.fire_next()  # the timeout, whose cancellation is not delivered yet
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    run_simulated(clock, main())


def test_the_live_clock_counts_real_time_and_calls_back_on_the_loop() -> None:
    async def main() -> None:
        clock = LiveClock()
        before = clock.now_ns()
        assert abs(before - time.time_ns()) < NS
        called = asyncio.Event()
        clock.call_at(before - NS, called.set)
        await called.wait()
        clock.call_at(before, lambda: pytest.fail("it was cancelled")).cancel()
        await clock.sleep(0.001)
        assert clock.now_ns() >= before + 1_000_000

    asyncio.run(main())


def test_a_live_timer_is_set_in_whole_milliseconds_and_never_too_early(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    delays_s: list[float] = []

    async def main() -> None:
        clock = LiveClock()
        monkeypatch.setattr(clock, "now_ns", lambda: T0)
        loop = asyncio.get_running_loop()
        monkeypatch.setattr(loop, "call_later", lambda delay_s, _call: delays_s.append(delay_s))
        for due_ns in (T0 - 1, T0, T0 + 1, T0 + 400_000, T0 + 2_000_000, T0 + 2_000_001):
            clock.call_at(due_ns, lambda: None)

    asyncio.run(main())
    assert delays_s == [0, 0, 0.001, 0.001, 0.002, 0.003]


def paced(factor: Callable[[], float | None], clock: SimClock, until: Callable[[], bool]) -> None:
    async def main() -> None:
        moving = asyncio.create_task(pace(clock, factor))
        async with asyncio.timeout(20):
            while not until():  # noqa: ASYNC110 - nobody tells when a paced clock arrives
                await asyncio.sleep(0)
        moving.cancel()

    asyncio.run(main())


def test_a_paced_clock_runs_so_many_times_as_fast_as_the_wall() -> None:
    clock = SimClock(T0)
    log: list[int] = []
    for second in (100, 50):
        clock.call_at(T0 + second * NS, lambda: log.append(clock.now_ns()))
    started = time.monotonic_ns()
    paced(lambda: 5000.0, clock, lambda: len(log) == 2)
    assert log == [T0 + 50 * NS, T0 + 100 * NS]
    assert time.monotonic_ns() - started >= 100 * NS // 5000


def test_what_a_paced_clock_could_not_keep_up_with_is_lost_but_for_a_moment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, wall_ns = SimClock(T0), [0]
    monkeypatch.setattr("engine.clock.monotonic_ns", lambda: wall_ns[0])

    async def main() -> None:
        moving = asyncio.create_task(pace(clock, lambda: 1000.0))
        await asyncio.sleep(0)
        wall_ns[0] = 60 * NS
        async with asyncio.timeout(20):
            while clock.now_ns() == T0:  # noqa: ASYNC110 - nobody tells when a paced clock moves
                await asyncio.sleep(0)
        moving.cancel()

    asyncio.run(main())
    assert clock.now_ns() == T0 + MAKE_UP_S * 1000 * NS


def test_a_paced_clock_moves_on_where_no_timer_is_set() -> None:
    clock = SimClock(T0)
    paced(lambda: 1000.0, clock, lambda: clock.now_ns() >= T0 + NS)


def test_as_fast_as_it_goes_is_from_timer_to_timer_and_rests_where_there_is_none() -> None:
    clock = SimClock(T0)
    log: list[int] = []
    clock.call_at(T0 + 86_400 * NS, lambda: log.append(clock.now_ns()))
    paced(lambda: None, clock, lambda: bool(log))
    assert log == [T0 + 86_400 * NS]
    assert clock.now_ns() == T0 + 86_400 * NS


def test_an_answer_is_read_before_the_deadline_behind_it_however_fast_the_clock_goes() -> None:
    clock = SimClock(T0)

    async def main() -> str:
        moving = asyncio.create_task(pace(clock, lambda: None))
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        clock.call_at(T0 + 1000, lambda: answer.set_result("in time"))
        try:
            return await wait_for(clock, answer, 0.000_002)
        finally:
            moving.cancel()

    assert asyncio.run(main()) == "in time"


def test_the_pace_may_change_while_the_clock_runs() -> None:
    clock = SimClock(T0)
    log: list[int] = []
    clock.call_at(T0 + 86_400 * NS, lambda: log.append(clock.now_ns()))

    def factor() -> float | None:
        return 1.0 if log else None

    paced(factor, clock, lambda: bool(log) and clock.now_ns() > log[0])
    assert clock.now_ns() < T0 + 86_500 * NS


def test_a_simulated_clock_stands_while_something_comes_from_outside() -> None:
    clock = SimClock(T0)
    looks = iter([True, True, False])
    fired: list[int] = []

    async def main() -> None:
        clock.call_at(T0 + 5, lambda: fired.append(sum(1 for _ in looks)))
        await clock.sleep(1)

    run_simulated(clock, main(), lambda: next(looks, False))
    assert fired == [0]
