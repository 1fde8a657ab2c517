"""What narrows trading without anybody asking: the table, and what each of its lines looks at.

`TRIGGERS` says what is watched, how far each goes and whether it lifts by itself; nothing else ever
loosens but a person's release, which is refused for as long as its cause stands.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_FLOOR, Decimal
from operator import attrgetter

import msgspec

from engine.core.activity import count_since
from engine.core.context import Context
from engine.core.limits import RiskLimits, to_ns
from engine.core.margin import nearnesses
from engine.core.risk.terms import plain
from engine.core.state import State
from engine.core.trading import is_stricter
from engine.core.types import ZERO, Side, TradingState
from engine.core.watch.losses import lost_from_peak, lost_today, net_now

BURST_NS = 30_000_000_000
PAUSE_NS = 60_000_000_000
REJECTS_NS = 300_000_000_000
FILLS_NS = 60_000_000_000

Finding = tuple[str, str]
"""What was seen and what is allowed, in words."""
Find = Callable[[State, Context, str], Finding | None]
SHOWN = Decimal("0.0001")


class Trigger(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the table.

    find   what is wrong with the account, or with the symbol given; None when nothing is
    state  what it narrows trading to; HALTED is a kill, which cancels entry orders
    lifts  True where it ends by itself once its cause is gone; all others wait for a person
    """

    code: str
    key: str
    state: TradingState
    find: Find
    symbol: bool = False
    lifts: bool = False


def is_watching(limits: RiskLimits) -> bool:
    """True when any limit needs the watch."""
    every = (limits, *limits.symbols.values())
    keys = (*(trigger.key for trigger in TRIGGERS), "max_order_age_s", "stop_warn_s")
    return any(getattr(one, key) is not None for one in every for key in keys)


def standing_cause(state: State, context: Context, symbol: str = "") -> str:
    """What would narrow the account, or the symbol, again at once; empty for nothing."""
    found = strictest(state, context, symbol)
    return "" if found is None else reason_of(*found)


def strictest(state: State, context: Context, symbol: str) -> tuple[Trigger, Finding] | None:
    """The first trigger of the strictest kind that finds something."""
    found: tuple[Trigger, Finding] | None = None
    limits = state.risk.limits.for_symbol(symbol) if symbol else state.risk.limits
    for trigger in TRIGGERS:
        if trigger.symbol is not bool(symbol) or getattr(limits, trigger.key) is None:
            continue
        if found is not None and not is_stricter(trigger.state, found[0].state):
            continue
        finding = trigger.find(state, context, symbol)
        if finding is not None:
            found = trigger, finding
    return found


def reason_of(trigger: Trigger, finding: Finding) -> str:
    """Code, value and limit, as the event and the screens say it."""
    value, limit = finding
    return f"{trigger.code}: {value} (limit {limit})"


def lifts(reason: str, state: TradingState) -> bool:
    """True where a state that this reason brought about ends by itself with its cause."""
    code = reason.partition(":")[0]
    return state is TradingState.REDUCING and any(t.code == code and t.lifts for t in TRIGGERS)


def _above(fall: Decimal | None, limit: Decimal | None) -> Finding | None:
    if fall is None or limit is None or fall <= limit:
        return None
    return f"{fall:.2f}", f"{limit:f} USD"


def _percent(part: Decimal) -> str:
    return f"{plain(part * 100)} %"


def _daily_loss(state: State, context: Context, _symbol: str) -> Finding | None:
    return _above(lost_today(state, context), state.risk.limits.daily_loss_usd)


def _daily_loss_kill(state: State, context: Context, _symbol: str) -> Finding | None:
    return _above(lost_today(state, context), state.risk.limits.daily_loss_kill_usd)


def _drawdown(state: State, context: Context, _symbol: str) -> Finding | None:
    return _above(lost_from_peak(state, context), state.risk.limits.drawdown_kill_usd)


def _share(key: str, base: str, fall: Callable[[State, Context], Decimal | None]) -> Find:
    """A loss limit that is a part of equity; `base` is when that counts, in the P&L's mark."""

    def find(state: State, context: Context, _symbol: str) -> Finding | None:
        mark, share = state.risk.pnl_mark, getattr(state.risk.limits, key)
        equity = None if mark is None else getattr(mark, base)
        if equity is None or share is None:
            return None
        found = _above(fall(state, context), share * equity)
        if found is None:
            return None
        return found[0], f"{share * equity:.2f} USD, {_percent(share)} of {equity:.2f}"

    return find


def _no_base(base: str) -> Find:
    """A share of an equity that nobody knows cannot be told."""

    def find(state: State, _context: Context, _symbol: str) -> Finding | None:
        mark = state.risk.pnl_mark
        if not state.ready or (mark is not None and getattr(mark, base) is not None):
            return None
        return "equity is not known", "a known equity"

    return find


def _unheard(state: State, context: Context, _symbol: str) -> Finding | None:
    """Where positions are liquidated comes with the totals, whose age is that of both."""
    if not state.ready or state.margin.is_fresh(context.now_ns, state.risk.limits):
        return None
    return "margin was not told lately", "a known distance to liquidation"


def _near_liquidation(state: State, context: Context, _symbol: str) -> Finding | None:
    """The first position whose mark is nearer to where it is liquidated."""
    limit = state.risk.limits.liq_kill or ZERO  # the table asks only where it is on
    found = nearnesses(state.margin, state.positions, context.quotes)
    for near in sorted(found, key=attrgetter("key")):
        if near.distance < limit:
            part = _percent(near.distance.quantize(SHOWN, ROUND_FLOOR))
            return f"{near.key} {part} from {near.liq_price:f}", _percent(limit)
    return None


def _unpriced(state: State, context: Context, _symbol: str) -> Finding | None:
    if net_now(state, context) is not None:
        return None
    return "a position has no price", "a known loss"


def _drift_age(state: State, context: Context, limit: Decimal | None) -> Finding | None:
    if state.reconciled is None or limit is None:
        return None
    for drift in state.reconciled.drift:
        instrument = state.instruments.get(drift.symbol)
        step = Decimal(0) if instrument is None else instrument.qty_step
        age_ns = context.now_ns - drift.since_ts
        if abs(drift.qty) > step and age_ns > to_ns(limit):
            return f"{drift.symbol} {drift.qty:+f} for {age_ns / 1e9:.0f} s", f"{limit:f} s"
    return None


def _drift(state: State, context: Context, _symbol: str) -> Finding | None:
    return _drift_age(state, context, state.risk.limits.drift_age_s)


def _drift_kill(state: State, context: Context, _symbol: str) -> Finding | None:
    return _drift_age(state, context, state.risk.limits.drift_kill_s)


def _rejects(state: State, context: Context, _symbol: str) -> Finding | None:
    limit = state.risk.limits.reject_kill
    count = count_since(state.activity.rejects, context.now_ns - REJECTS_NS)
    return None if limit is None or count < limit else (f"{count} in 5 min", f"under {limit}")


def _reject_burst(state: State, context: Context, symbol: str) -> Finding | None:
    limit = state.risk.limits.for_symbol(symbol).reject_burst
    for reason, times in sorted(state.activity.rejects_of(symbol).items()):
        if limit is None or len(times) < limit:
            continue
        burst = times[-1] - times[-limit] <= BURST_NS
        if burst and context.now_ns - times[-1] < PAUSE_NS:
            return f"{limit} {reason} in 30 s", f"under {limit}"
    return None


def _stale(state: State, context: Context, symbol: str) -> Finding | None:
    limit = state.risk.limits.for_symbol(symbol).quote_age_s
    quote = context.quotes.get(symbol)
    age_ns = context.now_ns - (0 if quote is None else quote.ts)
    if limit is None or age_ns <= to_ns(limit):
        return None
    return "no market data" if quote is None else "market data too old", f"{limit:f} s"


def _repeated(state: State, context: Context, symbol: str) -> Finding | None:
    limit = state.risk.limits.for_symbol(symbol).repeated_fills
    for side in Side:
        filled = state.activity.filled_orders(symbol, side)
        count = count_since(filled, context.now_ns - FILLS_NS)
        if limit is not None and count > limit:
            return f"{count} {side} orders filled within a minute", str(limit)
    return None


def _no_stop(state: State, context: Context, symbol: str) -> Finding | None:
    limit, since_ts = state.risk.limits.for_symbol(symbol).stop_require_s, state.bare.get(symbol)
    if limit is None or since_ts is None or context.now_ns - since_ts <= to_ns(limit):
        return None
    return "no protective stop", f"{limit:f} s"


REDUCING, HALTED = TradingState.REDUCING, TradingState.HALTED
SHARES = (
    ("DAILY_LOSS", "daily_loss_share", REDUCING, "start_equity", lost_today),
    ("DAILY_LOSS", "daily_loss_kill_share", HALTED, "start_equity", lost_today),
    ("DRAWDOWN", "drawdown_kill_share", HALTED, "peak_equity", lost_from_peak),
)
"""Losses as shares: code, key, how far they go, the equity they are of, and what is measured."""
TRIGGERS: tuple[Trigger, ...] = (
    Trigger(code="DAILY_LOSS", key="daily_loss_usd", state=REDUCING, find=_daily_loss),
    Trigger(code="DAILY_LOSS", key="daily_loss_kill_usd", state=HALTED, find=_daily_loss_kill),
    Trigger(code="DRAWDOWN", key="drawdown_kill_usd", state=HALTED, find=_drawdown),
    *(
        Trigger(code=code, key=key, state=state, find=_share(key, base, fall))
        for code, key, state, base, fall in SHARES
    ),
    Trigger(code="LIQUIDATION", key="liq_kill", state=HALTED, find=_near_liquidation),
    *(
        Trigger(code="UNPRICED", key=key, state=REDUCING, find=_unpriced, lifts=True)
        for key in ("daily_loss_usd", "daily_loss_share")
    ),
    *(
        Trigger(code="NO_EQUITY", key=key, state=REDUCING, find=_no_base(base), lifts=True)
        for _, key, _, base, _ in SHARES
    ),
    Trigger(code="NO_EQUITY", key="liq_kill", state=REDUCING, find=_unheard, lifts=True),
    Trigger(code="REJECTS", key="reject_kill", state=HALTED, find=_rejects),
    Trigger(code="DRIFT", key="drift_age_s", state=REDUCING, find=_drift),
    Trigger(code="DRIFT", key="drift_kill_s", state=HALTED, find=_drift_kill),
    Trigger(
        code="REJECT_BURST",
        key="reject_burst",
        state=REDUCING,
        find=_reject_burst,
        symbol=True,
        lifts=True,
    ),
    Trigger(
        code="STALE_QUOTES",
        key="quote_age_s",
        state=REDUCING,
        find=_stale,
        symbol=True,
        lifts=True,
    ),
    Trigger(
        code="REPEATED_FILLS",
        key="repeated_fills",
        state=REDUCING,
        find=_repeated,
        symbol=True,
    ),
    Trigger(
        code="NO_STOP",
        key="stop_require_s",
        state=REDUCING,
        find=_no_stop,
        symbol=True,
        lifts=True,
    ),
)
"""What narrows trading by itself. A loss limit, a drawdown and a drift pass when they are reached
and act when they are exceeded; a number of rejects acts when it is reached."""
