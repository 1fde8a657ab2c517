"""Conditional orders, attached exits and slippage through a whole engine on the exchange."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from engine.bootstrap import PAPER_KEY
from engine.core.commands import AmendOrder, CancelOrder, ChangeSetting, Flatten, Kill
from engine.core.events import CommandRefused, SettingAsked, SettingsChanged
from engine.core.ledger.conservation import ledger_disagreements
from engine.core.orders.terms import (
    Attached,
    Exit,
    Slippage,
    SlippageUnit,
    Trigger,
    TriggerBy,
    TriggerDirection,
)
from engine.core.types import KillLevel, OrderState, OrderType, TimeInForce
from tests.support.house import House, simulate
from tests.support.market import Line, Market, book, ticker, trade

D = Decimal
MARKET: dict[str, Any] = {
    "price": None, "type": OrderType.MARKET, "time_in_force": TimeInForce.IOC,
}  # fmt: skip
FALLS = Trigger(D("59500.0"), TriggerDirection.FALLS)
RISES = Trigger(D("60500.0"), TriggerDirection.RISES, TriggerBy.MARK)


def falling(*later: Line) -> Market:
    """60,000 until second 10; then the last price falls to 59,000, and the mark with it at 20."""
    return Market(
        book(0, [("60000.0", "10")], [("60000.1", "10")]),
        ticker(0, "60000"),
        book(10, [("60000.0", "0"), ("59000.0", "10")], [("60000.1", "0"), ("59000.1", "10")], 2),
        trade(10, "Sell", "1", "59000.0"),
        ticker(20, "59000"),
        *later,
        ticker(3600, "59000"),
    )


def venue_orders(house: House) -> dict[str, str]:
    """The exchange's open orders, by what they are called there: their status."""
    orders = house.exchange.accounts[PAPER_KEY].orders.values()
    return {o.link_id or o.stop_order_type: o.status for o in orders if o.is_open}


def shown(house: House) -> dict[str, tuple[str, OrderState]]:
    """The engine's open orders: who placed each, and how it stands."""
    orders = house.live.state.orders.open_orders()
    return {o.by: (o.side, o.state) for o in orders}


def test_a_stop_waits_is_amended_triggers_and_closes_the_position(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        await house.engine()
        await house.give(house.place("long", **MARKET))
        await house.give(house.place("stop", "Sell", reduce_only=True, trigger=FALLS, **MARKET))
        assert house.order("stop").state is OrderState.UNTRIGGERED
        amend = AmendOrder(command_id="m1", client_order_id="stop", trigger_price=D("59400.0"))
        await house.give(amend)
        order = house.order("stop")
        assert (order.state, order.trigger) == (
            OrderState.UNTRIGGERED,
            Trigger(D("59400.0"), TriggerDirection.FALLS),
        )
        assert house.position() == D("0.010")
        await house.clock.sleep(10)
        assert house.order("stop").state is OrderState.FILLED
        assert house.position() == house.venue_position() == 0
        assert [entry.type for entry in house.order("stop").history] == [
            "ORDER_SENT", "ORDER_ACK", "REPLACE_REQUEST", "REPLACE_ACK", "TRIGGERED", "FULL_FILL",
        ]  # fmt: skip

    simulate(tmp_path / "h", scenario, falling())


def test_a_take_profit_and_a_stop_loss_that_an_order_brings_protect_its_position(
    tmp_path: Path,
) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine = await house.engine()
        brings = Attached(Exit(D("62000.0")), Exit(D("59500.0"), TriggerBy.MARK))
        await house.give(house.place("long", attached=brings, **MARKET))
        assert shown(house) == {
            "venue TakeProfit": ("Sell", OrderState.UNTRIGGERED),
            "venue StopLoss": ("Sell", OrderState.UNTRIGGERED),
        }
        await house.clock.sleep(10)
        assert house.position() == D("0.010")  # the last price is below it, the mark not yet
        await house.clock.sleep(11)
        assert house.position() == house.venue_position() == 0
        assert shown(house) == {}
        await engine.settled()
        in_order(house)

    simulate(tmp_path / "h", scenario, falling())


def in_order(house: House) -> None:
    """The engine's books agree with the exchange's, and nothing in them is out of place."""
    state = house.live.state
    assert house.position() == house.venue_position()
    assert (state.positions.suspense, state.positions.anomalies) == ({}, {})
    assert (state.orders.anomalies, state.narrowed) == ({}, {})
    assert list(ledger_disagreements(state)) == []
    assert state.reconciled is not None
    assert (state.reconciled.drift, state.reconciled.external_orders) == ((), ())


PARTS = (
    Attached(Exit(D("62000.0"), limit_price=D("62100.0")), Exit(D("59500.0")), partial=True),
    Attached(Exit(D("63000.0")), Exit(D("59400.0"), limit_price=D("59390.0")), partial=True),
)


def made(house: House) -> list[tuple[str, Decimal, Decimal | None, OrderState]]:
    """The exits that the engine knows: who placed each, size, limit, how it stands."""
    orders = house.live.state.orders.orders.values()
    return [(o.by, o.qty, o.price, o.state) for o in orders if o.is_venue_made]


def test_exits_of_two_orders_stand_side_by_side_and_the_books_agree_on_each(
    tmp_path: Path,
) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine = await house.engine()
        await house.give(house.place("a1", attached=PARTS[0], **MARKET))
        await house.give(house.place("a2", qty="0.004", attached=PARTS[1], **MARKET))
        assert house.order("a1").attached == PARTS[0]
        waits = OrderState.UNTRIGGERED
        assert made(house) == [
            ("venue PartialTakeProfit", D("0.010"), D("62100.0"), waits),
            ("venue PartialStopLoss", D("0.010"), None, waits),
            ("venue PartialTakeProfit", D("0.004"), None, waits),
            ("venue PartialStopLoss", D("0.004"), D("59390.0"), waits),
        ]
        await house.clock.sleep(10)
        assert [state for *_, state in made(house)] == [
            OrderState.CANCELED, OrderState.FILLED, OrderState.CANCELED, OrderState.NEW,
        ]  # fmt: skip
        assert house.position() == D("0.004")  # the limit is above the market now
        await engine.settled()
        in_order(house)
        await house.clock.sleep(20)
        assert house.position() == 0
        assert shown(house) == {}
        await engine.settled()
        in_order(house)

    market = falling(trade(25, "Buy", "1", "59400.0"))
    simulate(tmp_path / "h", scenario, market)


def test_what_waits_is_found_again_after_a_restart_and_can_be_cancelled(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        await house.engine()
        await house.give(house.place("entry", trigger=RISES, price=D("60600.0")))
        brings = Attached(None, Exit(D("58000.0")))
        await house.give(house.place("long", attached=brings, **MARKET))
        before = house.live.state.orders.persist_to_dict()["orders"]
        await house.crash()
        engine = await house.engine()
        assert engine.state.orders.persist_to_dict()["orders"] == before
        assert house.order("entry").trigger == RISES
        await house.give(CancelOrder(command_id="x1", client_order_id="entry"))
        assert house.order("entry").state is OrderState.CANCELED
        assert venue_orders(house) == {"StopLoss": "Untriggered"}

    simulate(tmp_path / "h", scenario)


def test_a_kill_leaves_protection_and_kill_all_does_not(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine = await house.engine()
        brings = Attached(None, Exit(D("58000.0")))
        await house.give(house.place("long", attached=brings, **MARKET))
        await house.give(house.place("entry", trigger=RISES, **MARKET))
        await house.give(house.place("stop", "Sell", reduce_only=True, trigger=FALLS, **MARKET))
        assert len(venue_orders(house)) == 3
        await house.give(Kill(command_id="k1", level=KillLevel.KILL), 2)
        assert venue_orders(house) == {"StopLoss": "Untriggered", "stop": "Untriggered"}
        assert engine.state.kill is not None
        assert engine.state.kill.verified_zero_at
        await house.give(Kill(command_id="k2", level=KillLevel.KILL_ALL), 2)
        assert venue_orders(house) == {}
        assert engine.state.kill.verified_zero_at
        assert engine.state.kill.residual == ()

    simulate(tmp_path / "h", scenario)


def test_an_exit_that_rests_at_its_limit_is_spared_and_cancelled_like_one_that_waits(
    tmp_path: Path,
) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine = await house.engine()
        await house.give(house.place("long", attached=PARTS[1], **MARKET))
        await house.clock.sleep(10)
        assert venue_orders(house) == {"PartialStopLoss": "New"}
        await house.give(Kill(command_id="k1", level=KillLevel.KILL), 2)
        assert venue_orders(house) == {"PartialStopLoss": "New"}
        await house.give(Kill(command_id="k2", level=KillLevel.KILL_ALL), 2)
        assert venue_orders(house) == {}
        assert engine.state.kill is not None
        assert engine.state.kill.verified_zero_at
        assert engine.state.kill.residual == ()

    simulate(tmp_path / "h", scenario, falling())


def test_a_market_order_goes_no_further_than_the_slippage_it_names(tmp_path: Path) -> None:
    market = Market(
        book(0, [("59000.0", "1")], [("60000.0", "0.010"), ("60031.0", "1")]),
        ticker(0, "60000"),
        ticker(3600, "60000"),
    )

    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        await house.engine()
        bound = Slippage(SlippageUnit.TICKS, D(300))  # 30.0
        await house.give(house.place("a1", qty="0.020", slippage=bound, **MARKET))
        order = house.order("a1")
        assert (order.state, order.cum_qty) == (OrderState.CANCELED, D("0.010"))
        bound = Slippage(SlippageUnit.TICKS, D(400))
        await house.give(house.place("a2", qty="0.020", slippage=bound, **MARKET))
        assert house.order("a2").state is OrderState.FILLED

    simulate(tmp_path / "h", scenario, market)


def hedge(house: House, *, hedged: bool = True) -> ChangeSetting:
    return ChangeSetting(command_id=house.command_id(), symbol="BTCUSDT", hedged=hedged)


def legs(house: House) -> tuple[Decimal, Decimal]:
    """Long and short, as the engine has them; the exchange must have the same."""
    positions, venue = house.live.state.positions, house.exchange.accounts[PAPER_KEY]
    instrument = house.exchange.markets["linear", "BTCUSDT"].instrument
    held = tuple(positions.get_position("BTCUSDT", index).qty for index in (1, 2))
    assert held == tuple(position.qty for position in venue.positions_in(instrument))
    return held  # type: ignore[return-value]


def test_a_hedge_is_opened_reduced_and_flattened_side_by_side(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine = await house.engine()
        await house.give(hedge(house))
        assert engine.state.settings["BTCUSDT"].hedged
        await house.give(house.place("long", **MARKET))
        await house.give(house.place("short", "Sell", qty="0.006", **MARKET))
        assert legs(house) == (D("0.010"), D("-0.006"))
        await house.give(house.place("less", "Sell", qty="0.004", reduce_only=True, **MARKET))
        assert legs(house) == (D("0.006"), D("-0.006"))
        await house.crash()
        engine = await house.engine()
        assert legs(house) == (D("0.006"), D("-0.006"))
        await engine.settled()
        assert engine.state.reconciled is not None
        assert (engine.state.reconciled.drift, engine.state.pending) == ((), ())
        assert list(ledger_disagreements(engine.state)) == []
        await house.give(hedge(house, hedged=False))
        assert [r.code for r in engine.state.refusals] == ["HAS_POSITION"]
        await house.give(Flatten(command_id="f1"))
        assert legs(house) == (D(0), D(0))
        await house.give(hedge(house, hedged=False))
        assert not engine.state.settings["BTCUSDT"].hedged

    simulate(tmp_path / "h", scenario)


def test_a_leverage_that_the_venue_refuses_is_a_refusal_in_the_journal(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine = await house.engine()
        for number in ("5", "500"):
            command = ChangeSetting(
                command_id=house.command_id(), symbol="BTCUSDT", leverage=D(number)
            )
            await house.give(command)
        assert engine.state.settings["BTCUSDT"].leverage == D(5)
        kept = (SettingAsked, SettingsChanged, CommandRefused)
        told = [type(event) for event in house.events() if isinstance(event, kept)]
        assert told == [SettingAsked, SettingsChanged, SettingAsked, CommandRefused]

    simulate(tmp_path / "h", scenario)
