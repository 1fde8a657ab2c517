"""A program for an interpreter that has nautilus_trader: its live path in a closed loop.

    python nautilus.py IN_FLIGHT ORDERS

The live engines (data, risk, execution) and the sandbox client in their best case: one instrument,
a cache in memory, no journal, logging off, one fill an order. Prints one line of JSON.
"""

# mypy: ignore-errors
# Its library lives in another interpreter, which has none of this project's tools.

from __future__ import annotations

import asyncio
import json
import sys
import time
from decimal import Decimal

from nautilus_trader.adapters.sandbox.config import SandboxExecutionClientConfig
from nautilus_trader.adapters.sandbox.factory import SandboxLiveExecClientFactory
from nautilus_trader.config import LoggingConfig, TradingNodeConfig
from nautilus_trader.live.config import LiveExecEngineConfig, LiveRiskEngineConfig
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.identifiers import TraderId
from nautilus_trader.model.objects import Price, Quantity
from nautilus_trader.test_kit.providers import TestInstrumentProvider
from nautilus_trader.trading.strategy import Strategy

WARM_UP = 500
NO_LIMIT = "1000000/00:00:01"
INSTRUMENT = TestInstrumentProvider.btcusdt_perp_binance()


class Loop(Strategy):
    """Keeps `in_flight` orders on the way; both sides in turn, so that no position grows."""

    def __init__(self, in_flight: int, orders: int) -> None:
        super().__init__()
        self.total = WARM_UP + orders
        self.in_flight = in_flight
        self.orders = orders
        self.sent = 0
        self.filled = 0
        self.started_s = self.started_cpu_s = 0.0
        self.result: dict[str, float] = {}

    def begin(self) -> None:
        """Send the first orders."""
        for _ in range(self.in_flight):
            self.send()

    def send(self) -> None:
        """One order that crosses the spread."""
        buys = self.sent % 2 == 0
        self.sent += 1
        order = self.order_factory.limit(
            INSTRUMENT.id,
            OrderSide.BUY if buys else OrderSide.SELL,
            Quantity.from_str("0.010"),
            Price.from_str("50001.0" if buys else "50000.0"),
        )
        self.submit_order(order)

    def on_order_filled(self, _event: object) -> None:
        """Count, and replace the order that is done."""
        self.filled += 1
        if self.filled == WARM_UP:
            self.started_s, self.started_cpu_s = time.perf_counter(), time.process_time()
        if self.sent < self.total:
            self.send()
        elif self.filled == self.total:
            took_s = time.perf_counter() - self.started_s
            cpu_s = time.process_time() - self.started_cpu_s
            self.result = {
                "per_s": self.orders / took_s,
                "cpu_us": cpu_s / self.orders * 1e6,
            }


async def run(in_flight: int, orders: int) -> dict[str, float]:
    """Start a node, wait until its sandbox has a price, and let the strategy run."""
    venue = INSTRUMENT.id.venue.value
    node = TradingNode(
        config=TradingNodeConfig(
            trader_id=TraderId("BENCH-001"),
            logging=LoggingConfig(log_level="OFF"),
            risk_engine=LiveRiskEngineConfig(
                max_order_submit_rate=NO_LIMIT, max_order_modify_rate=NO_LIMIT
            ),
            exec_engine=LiveExecEngineConfig(reconciliation=False),
            exec_clients={
                venue: SandboxExecutionClientConfig(
                    venue=venue,
                    starting_balances=["1000000 USDT"],
                    default_leverage=Decimal(20),
                )
            },
        )
    )
    node.add_exec_client_factory(venue, SandboxLiveExecClientFactory)
    node.build()
    node.cache.add_instrument(INSTRUMENT)
    strategy = Loop(in_flight, orders)
    node.trader.add_strategy(strategy)
    running = asyncio.create_task(node.run_async())
    while not node.is_running() or not strategy.is_running:  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    now_ns = time.time_ns()
    quote = QuoteTick(
        INSTRUMENT.id,
        Price.from_str("50000.0"),
        Price.from_str("50001.0"),
        Quantity.from_str("900000000.000"),
        Quantity.from_str("900000000.000"),
        now_ns,
        now_ns,
    )
    node.kernel.data_engine.process(quote)
    await asyncio.sleep(0.2)
    strategy.begin()
    deadline_s = time.perf_counter() + 120
    while not strategy.result and time.perf_counter() < deadline_s:  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    await node.stop_async()
    await running
    return strategy.result


def main() -> None:
    """Run on uvloop where it is installed, as the node itself would."""
    in_flight, orders = map(int, sys.argv[1:])
    try:
        import uvloop

        factory = uvloop.new_event_loop
    except ImportError:
        factory = asyncio.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        print(json.dumps(runner.run(run(in_flight, orders))))


if __name__ == "__main__":
    main()
