"""Rate lanes: a token bucket for each kind of request, so that cancels never wait behind places."""

from __future__ import annotations

from engine.clock import NS

SPACING = 1.05
"""Bursts are this much further apart than the rate asks for."""


class Lane:
    """`rate_per_s` requests a second on average, `burst` at once. Full at the start."""

    def __init__(self, rate_per_s: float, burst: int) -> None:
        if rate_per_s <= 0 or burst < 1:
            raise ValueError(f"a lane of {rate_per_s:g} a second, {burst} at once, lets nothing by")
        self._rate_per_s = rate_per_s
        self._burst = burst
        self._tokens = float(burst)
        self._at_ns = 0

    def learn(self, rate_per_s: int, left: int, now_ns: int) -> None:
        """The venue's word holds: so many requests a second, and so many left of them now."""
        if rate_per_s < 1:
            return
        mine = self.left(now_ns)
        self._rate_per_s, self._burst = float(rate_per_s), rate_per_s
        self._tokens, self._at_ns = min(mine, float(left)), now_ns

    def left(self, now_ns: int) -> float:
        """How many requests may leave at once now; negative while some are waiting."""
        gained = max(0, now_ns - self._at_ns) / NS * self._rate_per_s
        return min(float(self._burst), self._tokens + gained)

    def reserve(self, now_ns: int, patience_s: float) -> float | None:
        """Take a place in the lane: the seconds to wait for it, or None when that is too long.

        Places are taken in the order of asking, and None takes none.
        """
        return self._take(now_ns, patience_s, 1.0)

    def reserve_many(self, now_ns: int, patience_s: float, wanted: int) -> tuple[int, float] | None:
        """Take places for some of `wanted` requests: how many leave together, and in how long.

        What may leave now does not wait for the others. Else a burst waits until there is room for
        it, and a little longer: the venue has a clock of its own, and refuses all that is early.
        """
        left = self.left(now_ns)
        count = min(wanted, int(left) if left >= 1.0 else self._burst)
        wait_s = self._take(now_ns, patience_s, count if count <= left else count * SPACING)
        return None if wait_s is None else (count, wait_s)

    def _take(self, now_ns: int, patience_s: float, tokens: float) -> float | None:
        left = self.left(now_ns)
        wait_s = max(0.0, (tokens - left) / self._rate_per_s)
        if wait_s > patience_s:
            return None
        self._tokens = left - tokens
        self._at_ns = now_ns
        return wait_s
