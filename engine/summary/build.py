"""A session's documents, made from its last state: the same state gives the same bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path

import msgspec
from msgspec import UNSET

from engine.core.ledger.executions import position_key
from engine.core.ledger.pnl import Totals, conversion_rates, convert, totals
from engine.core.ledger.tracker import Position
from engine.core.orders.machine import Order
from engine.core.plain import to_plain
from engine.core.state import State
from engine.core.trading import KillRecord
from engine.core.types import ZERO
from engine.summary.documents import (
    DriftSummary,
    FillSummary,
    KillSummary,
    MarketSummary,
    OrderSummary,
    PositionSummary,
    ReconciliationSummary,
    RefusedSummary,
    RequestSummary,
    SessionSummary,
    TotalsSummary,
)
from engine.summary.export import write_atomically

NS = 1_000_000_000
REQUEST_KINDS = ("place", "cancel", "amend")
CURRENCY = "USDT"
"""What the totals are in where nothing was traded, or in several currencies."""


def create_summary(
    state: State,
    *,
    market: MarketSummary,
    requests: Mapping[str, RequestSummary],
    marks: Mapping[str, Decimal],
) -> SessionSummary:
    """Sum up a finished session. `requests` is by kind, `marks` by symbol."""
    positions = sorted(state.positions.positions.values(), key=lambda position: position.symbol)
    return SessionSummary(
        market=market,
        orders=[_order(order) for order in state.orders.orders.values()],
        fills=list(_fills(state)),
        positions=[_position(position, marks) for position in positions],
        totals=_totals(
            totals(positions, marks),
            conversion_rates(state.instruments.values(), marks, CURRENCY),
        ),
        reconciliation=_reconciliation(state),
        retries={kind: requests.get(kind, RequestSummary()) for kind in REQUEST_KINDS},
        kill=None if state.kill is None else _kill(state.kill),
        refused=[
            RefusedSummary(ts=one.ts, command=one.command, code=one.code, text=one.text)
            for one in state.refusals
        ],
    )


def session_files(state: State, summary: SessionSummary, metrics_text: str) -> dict[str, bytes]:
    """The session's files by name; `journal.db` is not among them, the engine has written it."""
    document = to_plain(summary)
    return {
        "fsm_state.json": _json(state.orders.persist_to_dict()),
        "positions.json": _json(document["positions"]),
        "live_execution_metrics.prom": metrics_text.encode(),
        "summary.json": _json(document),
    }


async def write_session(out: Path, files: Mapping[str, bytes]) -> None:
    """Write the session's files into `out`, `summary.json` last. Raises OSError."""
    for name, data in files.items():
        await write_atomically(out / name, data)


def _order(order: Order) -> OrderSummary:
    return OrderSummary(
        client_order_id=order.client_order_id,
        exchange_order_id=order.exchange_order_id,
        symbol=order.symbol,
        side=order.side,
        type=order.type,
        time_in_force=order.time_in_force,
        post_only=order.post_only,
        reduce_only=order.reduce_only,
        qty=order.qty,
        price=order.price,
        state=order.state,
        cum_qty=order.cum_qty,
        leaves_qty=order.leaves_qty,
        avg_price=order.avg_price,
        reason=order.reason,
        created_ts=order.created_ts,
        updated_ts=order.updated_ts,
        attempts=order.attempts,
        ack_latency_s=_latency_s(order.created_ts, order.acked_ts),
        fill_latency_s=_latency_s(order.created_ts, order.first_fill_ts),
        trigger=order.trigger or UNSET,
        attached=order.attached or UNSET,
        slippage=order.slippage or UNSET,
    )


def _latency_s(start_ns: int, end_ns: int) -> float | None:
    return (end_ns - start_ns) / NS if end_ns else None


def _fills(state: State) -> Iterator[FillSummary]:
    for fill in state.positions.booked_fills():
        yield FillSummary(
            exec_id=fill.exec_id,
            client_order_id=fill.client_order_id,
            symbol=fill.symbol,
            side=fill.side,
            qty=fill.qty,
            price=fill.price,
            fee=fill.fee,
            fee_currency=fill.fee_currency,
            liquidity=fill.liquidity,
            ts=fill.ts,
        )


def _position(position: Position, marks: Mapping[str, Decimal]) -> PositionSummary:
    mark = marks.get(position.symbol, position.mark_price)
    return PositionSummary(
        symbol=position_key(position.symbol, position.index),
        qty=position.qty,
        avg_entry_price=position.avg_entry_price,
        realized_pnl=position.realized_pnl,
        unrealized_pnl=position.unrealized_at(mark),
        fees=position.fees,
        mark_price=mark,
        funding=position.funding or ZERO,  # itself: that is what is left out
        estimated=position.is_estimated,
    )


def _totals(by_currency: Mapping[str, Totals], rates: Mapping[str, Decimal]) -> TotalsSummary:
    """The sums of the one currency that was traded in; of several, all of them in dollars."""
    if len(by_currency) > 1:
        total = convert(by_currency.values(), CURRENCY, rates)
    else:
        total = next(iter(by_currency.values()), Totals(currency=CURRENCY))
    return TotalsSummary(
        realized_pnl=total.realized_pnl,
        unrealized_pnl=total.unrealized_pnl,
        fees=total.fees,
        net_pnl=total.net_pnl,
        currency=total.currency,
        funding=ZERO if total.funding == ZERO else total.funding,
        estimated=total.is_estimated,
    )


def _reconciliation(state: State) -> ReconciliationSummary:
    last = state.reconciled
    if last is None:
        return ReconciliationSummary(status="FAIL", drift=[], error="never compared")
    drift = [
        DriftSummary(symbol=item.symbol, ours=item.ours, venue=item.venue, drift=item.qty)
        for item in last.drift
    ]
    found = drift or last.external_orders or last.error
    return ReconciliationSummary(
        status="FAIL" if found else "PASS",
        drift=drift,
        external_orders=last.external_orders,
        error=last.error,
    )


def _kill(kill: KillRecord) -> KillSummary:
    return KillSummary(
        blocked_at=kill.blocked_at,
        first_cancel_at=kill.first_cancel_at or None,
        verified_zero_at=kill.verified_zero_at or None,
        residual=kill.residual,
    )


def _json(document: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"
