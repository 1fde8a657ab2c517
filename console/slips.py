"""Is this size meant? What a slip of the hand looks like, beside a limit and beside the usual."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING

from engine.core.types import OrderState

if TYPE_CHECKING:
    from engine.core.orders.machine import Order

LARGE_SHARE = Decimal("0.5")
LARGE_MULTIPLE = 3
ORDERS_COUNTED = 20
ORDERS_NEEDED = 5
"""Fewer have no usual size."""
ORDERS_LOOKED_AT = 1_000
"""A market that was not traded for longer has no usual size either."""
_NEVER_SENT = frozenset({OrderState.DENIED, OrderState.REJECTED})


def recent_sizes(orders: Iterable[Order], symbol: str) -> list[Decimal]:
    """Quantities of our newest orders in this market, from all orders, newest first."""
    sizes = (
        order.qty
        for order in islice(orders, ORDERS_LOOKED_AT)
        if order.symbol == symbol and not order.is_external and order.state not in _NEVER_SENT
    )
    return list(islice(sizes, ORDERS_COUNTED))


def doubts(
    qty: Decimal, share: tuple[str, Decimal] | None, sizes: list[Decimal]
) -> tuple[str, ...]:
    """What speaks for a slip: the size beside `share` of a limit, and beside recent `sizes`."""
    return tuple(_doubts(qty, share, sizes))


def _doubts(qty: Decimal, share: tuple[str, Decimal] | None, sizes: list[Decimal]) -> Iterator[str]:
    if share is not None and share[1] > LARGE_SHARE:
        yield f"{share[1] * 100:.0f} % of {share[0]}"
    if len(sizes) < ORDERS_NEEDED:
        return
    ordered, middle = sorted(sizes), len(sizes) // 2
    usual = (ordered[middle] + ordered[~middle]) / 2
    if qty > usual * LARGE_MULTIPLE:
        yield f"{qty / usual:.1f} times the usual {usual.normalize():f}"
