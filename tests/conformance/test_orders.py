"""Order histories with their expected outcome, run on the order state machine."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from engine.core.events import EventType, OrderEvent
from engine.core.orders import Order, create_fsm
from engine.core.types import OrderState

FOUR_DECIMALS = Decimal("0.00005")


def number(value: Any) -> Decimal | None:
    """A JSON number or decimal string; null and "-" are no number."""
    return None if value in (None, "-") else Decimal(str(value))


def bare() -> dict[str, Any]:
    return {}


def execution(exec_id: str, qty: Any = None, price: Any = None) -> dict[str, Any]:
    return {"exec_id": exec_id, "last_qty": number(qty), "last_price": number(price)}


def terms(qty: Any, price: Any = None) -> dict[str, Any]:
    return {"qty": number(qty), "price": number(price)}


def status(cum: Any, average: Any = None) -> dict[str, Any]:
    return {"cum_qty": number(cum), "avg_price": number(average)}


def old_status(state: str) -> dict[str, Any]:
    words = {member.value: member for member in OrderState} | OrderState.__members__
    return {"status": words.get(state), "cum_qty": Decimal(0)}


VOCABULARY: dict[str, tuple[EventType, Callable[..., dict[str, Any]]]] = {
    "sent": (EventType.ORDER_SENT, bare),
    "send_unknown": (EventType.SEND_UNKNOWN, bare),
    "ack": (EventType.ORDER_ACK, bare),
    "reject": (EventType.ORDER_REJECT, bare),
    "deny": (EventType.ORDER_DENIED, bare),
    "fill": (EventType.PARTIAL_FILL, execution),
    "bust": (EventType.FILL_BUSTED, execution),
    "correct": (EventType.FILL_CORRECTED, execution),
    "cancel_req": (EventType.CANCEL_REQUEST, bare),
    "cancel_ack": (EventType.CANCEL_ACK, bare),
    "cancel_rej": (EventType.CANCEL_REJECT, bare),
    "replace_req": (EventType.REPLACE_REQUEST, terms),
    "replace_ack": (EventType.REPLACE_ACK, terms),
    "replace_rej": (EventType.REPLACE_REJECT, bare),
    "restated": (EventType.RESTATED, terms),
    "venue_cum": (EventType.STATUS_REPORT, status),
    "stale": (EventType.STATUS_REPORT, old_status),
    "expired": (EventType.EXPIRED, bare),
    "suspend": (EventType.SUSPENDED, bare),
    "resume": (EventType.RESUMED, bare),
    "untriggered": (EventType.UNTRIGGERED, bare),
    "triggered": (EventType.TRIGGERED, bare),
    "give_up": (EventType.PROVEN_ABSENT, bare),
}


def run(case: dict[str, Any]) -> tuple[Order, list[str]]:
    """The order after all events of the case, and the state it showed after each."""
    fsm = create_fsm()
    order = fsm.create_order("o1", "BTCUSDT", "Buy", str(case["qty"]))
    trace = []
    for ts, (word, *arguments) in enumerate(case["events"], start=1):
        event_type, fields = VOCABULARY[word]
        fsm.handle_event(OrderEvent(event_type, "o1", ts, **fields(*arguments)))
        trace.append(order.state.name)
    return order, trace


def test_an_order_history_ends_as_expected(order_case: dict[str, Any]) -> None:
    order, trace = run(order_case)
    expect = order_case["expect"]
    assert trace == order_case["trace"]
    assert order.state.name == expect["status"]
    assert order.cum_qty == number(expect["cum"])
    assert order.leaves_qty == number(expect["leaves"])
    assert order.qty == number(expect["order_qty"])
    assert order.overfill_qty == number(expect["overfill"])
    average = number(expect["avg"])
    if average is None:
        assert order.avg_price is None
    else:
        assert order.avg_price is not None
        assert abs(order.avg_price - average) <= FOUR_DECIMALS
