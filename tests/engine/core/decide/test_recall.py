from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.commands import AmendOrder, CancelOrder, ReadOrder
from engine.core.events import (
    CommandRefused,
    Event,
    OrderEvent,
    OrderRecalled,
    SuspenseBooked,
)
from engine.core.orders.machine import Order
from engine.core.reports import (
    AccountSnapshot,
    OrderLookup,
    Outcome,
    PositionReport,
    RequestKind,
    VenueStatus,
)
from engine.core.requests import QueryOrder, RecallAnswer, TimerFired
from engine.core.state import State, evolve
from engine.core.types import OrderState
from tests.support.desk import Desk, d, fill, outcome, row
from tests.support.memory import ForgetfulDesk, folded


def with_one_retired(*, patient: bool = False) -> ForgetfulDesk:
    """a1 was canceled and is in the journal; a2, filled, is in memory."""
    desk = ForgetfulDesk(patient=patient)
    desk.working("a1")
    desk.give(row("a1", status=VenueStatus.CANCELED))
    desk.filled("a2")
    assert desk.resident == ["a2"]
    return desk


def kinds(events: list[Event]) -> list[str]:
    return [e.type if isinstance(e, OrderEvent) else type(e).__name__ for e in events]


def snapshot(**parts: Any) -> AccountSnapshot:
    values: dict[str, Any] = {
        "open_orders": (), "positions": (), "fills": (), "sent_ts": 1, "duration_s": 0.1, **parts
    }  # fmt: skip
    return AccountSnapshot(**values)


def test_a_late_fill_brings_its_order_back_and_is_booked_on_it() -> None:
    desk = with_one_retired()
    assert kinds(desk.give(fill("e1", "0.004", "a1"))) == ["OrderRecalled", "PARTIAL_FILL"]
    order = desk.order("a1")
    assert (order.state, order.cum_qty) == (OrderState.CANCELED, d("0.004"))
    assert [entry.type for entry in order.history] == [
        "ORDER_SENT", "ORDER_ACK", "CANCEL_ACK", "PARTIAL_FILL"
    ]  # fmt: skip
    assert desk.state.positions.get_position("BTCUSDT").qty == d("0.014")
    assert desk.resident == ["a1"]
    assert desk.state.orders.count == 2


def test_the_venues_id_is_enough() -> None:
    desk = with_one_retired()
    late = fill("e1", "0.010", "", exchange_order_id="x-a1")
    assert kinds(desk.give(late)) == ["OrderRecalled", "FULL_FILL"]
    assert desk.order("a1").state is OrderState.FILLED


def test_fills_that_come_while_the_order_is_read_back_are_judged_after_it() -> None:
    desk = with_one_retired(patient=True)
    assert desk.give(fill("e1", "0.004", "a1")) == []
    assert desk.give(fill("e2", "0.003", "a1")) == []
    assert [recall.waiting.exec_id for recall in desk.recalls] == ["e1", "e2"]  # type: ignore[union-attr]
    assert kinds(desk.answer()) == ["OrderRecalled", "PARTIAL_FILL"]
    assert kinds(desk.answer()) == ["PARTIAL_FILL"]
    assert desk.order("a1").cum_qty == d("0.007")


def test_the_same_fill_twice_while_the_order_is_read_back_is_booked_once() -> None:
    desk = with_one_retired(patient=True)
    for _ in range(2):
        desk.give(fill("e1", "0.004", "a1"))
    assert kinds(desk.answer() + desk.answer()) == ["OrderRecalled", "PARTIAL_FILL"]


def test_an_execution_that_is_booked_brings_nothing_back() -> None:
    desk = ForgetfulDesk()
    desk.filled("a1")
    desk.filled("a2")
    events = desk.give(fill("e-a1", "0.010", "a1"))
    assert (events, desk.requests, desk.resident) == ([], [], ["a2"])
    desk.give(snapshot(fills=(fill("e-a1", "0.010", "a1"),)))
    assert desk.resident == ["a2"]


def test_other_content_under_a_booked_execution_is_a_conflict_on_its_order() -> None:
    desk = ForgetfulDesk()
    desk.filled("a1")
    desk.filled("a2")
    assert kinds(desk.give(fill("e-a1", "0.009", "a1"))) == ["OrderRecalled", "FULL_FILL"]
    assert desk.state.orders.anomalies["FILL_CONFLICT"] == 1
    assert desk.order("a1").cum_qty == d("0.010")


def test_what_a_comparison_finds_waits_alone_and_the_rest_goes_on() -> None:
    desk = with_one_retired(patient=True)
    positions = (PositionReport(symbol="BTCUSDT", qty=d("0.014"), avg_price=None),)
    found = snapshot(fills=(fill("e1", "0.004", "a1"),), positions=positions, sent_ts=desk.now_ns)
    assert desk.give(found) == []
    assert {symbol: found.qty for symbol, found in desk.state.suspects.items()} == {
        "BTCUSDT": d("0.004")
    }
    desk.answer()
    assert desk.give(found) == []
    assert desk.state.suspects == {}


def test_an_absence_that_only_seemed_proven_is_reversed_by_a_row() -> None:
    desk = ForgetfulDesk()
    desk.give(desk.place("a1"))
    for _ in range(2):
        desk.later(10)
        desk.give(OrderLookup(client_order_id="a1", order=None, sent_ts=desk.now_ns))
    desk.filled("a2")
    assert desk.resident == ["a2"]
    assert kinds(desk.give(row("a1"))) == ["OrderRecalled", "ORDER_ACK", "TradingStateChanged"]
    assert desk.order("a1").state is OrderState.NEW
    assert [order.client_order_id for order in desk.state.orders.open_orders()] == ["a1"]


def test_an_answer_that_another_one_overtook_is_asked_for_again() -> None:
    desk = with_one_retired(patient=True)
    for exec_id in ("e1", "e2"):
        desk.give(fill(exec_id, "0.004", "a1"))
    desk.answer()
    desk.filled("a3")
    assert desk.resident == ["a3"]
    assert desk.answer() == []
    assert kinds(desk.answer()) == ["OrderRecalled", "PARTIAL_FILL"]
    assert desk.order("a1").cum_qty == d("0.008")


def test_an_id_with_the_same_terms_is_the_same_order() -> None:
    desk = with_one_retired()
    assert kinds(desk.give(desk.place("a1"))) == ["OrderRecalled"]
    assert desk.order("a1").state is OrderState.CANCELED


def test_an_id_with_other_terms_is_refused() -> None:
    desk = with_one_retired()
    events = desk.give(desk.place("a1", qty=d("0.020")))
    assert kinds(events) == ["OrderRecalled", "CommandRefused"]
    assert isinstance(refusal := events[1], CommandRefused)
    assert (refusal.code, refusal.text) == (
        "DUPLICATE_ID", "this id belongs to an order with other qty"
    )  # fmt: skip
    assert desk.order("a1").history[-1].text.startswith("refused: DUPLICATE_ID")


@pytest.mark.parametrize(
    "command",
    [
        CancelOrder(command_id="k", client_order_id="a1"),
        AmendOrder(command_id="k", client_order_id="a1", qty=d(1)),
    ],
)
def test_a_command_on_a_retired_order_is_refused_as_on_any_closed_one(command: Any) -> None:
    desk = with_one_retired()
    _, refusal = desk.give(command)
    assert isinstance(refusal, CommandRefused)
    assert (refusal.code, refusal.text) == ("CLOSED", "order is Canceled")


def test_a_command_that_waits_is_carried_out_once() -> None:
    desk = with_one_retired(patient=True)
    command = CancelOrder(command_id="k", client_order_id="a1")
    desk.give(command)
    desk.give(command)
    assert kinds(desk.answer()) == ["OrderRecalled", "CommandRefused"]
    assert desk.answer() == []


def test_the_routers_word_and_a_lookup_find_their_order() -> None:
    desk = with_one_retired()
    refused = outcome("a1", RequestKind.CANCEL, Outcome.REJECTED)
    assert kinds(desk.give(refused)) == ["OrderRecalled", "CANCEL_REJECT"]
    desk = with_one_retired()
    lookup = OrderLookup(client_order_id="a1", order=None, fills=(fill("e1", "0.004", "a1"),))
    assert kinds(desk.give(lookup)) == ["OrderRecalled", "PARTIAL_FILL"]


def test_a_timer_of_a_closed_order_asks_only_for_a_fill_that_was_promised() -> None:
    desk = ForgetfulDesk()
    desk.working("a1")
    desk.give(row("a1", status=VenueStatus.CANCELED, cum_qty=d("0.004"), avg_price=d(60_000)))
    desk.filled("a2")
    assert desk.give(TimerFired(kind="ack", key="a2")) == []
    assert kinds(desk.give(TimerFired(kind="look", key="a1"))) == ["OrderRecalled"]
    assert desk.requests == [QueryOrder(client_order_id="a1", symbol="BTCUSDT")]
    desk.filled("a3")
    assert desk.give(TimerFired(kind="ack", key="a2")) == []
    assert desk.resident == ["a3"]


# When the journal cannot answer.


def test_a_fill_is_booked_and_alarmed_also_when_the_journal_cannot_answer() -> None:
    desk = with_one_retired(patient=True)
    desk.give(fill("e1", "0.004", "a1"))
    recalled, booked = desk.answer(error="no such disk")
    assert recalled == OrderRecalled(ts=desk.now_ns, client_order_id="a1", error="no such disk")
    assert isinstance(booked, SuspenseBooked)
    assert (booked.fill.exchange_order_id, booked.fill.exec_id) == ("x-a1", "e1")
    assert desk.state.orders.anomalies["NOT_RECALLED"] == 1
    assert desk.state.positions.get_position("BTCUSDT").qty == d("0.014")
    assert desk.give(fill("e1", "0.004", "a1")) == []


def test_without_a_venue_id_the_executions_own_names_the_order() -> None:
    desk = with_one_retired(patient=True)
    desk.give(fill("e1", "0.004", "a1", exchange_order_id=""))
    assert kinds(desk.answer(error="no such disk"))[1:] == ["SuspenseBooked"]
    assert list(desk.state.positions.suspense) == ["e1"]


def test_a_lookups_fills_are_booked_and_its_working_row_is_shown() -> None:
    desk = with_one_retired(patient=True)
    late, shown = fill("e1", "0.004", "a1"), row("a1")
    desk.give(OrderLookup(client_order_id="a1", order=shown, fills=(late,)))
    events = desk.answer(error="no such disk")
    assert kinds(events) == ["OrderRecalled", "SuspenseBooked", "OrderAdopted", "PARTIAL_FILL"]
    assert desk.order("x-a1").cum_qty == d("0.004")
    assert desk.state.unreadable == frozenset()


def test_a_row_of_an_order_that_works_after_all_is_adopted_and_one_that_ended_is_not() -> None:
    desk = with_one_retired(patient=True)
    desk.give(row("a1", status=VenueStatus.CANCELED))
    assert kinds(desk.answer(error="no such disk")) == ["OrderRecalled"]
    desk.give(row("a1"))
    assert kinds(desk.answer(error="no such disk")) == [
        "OrderRecalled", "OrderAdopted"
    ]  # fmt: skip
    assert desk.order("x-a1").is_external


@pytest.mark.parametrize(
    "item",
    [
        outcome("a1", RequestKind.CANCEL, Outcome.REJECTED),
        OrderLookup(client_order_id="a1", order=None),
    ],
)
def test_what_is_no_evidence_ends_there(item: Any) -> None:
    desk = with_one_retired(patient=True)
    desk.give(item)
    assert kinds(desk.answer(error="no such disk")) == ["OrderRecalled"]


def test_a_command_is_refused_when_the_journal_cannot_answer() -> None:
    desk = with_one_retired(patient=True)
    desk.give(desk.place("a1"))
    _, refusal = desk.answer(error="no such disk")
    assert isinstance(refusal, CommandRefused)
    assert (refusal.code, refusal.text) == (
        "NOT_RECALLED",
        "the id is an earlier order's, which the journal does not give back: no such disk",
    )


def test_an_id_that_only_looks_retired_is_a_new_one() -> None:
    desk = with_one_retired(patient=True)
    command = desk.place("a1")
    desk.give(command)
    (recall,) = desk.recalls
    events = Desk.give(desk, RecallAnswer(recall=recall))
    assert kinds(events) == ["OrderSubmitted"]
    assert desk.state.unreadable == frozenset()


# The same state, whatever the bound.

IDS = ("a1", "a2", "a3", "a4")
QTYS = st.sampled_from(["0.002", "0.004", "0.010"])
inputs = st.one_of(
    st.tuples(st.just("place"), st.sampled_from(IDS), st.sampled_from(["0.010", "0.020"])),
    st.tuples(st.just("accept"), st.sampled_from(IDS), st.just("")),
    st.tuples(st.just("reject"), st.sampled_from(IDS), st.just("")),
    st.tuples(st.just("fill"), st.sampled_from(IDS), QTYS),
    st.tuples(st.just("row"), st.sampled_from(IDS), st.sampled_from(["New", "Canceled", "Filled"])),
    st.tuples(st.just("lookup"), st.sampled_from(IDS), QTYS),
    st.tuples(st.just("cancel"), st.sampled_from(IDS), st.just("")),
    st.tuples(st.just("timer"), st.sampled_from(IDS), st.sampled_from(["ack", "look", "again"])),
)
Given = tuple[str, str, str]


def item_of(given: Given, number: int) -> Any:
    """The input for both desks: the same ids, so that commands are the same too."""
    what, order_id, detail = given
    exec_id = f"e-{order_id}-{detail}"
    makers: dict[str, Any] = {
        "place": lambda: msgspec.structs.replace(
            Desk().place(order_id, qty=Decimal(detail)), command_id=f"n{number}"
        ),
        "accept": lambda: outcome(order_id),
        "reject": lambda: outcome(order_id, result=Outcome.REJECTED),
        "fill": lambda: fill(exec_id, detail, order_id),
        "row": lambda: row(order_id, status=VenueStatus(detail), ts=number),
        "lookup": lambda: OrderLookup(
            client_order_id=order_id, order=None, fills=(fill(exec_id, detail, order_id),)
        ),
        "cancel": lambda: CancelOrder(command_id=f"n{number}", client_order_id=order_id),
        "timer": lambda: TimerFired(kind=detail, key=order_id),
    }
    return makers[what]()


def told(state: State) -> dict[str, Order]:
    """Every order, without the numbers of its events: those of recalls come between them."""
    orders = state.orders.orders.items()
    return {
        order_id: msgspec.structs.replace(order, first_seq=0, last_seq=0)
        for order_id, order in orders
    }


@settings(max_examples=150, deadline=None)
@given(st.lists(inputs, max_size=40), st.integers(1, 2))
def test_a_machine_that_forgets_ends_as_one_that_does_not(steps: list[Given], kept: int) -> None:
    one, other = ForgetfulDesk(kept), ForgetfulDesk(0)
    for number, given_ in enumerate(steps):
        for desk in (one, other):
            desk.later(0.1)
            desk.give(item_of(given_, number))
    complete, full = folded(one.events, 0), other.state
    assert told(complete) == told(full)
    assert complete.positions.saved() == full.positions.saved() == one.state.positions.saved()
    assert complete.orders.anomalies == full.orders.anomalies == one.state.orders.anomalies
    for order in one.state.orders.orders.values():
        assert order == complete.orders.get_order(order.client_order_id)
    orders = one.state.orders
    closed = len(orders.orders) - orders.open_count
    assert closed <= kept
    assert orders.count == len(full.orders.orders)
    assert {o.client_order_id for o in orders.open_orders()} == {
        o.client_order_id for o in full.orders.open_orders()
    }


@settings(max_examples=60, deadline=None)
@given(st.lists(inputs, max_size=30), st.integers(0, 30))
def test_a_snapshot_and_its_tail_forget_the_same_orders(steps: list[Given], cut: int) -> None:
    desk = ForgetfulDesk(1)
    for number, given_ in enumerate(steps):
        desk.give(item_of(given_, number))
    early = folded(desk.events[:cut], 1)
    resumed = State.decode(early.encode())
    for event in desk.events[cut:]:
        evolve(resumed, event)
    assert resumed.encode() == desk.state.encode()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(IDS), QTYS), max_size=12), st.data())
def test_late_fills_come_to_the_same_whenever_the_journal_answers(
    late: list[tuple[str, str]], data: st.DataObject
) -> None:
    desk, full = ForgetfulDesk(1, patient=True), ForgetfulDesk(0)
    for each in (desk, full):
        for order_id in IDS:
            each.working(order_id)
            each.give(row(order_id, status=VenueStatus.CANCELED))
    for order_id, qty in late:
        for each in (desk, full):
            each.give(fill(f"e-{order_id}-{qty}", qty, order_id))
        for _ in range(data.draw(st.integers(0, len(desk.recalls)))):
            desk.answer()
    while desk.recalls:
        desk.answer()
    complete = folded(desk.events, 0)
    for order_id in IDS:
        one, other = complete.orders.orders[order_id], full.order(order_id)
        assert (one.state, one.cum_qty, one.fills) == (other.state, other.cum_qty, other.fills)
    ledger, expected = desk.state.positions, full.state.positions
    assert ledger.get_position("BTCUSDT").qty == expected.get_position("BTCUSDT").qty


# Looking at an order.


@pytest.mark.parametrize("name", ["a1", "x-a1"])
def test_a_retired_order_is_back_in_memory_when_somebody_asks_to_read_it(name: str) -> None:
    desk = with_one_retired()
    assert kinds(desk.give(read(desk, name))) == ["OrderRecalled"]
    order = desk.order("a1")
    assert (order.state, len(order.history)) == (OrderState.CANCELED, 3)
    assert desk.resident == ["a1"]


def test_nothing_happens_for_an_order_that_is_here_to_be_read() -> None:
    desk = with_one_retired()
    assert desk.give(read(desk, "a2")) == desk.give(read(desk, "x-a2")) == []


def test_a_name_that_is_no_orders_is_refused_to_be_read() -> None:
    desk = with_one_retired()
    (refused,) = desk.give(read(desk, "nobody"))
    assert isinstance(refused, CommandRefused)
    assert (refused.code, refused.text) == ("UNKNOWN_ORDER", "nobody")


def test_an_order_that_the_journal_does_not_give_back_is_refused_to_be_read() -> None:
    desk = with_one_retired(patient=True)
    desk.give(read(desk, "a1"))
    told, refused = desk.answer("gone")
    assert isinstance(told, OrderRecalled)
    assert isinstance(refused, CommandRefused)
    assert refused.code == "NOT_RECALLED"


def read(desk: Desk, name: str) -> ReadOrder:
    return ReadOrder(command_id=desk.command_id(), name=name)
