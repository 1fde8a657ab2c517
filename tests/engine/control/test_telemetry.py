from __future__ import annotations

import asyncio
import threading
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from engine.bootstrap import Files, build_paper
from engine.clock import NS, SimClock
from engine.control.telemetry import Telemetry
from engine.core.commands import Kill
from engine.core.events import LimitsChanged
from engine.core.limits import PAPER_LIMITS
from engine.core.market import Quote
from engine.core.state import evolve
from engine.core.status import BreakerStatus, Unprotected
from engine.engine import Engine
from engine.exchange.sources.synthetic import create_synthetic
from tests.support.desk import fill
from tests.support.house import House, simulate

T0 = 1_723_161_600_000_000_000


def build(folder: Path) -> Engine:
    """A paper engine that is not started."""
    return build_paper(
        clock=SimClock(T0),
        source=create_synthetic(1, T0),
        files=Files(folder / "journal.db", folder / "latch"),
        limits=PAPER_LIMITS,
        threaded=False,
    ).engine


def look_at(engine: Engine) -> Telemetry:
    return Telemetry(engine, mode="PAPER", version="1", replay=lambda: None)


def test_the_markets_that_the_account_names_are_told(tmp_path: Path) -> None:
    async def told() -> list[tuple[str, ...]]:
        engine = build(tmp_path)
        named = Telemetry(
            engine, mode="LOCAL", version="1", replay=lambda: None, symbols=("BTCUSDT",)
        )
        symbols = [named.look().symbols, look_at(engine).look().symbols]
        engine.journal.close()
        return symbols

    assert asyncio.run(told()) == [("BTCUSDT",), ()]


def test_metrics_are_brought_up_to_date_before_they_are_written(tmp_path: Path) -> None:
    async def scrape() -> str:
        engine = build(tmp_path)
        assert engine.state.positions.apply_fill(fill("e1", "2"))
        engine.feed.quotes["BTCUSDT"] = Quote(symbol="BTCUSDT", mark=Decimal(60_100), ts=T0)
        telemetry = look_at(engine)
        telemetry.loop_lag_s = 0.25
        engine.router.hold(T0 + NS, "HTTP 403")
        text = await telemetry.metrics_text()
        engine.journal.close()
        return text

    text = asyncio.run(scrape())
    assert 'position_qty{symbol="BTCUSDT"} 2.0\n' in text
    assert 'position_pnl{symbol="BTCUSDT"} 200.0\n' in text
    assert "loop_lag_seconds 0.25\n" in text
    for name, is_open in (("place", 1.0), ("cancel", 0.0), ("query", 1.0)):
        assert f'breaker_open{{class="{name}"}} {is_open}\n' in text


def test_the_loop_runs_on_while_metrics_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop_ran_on = threading.Event()

    async def scrape() -> str:
        engine = build(tmp_path)
        monkeypatch.setattr(
            engine.metrics.live, "export_prometheus", lambda: f"ran on: {loop_ran_on.wait(10)}"
        )
        writing = asyncio.create_task(look_at(engine).metrics_text())
        await asyncio.sleep(0)
        loop_ran_on.set()
        text = await writing
        engine.journal.close()
        return text

    assert asyncio.run(scrape()) == "ran on: True"


def test_a_look_says_what_is_up_and_what_was_compared(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine = await house.engine(wait=False)
        telemetry = look_at(engine)
        before = telemetry.look()
        assert (before.ready, before.private_up, before.public_up) == (False, False, False)
        assert (before.account, before.mode, before.events) == ("", "PAPER", 0)
        await engine.start()
        await house.clock.sleep(0.001)
        assert telemetry.look().reconcile.running
        await engine.settled()
        now = telemetry.look()
        assert (now.ready, now.private_up, now.public_up) == (True, True, True)
        assert (now.account, now.events, now.ts) == (
            "paper",
            engine.state.seq,
            house.clock.now_ns(),
        )
        assert (now.reconcile.runs, now.reconcile.running) == (2, False)
        assert (now.gate_open, now.error) == (True, "")
        assert now.breakers == tuple(BreakerStatus(name=n) for n in ("place", "cancel", "query"))
        assert [stats.kind for stats in now.requests] == ["place", "amend", "cancel", "query"]
        runs = now.reconcile.runs
        await engine.settled()
        assert now.reconcile.runs == runs, "a look is a picture: it does not move"

    simulate(tmp_path / "h", scenario)


def test_health_status_and_metrics_tell_of_a_kill(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine = await house.engine()
        telemetry = look_at(engine)
        assert telemetry.health().status == "ok"
        await house.give(house.place("a1"))
        await house.give(Kill(command_id="k1"), after_s=1)
        assert not telemetry.look().gate_open
        assert telemetry.health().status != "ok"
        status = telemetry.status()
        assert status.health.trading == "HALTED"
        text = await telemetry.metrics_text()
        kill = engine.state.kill
        assert kill is not None
        took_s = (kill.verified_zero_at - kill.blocked_at) / 1e9
        assert f"cancel_all_seconds {took_s}\n" in text

    simulate(tmp_path / "h", scenario)


def test_a_look_names_the_positions_that_have_had_no_stop_for_too_long(tmp_path: Path) -> None:
    since_ts = T0 - 11 * NS

    async def look() -> tuple[Unprotected, ...]:
        engine = build(tmp_path)
        limits = msgspec.structs.replace(PAPER_LIMITS, stop_warn_s=Decimal(10))
        evolve(engine.state, LimitsChanged(ts=T0, limits=limits, by="test"))
        engine.state.bare.update({"BTCUSDT": since_ts, "ETHUSDT": T0})
        found = look_at(engine).look().unprotected
        engine.journal.close()
        return found

    assert asyncio.run(look()) == (Unprotected(symbol="BTCUSDT", since_ts=since_ts),)
