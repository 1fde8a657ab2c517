from collections.abc import Sequence

import pytest

from engine.core.commands import AmendOrder, CancelOrder
from engine.core.events import (
    ConnectivityChanged,
    EventType,
    OrderAdopted,
    OrderEvent,
    TradingStateChanged,
)
from engine.core.reports import (
    LinkReport,
    Outcome,
    PositionReport,
    RequestKind,
    VenueStatus,
)
from engine.core.requests import QueryAccount, QueryOrder, StartTimer, TimerFired
from engine.core.types import OrderState, OrderType, TradingState
from engine.venues.reasons import Reason
from tests.support.desk import Desk, d, fill, outcome, row

QUERY = QueryOrder(client_order_id="a1", symbol="BTCUSDT")


def kinds(events: Sequence[object]) -> list[object]:
    return [event.type if isinstance(event, OrderEvent) else type(event) for event in events]


def test_an_accepted_place_is_acknowledged_with_the_venues_id_and_the_attempts() -> None:
    desk = Desk()
    desk.give(desk.place())
    assert kinds(desk.give(outcome(attempts=2))) == [EventType.ORDER_ACK]
    order = desk.order()
    assert (order.state, order.exchange_order_id, order.attempts) == (OrderState.NEW, "x-a1", 2)


def test_a_row_that_overtakes_the_reply_acknowledges_once() -> None:
    desk = Desk()
    desk.give(desk.place())
    assert kinds(desk.give(row())) == [EventType.ORDER_ACK]
    assert desk.give(outcome()) == []
    assert desk.give(row()) == []


def test_a_rejected_place_is_rejected_and_says_why() -> None:
    desk = Desk()
    desk.give(desk.place())
    refused = outcome(result=Outcome.REJECTED, reason="BALANCE", text="not enough")
    assert kinds(desk.give(refused)) == [EventType.ORDER_REJECT]
    order = desk.order()
    assert (order.state, order.reason, order.text) == (OrderState.REJECTED, "BALANCE", "not enough")
    assert desk.give(refused) == []


@pytest.mark.parametrize("kind", [RequestKind.PLACE, RequestKind.AMEND, RequestKind.CANCEL])
def test_f32_a_key_that_is_refused_halts_trading_once(kind: RequestKind) -> None:
    desk = Desk()
    desk.give(desk.place())
    refused = outcome(
        kind=kind,
        result=Outcome.REJECTED,
        reason=Reason.AUTH,
        text="33004 the api key has expired",
    )
    halted = [event for event in desk.give(refused) if isinstance(event, TradingStateChanged)]
    assert [(event.state, event.by, event.reason) for event in halted] == [
        (
            TradingState.HALTED,
            "engine",
            "the venue refuses this key: 33004 the api key has expired",
        )
    ]
    again = desk.give(refused)
    assert not any(isinstance(event, TradingStateChanged) for event in again)


def test_g4_a_refusal_of_an_order_that_the_venue_has_shown_ends_nothing() -> None:
    desk = Desk()
    desk.give(desk.place())
    desk.give(fill("e1", "0.004"))
    refused = outcome(result=Outcome.REJECTED, reason="DUPLICATE_ID")
    assert desk.give(refused) == []
    assert desk.requests == [QUERY]
    assert desk.order().state is OrderState.PARTIALLY_FILLED


def test_retries_are_known_also_where_a_stream_was_faster_than_the_answer() -> None:
    desk = Desk()
    desk.give(desk.place())
    desk.give(row())
    acked_ts, history = desk.order().acked_ts, list(desk.order().history)
    desk.later(0.1)
    assert desk.give(outcome(attempts=1)) == [], "the first attempt is no news"
    assert kinds(desk.give(outcome(attempts=3))) == [EventType.ORDER_ACK]
    order = desk.order()
    assert (order.attempts, order.acked_ts, order.history) == (3, acked_ts, history)
    assert desk.give(outcome(attempts=3)) == []


def test_f01_a_place_without_an_answer_is_unknown_and_is_asked_for() -> None:
    desk = Desk()
    desk.give(desk.place())
    assert kinds(desk.give(outcome(result=Outcome.UNKNOWN))) == [EventType.SEND_UNKNOWN]
    assert desk.order().state is OrderState.UNKNOWN
    assert desk.requests[0] == QUERY
    assert kinds(desk.give(row())) == [EventType.ORDER_ACK]
    assert desk.order().state is OrderState.NEW
    assert desk.give(outcome(result=Outcome.UNKNOWN)) == []


@pytest.mark.parametrize(
    ("status", "expected", "shown"),
    [
        (VenueStatus.CANCELED, EventType.CANCEL_ACK, OrderState.CANCELED),
        (VenueStatus.REJECTED, EventType.ORDER_REJECT, OrderState.REJECTED),
        (VenueStatus.EXPIRED, EventType.EXPIRED, OrderState.EXPIRED),
        (VenueStatus.UNTRIGGERED, EventType.UNTRIGGERED, OrderState.UNTRIGGERED),
    ],
)
def test_a_row_says_how_the_order_stands(
    status: VenueStatus, expected: EventType, shown: OrderState
) -> None:
    desk = Desk()
    desk.working()
    report = row(status=status, reason="VENUE")
    assert kinds(desk.give(report)) == [expected]
    assert desk.order().state is shown
    assert desk.give(report) == []


def test_a_triggered_order_works() -> None:
    desk = Desk()
    desk.working()
    desk.give(row(status=VenueStatus.UNTRIGGERED))
    assert kinds(desk.give(row(status=VenueStatus.TRIGGERED))) == [EventType.TRIGGERED]
    assert desk.order().state is OrderState.NEW


def test_a_status_that_nobody_knows_is_asked_about() -> None:
    desk = Desk()
    desk.working()
    assert desk.give(row(status=VenueStatus.OTHER)) == []
    assert desk.requests == [QUERY]


def test_f38_an_older_row_overrides_nothing() -> None:
    desk = Desk()
    desk.working()
    desk.give(row(ts=20, price=d(59_000)))
    assert desk.order().price == d(59_000)
    assert desk.give(row(ts=10, price=d(58_000))) == []
    assert desk.order().price == d(59_000)


def test_an_amend_is_done_when_a_row_shows_the_new_terms() -> None:
    desk = Desk()
    desk.working()
    desk.give(AmendOrder(command_id="m1", client_order_id="a1", qty=d("0.020"), price=d(59_000)))
    assert desk.give(outcome(kind=RequestKind.AMEND)) == []
    assert desk.requests == [StartTimer(kind="look", key="a1", after_s=5.0)]
    assert desk.order().state is OrderState.PENDING_REPLACE
    assert kinds(desk.give(row(qty=d("0.020"), price=d(59_000)))) == [EventType.REPLACE_ACK]
    order = desk.order()
    assert (order.state, order.qty, order.price) == (OrderState.NEW, d("0.020"), d(59_000))
    assert desk.give(outcome(kind=RequestKind.AMEND)) == []
    assert desk.requests == []


def test_a_refused_amend_lifts_its_overlay() -> None:
    desk = Desk()
    desk.working()
    desk.give(AmendOrder(command_id="m1", client_order_id="a1", price=d(59_000)))
    refused = outcome(kind=RequestKind.AMEND, result=Outcome.REJECTED, reason="PRICE")
    assert kinds(desk.give(refused)) == [EventType.REPLACE_REJECT]
    assert (desk.order().state, desk.order().price) == (OrderState.NEW, d(60_000))


def test_f15_a_fill_beyond_the_quantity_proves_the_amend_that_made_room_for_it() -> None:
    desk = Desk()
    desk.working()
    desk.give(desk.amend("a1", qty=d("0.020"), price=d(59_000)))
    events = desk.give(fill("e1", "0.016"))
    assert kinds(events) == [EventType.REPLACE_ACK, EventType.PARTIAL_FILL]
    order = desk.order()
    assert (order.state, order.qty, order.price, order.leaves_qty) == (
        OrderState.PARTIALLY_FILLED,
        d("0.020"),
        d(59_000),
        d("0.004"),
    )
    assert desk.state.orders.anomalies == {}


def test_f15_a_fill_within_the_quantity_proves_nothing_of_an_amend() -> None:
    desk = Desk()
    desk.working()
    desk.give(desk.amend("a1", qty=d("0.020")))
    assert kinds(desk.give(fill("e1", "0.004"))) == [EventType.PARTIAL_FILL]
    assert desk.order().pending_qty == d("0.020")


def test_f15_an_amend_without_an_answer_is_asked_for_also_when_its_order_has_filled() -> None:
    desk = Desk()
    desk.working()
    desk.give(desk.amend("a1", qty=d("0.020")))
    desk.give(fill("e1", "0.010"))
    assert desk.order().state is OrderState.FILLED
    desk.give(TimerFired(kind="look", key="a1"))
    assert desk.requests == [QUERY]
    desk.give(row(status=VenueStatus.PARTIALLY_FILLED, qty=d("0.020"), cum_qty=d("0.010")))
    assert (desk.order().state, desk.order().leaves_qty) == (
        OrderState.PARTIALLY_FILLED,
        d("0.010"),
    )


def test_f15_an_order_that_the_venue_shows_filled_takes_no_amend_any_more() -> None:
    desk = Desk()
    desk.working()
    desk.give(desk.amend("a1", qty=d("0.020")))
    desk.give(fill("e1", "0.010"))
    filled = row(status=VenueStatus.FILLED, cum_qty=d("0.010"))
    assert kinds(desk.give(filled)) == [EventType.REPLACE_REJECT]
    desk.give(TimerFired(kind="look", key="a1"))
    assert (desk.order().state, desk.requests) == (OrderState.FILLED, [])


def test_terms_the_venue_changed_by_itself_are_restated() -> None:
    desk = Desk()
    desk.working(qty=d("0.010"), reduce_only=True)
    assert kinds(desk.give(row(qty=d("0.004"), reduce_only=True))) == [EventType.RESTATED]
    assert desk.order().qty == d("0.004")


def test_a_protection_price_does_not_become_the_price_of_a_market_order() -> None:
    desk = Desk()
    desk.give(desk.place(type=OrderType.MARKET, price=None))
    desk.give(outcome())
    assert desk.give(row(type=OrderType.MARKET, price=d(63_000))) == []
    assert desk.order().price is None


def test_a_cancel_is_done_when_the_row_says_so() -> None:
    desk = Desk()
    desk.working()
    desk.give(CancelOrder(command_id="x1", client_order_id="a1"))
    assert desk.give(outcome(kind=RequestKind.CANCEL)) == []
    assert desk.requests == [StartTimer(kind="look", key="a1", after_s=5.0)]
    desk.give(row(status=VenueStatus.CANCELED, reason="USER"))
    assert desk.order().state is OrderState.CANCELED
    assert desk.give(outcome(kind=RequestKind.CANCEL)) == []
    assert desk.requests == []


def test_f16_a_cancel_answered_not_found_is_no_ending_but_a_question() -> None:
    desk = Desk()
    desk.working()
    desk.give(CancelOrder(command_id="x1", client_order_id="a1"))
    refused = outcome(kind=RequestKind.CANCEL, result=Outcome.REJECTED, reason="NOT_FOUND")
    assert kinds(desk.give(refused)) == [EventType.CANCEL_REJECT]
    assert desk.order().state is OrderState.NEW
    assert desk.requests == [QUERY]


def test_a_cancel_refused_because_the_order_filled_is_no_question() -> None:
    desk = Desk()
    desk.working()
    desk.give(CancelOrder(command_id="x1", client_order_id="a1"))
    desk.give(fill("e1", "0.010"))
    refused = outcome(kind=RequestKind.CANCEL, result=Outcome.REJECTED, reason="NOT_FOUND")
    assert kinds(desk.give(refused)) == [EventType.CANCEL_REJECT]
    assert desk.order().state is OrderState.FILLED
    assert desk.requests == []


def test_an_execution_is_booked_once_and_moves_the_position() -> None:
    desk = Desk()
    desk.working()
    assert kinds(desk.give(fill("e1", "0.004"))) == [EventType.PARTIAL_FILL]
    assert desk.give(fill("e1", "0.004")) == []
    assert kinds(desk.give(fill("e2", "0.006"))) == [EventType.FULL_FILL]
    assert desk.order().state is OrderState.FILLED
    position = desk.state.positions.get_position("BTCUSDT")
    assert (position.qty, position.fees) == (d("0.010"), d("0.2"))


def test_f26_the_same_execution_with_other_content_is_a_conflict_and_the_first_stays() -> None:
    desk = Desk()
    desk.working()
    desk.give(fill("e1", "0.004"))
    desk.give(fill("e1", "0.005"))
    assert desk.order().cum_qty == d("0.004")
    assert desk.state.orders.anomalies["FILL_CONFLICT"] == 1


def test_an_execution_is_found_by_the_venues_id_when_ours_is_missing() -> None:
    desk = Desk()
    desk.working()
    assert kinds(desk.give(fill("e1", "0.004", "", exchange_order_id="x-a1"))) == [
        EventType.PARTIAL_FILL
    ]


@pytest.mark.parametrize("order_id", ["td-lost-1", "flat-lost-1"])
def test_f06_an_order_with_an_id_of_ours_that_no_journal_knows_is_ours_fetched_and_alarmed(
    order_id: str,
) -> None:
    desk = Desk()
    desk.give(fill("e1", "0.004", order_id))
    assert list(desk.state.positions.suspense) == ["e1"]
    question = desk.requests[0]
    assert isinstance(question, QueryOrder)
    assert question.client_order_id == order_id
    adopted, attached = desk.give(row(order_id))
    assert isinstance(adopted, OrderAdopted)
    assert adopted.by == "recovered"
    assert isinstance(attached, OrderEvent)
    order = desk.order(order_id)
    assert (order.is_external, order.is_open, order.cum_qty) == (False, True, d("0.004"))
    assert desk.state.orders.anomalies["UNKNOWN_ORDER"] == 1


def test_a_row_of_an_unknown_order_shows_it_as_external() -> None:
    desk = Desk()
    events = desk.give(row("web-1"))
    assert kinds(events) == [OrderAdopted]
    order = desk.order("web-1")
    assert (order.by, order.state) == ("external", OrderState.NEW)


def test_the_outcome_of_an_order_nobody_knows_means_nothing() -> None:
    assert Desk().give(outcome("zz")) == []


def test_rows_without_any_id_and_rows_that_borrow_one_of_ours_are_survived() -> None:
    desk = Desk()
    nameless = row("", exchange_order_id="")
    assert kinds(desk.give(nameless))[0] is OrderAdopted
    desk.give(nameless)
    desk.working()
    desk.give(row("", exchange_order_id="a1"))
    assert len(desk.state.orders.orders) == 2


def test_position_rows_move_nothing() -> None:
    desk = Desk()
    assert desk.give(PositionReport(symbol="BTCUSDT", qty=d(1), avg_price=None)) == []
    assert desk.state.positions.get_position("BTCUSDT").qty == 0


def test_that_a_stream_comes_up_for_the_first_time_is_no_event_but_the_account_is_asked() -> None:
    desk = Desk()
    assert desk.give(LinkReport(link="public", up=True)) == []
    assert desk.requests == []
    assert desk.give(LinkReport(link="private", up=True)) == []
    assert desk.requests == [QueryAccount()]
    assert desk.state.links == {"public": True, "private": True}


def test_after_the_private_stream_comes_back_the_account_is_compared_before_new_orders() -> None:
    desk = Desk()
    down = LinkReport(link="private", up=False, text="cut")
    up = LinkReport(link="private", up=True)
    desk.give(up)
    assert desk.give(up) == []
    assert kinds(desk.give(down)) == [ConnectivityChanged]
    assert not desk.state.ready
    assert desk.requests == []
    desk.give(desk.place())
    assert desk.order().reason == "RECONCILING"
    assert kinds(desk.give(up)) == [ConnectivityChanged]
    assert desk.requests == [QueryAccount()]
    assert not desk.state.ready


def test_the_public_stream_has_no_say_in_readiness() -> None:
    desk = Desk()
    desk.give(LinkReport(link="public", up=False))
    assert desk.state.ready
    assert desk.state.links == {"public": False}


def test_the_routers_word_on_an_order_nobody_knows_means_nothing() -> None:
    assert Desk().give(outcome("zz")) == []
