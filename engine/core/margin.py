"""What the venue said last of an account's money, and of where its positions are liquidated.

Heard, like every answer of a venue: a restart asks again. `ts` is our clock (unix ns), when it was
asked for or came; 0 is never.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

import msgspec

from engine.core.ledger.tracker import PositionTracker
from engine.core.limits import RiskLimits, to_ns
from engine.core.market import Quote


class PositionMargin(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One position's, of the `qty` that the venue showed.

    A `liq_price` that is None: no mark liquidates it.
    """

    qty: Decimal
    leverage: Decimal | None = None
    liq_price: Decimal | None = None
    ts: int = 0


class AccountMargin(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The account's, in USD; None is what was not told. `positions` are those held, by their key.

    Use the methods: what is too old, or is said of a position that is on the other side by now, is
    not known.
    """

    equity: Decimal | None = None
    margin_balance: Decimal | None = None
    initial_margin: Decimal | None = None
    maintenance_margin: Decimal | None = None
    ts: int = 0
    positions: dict[str, PositionMargin] = {}

    def is_fresh(self, now_ns: int, limits: RiskLimits) -> bool:
        """True where the totals were told, and no longer ago than a comparison may be."""
        return _is_fresh(self.ts, now_ns, limits)

    def equity_at(self, now_ns: int, limits: RiskLimits) -> Decimal | None:
        """Equity, where it is known and no older than a comparison may be."""
        return self.equity if self.is_fresh(now_ns, limits) else None

    def position(self, key: str, qty: Decimal) -> PositionMargin | None:
        """A position's that is `qty` now, however old it is."""
        found = self.positions.get(key)
        return found if found is not None and found.qty * qty > 0 else None

    def position_at(
        self, key: str, qty: Decimal, now_ns: int, limits: RiskLimits
    ) -> PositionMargin | None:
        """The same, where it is no older than a comparison may be."""
        found = self.position(key, qty)
        return found if found is not None and _is_fresh(found.ts, now_ns, limits) else None


def _is_fresh(ts: int, now_ns: int, limits: RiskLimits) -> bool:
    longest = limits.reconcile_age_s
    return ts > 0 and (longest is None or now_ns - ts <= to_ns(longest))


def liq_distance(liq_price: Decimal, mark: Decimal, net_qty: Decimal) -> Decimal:
    """How far the mark is from a liquidation price, as a part of it; below 0 it is past it.

    What is long on the whole is liquidated by a fall, also on the short side of a hedge; where
    that cannot be told it is as far either way.
    """
    distance = (mark - liq_price) / mark
    return distance if net_qty > 0 else -distance if net_qty < 0 else abs(distance)


class Nearness(NamedTuple):
    """How far a position's mark is from where it is liquidated, as a part of the mark."""

    distance: Decimal
    symbol: str
    key: str
    liq_price: Decimal


def nearnesses(
    margin: AccountMargin, positions: PositionTracker, quotes: Mapping[str, Quote]
) -> Iterator[Nearness]:
    """Every position that can be liquidated and has a mark, by the last price told, however old."""
    for key, position in positions.positions.items():
        held, quote = margin.position(key, position.qty), quotes.get(position.symbol)
        mark = None if quote is None else quote.reference
        if held is not None and held.liq_price is not None and mark:
            distance = liq_distance(held.liq_price, mark, positions.net_qty(position.symbol))
            yield Nearness(distance, position.symbol, key, held.liq_price)
