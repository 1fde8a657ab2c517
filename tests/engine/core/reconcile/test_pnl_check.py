from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from engine.core.events import (
    CashBooked,
    EngineStarted,
    Event,
    InstrumentsChanged,
    OrderEvent,
    PnlBaseline,
)
from engine.core.reconcile.pnl_check import RENEW_AFTER_NS, compare_pnl, wallet_changes
from engine.core.reports import CashReport, VenuePnl
from engine.core.requests import QueryPnl, StartTimer, TimerFired
from engine.core.state import State, evolve
from engine.core.status import PnlComparison
from engine.core.types import CashKind, Category, Side
from tests.support.desk import Desk, d, fill, perpetual


def figures(desk: Desk, balance: str, since: int | None = None, **more: Any) -> VenuePnl:
    """What the venue says: USDT in the wallet, since our baseline."""
    baseline = desk.state.pnl_baseline
    values: dict[str, Any] = {
        "balances": {"USDT": d(balance)},
        "closed": {},
        "cash": (),
        "since_ts": (baseline.ts if baseline else 0) if since is None else since,
        "sent_ts": desk.now_ns,
        **more,
    }
    return VenuePnl(**values)


def settled() -> Desk:
    """An account with a baseline: 1,000 USDT when nothing was traded."""
    desk = Desk()
    desk.give(figures(desk, "1000"))
    desk.give(figures(desk, "1000"))
    return desk


def traded(desk: Desk) -> Desk:
    """Buy 0.010 at 60,000 and sell it at 61,000, each for a fee of 0.1: 9.8 gained."""
    desk.working("a1")
    desk.working("a2", side=Side.SELL, price=d(61_000))
    desk.give(fill("e1", "0.010", "a1", venue_pnl=d(0)))
    desk.give(fill("e2", "0.010", "a2", side=Side.SELL, price=d(61_000), venue_pnl=d(10)))
    return desk


def compared(
    desk: Desk, report: VenuePnl, before: PnlComparison | None = None
) -> dict[tuple[str, str], tuple[Decimal, Decimal, bool]]:
    desk.give(report)
    found = compare_pnl(desk.state, report, before or PnlComparison())
    return {(f.what, f.name): (f.ours, f.venue, f.agrees) for f in found.figures}


def test_where_both_stand_is_noted_when_two_answers_agree() -> None:
    desk = Desk()
    assert desk.give(figures(desk, "1000")) == []
    assert desk.requests == [StartTimer(kind="pnl", key="", after_s=1.0)]
    desk.give(TimerFired(kind="pnl", key=""))
    assert desk.requests == [QueryPnl()]
    assert desk.give(figures(desk, "999")) == []
    assert desk.give(figures(desk, "999")) == [
        PnlBaseline(ts=desk.now_ns, balances={"USDT": d(999)}, realized={})
    ]


def test_what_the_venue_did_not_answer_says_nothing() -> None:
    desk = settled()
    failed = figures(desk, "0", complete=False, error="timed out")
    assert desk.give(failed) == []
    before = PnlComparison(ts=5, since_ts=4)
    after = compare_pnl(desk.state, failed, before)
    assert (after.ts, after.error) == (5, "timed out")


def test_without_a_baseline_nothing_is_compared() -> None:
    desk = Desk()
    assert compare_pnl(desk.state, figures(desk, "1"), PnlComparison()) == PnlComparison()


def test_an_answer_from_before_the_baseline_compares_nothing() -> None:
    desk = settled()
    old = figures(desk, "7", since=0)
    assert desk.give(old) == []
    assert compare_pnl(desk.state, old, PnlComparison()).figures == ()


def test_wallet_closed_pnl_and_executions_agree_with_what_was_traded() -> None:
    desk = traded(settled())
    report = figures(desk, "1009.8", closed={"BTCUSDT": d("10.000000001")})
    assert compared(desk, report) == {
        ("wallet", "USDT"): (d("9.8"), d("9.8"), True),
        ("closed", "BTCUSDT"): (d(10), d("10.000000001"), True),
        ("executions", "BTCUSDT"): (d(10), d(10), True),
    }


def test_a_difference_is_shown_and_confirmed_when_it_stays() -> None:
    desk = traded(settled())
    report = figures(desk, "1009.3")
    first = compare_pnl(desk.state, report, PnlComparison())
    second = compare_pnl(desk.state, report, first)
    (wallet, closed) = second.differences
    assert (wallet.difference, closed.difference) == (d("-0.5"), d(-10))
    assert [figure.confirmed for figure in first.differences] == [False, False]
    assert [figure.confirmed for figure in second.differences] == [True, True]


def test_money_that_no_execution_moved_is_booked_and_explains_the_wallet() -> None:
    desk = settled()
    deposit = CashReport(cash_id="t1", currency="USDT", kind=CashKind.OTHER, amount=d(50))
    coin = CashReport(cash_id="t2", currency="ETH", kind=CashKind.OTHER, amount=d(2))
    report = figures(desk, "1050", balances={"USDT": d(1050), "ETH": d(2)}, cash=(deposit, coin))
    events: list[Event] = desk.give(report)
    assert [type(event) for event in events] == [CashBooked, CashBooked]
    assert compared(desk, report) == {
        ("wallet", "ETH"): (d(2), d(2), True),
        ("wallet", "USDT"): (d(50), d(50), True),
    }


def test_a_baseline_is_renewed_after_a_day_while_everything_agrees() -> None:
    desk = traded(settled())
    started = desk.state.pnl_baseline
    assert started is not None
    desk.now_ns += RENEW_AFTER_NS
    off = figures(desk, "1009.8")
    desk.give(off)
    assert desk.give(off) == []
    right = replace(off, closed={"BTCUSDT": d(10)})
    assert desk.give(right) == [
        PnlBaseline(ts=desk.now_ns, balances={"USDT": d(1000)}, realized={"BTCUSDT": d(10)})
    ]
    report = figures(desk, "1009.8")
    assert ("closed", "BTCUSDT") not in compared(desk, report)


def test_a_new_venue_begins_with_a_new_baseline_and_a_known_one_does_not() -> None:
    desk = settled()
    evolve(
        desk.state, EngineStarted(ts=2, account="a", venue="bybit", environment="testnet", run=2)
    )
    assert desk.state.pnl_baseline is not None
    evolve(
        desk.state,
        EngineStarted(ts=2, account="a", venue="bybit", environment="paper", run=2, new_venue=True),
    )
    assert desk.state.pnl_baseline is None


def test_a_baseline_survives_a_snapshot() -> None:
    desk = settled()
    assert State.decode(desk.state.encode()).pnl_baseline == desk.state.pnl_baseline


@pytest.mark.parametrize("category", [Category.SPOT, Category.LINEAR])
def test_what_a_trade_does_to_each_coin(category: Category) -> None:
    desk = Desk()
    market = replace(perpetual(), category=category)
    evolve(desk.state, InstrumentsChanged(ts=1, instruments=(market,)))
    desk.working("a1")
    desk.give(fill("e1", "0.010", "a1", fee=d("0.001"), fee_currency="BTC"))
    desk.give(fill("e2", "0.002", "a1", fee=d(3), fee_currency="MNT"))
    evolve(
        desk.state,
        CashBooked(ts=1, cash_id="f", currency="USDT", kind=CashKind.FUNDING, amount=d(-1)),
    )
    assert all(isinstance(event, OrderEvent) for event in desk.events[2:])
    changes = wallet_changes(desk.state)
    if category is Category.SPOT:
        assert changes == {"BTC": d("0.011"), "USDT": d(-721), "MNT": d(-3)}
    else:
        assert changes == {"BTC": d("-0.001"), "USDT": d(-1), "MNT": d(-3)}


def test_what_spot_sales_gain_is_in_the_wallet_alone() -> None:
    desk = settled()
    market = replace(perpetual(), category=Category.SPOT)
    evolve(desk.state, InstrumentsChanged(ts=1, instruments=(market,)))
    traded(desk)
    report = figures(desk, "1009.8")
    assert compared(desk, report)["wallet", "USDT"] == (d("9.8"), d("9.8"), True)
    assert ("closed", "BTCUSDT") not in compared(desk, report)
