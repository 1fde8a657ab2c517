"""What the bar under the banner says while trading is halted: scope, progress, what is left."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

import msgspec

from console.format import clock, signed_exact
from engine.core.state import State
from engine.core.status import EngineStatus
from engine.core.trading import KillRecord
from engine.core.types import FLATTEN_PREFIX, ZERO, KillLevel, TradingState

_NS = 1_000_000_000
RESIDUAL_SHOWN = 3
IN_MEMORY = frozenset({"PAPER", "REPLAY"})
"""Modes whose exchange begins from the journal at each start."""


class HaltStage(StrEnum):
    """How far the stop is; also the CSS class of the bar."""

    REDUCING = "reducing"
    LATCHED = "latched"
    SWEEPING = "sweeping"
    DONE = "done"
    INCOMPLETE = "incomplete"
    ALARM = "alarm"


class HaltView(msgspec.Struct, frozen=True):
    """Two lines: what holds, and what the kill key does or did."""

    stage: HaltStage
    head: str
    scope: str


def halt_view(
    state: State, account: str, kill_key: str, status: EngineStatus | None = None
) -> HaltView | None:
    """The bar's text; None while trading is active in every market, no position is bare and the
    engine is well."""
    view = _trading(state, account, kill_key)
    if status is None:
        return view
    if status.error:
        view = _failed(view, state, account, status)
    if not status.unprotected:
        return view
    bare = ", ".join(f"{one.symbol} since {clock(one.since_ts)}" for one in status.unprotected)
    if view is None:
        scope = "a reduce-only stop at the venue, or no position, ends this"
        return HaltView(HaltStage.ALARM, f"NO PROTECTIVE STOP on {account}: {bare}", scope)
    return HaltView(view.stage, view.head, f"{view.scope} · no protective stop: {bare}")


def _failed(view: HaltView | None, state: State, account: str, status: EngineStatus) -> HaltView:
    """What broke stands beside whoever had halted before: a halt hides no failure."""
    view = view or HaltView(HaltStage.ALARM, f"{state.trading} {account}", "no new orders")
    head, scope = view.head, f"{view.scope} · restart to trade again"
    if status.error not in head:
        head += f" · ENGINE FAILED: {status.error}"
    if not status.recording:
        scope += "; nothing is recorded any more"
        if status.mode in IN_MEMORY:
            scope += ": what is cancelled now is back after the restart"
    return HaltView(view.stage, head, scope)


def _trading(state: State, account: str, kill_key: str) -> HaltView | None:
    if state.trading is TradingState.ACTIVE:
        return _narrowed(state, account)
    head = f"{state.trading} {account} by {state.trading_by}"
    if state.trading_reason:
        head += f", {state.trading_reason}"
    if state.trading is TradingState.REDUCING:
        return HaltView(HaltStage.REDUCING, head, f"only orders that reduce · {kill_key} halts")
    kill = state.kill
    if kill is None or not kill.is_of(state.trading_since):
        return HaltView(HaltStage.LATCHED, head, _offer(state, account, kill_key))
    return _sweep(state, kill, head, account, kill_key)


def _narrowed(state: State, account: str) -> HaltView | None:
    """Markets that are narrowed by themselves: the first in words, the others by their number."""
    if not state.narrowed:
        return None
    symbol, own = next(iter(state.narrowed.items()))
    head = f"{own.state} {symbol} on {account} by {own.by}"
    if own.reason:
        head += f", {own.reason}"
    more = f" · {len(state.narrowed) - 1} more" if len(state.narrowed) > 1 else ""
    return HaltView(HaltStage.REDUCING, head, f"only orders that reduce there{more} · ^p resumes")


def _sweep(state: State, kill: KillRecord, head: str, account: str, kill_key: str) -> HaltView:
    targets = (*kill.before, *kill.targets)
    total = len(targets)
    left = [order_id for order_id in targets if _is_open(state, order_id)]
    external = _external(state)
    what = "FLATTEN" if kill.level is KillLevel.FLATTEN else "KILL"
    if kill.verified_zero_at:
        stage, word, closing = _closing(state, kill)
        text = (
            f"{what}{word}: {total} of {_orders(total)} on {account} gone, "
            f"zero verified at the venue {_when(kill)}{closing}{external}"
        )
        return HaltView(stage, head, text)
    if kill.done:
        return HaltView(
            HaltStage.INCOMPLETE,
            head,
            f"{what} INCOMPLETE: {_residual(kill.residual or tuple(left))} "
            f"· {kill_key} sends again",
        )
    again = " again" if kill.first_zero_at else ""
    text = (
        f"{what}: {total - len(left)} of {_orders(total)} on {account} cancelled, "
        f"verifying{again}{external}"
    )
    return HaltView(HaltStage.SWEEPING, head, f"{text} · {kill_key} sends again")


def _when(kill: KillRecord) -> str:
    """When zero was verified: what came of the first press stays readable under the next ones."""
    first = (kill.first_zero_at or kill.verified_zero_at) - (kill.first_halt_at or kill.blocked_at)
    again = f", again at {clock(kill.verified_zero_at)}" if kill.first_zero_at else ""
    return f"{first / _NS:.1f} s after the halt{again}"


def _closing(state: State, kill: KillRecord) -> tuple[HaltStage, str, str]:
    """How far the positions of a flatten are closed: the stage, the word for it, the detail."""
    if kill.level is not KillLevel.FLATTEN:
        return HaltStage.DONE, " DONE", ""
    held = ", ".join(
        f"{key} {signed_exact(position.qty)}"
        for key, position in state.positions.positions.items()
        if position.qty and abs(position.qty) >= _step(state, position.symbol)
    )
    if not held:
        return HaltStage.DONE, " DONE", "; every position is closed"
    orders = state.orders.open_orders()
    if any(order.client_order_id.startswith(FLATTEN_PREFIX) for order in orders):
        return HaltStage.SWEEPING, "", f"; closing {held}"
    return HaltStage.INCOMPLETE, " INCOMPLETE", f"; NOT CLOSED: {held}"


def _step(state: State, symbol: str) -> Decimal:
    """The least that can be closed: what a fee in coins leaves behind is no position."""
    instrument = state.instruments.get(symbol)
    return ZERO if instrument is None else instrument.qty_step


def _offer(state: State, account: str, kill_key: str) -> str:
    from engine.core.decide.stops import is_swept

    doomed = sum(is_swept(order, KillLevel.KILL) for order in state.orders.open_orders())
    return (
        f"no new orders · {kill_key}×2 cancels {_orders(doomed)} placed by this engine "
        f"on {account}{_external(state)}"
    )


def _external(state: State) -> str:
    known = sum(order.is_external for order in state.orders.open_orders())
    told = len(state.reconciled.external_orders) if state.reconciled else 0
    return f"; {max(known, told)} external untouched"


def _residual(ids: tuple[str, ...]) -> str:
    shown = ", ".join(ids[:RESIDUAL_SHOWN])
    more = f" and {len(ids) - RESIDUAL_SHOWN} more" if len(ids) > RESIDUAL_SHOWN else ""
    return f"{len(ids)} left: {shown}{more}" if ids else "the venue's zero could not be verified"


def _is_open(state: State, order_id: str) -> bool:
    order = state.orders.orders.get(order_id)
    return order is not None and order.is_open


def _orders(count: int) -> str:
    return f"{count:,} order" if count == 1 else f"{count:,} orders"
