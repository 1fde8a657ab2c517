"""The circuit breaker: a venue that stopped answering is not sent new orders blindly.

closed -> open after `threshold` requests in a row whose outcome stayed unknown; open -> half-open
when `cool_s` have passed and a probe goes out; half-open -> closed when the probe is answered,
else open again. Cancels and queries are never asked about.
"""

from __future__ import annotations

from enum import StrEnum

from engine.clock import NS


class BreakerState(StrEnum):
    """Whether new orders and amends may be sent."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class Breaker:
    """Counts failures in a row; the router sends the probe."""

    def __init__(self, threshold: int = 5, cool_s: float = 5.0) -> None:
        self._threshold = threshold
        self._cool_ns = round(cool_s * NS)
        self._failures = 0
        self._opened_ns = 0
        self.state = BreakerState.CLOSED

    def succeeded(self) -> None:
        """The venue gave a definite answer."""
        if self._failures:
            self._failures = 0
            self.state = BreakerState.CLOSED

    def failed(self, now_ns: int) -> None:
        """A request, or the probe, was left without a definite answer."""
        self._failures += 1
        if self._failures >= self._threshold:
            self.state = BreakerState.OPEN
            self._opened_ns = now_ns

    def start_probe(self, now_ns: int) -> bool:
        """True for the one caller that should send the probe now."""
        if self.state is not BreakerState.OPEN or now_ns - self._opened_ns < self._cool_ns:
            return False
        self.state = BreakerState.HALF_OPEN
        return True
