"""What a venue's word means for an order: evidence in, events out.

Rows, replies, executions and queries may arrive late, twice, and in any order; each handler yields
only what is new. What is promised but not yet seen is asked for after a while, never assumed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from engine.core.context import Context
from engine.core.decide_executions import (
    ask_for_order_of,
    decide_fill,
    decide_suspense,
    find_order,
)
from engine.core.decide_lost import LOST, ask_what_was_lost
from engine.core.events import ConnectivityChanged, EventType, OrderAdopted, OrderEvent
from engine.core.order_rows import is_stale
from engine.core.orders import Order
from engine.core.recall import recalling
from engine.core.reports import (
    LinkReport,
    OrderLookup,
    OrderReport,
    Outcome,
    PositionReport,
    RequestKind,
    RequestOutcome,
    VenueStatus,
)
from engine.core.requests import QueryAccount, QueryPnl, StartTimer, Step, TimerFired, query_of
from engine.core.state import State
from engine.core.types import ZERO, OrderState

NS = 1_000_000_000
WORKING = frozenset({VenueStatus.NEW, VenueStatus.PARTIALLY_FILLED})
ACKNOWLEDGING = WORKING | {VenueStatus.FILLED}
ENDINGS = {
    VenueStatus.CANCELED: EventType.CANCEL_ACK,
    VenueStatus.REJECTED: EventType.ORDER_REJECT,
    VenueStatus.EXPIRED: EventType.EXPIRED,
}
AWAITING = frozenset(
    {
        OrderState.PENDING,
        OrderState.UNKNOWN,
        OrderState.PENDING_CANCEL,
        OrderState.PENDING_REPLACE,
    }
)
TRIGGERS = {
    VenueStatus.UNTRIGGERED: (EventType.UNTRIGGERED, OrderState.UNTRIGGERED),
    VenueStatus.TRIGGERED: (EventType.TRIGGERED, OrderState.NEW),
}


@recalling
def decide_order_report(state: State, report: OrderReport, context: Context) -> Iterator[Step]:
    """Take what an order row proves. Fills are booked from executions, never from rows."""
    order = find_order(state, report.client_order_id, report.exchange_order_id)
    if order is None:
        yield _adopt(report, context)
        order = find_order(state, report.client_order_id, report.exchange_order_id)
    yield from decide_suspense(state, order, report.exchange_order_id, context)
    if order is None or is_stale(state, report):
        return
    if report.status is VenueStatus.OTHER:
        yield from _ask_what_it_means(state, order, context)
    else:
        if report.status in ACKNOWLEDGING:
            yield from _acknowledge(order, report, context)
        elif report.status in TRIGGERS:
            event_type, shown = TRIGGERS[report.status]
            if order.state is not shown:
                yield _event(event_type, order, report, context)
        yield from _new_terms(order, report, context)
    if report.status in ENDINGS and (order.is_open or order.is_reversible):
        yield _event(ENDINGS[report.status], order, report, context)
    if report.cum_qty > order.cum_qty:
        state.promised[order.client_order_id] = report.cum_qty
        yield _look_later(order, context)


def _ask_what_it_means(state: State, order: Order, context: Context) -> Iterator[Step]:
    """A status of next year: the order stays as it is and is asked for, if not asked just now."""
    pause_ns = round(context.policy.settle_deadline_s * NS)
    asked_ns = state.puzzling.get(order.client_order_id, -pause_ns)
    if context.now_ns - asked_ns >= pause_ns:
        state.puzzling[order.client_order_id] = context.now_ns
        yield query_of(order)


def _acknowledge(order: Order, report: OrderReport, context: Context) -> Iterator[Step]:
    if order.is_reversible or not order.acked_ts or order.state is OrderState.UNKNOWN:
        yield _event(EventType.ORDER_ACK, order, report, context)
    if order.untriggered and not order.triggered:
        # A working row of a conditional order: the one that said Triggered is late or lost.
        yield _event(EventType.TRIGGERED, order, report, context)


def _new_terms(order: Order, report: OrderReport, context: Context) -> Iterator[Step]:
    """Take the terms that the venue shows: as an amend asked for them, or by itself.

    A filled order takes them too: its fills may have overtaken the row of a larger quantity.
    """
    moved = max(report.qty, order.cum_qty) != order.qty or (
        report.price is not None and order.price is not None and report.price != order.price
    )
    asked = order.pending_qty is not None or order.pending_price is not None
    if asked:
        as_asked = order.pending_qty in (None, report.qty) and order.pending_price in (
            None,
            report.price,
        )
        if as_asked:
            yield _event(EventType.REPLACE_ACK, order, report, context, terms=True)
            return
    if moved and (order.is_open or order.state is OrderState.FILLED):
        yield _event(EventType.RESTATED, order, report, context, terms=True)


def _event(
    event_type: EventType,
    order: Order,
    report: OrderReport,
    context: Context,
    *,
    terms: bool = False,
) -> OrderEvent:
    return OrderEvent(
        event_type,
        order.client_order_id,
        context.now_ns,
        exchange_order_id=report.exchange_order_id,
        qty=report.qty if terms else None,
        price=report.price if terms and order.price is not None else None,
        reason=report.reason,
        text=report.text,
    )


def _adopt(report: OrderReport, context: Context) -> OrderAdopted:
    return OrderAdopted(
        ts=context.now_ns,
        client_order_id=report.client_order_id or report.exchange_order_id,
        exchange_order_id=report.exchange_order_id,
        symbol=report.symbol,
        side=report.side,
        qty=report.qty,
        price=report.price,
        type=report.type,
        time_in_force=report.time_in_force,
        reduce_only=report.reduce_only,
        position_index=report.position_index,
    )


def decide_position(_state: State, _report: PositionReport, _context: Context) -> Iterator[Step]:
    """Position rows move nothing: positions come from executions, and are compared on reconcile."""
    yield from ()


def decide_outcome(state: State, report: RequestOutcome, context: Context) -> Iterator[Step]:
    """Take the router's last word on one request."""
    order = state.orders.get_order(report.client_order_id)
    if order is None:
        return
    if report.kind is RequestKind.PLACE:
        state.absences.pop(
            order.client_order_id, None
        )  # looks before the last sending prove nothing
    yield from _OUTCOMES[report.kind](order, report, context)
    yield from decide_suspense(state, order, report.exchange_order_id, context)


def _placed(order: Order, report: RequestOutcome, context: Context) -> Iterator[Step]:
    if report.outcome is Outcome.ACCEPTED:
        if not order.exchange_order_id or order.state is OrderState.UNKNOWN:
            yield _answer(EventType.ORDER_ACK, order, report, context)
    elif report.outcome is Outcome.REJECTED:
        if not order.state.is_closed:
            yield _answer(EventType.ORDER_REJECT, order, report, context)
    elif order.state in (OrderState.PENDING, OrderState.PENDING_CANCEL):
        yield _answer(EventType.SEND_UNKNOWN, order, report, context)


def _amended(order: Order, report: RequestOutcome, context: Context) -> Iterator[Step]:
    if report.outcome is Outcome.REJECTED:
        yield _answer(EventType.REPLACE_REJECT, order, report, context)
    elif order.pending_qty is not None or order.pending_price is not None:
        yield _look_later(order, context)


def _canceled(order: Order, report: RequestOutcome, context: Context) -> Iterator[Step]:
    if report.outcome is Outcome.REJECTED:
        yield _answer(EventType.CANCEL_REJECT, order, report, context)
        if not order.state.is_closed:
            yield query_of(order)
    elif not order.state.is_closed:
        yield _look_later(order, context)


_OUTCOMES: dict[RequestKind, Callable[[Order, RequestOutcome, Context], Iterator[Step]]] = {
    RequestKind.PLACE: _placed,
    RequestKind.AMEND: _amended,
    RequestKind.CANCEL: _canceled,
}


def _answer(
    event_type: EventType, order: Order, report: RequestOutcome, context: Context
) -> OrderEvent:
    return OrderEvent(
        event_type,
        order.client_order_id,
        context.now_ns,
        exchange_order_id=report.exchange_order_id,
        reason=report.reason,
        text=report.text,
        attempts=report.attempts,
    )


def _look_later(order: Order, context: Context) -> StartTimer:
    return StartTimer(
        kind="look", key=order.client_order_id, after_s=context.policy.settle_deadline_s
    )


def decide_lookup(state: State, lookup: OrderLookup, context: Context) -> Iterator[Step]:
    """Take everything the venue says of one order; without an answer ask again, later each time.

    Absence is declared only on proof: clean reads of every place an order can be, twice, after
    the request can no longer be accepted and will not be repeated.
    """
    order = state.orders.get_order(lookup.client_order_id)
    if order is None and lookup.order is not None:
        yield from decide_order_report(state, lookup.order, context)
    for fill in lookup.fills:
        yield from decide_fill(state, fill, context)
    if order is None:
        return
    if lookup.order is not None:
        state.absences.pop(order.client_order_id, None)
        state.tries.pop(order.client_order_id, None)
        if lookup.order.status is VenueStatus.OTHER:
            state.puzzling[order.client_order_id] = context.now_ns  # asking again tells no more
        yield from decide_order_report(state, lookup.order, context)
        yield from _unconfirmed(order, lookup.order, context)
        return
    if order.state.is_closed or not lookup.complete:
        yield from _ask_again(state, order, context)
        return
    reads = state.absences.get(order.client_order_id, 0) + 1
    state.absences[order.client_order_id] = reads
    age_s = (context.now_ns - order.created_ts) / NS
    sent_again = order.client_order_id in context.placing
    policy = context.policy
    if reads >= policy.absent_reads and age_s >= policy.absent_after_s and not sent_again:
        del state.absences[order.client_order_id]
        yield OrderEvent(
            EventType.PROVEN_ABSENT,
            order.client_order_id,
            context.now_ns,
            reason="NOT_AT_VENUE",
            text=f"{reads} clean reads, {age_s:.1f} s after it was sent",
        )
    else:
        yield from _ask_again(state, order, context)


def _unconfirmed(order: Order, report: OrderReport, context: Context) -> Iterator[Step]:
    """Lift a pending cancel or amend that the venue, asked, shows no trace of."""
    if report.status not in WORKING:
        return
    if order.state is OrderState.PENDING_CANCEL:
        yield _event(EventType.CANCEL_REJECT, order, report, context)
    elif order.state is OrderState.PENDING_REPLACE:
        yield _event(EventType.REPLACE_REJECT, order, report, context)


def _ask_again(state: State, order: Order, context: Context) -> Iterator[Step]:
    order_id = order.client_order_id
    if order.state.is_closed or order_id in state.asking:
        return
    pauses = context.policy.query_backoff_s
    tries = state.tries.get(order_id, 0)
    state.tries[order_id] = tries + 1
    state.asking.add(order_id)
    yield StartTimer(kind="again", key=order_id, after_s=pauses[min(tries, len(pauses) - 1)])


def decide_link(state: State, report: LinkReport, context: Context) -> Iterator[Step]:
    """A stream went up or down; after the private one comes up, the account is compared."""
    if state.links.get(report.link) is not report.up:
        yield ConnectivityChanged(
            ts=context.now_ns, link=report.link, up=report.up, text=report.text
        )


def decide_timer(state: State, timer: TimerFired, context: Context) -> Iterator[Step]:
    """Time is up for an answer: an unacknowledged order becomes UNKNOWN, the rest is asked for."""
    if timer.kind == "account":
        yield QueryAccount()
        return
    if timer.kind == "pnl":
        yield QueryPnl()
        return
    if timer.kind == "suspense":
        yield from ask_for_order_of(state, timer.key, context)
        return
    if timer.kind == LOST:
        yield ask_what_was_lost(state, context)
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
    else:
        yield query_of(order)


def needs_answer(state: State, order: Order) -> bool:
    """True when something about this order was asked or promised and has not been seen."""
    if state.promised.get(order.client_order_id, ZERO) > order.cum_qty:
        return True
    state.promised.pop(order.client_order_id, None)
    return order.state in AWAITING
