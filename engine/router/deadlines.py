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


class Deadlines:
    """Runs coroutines in the caller's task for at most `timeout_s` seconds of the clock."""

    def __init__(self, clock: Clock, timeout_s: float) -> None:
        self._clock = clock
        self._timeout_s = timeout_s
        self._timeout_ns = round(timeout_s * NS)
        self._waits: dict[asyncio.Task[Any], int] = {}  # until when (ns), oldest first
        self._expired: set[asyncio.Task[Any]] = set()
        self._timer: Timer | None = None

    async def run(self, work: Coroutine[Any, Any, T], now_ns: int) -> T:
        """Return the coroutine's result; cancel it and raise TimeoutError when time is up.

        `now_ns` is when the wait begins: now, by the same clock, which the caller has read.
        A cancellation from outside passes through, also when it meets the timeout. A task waits
        for one thing at a time: do not nest.
        """
        task = asyncio.current_task()
        assert task is not None  # a coroutine runs in a task
        self._waits[task] = due_ns = now_ns + self._timeout_ns
        if self._timer is None:
            self._timer = self._clock.call_at(due_ns, self._expire)
        before = task.cancelling()
        try:
            return await work
        except asyncio.CancelledError:
            if task in self._expired and task.cancelling() <= before + 1:
                raise TimeoutError(f"no answer within {self._timeout_s:g} s") from None
            raise
        finally:
            del self._waits[task]
            if self._expired and task in self._expired:
                self._expired.remove(task)
                task.uncancel()

    def _expire(self) -> None:
        self._timer = None
        now_ns = self._clock.now_ns()
        for task, due_ns in self._waits.items():
            if due_ns > now_ns:
                self._timer = self._clock.call_at(due_ns, self._expire)
                return
            if task not in self._expired:
                self._expired.add(task)
                task.cancel()
