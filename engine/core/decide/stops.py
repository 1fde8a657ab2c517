"""Stopping and starting again: kill, flatten, release, and how a sweep at the venue goes on."""

from __future__ import annotations

from collections.abc import Iterator

from engine.core.commands import Flatten, Kill, PlaceOrder, Release
from engine.core.context import Context
from engine.core.decide.commands import cancel_request, refused
from engine.core.events import KillProgress, KillStarted, TradingStateChanged
from engine.core.limits import to_ns
from engine.core.orders.machine import Order, why_not_cancel
from engine.core.reports import SweepReport
from engine.core.requests import Step
from engine.core.risk import Denied, check_flatten
from engine.core.state import State
from engine.core.types import (
    FLATTEN_PREFIX,
    NS,
    KillLevel,
    OrderState,
    OrderType,
    Side,
    TimeInForce,
    TradingState,
)
from engine.core.watch.triggers import standing_cause

SWEEPING = frozenset({KillLevel.KILL, KillLevel.KILL_ALL, KillLevel.FLATTEN})
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def decide_kill(state: State, command: Kill, context: Context) -> Iterator[Step]:
    """Latch first; then, where the level says so, cancel and have the venue's zero proven.

    Repeating it is harmless and starts the sweep anew: that is what an impatient hand wants.
    """
    pause = command.level is KillLevel.PAUSE
    wanted = TradingState.REDUCING if pause else TradingState.HALTED
    if state.trading is not wanted and not (pause and state.trading is TradingState.HALTED):
        yield TradingStateChanged(
            ts=context.now_ns,
            state=wanted,
            by=command.by,
            reason=command.reason or f"level {command.level}",
            command_id=command.command_id,
        )
    if command.level not in SWEEPING:
        return
    targets = [order for order in state.orders.open_orders() if is_swept(order, command.level)]
    yield KillStarted(
        ts=context.now_ns,
        kill_id=command.command_id,
        level=command.level,
        blocked_at=context.gate_closed_at or context.now_ns,
        targets=tuple(order.client_order_id for order in targets),
        by=command.by,
    )
    for order in targets:
        if not why_not_cancel(order):
            yield cancel_request(order, context)


def is_swept(order: Order, level: KillLevel) -> bool:
    """True when a sweep of `level` cancels this order.

    Orders that are not ours are never touched; up to `KILL`, reduce-only conditional orders stay,
    because they protect what is open. Beyond it a position's take-profit and stop-loss, which the
    venue made, go as well, and those that rest at their limit since their trigger came.
    """
    protects = order.reduce_only and order.is_waiting
    if order.is_external:
        is_exit = protects or (order.reduce_only and order.trigger is not None)
        return order.is_venue_made and is_exit and level is not KillLevel.KILL
    return level is not KillLevel.KILL or not protects


def decide_sweep(state: State, report: SweepReport, context: Context) -> Iterator[Step]:
    """Note how far the sweep is, and cancel what turned up since it began."""
    kill = state.kill
    if kill is None or kill.kill_id != report.kill_id:
        return
    yield KillProgress(
        ts=context.now_ns,
        kill_id=kill.kill_id,
        first_cancel_at=report.first_cancel_at,
        verified_zero_at=context.now_ns if report.verified else 0,
        residual=report.residual,
        done=report.finished,
    )
    for client_order_id in report.residual:
        order = state.orders.get_order(client_order_id)
        if order is not None and not why_not_cancel(order):
            yield cancel_request(order, context)
    if report.verified and kill.level is KillLevel.FLATTEN:
        yield from _close_positions(state, context, None, kill.kill_id, kill.by)


def decide_flatten(state: State, command: Flatten, context: Context) -> Iterator[Step]:
    """Close every position (or one) with reduce-only market orders; the trading state stays."""
    closed = False
    for step in _close_positions(state, context, command.symbol, command.command_id, command.by):
        closed = True
        yield step
    if not closed:
        yield refused(command, context, "NO_POSITION", command.symbol or "no open position")


def _close_positions(
    state: State, context: Context, symbol: str | None, command_id: str, by: str
) -> Iterator[Step]:
    for position in list(state.positions.positions.values()):
        if position.qty == 0 or (symbol is not None and position.symbol != symbol):
            continue
        instrument = state.instruments.get(position.symbol)
        left = largest = abs(position.qty)
        if instrument is not None:
            # A fee in coins leaves a holding that is no multiple of the step: dust stays.
            left -= left % instrument.qty_step
            largest = instrument.max_market_qty
        while left > 0:
            qty = min(left, largest)
            left -= qty
            order = PlaceOrder(
                command_id=command_id,
                by=by,
                client_order_id=flatten_id(state, context),
                symbol=position.symbol,
                side=Side.SELL if position.qty > 0 else Side.BUY,
                qty=qty,
                type=OrderType.MARKET,
                time_in_force=TimeInForce.IOC,
                reduce_only=True,
            )
            verdict = check_flatten(state, order, context)
            yield verdict.denied() if isinstance(verdict, Denied) else verdict.submitted()


def flatten_id(state: State, context: Context) -> str:
    """A new id for an order that closes a position."""
    return f"{FLATTEN_PREFIX}{_base36(context.now_ns)}-{state.seq}"


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits


def decide_release(state: State, command: Release, context: Context) -> Iterator[Step]:
    """Leave HALTED or REDUCING, when the person, the account and the venue's zero allow it.

    Where a probation is configured a halt is left in two steps: REDUCING now, ACTIVE by a second
    release when the probation is over.
    """
    code, text = _why_not_release(state, command, context)
    if code:
        yield refused(command, context, code, text)
        return
    probation_s = state.risk.limits.probation_s
    on_probation = (
        probation_s is not None and not command.symbol and state.trading is TradingState.HALTED
    )
    yield TradingStateChanged(
        ts=context.now_ns,
        state=TradingState.REDUCING if on_probation else TradingState.ACTIVE,
        by=command.by,
        reason=command.reason,
        command_id=command.command_id,
        symbol=command.symbol,
        probation_until=context.now_ns + to_ns(probation_s or 0) if on_probation else 0,
    )


def _why_not_release(state: State, command: Release, context: Context) -> tuple[str, str]:
    shortest = context.policy.release_reason_min_chars
    symbol = command.symbol
    unknown = [
        order
        for order in state.orders.open_orders()
        if order.state is OrderState.UNKNOWN and symbol in ("", order.symbol)
    ]
    drift = [
        found
        for found in (state.reconciled.drift if state.reconciled is not None else ())
        if symbol in ("", found.symbol)
    ]
    if symbol and symbol not in state.narrowed:
        return "NOT_HALTED", f"{symbol} is not narrowed by itself"
    if not symbol and state.trading is TradingState.ACTIVE:
        return "NOT_HALTED", "trading is active"
    if context.broken:
        return "ENGINE_FAILED", f"restart the engine: {context.broken}"
    if command.account != state.account:
        return "WRONG_ACCOUNT", f"type the account's name: {state.account}"
    if len(command.reason.strip()) < shortest:
        return "REASON_TOO_SHORT", f"give a reason of at least {shortest} characters"
    sweeping = state.kill is not None and not state.kill.done
    if sweeping and not symbol and state.trading is TradingState.HALTED:
        return "KILL_RUNNING", "the sweep has not ended"
    if unknown:
        return "UNKNOWN_ORDERS", f"{len(unknown)} orders of unknown fate"
    if drift or not state.ready:
        return "NOT_RECONCILED", "positions differ from the venue's, or were not compared yet"
    cause = standing_cause(state, context, symbol)
    if cause:
        return "LIMIT_BROKEN", f"it would stop again at once: {cause}"
    return _why_wait(state, symbol, context)


def _why_wait(state: State, symbol: str, context: Context) -> tuple[str, str]:
    """Loosening takes its time: a halt cools off, what follows it is on probation."""
    since = state.narrowed[symbol].since if symbol else state.trading_since
    cool_off_until = since + to_ns(state.risk.limits.cool_off_s or 0)
    waits = (("COOL_OFF", cool_off_until), ("PROBATION", state.risk.probation_until))
    for code, until in waits:
        if context.now_ns < until and not (symbol and code == "PROBATION"):
            return code, f"wait {-(-(until - context.now_ns) // NS)} s more"
    return "", ""
