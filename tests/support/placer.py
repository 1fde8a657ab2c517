"""A paper engine that trades until it is killed, and says what it has acknowledged.

    python tests/support/placer.py FOLDER [halt]

Prints `order ID`, `fill EXEC_ID` and `halted`, each once the event is durable. With `halt` it uses
the kill switch after a while.
"""

from __future__ import annotations

import asyncio
import sys
from decimal import Decimal
from itertools import count
from pathlib import Path

from engine.bootstrap import Files, PaperEngine, build_paper
from engine.clock import LiveClock
from engine.core.commands import Kill, PlaceOrder
from engine.core.events import Event, EventType, OrderEvent, TradingStateChanged
from engine.core.limits import PAPER_LIMITS
from engine.core.types import KillLevel, OrderType, Side, TimeInForce, TradingState
from engine.exchange.sources.synthetic import create_synthetic

HALT_AFTER = 60
AWAY = Decimal(2000)


def paper(folder: Path) -> PaperEngine:
    """The engine of this folder, as the program builds it."""
    clock = LiveClock()
    files = Files(folder / "journal.db", folder / "halt.latch")
    source = create_synthetic(7, clock.now_ns())
    return build_paper(clock=clock, source=source, files=files, limits=PAPER_LIMITS, seed=7)


def order(run: int, number: int, mark: Decimal) -> PlaceOrder:
    """One that rests far below or above, or one that takes."""
    side = Side.BUY if number % 2 else Side.SELL
    takes = number % 3 == 0
    return PlaceOrder(
        command_id=f"c-{run}-{number}",
        client_order_id=f"o-{run}-{number}",
        symbol="BTCUSDT",
        side=side,
        qty=Decimal("0.001") * (1 + number % 4),
        price=None if takes else round(mark, 1) - side.sign * AWAY,
        type=OrderType.MARKET if takes else OrderType.LIMIT,
        time_in_force=TimeInForce.IOC if takes else TimeInForce.GTC,
    )


def tell(event: Event) -> None:
    """Say what an event acknowledges."""
    if isinstance(event, TradingStateChanged) and event.state is TradingState.HALTED:
        print("halted", flush=True)
    elif isinstance(event, OrderEvent) and event.type is EventType.ORDER_ACK:
        print("order", event.client_order_id, flush=True)
    elif isinstance(event, OrderEvent) and event.exec_id:
        print("fill", event.exec_id, flush=True)


async def trade(folder: Path, *, halts: bool) -> None:
    """Place an order every few milliseconds, for ever."""
    engine, exchange = paper(folder)
    exchange.start()
    await engine.start()
    await engine.settled()
    window = engine.publisher.subscribe()
    window.wants_snapshot = False
    for number in count(1):
        mark = engine.feed.marks().get("BTCUSDT")
        if mark is not None:
            engine.submit(order(engine.state.run, number, mark))
        if halts and number == HALT_AFTER:
            engine.submit(Kill(command_id=f"k-{engine.state.run}", level=KillLevel.KILL))
        await asyncio.sleep(0.004)
        for envelope in window.poll().events:
            tell(envelope.event)


if __name__ == "__main__":
    asyncio.run(trade(Path(sys.argv[1]), halts="halt" in sys.argv))
