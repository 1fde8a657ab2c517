"""Every limit there is: what value it takes, which way it is tighter, and whose it can be."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from enum import StrEnum

import msgspec

from engine.core.limits import LimitValue

LARGEST = Decimal(10) ** 12
"""No amount is more than this."""
MAX_COUNT = 100_000
MAX_A_DAY = 1_000_000
MAX_CLOCK_OFFSET_MS = 5_000
MAX_ORDERS_PER_S = 4_000
MAX_ORDERS_PER_S_SYMBOL = 250
MAX_REPEATED_FILLS = 60
MAX_REJECTS = 250
"""The engine remembers about as many submissions, fills and rejects to judge their pace by."""


class Kind(StrEnum):
    """What a limit's value is."""

    AMOUNT = "a number greater than 0"
    FRACTION = "a fraction between 0 and 1"
    COUNT = "a whole number"
    FLAG = "on or off"
    SYMBOLS = "a list of different symbols, at least one"


class LimitKey(msgspec.Struct, frozen=True, kw_only=True):
    """One key of `RiskLimits`.

    own      a market may have its own
    most     the largest count
    rising   more is tighter, as with a time to wait; else less is
    needed   it cannot be turned off
    fixed    only the configuration changes it
    """

    kind: Kind
    own: bool = False
    most: int = 0
    rising: bool = False
    needed: bool = False
    fixed: bool = False


def _amount(*, own: bool = False, rising: bool = False, needed: bool = False) -> LimitKey:
    return LimitKey(kind=Kind.AMOUNT, own=own, rising=rising, needed=needed)


def _fraction(*, own: bool = True, rising: bool = False, needed: bool = False) -> LimitKey:
    return LimitKey(kind=Kind.FRACTION, own=own, rising=rising, needed=needed)


def _count(most: int = MAX_COUNT, *, own: bool = False, needed: bool = False) -> LimitKey:
    return LimitKey(kind=Kind.COUNT, most=most, own=own, needed=needed)


LIMIT_KEYS: dict[str, LimitKey] = {
    "symbols_allow": LimitKey(kind=Kind.SYMBOLS),
    "reconcile_age_s": _amount(),
    "quote_age_s": _amount(own=True),
    "max_clock_offset_ms": _count(MAX_CLOCK_OFFSET_MS),
    "max_order_qty": _amount(own=True),
    "max_order_notional_usd": _amount(own=True, needed=True),
    "max_order_notional_ceiling_usd": LimitKey(kind=Kind.AMOUNT, fixed=True),
    "price_collar": _fraction(needed=True),
    "mark_age_s": _amount(own=True),
    "mark_outlier": _fraction(),
    "drift_collar": _fraction(),
    "market_slippage": _fraction(),
    "max_position_notional_usd": _amount(own=True, needed=True),
    "max_gross_notional_usd": _amount(),
    "max_net_notional_usd": _amount(),
    "max_leverage": _amount(),
    "max_margin_use": _fraction(own=False),
    "min_liq_distance": _fraction(rising=True),
    "max_open_orders": _count(needed=True),
    "max_open_orders_symbol": _count(own=True),
    "max_inflight": _count(),
    "max_inflight_symbol": _count(own=True),
    "max_unknown": _count(),
    "max_unknown_symbol": _count(own=True),
    "orders_per_s": _count(MAX_ORDERS_PER_S, needed=True),
    "orders_per_s_symbol": _count(MAX_ORDERS_PER_S_SYMBOL, own=True),
    "orders_per_min": _count(MAX_ORDERS_PER_S),
    "orders_per_day": _count(MAX_A_DAY),
    "duplicate_window_s": _amount(own=True, rising=True),
    "repeated_fills": _count(MAX_REPEATED_FILLS, own=True),
    "messages_per_fill": _count(MAX_A_DAY),
    "deny_self_trade": LimitKey(kind=Kind.FLAG),
    "check_reduce_only": LimitKey(kind=Kind.FLAG, own=True),
    "daily_loss_usd": _amount(),
    "daily_loss_kill_usd": _amount(),
    "drawdown_kill_usd": _amount(),
    "daily_loss_share": _fraction(own=False),
    "daily_loss_kill_share": _fraction(own=False),
    "drawdown_kill_share": _fraction(own=False),
    "liq_kill": _fraction(own=False, rising=True),
    "reject_burst": _count(MAX_REJECTS, own=True),
    "reject_kill": _count(MAX_REJECTS),
    "drift_age_s": _amount(),
    "drift_kill_s": _amount(),
    "max_order_age_s": _amount(own=True),
    "stop_warn_s": _amount(own=True),
    "stop_require_s": _amount(own=True),
    "cool_off_s": _amount(rising=True),
    "probation_s": _amount(rising=True),
    "loosen_after_s": _amount(rising=True, needed=True),
}
"""The table, in the order of `RiskLimits`."""


def fault(key: str, value: LimitValue) -> str:
    """What is wrong with `value` as this limit, with what would be right; empty for nothing."""
    spec = LIMIT_KEYS[key]
    if value is None:
        return f"{key} cannot be turned off" if spec.needed else ""
    if _FITS[spec.kind](spec, value):
        return ""
    bound = f" from 1 to {spec.most}" if spec.most else ""
    return f"{key} must be {spec.kind}{bound}"


def _is_amount(_spec: LimitKey, value: LimitValue) -> bool:
    return isinstance(value, Decimal) and value.is_finite() and 0 < value <= LARGEST


def _is_fraction(_spec: LimitKey, value: LimitValue) -> bool:
    return isinstance(value, Decimal) and value.is_finite() and 0 < value < 1


def _is_count(spec: LimitKey, value: LimitValue) -> bool:
    return type(value) is int and 1 <= value <= spec.most


def _is_list(_spec: LimitKey, value: LimitValue) -> bool:
    return isinstance(value, tuple) and 0 < len(value) == len(set(value))


_FITS: dict[Kind, Callable[[LimitKey, LimitValue], bool]] = {
    Kind.AMOUNT: _is_amount,
    Kind.FRACTION: _is_fraction,
    Kind.COUNT: _is_count,
    Kind.FLAG: lambda _spec, value: isinstance(value, bool),
    Kind.SYMBOLS: _is_list,
}


def is_looser(key: str, old: LimitValue, new: LimitValue) -> bool:
    """True when `new` lets something pass that `old` does not. None and False are no limit."""
    if old is None or old is False:
        return False
    if new is None or new is False:
        return True
    if isinstance(old, tuple) or isinstance(new, tuple):
        return not set(_listed(new)) <= set(_listed(old))
    return new < old if LIMIT_KEYS[key].rising else new > old


def is_far(key: str, old: LimitValue, new: LimitValue) -> bool:
    """True when a loosened number goes to more than twice what it was, or is turned off."""
    if not isinstance(old, Decimal | int) or isinstance(old, bool):
        return False
    if not isinstance(new, Decimal | int):
        return True
    return new * 2 < old if LIMIT_KEYS[key].rising else new > old * 2


def shown(value: LimitValue) -> str:
    """A limit's value in words."""
    if value is None or isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:f}" if isinstance(value, Decimal) else ", ".join(_listed(value))


def _listed(value: LimitValue) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else (str(value),)
