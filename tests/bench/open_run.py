"""A program: orders at a fixed rate through the engine; prints one line of JSON.

    python -m tests.bench.open_run FOLDER uvloop|asyncio RATE_PER_S SECONDS

Arrivals come from another process, on schedule whatever the engine does; place -> ack is counted
from the scheduled instant, so that a stall is paid for by every order that it delays.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.desk import check_books, on_filled, open_desk, run_on
from tests.bench.harness import ROOT, fdatasync_us

LEAD_NS = 500_000_000
WARM_UP_S = 1


def percentile(values: list[float], percent: float) -> float:
    """The nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def _start_metronome(first_ns: int, rate: int, ticks: int) -> subprocess.Popen[bytes]:
    program = [sys.executable, "-m", "tests.bench.metronome"]
    return subprocess.Popen(
        [*program, str(first_ns), str(rate), str(ticks)], cwd=ROOT, stdout=subprocess.PIPE
    )


async def run(folder: Path, rate: int, seconds: int) -> dict[str, float]:
    """Latencies in us, and fdatasync's of the same minute on the same disk."""
    disk_us = fdatasync_us(folder)
    async with open_desk(folder) as desk:
        engine, market = desk.engine, desk.market
        total = rate * (WARM_UP_S + seconds)
        first_ns = time.monotonic_ns() + LEAD_NS
        wall_ns = engine.clock.now_ns() - time.monotonic_ns()
        generator = _start_metronome(first_ns, rate, total)
        assert generator.stdout is not None
        ticks, loop = generator.stdout.fileno(), asyncio.get_running_loop()
        finished = asyncio.Event()
        sent = done = 0

        def submit() -> None:
            nonlocal sent
            due = os.read(ticks, 65_536)
            if not due:  # the last tick has come: a pipe that has ended is readable for ever
                loop.remove_reader(ticks)
            for _ in due:
                sent += 1
                engine.submit(market.next_order())

        def filled(_order_id: str) -> None:
            nonlocal done
            done += 1
            if done == total:
                finished.set()

        durable_ns: dict[str, int] = {}

        def acked(order_id: str) -> None:
            durable_ns[order_id] = engine.clock.now_ns()

        on_filled(engine, filled, acked)
        loop.add_reader(ticks, submit)
        await asyncio.wait_for(finished.wait(), WARM_UP_S + seconds + 30)
        loop.remove_reader(ticks)  # where the last order was filled before the pipe ended
        generator.wait()
        generator.stdout.close()
        check_books(desk, total)
        first_wall_ns = first_ns + wall_ns
        acks_us: list[float] = []
        durable_us: list[float] = []
        for number, order in enumerate(engine.state.orders.orders.values()):
            if number >= rate * WARM_UP_S:
                due_ns = first_wall_ns + number * 1_000_000_000 // rate
                acks_us.append((order.acked_ts - due_ns) / 1e3)
                durable_us.append((durable_ns[order.client_order_id] - due_ns) / 1e3)
        disk_us += fdatasync_us(folder)
        return {
            "p50_us": percentile(acks_us, 50),
            "p99_us": percentile(acks_us, 99),
            "p999_us": percentile(acks_us, 99.9),
            "durable_p99_us": percentile(durable_us, 99),
            "fdatasync_us": percentile(disk_us, 50),
        }


if __name__ == "__main__":
    parent, loop, rate, seconds = sys.argv[1:]
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        print(json.dumps(run_on(loop, run(Path(folder), int(rate), int(seconds)))))
