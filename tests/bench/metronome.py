"""A program: one byte on stdout for each tick that is due, from a process of its own.

    python -m tests.bench.metronome FIRST_NS RATE_PER_S TICKS

Times are of the monotonic clock, which all processes share. A tick that comes late is not dropped.
"""

from __future__ import annotations

import sys
import time


def main() -> None:
    """Tick until the last one is due."""
    first_ns, rate, ticks = map(int, sys.argv[1:])
    out = sys.stdout.buffer
    ticked = 0
    while ticked < ticks:
        due = min(ticks, (time.monotonic_ns() - first_ns) * rate // 1_000_000_000 + 1)
        if due > ticked:
            out.write(bytes(due - ticked))
            out.flush()
            ticked = due
        next_ns = first_ns + ticked * 1_000_000_000 // rate
        time.sleep(max(0, next_ns - time.monotonic_ns()) / 1e9)


if __name__ == "__main__":
    main()
