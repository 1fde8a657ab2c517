from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from engine.core.commands import AmendOrder, CancelAll, CancelOrder, Reconcile
from engine.core.events import CommandRefused, EventType, OrderEvent, OrderSubmitted
from engine.core.orders.terms import Trigger, TriggerDirection
from engine.core.reports import Outcome, RequestKind, VenueStatus
from engine.core.requests import (
    AmendRequest,
    CancelRequest,
    OrderRequest,
    QueryAccount,
    QueryPnl,
    StartTimer,
)
from engine.core.types import OrderState, Side
from tests.support.desk import Desk, d, fill, outcome, row


def refusal(events: Sequence[object]) -> tuple[str, str]:
    assert len(events) == 1
    event = events[0]
    assert isinstance(event, CommandRefused)
    return event.code, event.text


def test_an_approved_order_is_sent_and_its_answer_is_waited_for() -> None:
    desk = Desk()
    events = desk.give(desk.place())
    assert [type(event) for event in events] == [OrderSubmitted]
    assert desk.order().state is OrderState.PENDING
    assert desk.requests == [
        OrderRequest(
            client_order_id="a1", symbol="BTCUSDT", side=Side.BUY, qty=d("0.010"), price=d(60_000)
        ),
        StartTimer(kind="ack", key="a1", after_s=5.0),
    ]


def test_the_same_command_has_its_effect_once() -> None:
    desk = Desk()
    command = desk.place()
    desk.give(command)
    assert desk.give(command) == []
    assert desk.requests == []


def test_the_same_id_with_the_same_terms_is_the_same_order() -> None:
    desk = Desk()
    desk.give(desk.place())
    assert desk.give(desk.place()) == []


def test_the_same_id_with_other_terms_is_refused_and_noted() -> None:
    desk = Desk()
    desk.give(desk.place())
    events = desk.give(desk.place(qty=d("0.020"), side=Side.SELL))
    assert refusal(events) == (
        "DUPLICATE_ID",
        "this id belongs to an order with other side, qty",
    )
    assert desk.order().qty == d("0.010")
    assert desk.order().history[-1].type == "PlaceOrder"


def test_an_amend_asks_only_for_what_changes() -> None:
    desk = Desk()
    desk.working()
    desk.give(AmendOrder(command_id="m1", client_order_id="a1", price=d("59999.9")))
    assert desk.order().state is OrderState.PENDING_REPLACE
    assert desk.requests[0] == AmendRequest(
        client_order_id="a1", symbol="BTCUSDT", qty=None, price=d("59999.9")
    )


def test_a_refused_amend_leaves_the_order_and_is_noted_in_its_history() -> None:
    desk = Desk()
    desk.working()
    events = desk.give(AmendOrder(command_id="m1", client_order_id="a1", price=d("59999.95")))
    assert refusal(events) == ("TICK_SIZE", "59999.95 (limit steps of 0.1)")
    assert desk.order().state is OrderState.NEW
    entry = desk.order().history[-1]
    assert (entry.type, entry.text) == (
        "AmendOrder",
        "refused: TICK_SIZE 59999.95 (limit steps of 0.1)",
    )


def test_an_amend_below_what_has_filled_is_refused() -> None:
    desk = Desk()
    desk.working()
    desk.give(fill("e1", "0.004"))
    events = desk.give(AmendOrder(command_id="m1", client_order_id="a1", qty=d("0.004")))
    assert refusal(events) == ("QTY_BELOW_FILLED", "order is PartiallyFilled")


def test_commands_about_orders_nobody_knows_are_refused() -> None:
    desk = Desk()
    amend = AmendOrder(command_id="m1", client_order_id="zz", qty=d(1))
    cancel = CancelOrder(command_id="m2", client_order_id="zz")
    assert refusal(desk.give(amend)) == ("UNKNOWN_ORDER", "zz")
    assert refusal(desk.give(cancel)) == ("UNKNOWN_ORDER", "zz")


def test_a_cancel_goes_out_and_a_second_one_is_refused() -> None:
    desk = Desk()
    desk.working()
    desk.give(CancelOrder(command_id="x1", client_order_id="a1"))
    assert desk.requests == [
        CancelRequest(client_order_id="a1", symbol="BTCUSDT"),
        StartTimer(kind="look", key="a1", after_s=5.0),
    ]
    events = desk.give(CancelOrder(command_id="x2", client_order_id="a1"))
    assert refusal(events) == ("CANCEL_PENDING", "order is PendingCancel")


def test_cancel_all_takes_what_matches_and_spares_the_rest() -> None:
    desk = Desk()
    desk.working("a1")
    desk.working("a2", side=Side.SELL)
    desk.working("a3")
    desk.give(row("ex1", exchange_order_id="x-ex1", symbol="ETHUSDT"))

    def asked(**which: Any) -> list[str]:
        events = desk.give(CancelAll(command_id=desk.command_id(), **which))
        return [
            event.client_order_id
            for event in events
            if isinstance(event, OrderEvent) and event.type is EventType.CANCEL_REQUEST
        ]

    assert asked(side=Side.SELL) == ["a2"]
    assert asked(client_order_ids=("a3", "zz")) == ["a3"]
    assert asked(symbol="ETHUSDT") == []
    assert asked() == ["a1"]
    assert refusal(desk.give(CancelAll(command_id="last"))) == (
        "NO_OPEN_ORDERS",
        "nothing matches",
    )


def test_an_order_that_is_not_ours_is_cancelled_only_by_its_name_and_by_the_venues_id() -> None:
    desk = Desk()
    desk.give(row("ex1", exchange_order_id="x-ex1"))
    assert desk.give(CancelAll(command_id="c1"))[0].__class__ is CommandRefused
    assert desk.give(CancelAll(command_id="c2", side=Side.BUY))[0].__class__ is CommandRefused
    desk.give(CancelAll(command_id="c3", client_order_ids=("ex1",)))
    assert desk.requests[0] == CancelRequest(
        client_order_id="ex1", symbol="BTCUSDT", exchange_order_id="x-ex1"
    )


def test_a_reconcile_command_gives_every_order_its_questions_back() -> None:
    desk = Desk()
    desk.state.stuck.add("a1")
    desk.state.tries["a1"] = 30
    desk.give(Reconcile(command_id="r1"))
    assert desk.requests == [
        StartTimer(kind="again", key="a1", after_s=0.0), QueryAccount(), QueryPnl()
    ]  # fmt: skip
    assert (desk.state.stuck, desk.state.tries) == (set(), {})


def test_a_reconcile_command_asks_the_venue() -> None:
    desk = Desk()
    assert desk.give(Reconcile(command_id="r1")) == []
    assert desk.requests == [QueryAccount(), QueryPnl()]


STOP = Trigger(d(61_000), TriggerDirection.RISES)


def test_the_trigger_of_an_order_that_waits_can_be_amended() -> None:
    desk = Desk()
    desk.working(trigger=STOP)
    assert desk.order().state is OrderState.UNTRIGGERED
    events = desk.give(desk.amend("a1", trigger_price=d(61_500)))
    assert [getattr(event, "type", None) for event in events] == [EventType.REPLACE_REQUEST]
    assert desk.order().state is OrderState.PENDING_REPLACE
    assert desk.requests[0] == AmendRequest(
        client_order_id="a1", symbol="BTCUSDT", trigger_price=d(61_500), waiting=True
    )
    shown = row(status=VenueStatus.UNTRIGGERED, trigger=replace(STOP, price=d(61_500)))
    (event,) = desk.give(shown)
    assert isinstance(event, OrderEvent)
    assert (event.type, event.trigger_price) == (EventType.REPLACE_ACK, d(61_500))
    order = desk.order()
    assert (order.state, order.trigger) == (
        OrderState.UNTRIGGERED,
        replace(STOP, price=d(61_500)),
    )
    assert order.history[-1].text == "trigger 61000 -> 61500"


def test_a_refused_amend_leaves_the_trigger_as_it_was() -> None:
    desk = Desk()
    desk.working(trigger=STOP)
    desk.give(desk.amend("a1", trigger_price=d(61_500)))
    desk.give(outcome("a1", RequestKind.AMEND, Outcome.REJECTED, reason="PRICE"))
    assert (desk.order().state, desk.order().trigger) == (OrderState.UNTRIGGERED, STOP)


def test_a_trigger_cannot_be_amended_to_the_wrong_side_nor_where_there_is_none() -> None:
    desk = Desk()
    desk.working(trigger=STOP)
    assert refusal(desk.give(desk.amend("a1", trigger_price=d(59_000)))) == (
        "TRIGGER_SIDE",
        "Rises to 59000 (limit above 60000)",
    )
    assert refusal(desk.give(desk.amend("a1", trigger_price=d(61_000))))[0] == "NO_CHANGE"
    desk.working("a2")
    assert refusal(desk.give(desk.amend("a2", trigger_price=d(61_000))))[0] == "NOT_WAITING"
    desk.give(row(status=VenueStatus.TRIGGERED, trigger=STOP, ts=5))
    assert refusal(desk.give(desk.amend("a1", trigger_price=d(62_000))))[0] == "NOT_WAITING"


def test_an_order_whose_trigger_came_is_amended_as_any_other() -> None:
    desk = Desk()
    desk.working(trigger=STOP)
    desk.give(row(status=VenueStatus.NEW, trigger=STOP, ts=5))
    assert desk.order().state is OrderState.NEW
    desk.give(desk.amend("a1", price=d(60_500)))
    assert desk.requests[0] == AmendRequest(client_order_id="a1", symbol="BTCUSDT", price=d(60_500))


def test_a_cancel_says_that_its_order_waits() -> None:
    desk = Desk()
    desk.working(trigger=STOP)
    desk.give(CancelOrder(command_id="x1", client_order_id="a1"))
    assert desk.requests[0] == CancelRequest(client_order_id="a1", symbol="BTCUSDT", waiting=True)


def test_the_same_id_with_another_trigger_is_another_order() -> None:
    desk = Desk()
    desk.give(desk.place(trigger=STOP))
    events = desk.give(desk.place(trigger=replace(STOP, price=d(62_000))))
    assert refusal(events) == ("DUPLICATE_ID", "this id belongs to an order with other trigger")


def test_the_price_of_an_order_that_waits_is_amended_and_its_trigger_stays() -> None:
    desk = Desk()
    desk.working(trigger=STOP, price=d(61_100))
    desk.give(desk.amend("a1", price=d(61_200)))
    assert desk.requests[0] == AmendRequest(
        client_order_id="a1", symbol="BTCUSDT", price=d(61_200), waiting=True
    )
    desk.give(row(status=VenueStatus.UNTRIGGERED, price=d(61_200), trigger=STOP))
    assert (desk.order().state, desk.order().trigger) == (OrderState.UNTRIGGERED, STOP)
