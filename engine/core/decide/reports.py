"""What a venue's word means for an order: evidence in, events out.

Rows, replies, executions and queries may arrive late, twice, and in any order; each handler yields
only what is new. What is promised but not yet seen is asked for after a while, never assumed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

from engine.core.context import Context
from engine.core.decide.executions import decide_suspense, find_order, halt
from engine.core.decide.recall import recalling
from engine.core.events import ConnectivityChanged, EventType, OrderAdopted, OrderEvent
from engine.core.ledger.executions import position_key
from engine.core.orders.late_accept import late_accept
from engine.core.orders.machine import Order
from engine.core.orders.rows import is_stale
from engine.core.reconcile.evidence import Absence, Heard, Promise
from engine.core.reconcile.margin import hear_position
from engine.core.reports import (
    LinkReport,
    OrderReport,
    Outcome,
    PositionReport,
    RequestKind,
    RequestOutcome,
    VenueStatus,
)
from engine.core.requests import QueryAccount, StartTimer, Step, query_of
from engine.core.state import State
from engine.core.types import (
    EXTERNAL,
    FLATTEN_PREFIX,
    NS,
    ORDER_ID_PREFIX,
    RECOVERED,
    VENUE,
    OrderState,
)

KEY_REFUSED = "AUTH"
"""The reason of a reject that is about the key and not about the order: no other would pass."""
OWN_IDS = (ORDER_ID_PREFIX, FLATTEN_PREFIX)
WORKING = frozenset({VenueStatus.NEW, VenueStatus.PARTIALLY_FILLED})
ACKNOWLEDGING = WORKING | {VenueStatus.FILLED}
ENDINGS = {
    VenueStatus.CANCELED: EventType.CANCEL_ACK,
    VenueStatus.REJECTED: EventType.ORDER_REJECT,
    VenueStatus.EXPIRED: EventType.EXPIRED,
}
TRIGGERS = {
    VenueStatus.UNTRIGGERED: (EventType.UNTRIGGERED, "untriggered"),
    VenueStatus.TRIGGERED: (EventType.TRIGGERED, "triggered"),
}
"""The event that a status is, and what an order knows once it has had it."""


@recalling
def decide_order_report(state: State, report: OrderReport, context: Context) -> Iterator[Step]:
    """Take what an order row proves. Fills are booked from executions, never from rows."""
    order = find_order(state, report.client_order_id, report.exchange_order_id)
    if order is None:
        yield _adopt(report, context)
        order = find_order(state, report.client_order_id, report.exchange_order_id)
        if order is not None and not order.is_external:
            yield query_of(order)
    yield from decide_suspense(state, order, report.exchange_order_id, context)
    if order is None or is_stale(state, report):
        return
    state.absences.pop(order.client_order_id, None)
    was_absent = order.is_reversible
    if report.status is VenueStatus.OTHER:
        yield from _ask_what_it_means(state, order, context)
    else:
        if report.status in ACKNOWLEDGING:
            yield from _acknowledge(order, report, context)
        elif report.status in TRIGGERS:
            event_type, known = TRIGGERS[report.status]
            if not order.acked or order.is_reversible or not getattr(order, known):
                yield row_event(event_type, order, report, context)
        yield from _new_terms(order, report, context)
    if report.status in ENDINGS and (order.is_open or order.is_reversible):
        yield row_event(ENDINGS[report.status], order, report, context)
    if was_absent and not order.is_reversible:
        yield from late_accept(state, order, context)
    if report.cum_qty > order.cum_qty:
        yield from _expect(state, order, report, context)


def _expect(
    state: State, order: Order, report: OrderReport, context: Context
) -> Iterator[StartTimer]:
    """More is filled than executions have told: they are asked for unless they come by then."""
    promise = state.promised.get(order.client_order_id)
    if promise is None or promise.cum_qty < report.cum_qty:
        state.promised[order.client_order_id] = Promise(report.cum_qty, report.avg_price)
        yield StartTimer(
            kind="look", key=order.client_order_id, after_s=context.policy.fill_deadline_s
        )


def _ask_what_it_means(state: State, order: Order, context: Context) -> Iterator[Step]:
    """A status of next year: the order stays as it is and is asked for, if not asked just now."""
    pause_ns = round(context.policy.settle_deadline_s * NS)
    asked_ns = state.puzzling.get(order.client_order_id, -pause_ns)
    if context.now_ns - asked_ns >= pause_ns:
        state.puzzling[order.client_order_id] = context.now_ns
        yield query_of(order)


def _acknowledge(order: Order, report: OrderReport, context: Context) -> Iterator[Step]:
    if order.is_reversible or not order.acked_ts or order.state is OrderState.UNKNOWN:
        yield row_event(EventType.ORDER_ACK, order, report, context)
    if order.untriggered and not order.triggered:
        # A working row of a conditional order: the one that said Triggered is late or lost.
        yield row_event(EventType.TRIGGERED, order, report, context)


def _new_terms(order: Order, report: OrderReport, context: Context) -> Iterator[Step]:
    """Take the terms that the venue shows: as an amend asked for them, or by itself.

    A filled order takes them too: its fills may have overtaken the row of a larger quantity.
    """
    moved = max(report.qty, order.cum_qty) != order.qty or (
        report.price is not None and order.price is not None and report.price != order.price
    )
    moved = moved or _moved_trigger(order, report) is not None
    if order.pending_replace:
        if _is_as_asked(order, report):
            yield row_event(EventType.REPLACE_ACK, order, report, context, terms=True)
            return
        if report.status is VenueStatus.FILLED:  # too late for an amend on its way
            yield row_event(EventType.REPLACE_REJECT, order, report, context)
    if moved and (order.is_open or order.state is OrderState.FILLED):
        yield row_event(EventType.RESTATED, order, report, context, terms=True)


def _is_as_asked(order: Order, report: OrderReport) -> bool:
    """True where the row has every term that a pending amend asks for."""
    trigger_price = None if report.trigger is None else report.trigger.price
    return (
        order.pending_qty in (None, report.qty)
        and order.pending_price in (None, report.price)
        and order.pending_trigger in (None, trigger_price)
    )


def _moved_trigger(order: Order, report: OrderReport) -> Decimal | None:
    """The price that the row's trigger waits for; None where the order knows it."""
    known, shown = order.trigger, report.trigger
    if known is None or shown is None or shown.price == known.price:
        return None
    return shown.price


def row_event(
    event_type: EventType,
    order: Order,
    report: OrderReport,
    context: Context,
    *,
    terms: bool = False,
) -> OrderEvent:
    """The event of this type that an order row amounts to."""
    return OrderEvent(
        event_type,
        order.client_order_id,
        context.now_ns,
        exchange_order_id=report.exchange_order_id,
        qty=report.qty if terms else None,
        price=report.price if terms and order.price is not None else None,
        trigger_price=_moved_trigger(order, report) if terms else None,
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
        trigger=report.trigger,
        attached=report.attached,
        by=_whose(report),
    )


def _whose(report: OrderReport) -> str:
    """Whose an order is that no journal of ours knows: its id tells, or the venue."""
    if report.client_order_id.startswith(OWN_IDS):
        return RECOVERED
    return f"{VENUE}{report.made_as}" if report.made_as else EXTERNAL


def decide_position(state: State, report: PositionReport, context: Context) -> Iterator[Step]:
    """Position rows move nothing: positions come from executions, and are compared.

    A row that differs for longer than fills take to arrive means that one of them was missed.
    """
    hear_position(state, report, context.now_ns)
    key, qty = position_key(report.symbol, report.position_index), report.qty
    differs = qty - state.positions.get_position(report.symbol, report.position_index).qty
    waiting = key in state.heard
    if waiting or (differs and differs not in _known_differences(state, key)):
        state.heard[key] = Heard(qty, context.now_ns)
    if not waiting and key in state.heard:
        yield StartTimer(kind="position", key=key, after_s=context.policy.fill_deadline_s)


def _known_differences(state: State, symbol: str) -> list[Decimal]:
    found = state.reconciled
    known = () if found is None else found.drift + found.noted
    return [drift.qty for drift in known if drift.symbol == symbol]


def decide_outcome(state: State, report: RequestOutcome, context: Context) -> Iterator[Step]:
    """Take the router's last word on one request."""
    order = state.orders.get_order(report.client_order_id)
    if order is None:
        return
    if report.kind is RequestKind.PLACE:
        # Rounds of questions before the last sending prove nothing.
        state.absences.pop(order.client_order_id, None)
    yield from _OUTCOMES[report.kind](state, order, report, context)
    if report.outcome is Outcome.REJECTED and report.reason == KEY_REFUSED:
        yield from halt(state, f"the venue refuses this key: {report.text}", context)
    yield from decide_suspense(state, order, report.exchange_order_id, context)


def _placed(state: State, order: Order, report: RequestOutcome, context: Context) -> Iterator[Step]:
    if report.outcome is Outcome.ACCEPTED:
        was_absent = order.is_reversible
        unheard = not order.exchange_order_id or order.state is OrderState.UNKNOWN
        if unheard or _took_longer(order, report):
            yield _answer(EventType.ORDER_ACK, order, report, context)
        if was_absent and not order.is_reversible:
            yield from late_accept(state, order, context)
    elif report.outcome is Outcome.REJECTED:
        if order.acked and order.is_open:  # it is there: only sending it again was refused
            yield query_of(order)
        elif order.is_open:
            yield _answer(EventType.ORDER_REJECT, order, report, context)
    else:
        if not order.acked:
            state.absences[order.client_order_id] = Absence(since_ts=context.now_ns)
        if order.state in (OrderState.PENDING, OrderState.PENDING_CANCEL):
            yield _answer(EventType.SEND_UNKNOWN, order, report, context)


def _took_longer(order: Order, report: RequestOutcome) -> bool:
    """True where a stream told of an order before the answer did, which knows of retries."""
    return report.attempts > max(order.attempts, 1) and not order.is_reversible


def _amended(
    _state: State, order: Order, report: RequestOutcome, context: Context
) -> Iterator[Step]:
    if report.outcome is Outcome.REJECTED:
        yield _answer(EventType.REPLACE_REJECT, order, report, context)
    elif order.pending_replace:
        yield _look_later(order, context)


def _canceled(
    _state: State, order: Order, report: RequestOutcome, context: Context
) -> Iterator[Step]:
    if report.outcome is Outcome.REJECTED:
        yield _answer(EventType.CANCEL_REJECT, order, report, context)
        if not order.state.is_closed:
            yield query_of(order)
    elif not order.state.is_closed:
        yield _look_later(order, context)


_OUTCOMES: dict[RequestKind, Callable[[State, Order, RequestOutcome, Context], Iterator[Step]]] = {
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


def decide_link(state: State, report: LinkReport, context: Context) -> Iterator[Step]:
    """A stream went up or down; after the private one comes up, the account is compared.

    That it comes up for the first time in a run goes without saying: only changes are events.
    """
    was_up = state.links.get(report.link)
    if was_up is None and report.up:
        state.links[report.link] = True
        if report.link == "private":
            yield QueryAccount()
    elif was_up is not report.up:
        if report.link == "private":
            state.link_ts = context.now_ns
        yield ConnectivityChanged(
            ts=context.now_ns, link=report.link, up=report.up, text=report.text
        )
