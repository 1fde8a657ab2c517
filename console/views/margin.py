"""Margin lines: equity, how much of it is used, and how near a position is to its liquidation."""

from __future__ import annotations

from decimal import ROUND_FLOOR, ROUND_UP, Decimal

from console import format as fmt
from console.glyphs import Glyphs
from console.replica import Replica
from console.views.cells import Cell, Line
from engine.core.limits import to_ns
from engine.core.margin import AccountMargin, nearnesses

STALE_S = Decimal(60)
"""What is older than this looks stale, where `reconcile_age_s` does not say it."""
TENTH = Decimal("0.001")


def margin_lines(replica: Replica, glyphs: Glyphs) -> tuple[Line, ...]:
    """What the venue said last; nothing where it has told no equity yet."""
    margin = AccountMargin() if replica.status is None else replica.status.margin
    if margin.equity is None:
        return ()
    age_ns = replica.engine_ns - margin.ts
    stale = age_ns > to_ns(replica.state.risk.limits.reconcile_age_s or STALE_S)
    age = f" ({fmt.age(age_ns / fmt.NS, whole=True)})" if stale else ""
    equity = (
        Cell("equity ", "muted"),
        _cell(f"{fmt.amount(margin.equity, glyphs.none)}{age}", "value", stale=stale),
        *_use(replica, margin, stale=stale),
    )
    return (equity, *_nearest(replica, margin, stale=stale))


def _use(replica: Replica, margin: AccountMargin, *, stale: bool) -> Line:
    equity, initial = margin.equity, margin.initial_margin
    if initial is None or equity is None or equity <= 0:
        return ()
    most = replica.state.risk.limits.max_margin_use
    style = "warn" if most is not None and initial / equity > most else "value"
    percent = _percent(initial / equity, ROUND_UP)
    return (Cell("  margin ", "muted"), _cell(percent, style, stale=stale))


def _nearest(replica: Replica, margin: AccountMargin, *, stale: bool) -> tuple[Line, ...]:
    """The position that is nearest to its liquidation, where any can be liquidated."""
    nearest = min(nearnesses(margin, replica.state.positions, replica.quotes), default=None)
    if nearest is None:
        return ()
    distance, symbol = nearest.distance, nearest.symbol
    least = replica.state.risk.limits.for_symbol(symbol).min_liq_distance
    style = "warn" if least is not None and distance < least else "value"
    percent = "> 100 %" if distance > 1 else _percent(distance, ROUND_FLOOR)
    words = Cell(f"nearest liquidation {symbol} ", "muted")
    return ((words, _cell(percent, style, stale=stale)),)


def _cell(text: str, style: str, *, stale: bool) -> Cell:
    return Cell(f"~{text}", "stale") if stale else Cell(text, style)


def _percent(part: Decimal, rounding: str) -> str:
    return f"{part.quantize(TENTH, rounding) * 100:.1f} %"
