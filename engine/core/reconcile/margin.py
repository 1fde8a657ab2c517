"""Keeping what a venue says of margin and liquidation: the newest of it, with its time."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import asdict, replace

from engine.core.context import Context
from engine.core.ledger.executions import position_key
from engine.core.margin import AccountMargin, PositionMargin
from engine.core.reports import AccountSnapshot, PositionReport, Scope, WalletReport
from engine.core.requests import Step
from engine.core.state import State


def decide_wallet(state: State, report: WalletReport, context: Context) -> Iterator[Step]:
    """The totals as they are now; they move nothing."""
    _hear_totals(state, report, context.now_ns)
    return iter(())


def hear_position(state: State, report: PositionReport, now_ns: int) -> None:
    """One position as it is now; a flat one has no margin."""
    positions = dict(state.margin.positions)
    key = position_key(report.symbol, report.position_index)
    positions.pop(key, None)
    if report.qty:
        positions[key] = _margin_of(report, now_ns)
    state.margin = replace(state.margin, positions=positions)


def hear_snapshot(state: State, snapshot: AccountSnapshot) -> None:
    """What was asked for, as it was then; what was heard since is newer."""
    if snapshot.wallet is not None and snapshot.sent_ts >= state.margin.ts:
        _hear_totals(state, snapshot.wallet, snapshot.sent_ts)
    if Scope.POSITIONS in snapshot.scopes:
        held = state.margin.positions.items()
        shown = {
            position_key(report.symbol, report.position_index): _margin_of(report, snapshot.sent_ts)
            for report in snapshot.positions
            if report.qty
        }
        newer = {key: margin for key, margin in held if margin.ts > snapshot.sent_ts}
        state.margin = replace(state.margin, positions=shown | newer)


def _hear_totals(state: State, report: WalletReport, ts: int) -> None:
    state.margin = AccountMargin(**asdict(report), ts=ts, positions=state.margin.positions)


def _margin_of(report: PositionReport, ts: int) -> PositionMargin:
    return PositionMargin(
        qty=report.qty, leverage=report.leverage, liq_price=report.liq_price, ts=ts
    )
