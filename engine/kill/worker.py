"""Where the writing happens: in the caller, or in a thread with a deadline."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable
from typing import Protocol

Job = Callable[[], int]


class Worker(Protocol):
    """Runs jobs one after the other, in the order they were handed over."""

    async def run(self, job: Job) -> int:
        """Return the job's result, or raise what it raised."""
        ...

    def close(self) -> bool:
        """Finish what was handed over; False when that is stuck."""
        ...


class InlineWorker:
    """Runs a job in the caller, without giving up the event loop: virtual time stands still."""

    async def run(self, job: Job) -> int:
        return job()

    def close(self) -> bool:
        return True


class ThreadWorker:
    """Runs jobs in a thread of its own and answers on the event loop that asked.

    `run` raises TimeoutError after `deadline_s` of real time (a disk knows no other), while the
    job goes on: whether it was carried out is then not known.
    """

    def __init__(self, deadline_s: float) -> None:
        self._deadline_s = deadline_s
        self._jobs: queue.SimpleQueue[_Ticket | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="latch-writer", daemon=True)
        self._thread.start()

    async def run(self, job: Job) -> int:
        ticket = _Ticket(job)
        late = ticket.loop.call_later(self._deadline_s, ticket.expire, self._deadline_s)
        self._jobs.put(ticket)
        try:
            return await ticket.future
        finally:
            late.cancel()

    def close(self) -> bool:
        self._jobs.put(None)
        self._thread.join(self._deadline_s)
        return not self._thread.is_alive()

    def _work(self) -> None:
        while (ticket := self._jobs.get()) is not None:
            ticket.carry_out()


class _Ticket:
    """One job and the future that waits for it."""

    def __init__(self, job: Job) -> None:
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[int] = self.loop.create_future()
        self._job = job

    def carry_out(self) -> None:
        """Run the job, in the worker's thread."""
        outcome: int | Exception
        try:
            outcome = self._job()
        except Exception as error:
            outcome = error
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self.loop.call_soon_threadsafe(self._settle, outcome)

    def expire(self, deadline_s: float) -> None:
        """Give up waiting."""
        self._settle(TimeoutError(f"the disk did not answer within {deadline_s:g} s"))

    def _settle(self, outcome: int | Exception) -> None:
        if self.future.done():
            return
        if isinstance(outcome, Exception):
            self.future.set_exception(outcome)
        else:
            self.future.set_result(outcome)
