"""How many requests this address may still send: beyond it the venue shuts it out for minutes.

Bybit counts every REST request of an address over all its hosts, 600 in 5 s, and answers the next
with HTTP 403 for ten minutes (docs/v5/rate-limit). The count is the address's and not ours: another
engine, the web page behind the same router and other programs draw on it unseen. So only half
of it is ours in ordinary times, and a fifth is left to others whatever happens. Cancels may use
what lies between: they reduce risk, and there is a need for them just when much else is sent.
"""

from __future__ import annotations

from collections import deque

from engine.clock import NS, Clock

REQUESTS = 600
WINDOW_NS = 5 * NS
ORDINARY = REQUESTS // 2
URGENT = REQUESTS * 4 // 5


class AddressBudget:
    """Counts what was sent over one window."""

    def __init__(self, clock: Clock, ordinary: int = ORDINARY, urgent: int = URGENT) -> None:
        self._clock = clock
        self._ordinary = ordinary
        self._urgent = urgent
        self._sent: deque[int] = deque()

    def take(self, *, urgent: bool) -> int:
        """Count one request and return 0, or return when there is room for it (unix ns)."""
        now_ns = self._clock.now_ns()
        sent = self._sent
        while sent and sent[0] <= now_ns - WINDOW_NS:
            sent.popleft()
        ceiling = self._urgent if urgent else self._ordinary
        if len(sent) >= ceiling:
            return sent[len(sent) - ceiling] + WINDOW_NS
        sent.append(now_ns)
        return 0
