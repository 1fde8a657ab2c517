from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from engine.core.events import EventType, OrderEvent
from engine.core.orders.machine import Anomaly, Order, OrderStateMachine, create_fsm
from engine.core.types import OrderState


def resting(qty: int = 10) -> tuple[OrderStateMachine, Order]:
    fsm = create_fsm()
    order = fsm.create_order("o1", "BTCUSDT", "Buy", qty, 100)
    fsm.handle_event(OrderEvent(EventType.ORDER_ACK, "o1", 1))
    return fsm, order


def tell(fsm: OrderStateMachine, kind: EventType, exec_id: str, qty: Any, price: Any) -> None:
    event = OrderEvent(kind, "o1", 2, exec_id=exec_id, last_qty=qty, last_price=price)
    fsm.handle_event(event)


def fill(fsm: OrderStateMachine, exec_id: str, qty: int, price: int = 100) -> None:
    tell(fsm, EventType.PARTIAL_FILL, exec_id, Decimal(qty), Decimal(price))


def bust(fsm: OrderStateMachine, exec_id: str) -> None:
    fsm.handle_event(OrderEvent(EventType.FILL_BUSTED, "o1", 3, exec_id=exec_id))


def correct(fsm: OrderStateMachine, exec_id: str, qty: int, price: int) -> None:
    tell(fsm, EventType.FILL_CORRECTED, exec_id, Decimal(qty), Decimal(price))


def report(fsm: OrderStateMachine, cum: int, average: str) -> None:
    fsm.handle_event(
        OrderEvent(
            EventType.STATUS_REPORT, "o1", 4, cum_qty=Decimal(cum), avg_price=Decimal(average)
        )
    )


def test_an_execution_is_booked_once() -> None:
    fsm, order = resting()
    fill(fsm, "e1", 4)
    fill(fsm, "e1", 4)
    assert order.cum_qty == 4
    assert order.first_fill_ts == 2
    assert len(order.history) == 2
    assert order.history[-1].text == "4 @ 100"
    assert fsm.anomalies == {}


def test_other_content_under_a_booked_id_is_a_conflict_and_the_first_stays() -> None:
    fsm, order = resting()
    fill(fsm, "e1", 4)
    fill(fsm, "e1", 5)
    assert order.cum_qty == 4
    assert order.history[-1].text == "conflict: e1 is booked as 4 @ 100, not 5 @ 100"
    assert fsm.anomalies == {Anomaly.FILL_CONFLICT: 1}


@pytest.mark.parametrize(
    ("exec_id", "qty", "price"),
    [
        ("", Decimal(1), Decimal(1)),
        ("e1", None, Decimal(1)),
        ("e1", Decimal(1), None),
        ("e1", Decimal(0), Decimal(1)),
        ("e1", Decimal(-1), Decimal(1)),
        ("e1", Decimal(1), Decimal(0)),
    ],
)
@pytest.mark.parametrize("kind", [EventType.FULL_FILL, EventType.FILL_CORRECTED])
def test_what_is_no_execution_is_counted_and_not_booked(
    kind: EventType, exec_id: str, qty: Decimal | None, price: Decimal | None
) -> None:
    fsm, order = resting()
    tell(fsm, kind, exec_id, qty, price)
    assert order.cum_qty == 0
    assert order.state is OrderState.NEW
    assert order.fills == {}
    assert fsm.anomalies == {Anomaly.BAD_EVENT: 1}


def test_floats_and_text_are_taken_by_their_shortest_spelling() -> None:
    fsm, order = resting()
    tell(fsm, EventType.PARTIAL_FILL, "e1", 0.1, "99.95")
    assert (order.cum_qty, order.filled_value) == (Decimal("0.1"), Decimal("9.995"))


def test_a_number_that_is_none_names_its_field() -> None:
    fsm, _ = resting()
    with pytest.raises(ValueError, match="last_qty: 'lots' is not a number"):
        tell(fsm, EventType.PARTIAL_FILL, "e1", "lots", 1)


def test_late_fills_and_overfills_are_booked_and_counted() -> None:
    fsm, order = resting()
    fsm.handle_event(OrderEvent(EventType.CANCEL_ACK, "o1", 2))
    fill(fsm, "e1", 6)
    fill(fsm, "e2", 7)
    assert order.cum_qty == 13
    assert order.overfill_qty == 3
    assert order.state is OrderState.FILLED
    assert fsm.anomalies == {Anomaly.LATE_FILL: 1, Anomaly.OVERFILL: 1}


def test_a_busted_execution_never_counts_again() -> None:
    fsm, order = resting()
    fill(fsm, "e1", 4)
    bust(fsm, "e1")
    bust(fsm, "e1")
    fill(fsm, "e1", 4)
    correct(fsm, "e1", 5, 100)
    assert order.cum_qty == 0
    assert order.filled_value == 0
    assert order.state is OrderState.NEW
    assert [entry.text for entry in order.history] == ["", "4 @ 100", "e1 taken back: 4 @ 100"]
    assert fsm.anomalies == {}


def test_a_bust_may_come_before_its_execution() -> None:
    fsm, order = resting()
    bust(fsm, "e1")
    fill(fsm, "e1", 4)
    assert order.cum_qty == 0
    assert len(order.history) == 2


def test_a_correction_replaces_what_was_booked() -> None:
    fsm, order = resting()
    fill(fsm, "e1", 4)
    correct(fsm, "e1", 3, 110)
    correct(fsm, "e1", 3, 110)
    fill(fsm, "e1", 4)
    assert order.cum_qty == 3
    assert order.avg_price == 110
    assert order.history[-1].text == "e1 corrected: 4 @ 100 -> 3 @ 110"
    assert fsm.anomalies == {}


def test_a_correction_may_come_before_its_execution() -> None:
    fsm, order = resting()
    correct(fsm, "e1", 3, 110)
    fill(fsm, "e1", 4)
    assert order.cum_qty == 3
    assert order.avg_price == 110
    assert order.history[-1].text == "e1 corrected to 3 @ 110 before it was seen"


def test_executions_take_the_place_of_what_was_inferred_piece_by_piece() -> None:
    fsm, order = resting()
    report(fsm, 8, "101.5")
    fill(fsm, "e1", 5, 101)
    assert order.cum_qty == 8
    assert order.avg_price == Decimal("101.5")
    assert order.inferred_qty == 3
    assert order.inferred_value == 307
    fill(fsm, "e2", 4, 102)
    assert order.inferred_qty == 0
    assert order.inferred_value == 0
    assert order.cum_qty == 9
    assert order.filled_value == 913
    assert fsm.anomalies == {}


def test_executions_of_a_closed_order_that_were_inferred_are_not_late() -> None:
    fsm, order = resting()
    report(fsm, 10, "100")
    assert order.state is OrderState.FILLED
    fill(fsm, "e1", 10)
    assert fsm.anomalies == {}
    assert order.cum_qty == 10
    assert order.state is OrderState.FILLED


def test_a_bust_of_an_execution_not_seen_yet_shows_that_the_order_exists() -> None:
    fsm = create_fsm()
    order = fsm.create_order("o1", "BTCUSDT", "Buy", 10, 100)
    fsm.handle_event(OrderEvent(EventType.SEND_UNKNOWN, "o1", 1))
    bust(fsm, "e1")
    fill(fsm, "e1", 4)
    assert (order.state, order.cum_qty) == (OrderState.NEW, Decimal(0))


def test_a_correction_that_changes_nothing_outranks_other_content_all_the_same() -> None:
    fsm, order = resting()
    fill(fsm, "e1", 4)
    tell(fsm, EventType.FILL_CORRECTED, "e1", Decimal(4), Decimal(100))
    fill(fsm, "e1", 5)
    assert order.cum_qty == Decimal(4)
    assert fsm.anomalies == {}
