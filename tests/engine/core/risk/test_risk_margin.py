"""Leverage, margin use and the distance to liquidation, by what the venue said last."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from engine.core.commands import AmendOrder
from engine.core.events import (
    CommandRefused,
    InstrumentsChanged,
    OrderDenied,
    OrderSubmitted,
    SettingsChanged,
)
from engine.core.limits import PAPER_LIMITS
from engine.core.margin import AccountMargin, PositionMargin
from engine.core.market import Quote
from engine.core.reports import Outcome, PositionReport, WalletReport
from engine.core.risk import Reading, explain
from engine.core.settings import MarketSettings
from engine.core.state import State, evolve
from engine.core.types import Category, Side
from tests.support.desk import Desk, d, fill, outcome, perpetual

SELL = {"side": Side.SELL}


def desk_with(equity: str | None = "1000", initial: str | None = None, **limits: Any) -> Desk:
    """A desk of two markets at 60,000 and 3,000, whose venue has just told its equity."""
    desk = Desk(limits=replace(PAPER_LIMITS, **limits))
    eth = perpetual("ETHUSDT", tick="0.01")
    evolve(desk.state, InstrumentsChanged(ts=1, instruments=(eth,)))
    desk.quotes["ETHUSDT"] = Quote(symbol="ETHUSDT", mark=d(3_000), ts=desk.now_ns)
    if equity is not None:
        margin = None if initial is None else d(initial)
        desk.give(WalletReport(equity=d(equity), initial_margin=margin))
    return desk


def said(desk: Desk, order_id: str = "z1", **terms: Any) -> tuple[str, str, str, str] | None:
    """What is said of an order that is placed; None when it left."""
    (event,) = desk.give(desk.place(order_id, **terms))
    if isinstance(event, OrderSubmitted):
        return None
    assert isinstance(event, OrderDenied)
    return event.code, event.value, event.limit, event.passes


def refused(desk: Desk, order_id: str = "z1", **terms: Any) -> tuple[str, str, str, str]:
    """What is said of an order that does not leave."""
    words = said(desk, order_id, **terms)
    assert words is not None
    return words


def leverage(desk: Desk, symbol: str, times: int | None, *, hedged: bool = False) -> None:
    told = None if times is None else d(times)
    evolve(desk.state, SettingsChanged(ts=1, markets=(MarketSettings(symbol, hedged, told),)))


def hold(desk: Desk, qty: str = "0.010", side: Side = Side.BUY, order_id: str = "held") -> None:
    desk.working(order_id, qty=d(qty), side=side)
    desk.give(fill(f"e-{order_id}", qty, order_id, side=side))


def told(desk: Desk, liq: str | None, qty: str = "0.010", **more: Any) -> None:
    """The venue's word on the position."""
    price = None if liq is None else d(liq)
    desk.give(
        PositionReport(symbol="BTCUSDT", qty=d(qty), avg_price=d(60_000), liq_price=price, **more)
    )


# Leverage.


def test_what_may_be_held_over_equity_reaches_the_leverage_and_does_not_pass_it() -> None:
    desk = desk_with(max_leverage=d(3))
    assert said(desk, "a1", qty=d("0.050")) is None
    assert said(desk, "a2", qty=d("0.001")) == (
        "MAX_LEVERAGE", "3.06x of equity 1000", "3x", "no quantity",
    )  # fmt: skip
    desk = desk_with(max_leverage=d(3))
    assert said(desk, "a1", qty=d("0.051")) == (
        "MAX_LEVERAGE", "3.06x of equity 1000", "3x", "at most 0.05",
    )  # fmt: skip


def test_every_market_and_every_order_on_its_way_counts_in_leverage() -> None:
    desk = desk_with(max_leverage=d(3))
    hold(desk, "0.020")
    desk.working("open", symbol="ETHUSDT", price=d(3_000), qty=d("0.200"), **SELL)
    desk.give(desk.place("unknown", symbol="ETHUSDT", price=d(3_000), qty=d("0.200"), **SELL))
    desk.give(outcome("unknown", result=Outcome.UNKNOWN))
    assert refused(desk, "a1", qty=d("0.011"))[:2] == ("MAX_LEVERAGE", "3.06x of equity 1000")
    assert said(desk, "a2", qty=d("0.010")) is None


def test_an_amend_is_held_to_the_leverage_too() -> None:
    desk = desk_with(max_leverage=d(1))
    desk.working("a1")
    (event,) = desk.give(AmendOrder(command_id="x", client_order_id="a1", qty=d("0.017")))
    assert isinstance(event, CommandRefused)
    assert event.code == "MAX_LEVERAGE"


def test_what_makes_a_position_no_larger_passes_at_any_leverage() -> None:
    desk = desk_with("10", max_leverage=d(3), max_margin_use=d("0.5"))
    desk.change_limits(PAPER_LIMITS)
    hold(desk)
    desk.change_limits(replace(PAPER_LIMITS, max_leverage=d(3), max_margin_use=d("0.5")))
    assert said(desk, "a1", **SELL) is None
    assert said(desk, "a2", reduce_only=True, **SELL) is None
    assert refused(desk, "a3", qty=d("0.001"))[0] == "MAX_LEVERAGE"


@pytest.mark.parametrize("equity", ["0", "-5"])
def test_without_anything_left_nothing_opens(equity: str) -> None:
    words = (f"equity {equity}", "reduce-only orders")
    desk = desk_with(equity, max_leverage=d(3))
    assert said(desk) == ("MAX_LEVERAGE", words[0], "3x", words[1])
    desk = desk_with(equity, max_margin_use=d("0.5"))
    assert said(desk) == ("MAX_MARGIN_USE", words[0], "50 %", words[1])


@pytest.mark.parametrize(
    ("code", "limit"),
    [("MAX_LEVERAGE", {"max_leverage": d(3)}), ("MAX_MARGIN_USE", {"max_margin_use": d("0.5")})],
)
def test_without_every_price_nothing_opens(code: str, limit: dict[str, Any]) -> None:
    desk = desk_with(**limit)
    desk.working("e1", symbol="ETHUSDT", price=d(3_000), qty=d("0.010"))
    desk.quotes["ETHUSDT"].mark = None
    for order_id, side in (("a1", Side.BUY), ("a2", Side.SELL)):
        assert refused(desk, order_id, side=side)[:2] == (code, "no price of ETHUSDT")
        assert refused(desk, f"{order_id}-again", side=side)[3] == "reduce-only orders"


# Equity that is not known.

BOTH: dict[str, Any] = {"max_leverage": d(3), "max_margin_use": d("0.5")}


@pytest.mark.parametrize("limit", BOTH)
def test_equity_that_was_never_told_passes_only_what_reduces(limit: str) -> None:
    desk = desk_with(None, **{limit: BOTH[limit]})
    says = ("NO_EQUITY", "the venue has not told equity yet", "known", "reduce-only orders")
    assert said(desk) == says
    assert said(desk, "a2", reduce_only=True) is None


def test_equity_that_is_too_old_is_not_known() -> None:
    desk = desk_with(max_leverage=d(3), reconcile_age_s=d(60))
    desk.later(60)
    desk.compared_ns = desk.now_ns
    assert said(desk, "a1", qty=d("0.001")) is None
    desk.later(1)
    assert said(desk, "a2", qty=d("0.001")) == (
        "NO_EQUITY", "equity was told 61 s ago", "60 s", "reduce-only orders",
    )  # fmt: skip


def test_an_account_whose_equity_the_venue_does_not_tell_opens_nothing() -> None:
    desk = desk_with(None, max_leverage=d(3))
    desk.give(WalletReport())
    assert said(desk) == ("NO_EQUITY", "the venue tells no equity", "known", "reduce-only orders")


def test_where_no_limit_looks_at_it_equity_need_not_be_known() -> None:
    assert said(desk_with(None)) is None


# Margin use.


def test_margin_is_value_over_the_markets_leverage_and_all_of_it_where_none_was_told() -> None:
    desk = desk_with(max_margin_use=d("0.5"))
    assert said(desk, "a1", qty=d("0.009")) == (
        "MAX_MARGIN_USE", "54 % of equity 1000", "50 %", "at most 0.008",
    )  # fmt: skip
    leverage(desk, "BTCUSDT", 5)
    assert said(desk, "a2", qty=d("0.042")) == (
        "MAX_MARGIN_USE", "50.4 % of equity 1000", "50 %", "at most 0.041",
    )  # fmt: skip
    assert said(desk, "a3", qty=d("0.041")) is None


def test_every_market_needs_margin_at_its_own_leverage() -> None:
    desk = desk_with(max_margin_use=d("0.5"))
    leverage(desk, "BTCUSDT", 10)
    leverage(desk, "ETHUSDT", None)
    hold(desk, "0.050")
    eth = {"symbol": "ETHUSDT", "price": d(3_000)}
    assert said(desk, "a1", qty=d("0.067"), **eth) == (
        "MAX_MARGIN_USE", "50.1 % of equity 1000", "50 %", "at most 0.066",
    )  # fmt: skip
    assert said(desk, "a2", qty=d("0.066"), **eth) is None


def test_the_least_leverage_that_settings_and_positions_tell_counts() -> None:
    desk = desk_with(max_margin_use=d("0.9"))
    leverage(desk, "BTCUSDT", 10)
    hold(desk, "0.010")
    told(desk, None, leverage=d(2))
    assert refused(desk, "a1", qty=d("0.021"))[:2] == ("MAX_MARGIN_USE", "93 % of equity 1000")
    told(desk, None, leverage=d(20))
    assert said(desk, "a2", qty=d("0.021")) is None
    told(desk, None)
    assert said(desk, "a3", qty=d("0.021")) is None


def test_the_venues_own_figure_counts_where_it_is_larger() -> None:
    desk = desk_with("1000", "500", max_margin_use=d("0.5"))
    assert said(desk, "a1", qty=d("0.001")) is None
    desk = desk_with("1000", "500.1", max_margin_use=d("0.5"))
    assert said(desk, "a1", qty=d("0.001")) == (
        "MAX_MARGIN_USE", "50.01 % of equity 1000", "50 %", "reduce-only orders",
    )  # fmt: skip
    assert said(desk, "a2", qty=d("0.001"), reduce_only=True) is None


# The distance to liquidation.

NEAR: dict[str, Any] = {"min_liq_distance": d("0.15")}


def test_a_position_that_is_nearer_to_liquidation_does_not_grow() -> None:
    desk = desk_with(**NEAR)
    hold(desk)
    told(desk, "51000")
    assert said(desk, "a1") is None
    told(desk, "51000.1")
    assert said(desk, "a2") == (
        "MIN_LIQ_DISTANCE", "14.9998 % from liquidation at 51000.1", "15 %", "reduce-only orders",
    )  # fmt: skip
    assert said(desk, "a3", **SELL) is None
    assert said(desk, "a4", reduce_only=True, **SELL) is None


def test_a_short_is_liquidated_above_the_mark() -> None:
    desk = desk_with(**NEAR)
    hold(desk, side=Side.SELL)
    told(desk, "69000", "-0.010")
    assert said(desk, "a1", **SELL) is None
    told(desk, "68999", "-0.010")
    assert refused(desk, "a2", **SELL)[0] == "MIN_LIQ_DISTANCE"


def test_a_mark_beyond_the_liquidation_price_is_no_distance() -> None:
    desk = desk_with(**NEAR)
    hold(desk)
    told(desk, "75000")
    assert refused(desk)[:2] == ("MIN_LIQ_DISTANCE", "-25 % from liquidation at 75000")


def test_a_position_that_no_mark_liquidates_may_grow() -> None:
    desk = desk_with(**NEAR)
    hold(desk)
    told(desk, None)
    assert said(desk) is None


def test_without_a_word_on_its_liquidation_a_position_does_not_grow() -> None:
    desk = desk_with(**NEAR, reconcile_age_s=d(60))
    hold(desk)
    assert said(desk, "a1") == (
        "NO_LIQ_PRICE", "the venue has not told where BTCUSDT is liquidated yet", "60 s",
        "reduce-only orders",
    )  # fmt: skip
    assert said(desk, "a2", **SELL) is None
    told(desk, "69000", "-0.010")
    assert refused(desk, "a2-again")[1] == "the venue has not told where BTCUSDT is liquidated yet"
    told(desk, "1000")
    desk.later(61)
    desk.compared_ns = desk.now_ns
    assert refused(desk, "a3")[1] == "where BTCUSDT is liquidated was told 61 s ago"


def test_the_side_of_a_hedge_that_an_order_adds_to_is_looked_at() -> None:
    desk = desk_with(**NEAR)
    leverage(desk, "BTCUSDT", 10, hedged=True)
    hold(desk, "0.010", order_id="long")
    hold(desk, "0.004", Side.SELL, "short")
    told(desk, "52000", position_index=1)
    told(desk, "52000", "-0.004", position_index=2)
    assert refused(desk, "a1")[0] == "MIN_LIQ_DISTANCE"
    assert refused(desk, "a2", **SELL)[0] == "MIN_LIQ_DISTANCE"
    told(desk, None, "-0.004", position_index=2)
    assert said(desk, "a3", **SELL) is None


def test_both_sides_of_an_even_hedge_are_as_far_as_the_mark_either_way() -> None:
    desk = desk_with(**NEAR)
    leverage(desk, "BTCUSDT", 10, hedged=True)
    hold(desk, order_id="long")
    hold(desk, side=Side.SELL, order_id="short")
    told(desk, "69000", position_index=1)
    assert said(desk, "a1") is None
    told(desk, "68999", position_index=1)
    assert refused(desk, "a2")[0] == "MIN_LIQ_DISTANCE"


def test_coins_are_never_liquidated() -> None:
    desk = desk_with(**NEAR)
    spot = replace(perpetual("BTC/USDT"), category=Category.SPOT)
    evolve(desk.state, InstrumentsChanged(ts=1, instruments=(spot,)))
    desk.quotes["BTC/USDT"] = Quote(symbol="BTC/USDT", mark=d(60_000))
    desk.working("s1", symbol="BTC/USDT")
    desk.give(fill("e1", "0.010", "s1", symbol="BTC/USDT"))
    assert said(desk, "a1", symbol="BTC/USDT") is None


# What a denial keeps.


def test_a_denial_is_explained_by_what_the_venue_had_said_then() -> None:
    desk = desk_with("1000", "100", **NEAR, **BOTH, reconcile_age_s=d(60))
    leverage(desk, "BTCUSDT", 10)
    hold(desk, "0.010")
    told(desk, "45000", leverage=d(10))
    folded = state_of(desk)
    (denied,) = desk.give(desk.place("z1", qty=d("0.041")))
    assert isinstance(denied, OrderDenied)
    held = PositionMargin(qty=d("0.010"), leverage=d(10), liq_price=d(45_000), ts=desk.now_ns)
    assert denied.margin == AccountMargin(
        equity=d(1_000), initial_margin=d(100), ts=desk.now_ns, positions={"BTCUSDT": held}
    )
    readings = {one.code: one for one in explain(folded, denied).readings}
    assert readings["MAX_LEVERAGE"] == Reading(
        "MAX_LEVERAGE", "3.06x of equity 1000", "3x", False, 1.02
    )
    assert readings["MAX_MARGIN_USE"] == Reading(
        "MAX_MARGIN_USE", "30.6 % of equity 1000", "50 %", True, 0.612
    )
    assert readings["MIN_LIQ_DISTANCE"] == Reading(
        "MIN_LIQ_DISTANCE", "25 % from liquidation at 45000", "15 %", True
    )
    assert "NO_EQUITY" not in readings


def test_a_denial_by_limits_that_do_not_look_at_margin_keeps_none() -> None:
    desk = desk_with(max_order_notional_usd=d(100))
    (denied,) = desk.give(desk.place())
    assert isinstance(denied, OrderDenied)
    assert denied.margin is None


def state_of(desk: Desk) -> State:
    """The desk's state as its journal has it: nothing that was only heard."""
    return State.decode(desk.state.encode())
