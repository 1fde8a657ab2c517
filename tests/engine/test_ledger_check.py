from __future__ import annotations

import asyncio

import pytest

from engine import ledger_check
from engine.clock import SimClock, run_simulated
from engine.ledger_check import NAMED_MAX, PAUSE_S, LedgerBroken, LedgerCheck
from tests.support.desk import Desk, d

ORDERS = tuple(f"a{number}" for number in range(NAMED_MAX + 1))
WRONG = [f"order {name} shows 1 filled, its fills are 0" for name in ORDERS]


class House:
    """Orders of which all are wrong, a check of them, and what it said. Each is a slice."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, orders_a_slice: int = 1) -> None:
        monkeypatch.setattr(ledger_check, "ORDERS_A_SLICE", orders_a_slice)
        self.desk = Desk()
        self.clock = SimClock(0)
        self.said: list[str] = []
        for name in ORDERS:
            self.desk.working(name)
            self.desk.order(name).cum_qty = d(1)

    def check(self) -> LedgerCheck:
        spawn = asyncio.get_running_loop().create_task
        return LedgerCheck(self.desk.state, self.clock, spawn, self._hear)

    def _hear(self, broken: LedgerBroken) -> None:
        self.said += str(broken).split("; ")


def test_the_loop_has_time_for_others_after_each_slice(monkeypatch: pytest.MonkeyPatch) -> None:
    house = House(monkeypatch)

    async def main() -> None:
        check = house.check()
        check.booked.update(ORDERS)
        check.begin()
        for number in range(len(ORDERS)):
            assert len(house.said) == number
            await house.clock.sleep(PAUSE_S)

    run_simulated(house.clock, main())
    assert sorted(house.said) == WRONG


def test_what_is_left_of_a_check_can_be_done_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    house = House(monkeypatch)

    async def main() -> None:
        check = house.check()
        check.finish()
        check.booked.update(ORDERS[:3])
        check.begin()
        await house.clock.sleep(PAUSE_S / 2)
        assert len(house.said) == 1
        check.finish()
        assert sorted(house.said) == WRONG[:3]
        check.finish()
        await house.clock.sleep(1)

    run_simulated(house.clock, main())
    assert sorted(house.said) == WRONG[:3]


def test_each_order_is_checked_once_and_those_booked_meanwhile_the_next_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    house = House(monkeypatch)

    async def main() -> None:
        check = house.check()
        check.booked.add("a0")
        check.begin()
        check.booked.add("a1")
        check.begin()
        await house.clock.sleep(1)
        assert house.said == WRONG[:1]
        check.begin()
        await house.clock.sleep(1)

    run_simulated(house.clock, main())
    assert house.said == WRONG[:2]


def test_no_more_is_named_at_once_than_anybody_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    house = House(monkeypatch, orders_a_slice=50)

    async def main() -> None:
        check = house.check()
        check.booked.update(ORDERS)
        check.begin()
        await house.clock.sleep(1)

    run_simulated(house.clock, main())
    assert len(house.said) == NAMED_MAX


def test_many_orders_are_checked_in_larger_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    house = House(monkeypatch)
    monkeypatch.setattr(ledger_check, "SLICES", 2)

    async def main() -> None:
        check = house.check()
        check.booked.update(ORDERS)
        check.begin()
        await house.clock.sleep(PAUSE_S)
        assert len(house.said) == len(ORDERS) // 2
        await house.clock.sleep(PAUSE_S)

    run_simulated(house.clock, main())
    assert sorted(house.said) == WRONG
