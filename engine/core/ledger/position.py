"""One position at average cost: what each execution and fee does to it, and what it is worth.

    linear, spot   value of a quantity = quantity x price, in quote
    inverse        value of a quantity = quantity / price, in base, to 18 decimals

Two figures are carried: `cash`, what all trading has paid and received, and `cost`, the value of
what is open at the prices it was opened at. What has been realized is the cash that the cost of
what is open does not explain. So nothing is lost to rounding: a position that is flat again has
realized exactly the cash that moved, and realized + unrealized is exactly cash and what is held.
Closing a part releases cost in proportion, to 18 decimals; an execution larger than what is open
closes it and opens the rest on the other side.

Fees and funding are counted apart from trading, fees by the currency they were paid in. A spot fee
in base shrinks the inventory: it is a sale of that much at the execution's price, whose proceeds
are the fee.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from engine.core.reports import FillEvent
from engine.core.types import ZERO, Category, Side

# Looking a member up through its class takes 100 ns on Python 3.11; these are needed every fill.
BUY = Side.BUY
INVERSE = Category.INVERSE

LAST_DIGIT = Decimal("1E-18")
"""What is divided is kept to this: finer than any venue, and sums of it are still exact."""
EXACT_BELOW = 10
"""Digits before the point with which 18 after it fill the 28 that decimals have."""


def settled(value: Decimal) -> Decimal:
    """What a division gave, to 18 decimals; what has fewer is left as it is."""
    if value.adjusted() >= EXACT_BELOW:
        return value
    rounded = value.quantize(LAST_DIGIT)
    return value if rounded == value else rounded


class Position(msgspec.Struct, kw_only=True):
    """One symbol's position. `qty` is signed, long positive; money is in `pnl_currency`.

    `fees` are positive when paid and include a base fee at its fill's price, while `fees_paid` has
    every fee in the currency it was paid in; `funding` is positive when received. `index` is 0 in
    one-way mode, 1 and 2 for the two sides of a hedge. `inferred_qty` (absolute) is what rests on
    status reports, not on executions yet; `assumed_fees` counts executions whose fee is not known.
    """

    symbol: str
    index: int = 0
    category: Category = Category.LINEAR
    base_currency: str = ""
    pnl_currency: str = ""
    qty: Decimal = ZERO
    cost: Decimal = ZERO
    cash: Decimal = ZERO
    avg_entry_price: Decimal | None = None
    fees: Decimal = ZERO
    funding: Decimal = ZERO
    fees_paid: dict[str, Decimal] = {}
    inferred_qty: Decimal = ZERO
    assumed_fees: int = 0
    mark_price: Decimal | None = None

    @property
    def realized_pnl(self) -> Decimal:
        """Gross result of what was closed: before fees and funding."""
        cost = -self.cost if self.category is INVERSE else self.cost
        return self.cash + cost or ZERO

    @property
    def is_estimated(self) -> bool:
        """True while a figure rests on an inferred fill or on a fee that nobody has told yet."""
        return bool(self.inferred_qty or self.assumed_fees)

    @property
    def unrealized_pnl(self) -> Decimal | None:
        """Gain of what is open at the mark, before fees; None when it is unpriced."""
        return self.unrealized_at(self.mark_price)

    @property
    def net_pnl(self) -> Decimal | None:
        """Realized + unrealized - fees + funding; None when what is open is unpriced."""
        unrealized = self.unrealized_pnl
        if unrealized is None:
            return None
        return self.realized_pnl + unrealized - self.fees + self.funding

    def unrealized_at(self, mark: Decimal | None) -> Decimal | None:
        """Gain of what is open if it were closed at `mark`; None without one, 0 when flat."""
        if not self.qty:
            return ZERO
        if not mark:
            return None
        value = self.value_at(self.qty, mark)
        # An inverse contract costs coins when its price falls: the same quantity is worth more.
        return self.cost - value if self.category is INVERSE else value - self.cost

    def exposure_at(self, mark: Decimal | None) -> Decimal | None:
        """Absolute value of what is open at `mark`; None without one, 0 when flat."""
        if not self.qty:
            return ZERO
        return abs(self.value_at(self.qty, mark)) if mark else None

    def value_at(self, qty: Decimal, price: Decimal) -> Decimal:
        """Value of a signed quantity at a price, in `pnl_currency`."""
        if self.category is not INVERSE:
            return qty * price
        return settled(qty / price) if price else ZERO

    def foreign_fees(self) -> dict[str, Decimal]:
        """Fees that `fees` leaves out: paid in a currency that is none of the market's own."""
        spot = self.category is Category.SPOT
        counted = (self.pnl_currency, self.base_currency) if spot else (self.pnl_currency,)
        return {name: fee for name, fee in self.fees_paid.items() if name not in counted}

    def base_fees(self) -> Decimal:
        """Quantity that fees paid in coins have taken from a spot holding."""
        if self.category is not Category.SPOT or self.base_currency == self.pnl_currency:
            return ZERO
        return self.fees_paid.get(self.base_currency, ZERO)

    def copy(self) -> Position:
        """A position that goes its own way from here."""
        return msgspec.structs.replace(self, fees_paid=dict(self.fees_paid))

    def book(self, fill: FillEvent) -> None:
        """Add one execution and its fee."""
        qty, fee = fill.qty, fill.fee
        self._trade(qty if fill.side is BUY else -qty, fill.price)
        if fill.fee_assumed:
            self.assumed_fees += 1
        elif fee:
            currency = fill.fee_currency
            paid = self.fees_paid.get(currency)
            if paid is self.fees:  # as nearly always, all fees so far were in the one currency
                self.fees = self.fees_paid[currency] = paid + fee
            else:
                self._charge(fee, currency, fill.price)

    def _trade(self, qty: Decimal, price: Decimal) -> None:
        inverse = self.category is INVERSE
        value = self.value_at(qty, price) if inverse else qty * price
        held = self.qty
        self.qty = now = held + qty
        if inverse:
            self.cash += value
        else:
            self.cash -= value
        if not held or held.is_signed() is qty.is_signed():
            self.cost += value
        elif not now:
            self.cost = ZERO
            self.avg_entry_price = None
            return
        elif now.is_signed() is held.is_signed():
            self.cost -= settled(self.cost * -qty / held)
            return  # the average stays
        else:
            self.cost = self.value_at(now, price)
        if inverse:
            self.avg_entry_price = now / self.cost if self.cost else price
        else:
            self.avg_entry_price = self.cost / now

    def _charge(self, fee: Decimal, currency: str, price: Decimal) -> None:
        if not self.pnl_currency:
            self.pnl_currency = currency
        currency = currency or self.pnl_currency
        paid = self.fees_paid.get(currency, ZERO)
        total = self.fees_paid[currency] = paid + fee
        if currency == self.pnl_currency:
            # Equal sums are one object: that is what `book` knows them by.
            self.fees = total if self.fees == paid else self.fees + fee
        elif self.category is Category.SPOT and currency == self.base_currency:
            self.fees += fee * price
            self._trade(-fee, price)


def is_same_market(one: Position, other: Position) -> bool:
    """True when both positions are measured alike: the kind of market, and its coins."""
    return (one.category, one.base_currency, one.pnl_currency) == (
        other.category,
        other.base_currency,
        other.pnl_currency,
    )
