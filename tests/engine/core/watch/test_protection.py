"""Positions without a protective stop are warned of, and narrowed where stops are required."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from engine.core.events import Event, InstrumentsChanged, TradingStateChanged
from engine.core.limits import PAPER_LIMITS
from engine.core.orders.terms import Trigger, TriggerDirection
from engine.core.reports import VenueStatus
from engine.core.requests import TimerFired
from engine.core.state import evolve
from engine.core.status import Unprotected
from engine.core.types import EXTERNAL, Category, Side
from engine.core.watch.protection import asks_for_stops, unprotected
from tests.support.desk import Desk, d, fill, outcome, perpetual, row

SELL = Side.SELL
WARN: dict[str, Any] = {"stop_warn_s": d(10)}


def desk_with(**limits: Any) -> Desk:
    return Desk(limits=replace(PAPER_LIMITS, **limits))


def hold(desk: Desk, order_id: str = "p1", side: Side = Side.BUY) -> None:
    desk.working(order_id, side=side)
    desk.give(fill(f"e-{order_id}", "0.010", order_id, side=side))


def stop(desk: Desk, order_id: str = "s1", **more: Any) -> None:
    """A conditional order that reduces, placed elsewhere and seen here."""
    terms = {"side": SELL, "reduce_only": True, "status": VenueStatus.UNTRIGGERED, **more}
    desk.give(row("", exchange_order_id=f"x-{order_id}", **terms))


def look(desk: Desk) -> list[Event]:
    return desk.give(TimerFired(kind="watch", key=str(desk.state.risk.limits_changes)))


def warned(desk: Desk) -> tuple[Unprotected, ...]:
    look(desk)
    return unprotected(desk.state, desk.now_ns)


def test_a_position_is_warned_of_when_it_has_had_no_stop_for_longer_than_the_limit() -> None:
    desk = desk_with(**WARN)
    hold(desk)
    since = desk.now_ns
    desk.later(10)
    assert warned(desk) == ()
    desk.now_ns += 1
    assert warned(desk) == (Unprotected(symbol="BTCUSDT", since_ts=since),)
    stop(desk)
    assert desk.state.orders.get_order("x-s1") is not None
    assert desk.order("x-s1").by == EXTERNAL
    assert warned(desk) == ()


def test_a_stop_that_is_gone_leaves_the_position_bare_from_then_on() -> None:
    desk = desk_with(**WARN)
    hold(desk)
    stop(desk)
    desk.later(100)
    assert warned(desk) == ()
    stop(desk, status=VenueStatus.CANCELED)
    since = desk.now_ns
    look(desk)
    desk.later(11)
    assert warned(desk) == (Unprotected(symbol="BTCUSDT", since_ts=since),)


def test_no_position_needs_no_stop() -> None:
    desk = desk_with(**WARN)
    hold(desk)
    desk.later(11)
    hold(desk, "p2", SELL)
    assert warned(desk) == ()
    assert desk.state.bare == {}


@pytest.mark.parametrize(
    "more",
    [{"side": Side.BUY}, {"reduce_only": False}, {"status": VenueStatus.NEW}],
    ids=["the other side", "not reducing", "no condition"],
)
def test_another_order_protects_nothing(more: dict[str, Any]) -> None:
    desk = desk_with(**WARN)
    hold(desk)
    stop(desk, **more)
    desk.later(11)
    assert len(warned(desk)) == 1


def test_a_short_position_is_protected_by_a_buy() -> None:
    desk = desk_with(**WARN)
    hold(desk, side=SELL)
    stop(desk, side=Side.BUY)
    desk.later(11)
    assert warned(desk) == ()


def test_a_holding_of_coins_needs_none() -> None:
    desk = desk_with(**WARN)
    spot = replace(perpetual(), category=Category.SPOT)
    evolve(desk.state, InstrumentsChanged(ts=1, instruments=(spot,)))
    hold(desk)
    desk.later(11)
    assert warned(desk) == ()


def test_a_position_in_a_market_that_nobody_knows_needs_one() -> None:
    desk = desk_with(**WARN)
    hold(desk)
    desk.state.instruments.clear()
    desk.later(11)
    assert len(warned(desk)) == 1


def test_without_a_limit_nothing_is_noted() -> None:
    assert not asks_for_stops(PAPER_LIMITS)
    assert asks_for_stops(replace(PAPER_LIMITS, symbols={"A": replace(PAPER_LIMITS, **WARN)}))
    desk = desk_with(daily_loss_usd=d(1_000_000))
    hold(desk)
    desk.later(100)
    assert warned(desk) == ()
    assert desk.state.bare == {}


def test_where_a_stop_is_required_the_market_only_reduces_until_there_is_one() -> None:
    desk = desk_with(stop_require_s=d(10))
    hold(desk)
    desk.later(10)
    assert look(desk) == []
    desk.now_ns += 1
    (narrowed,) = look(desk)
    assert isinstance(narrowed, TradingStateChanged)
    assert (narrowed.state, narrowed.symbol, narrowed.reason) == (
        "REDUCING", "BTCUSDT", "NO_STOP: no protective stop (limit 10 s)",
    )  # fmt: skip
    assert unprotected(desk.state, desk.now_ns) == ()
    desk.give(desk.place("s1", side=SELL, reduce_only=True))
    desk.give(outcome("s1"))
    desk.give(row("s1", side=SELL, reduce_only=True, status=VenueStatus.UNTRIGGERED))
    assert desk.state.trading_of("BTCUSDT") == "ACTIVE"


def test_a_take_profit_is_no_stop() -> None:
    desk = desk_with(**WARN)
    hold(desk)
    gain = Trigger(d(61_000), TriggerDirection.RISES)
    stop(desk, "tp", trigger=gain, made_as="TakeProfit")
    desk.later(11)
    assert [bare.symbol for bare in warned(desk)] == ["BTCUSDT"]
    stop(desk, "sl", trigger=Trigger(d(59_000), TriggerDirection.FALLS), made_as="StopLoss")
    assert warned(desk) == ()
