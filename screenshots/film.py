"""A film: what the real engine tells a console, frame by frame, while a script plays on a market.

Virtual time, so the same script and market always give the same film. A console is then shown it
as if the engine stood behind it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from msgspec.structs import replace

from engine.bootstrap import Files, build_paper
from engine.clock import NS, SimClock, run_simulated
from engine.control.telemetry import Telemetry
from engine.core.commands import Command
from engine.core.limits import PAPER_LIMITS
from engine.core.status import LinkUpdate
from engine.core.types import KillLevel
from engine.exchange.sources.frames import MarketSource
from engine.exchange.sources.recorded import open_recording
from engine.exchange.sources.synthetic import create_synthetic
from engine.hosts.paper import PaperMarket
from engine.publish import Subscription
from engine.script import Script, parse_script

FRAMES_PER_S = 10
WARM_UP_S = 1.0
SEED = 7
OPENING_NS = 1_767_621_600 * NS  # 2026-01-05 14:00:00 UTC
OPERATOR = "operator"


class Frame(NamedTuple):
    """One poll of the link: when it is (unix ns), and what is new."""

    now_ns: int
    update: LinkUpdate


Film = list[Frame]


def film_synthetic(script: str, seconds: float) -> Film:
    """Play a script (JSON lines) on the synthetic market for so many seconds."""
    return _film(create_synthetic(SEED, OPENING_NS), "PAPER", script, seconds)


def film_recording(recording: Path, script: str, seconds: float) -> Film:
    """Play a script on the first seconds of a recorded market."""
    return _film(open_recording([recording]), "REPLAY", script, seconds)


def _film(source: MarketSource, mode: str, script: str, seconds: float) -> Film:
    rows = parse_script(script, source="the script", account="paper")
    clock = SimClock(source.first_ts - round(WARM_UP_S * NS))
    with TemporaryDirectory() as folder:
        files = Files(Path(folder, "journal.db"), Path(folder, "halt.latch"))
        return run_simulated(clock, _shoot(clock, source, mode, files, rows, seconds))


async def _shoot(
    clock: SimClock, source: MarketSource, mode: str, files: Files, script: Script, seconds: float
) -> Film:
    engine, exchange = build_paper(
        clock=clock, source=source, files=files, limits=PAPER_LIMITS, seed=SEED, threaded=False
    )
    market = PaperMarket(exchange, "1")
    telemetry = Telemetry(engine, mode=mode, version="", replay=market.status)
    subscription = engine.publisher.subscribe()
    film: Film = []
    exchange.start()
    try:
        await engine.start()
        await engine.settled()
        subscription.symbols = frozenset(engine.state.instruments)
        for row in script.rows:
            command = replace(row.command, by=OPERATOR)
            clock.call_at(source.first_ts + row.at_ns, _giving(engine.inbox.put, command))
        for _ in range(round(seconds * FRAMES_PER_S)):
            await clock.sleep(1 / FRAMES_PER_S)
            engine.publisher.tick(telemetry.look())
            film.append(_frame(clock, subscription))
    finally:
        await engine.stop()
        exchange.stop()
    return film


def _giving(put: Callable[[Command], object], command: Command) -> Callable[[], None]:
    def give() -> None:
        put(command)

    return give


def _frame(clock: SimClock, subscription: Subscription) -> Frame:
    return Frame(clock.now_ns(), subscription.poll())


class FilmLink:
    """An `EngineLink` whose engine is a film: frames come one by one, commands lead nowhere."""

    def __init__(self) -> None:
        self._next = LinkUpdate()

    def show(self, frame: Frame) -> None:
        """Have this frame in the next poll."""
        self._next = frame.update

    def poll(self) -> LinkUpdate:
        """The frame that is shown, once."""
        update, self._next = self._next, LinkUpdate()
        return update

    def submit(self, command: Command) -> None:
        """A picture answers nothing."""

    def kill(self, level: KillLevel, by: str = OPERATOR, reason: str = "") -> None:
        """A picture answers nothing."""

    def watch(self, symbols: frozenset[str]) -> None:
        """Every book is in the film."""

    def pause_replay(self, paused: bool) -> None:
        """A picture answers nothing."""
