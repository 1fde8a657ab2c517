from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

import pytest

from engine.core.events import EventType, OrderEvent
from engine.core.orders.machine import Anomaly, Order, OrderStateMachine, create_fsm
from engine.core.orders.rules import RULES
from engine.core.types import OrderState


class Desk:
    """One order for 10 at 100, and the machine it lives in."""

    def __init__(self, *words: EventType) -> None:
        self.fsm: OrderStateMachine = create_fsm()
        self.order: Order = self.fsm.create_order("o1", "BTCUSDT", "Buy", 10, 100, ts=1)
        self.ts = 1
        for word in words:
            self.tell(word)

    def tell(self, event_type: EventType, **fields: Any) -> OrderState:
        self.ts += 1
        self.fsm.handle_event(OrderEvent(event_type, "o1", self.ts, **fields))
        return self.order.state

    def fill(self, exec_id: str, qty: int, price: int = 100) -> OrderState:
        return self.tell(
            EventType.PARTIAL_FILL,
            exec_id=exec_id,
            last_qty=Decimal(qty),
            last_price=Decimal(price),
        )

    @property
    def anomalies(self) -> dict[str, int]:
        return dict(self.fsm.anomalies)

    @property
    def lines(self) -> list[tuple[str, str]]:
        return [(entry.type, entry.text) for entry in self.order.history]


RESTING = (EventType.ORDER_SENT, EventType.ORDER_ACK)


def test_every_event_type_has_a_rule() -> None:
    assert set(RULES) == set(EventType)


def test_what_is_told_twice_is_in_the_history_once() -> None:
    desk = Desk(*RESTING, *RESTING)
    assert desk.lines == [("ORDER_SENT", ""), ("ORDER_ACK", "")]
    assert (desk.order.acked_ts, desk.order.updated_ts) == (3, 3)


def test_a_timeout_after_the_acknowledgement_proves_nothing() -> None:
    desk = Desk(*RESTING)
    assert desk.tell(EventType.SEND_UNKNOWN) is OrderState.NEW
    assert len(desk.order.history) == 2


def test_a_timeout_before_the_note_that_it_was_sent_makes_the_order_unknown() -> None:
    desk = Desk()
    assert desk.tell(EventType.SEND_UNKNOWN, reason="TIMEOUT", attempts=4) is OrderState.UNKNOWN
    assert desk.tell(EventType.ORDER_SENT) is OrderState.UNKNOWN
    assert (desk.order.attempts, desk.lines) == (4, [("SEND_UNKNOWN", "TIMEOUT")])


def test_a_rejection_keeps_its_reason_and_text() -> None:
    desk = Desk(EventType.ORDER_SENT)
    state = desk.tell(EventType.ORDER_REJECT, reason="NO_BALANCE", text="too poor", attempts=2)
    assert state is OrderState.REJECTED
    assert (desk.order.reason, desk.order.text, desk.order.attempts) == (
        "NO_BALANCE",
        "too poor",
        2,
    )
    assert desk.lines[-1] == ("ORDER_REJECT", "NO_BALANCE: too poor")
    assert desk.order.acked_ts == 0


def test_the_first_word_of_the_venue_on_the_end_stays() -> None:
    desk = Desk(*RESTING, EventType.CANCEL_ACK)
    assert desk.tell(EventType.EXPIRED) is OrderState.CANCELED
    assert desk.tell(EventType.CANCEL_ACK) is OrderState.CANCELED
    assert desk.anomalies == {Anomaly.ENDING_CONFLICT: 1}


def test_a_cancellation_after_the_last_fill_is_an_old_report() -> None:
    desk = Desk(*RESTING)
    desk.fill("e1", 10)
    assert desk.tell(EventType.CANCEL_ACK, reason="USER") is OrderState.FILLED
    assert desk.order.reason == ""
    assert desk.anomalies == {Anomaly.STALE_REPORT: 1}


def test_only_an_order_that_was_not_sent_can_be_denied() -> None:
    denied = Desk()
    assert denied.tell(EventType.ORDER_DENIED, reason="MAX_POSITION") is OrderState.DENIED
    assert denied.order.reason == "MAX_POSITION"
    sent = Desk(*RESTING)
    assert sent.tell(EventType.ORDER_DENIED) is OrderState.NEW
    assert sent.anomalies == {Anomaly.BAD_EVENT: 1}


def test_a_fill_of_a_denied_order_is_booked_and_alarmed() -> None:
    desk = Desk(EventType.ORDER_DENIED)
    assert desk.fill("e1", 4) is OrderState.DENIED
    assert desk.fill("e2", 6) is OrderState.FILLED
    assert desk.order.cum_qty == 10
    assert desk.anomalies == {Anomaly.LATE_FILL: 2, Anomaly.ILLEGAL_TRANSITION: 1}


def test_proven_absence_is_reversed_by_any_sign_of_life() -> None:
    desk = Desk(*RESTING)
    assert desk.tell(EventType.PROVEN_ABSENT, reason="NOT_AT_VENUE") is OrderState.CANCELED
    assert desk.order.is_reversible
    assert desk.tell(EventType.ORDER_ACK) is OrderState.NEW
    assert (desk.order.reason, desk.order.is_reversible) == ("", False)
    assert desk.anomalies == {Anomaly.RESURRECTED: 1}
    assert desk.order in desk.fsm.open_orders()


def test_the_venue_corrects_an_absence_that_only_seemed_proven() -> None:
    desk = Desk(EventType.ORDER_SENT, EventType.SEND_UNKNOWN, EventType.PROVEN_ABSENT)
    assert desk.tell(EventType.EXPIRED) is OrderState.EXPIRED
    assert not desk.order.is_reversible
    assert desk.tell(EventType.PROVEN_ABSENT) is OrderState.EXPIRED
    assert desk.anomalies == {}


def test_proven_absence_ends_the_requests_about_the_order() -> None:
    desk = Desk(*RESTING, EventType.CANCEL_REQUEST, EventType.PROVEN_ABSENT)
    assert desk.tell(EventType.ORDER_ACK) is OrderState.NEW


def test_a_request_that_is_refused_here_is_noted_and_counted() -> None:
    desk = Desk(*RESTING, EventType.CANCEL_REQUEST, EventType.CANCEL_REQUEST)
    assert desk.lines[-1] == ("CANCEL_REQUEST", "refused: CANCEL_PENDING")
    assert desk.tell(EventType.REPLACE_REQUEST, qty=Decimal(9)) is OrderState.PENDING_CANCEL
    assert desk.lines[-1] == ("REPLACE_REQUEST", "refused: CANCEL_PENDING")
    assert desk.anomalies == {Anomaly.REFUSED_REQUEST: 2}


def test_a_refused_cancel_lifts_itself_and_shows_the_amend_underneath() -> None:
    desk = Desk(*RESTING)
    desk.tell(EventType.REPLACE_REQUEST, qty=Decimal(8), price=Decimal(99))
    assert desk.lines[-1] == ("REPLACE_REQUEST", "qty 10 -> 8, price 100 -> 99")
    assert desk.tell(EventType.CANCEL_REQUEST) is OrderState.PENDING_CANCEL
    assert desk.tell(EventType.CANCEL_REJECT, text="busy") is OrderState.PENDING_REPLACE
    assert desk.lines[-1] == ("CANCEL_REJECT", "busy")
    assert desk.tell(EventType.REPLACE_REJECT) is OrderState.NEW
    assert desk.order.qty == 10
    assert desk.order.price == 100
    assert desk.anomalies == {}


def test_an_amend_is_granted_with_the_terms_that_were_asked_for() -> None:
    desk = Desk(*RESTING)
    desk.tell(EventType.REPLACE_REQUEST, price=Decimal(99))
    assert desk.order.pending_qty is None
    assert desk.order.pending_price == 99
    assert desk.tell(EventType.REPLACE_ACK) is OrderState.NEW
    assert desk.order.qty == 10
    assert desk.order.price == 99
    assert desk.lines[-1] == ("REPLACE_ACK", "price 100 -> 99")
    history = len(desk.order.history)
    desk.tell(EventType.REPLACE_ACK, qty=Decimal(10), price=Decimal(99))
    assert len(desk.order.history) == history


def test_an_amend_that_changes_nothing_still_waits_for_its_answer() -> None:
    desk = Desk(*RESTING)
    assert desk.tell(EventType.REPLACE_REQUEST, qty=Decimal(10)) is OrderState.PENDING_REPLACE
    assert desk.tell(EventType.REPLACE_ACK) is OrderState.NEW


def test_the_venue_may_restate_terms_even_of_a_market_order() -> None:
    fsm = create_fsm()
    order = fsm.create_order("m1", "BTCUSDT", "Sell", 3)
    event = OrderEvent(EventType.RESTATED, "m1", qty=Decimal(2), price=Decimal(50))
    fsm.handle_event(event)
    assert order.state is OrderState.NEW
    assert order.qty == 2
    assert order.price == 50
    fsm.handle_event(event)
    assert [entry.text for entry in order.history] == ["qty 3 -> 2, price none -> 50"]


def test_standing_at_the_venue_is_news_only_when_it_changes() -> None:
    desk = Desk(EventType.ORDER_SENT)
    assert desk.tell(EventType.UNTRIGGERED) is OrderState.UNTRIGGERED
    assert desk.tell(EventType.UNTRIGGERED) is OrderState.UNTRIGGERED
    assert desk.tell(EventType.TRIGGERED) is OrderState.NEW
    assert desk.tell(EventType.UNTRIGGERED) is OrderState.NEW
    assert desk.tell(EventType.SUSPENDED) is OrderState.SUSPENDED
    assert desk.tell(EventType.RESUMED) is OrderState.NEW
    assert [kind for kind, _ in desk.lines] == [
        "ORDER_SENT",
        "UNTRIGGERED",
        "TRIGGERED",
        "SUSPENDED",
        "RESUMED",
    ]


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (OrderState.NEW, OrderState.NEW),
        (OrderState.PARTIALLY_FILLED, OrderState.NEW),
        (OrderState.UNTRIGGERED, OrderState.UNTRIGGERED),
        (OrderState.SUSPENDED, OrderState.SUSPENDED),
        (OrderState.CANCELED, OrderState.CANCELED),
        (OrderState.REJECTED, OrderState.REJECTED),
        (OrderState.EXPIRED, OrderState.EXPIRED),
        (OrderState.PENDING_CANCEL, OrderState.PENDING),
    ],
)
def test_a_reported_status_is_as_good_as_the_event_it_tells_of(
    status: OrderState, state: OrderState
) -> None:
    assert Desk(EventType.ORDER_SENT).tell(EventType.STATUS_REPORT, status=status) is state


def test_a_status_report_books_what_was_missed_and_then_the_end() -> None:
    desk = Desk(*RESTING)
    desk.fill("e1", 4)
    state = desk.tell(
        EventType.STATUS_REPORT,
        cum_qty=Decimal(6),
        avg_price=Decimal(101),
        status=OrderState.CANCELED,
        reason="USER",
    )
    assert state is OrderState.CANCELED
    assert desk.order.cum_qty == 6
    assert desk.order.avg_price == 101
    assert desk.order.inferred_qty == 2
    assert desk.order.inferred_value == 206
    assert desk.lines[-1] == ("STATUS_REPORT", "venue shows 6: 2 inferred; USER")
    assert desk.anomalies == {}


def test_a_status_report_that_shows_less_is_old_but_an_end_is_an_end() -> None:
    desk = Desk(*RESTING)
    desk.fill("e1", 4)
    old = {"cum_qty": Decimal(3), "avg_price": Decimal(90)}
    assert desk.tell(EventType.STATUS_REPORT, status=OrderState.NEW, **old) is (
        OrderState.PARTIALLY_FILLED
    )
    assert desk.tell(EventType.STATUS_REPORT, status=OrderState.CANCELED, **old) is (
        OrderState.CANCELED
    )
    assert desk.order.cum_qty == 4
    assert desk.order.avg_price == 100
    assert desk.anomalies == {Anomaly.STALE_REPORT: 2}


def test_a_status_report_that_agrees_is_no_news() -> None:
    desk = Desk(*RESTING)
    desk.fill("e1", 4)
    history = len(desk.order.history)
    desk.tell(EventType.STATUS_REPORT, cum_qty=Decimal(4), avg_price=Decimal(100))
    desk.tell(EventType.STATUS_REPORT, status=OrderState.PARTIALLY_FILLED)
    assert len(desk.order.history) == history


def test_what_is_inferred_without_an_average_counts_at_the_best_price_known() -> None:
    limit = Desk(*RESTING)
    limit.tell(EventType.STATUS_REPORT, cum_qty=Decimal(2))
    assert limit.order.avg_price == 100
    market = create_fsm()
    order = market.create_order("m1", "BTCUSDT", "Buy", 3)
    market.handle_event(OrderEvent(EventType.STATUS_REPORT, "m1", cum_qty=Decimal(1)))
    assert order.cum_qty == 0
    assert order.history[0].text == "venue shows 1 filled at no price: not booked"
    assert market.anomalies == Counter({Anomaly.UNPRICED_REPORT: 1})
    market.handle_event(
        OrderEvent(
            EventType.PARTIAL_FILL, "m1", exec_id="e1", last_qty=Decimal(1), last_price=Decimal(7)
        )
    )
    market.handle_event(OrderEvent(EventType.STATUS_REPORT, "m1", cum_qty=Decimal(2)))
    assert order.cum_qty == 2
    assert order.avg_price == 7
