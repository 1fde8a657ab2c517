"""A program: nothing but a durable write for each order that arrives; prints one line of JSON.

    python -m tests.bench.disk_run FOLDER RATE_PER_S SECONDS

What the disk alone makes of the same arrivals: an engine cannot be better on it.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.arrivals import start_arrivals
from tests.bench.harness import fdatasync_us, percentile

ROW = b"x" * 1_024
FILE_BYTES = 8_192_000


def run(folder: Path, rate: int, seconds: int) -> dict[str, float]:
    """Latencies in us from the scheduled instant, and fdatasync's of the same minute."""
    disk_us = fdatasync_us(folder)
    file = os.open(folder / "rows", os.O_RDWR | os.O_CREAT, 0o600)
    os.write(file, bytes(FILE_BYTES))
    os.fsync(file)
    arrivals = start_arrivals(rate, seconds)
    latencies_us: list[float] = []
    number = 0
    while due := os.read(arrivals.pipe, 65_536):
        os.pwrite(file, ROW * len(due), number * len(ROW) % FILE_BYTES)
        os.fdatasync(file)
        now_ns = time.monotonic_ns()
        for _ in due:
            if arrivals.counts(number):
                latencies_us.append((now_ns - arrivals.due_ns(number)) / 1e3)
            number += 1
    arrivals.close()
    os.close(file)
    disk_us += fdatasync_us(folder)
    return {
        "p99_us": percentile(latencies_us, 99),
        "worst_us": max(latencies_us),
        "fdatasync_us": percentile(disk_us, 50),
    }


if __name__ == "__main__":
    parent, rate, seconds = sys.argv[1:]
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        print(json.dumps(run(Path(folder), int(rate), int(seconds))))
