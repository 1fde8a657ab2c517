"""A denial explained is the decision taken again: the same rule, and every other limit."""

from __future__ import annotations

from msgspec.structs import replace

from engine.core.events import LimitsChanged, OrderDenied
from engine.core.limits import PAPER_LIMITS
from engine.core.market import Quote
from engine.core.risk import Explanation, Reading, explain
from engine.core.state import State, evolve
from engine.core.types import OrderType
from tests.support.desk import Desk, d, fill


def denied_by(desk: Desk, order_id: str = "z1", **terms: object) -> OrderDenied:
    (event,) = desk.give(desk.place(order_id, **terms))
    assert isinstance(event, OrderDenied)
    return event


def before(desk: Desk) -> State:
    """The state before the desk's last event, folded anew."""
    state = Desk().state
    evolve(state, LimitsChanged(ts=1, limits=desk.state.risk.limits, by="test"))
    for event in desk.events[:-1]:
        evolve(state, event)
    return state


def test_every_limit_is_shown_with_how_much_of_it_was_used() -> None:
    limits = replace(
        PAPER_LIMITS, max_position_notional_usd=d(1_000), orders_per_s=4, duplicate_window_s=d(1)
    )
    desk = Desk(limits=limits)
    desk.working("a1")
    denied = denied_by(desk, price=d(59_999))
    assert (denied.passes, denied.reference) == ("at most 0.006", d(60_000))
    explanation = explain(before(desk), denied)
    assert explanation.denial.code == "MAX_POSITION"
    assert explanation.readings == (
        Reading("TICK_SIZE", "59999", "steps of 0.1", True),
        Reading("QTY_STEP", "0.01", "steps of 0.001", True),
        Reading("MIN_QTY", "0.01", "0.001", True),
        Reading("MAX_QTY", "0.01", "100", True, 0.0001),
        Reading("MIN_NOTIONAL", "599.99", "5", True),
        Reading("MAX_ORDER_NOTIONAL", "599.99", "1000000", True, 0.00059999),
        Reading("PRICE_COLLAR", "59999", "48000.00 to 66000.00", True),
        Reading("MAX_POSITION", "1200", "1000", False, 1.2),
        Reading("MAX_OPEN_ORDERS", "1", "2000", True, 0.001),
        Reading("ORDER_RATE", "1 in the last second", "4 a second", True, 0.25),
    )


def test_what_could_not_be_measured_is_told_by_the_event_alone() -> None:
    desk = Desk()
    desk.quotes.clear()
    denied = denied_by(desk)
    assert denied.reference is None
    assert explain(before(desk), denied) == Explanation(denied)


def test_an_old_denial_of_a_market_that_is_gone_has_no_readings() -> None:
    desk = Desk()
    denied = denied_by(desk, price=d(90_000))
    assert explain(State(), denied) == Explanation(denied)


def test_a_sum_over_markets_whose_price_is_not_known_any_more_is_left_out() -> None:
    desk = Desk(limits=replace(PAPER_LIMITS, max_gross_notional_usd=d(10_000)))
    desk.state.set_instruments([replace(desk.state.instruments["BTCUSDT"], symbol="ETHUSDT")])
    desk.quotes["ETHUSDT"] = Quote(symbol="ETHUSDT", mark=d(60_000))
    desk.working("e1", symbol="ETHUSDT")
    desk.give(fill("f1", "0.010", "e1", symbol="ETHUSDT"))
    denied = denied_by(desk, price=d(90_000))
    codes = [reading.code for reading in explain(desk.state, denied).readings]
    assert "PRICE_COLLAR" in codes
    assert "MAX_GROSS" not in codes


def test_a_market_order_is_measured_at_the_price_it_was_measured_by() -> None:
    desk = Desk()
    denied = denied_by(desk, price=None, type=OrderType.MARKET, qty=d(51))
    readings = {reading.code: reading for reading in explain(before(desk), denied).readings}
    assert readings["MAX_QTY"].passed is False
    assert readings["MAX_ORDER_NOTIONAL"].value == "3060000"
