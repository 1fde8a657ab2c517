"""Own working quantity by price, kept up to date order by order, for the ladder."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from engine.core.orders.machine import Order
from engine.core.types import ZERO, Side

Level = tuple[Side, Decimal]
"""A side of one price."""


class _Place(msgspec.Struct, frozen=True):
    """Where an order works, and with how much."""

    symbol: str
    level: Level
    qty: Decimal

    def is_where(self, other: _Place) -> bool:
        """True at the same level: most often an order was filled, and works on with less."""
        return self.level == other.level and self.symbol == other.symbol


class OwnLevels:
    """Open limit orders of each symbol by level. O(1) an update, whatever the number of orders."""

    def __init__(self) -> None:
        self._places: dict[str, _Place] = {}
        self._totals: dict[str, dict[Level, Decimal]] = {}
        self._ids: dict[tuple[str, Level], dict[str, None]] = {}

    def clear(self) -> None:
        """Forget every order."""
        self._places.clear()
        self._totals.clear()
        self._ids.clear()

    def update(self, order: Order) -> None:
        """Put `order` where it works now, in place of where it was."""
        order_id = order.client_order_id
        place = None
        if order.price is not None and order.is_open and not order.is_external:
            place = _Place(order.symbol, (order.side, order.price), order.leaves_qty)
        known = self._places.get(order_id)
        if place == known:
            return
        if known is not None and place is not None and known.is_where(place):
            self._places[order_id] = place
            self._totals[place.symbol][place.level] += place.qty - known.qty
            return
        if known is not None:
            self._remove(order_id, known)
        if place is not None:
            self._add(order_id, place)

    def quantities(self, symbol: str) -> Mapping[Level, Decimal]:
        """Own working quantity at each level of a symbol where there is any."""
        return self._totals.get(symbol, {})

    def order_ids(self, symbol: str, price: Decimal) -> tuple[str, ...]:
        """Own working orders at a price, both sides."""
        return tuple(id_ for side in Side for id_ in self._ids.get((symbol, (side, price)), ()))

    def _add(self, order_id: str, place: _Place) -> None:
        self._places[order_id] = place
        totals = self._totals.setdefault(place.symbol, {})
        totals[place.level] = totals.get(place.level, ZERO) + place.qty
        self._ids.setdefault((place.symbol, place.level), {})[order_id] = None

    def _remove(self, order_id: str, place: _Place) -> None:
        del self._places[order_id]
        totals = self._totals[place.symbol]
        ids = self._ids[(place.symbol, place.level)]
        del ids[order_id]
        if ids:
            totals[place.level] -= place.qty
        else:
            del totals[place.level]
            del self._ids[(place.symbol, place.level)]
