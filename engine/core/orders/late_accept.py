"""An order lives whose absence was proven: its market may only be reduced until somebody looks."""

from __future__ import annotations

from collections.abc import Iterator

from engine.core.context import Context
from engine.core.events import TradingStateChanged
from engine.core.orders.machine import Order
from engine.core.state import State
from engine.core.types import TradingState

RECONCILE = "reconcile"
"""Who narrows a market because of what the venue shows."""
LATE_ACCEPT = "LATE_ACCEPT"


def late_accept(state: State, order: Order, context: Context) -> Iterator[TradingStateChanged]:
    """What else of this market is wrong? Nothing new until that is known."""
    if order.symbol not in state.narrowed:
        yield TradingStateChanged(
            ts=context.now_ns,
            state=TradingState.REDUCING,
            by=RECONCILE,
            reason=f"{LATE_ACCEPT}: {order.client_order_id} lives after its absence was proven",
            symbol=order.symbol,
        )
