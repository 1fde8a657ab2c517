from __future__ import annotations

import asyncio
import threading
from decimal import Decimal
from pathlib import Path

import pytest

from engine.core.commands import CancelOrder
from engine.core.events import OrderEvent, OrderRecalled
from engine.core.orders.machine import Order
from engine.core.reports import FillEvent
from engine.core.requests import RecallAnswer, RecallOrder, TimerFired
from engine.core.types import OrderState, Side
from engine.journal.errors import JournalError
from engine.recovery.recaller import RECALLS_MAX, Recaller
from tests.support.house import House, simulate

D = Decimal


def asked(name: str) -> RecallOrder:
    waiting = TimerFired(kind="look", key=name)
    return RecallOrder(name=name, first_seq=1, last_seq=2, waiting=waiting)


def order(name: str) -> Order:
    return Order(client_order_id=name, symbol="BTCUSDT", side=Side.BUY, qty=D(1))


@pytest.mark.parametrize("threaded", [True, False])
def test_orders_are_read_back_one_after_the_other(threaded: bool) -> None:
    read: list[str] = []
    threads: set[threading.Thread] = set()

    def reading(recall: RecallOrder) -> Order:
        threads.add(threading.current_thread())
        read.append(recall.name)
        return order(recall.name)

    async def scenario() -> list[RecallAnswer]:
        recaller = Recaller(reading, threaded=threaded)
        return await asyncio.gather(*(recaller.recall(asked(name)) for name in "abc"))

    answers = asyncio.run(scenario())
    assert read == ["a", "b", "c"]
    assert answers == [RecallAnswer(recall=asked(name), order=order(name)) for name in "abc"]
    assert (threading.main_thread() in threads) is not threaded


def test_a_journal_that_cannot_be_read_is_an_answer() -> None:
    def broken(_recall: RecallOrder) -> Order:
        raise JournalError("no such disk")

    answer = asyncio.run(Recaller(broken, threaded=False).recall(asked("a")))
    assert answer == RecallAnswer(recall=asked("a"), error="no such disk")


def test_beyond_the_bound_the_answer_is_at_once_that_it_cannot_be_read() -> None:
    async def scenario() -> list[str]:
        recaller = Recaller(lambda recall: order(recall.name), threaded=True)
        names = [str(number) for number in range(RECALLS_MAX + 1)]
        answers = await asyncio.gather(*(recaller.recall(asked(name)) for name in names))
        return [answer.error for answer in answers if answer.error]

    assert asyncio.run(scenario()) == [f"{RECALLS_MAX} orders wait to be read back"]


def late(order_id: str, exchange_order_id: str, exec_id: str = "late-1") -> FillEvent:
    return FillEvent(
        exec_id=exec_id,
        client_order_id=order_id,
        symbol="BTCUSDT",
        side=Side.BUY,
        qty=D("0.004"),
        price=D("59000.0"),
        exchange_order_id=exchange_order_id,
    )


async def with_one_retired(house: House) -> str:
    """Two orders that were canceled, the first of them in the journal alone; its venue id."""
    await house.clock.sleep(1)
    await house.engine()
    venue_ids = []
    for order_id in ("first", "second"):
        await house.give(house.place(order_id))
        venue_ids.append(house.order(order_id).exchange_order_id)
        cancel = CancelOrder(command_id=house.command_id(), client_order_id=order_id)
        await house.give(cancel, after_s=0.1)
    assert list(house.live.state.orders.orders) == ["second"]
    return venue_ids[0]


def test_a_late_fill_is_booked_on_the_order_that_the_journal_gives_back(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        venue_id = await with_one_retired(house)
        for exec_id in ("late-1", "late-2"):
            house.live.inbox.put(late("first", venue_id, exec_id))
        await house.clock.sleep(0.1)
        first = house.order("first")
        assert (first.state, first.cum_qty) == (OrderState.CANCELED, D("0.008"))
        assert house.position() == D("0.008")
        assert [entry.type for entry in first.history][-3:] == [
            "CANCEL_ACK", "PARTIAL_FILL", "PARTIAL_FILL"
        ]  # fmt: skip
        await house.stop()
        assert house.complete().orders.orders == {
            "first": first, "second": house.complete().orders.get_order("second")
        }  # fmt: skip

    simulate(tmp_path / "h", scenario, closed_kept=1)


def test_a_fill_that_a_crash_took_on_its_way_is_booked_when_the_venue_shows_it_again(
    tmp_path: Path,
) -> None:
    async def scenario(house: House) -> None:
        venue_id = await with_one_retired(house)
        house.live.inbox.put(late("first", venue_id))
        await house.crash()
        await house.engine()
        assert house.position() == 0
        for _ in range(2):
            house.live.inbox.put(late("first", venue_id))
            await house.clock.sleep(0.1)
        assert house.position() == D("0.004")
        await house.stop()
        events = house.events()
        assert sum(isinstance(event, OrderRecalled) for event in events) == 1
        fills = [e for e in events if isinstance(e, OrderEvent) and e.exec_id == "late-1"]
        assert len(fills) == 1

    simulate(tmp_path / "h", scenario, closed_kept=1)
