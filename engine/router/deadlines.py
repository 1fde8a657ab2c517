"""Timeouts for many short waits at the price of one timer.

All waits have the same length, so they end in the order they began: a single timer of the clock
stands at the oldest one still running. An answered wait costs no timer at all, which matters at
thousands of requests a second.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from engine.clock import NS, Clock, Timer

T = TypeVar("T")


class _Wait:
    __slots__ = ("due_ns", "expired", "task")

    def __init__(self, task: asyncio.Task[Any], due_ns: int) -> None:
        self.task = task
        self.due_ns = due_ns
        self.expired = False


class Deadlines:
    """Runs coroutines in the caller's task for at most `timeout_s` seconds of the clock."""

    def __init__(self, clock: Clock, timeout_s: float) -> None:
        self._clock = clock
        self._timeout_s = timeout_s
        self._timeout_ns = round(timeout_s * NS)
        self._waits: dict[_Wait, None] = {}  # oldest first
        self._timer: Timer | None = None

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Return the coroutine's result; cancel it and raise TimeoutError when time is up.

        A cancellation from outside passes through, also when it meets the timeout.
        """
        task = asyncio.current_task()
        assert task is not None  # a coroutine runs in a task
        wait = _Wait(task, self._clock.now_ns() + self._timeout_ns)
        self._waits[wait] = None
        if self._timer is None:
            self._timer = self._clock.call_at(wait.due_ns, self._expire)
        before = task.cancelling()
        try:
            return await work
        except asyncio.CancelledError:
            if wait.expired and task.cancelling() <= before + 1:
                raise TimeoutError(f"no answer within {self._timeout_s:g} s") from None
            raise
        finally:
            del self._waits[wait]
            if wait.expired:
                task.uncancel()

    def _expire(self) -> None:
        self._timer = None
        now_ns = self._clock.now_ns()
        for wait in self._waits:
            if wait.due_ns > now_ns:
                self._timer = self._clock.call_at(wait.due_ns, self._expire)
                return
            if not wait.expired:
                wait.expired = True
                wait.task.cancel()
