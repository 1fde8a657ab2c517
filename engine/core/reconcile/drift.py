"""Is a difference between venue and ledger drift? What is on its way is waited for, what is
explained is noted, and what nothing explains must be seen again before it is believed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

import msgspec

from engine.core.context import Context
from engine.core.events import Drift, TradingStateChanged
from engine.core.ledger.executions import position_key, split_key
from engine.core.orders.late_accept import RECONCILE
from engine.core.reconcile.evidence import Suspect
from engine.core.reconcile.holdings import Holding
from engine.core.reports import AccountSnapshot, Scope
from engine.core.state import State
from engine.core.types import ZERO, DriftKind, TradingState

CHANGING_ROUNDS = 5
"""A difference that is another one each time is believed after so many comparisons."""
DRIFT = "drift"
"""How the reason begins for which a market is narrowed while its difference is not settled."""


class Differences(msgspec.Struct, frozen=True):
    """What a comparison of all holdings found. `open`: some must be looked at once more."""

    drift: tuple[Drift, ...] = ()
    noted: tuple[Drift, ...] = ()
    pending: tuple[Drift, ...] = ()
    open: bool = False


def find_differences(
    state: State, snapshot: AccountSnapshot, holdings: Iterable[Holding], context: Context
) -> Differences:
    """Class every difference; `state.suspects` remembers those that are not believed yet.

    A difference of which nothing can be said now keeps its last verdict, and its age.
    """
    verdicts = {drift.symbol: drift for drift in _known(state)}
    waiting = {drift.symbol: drift for drift in state.pending}
    suspects, state.suspects = state.suspects, {}
    believed: list[Drift] = []
    pending: list[Drift] = []
    for holding in holdings:
        if holding.agrees:
            continue
        known, suspect = verdicts.get(holding.symbol), suspects.get(holding.symbol)
        seen = known, suspect, waiting.get(holding.symbol)
        since_ts = min((s.since_ts for s in seen if s is not None), default=context.now_ns)
        found = _class(state, snapshot, holding, since_ts, context)
        if found.kind is DriftKind.PENDING:
            pending.append(found)
            if suspect is not None:
                state.suspects[found.symbol] = suspect
            if known is not None:
                believed.append(known)
        elif found.kind is DriftKind.EXPLAINED or _is_believed(
            state, snapshot, found, known, suspect, context
        ):
            believed.append(found)
    return Differences(
        drift=tuple(drift for drift in believed if _is_drift(drift)),
        noted=tuple(drift for drift in believed if not _is_drift(drift)),
        pending=tuple(pending),
        open=bool(state.suspects),
    )


def _is_drift(found: Drift) -> bool:
    return found.kind is DriftKind.UNEXPLAINED and bool(found.qty)


def _known(state: State) -> tuple[Drift, ...]:
    return () if state.reconciled is None else state.reconciled.drift + state.reconciled.noted


def _class(
    state: State, snapshot: AccountSnapshot, holding: Holding, since_ts: int, context: Context
) -> Drift:
    symbol, qty = holding.symbol, holding.venue - holding.ours
    ignored = state.ignored.get(symbol)
    ours, external = _promised(state, symbol)
    if ignored is not None and ignored.covers(qty, context.now_ns):
        kind, cause = DriftKind.EXPLAINED, f"ignored: {ignored.reason}"
    elif state.fill_ts.get(split_key(symbol)[0], 0) > snapshot.sent_ts:
        kind, cause = DriftKind.PENDING, "filled since the question"
    elif ours:
        kind, cause = DriftKind.PENDING, "fills that orders show are on their way"
    elif external and external == qty:
        kind, cause = DriftKind.EXPLAINED, "filled by external orders"
    else:
        kind, cause = DriftKind.UNEXPLAINED, ""
    return Drift(
        symbol=symbol,
        ours=holding.ours,
        venue=holding.venue,
        since_ts=since_ts,
        kind=kind,
        ours_avg=holding.ours_avg,
        venue_avg=holding.venue_avg,
        cause=cause,
    )


def _promised(state: State, symbol: str) -> tuple[bool, Decimal]:
    """Are fills of our own orders looked for; and what external ones show beyond executions."""
    ours, external = False, ZERO
    for order_id, promise in state.promised.items():
        order = state.orders.get_order(order_id)
        if order is None or promise.cum_qty <= order.cum_qty:
            continue
        if position_key(order.symbol, order.position_index) != symbol:
            continue
        if order.is_external:
            external += (promise.cum_qty - order.cum_qty) * order.side.sign
        elif order_id not in state.stuck:
            ours = True
    return ours, external


def _is_believed(
    state: State,
    snapshot: AccountSnapshot,
    found: Drift,
    known: Drift | None,
    suspect: Suspect | None,
    context: Context,
) -> bool:
    """True when this is drift; a suspect otherwise, which the next comparison looks at again.

    Only comparisons that have listed the executions count: a fill that was missed is no drift.
    """
    if known is not None and _is_drift(known) is _is_drift(found) and not known.cause:
        return True
    rounds = 0 if suspect is None else suspect.rounds
    changing = suspect is not None and suspect.qty != found.qty
    if Scope.FILLS in snapshot.scopes:
        rounds += 1
    if rounds >= (CHANGING_ROUNDS if changing else context.policy.drift_rounds):
        return True
    state.suspects[found.symbol] = Suspect(found.qty, found.since_ts, rounds)
    return False


def narrow(state: State, found: Differences, context: Context) -> Iterator[TradingStateChanged]:
    """A market with drift may only be reduced; it is free again when there is none any more."""
    drifting = {split_key(drift.symbol)[0]: drift for drift in found.drift}
    for symbol, drift in drifting.items():
        if symbol not in state.narrowed:
            text = f"{DRIFT} {drift.qty:+f}: adopt, flatten or ignore it"
            yield _trading(symbol, TradingState.REDUCING, text, context)
    for symbol in list(state.narrowed):
        if symbol not in drifting and is_narrowed_by_drift(state, symbol):
            yield _trading(symbol, TradingState.ACTIVE, "the difference is gone", context)


def is_narrowed_by_drift(state: State, symbol: str) -> bool:
    """True while a market is narrowed because of drift, and not for another reason."""
    narrowing = state.narrowed.get(symbol)
    return narrowing is not None and (
        narrowing.by == RECONCILE and narrowing.reason.startswith(DRIFT)
    )


def _trading(
    symbol: str, trading: TradingState, reason: str, context: Context
) -> TradingStateChanged:
    return TradingStateChanged(
        ts=context.now_ns, state=trading, by=RECONCILE, reason=reason, symbol=symbol
    )
