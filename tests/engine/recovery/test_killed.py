"""A real process is killed at some moment, and what it had acknowledged is there afterwards."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

from engine.bootstrap import PAPER_KEY
from engine.core.events import OrderSubmitted
from engine.core.types import TimeInForce, TradingState
from engine.journal.reader import open_for_reading
from tests.conftest import ROOT
from tests.support.placer import order, paper

PLACER = ROOT / "tests" / "support" / "placer.py"


def killed_after(folder: Path, lines: int, *arguments: str) -> list[str]:
    """Run the placer, kill it at its n-th line (or at `halted`), return everything it said."""
    process = subprocess.Popen(
        [sys.executable, str(PLACER), str(folder), *arguments],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    said: list[str] = []
    with process:
        for line in process.stdout:
            said.append(line.strip())
            if len(said) == lines or said[-1] == "halted":
                process.kill()
    return said


async def found_again(folder: Path, said: list[str]) -> None:
    """Everything acknowledged is there, agrees with the exchange, and no order was placed twice."""
    engine, exchange = paper(folder)
    state = engine.state
    orders = {line.partition(" ")[2] for line in said if line.startswith("order")}
    assert orders <= state.orders.orders.keys()
    booked = {fill.exec_id for fill in state.positions.booked_fills()}
    assert {line.partition(" ")[2] for line in said if line.startswith("fill")} <= booked
    halted = "halted" in said
    assert (state.trading is TradingState.HALTED) is halted
    position = state.positions.get_position("BTCUSDT").qty
    resting = {
        o.client_order_id
        for o in state.orders.open_orders()
        if o.acked and o.time_in_force is TimeInForce.GTC
    }
    venue = exchange.accounts[PAPER_KEY]
    assert {o.link_id for o in venue.orders.values() if o.is_open} == resting
    held = venue.positions.get("BTCUSDT")
    assert (held.qty if held is not None else 0) == position
    exchange.start()
    await engine.start()
    await engine.settled()
    try:
        assert engine.gate.closed is halted
        assert state.reconciled is not None
        assert state.reconciled.drift == ()
        assert state.ready
        if halted:
            denied = order(state.run, 0, Decimal(60_000))
            engine.submit(denied)
            await engine.until(lambda: state.has_command(denied.command_id))
            assert state.orders.orders[denied.client_order_id].reason == "HALTED"
            await engine.until(lambda: state.kill is not None and state.kill.done)
            assert not [order for order in venue.orders.values() if order.is_open]
    finally:
        await engine.stop()
        exchange.stop()


def test_f60_killed_at_any_moment_every_acknowledged_order_fill_and_the_halt_come_back(
    tmp_path: Path,
) -> None:
    for lines, *arguments in ((1,), (25,), (90,), (0, "halt")):
        said = killed_after(tmp_path, lines, *arguments)
        assert len(said) >= lines
        asyncio.run(found_again(tmp_path, said))
    reader = open_for_reading(tmp_path / "journal.db")
    assert reader.verify() is None
    submitted = [
        event.client_order_id for _, event in reader.replay() if isinstance(event, OrderSubmitted)
    ]
    reader.close()
    assert len(submitted) == len(set(submitted))
