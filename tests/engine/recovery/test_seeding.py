"""A fresh simulated exchange begins with what was open, and with nothing else."""

from __future__ import annotations

from engine.clock import SimClock
from engine.core.orders.terms import Attached, Exit, Trigger, TriggerBy, TriggerDirection
from engine.core.reports import SettingsReport, VenueStatus
from engine.core.settings import MarketSettings
from engine.core.types import OrderType, Side, TimeInForce
from engine.exchange import Exchange, SeedCondition, SeedExit, create_exchange
from engine.recovery.seeding import seed_exchange
from tests.support.desk import Desk, d, fill, row
from tests.support.market import T0, Market

KEY = "paper"
FALLS = Trigger(d(59_000), TriggerDirection.FALLS, TriggerBy.MARK)


def seeded(desk: Desk) -> Exchange:
    exchange = create_exchange(SimClock(T0), Market())
    seed_exchange(exchange, KEY, desk.state, T0)
    return exchange


def test_what_never_rests_and_what_was_never_acknowledged_is_not_put_back() -> None:
    desk = Desk()
    desk.working("rests")
    desk.working("now-or-never", time_in_force=TimeInForce.IOC)
    desk.working("at-market", price=None, type=OrderType.MARKET, time_in_force=TimeInForce.IOC)
    desk.give(desk.place("on-its-way"))
    desk.working("flat")
    desk.give(fill("e1", "0.010", "flat"))
    desk.working("flat-again", side=Side.SELL)
    desk.give(fill("e2", "0.010", "flat-again", side=Side.SELL))
    account = seeded(desk).accounts[KEY]
    assert [order.link_id for order in account.orders.values()] == ["rests"]
    assert account.positions == {}


def test_an_order_that_waits_for_its_trigger_waits_again() -> None:
    desk = Desk()
    desk.working("stop", side=Side.SELL, price=None, type=OrderType.MARKET, trigger=FALLS)
    exchange = seeded(desk)
    (order,) = exchange.accounts[KEY].orders.values()
    assert order.condition is not None
    assert (order.status, order.order_type, order.stop_order_type) == (
        "Untriggered",
        "Market",
        "Stop",
    )
    assert (order.condition.price, order.condition.rises, order.condition.by) == (
        d(59_000),
        False,
        "MarkPrice",
    )


def test_a_position_has_its_stop_loss_again_which_goes_with_it() -> None:
    desk = Desk()
    desk.working("a1")
    desk.give(fill("e1", "0.010"))
    protector = row(
        "",
        exchange_order_id="x-sl",
        side=Side.SELL,
        price=None,
        type=OrderType.MARKET,
        status=VenueStatus.UNTRIGGERED,
        reduce_only=True,
        trigger=FALLS,
        made_as="StopLoss",
    )
    desk.give(protector)
    exchange = seeded(desk)
    account = exchange.accounts[KEY]
    (order,) = account.orders.values()
    assert (order.order_id, order.link_id, order.stop_order_type, order.create_type) == (
        "x-sl",
        "",
        "StopLoss",
        "CreateByStopLoss",
    )


def test_what_a_resting_order_brings_along_is_not_forgotten() -> None:
    desk = Desk()
    loses = Exit(d(58_000), TriggerBy.MARK, d(57_990))
    desk.working("a1", attached=Attached(Exit(d(62_000)), loses, partial=True))
    (order,) = seeded(desk).accounts[KEY].orders.values()
    assert order.attached is not None
    profit, loss = order.attached.take_profit, order.attached.stop_loss
    assert profit is not None
    assert loss is not None
    assert profit == SeedExit(condition=SeedCondition(price=d(62_000), rises=True))
    condition = SeedCondition(price=d(58_000), rises=False, by="MarkPrice")
    assert loss == SeedExit(condition=condition, limit=d(57_990))
    assert order.attached.partial


def test_a_hedged_market_is_hedged_again_with_both_of_its_sides() -> None:
    desk = Desk()
    market = MarketSettings("BTCUSDT", hedged=True, leverage=d(5))
    desk.give(SettingsReport(markets=(market,)))
    desk.working("long")
    desk.give(fill("e1", "0.010", "long"))
    desk.working("short", side=Side.SELL, qty=d("0.004"))
    desk.give(fill("e2", "0.004", "short", side=Side.SELL))
    desk.working("rests", side=Side.SELL, price=d(61_000))
    exchange = seeded(desk)
    account = exchange.accounts[KEY]
    instrument = exchange.markets["linear", "BTCUSDT"].instrument
    assert [(p.idx, p.qty, p.leverage) for p in account.positions_in(instrument)] == [
        (1, d("0.010"), "5"),
        (2, d("-0.004"), "5"),
    ]
    assert [order.position_idx for order in account.orders.values()] == [2]
