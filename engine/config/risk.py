"""The risk tables of an account: every limit that can be configured, and what they come to."""

from __future__ import annotations

from typing import Any

import msgspec

from engine.config import values
from engine.config.schema import Document, Each, KeyPath, Schema, Table
from engine.core.limits import RiskLimits

MAX_ORDERS_PER_S = 4_000
MAX_ORDERS_PER_S_SYMBOL = 250
MAX_REPEATED_FILLS = 60
MAX_REJECTS = 250
"""The engine remembers about as many submissions, fills and rejects to judge their pace by."""

_COUNT = values.whole(1, 100_000)
_SYMBOL_RISK: dict[str, Schema] = {
    "max_order_notional_usd": values.decimal_above_zero,
    "max_position_notional_usd": values.decimal_above_zero,
    "max_order_qty": values.decimal_above_zero,
    "price_collar": values.fraction,
    "quote_age_s": values.decimal_above_zero,
    "mark_age_s": values.decimal_above_zero,
    "mark_outlier": values.fraction,
    "drift_collar": values.fraction,
    "market_slippage": values.fraction,
    "max_open_orders_symbol": _COUNT,
    "max_inflight_symbol": _COUNT,
    "max_unknown_symbol": _COUNT,
    "orders_per_s_symbol": values.whole(1, MAX_ORDERS_PER_S_SYMBOL),
    "duplicate_window_s": values.decimal_above_zero,
    "repeated_fills": values.whole(1, MAX_REPEATED_FILLS),
    "check_reduce_only": values.boolean,
    "reject_burst": values.whole(1, MAX_REJECTS),
    "max_order_age_s": values.decimal_above_zero,
}
RISK: dict[str, Schema] = {
    **_SYMBOL_RISK,
    "symbols_allow": values.symbols,
    "reconcile_age_s": values.decimal_above_zero,
    "max_order_notional_ceiling_usd": values.decimal_above_zero,
    "max_gross_notional_usd": values.decimal_above_zero,
    "max_net_notional_usd": values.decimal_above_zero,
    "max_open_orders": _COUNT,
    "max_inflight": _COUNT,
    "max_unknown": _COUNT,
    "orders_per_s": values.whole(1, MAX_ORDERS_PER_S),
    "orders_per_min": values.whole(1, MAX_ORDERS_PER_S),
    "orders_per_day": values.whole(1, 1_000_000),
    "messages_per_fill": values.whole(1, 1_000_000),
    "deny_self_trade": values.boolean,
    "daily_loss_usd": values.decimal_above_zero,
    "daily_loss_kill_usd": values.decimal_above_zero,
    "drawdown_kill_usd": values.decimal_above_zero,
    "reject_kill": values.whole(1, MAX_REJECTS),
    "drift_age_s": values.decimal_above_zero,
    "drift_kill_s": values.decimal_above_zero,
    "cool_off_s": values.decimal_above_zero,
    "probation_s": values.decimal_above_zero,
    "symbols": Each(values.symbol, Table(_SYMBOL_RISK), str.upper),
}


def read_limits(
    defaults: RiskLimits, fields: dict[str, Any], path: KeyPath, document: Document
) -> RiskLimits:
    """The defaults with what is configured; a symbol takes the account's where it says nothing.

    A default's own narrower symbol limit gives way to what the file says for the whole account.
    Raises ConfigError when an order's limit is above what it may be raised to.
    """
    own = {key: value for key, value in fields.items() if key != "symbols"}
    account = msgspec.structs.replace(defaults, **own)
    inherited = {
        name: msgspec.structs.replace(limits, **own) for name, limits in defaults.symbols.items()
    }
    for symbol, changes in fields.get("symbols", {}).items():
        base = msgspec.structs.replace(inherited.get(symbol, account), symbols={})
        inherited[symbol] = msgspec.structs.replace(base, **changes)
    limits = msgspec.structs.replace(account, symbols=inherited)
    _check_ceiling(limits, path, document)
    return limits


def _check_ceiling(risk: RiskLimits, path: KeyPath, document: Document) -> None:
    ceiling = risk.max_order_notional_ceiling_usd
    if ceiling is None:
        return
    key = "max_order_notional_usd"
    for symbol, limits in {"": risk, **risk.symbols}.items():
        if getattr(limits, key) > ceiling:
            where = (*path, "symbols", symbol, key) if symbol else (*path, key)
            problem = f"it is above max_order_notional_ceiling_usd, {ceiling:f}; raise that, too"
            raise document.error(where, problem)
