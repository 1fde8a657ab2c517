"""Finding out about one order: what to ask, how often, and what the answers prove.

A fill that a row has shown is asked for by its order's id, then in the list of all executions, and
only when both answered completely and still lack it is it inferred. An order is declared absent
only on written proof. Every order has a number of questions; when they are used up a person is
told, and nothing is asked until the venue answers again or somebody presses the key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec.structs import replace

from engine.core.context import Context, Policy
from engine.core.decide.executions import ask_for_order_of, decide_fill
from engine.core.decide.lost import LOST, ask_what_was_lost
from engine.core.decide.reports import WORKING, decide_order_report, row_event
from engine.core.events import EventType, OrderEvent
from engine.core.ledger.executions import split_key
from engine.core.orders.machine import Order
from engine.core.plain import clock_text, decimal_text
from engine.core.reconcile.evidence import Absence
from engine.core.reports import AccountSnapshot, OrderLookup, OrderReport, Scope, VenueStatus
from engine.core.requests import (
    QueryAccount,
    QueryPnl,
    StartTimer,
    Step,
    TimerFired,
    query_of,
)
from engine.core.state import State
from engine.core.types import NOT_ARRIVED, NS, OrderState

CONFIRM_AFTER_S = 1.0
"""What was found once is looked at again after this long."""
RESTING = WORKING | {VenueStatus.UNTRIGGERED}
"""What the venue would answer of an order that nothing has ended."""
_UNCHANGED = {
    EventType.CANCEL_REJECT: "still open at the venue",
    EventType.REPLACE_REJECT: "terms unchanged at the venue",
}
AWAITING = frozenset(
    {
        OrderState.PENDING,
        OrderState.UNKNOWN,
        OrderState.PENDING_CANCEL,
        OrderState.PENDING_REPLACE,
    }
)


def decide_lookup(state: State, lookup: OrderLookup, context: Context) -> Iterator[Step]:
    """Take everything the venue says of one order; without an answer ask again, later each time."""
    order = state.orders.get_order(lookup.client_order_id)
    if order is None and lookup.order is not None:
        yield from decide_order_report(state, lookup.order, context)
    known_ts = 0 if order is None else order.updated_ts  # before what this answer itself brings
    for fill in lookup.fills:
        yield from decide_fill(state, fill, context)
    if order is None:
        return
    if lookup.order is not None:
        state.absences.pop(order.client_order_id, None)
        if lookup.order.status is VenueStatus.OTHER:
            state.puzzling[order.client_order_id] = context.now_ns  # asking again tells no more
        yield from decide_order_report(state, lookup.order, context)
        if lookup.sent_ts >= known_ts:
            yield from _unconfirmed(order, lookup.order, context)
        else:  # asked before what we wait for had left
            yield from _ask_again(state, order, context.policy)
        if lookup.complete:
            state.tries.pop(order.client_order_id, None)
            yield from _still_missing(state, order, lookup)
    elif lookup.complete and not order.state.is_closed:
        yield from _absent(state, order, lookup, context)
        return
    elif lookup.complete:
        yield from _still_missing(state, order, lookup)
    if not lookup.complete:
        yield from _ask_again(state, order, context.policy)


def _unconfirmed(order: Order, report: OrderReport, context: Context) -> Iterator[Step]:
    """Lift a pending cancel and amend that the venue, asked after they left, shows no trace of."""
    if report.status not in RESTING:
        return
    if order.pending_cancel and order.client_order_id not in context.canceling:
        yield _not_arrived(EventType.CANCEL_REJECT, order, report, context)
    if order.pending_replace and not order.pending_cancel:
        yield _not_arrived(EventType.REPLACE_REJECT, order, report, context)


def _not_arrived(
    event_type: EventType, order: Order, report: OrderReport, context: Context
) -> OrderEvent:
    text = _UNCHANGED[event_type]
    return replace(row_event(event_type, order, report, context), reason=NOT_ARRIVED, text=text)


# --- absence -----------------------------------------------------------------------------------


def _absent(state: State, order: Order, lookup: OrderLookup, context: Context) -> Iterator[Step]:
    """Count a clean round that did not find the order; enough of them are proof.

    A round counts when it was asked after the last moment at which the venue may have accepted
    what was sent, and while the router will not send it again.
    """
    order_id, policy = order.client_order_id, context.policy
    absence = state.absences.setdefault(order_id, Absence())
    left_ns = max(order.updated_ts, absence.since_ts, state.started_ts)
    settled_ns = left_ns + round(policy.absent_after_s * NS)
    if order_id in context.placing or lookup.sent_ts < settled_ns:
        wait_s = (settled_ns - context.now_ns) / NS
        yield from _ask_again(state, order, policy, at_most_s=wait_s if wait_s > 0 else None)
        return
    absence.rounds = (*(r for r in absence.rounds if r.sent_ts >= settled_ns), lookup)
    if len(absence.rounds) < policy.absent_reads:
        yield from _ask_again(state, order, policy, at_most_s=CONFIRM_AFTER_S)
        return
    del state.absences[order_id]
    yield OrderEvent(
        EventType.PROVEN_ABSENT,
        order_id,
        context.now_ns,
        reason="NOT_AT_VENUE",
        text=_proof(absence.rounds, left_ns),
    )


def _proof(rounds: tuple[OrderLookup, ...], left_ns: int) -> str:
    """What was asked, when (UTC), and what answered: `open 0 at 14:03:28.442`, round by round."""
    lines = [
        f"round {number}: "
        + (", ".join(f"{r.source} {r.rows} at {clock_text(r.ts)}" for r in found.reads) or "no id")
        for number, found in enumerate(rounds, 1)
    ]
    return f"sent by {clock_text(left_ns)}; " + "; ".join(lines)


# --- fills that are missing --------------------------------------------------------------------


def _still_missing(state: State, order: Order, lookup: OrderLookup) -> Iterator[Step]:
    """Its own executions do not explain what a row has shown: look through all of them."""
    promise = state.promised.get(order.client_order_id)
    if promise is not None and promise.cum_qty > order.cum_qty and not promise.asked_ts:
        promise.asked_ts = lookup.sent_ts
        yield QueryAccount(scopes=frozenset({Scope.FILLS}))


def decide_missing(state: State, snapshot: AccountSnapshot, context: Context) -> Iterator[Step]:
    """Infer what rows have shown and no complete answer has brought; executions may follow yet."""
    for order_id, promise in list(state.promised.items()):
        order = state.orders.get_order(order_id)
        if order is None or promise.cum_qty <= order.cum_qty:
            del state.promised[order_id]
        elif promise.asked_ts and snapshot.sent_ts >= promise.asked_ts:
            missing = decimal_text(promise.cum_qty - order.cum_qty)
            yield OrderEvent(
                EventType.STATUS_REPORT,
                order_id,
                context.now_ns,
                cum_qty=promise.cum_qty,
                avg_price=promise.avg_price,
                reason="NO_EXECUTION",
                text=f"{missing} in no list of executions, by id or of all",
            )
            del state.promised[order_id]


# --- asking again ------------------------------------------------------------------------------


def _ask_again(
    state: State, order: Order, policy: Policy, *, at_most_s: float | None = None
) -> Iterator[Step]:
    """Ask once more, later each time; when its questions are used up, say so and stop."""
    order_id = order.client_order_id
    if order_id in state.asking or not needs_answer(state, order):
        return
    tries = state.tries.get(order_id, 0)
    if tries >= policy.questions_an_order:
        state.stuck.add(order_id)
        return
    pauses = policy.query_backoff_s
    pause_s = pauses[min(tries, len(pauses) - 1)]
    state.tries[order_id] = tries + 1
    state.asking.add(order_id)
    after_s = pause_s if at_most_s is None else min(pause_s, at_most_s)
    yield StartTimer(kind="again", key=order_id, after_s=after_s)


def ask_anew(state: State) -> Iterator[Step]:
    """Every order gets its questions back: the venue answers again, or a person asks."""
    stuck = sorted(state.stuck)
    state.stuck.clear()
    state.tries.clear()
    for order_id in stuck:
        yield StartTimer(kind="again", key=order_id, after_s=0.0)


def decide_timer(state: State, timer: TimerFired, context: Context) -> Iterator[Step]:
    """Time is up for an answer: an unacknowledged order becomes UNKNOWN, the rest is asked for."""
    if timer.kind == "account":
        state.comparing = False
        yield QueryAccount()
        return
    if timer.kind in _OTHER_TIMERS:
        yield from _OTHER_TIMERS[timer.kind](state, timer.key, context)
        return
    if timer.kind == "again":
        state.asking.discard(timer.key)
    order = state.orders.get_order(timer.key)
    if order is None or not needs_answer(state, order):
        return
    if timer.kind == "ack" and order.state is OrderState.PENDING:
        yield OrderEvent(
            EventType.SEND_UNKNOWN, order.client_order_id, context.now_ns, reason="NO_ANSWER"
        )
    elif _waits_with_others(state, order, context):
        yield StartTimer(kind="look", key=timer.key, after_s=context.policy.settle_deadline_s)
    else:
        yield query_of(order)


def _waits_with_others(state: State, order: Order, context: Context) -> bool:
    """True while nothing but the answer to its cancel is missing, and that is on its way."""
    return (
        order.client_order_id in context.canceling and order.client_order_id not in state.promised
    )


def _position_settled(state: State, key: str, context: Context) -> Iterator[Step]:
    """A position that the stream showed, and that still is not ours: ask for the executions.

    While fills or newer rows come the two are not of the same moment, and are looked at later.
    """
    heard, (symbol, index) = state.heard.get(key), split_key(key)
    if heard is None:
        return
    wait_ns = round(context.policy.fill_deadline_s * NS)
    newest_ns = max(heard.heard_ts, state.fill_ts.get(symbol, 0))
    if heard.qty == state.positions.get_position(symbol, index).qty:
        del state.heard[key]
    elif context.now_ns - newest_ns < wait_ns:
        after_s = (newest_ns + wait_ns - context.now_ns) / NS
        yield StartTimer(kind="position", key=key, after_s=after_s)
    else:
        del state.heard[key]
        yield QueryAccount(scopes=frozenset({Scope.FILLS, Scope.POSITIONS, Scope.WALLET}))


_OTHER_TIMERS: dict[str, Callable[[State, str, Context], Iterator[Step]]] = {
    "position": _position_settled,
    "suspense": ask_for_order_of,
    "pnl": lambda _state, _key, _context: iter((QueryPnl(),)),
    LOST: lambda state, _key, context: iter((ask_what_was_lost(state, context),)),
}
"""What a timer asks for that is no order's."""


def needs_answer(state: State, order: Order) -> bool:
    """True when something about this order was asked or promised and has not been seen."""
    promise = state.promised.get(order.client_order_id)
    if promise is not None and promise.cum_qty > order.cum_qty:
        return True
    return order.state in AWAITING or order.pending_replace
