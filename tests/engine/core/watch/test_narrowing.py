"""The watch narrows trading as its table says, and loosens only what the table lets it loosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from engine.core.commands import Kill, Release
from engine.core.events import (
    CommandRefused,
    Drift,
    Event,
    EventType,
    KillStarted,
    OrderEvent,
    PnlMarked,
    Reconciled,
    TradingStateChanged,
)
from engine.core.limits import PAPER_LIMITS
from engine.core.reports import (
    AccountSnapshot,
    Outcome,
    PositionReport,
    RequestKind,
    SweepReport,
    WalletReport,
)
from engine.core.requests import StartTimer, TimerFired
from engine.core.state import evolve
from engine.core.types import KillLevel, Side, TradingState
from engine.core.watch.losses import SHARES
from tests.support.desk import NS, Desk, d, fill, outcome, row

ACTIVE, REDUCING, HALTED = TradingState


def desk_with(**limits: Any) -> Desk:
    return Desk(limits=replace(PAPER_LIMITS, **limits))


def look(desk: Desk) -> list[Event]:
    """Let the watch look once."""
    return desk.give(TimerFired(kind="watch", key=str(desk.state.risk.limits_changes)))


def buy(desk: Desk, qty: str = "0.100", price: int = 60_000, order_id: str = "p1") -> None:
    """Hold a long position, bought at this price without a fee."""
    desk.working(order_id, qty=d(qty), price=d(price))
    desk.give(fill(f"e-{order_id}", qty, order_id, price=d(price), fee=d(0)))


def reject(desk: Desk, order_id: str, reason: str = "INSUFFICIENT_MARGIN") -> list[Event]:
    desk.give(desk.place(order_id))
    return desk.give(outcome(order_id, result=Outcome.REJECTED, reason=reason))


def trading(events: Sequence[Event]) -> list[tuple[str, str, str]]:
    """Changes of the trading state among events: state, reason, symbol."""
    return [
        (event.state, event.reason, event.symbol)
        for event in events
        if isinstance(event, TradingStateChanged)
    ]


def test_without_limits_that_need_it_nothing_is_watched() -> None:
    desk = Desk()
    buy(desk)
    assert look(desk) == []
    assert desk.requests == []


def test_the_watch_looks_every_second_for_as_long_as_its_limits_hold() -> None:
    desk = desk_with(daily_loss_usd=d(500))
    assert [type(event) for event in look(desk)] == [PnlMarked]
    assert desk.requests == [StartTimer(kind="watch", key="1", after_s=1.0)]
    desk.change_limits(replace(PAPER_LIMITS, daily_loss_usd=d(400)))
    assert desk.give(TimerFired(kind="watch", key="1")) == []
    assert desk.requests == []


def test_a_loss_of_the_day_reduces_and_a_larger_one_kills() -> None:
    desk = desk_with(daily_loss_usd=d(500), daily_loss_kill_usd=d(750))
    look(desk)
    buy(desk)
    desk.working("a1", price=d(55_000))
    quote = desk.quotes["BTCUSDT"]
    quote.mark = d(55_000)
    assert look(desk) == []
    quote.mark = d("54999.9")
    assert trading(look(desk)) == [(REDUCING, "DAILY_LOSS: 500.01 (limit 500 USD)", "")]
    assert look(desk) == []
    quote.mark = d("52499.9")
    events = look(desk)
    assert trading(events) == [(HALTED, "DAILY_LOSS: 750.01 (limit 750 USD)", "")]
    assert [type(event) for event in events] == [TradingStateChanged, KillStarted, OrderEvent]
    assert desk.state.kill is not None
    assert (desk.state.kill.level, desk.state.kill.by) == (KillLevel.KILL, "risk")
    assert desk.order("a1").pending_cancel
    quote.mark = d(60_000)
    assert trading(look(desk)) == []
    assert desk.state.trading is HALTED


def test_a_new_day_counts_its_losses_from_its_own_beginning() -> None:
    desk = desk_with(daily_loss_usd=d(500))
    look(desk)
    buy(desk)
    desk.quotes["BTCUSDT"].mark = d(56_000)
    assert look(desk) == []
    desk.later(86_400)
    (marked,) = look(desk)
    assert isinstance(marked, PnlMarked)
    assert (marked.day, marked.start, marked.peak) == (1, d(-400), d(0))
    desk.quotes["BTCUSDT"].mark = d(52_000)
    assert trading(look(desk)) == []


def test_a_fall_from_the_peak_kills_and_the_peak_is_written_down() -> None:
    desk = desk_with(drawdown_kill_usd=d(1_000))
    buy(desk)
    desk.quotes["BTCUSDT"].mark = d(70_000)
    (marked,) = look(desk)
    assert marked == PnlMarked(ts=desk.now_ns, day=0, start=d(0), peak=d(1_000))
    desk.quotes["BTCUSDT"].mark = d(70_010)
    assert look(desk) == []
    desk.quotes["BTCUSDT"].mark = d(60_000)
    assert look(desk) == []
    desk.quotes["BTCUSDT"].mark = d(59_999)
    assert trading(look(desk)) == [(HALTED, "DRAWDOWN: 1000.10 (limit 1000 USD)", "")]


def test_a_loss_that_nobody_can_know_reduces_until_it_is_known() -> None:
    desk = desk_with(daily_loss_usd=d(500))
    look(desk)
    buy(desk)
    mark, desk.quotes["BTCUSDT"].mark = desk.quotes["BTCUSDT"].mark, None
    reason = "UNPRICED: a position has no price (limit a known loss)"
    assert trading(look(desk)) == [(REDUCING, reason, "")]
    desk.quotes["BTCUSDT"].mark = mark
    assert trading(look(desk)) == [(ACTIVE, f"over: {reason}", "")]


def test_a_pause_of_the_operators_is_not_lifted() -> None:
    desk = desk_with(daily_loss_usd=d(500))
    look(desk)
    desk.give(Kill(command_id="k1", level=KillLevel.PAUSE, reason="UNPRICED: by hand"))
    assert look(desk) == []
    assert desk.state.trading is REDUCING


def test_an_old_drift_reduces_and_an_older_one_kills() -> None:
    desk = desk_with(drift_age_s=d(10), drift_kill_s=d(60))
    drift = Drift(symbol="BTCUSDT", ours=d(0), venue=d("0.002"), since_ts=desk.now_ns)
    evolve(desk.state, Reconciled(ts=desk.now_ns, drift=(drift,)))
    desk.later(10)
    assert look(desk) == []
    desk.later(1)
    reason = "DRIFT: BTCUSDT +0.002 for 11 s (limit 10 s)"
    assert trading(look(desk)) == [(REDUCING, reason, "")]
    desk.later(50)
    reason = "DRIFT: BTCUSDT +0.002 for 61 s (limit 60 s)"
    assert trading(look(desk)) == [(HALTED, reason, "")]
    evolve(desk.state, Reconciled(ts=desk.now_ns))
    assert trading(look(desk)) == []


def test_a_drift_of_one_step_may_stay() -> None:
    desk = desk_with(drift_age_s=d(10))
    desk.state.reconciled = None
    assert look(desk) == []
    drift = Drift(symbol="BTCUSDT", ours=d(0), venue=d("0.001"), since_ts=desk.now_ns)
    other = Drift(symbol="XUSDT", ours=d(0), venue=d("0.001"), since_ts=desk.now_ns)
    evolve(desk.state, Reconciled(ts=desk.now_ns, drift=(drift,)))
    desk.later(11)
    assert look(desk) == []
    evolve(desk.state, Reconciled(ts=desk.now_ns, drift=(drift, other)))
    assert trading(look(desk))[0][1].startswith("DRIFT: XUSDT")


def test_a_burst_of_rejects_for_one_reason_pauses_the_symbol_for_a_minute() -> None:
    desk = desk_with(reject_burst=3)
    for number in range(2):
        assert trading(reject(desk, f"a{number}")) == []
        reject(desk, f"b{number}", reason="PRICE")
        desk.later(10)
    desk.later(10)
    reason = "REJECT_BURST: 3 INSUFFICIENT_MARGIN in 30 s (limit under 3)"
    assert trading(reject(desk, "a2")) == [(REDUCING, reason, "BTCUSDT")]
    desk.later(59)
    assert look(desk) == []
    desk.later(1)
    assert trading(look(desk)) == [(ACTIVE, f"over: {reason}", "BTCUSDT")]


def test_rejects_spread_out_are_no_burst() -> None:
    desk = desk_with(reject_burst=2)
    reject(desk, "a1")
    desk.later(30.000000001)
    assert trading(reject(desk, "a2")) == []
    desk.later(30)
    assert trading(reject(desk, "a3")) == [
        (REDUCING, "REJECT_BURST: 2 INSUFFICIENT_MARGIN in 30 s (limit under 2)", "BTCUSDT")
    ]


def test_many_rejects_of_the_account_kill_and_a_release_forgives_them() -> None:
    desk = desk_with(reject_kill=3)
    reject(desk, "a1")
    desk.later(299)
    reject(desk, "a2")
    desk.later(1)
    assert trading(reject(desk, "a3")) == []
    desk.later(1)
    assert trading(reject(desk, "a4")) == [(HALTED, "REJECTS: 3 in 5 min (limit under 3)", "")]
    kill = desk.state.kill
    assert kill is not None
    desk.give(SweepReport(kill_id=kill.kill_id, verified=True, finished=True))
    (refused,) = desk.give(Release(command_id="r1", account="paper", reason="seen"))
    assert isinstance(refused, CommandRefused)
    assert refused.code == "LIMIT_BROKEN"
    desk.later(300)
    assert (
        trading(desk.give(Release(command_id="r2", account="paper", reason="seen")))[0][0] == ACTIVE
    )
    assert trading(reject(desk, "a5")) == []


def test_old_market_data_of_a_held_symbol_reduces_it_until_there_is_new() -> None:
    desk = desk_with(quote_age_s=d(2))
    assert look(desk) == []
    buy(desk)
    desk.later(2)
    assert look(desk) == []
    desk.later(1)
    reason = "STALE_QUOTES: market data too old (limit 2 s)"
    assert trading(look(desk)) == [(REDUCING, reason, "BTCUSDT")]
    quote = desk.quotes.pop("BTCUSDT")
    assert look(desk) == []
    quote.ts = desk.now_ns
    desk.quotes["BTCUSDT"] = quote
    assert trading(look(desk)) == [(ACTIVE, f"over: {reason}", "BTCUSDT")]


def test_a_symbol_never_quoted_is_stale_too() -> None:
    desk = desk_with(quote_age_s=d(2))
    desk.give(row("web", symbol="BTCUSDT"))
    desk.quotes.clear()
    reason = "STALE_QUOTES: no market data (limit 2 s)"
    assert trading(look(desk)) == [(REDUCING, reason, "BTCUSDT")]


def test_what_others_narrowed_is_left_to_them() -> None:
    desk = desk_with(quote_age_s=d(2))
    narrowed = TradingStateChanged(
        ts=1, state=REDUCING, by="reconcile", reason="drift", symbol="BTCUSDT"
    )
    evolve(desk.state, narrowed)
    assert look(desk) == []


def test_the_same_execution_over_and_over_narrows_its_symbol_until_a_person_releases_it() -> None:
    desk = desk_with(repeated_fills=2)
    for number in range(2):
        buy(desk, "0.002", order_id=f"a{number}")
    desk.give(fill("more", "0.001", "a1"))
    assert look(desk) == []
    desk.working("s1", side=Side.SELL)
    desk.give(fill("es", "0.010", "s1", side=Side.SELL))
    assert look(desk) == []
    desk.working("a2")
    (_, changed) = desk.give(fill("e-last", "0.010", "a2"))
    reason = "REPEATED_FILLS: 3 Buy orders filled within a minute (limit 2)"
    assert trading([changed]) == [(REDUCING, reason, "BTCUSDT")]
    desk.later(3_600)
    assert look(desk) == []
    release = Release(command_id="r1", account="paper", reason="seen", symbol="BTCUSDT")
    assert trading(desk.give(release)) == [(ACTIVE, "seen", "BTCUSDT")]
    assert look(desk) == []


def test_entry_orders_are_cancelled_when_they_are_old() -> None:
    desk = desk_with(max_order_age_s=d(60))
    desk.working("a1")
    desk.working("a2", reduce_only=True, side=Side.SELL)
    desk.give(row("web"))
    desk.later(60)
    assert look(desk) == []
    desk.now_ns += 1
    (event,) = look(desk)
    assert isinstance(event, OrderEvent)
    assert (event.type, event.client_order_id) == (EventType.CANCEL_REQUEST, "a1")
    assert look(desk) == []
    desk.give(outcome("a1", kind=RequestKind.CANCEL))


def release(desk: Desk) -> Event:
    (event,) = desk.give(Release(command_id=desk.command_id(), account="paper", reason="go on"))
    return event


def test_a_halt_is_left_in_two_steps_each_in_its_time() -> None:
    desk = desk_with(cool_off_s=d(60), probation_s=d(300))
    desk.give(Kill(command_id="k1", level=KillLevel.HALT))
    desk.now_ns += 60 * NS - 1
    refused = release(desk)
    assert isinstance(refused, CommandRefused)
    assert (refused.code, refused.text) == ("COOL_OFF", "wait 1 s more")
    desk.now_ns += 1
    reducing = release(desk)
    assert isinstance(reducing, TradingStateChanged)
    assert (reducing.state, reducing.probation_until) == (REDUCING, desk.now_ns + 300 * NS)
    desk.later(299)
    refused = release(desk)
    assert isinstance(refused, CommandRefused)
    assert (refused.code, refused.text) == ("PROBATION", "wait 1 s more")
    desk.later(1)
    active = release(desk)
    assert isinstance(active, TradingStateChanged)
    assert (active.state, active.probation_until) == (ACTIVE, 0)


def test_a_symbol_is_released_at_once_while_the_account_is_on_probation() -> None:
    desk = desk_with(probation_s=d(300))
    desk.give(Kill(command_id="k1", level=KillLevel.HALT))
    release(desk)
    evolve(desk.state, TradingStateChanged(ts=1, state=REDUCING, by="reconcile", symbol="BTCUSDT"))
    command = Release(command_id="r9", account="paper", reason="ok", symbol="BTCUSDT")
    assert trading(desk.give(command)) == [(ACTIVE, "ok", "BTCUSDT")]


# Shares of equity, and the distance to liquidation.


def told(desk: Desk, equity: int = 10_000) -> None:
    desk.give(WalletReport(equity=d(equity)))


def test_a_loss_as_a_share_of_the_days_equity_reduces_and_a_larger_one_kills() -> None:
    desk = desk_with(daily_loss_share=d("0.02"), daily_loss_kill_share=d("0.03"))
    told(desk)
    look(desk)
    buy(desk)
    quote = desk.quotes["BTCUSDT"]
    quote.mark = d(58_000)
    assert look(desk) == []
    quote.mark = d("57999.9")
    reason = "DAILY_LOSS: 200.01 (limit 200.00 USD, 2 % of 10000.00)"
    assert trading(look(desk)) == [(REDUCING, reason, "")]
    told(desk, 5_000)
    quote.mark = d("57000")
    assert trading(look(desk)) == []
    quote.mark = d("56999.9")
    reason = "DAILY_LOSS: 300.01 (limit 300.00 USD, 3 % of 10000.00)"
    assert trading(look(desk)) == [(HALTED, reason, "")]


def test_a_fall_as_a_share_of_the_equity_at_the_peak_kills() -> None:
    desk = desk_with(drawdown_kill_share=d("0.05"))
    told(desk)
    look(desk)
    buy(desk)
    desk.quotes["BTCUSDT"].mark = d(70_000)
    told(desk, 11_000)
    look(desk)
    desk.quotes["BTCUSDT"].mark = d(64_500)
    assert trading(look(desk)) == []
    desk.quotes["BTCUSDT"].mark = d("64499.9")
    reason = "DRAWDOWN: 550.01 (limit 550.00 USD, 5 % of 11000.00)"
    assert trading(look(desk)) == [(HALTED, reason, "")]


def test_of_an_amount_and_a_share_the_one_that_is_reached_first_acts() -> None:
    for usd, words in ((150, "150 USD"), (250, "200.00 USD, 2 % of 10000.00")):
        desk = desk_with(daily_loss_usd=d(usd), daily_loss_share=d("0.02"))
        told(desk)
        look(desk)
        buy(desk)
        desk.quotes["BTCUSDT"].mark = d(57_900)
        assert trading(look(desk)) == [(REDUCING, f"DAILY_LOSS: 210.00 (limit {words})", "")]


@pytest.mark.parametrize("key", SHARES)
def test_a_share_of_an_unknown_equity_reduces_until_it_is_known(key: str) -> None:
    desk = desk_with(**{key: d("0.02")})
    reason = "NO_EQUITY: equity is not known (limit a known equity)"
    assert trading(look(desk)) == [(REDUCING, reason, "")]
    told(desk)
    assert trading(look(desk)) == [(ACTIVE, f"over: {reason}", "")]


def test_before_the_account_was_compared_its_equity_is_not_missed() -> None:
    desk = desk_with(daily_loss_share=d("0.02"), liq_kill=d("0.08"))
    desk.state.ready = False
    assert trading(look(desk)) == []


def test_a_share_of_a_loss_that_nobody_can_know_reduces() -> None:
    desk = desk_with(daily_loss_share=d("0.02"))
    told(desk)
    look(desk)
    buy(desk)
    desk.quotes["BTCUSDT"].mark = None
    reason = "UNPRICED: a position has no price (limit a known loss)"
    assert trading(look(desk)) == [(REDUCING, reason, "")]


def liquidated_at(desk: Desk, price: str | None, qty: str = "0.100", index: int = 0) -> None:
    liq_price = None if price is None else d(price)
    desk.give(
        PositionReport(
            symbol="BTCUSDT", qty=d(qty), avg_price=None, liq_price=liq_price, position_index=index
        )
    )


def test_a_position_near_its_liquidation_kills() -> None:
    desk = desk_with(liq_kill=d("0.08"))
    told(desk)
    buy(desk)
    assert look(desk) == []
    liquidated_at(desk, None)
    assert look(desk) == []
    liquidated_at(desk, "55200")
    assert look(desk) == []
    liquidated_at(desk, "55200.1")
    reason = "LIQUIDATION: BTCUSDT 7.99 % from 55200.1 (limit 8 %)"
    events = look(desk)
    assert trading(events) == [(HALTED, reason, "")]
    assert any(isinstance(event, KillStarted) for event in events)


def test_what_was_said_of_a_short_is_not_held_against_the_long_that_it_became() -> None:
    desk = desk_with(liq_kill=d("0.08"))
    told(desk)
    liquidated_at(desk, "75000", "-0.050")
    buy(desk)
    assert trading(look(desk)) == []


def test_a_mark_that_has_passed_the_liquidation_price_kills_all_the_more() -> None:
    desk = desk_with(liq_kill=d("0.08"))
    told(desk)
    buy(desk)
    liquidated_at(desk, "75000")
    reason = "LIQUIDATION: BTCUSDT -25 % from 75000 (limit 8 %)"
    assert trading(look(desk)) == [(HALTED, reason, "")]


def test_without_a_price_or_a_position_nothing_is_near_liquidation() -> None:
    desk = desk_with(liq_kill=d("0.08"))
    told(desk)
    liquidated_at(desk, "59999")
    assert look(desk) == []
    buy(desk)
    liquidated_at(desk, "59999")
    desk.quotes["BTCUSDT"].mark = None
    assert trading(look(desk)) == []
    del desk.quotes["BTCUSDT"]
    assert trading(look(desk)) == []


def test_liquidation_that_was_not_told_lately_reduces_until_it_is() -> None:
    desk = desk_with(liq_kill=d("0.08"), reconcile_age_s=d(60))
    told(desk)
    desk.later(60)
    assert look(desk) == []
    desk.later(1)
    reason = "NO_EQUITY: margin was not told lately (limit a known distance to liquidation)"
    assert trading(look(desk)) == [(REDUCING, reason, "")]
    told(desk)
    assert trading(look(desk)) == [(ACTIVE, f"over: {reason}", "")]


def test_the_comparison_that_first_tells_equity_narrows_nothing() -> None:
    desk = desk_with(daily_loss_share=d("0.02"), liq_kill=d("0.08"))
    desk.state.ready = False
    wallet = WalletReport(equity=d(10_000))
    whole = AccountSnapshot(
        open_orders=(), positions=(), fills=(), sent_ts=desk.now_ns, duration_s=0.0, wallet=wallet
    )
    events = desk.give(whole)
    assert desk.state.ready
    assert trading(events) == []
    (marked,) = [event for event in events if isinstance(event, PnlMarked)]
    assert marked.start_equity == 10_000
