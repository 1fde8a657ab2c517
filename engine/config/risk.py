"""The risk tables of an account: every limit that can be configured, and what they come to."""

from __future__ import annotations

from typing import Any

import msgspec

from engine.config import values
from engine.config.schema import Document, Each, KeyPath, Schema, Table
from engine.core.limits import RiskLimits
from engine.core.limits.keys import LIMIT_KEYS, Kind, LimitKey


def _reader(spec: LimitKey) -> values.Reader:
    return values.whole(1, spec.most) if spec.kind is Kind.COUNT else _READERS[spec.kind]


_READERS: dict[Kind, values.Reader] = {
    Kind.AMOUNT: values.decimal_above_zero,
    Kind.FRACTION: values.fraction,
    Kind.FLAG: values.boolean,
    Kind.SYMBOLS: values.symbols,
}
_SYMBOL_RISK: dict[str, Schema] = {k: _reader(spec) for k, spec in LIMIT_KEYS.items() if spec.own}
RISK: dict[str, Schema] = {
    **{key: _reader(spec) for key, spec in LIMIT_KEYS.items()},
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
