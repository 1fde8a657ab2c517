"""Positions that nothing protects: no reduce-only conditional order waits to close them.

Wherever it was placed: a stop from the venue's own page counts as one of ours does. That it covers
the whole position is not looked at. Spot holdings have no stops of this kind.
"""

from __future__ import annotations

from collections.abc import Iterator

from engine.core.limits import RiskLimits, to_ns
from engine.core.orders.state import Order
from engine.core.orders.terms import stop_direction
from engine.core.state import State
from engine.core.status import Unprotected
from engine.core.types import Category, OrderState, Side


def asks_for_stops(limits: RiskLimits) -> bool:
    """True when any position must have a stop, or is to be warned of without one."""
    every = (limits, *limits.symbols.values())
    return any(one.stop_warn_s is not None or one.stop_require_s is not None for one in every)


def note_unprotected(state: State, now_ns: int) -> None:
    """Keep since when each position has been without a stop, while a limit asks for that."""
    bare = set(_bare(state)) if asks_for_stops(state.risk.limits) else set()
    for symbol in state.bare.keys() - bare:
        del state.bare[symbol]
    for symbol in bare:
        state.bare.setdefault(symbol, now_ns)


def _bare(state: State) -> Iterator[str]:
    stops = {
        (order.symbol, order.side)
        for order in state.orders.open_orders()
        if order.reduce_only and order.state is OrderState.UNTRIGGERED and _is_stop(order)
    }
    for position in state.positions.positions.values():
        instrument = state.instruments.get(position.symbol)
        if not position.qty or (instrument is not None and instrument.category is Category.SPOT):
            continue
        closing = Side.SELL if position.qty > 0 else Side.BUY
        if (position.symbol, closing) not in stops:
            yield position.symbol


def _is_stop(order: Order) -> bool:
    """True unless it waits for a gain: a take-profit does not protect."""
    return order.trigger is None or order.trigger.direction is stop_direction(order.side)


def unprotected(state: State, now_ns: int) -> tuple[Unprotected, ...]:
    """The positions to warn of: longer without a stop than their limit says."""
    return tuple(
        Unprotected(symbol=symbol, since_ts=since_ts)
        for symbol, since_ts in sorted(state.bare.items())
        if _is_long(state, symbol, now_ns - since_ts)
    )


def _is_long(state: State, symbol: str, age_ns: int) -> bool:
    longest = state.risk.limits.for_symbol(symbol).stop_warn_s
    return longest is not None and age_ns > to_ns(longest)
