"""One position at average cost: what each execution and fee does to it, and what it is worth.

The cost of what is open is carried, not its average. Closing releases cost in proportion, so that
a position that is flat again has realized exactly the cash that went out and in, to 28 digits; an
execution that is larger than what is open closes it and opens the rest on the other side.

    linear, spot   value of a quantity = quantity x price, in quote
    inverse        value of a quantity = quantity / price, in base

Fees are counted apart from trading, by the currency they were paid in. A spot fee in base shrinks
the inventory: it is a sale of that much at the execution's price, whose proceeds are the fee.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from engine.core.reports import FillEvent
from engine.core.types import ZERO, Category, Side

# Looking a member up through its class takes 100 ns on Python 3.11; these are needed every fill.
BUY = Side.BUY
INVERSE = Category.INVERSE


class Position(msgspec.Struct, kw_only=True):
    """One symbol's position. `qty` is signed, long positive; money is in `pnl_currency`.

    `cost` is the signed value of what is open, at the prices it was opened at. `realized_pnl` is
    before fees; `fees` are positive when paid and include a base fee at its fill's price, while
    `fees_paid` has every fee in the currency it was paid in.
    """

    symbol: str
    category: Category = Category.LINEAR
    base_currency: str = ""
    pnl_currency: str = ""
    qty: Decimal = ZERO
    cost: Decimal = ZERO
    avg_entry_price: Decimal | None = None
    realized_pnl: Decimal = ZERO
    fees: Decimal = ZERO
    fees_paid: dict[str, Decimal] = {}
    mark_price: Decimal | None = None

    @property
    def unrealized_pnl(self) -> Decimal | None:
        """Gain of what is open at the mark, before fees; None when it is unpriced."""
        return self.unrealized_at(self.mark_price)

    @property
    def net_pnl(self) -> Decimal | None:
        """Realized + unrealized - fees; None when what is open is unpriced."""
        unrealized = self.unrealized_pnl
        return None if unrealized is None else self.realized_pnl + unrealized - self.fees

    def unrealized_at(self, mark: Decimal | None) -> Decimal | None:
        """Gain of what is open if it were closed at `mark`; None without one, 0 when flat."""
        if not self.qty:
            return ZERO
        return self._gain(self.cost, self.value_at(self.qty, mark)) if mark else None

    def exposure_at(self, mark: Decimal | None) -> Decimal | None:
        """Absolute value of what is open at `mark`; None without one, 0 when flat."""
        if not self.qty:
            return ZERO
        return abs(self.value_at(self.qty, mark)) if mark else None

    def value_at(self, qty: Decimal, price: Decimal) -> Decimal:
        """Value of a signed quantity at a price, in `pnl_currency`."""
        return qty / price if self.category is INVERSE else qty * price

    def foreign_fees(self) -> dict[str, Decimal]:
        """Fees that `fees` leaves out: paid in a currency that is none of the market's own."""
        counted = (self.pnl_currency, self.base_currency)
        return {name: fee for name, fee in self.fees_paid.items() if name not in counted}

    def book(self, fill: FillEvent) -> None:
        """Add one execution and its fee."""
        self._trade(fill.qty if fill.side is BUY else -fill.qty, fill.price)
        if fill.fee:
            self._charge(fill.fee, fill.fee_currency, fill.price)

    def _trade(self, qty: Decimal, price: Decimal) -> None:
        held = self.qty
        if not held or (held > ZERO) is (qty > ZERO):
            self._open(qty, price)
        elif abs(qty) < abs(held):
            self._close(-qty, self.cost * -qty / held, price)
        else:
            self._close(held, self.cost, price)
            self.avg_entry_price = None
            if qty != -held:
                self._open(qty + held, price)

    def _open(self, qty: Decimal, price: Decimal) -> None:
        self.qty += qty
        if self.category is INVERSE:
            self.cost += qty / price
            self.avg_entry_price = self.qty / self.cost
        else:
            self.cost += qty * price
            self.avg_entry_price = self.cost / self.qty

    def _close(self, qty: Decimal, cost: Decimal, price: Decimal) -> None:
        """Close the signed part `qty`, which was opened for `cost`; the average stays."""
        self.realized_pnl += self._gain(cost, self.value_at(qty, price))
        self.qty -= qty
        self.cost -= cost

    def _gain(self, cost: Decimal, value: Decimal) -> Decimal:
        # An inverse contract costs coins when its price falls: the same quantity is worth more.
        return cost - value if self.category is INVERSE else value - cost

    def _charge(self, fee: Decimal, currency: str, price: Decimal) -> None:
        self.pnl_currency = self.pnl_currency or currency
        currency = currency or self.pnl_currency
        self.fees_paid[currency] = self.fees_paid.get(currency, ZERO) + fee
        if currency == self.pnl_currency:
            self.fees += fee
        elif self.category is Category.SPOT and currency == self.base_currency:
            self.fees += fee * price
            self._trade(-fee, price)
