"""Orders that arrive on schedule, from a process of its own, whatever the measured program does."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import NamedTuple

from tests.bench.harness import ROOT

LEAD_NS = 500_000_000
WARM_UP_S = 1


class Arrivals(NamedTuple):
    """One byte on `pipe` for each order that is due, the first at `first_ns` (monotonic)."""

    first_ns: int
    rate: int
    total: int
    process: subprocess.Popen[bytes]

    @property
    def pipe(self) -> int:
        assert self.process.stdout is not None
        return self.process.stdout.fileno()

    def due_ns(self, number: int) -> int:
        """When order `number` is due."""
        return self.first_ns + number * 1_000_000_000 // self.rate

    def counts(self, number: int) -> bool:
        """False while everything is still warming up."""
        return number >= self.rate * WARM_UP_S

    def close(self) -> None:
        """Wait for the process, which has said everything."""
        assert self.process.stdout is not None
        self.process.wait()
        self.process.stdout.close()


def start_arrivals(rate: int, seconds: int) -> Arrivals:
    """Have orders arrive at `rate` a second, for a warm-up and then for `seconds`."""
    first_ns, total = time.monotonic_ns() + LEAD_NS, rate * (WARM_UP_S + seconds)
    program = [sys.executable, "-m", "tests.bench.metronome", str(first_ns), str(rate), str(total)]
    process = subprocess.Popen(program, cwd=ROOT, stdout=subprocess.PIPE)
    return Arrivals(first_ns, rate, total, process)
