"""Positions view: every position at its mark, the account's totals, the P&L so far."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from console import format as fmt
from console.glyphs import UNICODE, Glyphs
from console.replica import Replica
from console.views.cells import Cell, Column, Line, Row, TableView
from console.views.margin import margin_lines
from console.views.states import pnl_cell
from engine.core.ledger.pnl import Totals
from engine.core.ledger.tracker import Position, position_key
from engine.core.market import Quote
from engine.core.status import PnlComparison
from engine.core.types import ExecutionKind

NET_WIDTH = 9

COLUMNS = (
    Column("symbol", "SYM", 9),
    Column("net", "NET", 10, right=True),
    Column("avg", "AVG", 10, right=True),
    Column("mark", "MARK", 10, right=True),
    Column("unrealized", "uPNL", 10, right=True),
    Column("realized", "rPNL", 10, right=True),
    Column("fees", "FEES", 8, right=True),
)

SHRINK = (
    ("fees", 0),
    ("symbol", 8),
    ("realized", 9),
    ("unrealized", 9),
    ("avg", 9),
    ("mark", 9),
    ("net", NET_WIDTH),
    ("realized", 0),
    ("avg", 0),
)

FORCED = tuple(kind for kind in ExecutionKind if kind is not ExecutionKind.TRADE)
"""Executions that no order of ours asked for."""

QUOTE_STALE_S = 10.0
"""A mark older than this looks stale."""


class PositionsView(TableView, kw_only=True):
    """The table, and the net P&L once a second, oldest first, for the curve."""

    curve: tuple[float, ...] = ()
    glyphs: Glyphs = UNICODE


def view(
    replica: Replica, totals: Iterable[Totals], glyphs: Glyphs, *, stale: bool
) -> PositionsView:
    """Positions by symbol, those that are open first."""
    positions = sorted(
        replica.state.positions.positions.values(), key=lambda p: (not p.qty, p.symbol, p.index)
    )
    return PositionsView(
        keys=tuple(position_key(position.symbol, position.index) for position in positions),
        rows=tuple(row(position, replica, glyphs) for position in positions),
        foot=(
            *(line for total in totals for line in total_lines(total, glyphs)),
            *margin_lines(replica, glyphs),
            *check_lines(replica, glyphs),
        ),
        curve=tuple(net for _, net in replica.pnl_history),
        stale=stale,
        glyphs=glyphs,
    )


def row(position: Position, replica: Replica, glyphs: Glyphs) -> Row:
    """One position as cells, in the order of `COLUMNS`."""
    instrument = replica.state.instruments.get(position.symbol)
    tick = instrument.tick_size if instrument else None
    step = instrument.qty_step if instrument else None
    return (
        Cell(position_key(position.symbol, position.index), "value" if position.qty else "muted"),
        net_cell(position.qty, step, glyphs),
        Cell(fmt.rounded(position.avg_entry_price, tick, glyphs.none)),
        _mark(position, replica.quotes.get(position.symbol), replica.engine_ns, tick, glyphs),
        money_cell(position.unrealized_pnl, glyphs),
        money_cell(position.realized_pnl, glyphs),
        Cell(f"{'~' if position.is_estimated else ''}{position.fees:,.2f}", _certainty(position)),
    )


def _certainty(position: Position) -> str:
    """What rests on an inferred fill, or on a fee that nobody has told, is marked until it is."""
    return "warn" if position.is_estimated else "muted"


def net_cell(qty: Decimal, step: Decimal | None, glyphs: Glyphs) -> Cell:
    """A signed position: long looks like a buy, short like a sell, flat like neither.

    A long figure gives up its arrow before a digit: its sign still says the same.
    """
    text = fmt.signed_exact(qty, step)
    if not qty:
        return Cell(text, "muted")
    sign, style = (glyphs.up, "buy") if qty > 0 else (glyphs.down, "sell")
    return Cell(sign + text if len(text) < NET_WIDTH else text, style)


def money_cell(value: Decimal | None, glyphs: Glyphs) -> Cell:
    """An amount of P&L with sign and direction; what has no price has no figure."""
    return pnl_cell(value, fmt.money(value), glyphs)


def total_lines(total: Totals, glyphs: Glyphs) -> tuple[Line, ...]:
    """Two lines of sums in one currency; a sum that lacks a mark is not shown as a number."""
    exposure = fmt.amount(total.exposure, glyphs.none)
    unpriced = "  unpriced" if total.unrealized_pnl is None else ""
    return (
        (
            Cell(f"{glyphs.total} exposure ", "muted"),
            Cell(f"{exposure} {total.currency}", "value"),
            Cell("  net ", "muted"),
            money_cell(total.net_pnl, glyphs),
            Cell(unpriced, "warn"),
            Cell("  estimated" if total.is_estimated else "", "warn"),
        ),
        (
            Cell("uPnL ", "muted"),
            money_cell(total.unrealized_pnl, glyphs),
            Cell("  rPnL ", "muted"),
            money_cell(total.realized_pnl, glyphs),
            Cell("  fees ", "muted"),
            Cell(fmt.amount(total.fees, glyphs.none)),
            *_funding(total, glyphs),
        ),
    )


def _funding(total: Totals, glyphs: Glyphs) -> Line:
    if not total.funding:
        return ()
    return (Cell("  fund ", "muted"), money_cell(total.funding, glyphs))


def check_lines(replica: Replica, glyphs: Glyphs) -> tuple[Line, ...]:
    """What the venue says of the same money, where it differs, and executions without an order."""
    lines: list[Line] = []
    waiting = len(replica.state.positions.suspense)
    if waiting:
        plural = "s" if waiting > 1 else ""
        lines.append((Cell(f"{glyphs.bad} {waiting} execution{plural} of unknown orders", "bad"),))
    counts = replica.state.positions.anomalies
    forced = [f"{kind.value} {counts[kind.name]}" for kind in FORCED if counts[kind.name]]
    if forced:
        lines.append((Cell(f"{glyphs.bad} the venue moved positions: {', '.join(forced)}", "bad"),))
    check = replica.status.pnl if replica.status is not None else PnlComparison()
    if check.error:
        lines.append((Cell(f"{glyphs.bad} venue P&L: {check.error}", "warn"),))
    elif check.figures and not check.differences:
        age = fmt.age((replica.engine_ns - check.ts) / fmt.NS, whole=True)
        lines.append((Cell(f"venue P&L {glyphs.ok} ({age})", "muted"),))
    for figure in check.differences:
        style = "bad" if figure.confirmed else "warn"
        text = f"{glyphs.bad} venue {figure.what} {figure.name} {figure.difference:+,.4f}"
        lines.append((Cell(text, style),))
    return tuple(lines)


def _mark(
    position: Position, quote: Quote | None, now_ns: int, tick: Decimal | None, glyphs: Glyphs
) -> Cell:
    if position.mark_price is None:
        return Cell(glyphs.none, "muted")
    text = fmt.rounded(position.mark_price, tick)
    if quote is None or now_ns - quote.ts > QUOTE_STALE_S * fmt.NS:
        return Cell(f"~{text}", "stale")
    return Cell(text)
