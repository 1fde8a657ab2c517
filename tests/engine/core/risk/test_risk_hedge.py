"""A hedged market: every order has its side, and limits look at both of them."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from engine.core.commands import Flatten, SettleDrift
from engine.core.events import (
    Event,
    OrderDenied,
    OrderSubmitted,
    Reconciled,
    SettingsChanged,
    TradingStateChanged,
)
from engine.core.limits import PAPER_LIMITS
from engine.core.reports import AccountSnapshot, PositionReport, VenueStatus
from engine.core.requests import OrderRequest, StartTimer
from engine.core.settings import MarketSettings
from engine.core.state import evolve
from engine.core.types import DriftAction, Side
from tests.support.desk import Desk, d, fill
from tests.support.desk import row as order_row

SELL = Side.SELL


def hedged(**limits: Any) -> Desk:
    desk = Desk(limits=replace(PAPER_LIMITS, **limits))
    market = MarketSettings("BTCUSDT", hedged=True)
    evolve(desk.state, SettingsChanged(ts=1, markets=(market,)))
    return desk


def both_sides(desk: Desk) -> None:
    """Long 0.010 and short 0.004 at 60,000."""
    desk.working("long")
    desk.give(fill("e1", "0.010", "long"))
    desk.working("short", side=SELL, qty=d("0.004"))
    desk.give(fill("e2", "0.004", "short", side=SELL))


def held(desk: Desk) -> tuple[str, str]:
    positions = desk.state.positions
    return tuple(str(positions.get_position("BTCUSDT", index).qty) for index in (1, 2))  # type: ignore[return-value]


def denied(events: list[Event]) -> tuple[str, str, str]:
    (event,) = events
    assert isinstance(event, OrderDenied), event
    return event.code, event.value, event.limit


def test_an_order_goes_to_its_side_and_so_do_its_fills() -> None:
    desk = hedged()
    both_sides(desk)
    assert held(desk) == ("0.010", "-0.004")
    assert [desk.order(name).position_index for name in ("long", "short")] == [1, 2]
    desk.working("close", side=SELL, reduce_only=True, qty=d("0.006"))
    assert desk.order("close").position_index == 1
    desk.give(fill("e3", "0.006", "close", side=SELL))
    assert held(desk) == ("0.004", "-0.004")


def test_the_request_names_the_side() -> None:
    desk = hedged()
    desk.give(desk.place("short", side=SELL))
    request = desk.requests[0]
    assert isinstance(request, OrderRequest)
    assert request.position_index == 2


def test_reduce_only_is_measured_on_the_side_that_it_reduces() -> None:
    desk = hedged(check_reduce_only=True)
    both_sides(desk)
    too_much = desk.place("x1", reduce_only=True, qty=d("0.005"))
    assert denied(desk.give(too_much)) == ("NOT_REDUCING", "Buy 0.005", "0.004 to reduce")
    (event,) = desk.give(desk.place("x2", reduce_only=True, qty=d("0.004")))
    assert isinstance(event, OrderSubmitted)
    assert event.position_index == 2


def test_each_side_has_its_own_worst_case() -> None:
    desk = hedged(max_position_notional_usd=d(900))
    both_sides(desk)
    assert denied(desk.give(desk.place("x1")))[:2] == ("MAX_POSITION", "1200")
    (event,) = desk.give(desk.place("x2", side=SELL))
    assert isinstance(event, OrderSubmitted)  # 0.014 short; as a net it would be next to nothing


def test_both_sides_of_a_hedge_are_gross_and_what_remains_is_net() -> None:
    desk = hedged(max_gross_notional_usd=d(1_000))
    both_sides(desk)
    assert denied(desk.give(desk.place("x1", qty=d("0.003")))) == ("MAX_GROSS", "1020", "1000")
    (event,) = desk.give(desk.place("x2", side=SELL, qty=d("0.002")))
    assert isinstance(event, OrderSubmitted)
    desk = hedged(max_net_notional_usd=d(480))
    both_sides(desk)
    assert denied(desk.give(desk.place("x1", qty=d("0.003")))) == ("MAX_NET", "540", "480")
    (event,) = desk.give(desk.place("x2", qty=d("0.002")))
    assert isinstance(event, OrderSubmitted)


def test_a_flatten_closes_both_sides() -> None:
    desk = hedged()
    both_sides(desk)
    events = desk.give(Flatten(command_id="f1"))
    assert [
        (event.side, event.qty, event.position_index, event.reduce_only)
        for event in events
        if isinstance(event, OrderSubmitted)
    ] == [(SELL, d("0.010"), 1, True), (Side.BUY, d("0.004"), 2, True)]


def row(qty: str, index: int) -> PositionReport:
    return PositionReport(symbol="BTCUSDT", qty=d(qty), avg_price=d(60_000), position_index=index)


def snapshot(desk: Desk, *rows: PositionReport) -> AccountSnapshot:
    return AccountSnapshot(
        open_orders=(), positions=rows, fills=(), sent_ts=desk.now_ns + 1, duration_s=0.1
    )


def test_both_sides_are_compared_with_the_venue_and_agree() -> None:
    desk = hedged()
    both_sides(desk)
    desk.later(1)
    desk.give(snapshot(desk, row("0.010", 1), row("-0.004", 2)))
    assert (desk.state.suspects, desk.state.pending) == ({}, ())
    assert desk.give(row("-0.004", 2)) == []
    assert desk.requests == []


def test_a_difference_on_one_side_is_drift_of_that_side_and_narrows_the_market() -> None:
    desk = hedged()
    both_sides(desk)
    events: list[Event] = []
    for _ in range(desk.policy.drift_rounds):
        desk.later(1)
        events = desk.give(snapshot(desk, row("0.010", 1), row("-0.005", 2)))
    found = [event for event in events if isinstance(event, Reconciled)]
    assert [(drift.symbol, drift.qty) for drift in found[0].drift] == [("BTCUSDT#2", d("-0.001"))]
    (narrowed,) = [event for event in events if isinstance(event, TradingStateChanged)]
    assert narrowed.symbol == "BTCUSDT"
    adopt = SettleDrift(
        command_id="s1",
        symbol="BTCUSDT#2",
        action=DriftAction.ADOPT,
        qty=d("-0.001"),
        reason="seen",
    )
    desk.give(adopt)
    assert held(desk) == ("0.010", "-0.005")
    assert desk.state.narrowed == {}


def test_a_position_row_of_one_side_that_differs_is_looked_at_after_a_while() -> None:
    desk = hedged()
    both_sides(desk)
    desk.give(row("-0.007", 2))
    (timer,) = desk.requests
    assert isinstance(timer, StartTimer)
    assert (timer.kind, timer.key) == ("position", "BTCUSDT#2")


def test_fills_on_their_way_to_one_side_explain_nothing_of_the_other() -> None:
    desk = hedged()
    both_sides(desk)
    filled = order_row("long", qty=d("0.010"), cum_qty=d("0.012"), status=VenueStatus.FILLED)
    desk.give(filled)  # 0.002 more than executions have told
    desk.later(1)
    desk.give(snapshot(desk, row("0.012", 1), row("-0.005", 2)))
    assert [drift.symbol for drift in desk.state.pending] == ["BTCUSDT#1"]
    assert list(desk.state.suspects) == ["BTCUSDT#2"]
