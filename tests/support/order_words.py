"""The words of the conformance cases as order events: what the engine hears when one is said."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from engine.core.events import EventType, OrderEvent
from engine.core.types import OrderState


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
"""What each word of the cases is, and how its arguments become fields."""


def order_event(order_id: str, ts: int, word: str, *arguments: Any) -> OrderEvent:
    """The event that tells the engine of `word`."""
    event_type, fields = VOCABULARY[word]
    return OrderEvent(event_type, order_id, ts, **fields(*arguments))
