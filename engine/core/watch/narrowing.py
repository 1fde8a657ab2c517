"""The watch: it narrows trading as the table of triggers says, and lifts what lifts by itself.

It is judged once a second, and after every input that may change its figures. A stop goes through
the same decision as a person's kill.
"""

from __future__ import annotations

from collections.abc import Iterator

from engine.core.commands import Kill
from engine.core.context import Context
from engine.core.decide.commands import cancel_request
from engine.core.decide.stops import decide_kill
from engine.core.events import TradingStateChanged
from engine.core.limits import to_ns
from engine.core.orders.machine import why_not_cancel
from engine.core.requests import StartTimer, Step
from engine.core.state import State
from engine.core.trading import is_stricter
from engine.core.types import KillLevel, TradingState
from engine.core.watch.losses import mark_pnl
from engine.core.watch.protection import note_unprotected
from engine.core.watch.triggers import is_watching, lifts, reason_of, strictest

WATCH_EVERY_S = 1.0
WATCHER = "risk"
"""Who brings about what the watch brings about."""


def start_watch(state: State) -> StartTimer:
    """The timer of the next look; one that was started under older limits is known by its key."""
    return StartTimer(kind="watch", key=str(state.risk.limits_changes), after_s=WATCH_EVERY_S)


def decide_watch_timer(state: State, key: str, context: Context) -> Iterator[Step]:
    """Look, and look again later, for as long as these limits hold."""
    if key == str(state.risk.limits_changes) and is_watching(state.risk.limits):
        yield from decide_watch(state, context)
        yield start_watch(state)


def decide_watch(state: State, context: Context) -> Iterator[Step]:
    """Narrow, lift and cancel whatever the limits say now."""
    note_unprotected(state, context.now_ns)
    yield from mark_pnl(state, context)
    yield from _narrow_account(state, context)
    for symbol in sorted(_symbols(state)):
        yield from _narrow_symbol(state, symbol, context)
    yield from _cancel_old(state, context)


def _narrow_account(state: State, context: Context) -> Iterator[Step]:
    found = strictest(state, context, "")
    if found is None:
        if state.trading_by == WATCHER and lifts(state.trading_reason, state.trading):
            yield _change(context, TradingState.ACTIVE, f"over: {state.trading_reason}")
    elif is_stricter(found[0].state, state.trading):
        reason = reason_of(*found)
        if found[0].state is TradingState.HALTED:
            kill_id = f"{WATCHER}-{context.now_ns}"
            kill = Kill(command_id=kill_id, by=WATCHER, level=KillLevel.KILL, reason=reason)
            yield from decide_kill(state, kill, context)
        else:
            yield _change(context, found[0].state, reason)


def _narrow_symbol(state: State, symbol: str, context: Context) -> Iterator[Step]:
    found = strictest(state, context, symbol)
    own = state.narrowed.get(symbol)
    if found is not None and own is None:
        yield _change(context, found[0].state, reason_of(*found), symbol)
    elif found is None and own is not None and own.by == WATCHER and lifts(own.reason, own.state):
        yield _change(context, TradingState.ACTIVE, f"over: {own.reason}", symbol)


def _change(
    context: Context, state: TradingState, reason: str, symbol: str = ""
) -> TradingStateChanged:
    return TradingStateChanged(
        ts=context.now_ns, state=state, by=WATCHER, reason=reason, symbol=symbol
    )


def _symbols(state: State) -> set[str]:
    held = (position.symbol for position in state.positions.positions.values() if position.qty)
    open_now = (symbol for symbol in state.exposure.symbols() if state.exposure.count(symbol))
    return {*held, *open_now, *state.narrowed, *state.activity.rejecting_symbols()}


def _cancel_old(state: State, context: Context) -> Iterator[Step]:
    limits = state.risk.limits
    for order in state.orders.open_orders():
        longest = limits.for_symbol(order.symbol).max_order_age_s
        if longest is None or order.is_external or order.reduce_only:
            continue
        if context.now_ns - order.created_ts > to_ns(longest) and not why_not_cancel(order):
            yield cancel_request(order, context)
