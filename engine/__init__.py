"""tradedeck's engine: everything between an order's first thought and its last fill.

    core/       pure: what an order is, what it may become, who decides
    venues/     clients behind the ExchangeClient protocol; bybit/ speaks Bybit v5
    exchange/   the simulated exchange, the other side of that wire; imports nothing of the engine
    router/     the one way out: halt gate, lanes, retry, deduplication, breaker
    journal/    the durable list of events, written by a process of its own
    kill/       gate and latch, which keep a stopped account stopped; the sweep that empties it
    recovery/   from the journal back to a running state
    engine      the loop: take, decide; make durable, send, publish
                with its inbox, dispatch (requests and timers), cancels (that are decided together
                leave together), feed (market data), publish (to consoles)
    bootstrap   puts an engine together; factories makes its parts for scripts
    hosts/      whole engines: on paper, live, in a thread for a console, in a scripted session
    script/     a session's input; summary/ its output
    control/    health, metrics and status over a socket; metrics/ what is counted
    clock, config/, paths, files, errors

The library's public names are imported from here and resolved on first use, so that importing
`engine.core` loads nothing else.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.core.events import EventType, OrderEvent
    from engine.core.ledger.tracker import Position, PositionTracker, create_tracker
    from engine.core.orders.machine import OrderStateMachine, OrderStateRecord, create_fsm
    from engine.core.orders.terms import (
        Attached,
        Exit,
        Slippage,
        SlippageUnit,
        Trigger,
        TriggerBy,
        TriggerDirection,
    )
    from engine.core.reports import FillEvent
    from engine.core.requests import AmendRequest, CancelRequest, OrderRequest
    from engine.core.types import OrderState, OrderType, Side, TimeInForce, TradingState
    from engine.engine import Engine
    from engine.factories import create_client, create_router
    from engine.metrics import LiveExecutionMetrics
    from engine.router import OrderRouter, RouteMetrics
    from engine.venues.protocol import OrderResponse

__all__ = [
    "AmendRequest",
    "Attached",
    "CancelRequest",
    "Engine",
    "EventType",
    "Exit",
    "FillEvent",
    "LiveExecutionMetrics",
    "OrderEvent",
    "OrderRequest",
    "OrderResponse",
    "OrderRouter",
    "OrderState",
    "OrderStateMachine",
    "OrderStateRecord",
    "OrderType",
    "Position",
    "PositionTracker",
    "RouteMetrics",
    "Side",
    "Slippage",
    "SlippageUnit",
    "TimeInForce",
    "TradingState",
    "Trigger",
    "TriggerBy",
    "TriggerDirection",
    "create_client",
    "create_fsm",
    "create_router",
    "create_tracker",
]

_HOMES = {
    "engine.core.events": ("EventType", "OrderEvent"),
    "engine.core.orders.terms": (
        "Attached",
        "Exit",
        "Slippage",
        "SlippageUnit",
        "Trigger",
        "TriggerBy",
        "TriggerDirection",
    ),
    "engine.core.orders.machine": ("OrderStateMachine", "OrderStateRecord", "create_fsm"),
    "engine.core.ledger.tracker": ("Position", "PositionTracker", "create_tracker"),
    "engine.core.reports": ("FillEvent",),
    "engine.core.requests": ("AmendRequest", "CancelRequest", "OrderRequest"),
    "engine.core.types": ("OrderState", "OrderType", "Side", "TimeInForce", "TradingState"),
    "engine.engine": ("Engine",),
    "engine.factories": ("create_client", "create_router"),
    "engine.metrics": ("LiveExecutionMetrics",),
    "engine.router": ("OrderRouter", "RouteMetrics"),
    "engine.venues.protocol": ("OrderResponse",),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    """Import a public name from its home on first use."""
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'engine' has no attribute {name!r}")
    value: object = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The public names."""
    return sorted(__all__)
