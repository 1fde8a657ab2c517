from typing import Any

from msgspec.structs import replace

from engine.core.events import EventType, OrderEvent, Reconciled
from engine.core.reconcile import note_snapshot
from engine.core.reports import AccountSnapshot, FillEvent, OrderReport, Outcome, PositionReport
from engine.core.requests import QueryOrder, StartTimer
from engine.core.status import ReconcileStatus
from engine.core.types import Category
from tests.support.desk import Desk, d, fill, outcome, row

LOOK_AGAIN = StartTimer(kind="account", key="", after_s=1.0)


def snapshot(
    desk: Desk,
    *,
    orders: tuple[OrderReport, ...] = (),
    qty: str = "0",
    symbol: str = "BTCUSDT",
    fills: tuple[FillEvent, ...] = (),
    **more: Any,
) -> AccountSnapshot:
    values: dict[str, Any] = {"sent_ts": desk.now_ns, "duration_s": 0.01, **more}
    positions = (PositionReport(symbol=symbol, qty=d(qty), avg_price=None),)
    return AccountSnapshot(open_orders=orders, positions=positions, fills=fills, **values)


def test_an_account_that_agrees_adds_no_event_but_the_first() -> None:
    desk = Desk()
    desk.state.ready = False
    events = desk.give(snapshot(desk))
    assert [type(event) for event in events] == [Reconciled]
    assert desk.state.ready
    assert desk.give(snapshot(desk)) == []


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


def test_an_order_of_ours_that_is_not_listed_is_asked_for_by_id() -> None:
    desk = Desk()
    desk.working()
    desk.later(1)
    desk.give(snapshot(desk))
    assert desk.requests == [QueryOrder(client_order_id="a1", symbol="BTCUSDT")]
    desk.give(snapshot(desk, orders=(row(),)))
    assert desk.requests == []


def test_an_order_sent_after_the_question_is_not_missing() -> None:
    desk = Desk()
    asked = snapshot(desk, sent_ts=desk.now_ns)
    desk.working()
    desk.give(asked)
    assert desk.requests == []


def test_a_difference_is_drift_when_two_comparisons_show_the_same() -> None:
    desk = Desk()
    assert desk.give(snapshot(desk, qty="0.5")) == []
    assert desk.requests == [LOOK_AGAIN]
    first_ts = desk.now_ns
    desk.later(1)
    events = desk.give(snapshot(desk, qty="0.5"))
    assert len(events) == 1
    result = events[0]
    assert isinstance(result, Reconciled)
    drift = result.drift[0]
    assert (drift.symbol, drift.ours, drift.venue, drift.qty) == (
        "BTCUSDT",
        d(0),
        d("0.5"),
        d("0.5"),
    )
    assert drift.since_ts == desk.now_ns > first_ts
    desk.later(1)
    assert desk.give(snapshot(desk, qty="0.5")) == []


def test_drift_that_goes_away_is_told_once() -> None:
    desk = Desk()
    for _ in range(2):
        desk.give(snapshot(desk, qty="0.5"))
    events = desk.give(snapshot(desk))
    assert [event.drift for event in events if isinstance(event, Reconciled)] == [()]


def test_a_position_that_the_venue_does_not_show_is_a_difference_too() -> None:
    desk = Desk()
    desk.working()
    desk.give(fill("e1", "0.010"))
    for _ in range(2):
        desk.give(snapshot(desk, symbol="ETHUSDT"))
    assert desk.state.reconciled is not None
    assert [(d.symbol, d.qty) for d in desk.state.reconciled.drift] == [("BTCUSDT", d("-0.010"))]


def test_spot_holdings_are_coins_not_positions() -> None:
    desk = Desk()
    desk.working()
    desk.give(fill("e1", "0.010"))
    instrument = desk.state.instruments["BTCUSDT"]
    desk.state.instruments["BTCUSDT"] = replace(instrument, category=Category.SPOT)
    desk.give(snapshot(desk, symbol="ETHUSDT"))
    assert desk.state.suspects == {}


def test_a_failed_query_changes_nothing_but_the_error_shown() -> None:
    desk = Desk()
    desk.working()
    desk.later(1)
    events = desk.give(snapshot(desk, qty="9", complete=False, error="timeout"))
    assert [event.error for event in events if isinstance(event, Reconciled)] == ["timeout"]
    assert desk.requests == [LOOK_AGAIN]
    assert desk.state.suspects == {}
    events = desk.give(snapshot(desk, complete=False))
    assert [event.error for event in events if isinstance(event, Reconciled)] == [
        "incomplete answer"
    ]


def test_a_failed_query_does_not_make_an_account_ready() -> None:
    desk = Desk()
    desk.state.ready = False
    desk.state.reconciled = None
    desk.give(snapshot(desk, complete=False))
    assert not desk.state.ready


def test_external_orders_are_named() -> None:
    desk = Desk()
    events = desk.give(snapshot(desk, orders=(row("web-1"),)))
    assert isinstance(events[-1], Reconciled)
    assert events[-1].external_orders == ("web-1",)


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


def test_a_failed_comparison_keeps_what_the_last_good_one_found() -> None:
    desk = Desk()
    status = noted(desk, ReconcileStatus(), snapshot(desk))
    passed_ts = desk.now_ns
    desk.later(5)
    noted(desk, status, snapshot(desk, complete=False, error="timeout"))
    assert (status.runs, status.error, status.fills_ok) == (2, "timeout", False)
    assert (status.last_ok_ts, status.positions_ok) == (passed_ts, True)


def test_a_snapshot_that_was_not_decided_passes_nothing() -> None:
    desk = Desk()
    desk.state.reconciled = None
    status = ReconcileStatus()
    note_snapshot(status, desk.state, snapshot(desk), desk.now_ns)
    assert (status.runs, status.last_ok_ts) == (1, 0)
