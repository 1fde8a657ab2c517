"""What the bar under the banner says while trading is halted: scope, progress, what is left."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from console.format import clock
from engine.core.state import State
from engine.core.status import Unprotected
from engine.core.trading import KillRecord
from engine.core.types import KillLevel, TradingState

_NS = 1_000_000_000
RESIDUAL_SHOWN = 3


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
    state: State, account: str, kill_key: str, unprotected: Sequence[Unprotected] = ()
) -> HaltView | None:
    """The bar's text, or None while trading is active in every market and no position is bare."""
    view = _trading(state, account, kill_key)
    if not unprotected:
        return view
    bare = ", ".join(f"{one.symbol} since {clock(one.since_ts)}" for one in unprotected)
    if view is None:
        scope = "a reduce-only stop at the venue, or no position, ends this"
        return HaltView(HaltStage.ALARM, f"NO PROTECTIVE STOP on {account}: {bare}", scope)
    return HaltView(view.stage, view.head, f"{view.scope} · no protective stop: {bare}")


def _trading(state: State, account: str, kill_key: str) -> HaltView | None:
    if state.trading is TradingState.ACTIVE:
        return _narrowed(state, account)
    head = f"{state.trading} {account} by {state.trading_by}"
    if state.trading_reason:
        head += f", {state.trading_reason}"
    if state.trading is TradingState.REDUCING:
        return HaltView(HaltStage.REDUCING, head, f"only orders that reduce · {kill_key} halts")
    # A sweep belongs to this halt when its gate closed no earlier than the sweep's own latch.
    kill = state.kill
    if kill is None or (kill.done and kill.blocked_at + _NS < state.trading_since):
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
    total = len(kill.targets)
    left = [order_id for order_id in kill.targets if _is_open(state, order_id)]
    external = _external(state)
    if kill.verified_zero_at:
        took_s = (kill.verified_zero_at - kill.blocked_at) / _NS
        text = (
            f"KILL DONE: {total} of {_orders(total)} on {account} gone, "
            f"zero verified at the venue {took_s:.1f} s after the halt{external}"
        )
        return HaltView(HaltStage.DONE, head, text)
    if kill.done:
        return HaltView(
            HaltStage.INCOMPLETE,
            head,
            f"KILL INCOMPLETE: {_residual(kill.residual or tuple(left))} · {kill_key} sends again",
        )
    text = (
        f"KILL: {total - len(left)} of {_orders(total)} on {account} cancelled, verifying{external}"
    )
    return HaltView(HaltStage.SWEEPING, head, f"{text} · {kill_key} sends again")


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
