"""Paper trading in this process: market, simulated exchange, engine, control socket, as one host.

A synthetic market runs on the wall clock. A recorded one runs on its own: the engine's clock is the
market's, moved along with real time at the chosen speed; pausing stops the frames only.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

from engine.bootstrap import Files, build_paper
from engine.clock import NS, Clock, LiveClock, SimClock, pace
from engine.control.telemetry import Telemetry
from engine.core.limits import RiskLimits
from engine.core.status import ReplayStatus
from engine.engine import Engine
from engine.exchange import Exchange
from engine.exchange.sources.frames import MarketSource
from engine.exchange.sources.recorded import Recording, open_recording
from engine.exchange.sources.synthetic import create_synthetic
from engine.hosts.embedded import EmbeddedEngine
from engine.hosts.serving import Site, serve
from engine.paths import replay_dir, seed_dir

WARM_UP_NS = NS
"""Market time before the first recorded frame, in which the engine connects and compares."""


class PaperMarket:
    """A market as a console steers it. Use it on the engine's loop."""

    def __init__(self, exchange: Exchange, speed: str, recording: Recording | None = None) -> None:
        self._exchange = exchange
        self._speed = speed
        self._faults = 0 if recording is None else recording.error_count
        self._fault = "" if recording is None else recording.first_error
        self._paused = False

    def pause(self) -> None:
        """Hold the frames."""
        self._paused = True
        self._exchange.pause()

    def resume(self) -> None:
        """Go on with them."""
        self._paused = False
        self._exchange.resume()

    def factor(self) -> float | None:
        """How much faster than real time its clock goes; None is as fast as it can.

        Where no frames are left to hurry to, commands and timeouts keep their usual pace.
        """
        if self._paused or self._exchange.progress.finished:
            return 1.0
        return None if self._speed == "max" else float(self._speed)

    def status(self) -> ReplayStatus | None:
        """Where a recording stands; None for a synthetic market."""
        progress = self._exchange.progress
        if progress.last_ts is None:
            return None
        return ReplayStatus(
            first_ts=progress.first_ts,
            last_ts=progress.last_ts,
            now_ts=progress.now_ts,
            speed=self._speed,
            paused=self._paused,
            finished=progress.finished,
            faults=self._faults,
            fault=self._fault,
        )


class PaperHost:
    """Everything that runs in the engine's thread of a paper console."""

    engine: Engine
    market: PaperMarket
    telemetry: Telemetry

    def __init__(
        self,
        site: Site,
        *,
        seed: int,
        replay: list[Path],
        speed: str,
        latency_ms: float,
        limits: RiskLimits,
    ) -> None:
        self._site = site
        self._seed = seed
        self._replay = replay
        self._speed = speed
        self._latency_ns = round(latency_ms * 1_000_000)
        self._limits = limits

    async def open(self, stack: AsyncExitStack) -> None:
        """Build and start everything; what must be closed is on `stack`, newest first.

        Raises TradedeckError for input that cannot be used, JournalLocked when another engine
        trades this market.
        """
        root = self._site.state_dir
        clock, source = self._market()
        home = replay_dir(root, self._replay) if self._replay else seed_dir(root, self._seed)
        home.create()
        self.engine, exchange = build_paper(
            clock=clock,
            source=source,
            files=Files(home.journal, home.latch),
            limits=self._limits,
            seed=self._seed,
            latency_ns=self._latency_ns,
        )
        stack.push_async_callback(self.engine.stop)
        self.market = (
            PaperMarket(exchange, self._speed, source)
            if isinstance(source, Recording)
            else PaperMarket(exchange, "1")
        )
        self.telemetry = Telemetry(
            self.engine,
            mode="REPLAY" if self._replay else "PAPER",
            version=self._site.version,
            replay=self.market.status,
        )
        exchange.start()
        stack.callback(exchange.stop)
        if isinstance(clock, SimClock):
            self.engine.dispatcher.spawn(pace(clock, self.market.factor))
        await self.engine.start()
        await serve(self.telemetry, home, self._site, stack)

    def _market(self) -> tuple[Clock, MarketSource]:
        if not self._replay:
            clock = LiveClock()
            return clock, create_synthetic(self._seed, clock.now_ns())
        source = open_recording(self._replay)
        return SimClock(source.first_ts - WARM_UP_NS), source


def start_paper(
    site: Site,
    *,
    seed: int = 0,
    replay: list[Path] | None = None,
    speed: str = "1",
    latency_ms: float = 2.0,
    limits: RiskLimits,
) -> EmbeddedEngine:
    """Start paper trading in a thread of its own; returns when it runs.

    Raises RecordingError for a market that cannot be read, JournalError for a journal that cannot
    be used, ControlError for a socket or port that cannot be had.
    """
    host = PaperHost(
        site, seed=seed, replay=replay or [], speed=speed, latency_ms=latency_ms, limits=limits
    )
    engine = EmbeddedEngine(host)
    engine.start()
    return engine
