from __future__ import annotations

import asyncio

import pytest

from engine.core.ledger import conservation
from engine.ledger_check import NAMED_MAX, LedgerBroken, LedgerCheck
from tests.support.desk import Desk, d

ORDERS = ("a1", "b1", "c1")


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Three orders, each a slice of its own."""
    monkeypatch.setattr(conservation, "ORDERS_A_SLICE", 1)
    desk = Desk()
    for name in ORDERS:
        desk.working(name)
    return desk


def check_of(desk: Desk, wrong: list[LedgerBroken]) -> LedgerCheck:
    return LedgerCheck(desk.state, asyncio.get_running_loop().create_task, wrong.append)


def test_the_loop_has_a_turn_between_slices_and_the_end_can_be_waited_for(desk: Desk) -> None:
    async def main() -> list[LedgerBroken]:
        wrong: list[LedgerBroken] = []
        check = check_of(desk, wrong)
        check.booked.update(ORDERS)
        check.begin()
        await asyncio.sleep(0)
        for name in ORDERS:
            desk.order(name).cum_qty = d(1)
        await asyncio.sleep(0)
        assert not wrong
        await check.finish()
        return wrong

    (broken,) = asyncio.run(main())
    assert str(broken).count("shows 1 filled, its fills are 0") == len(ORDERS) - 1


def test_each_order_is_checked_once_and_those_booked_meanwhile_the_next_time(desk: Desk) -> None:
    async def main() -> list[LedgerBroken]:
        wrong: list[LedgerBroken] = []
        check = check_of(desk, wrong)
        check.booked.add("a1")
        check.begin()
        desk.order("a1").cum_qty = d(1)
        check.booked.add("b1")
        check.begin()
        await check.finish()
        desk.order("b1").cum_qty = d(2)
        check.begin()
        await check.finish()
        return wrong

    assert [str(broken) for broken in asyncio.run(main())] == [
        "order a1 shows 1 filled, its fills are 0",
        "order b1 shows 2 filled, its fills are 0",
    ]


def test_no_more_is_named_than_anybody_reads(desk: Desk) -> None:
    async def main() -> list[LedgerBroken]:
        wrong: list[LedgerBroken] = []
        check = check_of(desk, wrong)
        for number in range(NAMED_MAX + 1):
            desk.working(f"x{number}")
            desk.order(f"x{number}").cum_qty = d(1)
            check.booked.add(f"x{number}")
        check.begin()
        await check.finish()
        return wrong

    (broken,) = asyncio.run(main())
    assert str(broken).count("filled") == NAMED_MAX


def test_without_a_check_there_is_nothing_to_wait_for(desk: Desk) -> None:
    async def main() -> None:
        await check_of(desk, []).finish()

    asyncio.run(main())
