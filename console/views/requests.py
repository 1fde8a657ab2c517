"""Requests view: latency and trouble of each kind of request, and of the console itself."""

from __future__ import annotations

from console import format as fmt
from console.glyphs import Glyphs
from console.replica import Replica
from console.ui_state import UiState
from console.views.cells import Cell, Column, Line, Row, TableView
from engine.core.status import BreakerStatus, EngineStatus, RequestStats
from engine.core.types import NS

COLUMNS = (
    Column("kind", "OP", 7),
    Column("count", "N", 7, right=True),
    Column("p50", "P50", 6, right=True),
    Column("p99", "P99", 6, right=True),
    Column("max", "MAX", 6, right=True),
    Column("retries", "RETRY", 5, right=True),
    Column("limited", "429", 4, right=True),
    Column("timeouts", "TMO", 4, right=True),
)

SHRINK = (("max", 0), ("limited", 0), ("count", 5), ("kind", 6), ("count", 0))

SLOW_LOOP_MS = 100.0


class RequestsView(TableView, kw_only=True):
    """The table; `breakers` is a line for each class of requests, `open_breakers` those in trouble.

    They stand below the foot, as far as there is room.
    """

    breakers: tuple[Line, ...] = ()
    open_breakers: tuple[Line, ...] = ()


def view(replica: Replica, ui: UiState, *, stale: bool) -> RequestsView:
    """The table of the newest status, with the health of loops and streams below it."""
    status = replica.status
    if status is None:
        return RequestsView(head=((Cell("waiting for the engine", "muted"),),), stale=stale)
    return RequestsView(
        keys=tuple(stats.kind for stats in status.requests),
        rows=tuple(row(stats, ui.glyphs) for stats in status.requests),
        foot=health(status, ui),
        title="ms",
        stale=stale,
        breakers=tuple(breaker_line(breaker, status.ts, ui) for breaker in status.breakers),
        open_breakers=tuple(
            breaker_line(breaker, status.ts, ui)
            for breaker in status.breakers
            if not breaker.closed
        ),
    )


def row(stats: RequestStats, glyphs: Glyphs) -> Row:
    """One kind of request as cells, in the order of `COLUMNS`."""
    timed = [
        Cell(fmt.millis(value) if stats.count else glyphs.none, "text" if stats.count else "muted")
        for value in (stats.p50_s, stats.p99_s, stats.max_s)
    ]
    trouble = [
        Cell(fmt.count(number), "warn" if number else "muted")
        for number in (stats.retries, stats.rate_limited, stats.timeouts)
    ]
    return (Cell(stats.kind), Cell(fmt.count(stats.count)), *timed, *trouble)


def health(status: EngineStatus, ui: UiState) -> tuple[Line, ...]:
    """Stream gap, lags of the engine's loop and journal, the console's own, in ms; the breakers."""
    ui_lag = "warn" if ui.loop_lag_ms > SLOW_LOOP_MS else "text"
    engine_lag = "warn" if status.loop_lag_s * 1000 > SLOW_LOOP_MS else "text"
    in_trouble = " ".join(b.name for b in status.breakers if not b.closed)
    breaker = f"{in_trouble} open" if in_trouble else "closed"
    return (
        (
            *_pair("ws gap", fmt.millis(status.stream_gap_s)),
            *_pair("loop", fmt.millis(status.loop_lag_s), engine_lag),
            *_pair("journal", fmt.millis(status.journal_lag_s)),
        ),
        (
            *_pair("ui loop", f"{ui.loop_lag_ms:.0f}", ui_lag),
            *_pair("frame", f"{ui.frame_ms:.0f}"),
            *_pair("breaker", breaker, "bad" if in_trouble else "good"),
        ),
        *_unreadable(status, ui),
    )


def breaker_line(breaker: BreakerStatus, now_ns: int, ui: UiState) -> Line:
    """How one class of requests stands: since when, why, and when the venue is tried again."""
    name = Cell(f"{breaker.name:<6} ", "muted")
    if breaker.closed:
        return (name, Cell(f"{ui.glyphs.ok} closed", "good"))
    since = fmt.age((now_ns - breaker.since_ts) / NS, whole=True)
    told = f"{breaker.next_probe(now_ns)}: {breaker.reason}"
    return (name, Cell(f"{ui.glyphs.fail} {breaker.state} {since} ", "bad"), Cell(told, "warn"))


def _unreadable(status: EngineStatus, ui: UiState) -> tuple[Line, ...]:
    """How much of what the venue sent could not be read, and the newest of it; else no line."""
    if not status.input.count:
        return ()
    text = f"{ui.glyphs.bad} {fmt.count(status.input.count)} unreadable, last {status.input.last}"
    return ((Cell(text, "warn"),),)


def _pair(name: str, value: str, style: str = "text") -> Line:
    return (Cell(f"{name} ", "muted"), Cell(value, style), Cell("  "))
