"""What an order must be before it can be measured at all: permitted, sane, and priceable."""

from __future__ import annotations

import re
from decimal import Decimal

from engine.core.commands import PlaceOrder
from engine.core.context import Context
from engine.core.limits import RiskLimits, to_ns
from engine.core.market import Quote
from engine.core.risk.shape import is_special, misshapen, numbers
from engine.core.risk.terms import Terms, plain, price_of, seconds
from engine.core.risk.verdict import Denial
from engine.core.state import State
from engine.core.status import BreakerStatus
from engine.core.types import ZERO, TradingState

CLIENT_ORDER_ID = re.compile(r"[A-Za-z0-9_-]{1,36}")
"""What the venue accepts as our id (bybit: orderLinkId)."""
_is_id = CLIENT_ORDER_ID.fullmatch
REDUCE_ONLY = "reduce-only orders"
MS = 1_000_000
CLOCK_AGE_NS = 600_000 * MS
"""A measurement of the venue's clock counts as long; several are made in that time."""
MAX_EXPONENT, MIN_EXPONENT = 12, -18
HALTED, REDUCING = TradingState.HALTED, TradingState.REDUCING
"""Looking a member up through its class takes 100 ns on Python 3.11; it is needed every order."""
LEAST, BEYOND = Decimal(1).scaleb(MIN_EXPONENT), Decimal(1).scaleb(MAX_EXPONENT + 1)
"""Numbers outside 1e12 and 1e-18 are slips or attacks, whatever the instrument says."""


def admit(
    state: State, order: PlaceOrder, context: Context, *, held: Decimal = ZERO
) -> Terms | Denial:
    """The order with what it is measured by, or what speaks against it before that."""
    limits = state.risk.limits
    denial = (
        _permission(state, order, context)
        or _allowed(limits.symbols_allow, order.symbol)
        or _named(order)
    )
    if denial is not None:
        return denial
    instrument = state.instruments.get(order.symbol)
    if instrument is None or not instrument.trading:
        return Denial("UNKNOWN_SYMBOL", order.symbol, ", ".join(sorted(state.instruments)))
    own = limits.for_symbol(order.symbol)
    quote = context.quotes.get(order.symbol)
    denial = (
        _numbers(order)
        or misshapen(order, instrument)
        or _old(quote, own, context.now_ns)
        or _odd(quote, own)
    )
    if denial is not None:
        return denial
    reference = quote.reference if quote is not None else None
    if quote is None or reference is None or not reference.is_finite() or reference <= ZERO:
        return Denial("NO_REFERENCE_PRICE", order.symbol, "a mark price or a book")
    price = price_of(order, reference)
    return Terms(state, order, context, instrument, quote, reference, price, own, held)


def _permission(state: State, order: PlaceOrder, context: Context) -> Denial | None:
    trading = state.trading_of(order.symbol)
    if trading is HALTED:
        reason = state.narrowing_of(order.symbol).reason
        return Denial("HALTED", reason or "trading is halted", "release first", "cancels")
    if trading is REDUCING and not order.reduce_only:
        return Denial("REDUCING", "order adds exposure", REDUCE_ONLY, REDUCE_ONLY)
    join = context.join
    if not join.joined:
        error = join.error or "no answer yet"
        return Denial(
            "VENUE_AWAY", f"{join.state}: {error}", join.outlook(context.now_ns), "cancels"
        )
    if not state.ready:
        return Denial("RECONCILING", "the account is being compared with the venue", "wait")
    if order.reduce_only:
        return None
    if context.breaker is not None:
        return _unanswered(context.breaker, context.now_ns)
    limits = state.risk.limits
    return _compared(limits, context) or _clock(limits, context)


def _unanswered(breaker: BreakerStatus, now_ns: int) -> Denial:
    """The router would keep it, too; here the denial is an event and nothing has left."""
    value = f"{breaker.name}: {breaker.reason}"
    return Denial("BREAKER_OPEN", value, breaker.next_probe(now_ns), REDUCE_ONLY)


def _compared(limits: RiskLimits, context: Context) -> Denial | None:
    longest = limits.reconcile_age_s
    age_ns = context.now_ns - context.compared_ns
    if longest is None or age_ns <= to_ns(longest):
        return None
    age = seconds(age_ns) if context.compared_ns else "never"
    return Denial("RECONCILE_AGE", age, f"{longest} s", REDUCE_ONLY)


def _clock(limits: RiskLimits, context: Context) -> Denial | None:
    """A clock that is far from the venue's, or was not measured lately, ages nothing rightly."""
    most, clock = limits.max_clock_offset_ms, context.clock
    if most is None:
        return None
    known = clock.ts and 0 <= context.now_ns - clock.ts <= CLOCK_AGE_NS
    if known and abs(clock.offset_ns) <= most * MS:
        return None
    value = f"{clock.offset_ns / MS:+.1f} ms" if known else "not measured lately"
    return Denial("CLOCK_OFFSET", value, f"{most} ms", REDUCE_ONLY)


def _allowed(allowed: tuple[str, ...] | None, symbol: str) -> Denial | None:
    if allowed is None or symbol in allowed:
        return None
    listed = ", ".join(sorted(allowed)) or "none"
    return Denial("SYMBOL_NOT_ALLOWED", symbol, listed, listed)


def _named(order: PlaceOrder) -> Denial | None:
    if _is_id(order.client_order_id):
        return None
    return Denial("BAD_ID", order.client_order_id[:40], "1 to 36 of A-Z a-z 0-9 _ -")


def _numbers(order: PlaceOrder) -> Denial | None:
    qty, price = order.qty, order.price
    if not is_special(order) and _is_sane(qty) and (price is None or _is_sane(price)):
        return None
    for name, number in numbers(order):
        if number is None or _is_sane(number):
            continue
        if not number.is_finite() or number <= 0:
            return Denial("BAD_NUMBER", f"{name} {number}", "greater than 0")
        return Denial("BAD_NUMBER", f"{name} {number:.3E}", "between 1E-18 and 1E+12")
    return None


def _is_sane(number: Decimal) -> bool:
    return number.is_finite() and LEAST <= number < BEYOND


def _old(quote: Quote | None, limits: RiskLimits, now_ns: int) -> Denial | None:
    """Market data that is too old measures nothing: a price that was right is not one."""
    if limits.quote_age_s is limits.mark_age_s is None:
        return None
    ages = (
        ("STALE_QUOTE", limits.quote_age_s, 0 if quote is None else quote.ts),
        ("STALE_MARK", limits.mark_age_s, 0 if quote is None else quote.mark_ts),
    )
    for code, longest, ts in ages:
        if longest is not None and now_ns - ts > to_ns(longest):
            age = seconds(now_ns - ts) if ts else "none yet"
            return Denial(code, age, f"{longest} s", "wait for market data")
    return None


def _odd(quote: Quote | None, limits: RiskLimits) -> Denial | None:
    """A mark far from where the market trades is somebody's mistake; it measures nothing."""
    outlier = limits.mark_outlier
    if quote is None or outlier is None or quote.mark is None or quote.mid is None:
        return None
    if abs(quote.mark - quote.mid) <= quote.mid * outlier:
        return None
    allowed = f"within {plain(outlier * 100)} % of {plain(quote.mid)}"
    return Denial("BAD_MARK", plain(quote.mark), allowed, "wait for mark and book to agree")
