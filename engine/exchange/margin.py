"""What an account must set aside for its perpetuals, in cross margin as the venue counts it.

Initial margin is value over leverage: of a market the worse of its two sides, with every open order
of that side filled at its own price; in hedge mode of both. What reduces, or waits for its trigger,
adds nothing. Maintenance margin is one rate of the value held. Nothing is liquidated.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from decimal import Decimal
from typing import NamedTuple

import msgspec

from engine.exchange.numbers import ONE, ZERO
from engine.exchange.orders import Order
from engine.exchange.positions import DEFAULT_LEVERAGE, Position

MAINTENANCE_RATE = Decimal("0.005")
"""Of the value of a position, whatever its market and size."""


class Working(msgspec.Struct, gc=False):
    """The value of what open orders of one market could still buy and sell."""

    settle: str
    buys: Decimal = ZERO
    sells: Decimal = ZERO


class WorkingOrders:
    """Sums over open orders, kept up to date from those that have `changed` since the last look.

    Orders change far more often than somebody looks, and must not wait for margin to be counted:
    whoever changes one puts it there, by its id.
    """

    def __init__(self) -> None:
        self.changed: dict[str, Order] = {}
        self._sums: dict[str, Working] = {}

    def by_symbol(self) -> Mapping[str, Working]:
        """The sums of every market that has had an order, as they are now."""
        for order in self.changed.values():
            if order.instrument.category == "linear" and not order.reduce_only:
                self._count(order)
        self.changed.clear()
        return self._sums

    def _count(self, order: Order) -> None:
        instrument = order.instrument
        total = self._sums.get(instrument.symbol)
        if total is None:
            total = self._sums[instrument.symbol] = Working(instrument.settle)
        value = order.leaves * order.price if order.is_open and not order.is_waiting else ZERO
        if order.is_buy:
            total.buys += value - order.locked
        else:
            total.sells += value - order.locked
        order.locked = value


class MarketMargin(msgspec.Struct, gc=False):
    """One market's part, in its settle coin; `net` and `gross` are quantities held."""

    settle: str
    net: Decimal = ZERO
    gross: Decimal = ZERO
    long: Decimal = ZERO
    short: Decimal = ZERO
    position_initial: Decimal = ZERO
    order_initial: Decimal = ZERO

    @property
    def maintenance(self) -> Decimal:
        """What must be left for what is held."""
        return (self.long + self.short) * MAINTENANCE_RATE

    def hold(self, position: Position) -> None:
        """Count a position at its mark."""
        self.net += position.qty
        self.gross += abs(position.qty)
        if position.qty > ZERO:
            self.long += position.value
        else:
            self.short += position.value

    def need(self, working: Working, leverage: Decimal, *, hedged: bool) -> None:
        """Work out what all that is held and open needs at this leverage."""
        held = self.long + self.short
        if hedged:
            worst = held + working.buys + working.sells
        else:
            net = self.long - self.short
            worst = max(net + working.buys, working.sells - net)
        self.position_initial = held / leverage
        self.order_initial = (worst - held) / leverage


class CoinMargin(NamedTuple):
    """What the markets that settle in one coin need of it."""

    order_initial: Decimal = ZERO
    position_initial: Decimal = ZERO
    maintenance: Decimal = ZERO


class Margins:
    """What one account needs, and what it has: `equity`. All in USD but for what is of a coin."""

    def __init__(
        self,
        markets: Mapping[str, MarketMargin],
        equity: Decimal,
        price_usd: Callable[[str], Decimal],
    ) -> None:
        self.equity = equity
        self.initial = self.maintenance = ZERO
        self._markets = markets
        self._price_usd = price_usd
        self._coins: dict[str, CoinMargin] = {}
        for market in markets.values():
            price, coin = price_usd(market.settle), self.of_coin(market.settle)
            self.initial += (market.position_initial + market.order_initial) * price
            self.maintenance += market.maintenance * price
            self._coins[market.settle] = CoinMargin(
                coin.order_initial + market.order_initial,
                coin.position_initial + market.position_initial,
                coin.maintenance + market.maintenance,
            )

    def of_coin(self, coin: str) -> CoinMargin:
        """What is needed of one coin."""
        return self._coins.get(coin, CoinMargin())

    def rate(self, margin: Decimal) -> Decimal:
        """Such a margin as a part of equity; all of it where nothing is left."""
        if self.equity > ZERO:
            return margin / self.equity
        return ONE if margin else ZERO

    def liquidation_price(self, position: Position) -> Decimal | None:
        """The mark at which equity is down to maintenance margin, all else held still.

        Both sides of a hedge have the same. None where no mark brings it about.
        """
        market, price = self._markets.get(position.symbol), self._price_usd(position.settle)
        if market is None or not market.net or not price:
            return None
        slope = market.net - market.gross * MAINTENANCE_RATE
        if (slope > ZERO) is not (market.net > ZERO):
            return None
        found = position.price_now - (self.equity - self.maintenance) / price / slope
        return found if found > ZERO else None


def weigh(
    positions: Iterable[Position],
    orders: WorkingOrders,
    leverage: Mapping[str, str],
    hedged: Container[str],
) -> dict[str, MarketMargin]:
    """Every market in which something is held or open, with what it needs."""
    markets: dict[str, MarketMargin] = {}
    for position in positions:
        if position.qty:
            if position.symbol not in markets:
                markets[position.symbol] = MarketMargin(position.settle)
            markets[position.symbol].hold(position)
    working = orders.by_symbol()
    for symbol, total in working.items():
        if symbol not in markets and (total.buys or total.sells):
            markets[symbol] = MarketMargin(total.settle)
    for symbol, market in markets.items():
        market.need(
            working.get(symbol) or Working(market.settle),
            Decimal(leverage.get(symbol, DEFAULT_LEVERAGE)),
            hedged=symbol in hedged,
        )
    return markets
