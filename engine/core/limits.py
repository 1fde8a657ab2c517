"""Limits of one account: what the pre-trade checks compare an order with.

Amounts are in quote currency, taken as US dollars for the dollar coins; a limit is inclusive.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec


class RiskLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What an order, a symbol and the account may reach, with everything open at its worst case.

    max_order_notional_usd     value of one order
    max_position_notional_usd  value of one symbol's position, its open orders filled
    max_order_qty              quantity of one order; None leaves it to the venue's own maximum
    price_collar               fraction of the mark an order may reach past it (0.05 is 5 %)
    max_open_orders            open orders of the account
    orders_per_s               new orders and amends a second of the account

    `symbols` holds complete limits for the symbols that have their own; use `for_symbol`.
    """

    max_order_notional_usd: Decimal = Decimal(1_000_000)
    max_position_notional_usd: Decimal = Decimal(10_000_000)
    max_order_qty: Decimal | None = None
    price_collar: Decimal = Decimal("0.10")
    max_open_orders: int = 2_000
    orders_per_s: int = 1_000
    symbols: dict[str, RiskLimits] = {}

    def for_symbol(self, symbol: str) -> RiskLimits:
        """The limits that hold for `symbol`: its own, else the account's."""
        return self.symbols.get(symbol, self)


PAPER_LIMITS = RiskLimits()
"""Wide: on paper only a venue rule or a configured limit denies an order."""


def _live_limits() -> RiskLimits:
    account = RiskLimits(
        max_order_notional_usd=Decimal(1_000),
        max_position_notional_usd=Decimal(5_000),
        price_collar=Decimal("0.03"),
        max_open_orders=100,
        orders_per_s=5,
    )
    majors = msgspec.structs.replace(account, price_collar=Decimal("0.01"))
    symbols = dict.fromkeys(("BTCUSDT", "ETHUSDT"), majors)
    return msgspec.structs.replace(account, symbols=symbols)


LIVE_LIMITS = _live_limits()
"""Narrow: what a new account with real money starts with, until its owner writes other limits."""
