from engine.core.events import EventType, OrderDenied, OrderEvent, OrderSubmitted
from engine.core.orders.exposure import Doubt, OpenExposure
from engine.core.orders.machine import Order, create_fsm
from engine.core.orders.terms import (
    Attached,
    Exit,
    Slippage,
    SlippageUnit,
    Trigger,
    TriggerDirection,
)
from engine.core.state import State, evolve
from engine.core.types import OrderState, Side
from tests.support.desk import Desk, d, fill, outcome


def test_a_denied_order_is_kept_with_its_reason_even_when_its_numbers_are_absurd() -> None:
    desk = Desk()
    desk.give(desk.place("a1", qty=d("-5")))
    order = desk.order("a1")
    assert (order.state, order.reason, order.text) == (
        OrderState.DENIED,
        "BAD_NUMBER",
        "qty -5 (limit greater than 0)",
    )
    bare = OrderDenied(
        ts=1, command_id="c", client_order_id="a2", symbol="X", side=Side.BUY, qty=d(1), value="v"
    )
    evolve(desk.state, bare)
    assert desk.order("a2").text == "v"


def test_a_new_order_is_what_the_rule_of_its_sending_makes_of_it() -> None:
    trigger = Trigger(d(100), TriggerDirection.RISES)
    event = OrderSubmitted(
        ts=7, command_id="c", client_order_id="a1", symbol="X", side=Side.BUY, qty=d(2),
        price=d(101), position_index=1, trigger=trigger,
        attached=Attached(stop_loss=Exit(d(90))), slippage=Slippage(SlippageUnit.TICKS, d(5)),
    )  # fmt: skip
    state = State()
    evolve(state, event)
    order = state.orders.orders["a1"]
    by_rule = create_fsm()
    by_rule.add_order(
        Order(
            client_order_id="a1", symbol="X", side=Side.BUY, qty=d(2), price=d(101),
            position_index=1, trigger=trigger, attached=event.attached, slippage=event.slippage,
            created_ts=7, updated_ts=7, first_seq=1, last_seq=1,
        )
    )  # fmt: skip
    assert by_rule.handle_event(OrderEvent(EventType.ORDER_SENT, "a1", 7)) == order
    exposure = OpenExposure()
    exposure.change(order)
    for counts in (state.exposure, exposure):
        assert (counts.working("X", Side.BUY), counts.count(), counts.count("X")) == (d(2), 1, 1)
        assert counts.in_doubt(Doubt.INFLIGHT) == counts.in_doubt(Doubt.INFLIGHT, "X") == 1


def test_a_busted_fill_leaves_order_and_position_as_if_it_had_not_been() -> None:
    desk = Desk()
    desk.working()
    desk.give(fill("e1", "0.010"))
    evolve(desk.state, OrderEvent(EventType.FILL_BUSTED, "a1", 5, exec_id="e1"))
    assert desk.order().cum_qty == 0
    assert desk.state.positions.get_position("BTCUSDT").qty == 0
    assert desk.state.exposure.working("BTCUSDT", Side.BUY) == d("0.010")


def test_a_corrected_fill_corrects_the_position_too() -> None:
    desk = Desk()
    desk.working()
    desk.give(fill("e1", "0.010"))
    evolve(
        desk.state,
        OrderEvent(
            EventType.FILL_CORRECTED,
            "a1",
            5,
            exec_id="e1",
            last_qty=d("0.008"),
            last_price=d(59_000),
        ),
    )
    position = desk.state.positions.get_position("BTCUSDT")
    assert (position.qty, position.avg_entry_price) == (d("0.008"), d(59_000))
    evolve(desk.state, OrderEvent(EventType.FILL_CORRECTED, "a1", 6, exec_id="e1"))
    assert desk.state.positions.get_position("BTCUSDT").qty == d("0.008")


def test_an_event_of_an_order_nobody_knows_is_counted_and_changes_nothing() -> None:
    state = State()
    evolve(state, OrderEvent(EventType.ORDER_ACK, "zz", 1))
    assert state.orders.anomalies["UNKNOWN_ORDER"] == 1
    assert state.seq == 1


def test_attempts_and_acknowledgement_times_are_kept_for_the_summary() -> None:
    desk = Desk()
    desk.give(desk.place())
    desk.later(0.002)
    desk.give(outcome(attempts=3))
    order = desk.order()
    assert (order.attempts, order.acked_ts - order.created_ts) == (3, 2_000_000)
