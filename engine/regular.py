"""What an engine asks of its venue again and again beside the comparison of the account."""

from __future__ import annotations

from engine.clock import Clock
from engine.core.requests import QueryPnl
from engine.core.state import State
from engine.dispatch import Dispatcher
from engine.venues.protocol import ExchangeClient

PNL_EVERY_S = 60.0
CLOCK_EVERY_S = 120.0


async def keep_comparing_pnl(dispatcher: Dispatcher, clock: Clock) -> None:
    """Ask for the venue's figures of money, for ever."""
    while True:
        dispatcher.send(QueryPnl())
        await clock.sleep(PNL_EVERY_S)


async def keep_measuring_clock(state: State, client: ExchangeClient, clock: Clock) -> None:
    """Measure the venue's clock for ever, while a limit needs it."""
    while True:
        if state.risk.limits.max_clock_offset_ms is not None:
            await client.measure_clock()
        await clock.sleep(CLOCK_EVERY_S)
