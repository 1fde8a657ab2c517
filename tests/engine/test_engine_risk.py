"""Limits and the watch in the whole engine: orders that arrive together, losses, restarts."""

from __future__ import annotations

import threading
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from engine.core.commands import CancelOrder, ChangeLimit, ChangeSetting, Kill, Release
from engine.core.events import LimitsChanged, OrderDenied, TradingStateChanged
from engine.core.limits import LIVE_LIMITS, PAPER_LIMITS, RiskLimits
from engine.core.types import KillLevel, OrderState, OrderType, TimeInForce, TradingState
from engine.exchange.sources.synthetic import create_synthetic
from tests.support.house import House, simulate
from tests.support.market import T0, Market, book, ticker

pytestmark = pytest.mark.usefixtures("any_transport")

D = Decimal
MARKET: dict[str, Any] = {
    "price": None, "type": OrderType.MARKET, "time_in_force": TimeInForce.IOC,
}  # fmt: skip


def limits(**changes: Any) -> RiskLimits:
    return replace(PAPER_LIMITS, **changes)


def denials(house: House) -> list[str]:
    return [event.code for event in house.events() if isinstance(event, OrderDenied)]


def test_f103_fifty_orders_at_once_each_inside_the_limit_do_not_exceed_it_together(
    tmp_path: Path,
) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine = await house.engine()
        orders = [house.place(f"a{number}") for number in range(50)]
        start = threading.Barrier(len(orders))

        def submit(order: Any) -> None:
            start.wait()
            assert engine.submit(order)

        threads = [threading.Thread(target=submit, args=(order,)) for order in orders]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        await house.clock.sleep(0.1)
        assert len(house.at_venue()) == len(house.created) == 10
        assert denials(house) == ["MAX_POSITION"] * 40

    simulate(tmp_path / "h", scenario, limits=limits(max_position_notional_usd=D(6_000)))


def test_f106_a_runaway_in_one_market_is_throttled_and_the_others_trade_on(
    tmp_path: Path,
) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine = await house.engine()
        for number in range(1_000):
            assert engine.submit(house.place(f"a{number}", price=D("60000.0")))
            await house.clock.sleep(0.000999)
        await house.give(house.place("b1", symbol="ETHUSDT", price=D("2600.00")))
        assert len([name for name in house.created if name.startswith("a")]) == 2
        assert set(denials(house)) == {"ORDER_RATE_SYMBOL"}
        assert house.order("b1").state is OrderState.NEW

    simulate(
        tmp_path / "h", scenario, create_synthetic(7, T0), limits=limits(orders_per_s_symbol=2)
    )


def test_a_market_order_fills_no_further_than_its_bound(tmp_path: Path) -> None:
    market = Market(
        book(0, [("59000.0", "1")], [("60000.1", "0.010"), ("61000.0", "1")]),
        ticker(0, "60000"),
        ticker(100, "60000"),
    )

    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        await house.engine()
        await house.give(house.place("a1", qty="0.030", **MARKET), after_s=1)
        order = house.order("a1")
        assert (order.type, order.price, order.state) == ("Market", None, OrderState.CANCELED)
        assert house.position() == house.venue_position() == D("0.010")
        assert order.avg_price == D("60000.1")

    simulate(tmp_path / "h", scenario, market, limits=limits(market_slippage=D("0.005")))


FALLING = Market(
    book(0, [("60000.0", "10")], [("60000.1", "10")]),
    ticker(0, "60000"),
    ticker(5, "59000"),
    ticker(10, "58000"),
    ticker(100, "60000"),
)
LOSSES = limits(daily_loss_usd=D(50), daily_loss_kill_usd=D(150))


def test_losses_reduce_then_halt_and_a_restart_begins_where_they_were(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine = await house.engine()
        await house.give(house.place("a1", qty="0.100", **MARKET))
        await house.give(house.place("a2"))
        await house.clock.sleep(6)
        assert engine.state.trading == "REDUCING"
        assert engine.state.trading_reason.startswith("DAILY_LOSS: 10")
        await house.give(house.place("a3"))
        assert denials(house) == ["REDUCING"]
        await house.clock.sleep(5)
        assert engine.state.trading == "HALTED"
        assert engine.gate.closed
        await house.clock.sleep(15)
        assert house.at_venue() == {}
        await house.stop()
        engine = await house.engine()
        assert engine.state.trading == "HALTED"
        assert engine.state.risk.pnl_mark is not None
        await house.give(Release(command_id="r1", account="paper", reason="go on"))
        assert engine.state.refusals[-1].code == "LIMIT_BROKEN"
        assert [e.state for e in house.events() if isinstance(e, TradingStateChanged)] == [
            TradingState.REDUCING, TradingState.HALTED,
        ]  # fmt: skip

    simulate(tmp_path / "h", scenario, FALLING, limits=LOSSES)


def test_a_probation_opens_the_gate_for_orders_that_reduce(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine = await house.engine()
        await house.give(house.place("a1", **MARKET))
        await house.give(Kill(command_id="k1", level=KillLevel.HALT))
        await house.give(Release(command_id="r1", account="paper", reason="go on"), after_s=1)
        assert engine.state.trading == "REDUCING"
        assert not engine.gate.closed
        await house.give(house.place("a2", "Sell", reduce_only=True, **MARKET), after_s=1)
        assert house.position() == house.venue_position() == 0
        await house.give(house.place("a3"))
        assert denials(house) == ["REDUCING"]
        await house.clock.sleep(10)
        await house.give(Release(command_id="r2", account="paper", reason="go on"))
        assert engine.state.trading == "ACTIVE"

    simulate(tmp_path / "h", scenario, limits=limits(probation_s=D(10)))


def test_the_limits_that_hold_are_in_the_journal_when_they_are_not_papers(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.engine()
        await house.stop()
        assert not any(isinstance(event, LimitsChanged) for event in house.events())
        house.limits = limits(orders_per_s=5)
        for _ in range(2):
            engine = await house.engine()
            assert engine.state.risk.limits.orders_per_s == 5
            await house.stop()
        changes = [event for event in house.events() if isinstance(event, LimitsChanged)]
        assert [(e.limits, e.by) for e in changes] == [(house.limits, "configuration")]

    simulate(tmp_path / "h", scenario)


def test_what_was_changed_lasts_until_the_next_run_which_names_what_it_loosens(
    tmp_path: Path,
) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine = await house.engine()
        await house.give(ChangeLimit(command_id="l1", key="max_order_qty", value=D(2)))
        await house.give(ChangeLimit(command_id="l2", key="max_order_qty", value=D(3)))
        await house.clock.sleep(61)
        assert engine.state.risk.limits.max_order_qty == 3
        await house.give(ChangeLimit(command_id="l3", key="max_order_qty", value=D(1)))
        await house.give(ChangeLimit(command_id="l4", key="max_open_orders", value=2_001))
        await house.stop()
        engine = await house.engine()
        assert engine.state.risk.limits == house.limits
        changes = [event for event in house.events() if isinstance(event, LimitsChanged)]
        assert [event.loosened for event in changes] == [
            (), (), ("max_order_qty",), (), ("max_order_qty",),
        ]  # fmt: skip
        assert changes[-1].text == ("max_order_qty from 1 to 5; max_open_orders no longer waits")
        await house.clock.sleep(61)
        assert engine.state.risk.limits == house.limits
        await house.stop()
        known = len(house.events())
        await house.engine()
        assert len(house.events()) == known + 1

    simulate(tmp_path / "h", scenario, limits=limits(max_order_qty=D(5)))


def test_a_private_stream_that_falls_silent_lets_cancels_pass_and_no_order(
    tmp_path: Path,
) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine = await house.engine()
        await house.give(house.place("a1"))
        assert house.order("a1").state is OrderState.NEW
        house.hears = lambda message: False
        await house.clock.sleep(10)
        assert engine.state.links["private"] is False
        await house.give(house.place("a2"))
        assert denials(house) == ["RECONCILING"]
        await house.give(CancelOrder(command_id="x1", client_order_id="a1"))
        assert house.at_venue() == {}
        house.hears = lambda message: True
        await house.clock.sleep(40)
        await house.give(house.place("a3"))
        assert list(house.at_venue()) == ["a3"]

    simulate(tmp_path / "h", scenario)


def hold_usdt(house: House, amount: str) -> None:
    house.exchange.seed_account("paper", wallet={"USDT": D(amount)})


def test_orders_that_arrive_together_do_not_exceed_the_leverage_together(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        hold_usdt(house, "1000")
        await house.clock.sleep(1)
        await house.engine()
        for number in range(10):
            house.live.submit(house.place(f"a{number}"))
        await house.clock.sleep(0.1)
        assert len(house.at_venue()) == 5  # of 600 each, with 1,000 of equity
        assert denials(house) == ["MAX_LEVERAGE"] * 5

    simulate(tmp_path / "h", scenario, limits=limits(max_leverage=D(3)))


def test_what_the_venue_says_of_margin_is_what_a_position_is_held_to(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        hold_usdt(house, "1000")
        await house.clock.sleep(1)
        engine = await house.engine()
        await house.give(ChangeSetting(command_id="s1", symbol="BTCUSDT", leverage=D(5)))
        await house.give(house.place("a1", qty="0.040", **MARKET))
        await engine.settled()
        margin = engine.state.margin
        (held,) = margin.positions.values()
        assert (margin.equity, margin.initial_margin) == (D("998.6759978"), D(480))
        assert (held.leverage, held.liq_price) == (D(5), D("35209.14578392"))
        await house.give(house.place("a2", qty="0.002"))
        assert denials(house) == ["MAX_MARGIN_USE"]
        await house.give(house.place("a3", "Sell", qty="0.020", reduce_only=True, **MARKET))
        await engine.settled()
        await house.give(house.place("a4", qty="0.002"))
        assert denials(house) == ["MAX_MARGIN_USE"]
        assert list(house.at_venue()) == ["a4"]

    simulate(tmp_path / "h", scenario, limits=limits(max_margin_use=D("0.5")))


def test_a_position_that_comes_near_its_liquidation_is_ended_by_a_kill(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        hold_usdt(house, "1000")
        await house.clock.sleep(1)
        engine = await house.engine()
        await house.give(house.place("a1", qty="0.150", **MARKET))
        await house.give(house.place("a2", price=D("55000")))
        await house.clock.sleep(3)
        assert list(house.at_venue()) == ["a2"]
        await house.clock.sleep(7)
        assert engine.state.trading == "HALTED"
        assert engine.state.trading_reason.startswith("LIQUIDATION: BTCUSDT")
        assert house.at_venue() == {}

    simulate(tmp_path / "h", scenario, FALLING, limits=limits(liq_kill=D("0.09")))


def test_a_restart_measures_shares_by_the_equity_of_the_days_start(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        hold_usdt(house, "10000")
        await house.clock.sleep(1)
        await house.engine()
        await house.give(house.place("a1", qty="0.100", **MARKET))
        await house.clock.sleep(6)
        await house.stop()
        hold_usdt(house, "2000")
        engine = await house.engine()
        assert engine.state.risk.pnl_mark is not None
        assert engine.state.risk.pnl_mark.start_equity == 10_000
        await house.clock.sleep(1)
        assert engine.state.trading == "ACTIVE"
        await house.clock.sleep(5)
        assert engine.state.trading == "REDUCING"
        assert engine.state.trading_reason.endswith("(limit 150.00 USD, 1.5 % of 10000.00)")

    simulate(tmp_path / "h", scenario, FALLING, limits=limits(daily_loss_share=D("0.015")))


def test_the_margin_limits_of_a_new_live_account_are_met_by_what_the_venue_says(
    tmp_path: Path,
) -> None:
    live = replace(LIVE_LIMITS, symbols_allow=None, symbols={}, quote_age_s=None, mark_age_s=None)
    live = replace(live, drift_collar=None)

    async def scenario(house: House) -> None:
        hold_usdt(house, "10000")
        await house.clock.sleep(1)
        engine = await house.engine()
        await house.clock.sleep(2)
        assert not [event for event in house.events() if isinstance(event, TradingStateChanged)]
        assert engine.state.trading == "ACTIVE"
        await house.give(house.place("a1"))
        assert denials(house) == []
        assert list(house.at_venue()) == ["a1"]

    simulate(tmp_path / "h", scenario, limits=live)
