"""Orders that wait for a price: conditional orders, take-profits and stop-losses."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import msgspec

from engine.exchange.errors import Refusal

LAST_PRICE = "LastPrice"
TRIGGER_BY = (LAST_PRICE, "MarkPrice", "IndexPrice")
RISES, FALLS = 1, 2  # triggerDirection


class Condition(msgspec.Struct, kw_only=True, gc=False):
    """The price an order waits for, on which price, and from which side."""

    price: Decimal
    rises: bool
    by: str = LAST_PRICE

    def is_met(self, price: Decimal) -> bool:
        """True once the market has reached it."""
        return price >= self.price if self.rises else price <= self.price


def check_trigger_by(written: str) -> str:
    """Which price a request means; the last one where it does not say."""
    if written and written not in TRIGGER_BY:
        raise Refusal(10001, f"params error: triggerBy is one of {', '.join(TRIGGER_BY)}")
    return written or LAST_PRICE


def check_condition(condition: Condition, price_by: Callable[[str], Decimal]) -> None:
    """Refuse a condition that the market meets already, or cannot be compared with."""
    now = price_by(condition.by)
    if not now:
        raise Refusal(110118, "No market price yet")
    if condition.is_met(now):
        if condition.rises:
            raise Refusal(
                110092, f"expect Rising, but trigger_price[{condition.price}] <= current[{now}]"
            )
        raise Refusal(
            110093, f"expect Falling, but trigger_price[{condition.price}] >= current[{now}]"
        )
