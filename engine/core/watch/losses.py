"""How much was lost, in US dollars: since the UTC day began, and from the highest P&L.

Shares of equity are of what it was at these two moments.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from engine.core.activity import DAY_NS
from engine.core.context import Context
from engine.core.events import PnlMarked
from engine.core.ledger.pnl import totals
from engine.core.limits import RiskLimits
from engine.core.market import Quote
from engine.core.state import State
from engine.core.types import ZERO

DOLLARS = frozenset({"USDT", "USDC", "USD", ""})
"""Currencies counted as dollars; the empty one is of a market that nothing is known of yet."""
LOSSES = ("daily_loss_usd", "daily_loss_kill_usd", "drawdown_kill_usd")
SHARES = ("daily_loss_share", "daily_loss_kill_share", "drawdown_kill_share")
PEAK_STEP = Decimal("0.001")
"""A new peak is written down when it is higher by this part of the drawdown that is allowed."""


def net_usd(state: State, quotes: Mapping[str, Quote]) -> Decimal | None:
    """Net P&L of the account since its journal began; None while any part of it has no price."""
    marks = {symbol: quote.mark for symbol, quote in quotes.items() if quote.mark is not None}
    net = ZERO
    for currency, total in totals(state.positions.positions.values(), marks).items():
        part, rate = total.net_pnl, _rate(currency, quotes)
        if part == 0:
            continue
        if part is None or rate is None:
            return None
        net += part * rate
    return net


def net_now(state: State, context: Context) -> Decimal | None:
    """`net_usd` at the prices of this decision; every line of the watch's table asks for it."""
    nets = context.nets
    if state.seq not in nets:
        nets[state.seq] = net_usd(state, context.quotes)
    return nets[state.seq]


def _rate(currency: str, quotes: Mapping[str, Quote]) -> Decimal | None:
    if currency in DOLLARS:
        return Decimal(1)
    quote = quotes.get(f"{currency}USDT")
    return None if quote is None else quote.reference


def mark_pnl(state: State, context: Context) -> Iterator[PnlMarked]:
    """Write down where the day began, and the highest P&L so far, when either is news.

    So is the equity of these moments, once it is known.
    """
    limits, mark = state.risk.limits, state.risk.pnl_mark
    if not _limits(limits, LOSSES + SHARES):
        return
    net = net_now(state, context)
    if net is None:
        return
    equity = None
    if _limits(limits, SHARES):
        equity = state.margin.equity_at(context.now_ns, limits)
    day = context.now_ns // DAY_NS
    same_day = mark is not None and mark.day == day
    start = mark.start if mark is not None and same_day else net
    peak = net if mark is None else max(net, mark.peak)
    start_equity = mark.start_equity if mark is not None and same_day else None
    peak_equity = mark.peak_equity if mark is not None and peak == mark.peak else None
    learned = False
    if equity is not None:
        learned = mark is not None and None in (mark.start_equity, mark.peak_equity)
        # What has been gained or lost since was not there then.
        start_equity = equity - (net - start) if start_equity is None else start_equity
        peak_equity = equity + (peak - net) if peak_equity is None else peak_equity
    if mark is None or not same_day or learned or net > mark.peak + _rise(limits, mark):
        yield PnlMarked(
            ts=context.now_ns,
            day=day,
            start=start,
            peak=peak,
            start_equity=start_equity,
            peak_equity=peak_equity,
        )


def _limits(limits: RiskLimits, keys: tuple[str, ...]) -> bool:
    """True where any of these limits is on."""
    return any(getattr(limits, key) is not None for key in keys)


def _rise(limits: RiskLimits, mark: PnlMarked) -> Decimal:
    """How much higher a peak must be to be news."""
    allowed = [limits.drawdown_kill_usd or ZERO]
    if limits.drawdown_kill_share is not None and mark.peak_equity is not None:
        allowed.append(limits.drawdown_kill_share * mark.peak_equity)
    return min((one for one in allowed if one > ZERO), default=ZERO) * PEAK_STEP


def lost_today(state: State, context: Context) -> Decimal | None:
    """What the UTC day has cost so far, negative for a gain; None where that is not known."""
    mark, net = state.risk.pnl_mark, net_now(state, context)
    return None if mark is None or net is None else mark.start - net


def lost_from_peak(state: State, context: Context) -> Decimal | None:
    """How far the P&L is below its highest; None where that is not known."""
    mark, net = state.risk.pnl_mark, net_now(state, context)
    return None if mark is None or net is None else max(mark.peak, net) - net
