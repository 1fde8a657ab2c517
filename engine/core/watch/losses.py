"""How much was lost, in US dollars: since the UTC day began, and from the highest P&L."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from engine.core.activity import DAY_NS
from engine.core.context import Context
from engine.core.events import PnlMarked
from engine.core.ledger.pnl import totals
from engine.core.market import Quote
from engine.core.state import State
from engine.core.types import ZERO

DOLLARS = frozenset({"USDT", "USDC", "USD", ""})
"""Currencies counted as dollars; the empty one is of a market that nothing is known of yet."""
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


def _rate(currency: str, quotes: Mapping[str, Quote]) -> Decimal | None:
    if currency in DOLLARS:
        return Decimal(1)
    quote = quotes.get(f"{currency}USDT")
    return None if quote is None else quote.reference


def mark_pnl(state: State, context: Context) -> Iterator[PnlMarked]:
    """Write down where the day began, and the highest P&L so far, when either is news."""
    limits, mark = state.risk.limits, state.risk.pnl_mark
    if limits.daily_loss_usd is limits.daily_loss_kill_usd is limits.drawdown_kill_usd is None:
        return
    net = net_usd(state, context.quotes)
    if net is None:
        return
    day = context.now_ns // DAY_NS
    rise = (limits.drawdown_kill_usd or ZERO) * PEAK_STEP
    if mark is None or mark.day != day or net > mark.peak + rise:
        start = mark.start if mark is not None and mark.day == day else net
        peak = net if mark is None else max(net, mark.peak)
        yield PnlMarked(ts=context.now_ns, day=day, start=start, peak=peak)


def lost_today(state: State, context: Context) -> Decimal | None:
    """What the UTC day has cost so far, negative for a gain; None where that is not known."""
    mark, net = state.risk.pnl_mark, net_usd(state, context.quotes)
    return None if mark is None or net is None else mark.start - net


def lost_from_peak(state: State, context: Context) -> Decimal | None:
    """How far the P&L is below its highest; None where that is not known."""
    mark, net = state.risk.pnl_mark, net_usd(state, context.quotes)
    return None if mark is None or net is None else max(mark.peak, net) - net
