"""Reconciliation view: when the venue last agreed, on what, every difference, and the last runs."""

from __future__ import annotations

from decimal import Decimal

from console import format as fmt
from console.glyphs import UNICODE, Glyphs
from console.replica import Replica
from console.views.cells import Cell, Column, Line, Row, TableView
from console.views.positions import money_cell
from engine.core.events import Drift
from engine.core.instruments import Instrument
from engine.core.ledger.executions import split_key
from engine.core.reconcile.holdings import pnl_apart
from engine.core.reports import EVERYTHING, Scope
from engine.core.status import EngineStatus, ReconcileRun, ReconcileStatus
from engine.core.types import DriftKind

COLUMNS = (
    Column("symbol", "SYM", 9),
    Column("ours", "OURS", 10, right=True),
    Column("venue", "VENUE", 10, right=True),
    Column("diff", "DIFF", 10, right=True),
    Column("price", "AVG DIFF", 10, right=True),
    Column("pnl", "P&L DIFF", 10, right=True),
    Column("class", "CLASS", 11),
    Column("age", "AGE", 5, right=True),
)

SHRINK = (
    ("ours", 8),
    ("venue", 8),
    ("diff", 8),
    ("symbol", 8),
    ("price", 9),
    ("pnl", 9),
    ("price", 0),
    ("pnl", 0),
    ("age", 0),
    ("ours", 0),
)

WHOLE_WIDTH = sum(column.width for column in COLUMNS) + len(COLUMNS) - 1
"""The width from which on every column is there, so that nothing needs a line of its own."""

CLASSES = {
    DriftKind.PENDING: ("pending", "warn"),
    DriftKind.EXPLAINED: ("explained", "muted"),
    DriftKind.UNEXPLAINED: ("unexplained", "bad"),
}


class ReconView(TableView, kw_only=True):
    """The table, a line more about each difference, and the last runs, newest first."""

    details: tuple[Line, ...] = ()
    runs: tuple[Line, ...] = ()
    to_settle: bool = False
    glyphs: Glyphs = UNICODE


def view(replica: Replica, glyphs: Glyphs, *, stale: bool) -> ReconView:
    """The newest comparison with the venue."""
    status = replica.status
    if status is None:
        return ReconView(
            head=((Cell("waiting for the engine", "muted"),),), stale=stale, glyphs=glyphs
        )
    reconcile = status.reconcile
    found = differences(reconcile)
    return ReconView(
        keys=tuple(drift.symbol for drift in found),
        rows=tuple(row(drift, replica, glyphs) for drift in found),
        head=summary(reconcile, replica.engine_ns, glyphs),
        foot=(*_away(status, glyphs), *_trouble(reconcile, glyphs)),
        title=f"drift {len(reconcile.drift)}" if reconcile.drift else "",
        stale=stale,
        details=tuple(_detail(drift, replica, glyphs) for drift in found),
        runs=tuple(_run(run, glyphs) for run in reversed(reconcile.history)),
        to_settle=bool(found),
        glyphs=glyphs,
    )


def differences(reconcile: ReconcileStatus) -> list[Drift]:
    """One difference a symbol: what needs a hand first, then what is noted, then what waits."""
    by_symbol: dict[str, Drift] = {}
    for drift in (*reconcile.drift, *reconcile.noted, *reconcile.pending):
        by_symbol.setdefault(drift.symbol, drift)
    return list(by_symbol.values())


def row(drift: Drift, replica: Replica, glyphs: Glyphs) -> Row:
    """One symbol where the two differ: ours, the venue's, venue minus ours, of what kind."""
    instrument = replica.state.instruments.get(split_key(drift.symbol)[0])
    step = instrument.qty_step if instrument else None
    word, style = _class(drift)
    sign = glyphs.bad if style == "bad" else ""
    return (
        Cell(drift.symbol, style),
        Cell(fmt.signed_exact(drift.ours, step)),
        Cell(fmt.signed_exact(drift.venue, step)),
        Cell(sign + fmt.signed_exact(drift.qty, step), style),
        _price(drift, instrument, glyphs),
        _pnl(drift, replica, glyphs),
        Cell(word, style),
        Cell(fmt.age((replica.engine_ns - drift.since_ts) / fmt.NS, whole=True), "warn"),
    )


def _class(drift: Drift) -> tuple[str, str]:
    if drift.kind is DriftKind.UNEXPLAINED and not drift.qty:
        return "price only", "warn"
    return CLASSES[drift.kind]


def _price(drift: Drift, instrument: Instrument | None, glyphs: Glyphs) -> Cell:
    if drift.price is None:
        return Cell(glyphs.none, "muted")
    tick = instrument.tick_size if instrument else None
    text = fmt.rounded(abs(drift.price), tick)
    return Cell(("-" if drift.price < 0 else "+") + text if drift.price else text)


def _pnl(drift: Drift, replica: Replica, glyphs: Glyphs) -> Cell:
    position = replica.state.positions.get_position(drift.symbol)
    return money_cell(pnl_apart(position, drift, position.mark_price), glyphs)


def _detail(drift: Drift, replica: Replica, glyphs: Glyphs) -> Line:
    """What a narrow table has no columns for: ours, averages, P&L, the cause."""
    instrument = replica.state.instruments.get(split_key(drift.symbol)[0])
    cause: Line = (Cell(f"  {drift.cause}", "muted"),) if drift.cause else ()
    return (
        Cell("ours ", "muted"),
        Cell(fmt.signed_exact(drift.ours, instrument.qty_step if instrument else None)),
        Cell(" avg ", "muted"),
        _price(drift, instrument, glyphs),
        Cell(" P&L ", "muted"),
        _pnl(drift, replica, glyphs),
        *cause,
    )


def summary(reconcile: ReconcileStatus, now_ns: int, glyphs: Glyphs) -> tuple[Line, ...]:
    """`last ok 14:03:18 (4s)`, and what was compared: `orders ✓ pos ✓ fills ✓`.

    A part that could not be compared since, or not for long, has a question mark: `orders ?`.
    """
    if reconcile.last_ok_ts:
        ago = fmt.age((now_ns - reconcile.last_ok_ts) / fmt.NS, whole=True)
        old = reconcile.is_stale(Scope.ORDERS, now_ns)
        when = Cell(f"{fmt.clock(reconcile.last_ok_ts)} ({ago})", "warn" if old else "text")
    else:
        when = Cell("never", "warn")
    running = Cell(f"  comparing{glyphs.more}" if reconcile.running else "", "warn")
    checks = (
        ("orders ", Scope.ORDERS, reconcile.orders_ok),
        ("  pos ", Scope.POSITIONS, reconcile.positions_ok),
        ("  fills ", Scope.FILLS, reconcile.fills_ok),
    )
    marks = (Cell(glyphs.fail, "bad"), Cell(glyphs.ok, "good"))
    unknown = Cell(glyphs.unknown, "stale")
    return (
        (Cell("last ok ", "muted"), when, running),
        tuple(
            cell
            for name, scope, fine in checks
            for cell in (
                Cell(name, "muted"),
                unknown if reconcile.is_stale(scope, now_ns) else marks[fine],
            )
        ),
    )


def _away(status: EngineStatus, glyphs: Glyphs) -> tuple[Line, ...]:
    """Why the venue of this run has not been reached yet, where that is so."""
    if status.join.joined:
        return ()
    return ((Cell(f"{glyphs.bad} {status.join.told(status.ts)}", "bad"),),)


def _trouble(reconcile: ReconcileStatus, glyphs: Glyphs) -> tuple[Line, ...]:
    lines: list[Line] = []
    if reconcile.error:
        lines.append((Cell(f"{glyphs.bad} {reconcile.error}", "bad"),))
    lines += [(Cell(f"{glyphs.bad} {alarm}", "bad"),) for alarm in reconcile.alarms]
    if reconcile.external_orders:
        names = " ".join(reconcile.external_orders)
        text = f"{glyphs.bad} {len(reconcile.external_orders)} external orders, left alone: {names}"
        lines.append((Cell(text, "warn"),))
    return tuple(lines)


def _run(run: ReconcileRun, glyphs: Glyphs) -> Line:
    """`14:03:18 12.0 ms ✓ orders`: when, how long, how it ended, what was asked."""
    words = ("pos" if scope is Scope.POSITIONS else str(scope) for scope in run.scopes)
    what = "all" if len(run.scopes) == len(EVERYTHING) else " ".join(words)
    mark = Cell(glyphs.fail, "bad") if run.error else Cell(glyphs.ok, "good")
    end = run.error or (f"{run.differences} differ" if run.differences else "")
    return (
        Cell(fmt.clock(run.ts), "muted"),
        Cell(f" {fmt.millis(run.duration_s):>6} ms "),
        mark,
        Cell(f" {what}", "muted"),
        Cell(f"  {end}" if end else "", "bad"),
    )


def settle_figures(drift: Drift, step: Decimal | None) -> str:
    """`ledger +0.700, venue +0.500, difference -0.200`."""
    ours, venue, diff = (fmt.signed_exact(n, step) for n in (drift.ours, drift.venue, drift.qty))
    return f"ledger {ours}, venue {venue}, difference {diff}"
