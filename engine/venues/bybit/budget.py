"""How many requests this address may still send: beyond it the venue shuts it out for minutes.

Bybit counts every REST request of an address, 600 in 5 s, and answers the next with HTTP 403 for
ten minutes (docs/v5/rate-limit). A part is kept for cancels, so that nothing else can use it up.
"""

from __future__ import annotations

from collections import deque

from engine.clock import NS, Clock

REQUESTS = 600
WINDOW_NS = 5 * NS
KEPT_FOR_CANCELS = 120


class AddressBudget:
    """Counts what was sent over one window."""

    def __init__(self, clock: Clock, requests: int = REQUESTS, kept: int = KEPT_FOR_CANCELS):
        self._clock = clock
        self._requests = requests
        self._kept = kept
        self._sent: deque[int] = deque()

    def take(self, *, urgent: bool) -> int:
        """Count one request and return 0, or return when there is room for it (unix ns).

        Only an urgent one may use what is kept.
        """
        now_ns = self._clock.now_ns()
        sent = self._sent
        while sent and sent[0] <= now_ns - WINDOW_NS:
            sent.popleft()
        ceiling = self._requests if urgent else self._requests - self._kept
        if len(sent) >= ceiling:
            return sent[len(sent) - ceiling] + WINDOW_NS
        sent.append(now_ns)
        return 0
