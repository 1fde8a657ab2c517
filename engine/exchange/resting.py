"""Our resting orders in one market and side, by price and then by time."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable
from decimal import Decimal

from engine.exchange.orders import Order


class RestingSide:
    """Orders of one side. Methods that return orders return copies in the order they would fill."""

    def __init__(self, *, is_buy: bool) -> None:
        self._is_buy = is_buy
        self._by_price: dict[Decimal, dict[str, Order]] = {}
        self._prices: list[Decimal] = []  # ascending on both sides

    def __bool__(self) -> bool:
        return bool(self._prices)

    def add(self, order: Order) -> None:
        """Add behind the orders that already rest at its price."""
        orders = self._by_price.get(order.price)
        if orders is None:
            orders = self._by_price[order.price] = {}
            insort(self._prices, order.price)
        orders[order.order_id] = order

    def remove(self, order: Order) -> None:
        """Take out an order that rests here at its present price."""
        orders = self._by_price[order.price]
        del orders[order.order_id]
        if not orders:
            del self._by_price[order.price]
            del self._prices[bisect_left(self._prices, order.price)]

    def at(self, price: Decimal) -> list[Order]:
        """Orders at exactly `price`, oldest first."""
        orders = self._by_price.get(price)
        return list(orders.values()) if orders else []

    def through(self, price: Decimal) -> list[Order]:
        """Orders priced strictly better than `price`: buys above it, sells below, best first."""
        if self._is_buy:
            better = reversed(self._prices[bisect_right(self._prices, price) :])
            return self._orders(better)
        return self._orders(self._prices[: bisect_left(self._prices, price)])

    def all(self) -> list[Order]:
        """Every order, in no useful order."""
        return self._orders(self._prices)

    def _orders(self, prices: Iterable[Decimal]) -> list[Order]:
        return [order for price in prices for order in self._by_price[price].values()]
