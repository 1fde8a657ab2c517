"""Our P&L against the venue's own figures: the wallet, closed P&L, and what executions gained.

The venue's figures began before our journal did. Where both stood is noted once, as soon as two
answers in a row show the same difference (`PnlBaseline`); from then on whatever changes there must
change here. It is noted anew each day while everything agrees, so that the list of closed P&L to
ask for stays short; what does not agree keeps its old baseline, and stays in sight.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from engine.core.context import Context
from engine.core.decide.executions import decide_cash
from engine.core.events import PnlBaseline
from engine.core.reports import VenuePnl
from engine.core.requests import StartTimer, Step
from engine.core.state import State
from engine.core.status import PNL_TOLERANCE, PnlComparison, PnlFigure
from engine.core.types import NS, ZERO, Category

RENEW_AFTER_NS = 86_400 * NS
CONFIRM_AFTER_S = 1.0


def decide_pnl(state: State, report: VenuePnl, context: Context) -> Iterator[Step]:
    """Book the cash that a report shows, and note where both sides stand when it is time to."""
    state.pnl_unanswered = not report.complete
    if not report.complete:
        return
    baseline = state.pnl_baseline
    if baseline is not None and report.since_ts != baseline.ts:
        return  # an answer to a question from before the baseline
    if baseline is not None:
        for cash in report.cash:
            yield from decide_cash(state, cash, context)
    offsets = _offsets(state, report)
    settled = _same(offsets, state.offsets)
    state.offsets = offsets
    if baseline is None and not settled:
        yield StartTimer(kind="pnl", key="", after_s=CONFIRM_AFTER_S)
    elif baseline is None or (
        settled
        and report.sent_ts - baseline.ts >= RENEW_AFTER_NS
        and all(figure.agrees for figure in _figures(state, report, baseline))
    ):
        yield PnlBaseline(ts=report.sent_ts, balances=offsets, realized=_realized(state))


def compare_pnl(state: State, report: VenuePnl, before: PnlComparison) -> PnlComparison:
    """What a report, decided and folded into `state`, shows; `before` is the comparison before."""
    baseline = state.pnl_baseline
    if not report.complete or baseline is None:
        return PnlComparison(
            ts=before.ts,
            since_ts=before.since_ts,
            duration_s=report.duration_s,
            figures=before.figures,
            error=report.error if not report.complete else "",
        )
    if report.since_ts != baseline.ts:
        return PnlComparison(ts=report.sent_ts, since_ts=baseline.ts, duration_s=report.duration_s)
    seen = {(figure.what, figure.name): figure.difference for figure in before.figures}
    return PnlComparison(
        ts=report.sent_ts,
        since_ts=baseline.ts,
        duration_s=report.duration_s,
        figures=tuple(
            PnlFigure(
                what=figure.what,
                name=figure.name,
                ours=figure.ours,
                venue=figure.venue,
                confirmed=seen.get((figure.what, figure.name)) == figure.difference,
            )
            for figure in _figures(state, report, baseline)
        ),
    )


def wallet_changes(state: State) -> dict[str, Decimal]:
    """What everything that is booked has done to the wallet, by coin."""
    changes: dict[str, Decimal] = {}

    def add(currency: str, amount: Decimal) -> None:
        changes[currency] = changes.get(currency, ZERO) + amount

    for position in state.positions.positions.values():
        if position.category is Category.SPOT:
            add(position.base_currency, position.qty)
            add(position.pnl_currency, position.cash - position.fees)
        else:
            add(position.pnl_currency, position.realized_pnl - position.fees)
        for currency, fee in position.foreign_fees().items():
            add(currency, -fee)
    for entry_currency, _kind in state.cash.sums:
        changes.setdefault(entry_currency, ZERO)
    return {currency: amount + state.cash.total(currency) for currency, amount in changes.items()}


def _offsets(state: State, report: VenuePnl) -> dict[str, Decimal]:
    ours = wallet_changes(state)
    coins = sorted(report.balances.keys() | ours.keys())
    return {coin: report.balances.get(coin, ZERO) - ours.get(coin, ZERO) for coin in coins}


def _same(one: Mapping[str, Decimal], other: Mapping[str, Decimal] | None) -> bool:
    return other is not None and all(
        abs(one.get(coin, ZERO) - other.get(coin, ZERO)) <= PNL_TOLERANCE
        for coin in one.keys() | other.keys()
    )


def _figures(state: State, report: VenuePnl, baseline: PnlBaseline) -> list[PnlFigure]:
    figures = []
    ours = wallet_changes(state)
    for coin in sorted(report.balances.keys() | ours.keys()):
        change = report.balances.get(coin, ZERO) - baseline.balances.get(coin, ZERO)
        figures.append(PnlFigure(what="wallet", name=coin, ours=ours.get(coin, ZERO), venue=change))
    realized = _realized(state)
    for symbol in sorted(report.closed.keys() | realized.keys()):
        gained = realized.get(symbol, ZERO) - baseline.realized.get(symbol, ZERO)
        closed = report.closed.get(symbol, ZERO)
        if gained or closed:
            figures.append(PnlFigure(what="closed", name=symbol, ours=gained, venue=closed))
    for symbol, (venue, own) in sorted(state.positions.stated.items()):
        figures.append(PnlFigure(what="executions", name=symbol, ours=own, venue=venue))
    return figures


def _realized(state: State) -> dict[str, Decimal]:
    """Gross realized P&L by symbol; the venue keeps none of what spot sales have gained."""
    sums: dict[str, Decimal] = {}
    for position in state.positions.positions.values():
        if position.category is not Category.SPOT:
            sums[position.symbol] = sums.get(position.symbol, ZERO) + position.realized_pnl
    return sums
