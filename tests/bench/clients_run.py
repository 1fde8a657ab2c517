"""A program: orders through our client, one after the other; prints one line of JSON.

python -m tests.bench.clients_run URL rest|socket ORDERS
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from decimal import Decimal

from engine.busy_poll import BusyPoll
from engine.clock import LiveClock, awake_ns
from engine.core.reports import PositionReport, Report
from engine.core.requests import OrderRequest
from engine.core.types import Side, TimeInForce
from engine.runtime import loop_factory, prepare_to_trade
from engine.venues.bybit import create_bybit_client
from engine.venues.bybit.endpoints import endpoints
from engine.venues.network import NetworkTransport
from tests.bench.peers import HIGH, KEY, LOW, QTY, SYMBOL, WARM_UP, result, use_last_core


async def run(url: str, way: str, orders: int) -> dict[str, float]:
    """Median latencies in us."""
    addresses = endpoints("local", url)
    transport = NetworkTransport(addresses.rest, addresses.stream_url)
    client = create_bybit_client(
        transport,
        LiveClock(),
        api_key=KEY,
        api_secret=KEY,
        categories=["linear"],
        symbols=[],
        on_sent=BusyPoll(awake_ns).sent,
        trade_socket=way == "socket",
        on_close=transport.close,
    )
    moved = asyncio.Event()
    acks: list[float] = []
    positions: list[float] = []
    started_s = 0.0

    def hear(report: Report) -> None:
        if isinstance(report, PositionReport):
            positions.append(time.perf_counter() - started_s)
            moved.set()

    await client.connect(hear, lambda _update: None)
    prepare_to_trade()
    run_id, begun_s = time.time_ns(), time.process_time()
    for number in range(WARM_UP + orders):
        buys = number % 2 == 0
        request = OrderRequest(
            client_order_id=f"td-{run_id}-{number}",
            symbol=SYMBOL,
            side=Side.BUY if buys else Side.SELL,
            qty=Decimal(QTY),
            price=Decimal(HIGH if buys else LOW),
            time_in_force=TimeInForce.IOC,
        )
        moved.clear()
        started_s = time.perf_counter()
        response = await client.place_order(request)
        acks.append(time.perf_counter() - started_s)
        if not response.accepted:
            raise RuntimeError(response.text)
        await asyncio.wait_for(moved.wait(), 10)
    cpu_s = time.process_time() - begun_s
    await client.close()
    return result(acks, positions, cpu_s)


if __name__ == "__main__":
    url, way, orders = sys.argv[1:]
    use_last_core()
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        print(json.dumps(runner.run(run(url, way, int(orders)))))
