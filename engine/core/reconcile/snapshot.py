"""Comparing what we hold with what the venue shows.

A snapshot is evidence like any other: its executions are booked first, its order rows are read as
rows, and only then are positions and coins compared. What a snapshot does not show is never
concluded from: an order of ours that is missing from the open list is asked for by id.
"""

from __future__ import annotations

from collections.abc import Iterator

from engine.core.context import Context
from engine.core.decide.executions import decide_fill, decide_other_execution
from engine.core.decide.lookups import CONFIRM_AFTER_S, ask_anew, decide_missing
from engine.core.decide.reports import decide_order_report
from engine.core.events import Reconciled
from engine.core.reconcile.drift import Differences, find_differences, narrow
from engine.core.reconcile.holdings import compare, count_coins
from engine.core.reconcile.margin import hear_snapshot
from engine.core.reports import EVERYTHING, HOLDINGS, AccountSnapshot, Scope
from engine.core.requests import QueryPnl, StartTimer, Step, query_of
from engine.core.state import State
from engine.core.status import ReconcileRun, ReconcileStatus
from engine.core.types import NS, OrderState

RETRIES = 3
"""How often a failed comparison is repeated at once; then it waits for its period."""
PENDING_S = 60.0
"""A difference that no comparison could judge for as long, because of fills, is told of."""
HISTORY_KEPT = 20


def decide_snapshot(state: State, snapshot: AccountSnapshot, context: Context) -> Iterator[Step]:
    """Take a snapshot's evidence, then say whether ledger and venue agree.

    A failed or partial query changes nothing but the error shown.
    """
    if not snapshot.complete:
        state.failures += 1
        yield from _result(state, context, snapshot, None, ready=False)
        if state.failures <= RETRIES:
            yield from _look_again(state)
        return
    if state.failures:
        state.failures = 0
        yield from ask_anew(state)
    if state.pnl_unanswered:  # the venue answers again: its own minute is not waited for
        state.pnl_unanswered = False
        yield QueryPnl()
    hear_snapshot(state, snapshot)
    for fill in snapshot.fills:
        yield from decide_fill(state, fill, context)
    for other in snapshot.cash:
        yield from decide_other_execution(state, other, context)
    if Scope.ORDERS in snapshot.scopes:
        for row in snapshot.open_orders:
            yield from decide_order_report(state, row, context)
        for row in snapshot.closed_orders:
            known = state.orders.get_order(row.client_order_id)
            if known is not None and known.is_open:
                yield from decide_order_report(state, row, context)
        yield from _ask_for_missing(state, snapshot)
    if Scope.FILLS in snapshot.scopes:
        yield from decide_missing(state, snapshot, context)
    found = None
    if snapshot.scopes >= HOLDINGS:
        found = find_differences(state, snapshot, compare(state, snapshot), context)
        state.pending = found.pending
    in_doubt = found is None or found.open or (bool(found.pending) and not state.ready)
    ready = not in_doubt and _is_whole(state, snapshot)
    yield from _result(state, context, snapshot, found, ready=ready)
    state.ready = state.ready or ready
    if found is not None:
        yield from narrow(state, found, context)
        if in_doubt:
            yield from _look_again(state)


def _look_again(state: State) -> Iterator[StartTimer]:
    if not state.comparing:
        state.comparing = True
        yield StartTimer(kind="account", key="", after_s=CONFIRM_AFTER_S)


def _is_whole(state: State, snapshot: AccountSnapshot) -> bool:
    """True when everything was asked for since the private stream is up, so that nothing is missed.

    What it pushes from then on adds to this answer.
    """
    up = state.links.get("private", True)
    return up and snapshot.scopes >= EVERYTHING and snapshot.sent_ts >= state.link_ts


def _ask_for_missing(state: State, snapshot: AccountSnapshot) -> Iterator[Step]:
    shown = {row.exchange_order_id for row in snapshot.open_orders}
    for order in state.orders.open_orders():
        order_id = order.client_order_id
        if order.exchange_order_id in shown or order.updated_ts >= snapshot.sent_ts:
            continue
        if order_id not in state.asking and order_id not in state.stuck:
            yield query_of(order)


def _result(
    state: State,
    context: Context,
    snapshot: AccountSnapshot,
    found: Differences | None,
    *,
    ready: bool,
) -> Iterator[Step]:
    """Put down what is new; a result like the last one is none, also after a restart."""
    external = tuple(
        sorted(
            order.client_order_id
            for order in state.orders.open_orders()
            if order.is_external and not order.is_venue_made
        )
    )
    last = state.reconciled
    error = "" if snapshot.complete else snapshot.error or "incomplete answer"
    before = Differences() if last is None else Differences(last.drift, last.noted)
    result = Reconciled(
        ts=context.now_ns,
        drift=(before if found is None else found).drift,
        noted=(before if found is None else found).noted,
        external_orders=external,
        open_orders=len(snapshot.open_orders),
        duration_s=snapshot.duration_s,
        error=error,
        alarms=tuple(alarms(state, context)),
        coins=count_coins(state, snapshot) if snapshot.complete else None,
        partial=not (ready or state.ready),
    )
    reopened = ready and not state.ready and (state.link_ts > 0 or last is None or last.partial)
    if last is None or reopened or result.coins is not None or _says(result) != _says(last):
        yield result


def _says(result: Reconciled) -> tuple[object, ...]:
    """What makes one result news beside another."""
    return result.drift, result.noted, result.external_orders, result.error, result.alarms


def alarms(state: State, context: Context) -> Iterator[str]:
    """What was given up, or cannot be judged, and waits for a person."""
    for order_id in sorted(state.stuck):
        yield f"{order_id}: no answer to {context.policy.questions_an_order} questions"
    for drift in state.pending:
        if context.now_ns - drift.since_ts >= PENDING_S * NS:
            yield f"{drift.symbol}: not compared for {PENDING_S:.0f} s, {drift.cause}"


def note_snapshot(
    status: ReconcileStatus, state: State, snapshot: AccountSnapshot, now_ns: int
) -> None:
    """Keep for people what a snapshot, decided and folded into `state`, has shown."""
    found = state.reconciled
    compared = snapshot.complete and snapshot.scopes >= HOLDINGS
    run = ReconcileRun(
        ts=snapshot.sent_ts,
        duration_s=snapshot.duration_s,
        scopes=tuple(scope for scope in Scope if scope in snapshot.scopes),
        differences=len(found.drift) + len(state.suspects) if found and compared else 0,
        error=snapshot.error,
    )
    status.runs += 1
    status.history = (*status.history[1 - HISTORY_KEPT :], run)
    status.sent_ts = snapshot.sent_ts
    status.duration_s = snapshot.duration_s
    status.error = snapshot.error
    if Scope.FILLS in snapshot.scopes:
        status.fills_ok = snapshot.complete
    unanswered = frozenset() if snapshot.complete else snapshot.scopes
    failed = frozenset(status.failed) - snapshot.scopes | unanswered
    status.failed = tuple(scope for scope in Scope if scope in failed)
    if not snapshot.complete or found is None:
        return
    status.last_ok_ts = now_ns
    status.drift = found.drift
    status.noted = found.noted
    status.pending = state.pending
    status.alarms = found.alarms
    status.external_orders = found.external_orders
    if compared:
        status.drift_ts = now_ns
        status.positions_ok = not found.drift
    status.orders_ok = not any(
        order.state is OrderState.UNKNOWN for order in state.orders.open_orders()
    )
