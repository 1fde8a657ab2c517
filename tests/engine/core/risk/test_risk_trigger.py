"""Conditional orders, attached exits and slippage: what is sane against market and terms."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from engine.core.events import InstrumentsChanged, OrderDenied, OrderSubmitted
from engine.core.limits import PAPER_LIMITS
from engine.core.market import Quote
from engine.core.orders.terms import (
    Attached,
    Exit,
    Slippage,
    SlippageUnit,
    Trigger,
    TriggerBy,
    TriggerDirection,
)
from engine.core.requests import OrderRequest
from engine.core.risk import explain
from engine.core.state import evolve
from engine.core.types import Category, OrderType, Side, TimeInForce
from tests.support.desk import Desk, d, perpetual

MARKET: dict[str, Any] = {
    "price": None, "type": OrderType.MARKET, "time_in_force": TimeInForce.IOC,
}  # fmt: skip
RISES, FALLS = TriggerDirection.RISES, TriggerDirection.FALLS
ABOVE = Trigger(d(61_000), RISES)
SOME = Slippage(SlippageUnit.PERCENT, d("0.5"))


def exit_at(price: str | int, **more: Any) -> Exit:
    return Exit(d(price), **more)


CASES: list[tuple[dict[str, Any], tuple[str, str, str, str]]] = [
    (
        {**MARKET, "trigger": Trigger(d("61000.05"), RISES)},
        ("TRIGGER_TICK", "61000.05", "steps of 0.1", "61000 or 61000.1"),
    ),
    (
        {**MARKET, "trigger": Trigger(d(59_000), RISES)},
        ("TRIGGER_SIDE", "Rises to 59000", "above 60000", "above 60000"),
    ),
    (
        {**MARKET, "trigger": Trigger(d(60_000), RISES)},
        ("TRIGGER_SIDE", "Rises to 60000", "above 60000", "above 60000"),
    ),
    (
        {**MARKET, "side": Side.SELL, "trigger": Trigger(d(61_000), FALLS)},
        ("TRIGGER_SIDE", "Falls to 61000", "below 60000", "below 60000"),
    ),
    (
        {**MARKET, "trigger": Trigger(d(0), RISES)},
        ("BAD_NUMBER", "trigger price 0", "greater than 0", ""),
    ),
    (
        {"attached": Attached(exit_at(59_000))},
        ("EXIT_SIDE", "take-profit 59000", "above 60000", "above 60000"),
    ),
    (
        {"attached": Attached(None, exit_at(60_000))},
        ("EXIT_SIDE", "stop-loss 60000", "below 60000", "below 60000"),
    ),
    (
        {"side": Side.SELL, "attached": Attached(exit_at(60_001), exit_at(61_000))},
        ("EXIT_SIDE", "take-profit 60001", "below 60000", "below 60000"),
    ),
    (
        {**MARKET, "trigger": ABOVE, "attached": Attached(exit_at(60_500))},
        ("EXIT_SIDE", "take-profit 60500", "above 61000", "above 61000"),
    ),
    (
        {"attached": Attached(exit_at("61000.02"))},
        ("TRIGGER_TICK", "61000.02", "steps of 0.1", "61000 or 61000.1"),
    ),
    (
        {"attached": Attached(exit_at(61_000, limit_price=d("61000.03")), None, partial=True)},
        ("TRIGGER_TICK", "61000.03", "steps of 0.1", "61000 or 61000.1"),
    ),
    (
        {"attached": Attached(exit_at(61_000, limit_price=d(61_001)))},
        ("BAD_ATTACHED", "take-profit with a limit, Full", "Partial", "Partial"),
    ),
    (
        {"attached": Attached()},
        ("BAD_ATTACHED", "nothing", "a take-profit, a stop-loss, or both", ""),
    ),
    (
        {"attached": Attached(exit_at(61_000)), "reduce_only": True},
        (
            "BAD_ATTACHED",
            "take-profit or stop-loss on reduce-only",
            "orders that open",
            "orders that open",
        ),
    ),
    ({"slippage": SOME}, ("BAD_SLIPPAGE", "limit order", "market orders", "no slippage")),
    (
        {**MARKET, "trigger": ABOVE, "slippage": SOME},
        ("BAD_SLIPPAGE", "conditional order", "market orders", "no slippage"),
    ),
    (
        {**MARKET, "slippage": Slippage(SlippageUnit.PERCENT, d(11))},
        ("BAD_SLIPPAGE", "11 Percent", "0.01 to 10 Percent", "0.01 to 10 Percent"),
    ),
    (
        {**MARKET, "slippage": Slippage(SlippageUnit.TICKS, d("1.5"))},
        ("BAD_SLIPPAGE", "1.5 TickSize", "1 to 10000 TickSize", "1 to 10000 TickSize"),
    ),
    # A price is measured from where the market will be: 10 % past the trigger, not past the mark.
    (
        {"price": d(67_101), "trigger": ABOVE},
        ("PRICE_COLLAR", "67101", "48800.00 to 67100.00", "at most 67100"),
    ),
    ({**MARKET, "qty": d(17), "trigger": ABOVE},
     ("MAX_ORDER_NOTIONAL", "1037000", "1000000", "at most 16.393")),
]  # fmt: skip


@pytest.mark.parametrize(("terms", "denied"), CASES)
def test_what_makes_no_sense_is_denied_with_what_would(
    terms: dict[str, Any], denied: tuple[str, str, str, str]
) -> None:
    desk = Desk()
    (event,) = desk.give(desk.place(**terms))
    assert isinstance(event, OrderDenied)
    assert (event.code, event.value, event.limit, event.passes) == denied
    assert desk.requests == []
    assert (event.trigger, event.attached) == (terms.get("trigger"), terms.get("attached"))


@pytest.mark.parametrize(
    "terms",
    [
        {**MARKET, "trigger": ABOVE},
        {"price": d(61_100), "trigger": ABOVE},
        {"price": d(67_100), "trigger": ABOVE},
        {**MARKET, "trigger": Trigger(d(59_000), FALLS, TriggerBy.INDEX)},
        {**MARKET, "side": Side.SELL, "trigger": Trigger(d(59_000), FALLS, TriggerBy.MARK)},
        {"attached": Attached(exit_at(61_000), exit_at(59_000, by=TriggerBy.MARK))},
        {"side": Side.SELL, "attached": Attached(exit_at(59_000), exit_at(61_000))},
        {"attached": Attached(exit_at(61_000, limit_price=d(61_001)), None, partial=True)},
        {**MARKET, "slippage": SOME},
        {**MARKET, "slippage": Slippage(SlippageUnit.TICKS, d(10_000))},
    ],
)
def test_what_makes_sense_is_sent_whole(terms: dict[str, Any]) -> None:
    desk = Desk()
    (event,) = desk.give(desk.place(**terms))
    assert isinstance(event, OrderSubmitted)
    request = desk.requests[0]
    assert isinstance(request, OrderRequest)
    named = ("price", "type", "trigger", "attached", "slippage")
    wanted = {"price": d(60_000), "type": OrderType.LIMIT, **terms}
    assert {name: getattr(request, name) for name in named} == {
        name: wanted.get(name) for name in named
    }
    order = desk.order()
    assert (order.trigger, order.attached, order.slippage) == (
        terms.get("trigger"),
        terms.get("attached"),
        terms.get("slippage"),
    )


def test_a_trigger_by_last_price_is_compared_with_the_last_trade() -> None:
    desk = Desk()
    desk.quotes["BTCUSDT"] = Quote(symbol="BTCUSDT", mark=d(60_000), last=d(61_500), ts=desk.now_ns)
    (event,) = desk.give(desk.place(**MARKET, trigger=ABOVE))
    assert isinstance(event, OrderDenied)
    assert (event.code, event.limit) == ("TRIGGER_SIDE", "above 61500")
    by_mark = replace(ABOVE, by=TriggerBy.MARK)
    assert isinstance(desk.give(desk.place("a2", **MARKET, trigger=by_mark))[0], OrderSubmitted)


def test_spot_is_triggered_by_its_last_price_only() -> None:
    desk = Desk()
    spot = replace(perpetual(), category=Category.SPOT)
    evolve(desk.state, InstrumentsChanged(ts=1, instruments=(spot,)))
    for number, terms in enumerate(
        (
            {**MARKET, "trigger": replace(ABOVE, by=TriggerBy.MARK)},
            {"attached": Attached(exit_at(61_000, by=TriggerBy.INDEX))},
        )
    ):
        (event,) = desk.give(desk.place(f"a{number}", **terms))
        assert isinstance(event, OrderDenied)
        assert (event.code, event.limit) == ("BAD_TRIGGER", "LastPrice on spot")
    (event,) = desk.give(desk.place("a9", **MARKET, trigger=ABOVE))
    assert isinstance(event, OrderSubmitted)


def test_a_market_order_may_name_less_slippage_than_the_limit_but_no_more() -> None:
    desk = Desk(limits=replace(PAPER_LIMITS, market_slippage=d("0.005")))
    more = Slippage(SlippageUnit.TICKS, d(3_001))  # of 0.1, at 60,000
    (event,) = desk.give(desk.place(**MARKET, slippage=more))
    assert isinstance(event, OrderDenied)
    assert (event.code, event.limit, event.passes) == ("SLIPPAGE", "0.5 %", "at most 0.5 %")
    (event,) = desk.give(desk.place("a2", **MARKET, slippage=SOME))
    assert isinstance(event, OrderSubmitted)
    assert event.worst_price is None
    request = desk.requests[0]
    assert isinstance(request, OrderRequest)
    assert (request.type, request.slippage) == (OrderType.MARKET, SOME)


def test_a_stop_at_market_is_not_bounded_by_where_the_market_is_now() -> None:
    desk = Desk(limits=replace(PAPER_LIMITS, market_slippage=d("0.005"), drift_collar=d("0.01")))
    desk.quotes["BTCUSDT"].earlier = d(60_000)
    (event,) = desk.give(desk.place(**MARKET, trigger=ABOVE))
    assert isinstance(event, OrderSubmitted)
    assert event.worst_price is None
    (event,) = desk.give(desk.place("a2", price=d(62_000), trigger=ABOVE))
    assert isinstance(event, OrderSubmitted)


def test_what_waits_meets_no_own_order_and_is_met_by_none() -> None:
    desk = Desk(limits=replace(PAPER_LIMITS, deny_self_trade=True))
    stop = Trigger(d(59_000), FALLS)
    desk.working("stop", side=Side.SELL, **MARKET, trigger=stop)
    assert isinstance(desk.give(desk.place("buy", price=d(60_500)))[0], OrderSubmitted)
    sell = desk.place("sell", side=Side.SELL, price=d(60_000), trigger=stop)
    assert isinstance(desk.give(sell)[0], OrderSubmitted)


def test_an_order_that_waits_counts_at_its_worst() -> None:
    desk = Desk(limits=replace(PAPER_LIMITS, max_position_notional_usd=d(1_000)))
    desk.working(**MARKET, trigger=ABOVE)
    assert desk.state.exposure.working("BTCUSDT", Side.BUY) == d("0.010")
    (event,) = desk.give(desk.place("a2"))
    assert isinstance(event, OrderDenied)
    assert (event.code, event.value) == ("MAX_POSITION", "1200")


def test_the_explanation_of_a_denial_measures_triggers_only_where_there_are_some() -> None:
    desk = Desk()
    (plain,) = desk.give(desk.place(qty=d(17)))
    (waits,) = desk.give(desk.place("a2", **MARKET, qty=d(17), trigger=ABOVE))
    assert isinstance(plain, OrderDenied)
    assert isinstance(waits, OrderDenied)
    about = {"TRIGGER_TICK", "TRIGGER_SIDE", "EXIT_SIDE", "SLIPPAGE"}
    found = [{r.code for r in explain(desk.state, event).readings} for event in (plain, waits)]
    assert [codes & about for codes in found] == [set(), {"TRIGGER_TICK", "TRIGGER_SIDE"}]
