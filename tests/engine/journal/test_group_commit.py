from __future__ import annotations

import asyncio
from collections.abc import Callable

from engine.journal.group_commit import ENOUGH, PATIENCE_S, GroupCommit


class Timers:
    """Stands in for the loop's timers: `pending` is what would be called, after how long."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.pending: list[tuple[float, Callable[[], None]]] = []
        self._loop = loop

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> asyncio.TimerHandle:
        self.pending.append((delay_s, callback))
        return self._loop.call_later(3_600, callback)


async def is_due(group: GroupCommit) -> bool:
    waiter = asyncio.create_task(group.due())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    done = waiter.done()
    waiter.cancel()
    return done


def test_what_something_waits_for_is_committed_at_once() -> None:
    async def main() -> None:
        group = GroupCommit(PATIENCE_S)
        assert not await is_due(group)
        group.decided(1, awaited=True)
        assert await is_due(group)
        assert not await is_due(group)

    asyncio.run(main())


def test_what_nothing_waits_for_is_committed_a_moment_later() -> None:
    async def main() -> None:
        group = GroupCommit(PATIENCE_S)
        timers = Timers(asyncio.get_running_loop())
        group._loop = timers  # type: ignore[assignment]
        group.decided(1, awaited=False)
        group.decided(2, awaited=False)
        ((delay_s, callback),) = timers.pending
        assert delay_s == PATIENCE_S
        assert not await is_due(group)
        callback()
        assert await is_due(group)

    asyncio.run(main())


def test_what_comes_meanwhile_takes_it_along_and_the_next_waits_anew() -> None:
    async def main() -> None:
        group = GroupCommit(PATIENCE_S)
        timers = Timers(asyncio.get_running_loop())
        group._loop = timers  # type: ignore[assignment]
        group.decided(1, awaited=False)
        group.decided(2, awaited=True)
        assert await is_due(group)
        group.decided(1, awaited=False)
        assert not await is_due(group)
        assert len(timers.pending) == 2

    asyncio.run(main())


def test_many_events_are_worth_a_commit_of_their_own() -> None:
    async def main() -> None:
        group = GroupCommit(PATIENCE_S)
        group.decided(ENOUGH - 1, awaited=False)
        assert not await is_due(group)
        group.decided(ENOUGH, awaited=False)
        assert await is_due(group)

    asyncio.run(main())


def test_without_patience_everything_is_committed_at_once() -> None:
    async def main() -> None:
        group = GroupCommit(0)
        group.decided(1, awaited=False)
        assert await is_due(group)

    asyncio.run(main())


def test_where_nothing_is_new_no_commit_is_due() -> None:
    async def main() -> None:
        group = GroupCommit(PATIENCE_S)
        group.decided(0, awaited=False)
        assert group._timer is None

    asyncio.run(main())
