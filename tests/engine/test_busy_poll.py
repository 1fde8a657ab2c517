"""In a rush a loop looks at its sockets without waiting; else it waits as ever."""

from __future__ import annotations

import asyncio
import selectors

from engine.busy_poll import RUSH_NS, BusyPoll

START_NS = 7_000_000_000


class Sockets(selectors.DefaultSelector):
    """Sockets on which nothing comes. A loop's look at them takes a quarter of a rush.

    `looks` counts those that did not wait. One that would have waited ends the waiting instead.
    """

    def __init__(self) -> None:
        super().__init__()
        self.ns = START_NS
        self.looks = 0
        self.asleep: asyncio.Future[None] | None = None

    def read_ns(self) -> int:
        return self.ns

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.ns += RUSH_NS // 4
        if timeout == 0:
            self.looks += 1
        elif self.asleep is not None and not self.asleep.done():
            self.asleep.set_result(None)
        return super().select(0)

    async def looks_before_sleep(self) -> int:
        """How often the loop looks from now on until it would go to sleep."""
        self.asleep = asyncio.get_running_loop().create_future()
        before = self.looks
        await self.asleep
        return self.looks - before


def looks_after(*pauses_ns: int) -> int:
    """What a loop does after requests that leave with these pauses between them."""
    sockets = Sockets()
    busy_poll = BusyPoll(sockets.read_ns)

    async def main() -> int:
        for pause_ns in pauses_ns:
            sockets.ns += pause_ns
            busy_poll.sent()
        return await sockets.looks_before_sleep()

    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(sockets)) as runner:
        return runner.run(main())


def test_a_request_alone_lets_the_loop_go_to_sleep_at_once() -> None:
    assert looks_after(0) == 0


def test_requests_that_are_far_apart_do_so_too() -> None:
    assert looks_after(0, RUSH_NS, RUSH_NS) == 0


def test_in_a_rush_the_loop_stays_awake_and_for_a_moment_after_it() -> None:
    assert looks_after(0, RUSH_NS - 1) == 4


def test_every_further_request_makes_that_longer_and_takes_nothing_more() -> None:
    assert looks_after(0, RUSH_NS - 1, 0, 0, RUSH_NS // 2) == 4


def test_a_rush_that_is_over_is_followed_by_sleep_and_by_another_rush() -> None:
    sockets = Sockets()
    busy_poll = BusyPoll(sockets.read_ns)

    async def main() -> list[int]:
        looks = []
        for _ in range(2):
            busy_poll.sent()
            looks.append(await sockets.looks_before_sleep())
            sockets.ns += RUSH_NS
            busy_poll.sent()
            busy_poll.sent()
            looks.append(await sockets.looks_before_sleep())
            sockets.ns += RUSH_NS
        return looks

    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(sockets)) as runner:
        assert runner.run(main()) == [0, 4, 0, 4]
