from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from engine.core.commands import PlaceOrder
from engine.core.status import EngineStatus
from engine.core.types import KillLevel, OrderState, Side, TradingState
from engine.hosts import embedded as module
from engine.hosts.embedded import EmbeddedEngine
from engine.hosts.paper import PaperHost
from engine.journal.errors import JournalLocked
from engine.journal.process import WriterProcess
from engine.journal.reader import open_for_reading
from tests.support.embedded import PATIENCE_S, Screen, is_ready, paper_host, until


@contextmanager
def running(host: PaperHost) -> Iterator[tuple[EmbeddedEngine, Screen]]:
    engine = EmbeddedEngine(host)
    engine.start()
    try:
        yield engine, Screen(engine)
    finally:
        engine.stop()
        assert engine.join(PATIENCE_S)


def rests(order_id: str) -> PlaceOrder:
    return PlaceOrder(
        command_id=f"c-{order_id}",
        client_order_id=order_id,
        symbol="BTCUSDT",
        side=Side.BUY,
        qty=Decimal("0.010"),
        price=Decimal("58000.0"),
    )


def place_resting(screen: Screen, order_id: str = "a1") -> None:
    screen.sees(lambda replica: is_ready(replica) and "BTCUSDT" in replica.quotes)
    screen.link.submit(rests(order_id))
    screen.sees(lambda replica: replica.order(order_id))
    screen.sees(lambda _: screen.order(order_id).state is OrderState.NEW)


def last_state(host: PaperHost) -> dict[str, OrderState]:
    orders = host.engine.state.orders.orders.values()
    return {order.client_order_id: order.state for order in orders}


def test_an_engine_trades_in_its_own_thread_and_saves_its_state_as_it_ends(tmp_path: Path) -> None:
    host = paper_host(tmp_path)
    with running(host) as (engine, screen):
        place_resting(screen)
        screen.link.watch(frozenset({"BTCUSDT"}))
        screen.sees(lambda replica: "BTCUSDT" in replica.books)
        assert screen.replica.status is not None
        assert (screen.replica.status.mode, screen.replica.status.account) == ("PAPER", "paper")
        assert engine.failed == ""
        engine.stop()
        assert engine.join(PATIENCE_S)
    assert last_state(host) == {"a1": OrderState.NEW}
    reader = open_for_reading(tmp_path / "state" / "seed-7" / "journal.db")
    assert reader.verify() is None
    reader.close()
    with running(paper_host(tmp_path)) as (_, screen):
        screen.sees(lambda replica: replica.open_ids == {"a1"})
        screen.sees(is_ready)
        assert screen.replica.state.reconciled is not None
        assert screen.replica.state.reconciled.drift == ()


def test_kill_shuts_the_gate_within_the_call_and_the_engine_does_the_rest(tmp_path: Path) -> None:
    host = paper_host(tmp_path)
    with running(host) as (_, screen):
        place_resting(screen)
        screen.link.kill(KillLevel.PAUSE, "tester")
        assert not host.engine.gate.closed
        screen.sees(lambda replica: replica.state.trading is TradingState.REDUCING)
        screen.link.kill(KillLevel.KILL, "tester", "drill")
        assert host.engine.gate.closed
        assert host.engine.gate.closed_by == "tester"
        screen.sees(lambda replica: replica.state.kill is not None and replica.state.kill.done)
        assert screen.order("a1").state is OrderState.CANCELED
        assert screen.replica.state.trading_reason == "drill"
        screen.link.kill(KillLevel.KILL, "tester")
        screen.sees(
            lambda replica: (
                replica.state.kill is not None and replica.state.kill.kill_id.endswith("-3")
            )
        )


@pytest.mark.parametrize("cancel", [False, True])
def test_an_end_leaves_orders_or_cancels_them_as_asked(tmp_path: Path, cancel: bool) -> None:
    host = paper_host(tmp_path)
    with running(host) as (engine, screen):
        place_resting(screen)
        engine.stop(cancel=cancel)
        assert engine.join(PATIENCE_S)
    expected = OrderState.CANCELED if cancel else OrderState.NEW
    assert last_state(host) == {"a1": expected}


def test_an_end_does_not_wait_for_ever_for_its_cancels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CANCEL_S", 0.05)
    host = paper_host(tmp_path)
    with running(host) as (engine, screen):
        place_resting(screen)
        monkeypatch.setattr(host.engine.router, "cancel", lambda _: asyncio.sleep(3600))
        engine.stop(cancel=True)
        assert engine.join(PATIENCE_S)
    assert last_state(host) == {"a1": OrderState.PENDING_CANCEL}


def test_what_keeps_an_engine_from_starting_is_raised_by_its_start(tmp_path: Path) -> None:
    with running(paper_host(tmp_path)):
        second = EmbeddedEngine(paper_host(tmp_path))
        with pytest.raises(JournalLocked, match="in use by process"):
            second.start()
        assert second.failed.startswith("JournalLocked: ")
        assert second.join(PATIENCE_S)
        second.stop()


def test_what_ends_an_engine_later_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host = paper_host(tmp_path)
    with running(host) as (engine, screen):
        place_resting(screen)

        async def broken(_: object) -> None:
            raise LookupError("while it ended")

        monkeypatch.setattr(host.engine, "until", broken)
        engine.stop(cancel=True)
        assert engine.join(PATIENCE_S)
        assert engine.failed == "LookupError: while it ended"
        screen.link.submit(rests("too-late"))
        screen.link.kill(KillLevel.KILL)
        screen.link.pause_replay(True)


def test_a_ticker_that_breaks_stops_trading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = paper_host(tmp_path)
    with running(host) as (_, screen):
        screen.sees(is_ready)

        def broken() -> EngineStatus:
            raise LookupError("a status")

        monkeypatch.setattr(host.telemetry, "look", broken)
        until(lambda: host.engine.gate.closed)
        screen.sees(lambda replica: replica.state.trading is TradingState.HALTED)
        assert host.engine.failure == "LookupError: a status"


def test_a_journal_whose_writer_is_killed_stops_trading_though_nothing_is_written(
    tmp_path: Path,
) -> None:
    host = paper_host(tmp_path)
    with running(host) as (_, screen):
        place_resting(screen)
        writer = host.engine.journal._writer
        assert isinstance(writer, WriterProcess)
        writer._process.kill()
        until(lambda: host.engine.gate.closed)
        assert host.engine.failure.endswith("its writer has ended (killed by signal 9)")
        screen.sees(lambda replica: replica.status and replica.status.error)
    assert host.engine.state.trading is TradingState.HALTED


def test_an_end_asked_for_while_the_engine_still_opens_is_kept_in_mind(tmp_path: Path) -> None:
    opening, go_on = threading.Event(), threading.Event()

    class Slow(PaperHost):
        async def open(self, stack: AsyncExitStack) -> None:
            opening.set()
            await asyncio.to_thread(go_on.wait)
            await super().open(stack)

    engine = EmbeddedEngine(paper_host(tmp_path, Slow))
    starter = threading.Thread(target=engine.start)
    starter.start()
    assert opening.wait(PATIENCE_S)
    engine.stop()
    go_on.set()
    assert engine.join(PATIENCE_S)
    starter.join(PATIENCE_S)
    assert engine.failed == ""
