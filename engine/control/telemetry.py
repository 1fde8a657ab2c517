"""The engine's health at a glance: for consoles, /health, /metrics and `tradedeck status`."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

from msgspec.structs import replace

from engine.clock import NS
from engine.control.health import Health, StatusDocument, create_health, create_status
from engine.core.status import DcpStatus, EngineStatus, ReplayStatus
from engine.core.watch.protection import unprotected
from engine.engine import Engine


class Telemetry:
    """One look at a running engine, in several shapes. Use it on the engine's loop only."""

    def __init__(
        self,
        engine: Engine,
        *,
        mode: str,
        version: str,
        replay: Callable[[], ReplayStatus | None],
        dcp: Callable[[], DcpStatus] = DcpStatus,
        symbols: tuple[str, ...] = (),
    ) -> None:
        self.loop_lag_s = 0.0
        """How late the loop ran its last timer; whoever runs a timer sets it."""
        self.metrics_port: int | None = None
        """The port where the metrics are; whoever serves them sets it."""
        self._engine = engine
        self._mode = mode
        self._version = version
        self._replay = replay
        self._dcp = dcp
        self._symbols = symbols

    def look(self) -> EngineStatus:
        """What a console shows beside the folded state. Nothing in it changes afterwards."""
        engine, state = self._engine, self._engine.state
        return EngineStatus(
            ts=engine.clock.now_ns(),
            account=state.account,
            mode=self._mode,
            ready=state.ready,
            gate_open=not engine.gate.closed,
            private_up=state.links.get("private", False),
            public_up=state.links.get("public", False),
            requests=engine.router.stats(),
            reconcile=replace(engine.reconcile, running=engine.dispatcher.comparison.running),
            pnl=engine.pnl,
            replay=self._replay(),
            input=engine.unreadable(),
            clock=engine.venue_clock(),
            margin=state.margin,
            dcp=self._dcp(),
            unprotected=unprotected(state, engine.clock.now_ns()),
            breakers=engine.router.breakers(),
            join=engine.join,
            warnings=engine.warnings,
            symbols=self._symbols,
            journal_lag_s=engine.journal.lag_s,
            loop_lag_s=self.loop_lag_s,
            stream_gap_s=engine.feed.age_s(engine.clock.now_ns()),
            events=state.seq,
            error=engine.failure,
            recording=engine.recording,
            metrics_port=self.metrics_port,
        )

    def health(self) -> Health:
        """The answer of `/health`."""
        return create_health(self._engine.state, self.look(), uptime_s=self._uptime_s())

    def status(self) -> StatusDocument:
        """The answer of `/status`."""
        return create_status(
            self._engine.state,
            self.look(),
            marks=self._engine.feed.marks(),
            uptime_s=self._uptime_s(),
            pid=os.getpid(),
            version=self._version,
        )

    async def metrics_text(self) -> str:
        """The answer of `/metrics`; written in a thread, for that takes longer than a loop may."""
        engine, look = self._engine, self.look()
        trust = engine.metrics.live.trust
        trust.loop_lag.set(look.loop_lag_s)
        trust.journal_lag.set(look.journal_lag_s)
        trust.stream_gap.set(look.stream_gap_s)
        trust.reconcile_duration.set(look.reconcile.duration_s)
        for breaker in look.breakers:
            trust.breaker_open.set(not breaker.closed, breaker.name)
        kill = engine.state.kill
        if kill is not None and kill.verified_zero_at:
            trust.cancel_all_duration.set((kill.verified_zero_at - kill.blocked_at) / NS)
        engine.metrics.count_unreadable(look.input.kinds)
        engine.metrics.refresh(engine.state, engine.feed.marks(), look.ts)
        return await asyncio.to_thread(engine.metrics.live.export_prometheus)

    def _uptime_s(self) -> float:
        return (self._engine.clock.now_ns() - self._engine.started_ns) / NS
