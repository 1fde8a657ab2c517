"""What each kind of event does to an order: one small rule an event type, `RULES` the table.

A rule takes in the evidence and returns what the order's history is to tell, or None when the event
told nothing new. Evidence adds up rather than replaces, so that the same reports in another order,
or twice, lead to the same end:

- an acknowledgement once is one for ever: a place whose fate was unknown is known again;
- the venue's word on how an order ended stays; an ending by proof of absence yields to any sign of
  life and to the venue's own word;
- a request waits for its own answer, or for the order's end;
- a status report counts up, never down: less than we know is an old report;
- for executions see `fills`.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from msgspec.structs import replace

from engine.core.events import EventType, OrderEvent
from engine.core.orders.fills import busted, corrected, fill, infer
from engine.core.orders.history import Execution
from engine.core.orders.state import (
    Anomalies,
    Anomaly,
    Order,
    Refusal,
    show_life,
    why_not_cancel,
    why_not_replace,
)
from engine.core.plain import decimal_text
from engine.core.types import OrderState, to_decimal

Rule = Callable[[Order, OrderEvent, Anomalies], str | Execution | None]


def _sent(order: Order, event: OrderEvent, _anomalies: Anomalies) -> str | None:
    if order.sent:
        return None
    order.sent = True
    return words_of(event)


def _send_unknown(order: Order, event: OrderEvent, _anomalies: Anomalies) -> str | None:
    if order.acked or order.unknown or order.terminal is not None:
        return None
    order.sent = order.unknown = True
    order.attempts = max(order.attempts, event.attempts)
    return words_of(event)


def _ack(order: Order, event: OrderEvent, anomalies: Anomalies) -> str | None:
    if event.attempts > order.attempts:
        order.attempts = event.attempts
    return words_of(event) if show_life(order, event.ts, anomalies) else None


def _ends(ending: OrderState) -> Rule:
    """The rule of an event by which the venue says that the order is over."""

    def end(order: Order, event: OrderEvent, anomalies: Anomalies) -> str | None:
        if order.terminal is not None and not order.synthetic:
            if order.terminal is not ending:
                anomalies[Anomaly.ENDING_CONFLICT] += 1
            return None
        order.attempts = max(order.attempts, event.attempts)
        stale = order.state is OrderState.FILLED
        _end(order, ending, synthetic=False)
        if stale:
            anomalies[Anomaly.STALE_REPORT] += 1
            return None
        order.reason, order.text = event.reason, event.text
        return words_of(event)

    return end


_deny = _ends(OrderState.DENIED)


def _end(order: Order, ending: OrderState, *, synthetic: bool) -> None:
    """What ends an order ends the requests about it."""
    order.terminal = ending
    order.synthetic = synthetic
    order.unknown = order.pending_cancel = False
    _answered(order)


def _answered(order: Order) -> None:
    """No amend waits for an answer any more."""
    order.pending_qty = order.pending_price = order.pending_trigger = None


def _denied(order: Order, event: OrderEvent, anomalies: Anomalies) -> str | Execution | None:
    if order.sent:
        # Ours to refuse only before it left; afterwards it ends by the venue's word or proof.
        anomalies[Anomaly.BAD_EVENT] += 1
        return None
    return _deny(order, event, anomalies)


def _proven_absent(order: Order, event: OrderEvent, _anomalies: Anomalies) -> str | None:
    if not order.is_open:
        return None
    ending = OrderState.CANCELED if order.acked else OrderState.REJECTED
    _end(order, ending, synthetic=True)
    order.reason, order.text = event.reason, event.text
    return words_of(event)


def _cancel_request(order: Order, event: OrderEvent, anomalies: Anomalies) -> str | None:
    refusal = why_not_cancel(order)
    if refusal:
        return _refuse(refusal, anomalies)
    order.pending_cancel = True
    return words_of(event)


def _cancel_reject(order: Order, event: OrderEvent, _anomalies: Anomalies) -> str | None:
    order.pending_cancel = False
    return words_of(event)


def _replace_request(order: Order, event: OrderEvent, anomalies: Anomalies) -> str | None:
    qty, price, trigger_price = _terms(event)
    refusal = why_not_replace(order, qty, price, trigger_price)
    # Once it went out, an amend that changes nothing waits for its answer like any other.
    if refusal and refusal is not Refusal.NO_CHANGE:
        return _refuse(refusal, anomalies)
    order.pending_qty, order.pending_price, order.pending_trigger = qty, price, trigger_price
    return _change(order, qty, price, trigger_price)


def _refuse(refusal: Refusal, anomalies: Anomalies) -> str:
    anomalies[Anomaly.REFUSED_REQUEST] += 1
    return f"refused: {refusal}"


def _replace_reject(order: Order, event: OrderEvent, _anomalies: Anomalies) -> str | None:
    _answered(order)
    return words_of(event)


def _replace_ack(order: Order, event: OrderEvent, anomalies: Anomalies) -> str | None:
    qty, price, trigger_price = _terms(event)
    qty = order.pending_qty if qty is None else qty
    price = order.pending_price if price is None else price
    trigger_price = order.pending_trigger if trigger_price is None else trigger_price
    asked = order.pending_replace
    _answered(order)
    change = _agree(order, event, qty, price, trigger_price, anomalies)
    return change if asked or change else None


def _restated(order: Order, event: OrderEvent, anomalies: Anomalies) -> str | None:
    return _agree(order, event, *_terms(event), anomalies) or None


def _agree(
    order: Order,
    event: OrderEvent,
    qty: Decimal | None,
    price: Decimal | None,
    trigger_price: Decimal | None,
    anomalies: Anomalies,
) -> str:
    """Take the venue's terms; a quantity below what has filled means: no more than that."""
    show_life(order, event.ts, anomalies)
    change = _change(order, qty, price, trigger_price)
    if qty is not None:
        order.qty = max(qty, order.cum_qty)
    if price is not None:
        order.price = price
    if trigger_price is not None and order.trigger is not None:
        order.trigger = replace(order.trigger, price=trigger_price)
    return change


def _flags(**values: bool) -> Rule:
    """The rule of an event that only says how the order stands at the venue."""

    def set_flags(order: Order, event: OrderEvent, anomalies: Anomalies) -> str | None:
        news = show_life(order, event.ts, anomalies)
        for name, value in values.items():
            news = news or getattr(order, name) is not value
            setattr(order, name, value)
        return words_of(event) if news else None

    return set_flags


def _status_report(order: Order, event: OrderEvent, anomalies: Anomalies) -> str | None:
    lines: list[str | Execution | None] = []
    means = None if event.status is None else _STATUS_MEANS.get(event.status)
    if event.cum_qty is not None:
        cum = to_decimal(event.cum_qty, "cum_qty")
        if cum < order.cum_qty:
            anomalies[Anomaly.STALE_REPORT] += 1
            # An old row may show less; that the order is over stays true.
            means = means if means in _ENDINGS else None
        elif cum > order.cum_qty:
            lines.append(infer(order, event, cum, anomalies))
    if means is not None:
        lines.append(RULES[means](order, event, anomalies))
    told = [line for line in lines if isinstance(line, str)]
    return "; ".join(filter(None, told)) if told else None


def _terms(event: OrderEvent) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
    return (
        None if event.qty is None else to_decimal(event.qty, "qty"),
        None if event.price is None else to_decimal(event.price, "price"),
        None if event.trigger_price is None else to_decimal(event.trigger_price, "trigger_price"),
    )


def _change(
    order: Order, qty: Decimal | None, price: Decimal | None, trigger_price: Decimal | None
) -> str:
    """`qty 10 -> 8, price 100 -> 99`: what these terms would change."""
    changes = []
    if qty is not None and qty != order.qty:
        changes.append(f"qty {decimal_text(order.qty)} -> {decimal_text(qty)}")
    if price is not None and price != order.price:
        old = "none" if order.price is None else decimal_text(order.price)
        changes.append(f"price {old} -> {decimal_text(price)}")
    trigger = order.trigger
    if trigger_price is not None and trigger is not None and trigger_price != trigger.price:
        changes.append(f"trigger {decimal_text(trigger.price)} -> {decimal_text(trigger_price)}")
    return ", ".join(changes)


def words_of(event: OrderEvent) -> str:
    """What an event says of why it happened."""
    reason = event.reason
    if not reason:
        return event.text
    return f"{reason}: {event.text}" if event.text else reason


RULES: dict[EventType, Rule] = {
    EventType.ORDER_SENT: _sent,
    EventType.SEND_UNKNOWN: _send_unknown,
    EventType.ORDER_ACK: _ack,
    EventType.ORDER_REJECT: _ends(OrderState.REJECTED),
    EventType.ORDER_DENIED: _denied,
    EventType.PARTIAL_FILL: fill,
    EventType.FULL_FILL: fill,
    EventType.CANCEL_REQUEST: _cancel_request,
    EventType.CANCEL_ACK: _ends(OrderState.CANCELED),
    EventType.CANCEL_REJECT: _cancel_reject,
    EventType.REPLACE_REQUEST: _replace_request,
    EventType.REPLACE_ACK: _replace_ack,
    EventType.REPLACE_REJECT: _replace_reject,
    EventType.RESTATED: _restated,
    EventType.EXPIRED: _ends(OrderState.EXPIRED),
    EventType.SUSPENDED: _flags(suspended=True),
    EventType.RESUMED: _flags(suspended=False),
    EventType.UNTRIGGERED: _flags(untriggered=True),
    EventType.TRIGGERED: _flags(triggered=True),
    EventType.STATUS_REPORT: _status_report,
    EventType.PROVEN_ABSENT: _proven_absent,
    EventType.FILL_BUSTED: busted,
    EventType.FILL_CORRECTED: corrected,
}
"""What each event type does. Every type has a rule."""

_STATUS_MEANS: dict[OrderState, EventType] = {
    OrderState.NEW: EventType.ORDER_ACK,
    OrderState.PARTIALLY_FILLED: EventType.ORDER_ACK,
    OrderState.FILLED: EventType.ORDER_ACK,
    OrderState.UNTRIGGERED: EventType.UNTRIGGERED,
    OrderState.SUSPENDED: EventType.SUSPENDED,
    OrderState.CANCELED: EventType.CANCEL_ACK,
    OrderState.REJECTED: EventType.ORDER_REJECT,
    OrderState.EXPIRED: EventType.EXPIRED,
}
"""The event that a reported status is as good as."""

_ENDINGS = frozenset({EventType.CANCEL_ACK, EventType.ORDER_REJECT, EventType.EXPIRED})
