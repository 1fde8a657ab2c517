"""What a person decides about a difference between venue and ledger: adopt, flatten, ignore."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from engine.core.commands import PlaceOrder, SettleDrift
from engine.core.context import Context
from engine.core.decide.commands import refused
from engine.core.decide.stops import flatten_id
from engine.core.events import Drift, DriftSettled, TradingStateChanged
from engine.core.ledger.executions import split_key
from engine.core.orders.late_accept import RECONCILE
from engine.core.reconcile.drift import is_narrowed_by_drift
from engine.core.requests import Step
from engine.core.risk import Denied, check_flatten
from engine.core.state import State
from engine.core.types import (
    NS,
    ZERO,
    Category,
    DriftAction,
    OrderType,
    Side,
    TimeInForce,
    TradingState,
)


def decide_settle(state: State, command: SettleDrift, context: Context) -> Iterator[Step]:
    """Carry out the decision, if the difference is still the one that was looked at.

    Adopting books an adjustment that makes the ledger equal; flattening books it too, and closes
    what the venue holds beyond the ledger with a reduce-only order. The market is free again.
    """
    drift = _find(state, command.symbol)
    code, text = _why_not(drift, command, context)
    if drift is None or code:
        yield refused(command, context, code, text)
        return
    books = command.action is not DriftAction.IGNORE
    price = _price(state, drift, context) if books else None
    if books and price is None:
        yield refused(command, context, "UNPRICED", "neither an average nor a market price")
        return
    yield DriftSettled(
        ts=context.now_ns,
        symbol=drift.symbol,
        action=command.action,
        qty=drift.qty,
        reason=command.reason,
        by=command.by,
        until_ts=context.now_ns + round(command.for_s * NS) if command.for_s else 0,
        exec_id=f"adjust-{state.seq}-{drift.symbol}" if books else "",
        price=price,
        command_id=command.command_id,
    )
    if command.action is DriftAction.FLATTEN:
        yield _close(state, drift, command, context)
    market, _ = split_key(drift.symbol)
    if is_narrowed_by_drift(state, market):
        yield TradingStateChanged(
            ts=context.now_ns,
            state=TradingState.ACTIVE,
            by=RECONCILE,
            reason=f"{command.action} by {command.by}: {command.reason}",
            symbol=market,
        )


def _find(state: State, symbol: str) -> Drift | None:
    found = state.reconciled
    known = () if found is None else found.drift + found.noted
    return next((drift for drift in known if drift.symbol == symbol), None)


def _why_not(drift: Drift | None, command: SettleDrift, context: Context) -> tuple[str, str]:
    shortest = context.policy.release_reason_min_chars
    if drift is None:
        return "NO_DRIFT", f"{command.symbol}: no difference is known"
    if command.qty != drift.qty:
        return "DRIFT_CHANGED", f"the difference is {drift.qty:+f} now, not {command.qty:+f}"
    if len(command.reason.strip()) < shortest:
        return "REASON_TOO_SHORT", f"give a reason of at least {shortest} characters"
    if command.for_s < 0:
        return "BAD_NUMBER", f"for {command.for_s} s"
    if command.action is not DriftAction.IGNORE and not drift.qty:
        return "NO_DRIFT", f"{drift.symbol}: the quantities agree; averages can only be ignored"
    if command.action is DriftAction.FLATTEN and not surplus(drift):
        return "NO_SURPLUS", "the venue holds nothing beyond the ledger: adopt or ignore"
    return "", ""


def surplus(drift: Drift) -> Decimal:
    """What the venue holds beyond the ledger, signed; 0 where it holds less."""
    if drift.venue * drift.qty <= ZERO:
        return ZERO
    return drift.qty if abs(drift.qty) < abs(drift.venue) else drift.venue


def _price(state: State, drift: Drift, context: Context) -> Decimal | None:
    """The adjustment's price: the one that gives the venue's average, where there is such a one.

    Else the venue's average, ours, or the market's price, whichever is known first.
    """
    average = drift.venue_avg
    grows = drift.ours * drift.qty >= ZERO
    if average is not None and grows:
        position = state.positions.get_position(*split_key(drift.symbol))
        value = position.value_at(drift.venue, average) - position.cost
        inverse = position.category is Category.INVERSE
        if value * drift.qty > ZERO:
            return drift.qty / value if inverse else value / drift.qty
    quote = context.quotes.get(split_key(drift.symbol)[0])
    return average or drift.ours_avg or (None if quote is None else quote.reference)


def _close(state: State, drift: Drift, command: SettleDrift, context: Context) -> Step:
    """The reduce-only order that closes the venue's surplus."""
    qty = surplus(drift)
    order = PlaceOrder(
        command_id=command.command_id,
        by=command.by,
        client_order_id=flatten_id(state, context),
        symbol=split_key(drift.symbol)[0],
        side=Side.SELL if qty > ZERO else Side.BUY,
        qty=abs(qty),
        type=OrderType.MARKET,
        time_in_force=TimeInForce.IOC,
        reduce_only=True,
    )
    verdict = check_flatten(state, order, context)
    return verdict.denied() if isinstance(verdict, Denied) else verdict.submitted()
