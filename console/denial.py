"""A denial in plain lines: the rule, what it saw, its limit, what would pass, the other limits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from console.format import separated

if TYPE_CHECKING:
    from engine.core.events import OrderDenied
    from engine.core.risk import Denial, Explanation, Reading

FIELDS = {
    "SYMBOL_NOT_ALLOWED": "symbol",
    "TICK_SIZE": "price",
    "PRICE_COLLAR": "price",
    "DRIFT_COLLAR": "price",
    "SELF_TRADE": "price",
    "QTY_STEP": "qty",
    "MIN_QTY": "qty",
    "MAX_QTY": "qty",
    "MIN_NOTIONAL": "qty",
    "MAX_ORDER_NOTIONAL": "qty",
    "MAX_POSITION": "qty",
    "MAX_GROSS": "qty",
    "MAX_NET": "qty",
    "MAX_LEVERAGE": "qty",
    "MAX_MARGIN_USE": "qty",
    "NOT_REDUCING": "reduce_only",
    "TRIGGER_SIDE": "trigger",
    "SLIPPAGE": "slippage",
}
"""Beside which field of a ticket a denial belongs; any other is about the order as a whole."""


def denial_line(denial: Denial | OrderDenied) -> str:
    """A denial in one line."""
    limit = f", limit {denial.limit}" if denial.limit else ""
    passes = f"; would pass: {denial.passes}" if denial.passes else ""
    return separated(f"{denial.code} {denial.value}{limit}{passes}")


def explanation_lines(explanation: Explanation) -> Iterator[str]:
    """The whole explanation; limits in the order they are judged, with how much of each is used."""
    order = explanation.order
    yield f"DENIED {order.code}"
    yield f"  value       {order.value}"
    yield f"  limit       {order.limit or '-'}"
    yield f"  would pass  {order.passes or '-'}"
    if order.reference is not None:
        yield f"  measured at {order.reference:f}"
    if explanation.readings:
        yield "LIMITS"
    for reading in explanation.readings:
        measured = f"{reading.value} of {reading.limit}{_share(reading)}"
        yield f"  {_mark(reading)} {reading.code:<22} {measured}"


def _mark(reading: Reading) -> str:
    return "ok" if reading.passed else "NO"


def _share(reading: Reading) -> str:
    return "" if reading.share is None else f"  {reading.share * 100:.1f} %"
