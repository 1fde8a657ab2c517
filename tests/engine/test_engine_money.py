"""The engine's figures of money against the simulated exchange's own."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine.core.context import Policy
from engine.core.ledger.conservation import ledger_disagreements
from engine.core.types import OrderType, TimeInForce, TradingState
from engine.regular import PNL_EVERY_S
from tests.support.house import House, simulate

pytestmark = pytest.mark.usefixtures("any_transport")

MARKET: dict[str, Any] = {
    "price": None,
    "type": OrderType.MARKET,
    "time_in_force": TimeInForce.IOC,
}


async def round_trip(house: House) -> None:
    """Buy at the market and sell it again, in two parts."""
    for order_id, side, qty in (
        ("b", "Buy", "0.010"),
        ("s", "Sell", "0.004"),
        ("t", "Sell", "0.006"),
    ):
        await house.give(house.place(order_id, side, qty, **MARKET))


def test_wallet_closed_pnl_and_executions_agree_after_a_round_trip(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine = await house.engine()
        await house.clock.sleep(PNL_EVERY_S)
        assert engine.state.pnl_baseline is not None
        await round_trip(house)
        await house.clock.sleep(PNL_EVERY_S + 1)
        assert [(figure.what, figure.name) for figure in engine.pnl.figures] == [
            ("wallet", "USDT"),
            ("closed", "BTCUSDT"),
            ("executions", "BTCUSDT"),
        ]
        assert engine.pnl.differences == ()
        position = engine.state.positions.get_position("BTCUSDT")
        wallet = engine.pnl.figures[0]
        assert (position.qty, wallet.ours) == (Decimal(0), position.realized_pnl - position.fees)
        assert wallet.ours < 0
        assert list(ledger_disagreements(engine.state)) == []

    simulate(tmp_path / "h", scenario)


def test_money_that_is_missing_at_the_venue_is_shown_until_it_is_back(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine = await house.engine()
        await house.clock.sleep(PNL_EVERY_S)
        (account,) = house.exchange.accounts.values()
        account.coin("USDT").balance -= Decimal("2.5")
        await house.clock.sleep(PNL_EVERY_S)
        (figure,) = engine.pnl.differences
        assert (figure.what, figure.difference, figure.confirmed) == (
            "wallet",
            Decimal("-2.5"),
            False,
        )
        await house.clock.sleep(PNL_EVERY_S)
        assert engine.pnl.differences[0].confirmed

    simulate(tmp_path / "h", scenario)


def test_a_ledger_that_does_not_add_up_stops_trading_and_is_named(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine = await house.engine()
        await house.give(house.place("b", **MARKET))
        engine.state.positions.positions["BTCUSDT"].qty += 1
        await house.clock.sleep(Policy().orders_every_s + 1)
        assert engine.state.trading is TradingState.HALTED
        assert engine.failure == (
            "LedgerBroken: position BTCUSDT is 1.010, its executions are 0.010"
        )

    simulate(tmp_path / "h", scenario)
