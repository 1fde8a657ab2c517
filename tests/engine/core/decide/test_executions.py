from __future__ import annotations

from typing import Any

import pytest

from engine.core.events import (
    CashBooked,
    Event,
    EventType,
    ExecutionQuarantined,
    OrderAdopted,
    OrderEvent,
    Reconciled,
    SuspenseBooked,
    TradingStateChanged,
)
from engine.core.ledger.conservation import ledger_disagreements
from engine.core.reports import (
    AccountSnapshot,
    CashReport,
    OrderLookup,
    UnknownExecution,
    VenueStatus,
)
from engine.core.requests import QueryAccount, QueryOrder, StartTimer, TimerFired
from engine.core.state import State, evolve
from engine.core.types import CashKind, ExecutionKind, OrderState, Side, TradingState
from tests.support.desk import Desk, d, fill, outcome, row

FUNDING = CashReport(
    cash_id="f1", currency="USDT", kind=CashKind.FUNDING, amount=d("-1.5"), symbol="BTCUSDT", ts=7
)


def kinds(events: list[Event]) -> list[object]:
    return [event.type if isinstance(event, OrderEvent) else type(event) for event in events]


def stray(exec_id: str = "e1", qty: str = "0.004", **more: Any) -> Any:
    """An execution of an order that nobody knows: the venue's x-9."""
    return fill(exec_id, qty, "", **{"exchange_order_id": "x-9", **more})


def test_f06_a_fill_of_an_unknown_order_is_booked_at_once_and_its_order_asked_for() -> None:
    desk = Desk()
    assert kinds(desk.give(stray())) == [SuspenseBooked]
    assert desk.requests == [
        QueryOrder(client_order_id="x-9", symbol="BTCUSDT", exchange_order_id="x-9"),
        StartTimer(kind="suspense", key="e1", after_s=0.2),
    ]
    assert desk.state.positions.get_position("BTCUSDT").qty == d("0.004")
    assert list(desk.state.positions.suspense) == ["e1"]
    assert desk.state.positions.anomalies == {"SUSPENSE": 1}
    assert desk.give(stray()) == []


def test_what_is_in_suspense_goes_to_its_order_when_that_is_found() -> None:
    desk = Desk()
    desk.give(stray("e1", "0.004", position_index=0))
    found = row("", exchange_order_id="x-9", cum_qty=d("0.010"), status=VenueStatus.FILLED)
    lookup = OrderLookup(client_order_id="x-9", order=found, fills=(stray(), stray("e2", "0.006")))
    assert (
        kinds(desk.give(lookup))
        == [
            OrderAdopted,
            EventType.PARTIAL_FILL,
            EventType.ORDER_ACK,
            EventType.FULL_FILL,
        ]
        or desk.order("x-9").state is OrderState.FILLED
    )
    order = desk.order("x-9")
    assert (order.by, order.qty, order.cum_qty) == ("external", d("0.010"), d("0.010"))
    assert desk.state.positions.suspense == {}
    assert desk.state.positions.get_position("BTCUSDT").qty == d("0.010")
    assert {f.client_order_id for f in desk.state.positions.booked_fills()} == {"x-9"}
    assert list(ledger_disagreements(desk.state)) == []


def test_what_is_in_suspense_moves_to_its_orders_side_of_a_hedge() -> None:
    desk = Desk()
    desk.give(stray())
    desk.give(row("", exchange_order_id="x-9", position_index=1))
    positions = desk.state.positions
    assert positions.get_position("BTCUSDT").qty == 0
    assert positions.get_position("BTCUSDT", 1).qty == d("0.004")
    assert list(ledger_disagreements(desk.state)) == []


def test_a_fill_that_came_before_the_venues_id_was_known_is_our_orders() -> None:
    desk = Desk()
    desk.give(desk.place())
    desk.give(stray("e1", "0.004", exchange_order_id="x-a1"))
    assert desk.order().cum_qty == 0
    desk.give(outcome())
    assert desk.order().cum_qty == d("0.004")
    assert desk.state.positions.suspense == {}


def test_other_orders_leave_suspense_alone() -> None:
    desk = Desk()
    desk.give(stray())
    desk.working()
    assert list(desk.state.positions.suspense) == ["e1"]


def test_the_order_of_a_stray_execution_is_asked_for_a_bounded_number_of_times() -> None:
    desk = Desk()
    desk.give(stray())
    asked = 1
    while any(isinstance(request, StartTimer) for request in desk.requests):
        desk.give(TimerFired(kind="suspense", key="e1"))
        asked += any(isinstance(request, QueryOrder) for request in desk.requests)
    assert asked == 1 + len(desk.policy.query_backoff_s)
    assert list(desk.state.positions.suspense) == ["e1"]


def test_nothing_is_asked_about_an_execution_without_an_order_or_out_of_suspense() -> None:
    desk = Desk()
    desk.give(stray("s1", "0.001", exchange_order_id="", kind=ExecutionKind.SETTLEMENT))
    assert desk.requests == []
    desk.give(TimerFired(kind="suspense", key="e7"))
    assert desk.requests == []


def test_a_lookup_that_finds_nothing_of_an_unknown_order_changes_nothing() -> None:
    desk = Desk()
    assert desk.give(OrderLookup(client_order_id="x-9", order=None)) == []


@pytest.mark.parametrize(
    "kind", [ExecutionKind.ADL, ExecutionKind.SETTLEMENT, ExecutionKind.DELIVERY]
)
def test_f22_an_execution_without_an_order_of_ours_is_booked_and_alarmed(
    kind: ExecutionKind,
) -> None:
    desk = Desk()
    assert kinds(desk.give(stray(kind=kind))) == [SuspenseBooked]
    assert desk.state.positions.get_position("BTCUSDT").qty == d("0.004")
    assert desk.state.positions.anomalies == {kind.name: 1, "SUSPENSE": 1}
    assert desk.state.trading is TradingState.ACTIVE


def test_f22_a_liquidation_halts_trading_once() -> None:
    desk = Desk()
    events = desk.give(stray(kind=ExecutionKind.LIQUIDATION))
    assert kinds(events) == [SuspenseBooked, TradingStateChanged]
    assert (desk.state.trading, desk.state.trading_reason) == (
        TradingState.HALTED,
        "liquidation of BTCUSDT",
    )
    assert kinds(desk.give(stray("e2", kind=ExecutionKind.LIQUIDATION))) == [SuspenseBooked]


def test_an_execution_without_its_fee_is_booked_again_when_the_fee_is_told() -> None:
    desk = Desk()
    desk.working()
    desk.give(fill("e1", "0.004", fee=d(0), fee_assumed=True))
    assert desk.state.positions.get_position("BTCUSDT").is_estimated
    assert kinds(desk.give(fill("e1", "0.004"))) == [EventType.PARTIAL_FILL]
    position = desk.state.positions.get_position("BTCUSDT")
    assert (position.qty, position.fees, position.is_estimated) == (d("0.004"), d("0.1"), False)
    assert desk.give(fill("e1", "0.004")) == []


def test_funding_is_cash_once_and_never_a_trade() -> None:
    desk = Desk()
    desk.working()
    desk.give(fill("e1", "0.004"))
    assert desk.give(FUNDING) == [
        CashBooked(
            ts=desk.now_ns,
            cash_id="f1",
            currency="USDT",
            kind=CashKind.FUNDING,
            amount=d("-1.5"),
            symbol="BTCUSDT",
            venue_ts=7,
        )
    ]
    assert desk.give(FUNDING) == []
    position = desk.state.positions.get_position("BTCUSDT")
    assert (position.qty, position.funding) == (d("0.004"), d("-1.5"))
    assert desk.state.cash.total("USDT", CashKind.FUNDING) == d("-1.5")


def test_funding_of_a_symbol_never_traded_and_in_another_currency() -> None:
    desk = Desk()
    other = CashReport(
        cash_id="f2", currency="BTC", kind=CashKind.FUNDING, amount=d(3), symbol="BTCUSDT"
    )
    desk.give(other)
    assert desk.state.positions.get_position("BTCUSDT").funding == 0
    desk.give(CashReport(cash_id="t1", currency="USDT", kind=CashKind.OTHER, amount=d(100)))
    assert desk.state.cash.total("USDT") == 100
    assert desk.state.cash.total("BTC") == 3


def test_an_unknown_kind_of_execution_is_counted_once_and_the_account_compared() -> None:
    desk = Desk()
    report = UnknownExecution(exec_id="e1", symbol="BTCUSDT", exec_type="CorporateAction")
    assert desk.give(report) == [
        ExecutionQuarantined(
            ts=desk.now_ns, exec_id="e1", symbol="BTCUSDT", exec_type="CorporateAction"
        )
    ]
    assert desk.requests == [QueryAccount()]
    assert desk.give(report) == []
    assert desk.state.positions.anomalies == {"UNKNOWN_EXECUTION": 1}
    assert desk.state.positions.positions == {}


def test_a_snapshots_other_rows_are_booked_or_quarantined_like_the_streams() -> None:
    desk = Desk()
    unknown = UnknownExecution(exec_id="e1", symbol="BTCUSDT", exec_type="New")
    snapshot = AccountSnapshot(
        open_orders=(),
        positions=(),
        fills=(),
        cash=(FUNDING, unknown),
        sent_ts=desk.now_ns,
        duration_s=0.1,
    )
    events = desk.give(snapshot)
    assert kinds(events)[:2] == [CashBooked, ExecutionQuarantined]
    again = [event for event in desk.give(snapshot) if not isinstance(event, Reconciled)]
    assert again == []
    evolve(desk.state, events[1])
    assert desk.state.positions.anomalies == {"UNKNOWN_EXECUTION": 1}


def test_an_execution_that_is_booked_is_not_suspended_and_the_newest_is_known() -> None:
    desk = Desk()
    assert desk.state.positions.newest_ts == 0
    desk.give(stray())
    assert desk.state.positions.newest_ts == desk.now_ns
    assert not desk.state.positions.suspend(stray())


def test_suspense_cash_and_estimates_survive_a_snapshot() -> None:
    desk = Desk()
    desk.working(side=Side.BUY)
    desk.give(fill("e1", "0.004", fee_assumed=True))
    desk.give(stray("e2"))
    desk.give(FUNDING)
    desk.give(UnknownExecution(exec_id="e3", symbol="BTCUSDT", exec_type="New"))
    again = State.decode(desk.state.encode())
    assert again.encode() == desk.state.encode()
    assert again.positions.positions == desk.state.positions.positions
    assert again.positions.suspense == desk.state.positions.suspense
    assert list(ledger_disagreements(again)) == []
