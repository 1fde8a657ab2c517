"""Reconciliation view: when the venue last agreed, on what, and every difference."""

from __future__ import annotations

from console import format as fmt
from console.glyphs import Glyphs
from console.replica import Replica
from console.views.cells import Cell, Column, Line, Row, TableView
from engine.core.events import Drift
from engine.core.status import ReconcileStatus

COLUMNS = (
    Column("symbol", "SYM", 9),
    Column("ours", "OURS", 10, right=True),
    Column("venue", "VENUE", 10, right=True),
    Column("diff", "DIFF", 10, right=True),
    Column("age", "AGE", 5, right=True),
)

SHRINK = (("age", 0), ("ours", 8), ("venue", 8), ("diff", 8))


def view(replica: Replica, glyphs: Glyphs, *, stale: bool) -> TableView:
    """The newest comparison with the venue."""
    status = replica.status
    if status is None:
        return TableView(head=((Cell("waiting for the engine", "muted"),),), stale=stale)
    reconcile = status.reconcile
    return TableView(
        keys=tuple(drift.symbol for drift in reconcile.drift),
        rows=tuple(row(drift, replica, glyphs) for drift in reconcile.drift),
        head=summary(reconcile, replica.engine_ns, glyphs),
        foot=_trouble(reconcile, glyphs),
        title=f"drift {len(reconcile.drift)}" if reconcile.drift else "",
        stale=stale,
    )


def row(drift: Drift, replica: Replica, glyphs: Glyphs) -> Row:
    """One symbol whose positions differ: ours, the venue's, venue minus ours, since when."""
    instrument = replica.state.instruments.get(drift.symbol)
    step = instrument.qty_step if instrument else None
    return (
        Cell(drift.symbol, "bad"),
        Cell(fmt.signed_exact(drift.ours, step)),
        Cell(fmt.signed_exact(drift.venue, step)),
        Cell(glyphs.bad + fmt.signed_exact(drift.qty, step), "bad"),
        Cell(fmt.age((replica.engine_ns - drift.since_ts) / fmt.NS, whole=True), "warn"),
    )


def summary(reconcile: ReconcileStatus, now_ns: int, glyphs: Glyphs) -> tuple[Line, ...]:
    """`last ok 14:03:18 (4s)`, and what was compared: `orders ✓ pos ✓ fills ✓`."""
    if reconcile.last_ok_ts:
        ago = fmt.age((now_ns - reconcile.last_ok_ts) / fmt.NS, whole=True)
        when = Cell(f"{fmt.clock(reconcile.last_ok_ts)} ({ago})")
    else:
        when = Cell("never", "warn")
    running = Cell(f"  comparing{glyphs.more}" if reconcile.running else "", "warn")
    checks = (
        ("orders ", reconcile.orders_ok),
        ("  pos ", reconcile.positions_ok),
        ("  fills ", reconcile.fills_ok),
    )
    marks = (Cell(glyphs.fail, "bad"), Cell(glyphs.ok, "good"))
    return (
        (Cell("last ok ", "muted"), when, running),
        tuple(cell for name, fine in checks for cell in (Cell(name, "muted"), marks[fine])),
    )


def _trouble(reconcile: ReconcileStatus, glyphs: Glyphs) -> tuple[Line, ...]:
    lines: list[Line] = []
    if reconcile.error:
        lines.append((Cell(f"{glyphs.bad} {reconcile.error}", "bad"),))
    if reconcile.external_orders:
        names = " ".join(reconcile.external_orders)
        text = f"{glyphs.bad} {len(reconcile.external_orders)} external orders, left alone: {names}"
        lines.append((Cell(text, "warn"),))
    return tuple(lines)
