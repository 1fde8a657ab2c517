"""A process that stood still knows old things: it compares before it sends anything new."""

from __future__ import annotations

from pathlib import Path

from engine.core.events import ConnectivityChanged, OrderDenied
from engine.core.types import OrderState, TradingState
from engine.engine import Engine
from tests.engine.test_standstill import Watch
from tests.support.house import CREATE, House, simulate


async def watched(house: House) -> tuple[Engine, Watch]:
    """An engine with one resting order, whose standstills are told by a watch."""
    engine, watch = await house.engine(), Watch()
    engine.standstill.read_ns = watch.read_ns
    engine.standstill.begin()
    await house.give(house.place("a1"))
    return engine, watch


def test_f74_an_order_that_waited_out_a_standstill_is_denied_until_the_account_was_compared(
    tmp_path: Path,
) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine, watch = await watched(house)
        watch.passes(31)
        await house.give(house.place("a2"), after_s=0)
        (denied,) = (event for event in house.events() if isinstance(event, OrderDenied))
        assert (denied.client_order_id, denied.code) == ("a2", "RECONCILING")
        assert (engine.gate.closed, engine.gate.closed_by) == (True, "standstill")

        await house.clock.sleep(1)
        assert engine.state.ready
        assert not engine.gate.closed
        await house.give(house.place("a3"))
        assert [order for path, order in house.requests if path == CREATE] == ["a1", "a3"]
        told = [e.text for e in house.events() if isinstance(e, ConnectivityChanged) and e.text]
        assert told == ["stood still for 31 s"] * 2

    simulate(tmp_path / "h", scenario)


def test_f74_where_nothing_waits_the_account_is_compared_all_the_same(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine, watch = await watched(house)
        compared_ns = engine.reconcile.sent_ts
        watch.passes(31)
        engine.waking.look_round()
        assert engine.gate.closed
        await house.clock.sleep(1)
        assert engine.reconcile.sent_ts > compared_ns
        assert not engine.gate.closed
        assert house.order("a1").state is OrderState.NEW

    simulate(tmp_path / "h", scenario)


def test_f74_a_standstill_never_opens_what_a_kill_has_closed(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine, watch = await watched(house)
        watch.passes(31)
        engine.waking.look_round()
        engine.halt("ann")
        await house.clock.sleep(1)
        assert engine.state.ready
        assert engine.gate.closed

    async def halted(house: House) -> None:
        await house.clock.sleep(1)
        engine, watch = await watched(house)
        engine.fail(LookupError("a bug"))
        await house.clock.sleep(1)
        watch.passes(31)
        engine.waking.look_round()
        await house.clock.sleep(1)
        assert engine.state.trading is TradingState.HALTED
        assert engine.state.ready
        assert engine.gate.closed

    simulate(tmp_path / "h", scenario)
    simulate(tmp_path / "i", halted)


def test_with_the_private_stream_down_the_gate_waits_for_its_return(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine, watch = await watched(house)
        engine.state.links["private"] = False
        engine.state.ready = False
        watch.passes(31)
        engine.waking.look_round()
        assert engine.gate.closed
        await house.clock.sleep(1)
        assert not any(isinstance(e, ConnectivityChanged) and e.text for e in house.events())
        assert engine.gate.closed is not engine.state.ready

    simulate(tmp_path / "h", scenario)
