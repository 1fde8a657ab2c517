"""The circuit breaker: a venue that stopped answering is not sent new orders blindly.

One for each class of requests: places with amends, cancels, queries. closed -> open after
`threshold` attempts in a row that were left without a definite answer; those that fail together,
because one connection was lost, are one. open -> half-open when the pause has passed and a probe,
which is a read, goes out; half-open -> closed when it is answered, else open again and for twice as
long. Right after a probe one failure is enough to open it anew.

Only new exposure is kept here. Cancels and queries pass an open breaker: a cancel leaves at once
and is repeated later than usual, a query waits a moment.
"""

from __future__ import annotations

from enum import StrEnum

from engine.clock import NS
from engine.core.reports import RequestKind
from engine.core.status import BreakerStatus

TOGETHER_NS = NS // 20
"""Failures that follow each other as closely have one cause; no retry comes as soon."""
LONGEST_S = 60.0
"""No pause between two probes is longer."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 2.0
"""How much later what passes an open breaker is sent; doubled with each failure."""


class BreakerState(StrEnum):
    """Whether requests of a class may add exposure."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class Breaker:
    """Counts one class's failures in a row; the sender sends the probe."""

    __slots__ = (
        "_cool_s",
        "_failed_ns",
        "_held",
        "_openings",
        "_probe_ns",
        "_reason",
        "_since_ns",
        "_threshold",
        "failures",
        "name",
        "state",
    )

    def __init__(self, name: str, threshold: int = 5, cool_s: float = 5.0) -> None:
        self.name = name
        self.state = BreakerState.CLOSED
        self.failures = 0
        self._threshold = threshold
        self._cool_s = cool_s
        self._openings = 0
        self._since_ns = self._probe_ns = self._failed_ns = 0
        self._reason = ""
        self._held = False

    @property
    def held_until_ns(self) -> int:
        """Until when the venue itself has shut this class out (unix ns); 0 when it has not."""
        return self._probe_ns if self._held else 0

    @property
    def probe_ns(self) -> int:
        """When the next probe is due (unix ns); 0 while none is."""
        return self._probe_ns if self.state is BreakerState.OPEN else 0

    @property
    def pause_s(self) -> float:
        """How much later a request that passes is sent, in seconds."""
        if self.state is not BreakerState.OPEN or self._held:
            return 0.0
        beyond = min(self.failures - self._threshold, 8)
        return min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0**beyond)

    def status(self) -> BreakerStatus:
        """What people are told of it."""
        return BreakerStatus(
            name=self.name,
            state=self.state,
            since_ts=self._since_ns,
            probe_ts=self._probe_ns,
            reason=self._reason if self._since_ns else "",
            held=self._held,
        )

    def succeeded(self) -> None:
        """The venue gave a definite answer. What it has shut out stays so until then."""
        if self.failures and not self._held:
            self.failures = self._openings = 0
            self._close()

    def failed(self, now_ns: int, reason: str) -> None:
        """An attempt was left without a definite answer."""
        alone = not self.failures or now_ns - self._failed_ns >= TOGETHER_NS
        self._failed_ns = now_ns
        self.failures += alone
        if not self._held:
            self._reason = reason
        if self.state is BreakerState.CLOSED and self.failures >= self._threshold:
            self._open(now_ns)

    def hold(self, until_ns: int, now_ns: int, reason: str) -> None:
        """The venue shuts this class out until then: no probe leaves before."""
        self.state = BreakerState.OPEN
        self._held = True
        self._since_ns = self._since_ns or now_ns
        self._probe_ns = max(self._probe_ns, until_ns)
        self._reason = reason

    def start_probe(self, now_ns: int) -> bool:
        """True for the one caller that should send the probe now."""
        if self.state is not BreakerState.OPEN or now_ns < self._probe_ns:
            return False
        self.state = BreakerState.HALF_OPEN
        self._held = False
        return True

    def probed(self, now_ns: int, fault: str) -> None:
        """The probe was answered, or left without an answer for the reason `fault`."""
        if self.state is not BreakerState.HALF_OPEN:
            return  # a request was answered meanwhile, or the venue has shut the class out
        if fault:
            self._reason = fault
            self._open(now_ns)
        else:
            self.failures = self._threshold - 1
            self._close()

    def _open(self, now_ns: int) -> None:
        cool_s = min(LONGEST_S, self._cool_s * 2.0 ** min(self._openings, 8))
        self._openings += 1
        self.state = BreakerState.OPEN
        self._since_ns = self._since_ns or now_ns
        self._probe_ns = now_ns + round(cool_s * NS)

    def _close(self) -> None:
        self.state = BreakerState.CLOSED
        self._since_ns = self._probe_ns = 0


def create_breakers(threshold: int = 5, cool_s: float = 5.0) -> dict[RequestKind, Breaker]:
    """A breaker for each class of requests, by the kinds in it."""
    place, cancel, query = (Breaker(name, threshold, cool_s) for name in CLASSES)
    return {
        RequestKind.PLACE: place,
        RequestKind.AMEND: place,
        RequestKind.CANCEL: cancel,
        RequestKind.QUERY: query,
    }


CLASSES = ("place", "cancel", "query")
"""The classes' names, on screen and in metrics."""
