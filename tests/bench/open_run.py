"""A program: orders at a fixed rate through the engine; prints one line of JSON.

    python -m tests.bench.open_run FOLDER uvloop|asyncio RATE_PER_S SECONDS

Arrivals come from another process, on schedule whatever the engine does; place -> ack is counted
from the scheduled instant, so that a stall is paid for by every order that it delays.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.arrivals import start_arrivals
from tests.bench.desk import check_books, on_filled, open_desk, run_on
from tests.bench.harness import fdatasync_us, percentile


async def run(folder: Path, rate: int, seconds: int) -> dict[str, float]:
    """Latencies in us, and fdatasync's of the same minute on the same disk."""
    disk_us = fdatasync_us(folder)
    async with open_desk(folder) as desk:
        engine, market = desk.engine, desk.market
        wall_ns = engine.clock.now_ns() - time.monotonic_ns()
        arrivals = start_arrivals(rate, seconds)
        ticks, loop = arrivals.pipe, asyncio.get_running_loop()
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
            if done == arrivals.total:
                finished.set()

        durable_ns: dict[str, int] = {}

        def acked(order_id: str) -> None:
            durable_ns[order_id] = engine.clock.now_ns()

        on_filled(engine, filled, acked)
        loop.add_reader(ticks, submit)
        await asyncio.wait_for(finished.wait(), seconds + 30)
        loop.remove_reader(ticks)  # where the last order was filled before the pipe ended
        arrivals.close()
        await check_books(desk, arrivals.total)
        acks_us: list[float] = []
        durable_us: list[float] = []
        for number, order in enumerate(engine.state.orders.orders.values()):
            if arrivals.counts(number):
                due_ns = arrivals.due_ns(number) + wall_ns
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
