"""What a check says: approved, or denied by one rule. Each can become its event, and no other."""

from __future__ import annotations

from decimal import Decimal
from typing import TypeVar

import msgspec

from engine.core.commands import PlaceOrder
from engine.core.events import NewOrder, OrderDenied, OrderSubmitted
from engine.core.margin import AccountMargin

_E = TypeVar("_E", bound=NewOrder)


class Denial(msgspec.Struct, frozen=True):
    """Which rule refused, what it saw, its limit, and what it would have let pass."""

    code: str
    value: str
    limit: str = ""
    passes: str = ""


class Approved(msgspec.Struct, frozen=True, gc=False):
    """Proof that an order passed every check at `ts`; a market order may fill to `worst_price`.

    `position_index` is the side of a hedge that it belongs to, 0 in one-way mode.
    """

    order: PlaceOrder
    ts: int
    worst_price: Decimal | None = None
    position_index: int = 0

    def submitted(self) -> OrderSubmitted:
        """The event that lets the order out."""
        return _event(
            OrderSubmitted,
            self.ts,
            self.order,
            self.position_index,
            worst_price=self.worst_price,
        )


class Denied(msgspec.Struct, frozen=True, gc=False):
    """An order that stays here, and why; `reference` and `margin` are what it was measured by."""

    order: PlaceOrder
    ts: int
    denial: Denial
    reference: Decimal | None = None
    margin: AccountMargin | None = None

    def denied(self) -> OrderDenied:
        """The event that records the refusal."""
        denial = self.denial
        return _event(
            OrderDenied,
            self.ts,
            self.order,
            0,
            code=denial.code,
            value=denial.value,
            limit=denial.limit,
            passes=denial.passes,
            reference=self.reference,
            margin=self.margin,
        )


def _event(
    kind: type[_E],
    ts: int,
    order: PlaceOrder,
    position_index: int,
    **more: str | Decimal | AccountMargin | None,
) -> _E:
    """An event of this kind, with the order's terms."""
    return kind(
        ts=ts,
        command_id=order.command_id,
        client_order_id=order.client_order_id,
        symbol=order.symbol,
        side=order.side,
        qty=order.qty,
        price=order.price,
        type=order.type,
        time_in_force=order.time_in_force,
        post_only=order.post_only,
        reduce_only=order.reduce_only,
        by=order.by,
        position_index=position_index,
        trigger=order.trigger,
        attached=order.attached,
        slippage=order.slippage,
        **more,
    )
