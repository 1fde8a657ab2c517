from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.core.commands import AmendOrder, CancelOrder
from engine.core.context import Policy
from engine.core.decide.lookups import ask_anew
from engine.core.events import Drift, Event, EventType, OrderEvent, Reconciled, TradingStateChanged
from engine.core.orders.terms import Trigger, TriggerDirection
from engine.core.reports import (
    AccountSnapshot,
    FillEvent,
    OrderLookup,
    OrderReport,
    Outcome,
    PositionReport,
    Scope,
    SourceRead,
    VenueStatus,
)
from engine.core.requests import QueryAccount, QueryOrder, StartTimer, TimerFired
from engine.core.state import evolve
from engine.core.types import OrderState, TradingState
from tests.support.desk import NS, Desk, d, fill, outcome, row

QUERY = QueryOrder(client_order_id="a1", symbol="BTCUSDT")
TAIL = QueryAccount(scopes=frozenset({Scope.FILLS}))
SOURCES = ("open", "recent", "history", "executions")


def kinds(events: Sequence[object]) -> list[object]:
    return [event.type if isinstance(event, OrderEvent) else type(event) for event in events]


def lookup(
    desk: Desk, order: OrderReport | None = None, order_id: str = "a1", **more: Any
) -> OrderLookup:
    """What the venue says of an order when it is asked now."""
    reads = tuple(SourceRead(source, desk.now_ns, 0) for source in SOURCES)
    values: dict[str, Any] = {"sent_ts": desk.now_ns, "reads": reads, **more}
    return OrderLookup(client_order_id=order_id, order=order, **values)


def tail(desk: Desk, *fills: FillEvent) -> AccountSnapshot:
    """All executions as they are listed now."""
    return AccountSnapshot(
        open_orders=(),
        positions=(),
        fills=fills,
        sent_ts=desk.now_ns,
        duration_s=0.01,
        scopes=frozenset({Scope.FILLS}),
    )


def unknown(desk: Desk) -> Desk:
    """A desk with an order of which nobody knows whether it arrived."""
    desk.give(desk.place())
    desk.give(outcome(result=Outcome.UNKNOWN))
    return desk


def absent(desk: Desk) -> Desk:
    """The same, after its absence was proven."""
    unknown(desk)
    desk.later(8.0)
    for _ in range(2):
        desk.give(lookup(desk))
    assert desk.order().state is OrderState.REJECTED
    return desk


# Absence.


def test_f02_absence_takes_two_clean_rounds_after_the_request_can_no_longer_be_accepted() -> None:
    desk = unknown(Desk())
    desk.later(1.0)
    for _ in range(3):
        assert desk.give(lookup(desk)) == []
    desk.later(5.9)
    early = lookup(desk)
    desk.later(0.2)
    assert desk.give(early) == [], "it was asked too early, whenever it was answered"
    assert desk.give(lookup(desk, complete=False)) == []
    assert desk.give(lookup(desk)) == []
    assert kinds(desk.give(lookup(desk))) == [EventType.PROVEN_ABSENT]
    order = desk.order()
    assert (order.state, order.reason) == (OrderState.REJECTED, "NOT_AT_VENUE")
    assert desk.give(lookup(desk)) == []
    assert desk.requests == []


def test_f02_the_proof_says_what_was_asked_when_and_what_answered() -> None:
    desk = unknown(Desk())
    desk.later(7.0)
    desk.give(lookup(desk))
    desk.later(1.0)
    (proof,) = desk.give(lookup(desk))
    assert isinstance(proof, OrderEvent)
    rounds = [
        f"round {number}: " + ", ".join(f"{source} 0 at 00:16:{at}.000" for source in SOURCES)
        for number, at in ((1, 47), (2, 48))
    ]
    assert proof.text == f"sent by 00:16:40.000; {rounds[0]}; {rounds[1]}"
    assert desk.order().history[-1].text == f"NOT_AT_VENUE: {proof.text}"


def test_an_id_that_the_venue_cannot_hold_is_proof_without_any_question() -> None:
    desk = unknown(Desk())
    desk.later(7.0)
    desk.give(lookup(desk, reads=()))
    (proof,) = desk.give(lookup(desk, reads=()))
    assert isinstance(proof, OrderEvent)
    assert proof.text == "sent by 00:16:40.000; round 1: no id; round 2: no id"


def test_the_second_round_follows_a_second_after_the_first() -> None:
    desk = unknown(Desk())
    desk.later(2.0)
    pauses = []
    events: list[Event] = []
    for _ in range(7):
        events = desk.give(lookup(desk))
        if events:
            break
        (again,) = desk.requests
        assert isinstance(again, StartTimer)
        pauses.append(again.after_s)
        desk.later(again.after_s)
        desk.give(TimerFired(kind="again", key="a1"))
        assert desk.requests == [QUERY]
    assert pauses == [0.2, 0.5, 1.0, 2.0, 1.3, 1.0], "the fifth ends when it can settle"
    assert kinds(events) == [EventType.PROVEN_ABSENT]


def test_nothing_is_proven_while_the_router_may_send_the_order_again() -> None:
    desk = Desk()
    desk.give(desk.place())
    desk.placing = {"a1"}
    desk.later(30.0)
    for _ in range(5):
        assert desk.give(lookup(desk)) == []
    desk.placing = set()
    desk.give(outcome(result=Outcome.UNKNOWN))
    for _ in range(3):
        assert desk.give(lookup(desk)) == [], "the last attempt may have left just now"
    desk.later(7.0)
    assert desk.give(lookup(desk)) == []
    assert kinds(desk.give(lookup(desk))) == [EventType.PROVEN_ABSENT]


def test_an_order_sent_before_a_restart_may_have_left_until_then() -> None:
    desk = unknown(Desk())
    desk.later(6.0)
    desk.state.started_ts = desk.now_ns
    desk.later(6.9)
    for _ in range(3):
        assert desk.give(lookup(desk)) == []
    desk.later(0.1)
    desk.give(lookup(desk))
    assert kinds(desk.give(lookup(desk))) == [EventType.PROVEN_ABSENT]


def test_rounds_from_before_a_sign_of_life_prove_nothing() -> None:
    desk = unknown(Desk())
    desk.later(8.0)
    desk.give(lookup(desk))
    desk.give(row())
    assert desk.state.absences == {}
    desk.later(8.0)
    assert desk.give(lookup(desk)) == []
    assert kinds(desk.give(lookup(desk))) == [EventType.PROVEN_ABSENT]
    assert desk.order().state is OrderState.CANCELED, "it was there once"


def test_f03_an_order_that_appears_after_its_absence_was_proven_is_adopted_and_pauses() -> None:
    desk = absent(Desk())
    events = desk.give(row())
    assert kinds(events) == [EventType.ORDER_ACK, TradingStateChanged]
    assert desk.order().state is OrderState.NEW
    assert desk.state.exposure.count() == 1
    narrowing = desk.state.narrowed["BTCUSDT"]
    assert (narrowing.state, narrowing.by, narrowing.reason) == (
        TradingState.REDUCING,
        "reconcile",
        "LATE_ACCEPT: a1 lives after its absence was proven",
    )
    assert desk.state.orders.anomalies["RESURRECTED"] == 1


def test_f03_a_fill_and_a_late_reply_are_signs_of_life_too() -> None:
    desk = absent(Desk())
    assert kinds(desk.give(fill("e1", "0.004"))) == [EventType.PARTIAL_FILL, TradingStateChanged]
    desk = absent(Desk())
    assert kinds(desk.give(outcome())) == [EventType.ORDER_ACK, TradingStateChanged]
    desk = absent(Desk())
    desk.give(outcome())
    assert kinds(desk.give(row())) == [], "it is told once"


def test_f03_a_market_that_is_narrowed_already_stays_as_it_is() -> None:
    desk = absent(Desk())
    desk.give(row())
    narrowing = desk.state.narrowed["BTCUSDT"]
    desk.later(1.0)
    desk.give(desk.place("a2", reduce_only=True))
    desk.state.orders.get_order("a1")
    order = desk.order()
    order.synthetic, order.terminal = True, OrderState.REJECTED
    assert TradingStateChanged not in kinds(desk.give(fill("e9", "0.001")))
    assert desk.state.narrowed["BTCUSDT"] == narrowing


# Asking again, and an end to it.


def test_an_order_is_asked_for_less_and_less_often_and_never_twice_at_a_time() -> None:
    desk = unknown(Desk())
    pauses = []
    for _ in range(8):
        assert desk.give(lookup(desk, complete=False)) == []
        (again,) = desk.requests
        assert isinstance(again, StartTimer)
        pauses.append(again.after_s)
        assert desk.give(lookup(desk, complete=False)) == []
        assert desk.requests == []
        desk.give(TimerFired(kind="again", key="a1"))
        assert desk.requests == [QUERY]
    assert pauses == [0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 10.0, 10.0]
    desk.give(lookup(desk, row()))
    assert (desk.order().state, desk.state.tries, desk.state.asking) == (OrderState.NEW, {}, set())


def test_f41_questions_about_an_order_come_to_an_end_and_begin_anew_when_asked_for() -> None:
    desk = unknown(Desk(policy=Policy(questions_an_order=3)))
    for _ in range(3):
        desk.give(lookup(desk, complete=False))
        assert len(desk.requests) == 1
        desk.give(TimerFired(kind="again", key="a1"))
    desk.give(lookup(desk, complete=False))
    assert desk.requests == []
    assert desk.state.stuck == {"a1"}
    assert list(ask_anew(desk.state)) == [StartTimer(kind="again", key="a1", after_s=0.0)]
    desk.give(lookup(desk, complete=False))
    assert len(desk.requests) == 1


def test_a_lookup_of_an_order_nobody_knows_means_nothing() -> None:
    desk = Desk()
    assert desk.give(lookup(desk, None, "zz")) == []


def test_an_unacknowledged_order_becomes_unknown_at_its_deadline() -> None:
    desk = Desk()
    desk.give(desk.place())
    late = TimerFired(kind="ack", key="a1")
    assert kinds(desk.give(late)) == [EventType.SEND_UNKNOWN]
    assert desk.give(late) == []
    assert desk.requests == [QUERY]


def test_timers_of_orders_that_have_their_answer_mean_nothing() -> None:
    desk = Desk()
    desk.working()
    assert desk.give(TimerFired(kind="ack", key="a1")) == []
    assert desk.give(TimerFired(kind="look", key="zz")) == []
    assert desk.requests == []
    desk.give(TimerFired(kind="account", key=""))
    assert desk.requests == [QueryAccount()]


def test_a_pending_cancel_of_which_the_venue_knows_nothing_is_lifted() -> None:
    desk = Desk()
    desk.working()
    desk.give(CancelOrder(command_id="x1", client_order_id="a1"))
    desk.give(lookup(desk, row()))
    assert desk.order().state is OrderState.NEW
    desk.give(AmendOrder(command_id="m1", client_order_id="a1", price=d(59_000)))
    desk.give(lookup(desk, row()))
    assert (desk.order().state, desk.order().price) == (OrderState.NEW, d(60_000))


def test_f38_an_answer_to_a_question_from_before_the_cancel_does_not_lift_it() -> None:
    desk = Desk()
    desk.working()
    asked_before = lookup(desk, row())
    desk.later(0.001)
    desk.give(CancelOrder(command_id="x1", client_order_id="a1"))
    assert desk.give(asked_before) == []
    assert desk.order().state is OrderState.PENDING_CANCEL
    assert desk.requests == [StartTimer(kind="again", key="a1", after_s=0.2)]
    ended = lookup(desk, row(status=VenueStatus.CANCELED))
    assert kinds(desk.give(ended)) == [EventType.CANCEL_ACK]


# Fills that are missing.


def test_a_pending_cancel_is_lifted_by_the_answer_that_also_confirms_an_amend() -> None:
    desk = Desk()
    desk.working()
    desk.give(desk.amend("a1", qty=d("0.004")))
    desk.give(CancelOrder(command_id="c9", client_order_id="a1"))
    desk.later(6)
    asked = lookup(desk, row(qty=d("0.004")))
    desk.later(1)
    assert kinds(desk.give(asked)) == [EventType.REPLACE_ACK, EventType.CANCEL_REJECT]
    assert (desk.order().state, desk.order().qty) == (OrderState.NEW, d("0.004"))


def test_f28_a_row_that_promises_more_fills_than_were_seen_is_looked_into_within_a_second() -> None:
    desk = Desk()
    desk.working()
    partly = row(status=VenueStatus.PARTIALLY_FILLED, cum_qty=d("0.004"))
    desk.give(partly)
    assert desk.requests == [StartTimer(kind="look", key="a1", after_s=1.0)]
    desk.give(partly)
    assert desk.requests == [], "it is being looked into"
    desk.give(TimerFired(kind="look", key="a1"))
    assert desk.requests == [QUERY]
    desk.give(fill("e1", "0.004"))
    desk.give(TimerFired(kind="look", key="a1"))
    assert desk.requests == []


def test_a_lookup_brings_missing_fills_and_the_state() -> None:
    desk = Desk()
    desk.working()
    ended = row(status=VenueStatus.CANCELED, cum_qty=d("0.004"), reason="USER")
    found = lookup(desk, ended, fills=(fill("e1", "0.004"),))
    assert kinds(desk.give(found)) == [EventType.PARTIAL_FILL, EventType.CANCEL_ACK]
    assert desk.order().state is OrderState.CANCELED
    assert desk.give(found) == []


def promised(desk: Desk) -> Desk:
    """A cancelled order whose row shows a fill that nobody has seen."""
    desk.working()
    desk.give(row(status=VenueStatus.CANCELED, cum_qty=d("0.004"), avg_price=d(59_990)))
    desk.give(TimerFired(kind="look", key="a1"))
    assert desk.requests == [QUERY]
    return desk


def test_a_fill_is_inferred_only_after_its_order_and_then_all_executions_were_listed() -> None:
    desk = promised(Desk())
    ended = row(status=VenueStatus.CANCELED, cum_qty=d("0.004"), avg_price=d(59_990))
    too_early = tail(desk)
    desk.later(0.1)
    assert desk.give(lookup(desk, ended)) == []
    assert desk.requests == [TAIL]
    assert desk.give(too_early) == [], "it was listed before the order's own were"
    desk.later(0.1)
    (inferred,) = desk.give(tail(desk))
    assert isinstance(inferred, OrderEvent)
    assert (inferred.type, inferred.cum_qty, inferred.avg_price, inferred.reason) == (
        EventType.STATUS_REPORT,
        d("0.004"),
        d(59_990),
        "NO_EXECUTION",
    )
    assert (desk.order().cum_qty, desk.order().inferred_qty) == (d("0.004"), d("0.004"))
    assert desk.state.promised == {}


def test_an_execution_that_comes_after_all_takes_the_place_of_what_was_inferred() -> None:
    desk = promised(Desk())
    desk.give(lookup(desk))
    desk.give(tail(desk))
    desk.give(fill("e1", "0.004"))
    assert (desk.order().cum_qty, desk.order().inferred_qty) == (d("0.004"), d(0))


def test_an_answer_that_is_not_complete_infers_nothing() -> None:
    desk = promised(Desk())
    ended = row(status=VenueStatus.CANCELED, cum_qty=d("0.004"))
    assert desk.give(lookup(desk, ended, complete=False)) == []
    assert desk.requests == [StartTimer(kind="again", key="a1", after_s=0.2)]
    assert desk.give(tail(desk)) == []
    desk.give(TimerFired(kind="again", key="a1"))
    assert desk.requests == [QUERY], "a closed order is asked for, too"


def test_an_answer_that_is_old_and_not_complete_is_asked_for_once_more() -> None:
    desk = Desk()
    desk.working()
    asked = lookup(desk, row(), complete=False)
    desk.later(1)
    desk.give(CancelOrder(command_id="c", client_order_id="a1"))
    assert desk.give(asked) == []
    assert desk.requests == [StartTimer(kind="again", key="a1", after_s=0.2)]


def test_a_promise_is_forgotten_when_the_tail_has_brought_the_fill() -> None:
    desk = promised(Desk())
    desk.give(lookup(desk))
    assert kinds(desk.give(tail(desk, fill("e1", "0.004")))) == [EventType.PARTIAL_FILL]
    assert desk.state.promised == {}


# Positions that the stream shows.


def position(qty: str) -> PositionReport:
    return PositionReport(symbol="BTCUSDT", qty=d(qty), avg_price=d(60_000))


LATER = TimerFired(kind="position", key="BTCUSDT")
WAIT = StartTimer(kind="position", key="BTCUSDT", after_s=1.0)


def test_f28_a_position_that_stays_ahead_of_the_executions_has_them_listed() -> None:
    desk = Desk()
    assert desk.give(position("0.5")) == []
    assert desk.requests == [WAIT]
    desk.later(1.0)
    desk.give(LATER)
    assert desk.requests == [
        QueryAccount(scopes=frozenset({Scope.FILLS, Scope.POSITIONS, Scope.WALLET}))
    ]
    desk.give(LATER)
    assert desk.requests == []


def test_a_position_that_the_fill_catches_up_with_is_forgotten() -> None:
    desk = Desk()
    desk.working()
    desk.give(position("0.010"))
    desk.give(fill("e1", "0.010"))
    desk.give(position("0.010"))
    assert desk.requests == [], "one timer runs"
    desk.later(1.0)
    desk.give(LATER)
    assert (desk.requests, desk.state.heard) == ([], {})


def test_while_fills_come_a_position_is_looked_at_later() -> None:
    desk = Desk()
    desk.working()
    desk.give(position("0.010"))
    desk.later(0.75)
    desk.give(fill("e1", "0.004"))
    desk.later(0.25)
    desk.give(LATER)
    assert desk.requests == [StartTimer(kind="position", key="BTCUSDT", after_s=0.75)]
    assert desk.state.heard["BTCUSDT"].heard_ts == desk.now_ns - NS


def test_a_position_that_agrees_or_whose_difference_is_known_asks_nothing() -> None:
    desk = Desk()
    desk.give(position("0"))
    assert (desk.requests, desk.state.heard) == ([], {})
    drift = Drift(symbol="BTCUSDT", ours=d(0), venue=d("0.5"), since_ts=1)
    evolve(desk.state, Reconciled(ts=1, drift=(drift,)))
    desk.give(position("0.5"))
    assert (desk.requests, desk.state.heard) == ([], {})
    desk.give(position("0.6"))
    assert desk.requests == [WAIT]


def test_without_any_comparison_yet_a_position_is_looked_at() -> None:
    desk = Desk()
    desk.state.reconciled = None
    desk.give(position("0.5"))
    assert desk.requests == [WAIT]


# --- cancels and amends of which the venue shows no trace -----------------------------------------


def test_a_cancel_that_never_reached_an_order_that_waits_for_its_trigger_is_lifted() -> None:
    desk = Desk()
    stop = Trigger(d(61_000), TriggerDirection.RISES)
    desk.working(trigger=stop)
    desk.give(CancelOrder(command_id="c", client_order_id="a1"))
    desk.later(1)
    shown = row(status=VenueStatus.UNTRIGGERED, trigger=stop)
    assert kinds(desk.give(lookup(desk, shown))) == [EventType.CANCEL_REJECT]
    assert desk.order().state is OrderState.UNTRIGGERED


def test_a_lost_amend_and_the_lost_cancel_after_it_are_lifted_by_one_answer() -> None:
    desk = Desk()
    desk.working()
    desk.give(desk.amend("a1", price=d(59_000)))
    desk.give(CancelOrder(command_id="c", client_order_id="a1"))
    desk.later(1)
    lifted = desk.give(lookup(desk, row()))
    assert kinds(lifted) == [EventType.CANCEL_REJECT, EventType.REPLACE_REJECT]
    assert [(e.reason, e.text) for e in lifted if isinstance(e, OrderEvent)] == [
        ("NOT_ARRIVED", "still open at the venue"),
        ("NOT_ARRIVED", "terms unchanged at the venue"),
    ], "nobody refused them"
    assert (desk.order().state, desk.order().price) == (OrderState.NEW, d(60_000))


# --- cancels that wait with others ----------------------------------------------------------------


def test_an_order_is_not_asked_for_while_its_cancel_waits_with_others() -> None:
    desk = Desk()
    desk.working()
    desk.give(CancelOrder(command_id="c", client_order_id="a1"))
    desk.canceling = {"a1"}
    assert desk.give(TimerFired(kind="look", key="a1")) == []
    after_s = desk.policy.settle_deadline_s
    assert desk.requests == [StartTimer(kind="look", key="a1", after_s=after_s)]
    # What is asked for all the same proves nothing against a cancel that may not have left.
    desk.later(1)
    assert desk.give(lookup(desk, row())) == []
    assert desk.order().state is OrderState.PENDING_CANCEL
    desk.canceling = set()
    desk.give(TimerFired(kind="look", key="a1"))
    assert desk.requests == [QUERY]
    assert kinds(desk.give(lookup(desk, row()))) == [EventType.CANCEL_REJECT]


def test_a_fill_that_is_missing_is_asked_for_while_the_cancel_waits_with_others() -> None:
    desk = Desk()
    desk.working()
    desk.give(CancelOrder(command_id="c", client_order_id="a1"))
    desk.canceling = {"a1"}
    desk.give(row(status=VenueStatus.PARTIALLY_FILLED, cum_qty=d("0.004"), avg_price=d(60_000)))
    desk.give(TimerFired(kind="look", key="a1"))
    assert desk.requests == [QUERY]
