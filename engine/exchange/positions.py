"""A derivative position at average cost, as the venue keeps it."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from engine.exchange.numbers import ZERO

DEFAULT_LEVERAGE = "10"
"""What a market is set to until its account says otherwise."""


class Position(msgspec.Struct, kw_only=True, gc=False):
    """A position in one market. `qty` is signed; money is in the settle coin.

    `idx` is 0 in one-way mode. In hedge mode a market has two: 1 is long or flat, 2 short or flat.
    """

    symbol: str
    settle: str
    idx: int = 0
    leverage: str = DEFAULT_LEVERAGE
    qty: Decimal = ZERO
    avg_price: Decimal = ZERO
    realised: Decimal = ZERO  # since the account began, fees included, as the venue shows it
    realised_now: Decimal = ZERO  # of the position that is open now
    open_fees: Decimal = ZERO  # paid for opening what is open now
    unrealised: Decimal = ZERO
    mark_price: Decimal = ZERO  # zero until the market has one
    created_ms: int = 0
    updated_ms: int = 0
    take_profit: str = "0"
    stop_loss: str = "0"
    seq: int = -1  # the venue's spelling of "never traded"

    def apply(self, signed_qty: Decimal, price: Decimal) -> tuple[Decimal, Decimal]:
        """Book a fill; returns how much of it closed the position, and the profit of that part."""
        held = self.qty
        self.qty = after = held + signed_qty
        if not held or (held > ZERO) == (signed_qty > ZERO):
            # Both products and the divisor have the same sign, which the quotient loses.
            self.avg_price = (held * self.avg_price + signed_qty * price) / after
            return ZERO, ZERO
        closed = min(abs(held), abs(signed_qty))
        gain = (price - self.avg_price) * closed
        if held < ZERO:
            gain = -gain
        if not after:
            self.avg_price = ZERO
        elif (after > ZERO) != (held > ZERO):
            self.avg_price = price
        return closed, gain

    def protect(self, kind: str, price: str) -> None:
        """Note the price of its TakeProfit or StopLoss; "0" is none."""
        if kind == "TakeProfit":
            self.take_profit = price
        else:
            self.stop_loss = price

    def revalue(self) -> Decimal:
        """Bring `unrealised` up to the mark; returns by how much it changed."""
        before = self.unrealised
        self.unrealised = (self.mark_price - self.avg_price) * self.qty if self.mark_price else ZERO
        return self.unrealised - before

    @property
    def price_now(self) -> Decimal:
        """The mark; what was paid until there is one."""
        return self.mark_price or self.avg_price

    @property
    def value(self) -> Decimal:
        """What is held is worth now, without a sign."""
        return abs(self.qty) * self.price_now

    def reducible(self, *, is_buy: bool) -> Decimal:
        """How much an order on that side could reduce."""
        return max(ZERO, -self.qty if is_buy else self.qty)

    def share_fee(self, fee: Decimal, qty: Decimal, closed: Decimal) -> tuple[Decimal, Decimal]:
        """Split a fill's fee; returns what closing it cost, and what opening that had cost.

        Call it after `apply`, with the fill's quantity and how much of it closed.
        """
        if not closed:
            self.open_fees += fee
            return ZERO, ZERO
        close_fee = fee * closed / qty
        held = abs(self.qty) if closed == qty else ZERO
        open_fee = self.open_fees * closed / (held + closed)
        self.open_fees += fee - close_fee - open_fee
        return close_fee, open_fee
