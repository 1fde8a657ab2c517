from __future__ import annotations

import json
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.events import EventType, OrderEvent
from engine.core.orders.machine import (
    Anomaly,
    Order,
    OrderStateMachine,
    OrderStateRecord,
    create_fsm,
    derive_state,
)
from engine.core.orders.terms import Trigger, TriggerDirection
from engine.core.types import OrderState, OrderType, Side, TimeInForce

ZERO = Decimal(0)


def test_an_order_is_created_from_words_and_shortest_floats() -> None:
    order = create_fsm().create_order("o1", "BTCUSDT", "Buy", 0.1, "50000.5", ts=7)
    assert (order.side, order.qty, order.price) == (Side.BUY, Decimal("0.1"), Decimal("50000.5"))
    assert (order.type, order.time_in_force) == (OrderType.LIMIT, TimeInForce.GTC)
    assert (order.state, order.created_ts, order.updated_ts) == (OrderState.INITIALIZED, 7, 7)


def test_an_order_without_a_price_is_a_market_order_and_immediate() -> None:
    order = create_fsm().create_order("o1", "BTCUSDT", Side.SELL, Decimal(1))
    assert (order.type, order.time_in_force) == (OrderType.MARKET, TimeInForce.IOC)


def test_stated_terms_are_kept() -> None:
    order = create_fsm().create_order(
        "o1",
        "BTCUSDT",
        "Sell",
        1,
        2,
        type="Limit",
        time_in_force="PostOnly",
        post_only=True,
        reduce_only=True,
        by="script",
    )
    assert (order.time_in_force, order.post_only, order.reduce_only, order.by) == (
        TimeInForce.POST_ONLY,
        True,
        True,
        "script",
    )


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        (("", "BTCUSDT", "Buy", 1), "client_order_id: must not be empty"),
        (("o1", "", "Buy", 1), "symbol: must not be empty"),
        (("o1", "BTCUSDT", "buy", 1), "side: 'buy' is none of Buy, Sell"),
        (("o1", "BTCUSDT", "Buy", "ten"), "qty: 'ten' is not a number"),
        (("o1", "BTCUSDT", "Buy", float("nan")), "qty: nan is not a finite number"),
        (("o1", "BTCUSDT", "Buy", 0), "qty: 0 must be more than 0"),
        (("o1", "BTCUSDT", "Buy", 1, "-5"), "price: -5 must be more than 0"),
    ],
)
def test_bad_terms_are_named(terms: tuple[str, str, str, object], message: str) -> None:
    fsm = create_fsm()
    with pytest.raises(ValueError, match=message):
        fsm.create_order(*terms)  # type: ignore[arg-type]
    assert fsm.orders == {}


def test_the_same_id_with_the_same_terms_is_the_same_order() -> None:
    fsm = create_fsm()
    order = fsm.create_order("o1", "BTCUSDT", "Buy", 1, 100)
    assert fsm.create_order("o1", "BTCUSDT", "Buy", "1.0", Decimal("100.00")) is order


def test_the_same_id_with_other_terms_is_refused_with_what_differs() -> None:
    fsm = create_fsm()
    fsm.create_order("o1", "BTCUSDT", "Buy", 1, 100)
    with pytest.raises(
        ValueError, match=r"'o1' belongs to an order with other side \(Buy\), qty \(1\)"
    ):
        fsm.create_order("o1", "BTCUSDT", "Sell", 2, 100)


def test_an_order_with_impossible_terms_can_be_held_as_denied() -> None:
    fsm = create_fsm()
    refused = Order(client_order_id="o1", symbol="BTCUSDT", side=Side.BUY, qty=Decimal(0))
    assert fsm.add_order(refused) is refused
    fsm.handle_event(OrderEvent(EventType.ORDER_DENIED, "o1", 1, reason="BAD_QTY"))
    assert refused.state is OrderState.DENIED
    assert refused.leaves_qty == 0
    with pytest.raises(ValueError, match="'o1' is taken"):
        fsm.add_order(refused)


def test_an_event_of_an_unknown_order_is_counted() -> None:
    fsm = create_fsm()
    assert fsm.handle_event(OrderEvent(EventType.ORDER_ACK, "o9")) is None
    assert fsm.get_order("o9") is None
    assert fsm.anomalies == {Anomaly.UNKNOWN_ORDER: 1}


def test_an_acknowledgement_alone_is_enough() -> None:
    fsm = create_fsm()
    fsm.create_order("order-1", "BTCUSDT", "Buy", Decimal("0.01"))
    event = OrderEvent(EventType.ORDER_ACK, "order-1", exchange_order_id="123")
    assert fsm.handle_event(event) is fsm.get_order("order-1")
    assert fsm.by_exchange_id("123") is fsm.get_order("order-1")
    assert fsm.by_exchange_id("124") is None


def test_the_first_exchange_id_stays() -> None:
    fsm = create_fsm()
    order = fsm.create_order("o1", "BTCUSDT", "Buy", 1)
    for exchange_id in ("123", "123", "456"):
        fsm.handle_event(OrderEvent(EventType.ORDER_ACK, "o1", exchange_order_id=exchange_id))
    assert order.exchange_order_id == "123"
    assert fsm.by_exchange_id("456") is None
    assert fsm.anomalies == {Anomaly.EXCHANGE_ID_CONFLICT: 1}


def test_open_orders_are_those_that_may_still_fill() -> None:
    fsm = create_fsm()
    for name in ("o1", "o2", "o3"):
        fsm.create_order(name, "BTCUSDT", "Buy", 1)
    fsm.handle_event(OrderEvent(EventType.SEND_UNKNOWN, "o1"))
    fsm.handle_event(OrderEvent(EventType.ORDER_REJECT, "o2"))
    assert [order.client_order_id for order in fsm.open_orders()] == ["o1", "o3"]
    assert fsm.open_count == 2


def test_a_shown_state_that_should_not_follow_is_counted_and_believed() -> None:
    fsm = create_fsm()
    order = fsm.create_order("o1", "BTCUSDT", "Buy", 2)
    fill = OrderEvent(
        EventType.PARTIAL_FILL, "o1", exec_id="e1", last_qty=Decimal(1), last_price=Decimal(1)
    )
    fsm.handle_event(fill)
    fsm.handle_event(OrderEvent(EventType.ORDER_REJECT, "o1"))
    assert order.state is OrderState.REJECTED
    assert fsm.anomalies == {Anomaly.ILLEGAL_TRANSITION: 1}


def test_a_note_changes_nothing_but_the_history() -> None:
    fsm = create_fsm()
    order = fsm.create_order("o1", "BTCUSDT", "Buy", 1)
    assert fsm.note("o1", 5, "AmendOrder", "refused: CLOSED")
    assert not fsm.note("o2", 5, "AmendOrder", "refused: CLOSED")
    assert [(e.ts, e.type, e.state, e.text) for e in order.history] == [
        (5, "AmendOrder", OrderState.INITIALIZED, "refused: CLOSED")
    ]


def sample() -> OrderStateMachine:
    fsm = create_fsm()
    fsm.create_order("o1", "BTC/USDT", "Buy", "0.00000002", 100, ts=1)
    fsm.create_order("o2", "BTCUSDT", "Sell", 1, ts=2)
    fsm.handle_event(OrderEvent(EventType.ORDER_ACK, "o1", 3, exchange_order_id="x1"))
    fsm.handle_event(
        OrderEvent(
            EventType.PARTIAL_FILL,
            "o1",
            4,
            exec_id="e1",
            last_qty=Decimal("0.00000001"),
            last_price=Decimal(100),
        )
    )
    fsm.handle_event(OrderEvent(EventType.REPLACE_REQUEST, "o1", 5, price=Decimal("99.5")))
    fsm.handle_event(OrderEvent(EventType.ORDER_REJECT, "o2", 6, reason="NO_BALANCE"))
    fsm.handle_event(OrderEvent(EventType.ORDER_ACK, "o3", 7))
    return fsm


def test_what_is_saved_is_json_and_comes_back_as_it_was() -> None:
    fsm = sample()
    saved = fsm.persist_to_dict()
    back = OrderStateMachine.restore_from_dict(json.loads(json.dumps(saved)))
    assert back.orders == fsm.orders
    assert back.anomalies == fsm.anomalies
    assert back.persist_to_dict() == saved
    assert back.open_orders() == [back.get_order("o1")]
    assert back.by_exchange_id("x1") is back.get_order("o1")


def test_a_saved_order_is_readable() -> None:
    orders = sample().persist_to_dict()["orders"]
    assert isinstance(orders, dict)
    order = orders["o1"]
    assert isinstance(order, dict)
    assert (order["state"], order["cum_qty"], order["side"]) == (
        "PendingReplace",
        "0.00000001",
        "Buy",
    )
    assert order["history"] == [
        {"ts": 3, "type": "ORDER_ACK", "state": "New", "text": ""},
        {
            "ts": 4,
            "type": "PARTIAL_FILL",
            "state": "PartiallyFilled",
            "text": "0.00000001 @ 100",
        },
        {
            "ts": 5,
            "type": "REPLACE_REQUEST",
            "state": "PendingReplace",
            "text": "price 100 -> 99.5",
        },
    ]


def test_the_fast_message_reads_back_like_the_saved_dict() -> None:
    fsm = sample()
    raw = msgspec.json.decode(msgspec.json.encode(fsm.saved()))
    assert OrderStateMachine.restore_from_dict(raw).orders == fsm.orders


def test_a_damaged_save_says_where() -> None:
    saved = json.loads(json.dumps(sample().persist_to_dict()))
    saved["orders"]["o1"]["qty"] = "many"
    with pytest.raises(ValueError, match=r"saved orders: .*qty"):
        OrderStateMachine.restore_from_dict(saved)


def test_the_public_name_of_an_order_is_a_record() -> None:
    assert OrderStateRecord is Order


# Properties: histories as a venue could send them, in any order, and any noise at all.

prices = st.integers(1, 500).map(Decimal)
sizes = st.integers(1, 9).map(Decimal)


def fill_event(exec_id: str, qty: Decimal, price: Decimal) -> OrderEvent:
    return OrderEvent(EventType.PARTIAL_FILL, "o1", exec_id=exec_id, last_qty=qty, last_price=price)


@st.composite
def reports(draw: st.DrawFn) -> list[OrderEvent]:
    """What one venue has to say of one order: each part once, in the order it happened."""
    executions = draw(st.lists(st.tuples(sizes, prices), max_size=6))
    told = [OrderEvent(EventType.SEND_UNKNOWN, "o1"), OrderEvent(EventType.ORDER_ACK, "o1")]
    told += [OrderEvent(EventType.UNTRIGGERED, "o1"), OrderEvent(EventType.TRIGGERED, "o1")]
    cum = value = ZERO
    for index, (qty, price) in enumerate(executions):
        cum, value = cum + qty, value + qty * price
        told.append(fill_event(f"e{index}", qty, price))
        told.append(OrderEvent(EventType.STATUS_REPORT, "o1", cum_qty=cum, avg_price=value / cum))
    if draw(st.booleans()):
        told.append(OrderEvent(EventType.CANCEL_ACK, "o1"))
    return told


def end_of(told: list[OrderEvent]) -> Order:
    fsm = create_fsm()
    order = fsm.create_order("o1", "BTCUSDT", "Buy", 20, 100)
    for event in told:
        fsm.handle_event(event)
    return order


@settings(max_examples=200)
@given(st.data())
def test_reports_in_any_order_and_twice_lead_to_the_same_end(data: st.DataObject) -> None:
    told = data.draw(reports())
    again = data.draw(st.lists(st.sampled_from(told), max_size=5))
    plain, mixed = end_of(told), end_of(data.draw(st.permutations(told + again)))
    assert (mixed.state, mixed.cum_qty, mixed.leaves_qty) == (
        plain.state,
        plain.cum_qty,
        plain.leaves_qty,
    )
    assert mixed.fills == plain.fills
    assert round(mixed.filled_value - plain.filled_value, 15) == 0
    assert mixed.inferred_qty == 0


@settings(max_examples=200)
@given(st.data())
def test_busts_win_wherever_they_come(data: st.DataObject) -> None:
    executions = data.draw(st.lists(st.tuples(sizes, prices), min_size=1, max_size=6))
    fills = [fill_event(f"e{i}", qty, price) for i, (qty, price) in enumerate(executions)]
    busted = data.draw(st.sets(st.sampled_from([event.exec_id for event in fills])))
    busts = [OrderEvent(EventType.FILL_BUSTED, "o1", exec_id=exec_id) for exec_id in busted]
    order = end_of(data.draw(st.permutations(fills + sorted(busts, key=lambda e: e.exec_id))))
    left = [pair for i, pair in enumerate(executions) if f"e{i}" not in busted]
    assert order.cum_qty == sum((qty for qty, _ in left), ZERO)
    assert order.filled_value == sum((qty * price for qty, price in left), ZERO)


numbers = st.none() | st.integers(-2, 30).map(Decimal)
noise = st.builds(
    OrderEvent,
    st.sampled_from(EventType),
    st.sampled_from(["o1", "o2", "nobody's"]),
    exec_id=st.sampled_from(["", "e1", "e2", "e3"]),
    exchange_order_id=st.sampled_from(["", "x1"]),
    last_qty=numbers,
    last_price=numbers,
    qty=numbers,
    price=numbers,
    cum_qty=numbers,
    avg_price=numbers,
    status=st.none() | st.sampled_from(OrderState),
)


@settings(max_examples=200)
@given(st.lists(noise, max_size=25))
def test_whatever_is_said_the_books_stay_in_order(told: list[OrderEvent]) -> None:
    fsm = create_fsm()
    fsm.create_order("o1", "BTCUSDT", "Buy", 10, 100)
    fsm.create_order("o2", "ETHUSDT", "Sell", 7)
    for event in told:
        fsm.handle_event(event)
        for order in fsm.orders.values():
            live = sum((fill.qty for fill in order.fills.values()), ZERO)
            assert order.state is derive_state(order)
            assert order.cum_qty == live + order.inferred_qty
            assert order.inferred_qty >= 0
            assert order.leaves_qty >= 0
        open_now = {order.client_order_id for order in fsm.open_orders()}
        assert open_now == {name for name, order in fsm.orders.items() if order.is_open}
    saved = fsm.persist_to_dict()
    assert OrderStateMachine.restore_from_dict(saved).orders == fsm.orders


def ending(fsm: OrderStateMachine, *names: str) -> None:
    """Create orders where there are none, and let them end in this order."""
    for name in names:
        fsm.create_order(name, "BTCUSDT", "Buy", 10, 100)
        fsm.handle_event(OrderEvent(EventType.ORDER_ACK, name, exchange_order_id=f"x-{name}"))
        fsm.handle_event(OrderEvent(EventType.CANCEL_ACK, name))


def test_without_a_bound_every_order_stays() -> None:
    fsm = create_fsm()
    ending(fsm, "a", "b", "c")
    assert (list(fsm.orders), fsm.retired.count) == (["a", "b", "c"], 0)


def test_beyond_the_bound_what_closed_first_leaves() -> None:
    fsm = create_fsm()
    fsm.create_order("open", "BTCUSDT", "Buy", 10, 100)
    fsm.keep_closed(2)
    ending(fsm, "c", "a", "b")
    assert list(fsm.orders) == ["open", "a", "b"]
    assert [order.client_order_id for order in fsm.let_go] == ["c"]
    assert (fsm.count, fsm.get_order("c"), fsm.by_exchange_id("x-c")) == (4, None, None)
    assert fsm.retired.find("x-c") is not None


def test_a_bound_that_comes_later_holds_at_once_and_one_that_goes_keeps_the_rest() -> None:
    fsm = create_fsm()
    ending(fsm, "a", "b", "c")
    fsm.keep_closed(1)
    assert list(fsm.orders) == ["c"]
    fsm.keep_closed(0)
    ending(fsm, "d", "e")
    assert (list(fsm.orders), fsm.retired.count) == (["c", "d", "e"], 2)


def test_an_order_that_lives_again_stays_and_goes_by_when_it_closed_last() -> None:
    fsm = create_fsm()
    fsm.keep_closed(2)
    fsm.create_order("gone", "BTCUSDT", "Buy", 10, 100)
    fsm.handle_event(OrderEvent(EventType.PROVEN_ABSENT, "gone"))
    fsm.handle_event(OrderEvent(EventType.ORDER_ACK, "gone"))
    ending(fsm, "a", "b", "c")
    assert list(fsm.orders) == ["gone", "b", "c"]
    fsm.handle_event(OrderEvent(EventType.CANCEL_ACK, "gone"))
    assert list(fsm.orders) == ["gone", "c"]


def test_a_recalled_order_comes_first_and_leaves_last() -> None:
    fsm = create_fsm()
    fsm.keep_closed(2)
    ending(fsm, "a", "b", "c")
    (order,) = fsm.let_go
    fsm.recall(order)
    assert list(fsm.orders) == ["a", "c"]
    assert fsm.by_exchange_id("x-a") is order
    ending(fsm, "d")
    assert (list(fsm.orders), fsm.count) == (["a", "d"], 4)
    fsm.recall(order)
    assert (list(fsm.orders), fsm.count) == (["a", "d"], 4)


def test_another_order_under_the_same_venue_id_is_still_found_by_it() -> None:
    fsm = create_fsm()
    fsm.keep_closed(1)
    for name in ("a", "b"):
        fsm.create_order(name, "BTCUSDT", "Buy", 10, 100)
        fsm.handle_event(OrderEvent(EventType.ORDER_ACK, name, exchange_order_id="x"))
    for name in ("a", "b"):
        fsm.handle_event(OrderEvent(EventType.CANCEL_ACK, name))
    assert list(fsm.orders) == ["b"]
    assert fsm.by_exchange_id("x") is fsm.orders["b"]


def test_what_is_saved_remembers_whose_turn_it_is() -> None:
    fsm = create_fsm()
    fsm.keep_closed(2)
    ending(fsm, "b", "a", "c")
    again = OrderStateMachine.restore_from_dict(fsm.persist_to_dict())
    for each in (fsm, again):
        ending(each, "d")
        assert list(each.orders) == ["c", "d"]
    assert again.persist_to_dict() == fsm.persist_to_dict()


def test_what_few_orders_have_is_saved_where_they_have_it() -> None:
    fsm = create_fsm()
    fsm.create_order("o1", "BTCUSDT", "Buy", 10, 100)
    waits = fsm.create_order("o2", "BTCUSDT", "Buy", 10, 100)
    waits.trigger = Trigger(Decimal(101), TriggerDirection.RISES)
    saved = fsm.persist_to_dict()
    orders = saved["orders"]
    assert isinstance(orders, dict)
    few = {"trigger", "attached", "slippage", "pending_trigger"}
    assert [few & set(order) for order in orders.values() if isinstance(order, dict)] == [
        set(),
        {"trigger"},
    ]
    back = OrderStateMachine.restore_from_dict(json.loads(json.dumps(saved)))
    assert back.orders == fsm.orders
