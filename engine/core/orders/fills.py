"""What executions do to an order: booked once, taken back, corrected, or inferred.

- An exec id is booked once; other content under it is a conflict, and the first stays.
- A bust or correction wins over its execution, whichever comes first.
- What a status report shows beyond the executions seen is inferred, at the price that gives the
  venue's average; executions that come later take its place.
"""

from __future__ import annotations

from decimal import Decimal

from engine.core.events import OrderEvent
from engine.core.orders.history import Execution, Fill
from engine.core.orders.state import Anomalies, Anomaly, Order, show_life
from engine.core.plain import decimal_text
from engine.core.types import CLOSED_STATES, ZERO, to_decimal


def fill(order: Order, event: OrderEvent, anomalies: Anomalies) -> str | Execution | None:
    """An execution: book it once, whatever state the order is in."""
    execution = _execution(event, anomalies)
    if execution is None:
        return None
    known = order.execution(event.exec_id)
    if known is None:
        _count(order, event, execution.qty, execution.qty * execution.price, anomalies)
        return execution
    if known.has(execution.qty, execution.price):
        return None
    anomalies[Anomaly.FILL_CONFLICT] += 1
    return f"conflict: {event.exec_id} is booked as {known.words}, not {execution.words}"


def _execution(event: OrderEvent, anomalies: Anomalies) -> Execution | None:
    """The execution that an event carries, or None (counted) when it is not one."""
    qty, price = event.last_qty, event.last_price
    if event.exec_id and qty is not None and price is not None:
        if not (type(qty) is type(price) is Decimal and qty.is_finite() and price.is_finite()):
            qty, price = to_decimal(qty, "last_qty"), to_decimal(price, "last_price")
        if qty > ZERO and price > ZERO:
            return Execution(qty, price, exec_id=event.exec_id)
    anomalies[Anomaly.BAD_EVENT] += 1
    return None


def _count(
    order: Order, event: OrderEvent, qty: Decimal, value: Decimal, anomalies: Anomalies
) -> None:
    """Raise the filled quantity, but by what was inferred before.

    What grows a closed order is late, or too much.
    """
    if order.inferred_qty:
        qty = _take_place(order, qty, value)
    order.cum_qty = cum_qty = order.cum_qty + qty
    if qty:
        if cum_qty > order.qty:
            anomalies[Anomaly.OVERFILL] += 1
        elif order.state in CLOSED_STATES:
            anomalies[Anomaly.LATE_FILL] += 1
    if not order.first_fill_ts:
        order.first_fill_ts = event.ts
    if order.synthetic or not order.acked:
        show_life(order, event.ts, anomalies)


def _take_place(order: Order, qty: Decimal, value: Decimal) -> Decimal:
    """Quantity that an execution adds beyond what was inferred and now is told."""
    covered, covered_value = qty, value
    if qty >= order.inferred_qty:
        covered, covered_value = order.inferred_qty, order.inferred_value
    order.inferred_qty -= covered
    order.inferred_value -= covered_value
    return qty - covered


def busted(order: Order, event: OrderEvent, anomalies: Anomalies) -> str | None:
    """The venue took an execution back: it never counts again, whenever it is heard of."""
    known = order.execution(event.exec_id)
    order.amend(event.exec_id, Fill(ZERO, ZERO, amended=True))
    if known is None:
        show_life(order, event.ts, anomalies)  # what has traded exists
        return f"{event.exec_id} taken back before it was seen"
    if not known.qty:
        return None
    order.cum_qty -= known.qty
    return f"{event.exec_id} taken back: {known.words}"


def corrected(order: Order, event: OrderEvent, anomalies: Anomalies) -> str | None:
    """The venue corrected an execution: from now on it counts with the new content."""
    execution = _execution(event, anomalies)
    if execution is None:
        return None
    qty, price = execution.qty, execution.price
    known = order.execution(event.exec_id)
    if known is not None and not known.qty:
        return None  # taken back for good
    amended = Fill(qty, price, amended=True)
    order.amend(event.exec_id, amended)
    if known is not None and known.qty == qty and known.price == price:
        return None
    if known is None:
        _count(order, event, qty, qty * price, anomalies)
        return f"{event.exec_id} corrected to {amended.words} before it was seen"
    order.cum_qty += qty - known.qty
    return f"{event.exec_id} corrected: {known.words} -> {amended.words}"


def infer(order: Order, event: OrderEvent, cum: Decimal, anomalies: Anomalies) -> str | None:
    """Book what the venue shows beyond the executions seen, at the price that gives its average."""
    missing = cum - order.cum_qty
    if event.avg_price is not None:
        value = cum * to_decimal(event.avg_price, "avg_price") - order.filled_value
    else:
        estimate = order.avg_price if order.price is None else order.price
        if estimate is None:
            anomalies[Anomaly.UNPRICED_REPORT] += 1
            return f"venue shows {decimal_text(cum)} filled at no price: not booked"
        value = missing * estimate
    inferred, inferred_value = order.inferred_qty + missing, order.inferred_value + value
    order.inferred_qty = order.inferred_value = ZERO  # this is added to it, and takes no place
    _count(order, event, missing, value, anomalies)
    order.inferred_qty, order.inferred_value = inferred, inferred_value
    return f"venue shows {decimal_text(cum)}: {decimal_text(missing)} inferred"
