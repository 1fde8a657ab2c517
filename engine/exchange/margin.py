"""What an account must set aside for its perpetuals, in cross margin as the venue counts it.

Initial margin is value over leverage: of a market the worse of its two sides, with every open order
of that side filled at its own price; in hedge mode of both. What reduces, or waits for its trigger,
adds nothing. Maintenance margin is one rate of the value held. Nothing is liquidated.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from decimal import Decimal

import msgspec

from engine.exchange.numbers import ONE, ZERO
from engine.exchange.orders import Order
from engine.exchange.positions import DEFAULT_LEVERAGE, Position

MAINTENANCE_RATE = Decimal("0.005")
"""Of the value of a position, whatever its market and size."""


class Working(msgspec.Struct, gc=False):
    """The value of what open orders of one market could still buy and sell."""

    buys: Decimal = ZERO
    sells: Decimal = ZERO


class MarketMargin(msgspec.Struct, gc=False):
    """One market's part, in its settle coin; `net` and `gross` are quantities held."""

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


NO_ORDERS = Working()
NO_MARGIN = MarketMargin()


class CoinMargin(msgspec.Struct, gc=False):
    """What the markets that settle in one coin need of it."""

    order_initial: Decimal = ZERO
    position_initial: Decimal = ZERO
    maintenance: Decimal = ZERO

    def replace(self, before: MarketMargin, after: MarketMargin) -> None:
        """One of them needs something else."""
        self.order_initial += after.order_initial - before.order_initial
        self.position_initial += after.position_initial - before.position_initial
        self.maintenance += after.maintenance - before.maintenance


class Needs:
    """What each market needs, worked out anew for those that have changed since the last look.

    Orders and marks change far more often than somebody looks, and must not wait for margin to be
    counted: whoever changes an order puts it into `orders`, by its id; whoever changes anything
    else of a market puts its symbol and settle coin into `markets`.
    """

    def __init__(
        self,
        held: Callable[[str], Iterable[Position]],
        leverage: Mapping[str, str],
        hedged: Container[str],
    ) -> None:
        self.orders: dict[str, Order] = {}
        self.markets: dict[str, str] = {}
        self._held = held
        self._leverage = leverage
        self._hedged = hedged
        self._working: dict[str, Working] = {}
        self._needed: dict[str, MarketMargin] = {}
        self._coins: dict[str, CoinMargin] = {}

    def margins(self, equity: Decimal, price_usd: Callable[[str], Decimal]) -> Margins:
        """What is needed now, beside what there is."""
        for order in self.orders.values():
            if order.instrument.category != "linear" or order.reduce_only:
                continue
            if order.locked or order.is_open:  # else it has come and gone since the last look
                self._count(order)
        self.orders.clear()
        for symbol, settle in self.markets.items():
            self._weigh(symbol, settle)
        self.markets.clear()
        return Margins(self._needed, self._coins, equity, price_usd)

    def _count(self, order: Order) -> None:
        """Bring a market's sums up to date with one of its orders."""
        instrument = order.instrument
        self.markets[instrument.symbol] = instrument.settle
        total = self._working.setdefault(instrument.symbol, Working())
        value = order.leaves * order.price if order.is_open and not order.is_waiting else ZERO
        if order.is_buy:
            total.buys += value - order.locked
        else:
            total.sells += value - order.locked
        order.locked = value

    def _weigh(self, symbol: str, settle: str) -> None:
        market = MarketMargin()
        for position in self._held(symbol):
            market.hold(position)
        leverage = Decimal(self._leverage.get(symbol, DEFAULT_LEVERAGE))
        working = self._working.get(symbol, NO_ORDERS)
        market.need(working, leverage, hedged=symbol in self._hedged)
        coin = self._coins.setdefault(settle, CoinMargin())
        coin.replace(self._needed.get(symbol, NO_MARGIN), market)
        self._needed[symbol] = market


class Margins:
    """What one account needs, and what it has: `equity`. All in USD but for what is of a coin."""

    def __init__(
        self,
        markets: Mapping[str, MarketMargin],
        coins: Mapping[str, CoinMargin],
        equity: Decimal,
        price_usd: Callable[[str], Decimal],
    ) -> None:
        self.equity = equity
        self.initial = self.maintenance = ZERO
        self._markets = markets
        self._price_usd = price_usd
        self._coins = coins
        for name, coin in coins.items():
            price = price_usd(name)
            self.initial += (coin.position_initial + coin.order_initial) * price
            self.maintenance += coin.maintenance * price

    def of_coin(self, coin: str) -> CoinMargin:
        """What is needed of one coin."""
        return self._coins.get(coin) or CoinMargin()

    def rate(self, margin: Decimal) -> Decimal:
        """Such a margin as a part of equity; all of it where nothing is left."""
        if self.equity > ZERO:
            return margin / self.equity
        return ONE if margin else ZERO

    def liquidation_price(self, position: Position) -> Decimal | None:
        """The mark at which equity is down to maintenance margin, all else held still.

        Both sides of a hedge have the same. None where nothing is held or no mark brings it about.
        """
        if not position.qty:
            return None
        market, price = self._markets.get(position.symbol), self._price_usd(position.settle)
        if market is None or not market.net or not price:
            return None
        slope = market.net - market.gross * MAINTENANCE_RATE
        if (slope > ZERO) is not (market.net > ZERO):
            return None
        found = position.price_now - (self.equity - self.maintenance) / price / slope
        return found if found > ZERO else None
