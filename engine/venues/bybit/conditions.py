"""Triggers, take-profits, stop-losses and slippage of Bybit v5: into bodies, out of rows.

bybit-exchange.github.io/docs/v5/order/create-order. What is not set is spelled in many ways: "",
"0", "0.00" and UNKNOWN all mean that there is none.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from engine.core.orders.terms import (
    Attached,
    Exit,
    Slippage,
    Trigger,
    TriggerBy,
    TriggerDirection,
    stop_direction,
)
from engine.core.types import Category, OrderType, Side
from engine.venues.bybit.numbers import price_or_none, wire
from engine.venues.bybit.rows import OrderRow
from engine.venues.text import sanitise

CONDITIONAL = "StopOrder"
"""The `orderFilter` of conditional orders: on spot they are a kind of their own."""
_DIRECTIONS = {TriggerDirection.RISES: 1, TriggerDirection.FALLS: 2}
_RISES = {number: direction for direction, number in _DIRECTIONS.items()}
_BY = {str(by): by for by in TriggerBy}
_PLACED = frozenset({"", "CreateByUser", "CreateByStopOrder"})
"""How `createType` says that somebody placed the order; everything else the venue made."""
_NO_KIND = frozenset({"", "UNKNOWN"})
_PROTECTING = frozenset(
    {"TakeProfit", "StopLoss", "TrailingStop", "PartialTakeProfit", "PartialStopLoss"}
)
"""Kinds of `stopOrderType` that belong to a position, whoever the row says created them."""


def trigger_fields(trigger: Trigger, category: Category) -> dict[str, Any]:
    """The fields of a body that make an order wait. Spot knows one price and both directions."""
    fields: dict[str, Any] = {"trigger_price": wire(trigger.price)}
    if category is Category.SPOT:
        return fields | {"order_filter": CONDITIONAL}
    return fields | {
        "trigger_direction": _DIRECTIONS[trigger.direction],
        "trigger_by": trigger.by,
    }


def attached_fields(attached: Attached, category: Category) -> dict[str, Any]:
    """The fields of a body that bring a take-profit, a stop-loss, or both."""
    fields: dict[str, Any] = {}
    if category is not Category.SPOT:
        fields["tpsl_mode"] = "Partial" if attached.partial else "Full"
    for prefix, name, out in (
        ("tp", "take_profit", attached.take_profit),
        ("sl", "stop_loss", attached.stop_loss),
    ):
        if out is None:
            continue
        fields[name] = wire(out.price)
        fields[f"{prefix}_order_type"] = OrderType.MARKET
        if category is not Category.SPOT:
            fields[f"{prefix}_trigger_by"] = out.by
        if out.limit_price is not None:
            fields[f"{prefix}_order_type"] = OrderType.LIMIT
            fields[f"{prefix}_limit_price"] = wire(out.limit_price)
    return fields


def slippage_fields(slippage: Slippage) -> dict[str, Any]:
    """The fields of a body that bound how far a market order slips."""
    return {
        "slippage_tolerance_type": slippage.unit,
        "slippage_tolerance": wire(slippage.value),
    }


def trigger_of(row: OrderRow, side: Side) -> Trigger | None:
    """What the row's order waits, or has waited, for. Raises ValueError for a price that is none.

    A row that does not say from which side means a stop's.
    """
    price = price_or_none(row.trigger_price)
    if price is None:
        return None
    direction = _RISES.get(row.trigger_direction or 0, stop_direction(side))
    return Trigger(price, direction, _BY.get(row.trigger_by or "", TriggerBy.LAST))


def attached_of(row: OrderRow) -> Attached | None:
    """What the row's order brings. Raises ValueError for a price that is none."""
    take_profit = _exit(row.take_profit, row.tp_trigger_by, row.tp_limit_price)
    stop_loss = _exit(row.stop_loss, row.sl_trigger_by, row.sl_limit_price)
    if take_profit is None and stop_loss is None:
        return None
    return Attached(take_profit, stop_loss, row.tpsl_mode == "Partial")


def _exit(price: str | None, by: str | None, limit_price: str | None) -> Exit | None:
    at: Decimal | None = price_or_none(price)
    if at is None:
        return None
    return Exit(at, _BY.get(by or "", TriggerBy.LAST), price_or_none(limit_price))


def made_as(row: OrderRow) -> str:
    """What the venue made the order for, like StopLoss or Liq; empty where somebody placed it."""
    made, kind = row.create_type or "", row.stop_order_type or ""
    if made in _PLACED and kind not in _PROTECTING:
        return ""
    return sanitise(made.removeprefix("CreateBy") if kind in _NO_KIND else kind, 40)
