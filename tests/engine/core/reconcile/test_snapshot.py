from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from engine.core.context import Policy
from engine.core.events import EventType, OrderEvent, Reconciled
from engine.core.reconcile.snapshot import HISTORY_KEPT, note_snapshot
from engine.core.reports import (
    EVERYTHING,
    AccountSnapshot,
    BalanceReport,
    FillEvent,
    LinkReport,
    OrderReport,
    Outcome,
    PositionReport,
    Scope,
    VenuePnl,
    VenueStatus,
)
from engine.core.requests import QueryOrder, QueryPnl, StartTimer, TimerFired
from engine.core.status import ReconcileStatus
from engine.core.types import Category
from tests.support.desk import Desk, d, fill, outcome, row

LOOK_AGAIN = StartTimer(kind="account", key="", after_s=1.0)
ORDERS = frozenset({Scope.ORDERS})
HOLDINGS = frozenset({Scope.ORDERS, Scope.POSITIONS, Scope.WALLET})


def snapshot(
    desk: Desk,
    *,
    orders: tuple[OrderReport, ...] = (),
    qty: str = "0",
    symbol: str = "BTCUSDT",
    fills: tuple[FillEvent, ...] = (),
    avg: str | None = None,
    **more: Any,
) -> AccountSnapshot:
    values: dict[str, Any] = {"sent_ts": desk.now_ns, "duration_s": 0.01, **more}
    average = None if avg is None else d(avg)
    positions = (PositionReport(symbol=symbol, qty=d(qty), avg_price=average),)
    return AccountSnapshot(open_orders=orders, positions=positions, fills=fills, **values)


def results(events: list[Any]) -> list[Reconciled]:
    return [event for event in events if isinstance(event, Reconciled)]


def fired(desk: Desk) -> None:
    """The second look has been asked for."""
    desk.give(TimerFired(kind="account", key=""))


# What is taken from a snapshot.


def test_missing_fills_are_booked_before_positions_are_compared() -> None:
    desk = Desk()
    desk.working()
    desk.later(1)
    missed = fill("e1", "0.010")
    events = desk.give(snapshot(desk, qty="0.010", fills=(missed,)))
    assert [event.type for event in events if isinstance(event, OrderEvent)] == [
        EventType.FULL_FILL
    ]
    assert desk.give(snapshot(desk, qty="0.010", fills=(missed,))) == []


def test_f30_an_order_that_ended_unseen_is_found_among_the_closed_ones_without_a_question() -> None:
    desk = Desk()
    desk.working()
    desk.later(1)
    ended = row(status=VenueStatus.CANCELED, reason="USER", ts=desk.now_ns)
    events = desk.give(snapshot(desk, closed_orders=(ended,)))
    assert [event.type for event in events if isinstance(event, OrderEvent)] == [
        EventType.CANCEL_ACK
    ]
    assert desk.requests == []


def test_closed_orders_that_are_closed_here_or_not_ours_are_no_news() -> None:
    desk = Desk()
    desk.working()
    desk.give(row(status=VenueStatus.CANCELED))
    desk.later(1)
    rows = tuple(row(name, status=VenueStatus.FILLED, cum_qty=d("0.010")) for name in ("a1", "z9"))
    desk.give(snapshot(desk, closed_orders=rows))
    assert list(desk.state.orders.orders) == ["a1"]
    assert desk.state.promised == {}


def test_an_order_of_ours_that_is_not_listed_is_asked_for_by_id() -> None:
    desk = Desk()
    desk.working()
    desk.later(1)
    desk.give(snapshot(desk))
    assert desk.requests == [QueryOrder(client_order_id="a1", symbol="BTCUSDT")]
    desk.give(snapshot(desk, orders=(row(),)))
    assert desk.requests == []


def test_only_a_list_of_orders_can_miss_one() -> None:
    desk = Desk()
    desk.working()
    desk.later(1)
    desk.give(snapshot(desk, scopes=EVERYTHING - ORDERS))
    assert desk.requests == []


def test_an_order_that_was_heard_of_after_the_question_is_not_missing() -> None:
    desk = Desk()
    desk.give(desk.place())
    desk.later(1)
    asked = snapshot(desk)
    desk.later(0.001)
    desk.give(outcome())
    desk.give(asked)
    assert desk.requests == []


def test_an_order_whose_next_question_is_due_or_given_up_is_not_asked_for_besides() -> None:
    desk = Desk()
    desk.working("a1")
    desk.working("a2")
    desk.state.asking.add("a1")
    desk.state.stuck.add("a2")
    desk.later(1)
    desk.give(snapshot(desk))
    assert desk.requests == []


def test_external_orders_are_named() -> None:
    desk = Desk()
    events = desk.give(snapshot(desk, orders=(row("web-1"),)))
    assert results(events)[-1].external_orders == ("web-1",)


def test_coins_are_counted_once_and_that_is_news() -> None:
    desk = Desk()
    pair = desk.state.instruments["BTCUSDT"]
    desk.state.instruments["BTC/USDT"] = replace(pair, symbol="BTC/USDT", category=Category.SPOT)
    wallet = (BalanceReport(coin="BTC", qty=d("1.5")),)
    (counted,) = results(desk.give(snapshot(desk, balances=wallet)))
    assert (counted.coins, desk.state.coins) == ({"BTC": d("1.5")}, {"BTC": d("1.5")})
    assert desk.give(snapshot(desk, balances=wallet)) == []


# When the account is ready, and what is news.


def test_an_account_that_agrees_adds_no_event_but_the_first() -> None:
    desk = Desk()
    desk.state.ready = False
    desk.state.reconciled = None
    assert [type(event) for event in desk.give(snapshot(desk))] == [Reconciled]
    assert desk.state.ready
    assert desk.give(snapshot(desk)) == []


def test_after_a_restart_with_the_same_result_the_account_is_ready_without_an_event() -> None:
    desk = Desk()
    desk.state.ready = False
    assert desk.give(snapshot(desk)) == []
    assert desk.state.ready


def test_f30_only_a_whole_answer_asked_for_since_the_stream_is_up_makes_an_account_ready() -> None:
    desk = Desk()
    desk.give(LinkReport(link="private", up=True))
    desk.give(LinkReport(link="private", up=False))
    desk.give(snapshot(desk))
    assert not desk.state.ready, "the stream is down"
    desk.later(1)
    before = snapshot(desk)
    desk.later(1)
    desk.give(LinkReport(link="private", up=True))
    desk.give(before)
    assert not desk.state.ready, "it was asked for before"
    assert results(desk.give(snapshot(desk, scopes=ORDERS))) == []
    assert not desk.state.ready, "orders are not everything"
    (result,) = results(desk.give(snapshot(desk)))
    assert not result.partial
    assert desk.state.ready


def test_f30_an_account_is_not_ready_while_a_difference_may_be_a_fill_of_the_gap() -> None:
    desk = Desk()
    desk.state.ready = False
    assert desk.give(snapshot(desk, qty="0.010")) == []
    assert (desk.state.ready, desk.requests) == (False, [LOOK_AGAIN])
    fired(desk)
    desk.later(1)
    missed = fill("e1", "0.010", "web-1")
    desk.give(snapshot(desk, qty="0.010", fills=(missed,)))
    assert desk.state.ready


def test_f30_nor_while_fills_are_on_their_way() -> None:
    desk = Desk()
    desk.working()
    desk.state.ready = False
    asked = snapshot(desk, qty="0.010")
    desk.later(0.001)
    desk.give(fill("e1", "0.004"))
    desk.give(asked)
    assert (desk.state.ready, desk.requests) == (False, [LOOK_AGAIN])
    fired(desk)
    desk.give(fill("e2", "0.006"))
    desk.later(1)
    desk.give(snapshot(desk, qty="0.010"))
    assert desk.state.ready


def test_drift_that_is_certain_does_not_keep_the_other_markets_waiting() -> None:
    desk = Desk()
    desk.state.ready = False
    for _ in range(2):
        desk.give(snapshot(desk, qty="0.5"))
    assert desk.state.ready
    assert [drift.qty for drift in desk.state.reconciled.drift] == [d("0.5")]  # type: ignore[union-attr]


def test_a_first_answer_in_parts_does_not_let_orders_out_and_the_whole_one_is_told() -> None:
    desk = Desk()
    desk.state.ready = False
    desk.state.reconciled = None
    (part,) = results(desk.give(snapshot(desk, scopes=ORDERS)))
    assert (part.partial, desk.state.ready) == (True, False)
    (whole,) = results(desk.give(snapshot(desk)))
    assert (whole.partial, desk.state.ready) == (False, True)


# Failures.


def test_a_failed_query_changes_nothing_but_the_error_shown() -> None:
    desk = Desk()
    desk.working()
    desk.later(1)
    events = desk.give(snapshot(desk, qty="9", complete=False, error="timeout"))
    assert [event.error for event in results(events)] == ["timeout"]
    assert desk.requests == [LOOK_AGAIN]
    assert desk.state.suspects == {}
    events = desk.give(snapshot(desk, complete=False))
    assert [event.error for event in results(events)] == ["incomplete answer"]


def test_a_failed_query_does_not_make_an_account_ready() -> None:
    desk = Desk()
    desk.state.ready = False
    desk.state.reconciled = None
    desk.give(snapshot(desk, complete=False))
    assert not desk.state.ready


def test_f41_failures_are_repeated_at_once_only_so_often() -> None:
    desk = Desk()
    looks = []
    for _ in range(5):
        desk.give(snapshot(desk, complete=False, error="timeout"))
        looks.append(desk.requests)
        fired(desk)
    assert looks == [[LOOK_AGAIN]] * 3 + [[], []]
    assert desk.state.reconciled is not None
    assert desk.state.reconciled.error == "timeout", "it stays in sight"


def test_f41_what_was_given_up_stays_in_sight_until_the_venue_answers_again() -> None:
    desk = Desk(policy=Policy(questions_an_order=7))
    desk.working()
    desk.state.stuck.add("a1")
    (result,) = results(desk.give(snapshot(desk, orders=(row(),))))
    assert result.alarms == ("a1: no answer to 7 questions",)
    assert desk.give(snapshot(desk, orders=(row(),))) == []
    desk.give(snapshot(desk, complete=False))
    (result,) = results(desk.give(snapshot(desk, orders=(row(),))))
    assert (result.alarms, desk.state.stuck) == ((), set())
    assert StartTimer(kind="again", key="a1", after_s=0.0) in desk.requests


def test_the_pnl_is_asked_for_again_as_soon_as_a_comparison_is_answered() -> None:
    desk = Desk()

    def pnl(*, complete: bool = True) -> VenuePnl:
        return VenuePnl(
            balances={}, closed={}, cash=(), since_ts=0, sent_ts=desk.now_ns, complete=complete
        )

    desk.give(pnl(complete=False))
    desk.give(snapshot(desk, complete=False))
    assert QueryPnl() not in desk.requests
    desk.give(snapshot(desk, scopes=ORDERS))
    assert QueryPnl() in desk.requests
    desk.give(snapshot(desk, scopes=ORDERS))
    assert QueryPnl() not in desk.requests, "once for each question without an answer"
    desk.give(pnl(complete=False))
    desk.give(pnl())
    desk.give(snapshot(desk, scopes=ORDERS))
    assert QueryPnl() not in desk.requests


# What is kept for people.


def noted(desk: Desk, status: ReconcileStatus, taken: AccountSnapshot) -> ReconcileStatus:
    desk.give(taken)
    note_snapshot(status, desk.state, taken, desk.now_ns)
    return status


def test_what_a_comparison_found_is_kept_for_people() -> None:
    desk = Desk()
    status = noted(desk, ReconcileStatus(), snapshot(desk))
    assert (status.runs, status.sent_ts, status.last_ok_ts) == (1, desk.now_ns, desk.now_ns)
    assert (status.fills_ok, status.positions_ok, status.orders_ok) == (True, True, True)
    desk.give(desk.place())
    desk.give(outcome(result=Outcome.UNKNOWN))
    desk.later(1)
    for _ in range(2):
        noted(desk, status, snapshot(desk, qty="0.5"))
    assert (status.positions_ok, status.orders_ok) == (False, False)
    assert [drift.qty for drift in status.drift] == [d("0.5")]


def test_a_part_says_nothing_of_the_others() -> None:
    desk = Desk()
    status = noted(desk, ReconcileStatus(), snapshot(desk, scopes=ORDERS))
    assert (status.fills_ok, status.positions_ok, status.orders_ok) == (False, False, True)


def test_a_failed_comparison_keeps_what_the_last_good_one_found() -> None:
    desk = Desk()
    status = noted(desk, ReconcileStatus(), snapshot(desk))
    passed_ts = desk.now_ns
    desk.later(5)
    noted(desk, status, snapshot(desk, complete=False, error="timeout"))
    assert (status.runs, status.error, status.fills_ok) == (2, "timeout", False)
    assert (status.last_ok_ts, status.positions_ok) == (passed_ts, True)


def test_a_part_without_an_answer_is_stale_until_it_is_compared_again() -> None:
    desk = Desk()
    status = noted(desk, ReconcileStatus(), snapshot(desk))
    assert (status.failed, status.drift_ts) == ((), desk.now_ns)
    compared_ts = desk.now_ns
    desk.later(5)
    noted(desk, status, snapshot(desk, complete=False, scopes=HOLDINGS, error="timeout"))
    assert status.is_stale(Scope.FILLS, desk.now_ns), "while the newest comparison failed, all are"
    noted(desk, status, snapshot(desk, scopes=ORDERS))
    assert status.failed == (Scope.POSITIONS, Scope.WALLET)
    stale = [status.is_stale(scope, desk.now_ns) for scope in Scope]
    assert [scope for scope, is_stale in zip(Scope, stale, strict=True) if is_stale] == [
        *status.failed
    ]
    assert status.drift_ts == compared_ts
    status = noted(desk, status, snapshot(desk, scopes=HOLDINGS))
    assert (status.failed, status.drift_ts) == ((), desk.now_ns)


def test_the_newest_runs_are_kept_with_how_long_they_took() -> None:
    desk = Desk()
    status = ReconcileStatus()
    for number in range(HISTORY_KEPT + 5):
        noted(desk, status, snapshot(desk, duration_s=number / 100, scopes=HOLDINGS))
    assert len(status.history) == HISTORY_KEPT
    last = status.history[-1]
    assert (last.ts, last.duration_s, last.differences) == (desk.now_ns, 0.24, 0)
    assert last.scopes == (Scope.ORDERS, Scope.POSITIONS, Scope.WALLET)
    noted(desk, status, snapshot(desk, qty="0.5", scopes=HOLDINGS))
    assert status.history[-1].differences == 1


def test_a_snapshot_that_was_not_decided_passes_nothing() -> None:
    desk = Desk()
    desk.state.reconciled = None
    status = ReconcileStatus()
    note_snapshot(status, desk.state, snapshot(desk), desk.now_ns)
    assert (status.runs, status.last_ok_ts) == (1, 0)


def test_a_difference_that_fills_hide_from_every_comparison_is_told_of_after_a_minute() -> None:
    desk = Desk()
    desk.working(qty=d(9))
    told = []
    for number in range(10):
        asked = snapshot(desk, orders=(row(qty=d(9)),), qty="5", sent_ts=desk.now_ns)
        desk.later(0.01)
        desk.give(fill(f"e{number}", "0.1"))
        told.append([result.alarms for result in results(desk.give(asked)) if result.alarms])
        desk.later(7.49)
    alarm = ("BTCUSDT: not compared for 60 s, filled since the question",)
    assert told == [[]] * 8 + [[alarm], []], "once: the same again is no news"
    desk.later(1)
    assert results(desk.give(snapshot(desk, orders=(row(qty=d(9)),), qty="1.0")))[-1].alarms == ()
