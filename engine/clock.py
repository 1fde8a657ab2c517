"""Time as an argument: the one source of now, sleeps and timers.

`LiveClock` is the wall clock. `SimClock` stands still until it is moved: the session runner moves
it to the next timer whenever the event loop has nothing left to do (`run_simulated`), a replay
moves it along with real time (`pace`). All times are unix nanoseconds.
"""

from __future__ import annotations

import asyncio
import heapq
import selectors
import time
from collections.abc import Awaitable, Callable, Coroutine
from time import monotonic_ns
from typing import Any, Protocol, TypeVar

NS = 1_000_000_000
MS = 1_000_000
LOOK_S = 0.01
"""How long a simulated clock that stands still rests between two looks, in real time."""
PACE_STEP_S = 0.002
"""How long `pace` rests at most when nothing is due, in real time."""
MAKE_UP_S = 0.5
"""How much of its delay `pace` makes up for, in real time: a clock must not leap in the end."""
T = TypeVar("T")


class Timer(Protocol):
    """A pending call; `cancel` makes it never happen."""

    def cancel(self) -> None: ...


class Clock(Protocol):
    """Now, and a way to be called later on the event loop that uses the clock."""

    def now_ns(self) -> int:
        """Unix time in nanoseconds; never goes back."""
        ...

    def call_at(self, when_ns: int, callback: Callable[[], None]) -> Timer:
        """Call `callback` on the loop at `when_ns`, at once when that has passed."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait for `seconds` of this clock."""
        ...


async def _sleep_on(clock: Clock, seconds: float) -> None:
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def wake() -> None:
        if not future.done():
            future.set_result(None)

    timer = clock.call_at(clock.now_ns() + round(seconds * NS), wake)
    try:
        await future
    finally:
        timer.cancel()


async def wait_for(clock: Clock, awaitable: Awaitable[T], timeout_s: float) -> T:
    """Return the awaitable's result, or cancel it and raise TimeoutError after `timeout_s`."""
    task = asyncio.ensure_future(awaitable)
    waiting = asyncio.current_task()
    assert waiting is not None  # a coroutine runs in a task
    before = waiting.cancelling()
    timed_out = False

    def give_up() -> None:
        nonlocal timed_out
        timed_out = True
        task.cancel()

    timer = clock.call_at(clock.now_ns() + round(timeout_s * NS), give_up)
    try:
        return await task
    except asyncio.CancelledError:
        if timed_out and waiting.cancelling() == before:  # else somebody outside cancelled us
            raise TimeoutError(f"no answer within {timeout_s:g} s") from None
        task.cancel()
        raise
    finally:
        timer.cancel()


def awake_ns() -> int:
    """Nanoseconds since the machine started, its sleep among them where the system counts it."""
    return time.clock_gettime_ns(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class LiveClock:
    """Wall time that never goes back: the system's time at the start plus monotonic time since."""

    def __init__(self) -> None:
        self._offset = time.time_ns() - monotonic_ns()

    def now_ns(self) -> int:
        return self._offset + monotonic_ns()

    def call_at(self, when_ns: int, callback: Callable[[], None]) -> Timer:
        # In whole milliseconds: uvloop knows no others and rounds half of them down. Whoever is
        # called too early asks again, at once, and again until the time has come.
        delay_ms = -(-max(0, when_ns - self.now_ns()) // MS)
        return asyncio.get_running_loop().call_later(delay_ms / 1_000, callback)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class _SimTimer:
    __slots__ = ("callback",)

    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        self.callback = None


class SimClock:
    """A clock that is moved by hand. Timers of the same instant fire in the order they were set."""

    def __init__(self, start_ns: int) -> None:
        self._now = start_ns
        self._heap: list[tuple[int, int, _SimTimer]] = []
        self._count = 0

    def now_ns(self) -> int:
        return self._now

    def call_at(self, when_ns: int, callback: Callable[[], None]) -> Timer:
        timer = _SimTimer(callback)
        self._count += 1
        heapq.heappush(self._heap, (max(when_ns, self._now), self._count, timer))
        return timer

    async def sleep(self, seconds: float) -> None:
        await _sleep_on(self, seconds)

    def next_ns(self) -> int | None:
        """When the next timer is due, or None."""
        while self._heap and self._heap[0][2].callback is None:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def fire_next(self) -> bool:
        """Move to the next timer and call it; False when there is none."""
        due_ns = self.next_ns()
        if due_ns is None:
            return False
        timer = heapq.heappop(self._heap)[2]
        self.move_to(due_ns)
        callback, timer.callback = timer.callback, None
        assert callback is not None  # next_ns() has dropped cancelled ones
        callback()
        return True

    def move_to(self, when_ns: int) -> None:
        """Move to `when_ns` without firing anything; never back."""
        self._now = max(self._now, when_ns)


class _IdleSelector(selectors.DefaultSelector):
    """A selector that fires the clock's next timer where it would have waited for it."""

    clock: SimClock
    is_awaited: Callable[[], bool]

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready: list[tuple[selectors.SelectorKey, int]] = super().select(0)
        if ready or timeout == 0:
            return ready
        if self.is_awaited():
            timeout = LOOK_S if timeout is None else min(timeout, LOOK_S)
        elif self.clock.fire_next():
            return []
        waited: list[tuple[selectors.SelectorKey, int]] = super().select(timeout)
        return waited


def _nothing() -> bool:
    return False


def run_simulated(
    clock: SimClock, main: Coroutine[Any, Any, T], is_awaited: Callable[[], bool] = _nothing
) -> T:
    """Run `main` on a loop of its own where `clock` jumps to its next timer when nothing is ready.

    Threads and asyncio's own timers still run in real time: keep them out of what must be exact.
    While `is_awaited` says that something comes from outside, through a socket, the clock stands.
    """
    selector = _IdleSelector()
    selector.clock, selector.is_awaited = clock, is_awaited
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selector)) as runner:
        return runner.run(main)


async def pace(clock: SimClock, speed: Callable[[], float | None]) -> None:
    """Move `clock` along with real time, `speed()` times as fast; None is as fast as it goes.

    Runs until cancelled. What the program cannot keep up with is lost, but for a moment of it. The
    loop has a turn after each timer, so that an answer is read before the deadline behind it.
    Between timers the clock stands at the last one that fired, so a caller that must know how far
    it is reads the clock, not the wall.
    """
    seen, target = monotonic_ns(), clock.now_ns()
    while True:
        now, factor = monotonic_ns(), speed()
        if factor is None:
            pause_s = 0.0 if clock.fire_next() else PACE_STEP_S
            target = clock.now_ns()
        else:
            target += int((now - seen) * factor)
            target = min(target, clock.now_ns() + int(MAKE_UP_S * NS * factor))
            due = clock.next_ns()
            if due is not None and due <= target:
                clock.fire_next()
                pause_s = 0.0
            else:
                clock.move_to(target)
                left_s = PACE_STEP_S if due is None else (due - target) / factor / NS
                pause_s = min(PACE_STEP_S, left_s)
        seen = now
        await asyncio.sleep(pause_s)
