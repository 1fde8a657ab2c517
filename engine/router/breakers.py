"""The breakers of all classes together: what opens them, and the probes that close them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from engine.clock import NS, Clock
from engine.core.reports import RequestKind
from engine.core.status import BreakerStatus
from engine.router.breaker import Breaker
from engine.venues.errors import NotExecuted, fault_of
from engine.venues.text import sanitise

QUERY = RequestKind.QUERY
REASON_CHARS = 120


class Breakers:
    """`by_kind` has each kind's breaker; kinds of one class share one.

    `read` asks the venue something harmless and returns why there was no answer, or "".
    """

    def __init__(
        self,
        clock: Clock,
        by_kind: Mapping[RequestKind, Breaker],
        read: Callable[[], Awaitable[str]],
    ) -> None:
        self.by_kind = dict(by_kind)
        self._clock = clock
        self._read = read
        self._classes = tuple(dict.fromkeys(self.by_kind.values()))
        self._troubled = asyncio.Event()

    def status(self) -> tuple[BreakerStatus, ...]:
        """How each class stands."""
        return tuple(breaker.status() for breaker in self._classes)

    def failed(self, kind: RequestKind, failure: Exception) -> None:
        """An attempt of this kind failed; to be turned away is a definite answer, and no fault."""
        if not isinstance(failure, NotExecuted):
            self._unanswered(kind, fault_of(failure))

    def queried(self, fault: str) -> None:
        """A query was answered, or left without an answer for the reason `fault`."""
        if fault:
            self._unanswered(QUERY, fault)
        else:
            self.by_kind[QUERY].succeeded()

    def _unanswered(self, kind: RequestKind, fault: str) -> None:
        self.by_kind[kind].failed(self._clock.now_ns(), sanitise(fault, REASON_CHARS))
        self._troubled.set()

    def hold(self, until_ns: int, reason: str) -> None:
        """The venue answers no HTTP request before then: nothing new leaves, and no query.

        What the trade socket can do, it still does: cancels, and orders that only reduce.
        """
        now_ns = self._clock.now_ns()
        for kind in (RequestKind.PLACE, QUERY):
            self.by_kind[kind].hold(until_ns, now_ns, reason)
        self._troubled.set()

    async def unheld(self) -> None:
        """Wait until the venue answers queries again, where it has said that it does not."""
        while (wait_ns := self.by_kind[QUERY].held_until_ns - self._clock.now_ns()) > 0:
            await self._clock.sleep(wait_ns / NS)

    async def pause(self, kind: RequestKind) -> None:
        """Where the kind's class is in trouble, what passes all the same takes its time."""
        pause_s = self.by_kind[kind].pause_s
        if pause_s:
            await self._clock.sleep(pause_s)

    async def probe(self) -> None:
        """Where a probe is due, let one read decide whether the venue answers again."""
        now_ns = self._clock.now_ns()
        due = [breaker for breaker in self._classes if breaker.start_probe(now_ns)]
        if not due:
            return
        fault = "the probe was cut short"
        try:
            fault = sanitise(await self._read(), REASON_CHARS)
        finally:
            for breaker in due:
                breaker.probed(self._clock.now_ns(), fault)
            self._troubled.set()

    async def keep_probing(self) -> None:
        """Send each probe when it is due, for ever."""
        while True:
            await self._troubled.wait()
            self._troubled.clear()
            while due_ns := [breaker.probe_ns for breaker in self._classes if breaker.probe_ns]:
                await self._clock.sleep(max(0, min(due_ns) - self._clock.now_ns()) / NS)
                await self.probe()
