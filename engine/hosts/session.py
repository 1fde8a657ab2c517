"""A scripted session: the whole engine on paper, in virtual time, ending with files.

The same script, market and seed give byte-identical files: every clock is the market's, ids and
jitter come from the seed, and the journal commits while virtual time stands still.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import NamedTuple

from engine.bootstrap import Files, PaperEngine, build_paper
from engine.clock import NS, SimClock, run_simulated
from engine.config import Config
from engine.core.limits import PAPER_LIMITS, RiskLimits
from engine.engine import Engine
from engine.exchange.sources.frames import MarketSource
from engine.exchange.sources.recorded import Recording, open_recording
from engine.exchange.sources.synthetic import create_synthetic
from engine.script import Script
from engine.summary import (
    MarketSummary,
    RequestSummary,
    SessionSummary,
    create_summary,
    session_files,
    write_session,
)

LATCH = "halt.json"
WARM_UP_S = 1.0
"""Virtual time before the first frame, in which the engine connects and compares."""
WARM_UP_TRIPS = 40
"""As many latencies on top of it: connecting takes 16 of them, and a script may begin at 0."""
SYNTHETIC_START_NS = 1_700_000_000 * NS
"""When the synthetic market of a session begins: any fixed time does."""


class Play(NamedTuple):
    """One session to run: what to do, on which market, from when to when (unix ns)."""

    script: Script
    source: MarketSource
    recording: Recording | None
    first_ns: int
    last_ns: int
    files: tuple[str, ...]
    limits: RiskLimits
    seed: int
    latency_ns: int
    out: Path


def run_session(
    *,
    script: Script,
    out: Path,
    replay: list[Path],
    seed: int,
    duration_s: float,
    latency_ms: float,
    config: Config,
) -> SessionSummary:
    """Run a script to the market's end, write the session's files into `out`, return the summary.

    Raises InputError or RecordingError for input that cannot be used; nothing is written then.
    """
    recording = open_recording(replay) if replay else None
    source: MarketSource = recording or create_synthetic(seed, SYNTHETIC_START_NS)
    first_ns = source.first_ts
    last_ns = source.last_ts or first_ns + round(duration_s * NS)
    script.check_range((last_ns - first_ns) / NS)
    paper = config.accounts.get("paper")
    play = Play(
        script=script,
        source=source,
        recording=recording,
        first_ns=first_ns,
        last_ns=last_ns,
        files=tuple(path.name for path in replay),
        limits=PAPER_LIMITS if paper is None else paper.risk,
        seed=seed,
        latency_ns=round(latency_ms * 1_000_000),
        out=out,
    )
    warm_up_ns = round(WARM_UP_S * NS) + WARM_UP_TRIPS * play.latency_ns
    clock = SimClock(first_ns - warm_up_ns)
    try:
        return run_simulated(clock, _run(play, clock))
    finally:
        (out / LATCH).unlink(missing_ok=True)  # a session leaves nothing that could halt another


async def _run(play: Play, clock: SimClock) -> SessionSummary:
    paper = build_paper(
        clock=clock,
        source=play.source,
        files=Files(play.out / "journal.db", play.out / LATCH),
        limits=play.limits,
        seed=play.seed,
        latency_ns=play.latency_ns,
        closed_kept=0,  # the session's files list every order
        threaded=False,
    )
    try:
        paper.exchange.start()
        await paper.engine.start()
        await paper.engine.settled()
        for row in play.script.rows:
            give = partial(paper.engine.inbox.put, row.command)
            clock.call_at(play.first_ns + row.at_ns, give)
        await clock.sleep((play.last_ns - clock.now_ns()) / NS)
        await clock.sleep(0)  # the frames of the last instant were due after this timer was set
        paper.exchange.pause()
        await _confirm(paper.engine)
    finally:
        await paper.engine.stop()
        paper.exchange.stop()
    return await _write(play, paper)


async def _confirm(engine: Engine) -> None:
    """Let a sweep end, and compare until nothing is in doubt: a fill on its way is not drift."""
    await engine.until(lambda: engine.state.kill is None or engine.state.kill.done)
    await engine.settled()
    while engine.state.suspects or engine.state.pending:
        await engine.settled()


async def _write(play: Play, paper: PaperEngine) -> SessionSummary:
    engine, counts = paper.engine, paper.exchange.counts
    summary = create_summary(
        engine.state,
        market=MarketSummary(
            files=play.files,
            first_ts=play.first_ns,
            last_ts=play.last_ns,
            trades=counts.trades,
            book_updates=counts.book_updates,
            bad_lines=0 if play.recording is None else play.recording.error_count,
            bad_line="" if play.recording is None else play.recording.first_error,
        ),
        requests={
            stats.kind: RequestSummary(requests=stats.count, retries=stats.retries)
            for stats in engine.router.stats()
        },
        marks=engine.feed.marks(),
    )
    metrics = engine.metrics_text(created=False, wall_clock=False)
    await write_session(play.out, session_files(engine.state, summary, metrics))
    return summary
