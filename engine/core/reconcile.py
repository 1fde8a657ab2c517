"""Comparing what we hold with what the venue shows.

A snapshot is evidence like any other: its executions are booked first, its order rows are read as
rows, and only then are positions compared. What a snapshot does not show is never concluded from:
an order of ours that is missing from the open list is asked for by id.
"""

from __future__ import annotations

from collections.abc import Iterator

from engine.core.context import Context
from engine.core.decide_executions import decide_fill, decide_other_execution
from engine.core.decide_reports import decide_order_report
from engine.core.events import Drift, Reconciled
from engine.core.reports import AccountSnapshot
from engine.core.requests import StartTimer, Step, query_of
from engine.core.state import State
from engine.core.status import ReconcileStatus
from engine.core.types import ZERO, OrderState

CONFIRM_AFTER_S = 1.0
"""A difference is looked at again after this long: a fill between two queries is not drift."""


def decide_snapshot(state: State, snapshot: AccountSnapshot, context: Context) -> Iterator[Step]:
    """Take a snapshot's evidence, then say whether ledger and venue agree.

    A failed or partial query changes nothing but the error shown. A difference counts as drift
    when two snapshots in a row show the same one.
    """
    if not snapshot.complete:
        yield from _result(state, context, snapshot, (), snapshot.error or "incomplete answer")
        yield StartTimer(kind="account", key="", after_s=CONFIRM_AFTER_S)
        return
    for fill in snapshot.fills:
        yield from decide_fill(state, fill, context)
    for other in snapshot.cash:
        yield from decide_other_execution(state, other, context)
    for row in snapshot.open_orders:
        yield from decide_order_report(state, row, context)
    yield from _ask_for_missing(state, snapshot)
    drift = _differences(state, snapshot, context.now_ns)
    confirmed = tuple(d for d in drift if state.suspects.get(d.symbol) == d.qty)
    state.suspects = {d.symbol: d.qty for d in drift}
    if len(confirmed) < len(drift):
        yield StartTimer(kind="account", key="", after_s=CONFIRM_AFTER_S)
    yield from _result(state, context, snapshot, confirmed, "")


def note_snapshot(
    status: ReconcileStatus, state: State, snapshot: AccountSnapshot, now_ns: int
) -> None:
    """Keep for people what a snapshot, decided and folded into `state`, has shown."""
    status.runs += 1
    status.sent_ts = snapshot.sent_ts
    status.duration_s = snapshot.duration_s
    status.error = snapshot.error
    status.fills_ok = snapshot.complete
    found = state.reconciled
    if not snapshot.complete or found is None:
        return
    status.last_ok_ts = now_ns
    status.drift = found.drift
    status.external_orders = found.external_orders
    status.positions_ok = not found.drift
    status.orders_ok = not any(
        order.state is OrderState.UNKNOWN for order in state.orders.open_orders()
    )


def _ask_for_missing(state: State, snapshot: AccountSnapshot) -> Iterator[Step]:
    shown = {row.exchange_order_id for row in snapshot.open_orders}
    for order in list(state.orders.open_orders()):
        if order.exchange_order_id not in shown and order.created_ts < snapshot.sent_ts:
            yield query_of(order)


def _differences(state: State, snapshot: AccountSnapshot, now_ns: int) -> tuple[Drift, ...]:
    venue = {report.symbol: report.qty for report in snapshot.positions}
    known = {d.symbol: d.since_ts for d in state.reconciled.drift} if state.reconciled else {}
    compared = set(venue) | {
        symbol
        for symbol, position in state.positions.positions.items()
        if position.qty and not is_spot(state, symbol)
    }
    found = []
    for symbol in sorted(compared):
        ours = state.positions.get_position(symbol).qty
        theirs = venue.get(symbol, ZERO)
        if ours != theirs:
            since_ts = known.get(symbol, now_ns)
            found.append(Drift(symbol=symbol, ours=ours, venue=theirs, since_ts=since_ts))
    return tuple(found)


def is_spot(state: State, symbol: str) -> bool:
    """True for spot pairs: the venue keeps coins of them, not positions."""
    instrument = state.instruments.get(symbol)
    return instrument is not None and instrument.category == "spot"


def _result(
    state: State,
    context: Context,
    snapshot: AccountSnapshot,
    drift: tuple[Drift, ...],
    error: str,
) -> Iterator[Step]:
    external = tuple(sorted(o.client_order_id for o in state.orders.open_orders() if o.is_external))
    last = state.reconciled
    news = (
        last is None
        or (not state.ready and not error)
        or (drift, external, error) != (last.drift, last.external_orders, last.error)
    )
    if news:
        yield Reconciled(
            ts=context.now_ns,
            drift=drift,
            external_orders=external,
            open_orders=len(snapshot.open_orders),
            duration_s=snapshot.duration_s,
            error=error,
        )
