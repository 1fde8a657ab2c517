"""Profit and loss of an account: positions x marks, by currency. A view, nothing is stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

import msgspec

from engine.core.instruments import Instrument
from engine.core.ledger.tracker import Position
from engine.core.types import ZERO, Category


class Totals(msgspec.Struct, kw_only=True):
    """Sums of one currency. None where any part of it is unpriced: a part is not a total.

    `exposure` is the sum of absolute position values, long and short alike. `is_estimated` is True
    while any figure rests on an inferred fill or on a fee that nobody has told yet.
    """

    currency: str
    realized_pnl: Decimal | None = ZERO
    unrealized_pnl: Decimal | None = ZERO
    fees: Decimal | None = ZERO
    funding: Decimal | None = ZERO
    exposure: Decimal | None = ZERO
    is_estimated: bool = False

    @property
    def net_pnl(self) -> Decimal | None:
        """Realized + unrealized - fees + funding; None when a part of it is unpriced."""
        realized, unrealized, fees, funding = (
            self.realized_pnl,
            self.unrealized_pnl,
            self.fees,
            self.funding,
        )
        if realized is None or unrealized is None or fees is None or funding is None:
            return None
        return realized + unrealized - fees + funding


FIGURES = ("realized_pnl", "unrealized_pnl", "fees", "funding", "exposure")


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
        _add(
            total,
            realized_pnl=position.realized_pnl,
            unrealized_pnl=position.unrealized_at(mark),
            fees=position.fees,
            funding=position.funding,
            exposure=position.exposure_at(mark),
        )
        total.is_estimated = total.is_estimated or position.is_estimated
        for currency, fee in position.foreign_fees().items():
            _add(_of(sums, currency), fees=fee)
    return sums


def convert(sums: Iterable[Totals], currency: str, rates: Mapping[str, Decimal]) -> Totals:
    """All sums in one currency. `rates` says what one unit of each other currency is worth in it.

    A figure of a currency without a rate leaves the whole figure unpriced, unless it is zero.
    """
    whole = Totals(currency=currency)
    for total in sums:
        rate = Decimal(1) if total.currency == currency else rates.get(total.currency)
        _add(whole, **{name: _at(getattr(total, name), rate) for name in FIGURES})
        whole.is_estimated = whole.is_estimated or total.is_estimated
    return whole


def conversion_rates(
    instruments: Iterable[Instrument], marks: Mapping[str, Decimal], currency: str
) -> dict[str, Decimal]:
    """What a coin is worth in `currency`, by its market in it: spot, else the perpetual."""
    rates: dict[str, Decimal] = {}
    for item in sorted(instruments, key=lambda item: (item.category is Category.SPOT, item.symbol)):
        mark = marks.get(item.symbol)
        if mark and item.quote == currency and item.category is not Category.INVERSE:
            rates[item.base] = mark
    return rates


def _of(sums: dict[str, Totals], currency: str) -> Totals:
    return sums.setdefault(currency, Totals(currency=currency))


def _add(total: Totals, **parts: Decimal | None) -> None:
    for name, part in parts.items():
        known = getattr(total, name)
        setattr(total, name, None if known is None or part is None else known + part)


def _at(part: Decimal | None, rate: Decimal | None) -> Decimal | None:
    if part is not None and not part:
        return ZERO
    return None if part is None or rate is None else part * rate
