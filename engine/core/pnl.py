"""Profit and loss of an account: positions x marks, by currency. A view, nothing is stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

import msgspec

from engine.core.positions import Position
from engine.core.types import ZERO


class Totals(msgspec.Struct, kw_only=True):
    """Sums of one currency. None where any open position is unpriced: a part is not a total.

    `exposure` is the sum of absolute position values, long and short alike.
    """

    currency: str
    realized_pnl: Decimal = ZERO
    unrealized_pnl: Decimal | None = ZERO
    fees: Decimal = ZERO
    exposure: Decimal | None = ZERO

    @property
    def net_pnl(self) -> Decimal | None:
        """Realized + unrealized - fees."""
        if self.unrealized_pnl is None:
            return None
        return self.realized_pnl + self.unrealized_pnl - self.fees


def totals(
    positions: Iterable[Position], marks: Mapping[str, Decimal] | None = None
) -> dict[str, Totals]:
    """Totals by currency, at `marks` by symbol; where one is missing, at the position's own mark.

    Fees paid in a currency that is none of a position's own are in that currency's totals.
    """
    sums: dict[str, Totals] = {}
    for position in positions:
        mark = (marks or {}).get(position.symbol, position.mark_price)
        total = _of(sums, position.pnl_currency)
        total.realized_pnl += position.realized_pnl
        total.fees += position.fees
        total.unrealized_pnl = _plus(total.unrealized_pnl, position.unrealized_at(mark))
        total.exposure = _plus(total.exposure, position.exposure_at(mark))
        for currency, fee in position.foreign_fees().items():
            _of(sums, currency).fees += fee
    return sums


def _of(sums: dict[str, Totals], currency: str) -> Totals:
    return sums.setdefault(currency, Totals(currency=currency))


def _plus(total: Decimal | None, part: Decimal | None) -> Decimal | None:
    return None if total is None or part is None else total + part
