"""F34: what broken messages said is learnt by asking the account, and not for each of them."""

from __future__ import annotations

from decimal import Decimal as D
from pathlib import Path

import pytest

from engine.core.types import OrderState
from tests.support.house import House, simulate

pytestmark = pytest.mark.usefixtures("any_transport")


def test_what_broken_messages_said_is_learnt_by_asking_and_trading_goes_on(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine = await house.engine()
        house.damage = lambda message: message[:-20] if b'"topic"' in message else message
        await house.give(house.place("a1", price=D("60000.1")), after_s=1)
        order = house.order("a1")
        assert (order.state, order.cum_qty) == (OrderState.FILLED, D("0.010"))
        assert house.position() == house.venue_position() == D("0.010")
        assert engine.state.ready
        found = engine.unreadable()
        assert found.kinds == {"private_message": found.count}
        assert found.count >= 2

    simulate(tmp_path / "h", scenario)


def test_a_flood_of_broken_messages_is_no_flood_of_questions(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine = await house.engine()
        runs = engine.reconcile.runs
        house.damage = lambda message: b"\xff" + message
        for number in range(60):
            await house.give(house.place(f"a{number}", price=D("59000")), after_s=0.5)
        assert engine.unreadable().count >= 60
        own = asked = 30 // 5  # it compares every five seconds by itself
        assert engine.reconcile.runs - runs == own + asked
        house.damage = lambda message: message
        await house.clock.sleep(10)
        assert house.here() == house.at_venue()
        assert len(house.here()) == 60

    simulate(tmp_path / "h", scenario)
