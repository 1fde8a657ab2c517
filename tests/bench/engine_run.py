"""A program: order lifecycles through the engine in a closed loop; prints one line of JSON.

python -m tests.bench.engine_run FOLDER uvloop|asyncio IN_FLIGHT ORDERS
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.desk import check_books, on_filled, open_desk, run_on

WARM_UP = 1_000


async def run(folder: Path, in_flight: int, orders: int) -> dict[str, float]:
    """Lifecycles a second, and the CPU each took, with `in_flight` orders always on the way."""
    async with open_desk(folder) as desk:
        total = WARM_UP + orders
        sent = done = 0
        finished = asyncio.Event()
        started_s = started_cpu_s = 0.0

        def send() -> None:
            nonlocal sent
            sent += 1
            desk.engine.submit(desk.market.next_order())

        def filled(_order_id: str) -> None:
            nonlocal done, started_s, started_cpu_s
            done += 1
            if done == WARM_UP:
                started_s, started_cpu_s = time.perf_counter(), time.process_time()
            if sent < total:
                send()
            elif done == total:
                finished.set()

        on_filled(desk.engine, filled)
        for _ in range(in_flight):
            send()
        await asyncio.wait_for(finished.wait(), 120)
        took_s = time.perf_counter() - started_s
        cpu_s = time.process_time() - started_cpu_s
        await check_books(desk, total)
        return {"per_s": orders / took_s, "cpu_us": cpu_s / orders * 1e6}


if __name__ == "__main__":
    parent, loop, in_flight, orders = sys.argv[1:]
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        print(json.dumps(run_on(loop, run(Path(folder), int(in_flight), int(orders)))))
