"""Notices that the process stood still: stopped, starved, or asleep with its machine."""

from __future__ import annotations

from collections.abc import Callable

NS = 1_000_000_000
LIMIT_S = 5.0
"""Longer than any turn of a loop takes, and as long as the account goes uncompared at most."""


class Standstill:
    """Tells how long nobody looked, when that was too long. Look far more often than `LIMIT_S`.

    `read_ns` is a clock that goes on while the machine sleeps. Before `begin` nothing is too long.
    """

    def __init__(self, read_ns: Callable[[], int]) -> None:
        self.read_ns = read_ns
        self._looked_ns: int | None = None

    def begin(self) -> None:
        """From now on somebody looks regularly."""
        self._looked_ns = self.read_ns()

    def look(self) -> float:
        """Seconds since the last look where they are more than `LIMIT_S`, else 0."""
        if self._looked_ns is None:
            return 0.0
        before_ns, self._looked_ns = self._looked_ns, self.read_ns()
        still_s = (self._looked_ns - before_ns) / NS
        return still_s if still_s > LIMIT_S else 0.0
