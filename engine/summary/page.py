"""The end of a session on one screen of plain text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal

from engine.core.plain import decimal_text
from engine.summary.documents import KillSummary, SessionSummary

NS = 1_000_000_000
ROWS_MAX = 15

Row = Sequence[str]


def print_summary(summary: SessionSummary) -> str:
    """Orders, fills, positions, totals and whether it all agrees with the exchange."""
    return "\n".join(_lines(summary))


def _lines(summary: SessionSummary) -> Iterator[str]:
    market, totals = summary.market, summary.totals
    yield (
        f"market          {', '.join(market.files) or 'synthetic'}: "
        f"{(market.last_ts - market.first_ts) / NS:,.1f} s, {market.trades:,} trades, "
        f"{market.book_updates:,} book updates"
        f"{f', {market.bad_lines:,} bad lines left out' if market.bad_lines else ''}"
    )
    yield ""
    yield from _orders(summary)
    yield from _refused(summary)
    yield from _fills(summary)
    yield from _positions(summary)
    yield (
        f"totals          realized {_money(totals.realized_pnl)}, "
        f"unrealized {_money(totals.unrealized_pnl)}, fees {_money(totals.fees)}, "
        f"net {_money(totals.net_pnl)} {totals.currency}"
    )
    sent = (
        f"{kind} {row.requests} (+{row.retries} retries)"
        for kind, row in summary.retries.items()
        if row.requests
    )
    yield f"requests        {', '.join(sent) or 'none'}"
    if summary.kill is not None:
        yield f"kill            {_kill(summary.kill)}"
    yield f"reconciliation  {_reconciliation(summary)}"


def _orders(summary: SessionSummary) -> Iterator[str]:
    states = Counter(str(order.state) for order in summary.orders)
    counted = ", ".join(f"{count} {state}" for state, count in states.items())
    yield f"orders          {len(summary.orders)}{f': {counted}' if counted else ''}"
    yield from _table(
        ("ID", "SYMBOL", "SIDE", "QTY", "PRICE", "STATE", "FILLED", "AVERAGE", "REASON"),
        [
            (
                order.client_order_id,
                order.symbol,
                order.side,
                _number(order.qty),
                "market" if order.price is None else _number(order.price),
                order.state,
                _number(order.cum_qty),
                _number(order.avg_price),
                order.reason,
            )
            for order in summary.orders
        ],
    )


def _refused(summary: SessionSummary) -> Iterator[str]:
    if not summary.refused:
        return
    first_ts = summary.market.first_ts
    yield f"refused         {len(summary.refused)}"
    yield from _table(
        ("AT", "COMMAND", "CODE", "WHY"),
        [
            (f"{(one.ts - first_ts) / NS:.3f}", one.command, one.code, one.text)
            for one in summary.refused
        ],
    )


def _fills(summary: SessionSummary) -> Iterator[str]:
    yield f"fills           {len(summary.fills)}"
    yield from _table(
        ("ORDER", "SYMBOL", "SIDE", "QTY", "PRICE", "FEE", "", "LIQUIDITY"),
        [
            (
                fill.client_order_id,
                fill.symbol,
                fill.side,
                _number(fill.qty),
                _number(fill.price),
                _number(fill.fee),
                fill.fee_currency,
                fill.liquidity,
            )
            for fill in summary.fills
        ],
    )


def _positions(summary: SessionSummary) -> Iterator[str]:
    yield f"positions       {len(summary.positions)}"
    yield from _table(
        ("SYMBOL", "QTY", "AVERAGE", "MARK", "REALIZED", "UNREALIZED", "FEES"),
        [
            (
                position.symbol,
                _number(position.qty),
                _number(position.avg_entry_price),
                _number(position.mark_price),
                _money(position.realized_pnl),
                _money(position.unrealized_pnl),
                _money(position.fees),
            )
            for position in summary.positions
        ],
    )


def _table(titles: Row, rows: Sequence[Row]) -> Iterator[str]:
    """Rows in columns below their titles, the first ones where there are many; a blank line."""
    most = ROWS_MAX if len(rows) > ROWS_MAX + 1 else len(rows)  # one more takes no more room
    shown = [titles, *rows[:most]] if rows else []
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    for row in shown:
        cells = (f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        yield f"  {'  '.join(cells)}".rstrip()
    if len(rows) > most:
        yield f"  and {len(rows) - most} more in summary.json"
    yield ""


def _number(number: Decimal | None) -> str:
    """Exact up to 8 decimals."""
    if number is None:
        return "-"
    exponent = number.as_tuple().exponent
    return decimal_text(round(number, 8) if isinstance(exponent, int) and exponent < -8 else number)


def _money(number: Decimal | None) -> str:
    return "unpriced" if number is None else f"{number:,.4f}"


def _kill(kill: KillSummary) -> str:
    if kill.verified_zero_at is None:
        return f"INCOMPLETE, left: {', '.join(kill.residual) or 'not verified'}"
    return f"verified zero {(kill.verified_zero_at - kill.blocked_at) / NS:.3f} s after the block"


def _reconciliation(summary: SessionSummary) -> str:
    result = summary.reconciliation
    reasons = [
        *(f"{row.symbol} drifts by {decimal_text(row.drift)}" for row in result.drift),
        *(f"external order {order_id}" for order_id in result.external_orders),
        *([result.error] if result.error else []),
    ]
    return f"{result.status}{': ' if reasons else ''}{', '.join(reasons)}"
