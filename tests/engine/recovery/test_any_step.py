"""The engine dies at every step in turn while the exchange lives on, and is rebuilt."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from decimal import Decimal
from pathlib import Path

import pytest

from engine.bootstrap import CLOSED_KEPT, PAPER_KEY
from engine.core.commands import AmendOrder, CancelAll, CancelOrder, Flatten, Kill, Release
from engine.core.events import Event, OrderDenied, OrderSubmitted, TradingStateChanged
from engine.core.types import OrderState, TradingState
from engine.recovery.rebuild import recover
from tests.support.house import House, simulate
from tests.support.journals import open_journal
from tests.support.market import Market, book, ticker, trade

D = Decimal
TAKES = D("60000.1")
IN_FULL_SWING = 86
"""A crossing in the middle of the hour, with orders in every state."""
EVERY_THIRD = [1, pytest.param(2, marks=pytest.mark.slow), pytest.param(3, marks=pytest.mark.slow)]
PROOF_S = 9.0
"""Longer than it takes to prove that an order never reached the exchange."""


def market() -> Market:
    """Sixty thousand, and sellers who come down to 59,400 twice."""
    return Market(
        book(0, [("60000.0", "1.000")], [("60000.1", "0.015"), ("60000.2", "1.000")]),
        ticker(0, "60000"),
        trade(1.030, "Sell", "0.004", "59500.0"),
        trade(1.060, "Sell", "0.500", "59400.0"),
        ticker(3000, "60000"),
    )


async def busy_hour(house: House) -> None:
    """Orders that rest, take, fill in parts, change, go; a stop, a flatten and a new beginning."""

    def amend(order_id: str, price: Decimal) -> AmendOrder:
        return AmendOrder(command_id=house.command_id(), client_order_id=order_id, price=price)

    def cancel(order_id: str) -> CancelOrder:
        return CancelOrder(command_id=house.command_id(), client_order_id=order_id)

    give, place = house.give, house.place
    house.live.submit(place("rests"))
    await give(place("takes", qty="0.020", price=TAKES))
    await give(place("fills", price=D("59500.0")), after_s=0.003)
    await give(place("goes", "Sell", price=D("61000.0")))
    await give(amend("rests", D("58900.0")), after_s=0.001)
    await give(cancel("goes"), after_s=0.001)
    house.live.submit(place("brief"))
    await give(cancel("brief"), after_s=0.02)
    await give(place("off-tick", price=D("59000.05")))
    await give(CancelAll(command_id=house.command_id()), after_s=0.004)
    await give(place("last"), after_s=0.001)
    await give(Kill(command_id=house.command_id()), after_s=0.3)
    await give(Flatten(command_id=house.command_id()), after_s=0.02)
    release = Release(command_id=house.command_id(), account="paper", reason="drill over")
    await give(release, after_s=0.001)
    await give(place("again"))


def agrees(house: House) -> None:
    """Nothing lost, nothing twice, nothing unknown."""
    state, complete = house.live.state, house.complete()
    assert house.here() == house.at_venue()
    assert house.position() == house.venue_position()
    assert all(count == 1 for count in house.created.values()), house.created
    for order in house.exchange.accounts[PAPER_KEY].orders.values():
        ours = complete.orders.get_order(order.link_id)
        assert ours is not None, f"{order.link_id} is at the exchange and not here"
        assert ours.cum_qty == order.cum_qty
        assert ours.exchange_order_id == order.order_id
    assert not [o for o in state.orders.open_orders() if o.state is OrderState.UNKNOWN]
    assert state.ready
    assert state.reconciled is not None
    assert (state.reconciled.drift, state.reconciled.external_orders) == ((), ())
    assert house.live.failure == ""


async def until_dead(house: House, life: Coroutine[None, None, None]) -> bool:
    """Live until the engine dies; False when it lived to the end."""
    living = asyncio.ensure_future(life)
    death = asyncio.ensure_future(house.edge.died.wait())
    await asyncio.wait({living, death}, return_when=asyncio.FIRST_COMPLETED)
    died = not living.done()
    for task in (living, death):
        task.cancel()
    return died


async def first_life(house: House, last: int) -> tuple[bool, list[Event]]:
    """The busy hour, ending at crossing `last`: whether it died, and what consoles had heard."""
    engine = await house.engine(last, wait=False)
    window = engine.publisher.subscribe()
    window.wants_snapshot = False

    async def life() -> None:
        await engine.start()
        await engine.settled()
        await busy_hour(house)

    died = await until_dead(house, life())
    heard = [envelope.event for envelope in window.poll().events]
    await house.crash()
    return died, heard


async def last_life(house: House, heard: list[Event]) -> None:
    """Rebuild, wait for every proof, and compare with the exchange and with what was heard."""
    engine = await house.engine()
    await house.clock.sleep(PROOF_S)
    agrees(house)
    for event in heard:
        if isinstance(event, OrderSubmitted | OrderDenied):
            assert house.complete().orders.get_order(event.client_order_id) is not None
    changes = [event for event in house.events() if isinstance(event, TradingStateChanged)]
    assert set(heard) & set(changes) == {e for e in heard if isinstance(e, TradingStateChanged)}
    assert engine.state.trading is (changes[-1].state if changes else TradingState.ACTIVE)
    assert engine.gate.closed is (engine.state.trading is TradingState.HALTED)
    await house.stop()
    journal = open_journal(house.journal_path)
    assert recover(journal).encode() == engine.state.encode()
    journal.close()


def dies_once(folder: Path, last: int, closed_kept: int = CLOSED_KEPT) -> bool:
    """One life that ends at crossing `last`, and another after it; False when it did not die."""

    async def scenario(house: House) -> bool:
        await house.clock.sleep(1.95)  # the market begins at one second
        died, heard = await first_life(house, last)
        await last_life(house, heard)
        return died

    return simulate(folder, scenario, market(), closed_kept=closed_kept)


def dies_twice(folder: Path, last: int) -> bool:
    """A life that ends in full swing, one that ends at crossing `last` of its recovery, a third."""

    async def scenario(house: House) -> bool:
        await house.clock.sleep(1.95)
        _, heard = await first_life(house, IN_FULL_SWING)
        engine = await house.engine(last, wait=False)

        async def life() -> None:
            await engine.start()
            await engine.settled()

        died = await until_dead(house, life())
        await house.crash()
        await last_life(house, heard)
        return died

    return simulate(folder, scenario, market())


@pytest.mark.parametrize("first", EVERY_THIRD)
def test_an_engine_dropped_at_any_step_comes_back_with_what_the_exchange_has(
    tmp_path: Path, first: int
) -> None:
    last = first
    while dies_once(tmp_path / f"{last}", last):
        last += 3
    assert last > 150, "the hour is not busy any more"


@pytest.mark.parametrize("first", [7, *(pytest.param(n, marks=pytest.mark.slow) for n in range(7))])
def test_an_engine_that_keeps_one_closed_order_in_memory_comes_back_too(
    tmp_path: Path, first: int
) -> None:
    last = first + 1
    while dies_once(tmp_path / f"{last}", last, closed_kept=1):
        last += 8


@pytest.mark.parametrize("first", EVERY_THIRD)
def test_an_engine_dropped_again_at_any_step_of_its_recovery_comes_back_too(
    tmp_path: Path, first: int
) -> None:
    last = first
    while dies_twice(tmp_path / f"{last}", last):
        last += 3
    assert last > 30, "the recovery is not busy any more"
