"""What requests cost: per order, and over the newest thousand of each kind."""

from __future__ import annotations

from collections import deque

import msgspec

from engine.core.reports import Outcome, RequestKind
from engine.core.status import RequestStats
from engine.venues.errors import RateLimited, VenueUnknown

KEPT_LATENCIES = 1024


class RouteMetrics(msgspec.Struct, gc=False):
    """How one order's place request went. `latency_s` is from the call to the final outcome.

    `attempts` counts the first one and every retry; 0 means that it never left. `outcome` is None
    while the request is under way.
    """

    attempts: int = 0
    latency_s: float = 0.0
    outcome: Outcome | None = None

    @property
    def retries(self) -> int:
        """Attempts after the first."""
        return max(0, self.attempts - 1)


class KindStats:
    """Counts of one kind of request, and a ring of its newest latencies."""

    __slots__ = ("_latencies", "count", "kind", "rate_limited", "retries", "timeouts")

    def __init__(self, kind: RequestKind) -> None:
        self.kind = kind
        self.count = 0
        self.retries = 0
        self.rate_limited = 0
        self.timeouts = 0
        self._latencies: deque[float] = deque(maxlen=KEPT_LATENCIES)

    def add(self, latency_s: float, attempts: int) -> None:
        """Book one finished request."""
        self.count += 1
        self.retries += attempts - 1
        self._latencies.append(latency_s)

    def note(self, failure: Exception) -> None:
        """Book one attempt that failed."""
        if isinstance(failure, RateLimited):
            self.rate_limited += 1
        elif isinstance(failure, TimeoutError) and not isinstance(failure, VenueUnknown):
            self.timeouts += 1  # an answer that leaves it open is none

    def summary(self) -> RequestStats:
        """Counts since the start; percentiles (nearest rank) over the newest KEPT_LATENCIES."""
        ordered = sorted(self._latencies) or [0.0]
        last = len(ordered) - 1
        return RequestStats(
            kind=self.kind,
            count=self.count,
            p50_s=ordered[last * 50 // 100],
            p99_s=ordered[-(-last * 99 // 100)],
            max_s=ordered[-1],
            retries=self.retries,
            rate_limited=self.rate_limited,
            timeouts=self.timeouts,
        )
