"""Terms that most orders do without: what an order waits for, brings along, and may slip by.

A conditional order waits at the venue until a price has come (`Trigger`). An order may bring a
take-profit and a stop-loss for the position that it opens (`Attached`). A market order may say
how far from the market it fills at worst (`Slippage`).

bybit-exchange.github.io/docs/v5/order/create-order; FIX tags 1100 to 1110 for triggers.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

import msgspec

from engine.core.types import Side


class TriggerBy(StrEnum):
    """Which price is compared with a trigger (FIX tag 1107)."""

    LAST = "LastPrice"
    MARK = "MarkPrice"
    INDEX = "IndexPrice"


class TriggerDirection(StrEnum):
    """From which side the price must come (FIX tag 1109)."""

    RISES = "Rises"
    FALLS = "Falls"


class Trigger(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """The order waits until the price `by` rises, or falls, to `price`."""

    price: Decimal
    direction: TriggerDirection
    by: TriggerBy = TriggerBy.LAST

    def is_met(self, now: Decimal) -> bool:
        """True where the market is at the trigger already, or beyond it."""
        if self.direction is TriggerDirection.RISES:
            return now >= self.price
        return now <= self.price


class Exit(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One way out of a position: at market once the price `by` is at `price`, or with a limit."""

    price: Decimal
    by: TriggerBy = TriggerBy.LAST
    limit_price: Decimal | None = None


class Attached(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What an order brings to protect the position it opens.

    The exits close the whole position, or, `partial`, as much as the order has filled; only those
    may have a limit (Bybit `tpslMode` Full and Partial).
    """

    take_profit: Exit | None = None
    stop_loss: Exit | None = None
    partial: bool = False

    @property
    def exits(self) -> tuple[tuple[str, Exit], ...]:
        """Those that there are, each with what it is called."""
        both = (("take-profit", self.take_profit), ("stop-loss", self.stop_loss))
        return tuple((name, found) for name, found in both if found is not None)


class SlippageUnit(StrEnum):
    """What a slippage is counted in (Bybit `slippageToleranceType`)."""

    PERCENT = "Percent"
    TICKS = "TickSize"


class Slippage(msgspec.Struct, frozen=True, gc=False):
    """How far from the market a market order may fill at worst; the venue holds it to that."""

    unit: SlippageUnit
    value: Decimal

    def share(self, price: Decimal, tick_size: Decimal) -> Decimal:
        """The same as a fraction of `price`."""
        if self.unit is SlippageUnit.PERCENT:
            return self.value / 100
        return self.value * tick_size / price


def stop_direction(side: Side) -> TriggerDirection:
    """How a stop is triggered: a buy by a rising price, a sell by a falling one."""
    return TriggerDirection.RISES if side is Side.BUY else TriggerDirection.FALLS


def exits(
    take_profit: Exit | None, stop_loss: Exit | None, *, partial: bool = False
) -> Attached | None:
    """These exits as an order brings them; None without any. A limit makes them partial."""
    if take_profit is None and stop_loss is None:
        return None
    limited = any(one is not None and one.limit_price for one in (take_profit, stop_loss))
    return Attached(take_profit, stop_loss, partial or limited)
