"""Place, amend and cancel: from a request's fields to the book."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import ROUND_DOWN, ROUND_UP, Decimal

import msgspec

from engine.exchange.account import Account, MarketKey
from engine.exchange.checks import (
    UNCHANGED,
    check_category,
    check_link_id,
    check_notional,
    check_price,
    check_qty,
    refusal,
    select,
)
from engine.exchange.errors import Refusal
from engine.exchange.ids import Ids
from engine.exchange.instruments import Instrument
from engine.exchange.matching import Market
from engine.exchange.numbers import ONE, ZERO, text
from engine.exchange.orders import BY_USER, Order

SIDES = ("Buy", "Sell")
TIMES_IN_FORCE = ("GTC", "IOC", "FOK", "PostOnly")
MARKET_PROTECTION = Decimal("0.05")  # how far from the last price a market order may trade


class Place(msgspec.Struct, kw_only=True):
    """Body of order/create."""

    category: str = ""
    symbol: str = ""
    side: str = ""
    orderType: str = ""
    qty: str = ""
    price: str = ""
    timeInForce: str = ""
    orderLinkId: str = ""
    positionIdx: int = 0
    reduceOnly: bool = False
    marketUnit: str = ""
    triggerPrice: str = ""
    takeProfit: str = ""
    stopLoss: str = ""


class Amend(msgspec.Struct, kw_only=True):
    """Body of order/amend; empty fields stay as they are."""

    category: str = ""
    symbol: str = ""
    orderId: str = ""
    orderLinkId: str = ""
    qty: str = ""
    price: str = ""
    triggerPrice: str = ""
    takeProfit: str = ""
    stopLoss: str = ""


class Cancel(msgspec.Struct, kw_only=True):
    """Body of order/cancel."""

    category: str = ""
    symbol: str = ""
    orderId: str = ""
    orderLinkId: str = ""
    orderFilter: str = "Order"


class CancelAll(msgspec.Struct, kw_only=True):
    """Body of order/cancel-all."""

    category: str = ""
    symbol: str = ""
    baseCoin: str = ""
    settleCoin: str = ""
    orderFilter: str = ""
    stopOrderType: str = ""


class Trading:
    """The order entry of the exchange. Every method raises `Refusal` as the venue would."""

    def __init__(
        self,
        markets: Mapping[MarketKey, Market],
        ids: Ids,
        now_ns: Callable[[], int],
        *,
        max_open_orders: int,
    ) -> None:
        self._markets = markets
        self._ids = ids
        self._now_ns = now_ns
        self._max_open_orders = max_open_orders

    def market(self, category: str, symbol: str) -> Market:
        """The market of that name."""
        found = self._markets.get((category, symbol))
        if found is None:
            check_category(category)
            raise refusal("symbol", category)
        return found

    def place(self, account: Account, request: Place) -> Order:
        """Check an order as the venue does and let it meet the book."""
        market = self.market(request.category, request.symbol)
        _check_words(request)
        closes = _check_mode(account, market.instrument, request)
        request.reduceOnly = request.reduceOnly or closes
        _check_supported(request.triggerPrice, request.takeProfit, request.stopLoss)
        check_link_id(request.orderLinkId)
        qty, price = self._terms(account, market, request)
        key = market.instrument.key
        if request.orderLinkId and account.has_link(request.category, request.orderLinkId):
            raise refusal("duplicate", request.category)
        if len(account.open_in(key)) >= self._max_open_orders:
            raise refusal("too_many", request.category)
        order = self._build(account, market, request, qty, price)
        market.enter(order)
        return order

    def _terms(self, account: Account, market: Market, request: Place) -> tuple[Decimal, Decimal]:
        """Quantity and price as they reach the book: cut to the position, protected."""
        instrument = market.instrument
        is_buy, is_market = request.side == "Buy", request.orderType == "Market"
        qty = check_qty(instrument, request.qty, is_market=is_market)
        if is_market:
            _check_market_unit(request)
            price = _protection_price(market, is_buy=is_buy)
        else:
            price = check_price(instrument, request.price)
        if instrument.category == "spot":
            check_notional(instrument, qty, price)
            _check_balance(account, instrument, qty, price, is_buy=is_buy)
        elif request.reduceOnly:
            found = account.position(instrument, request.positionIdx).reducible(is_buy=is_buy)
            if not found:
                raise refusal("reduce", request.category)
            qty = min(qty, found)
        else:
            check_notional(instrument, qty, price)
        return qty, price

    def _build(
        self, account: Account, market: Market, request: Place, qty: Decimal, price: Decimal
    ) -> Order:
        now_ms = self._now_ns() // 1_000_000
        is_spot = request.category == "spot"
        order_id = self._ids.order_id(request.category)
        is_market = request.orderType == "Market"
        return Order(
            api_key=account.api_key,
            instrument=market.instrument,
            order_id=order_id,
            # The venue names a spot order that came without a name.
            link_id=request.orderLinkId or (str(int(order_id) + 1) if is_spot else ""),
            is_buy=request.side == "Buy",
            order_type=request.orderType,
            time_in_force="IOC" if is_market else request.timeInForce or "GTC",
            qty=qty,
            price=price,
            reduce_only=request.reduceOnly and not is_spot,
            position_idx=request.positionIdx,
            market_unit=request.marketUnit,
            last_price_on_created=text(market.last_price) if market.last_price else "",
            created_ms=now_ms,
            updated_ms=now_ms,
        )

    def amend(self, account: Account, request: Amend) -> Order:
        """Change price, quantity or both of an open order."""
        order = self._open_order(account, request, "amend_unknown")
        _check_supported(request.triggerPrice, request.takeProfit, request.stopLoss)
        instrument, category = order.instrument, order.instrument.category
        price, qty = order.price, order.qty
        if request.price:
            price = check_price(instrument, request.price)
        if request.qty:
            qty = check_qty(instrument, request.qty, is_market=False)
        if price == order.price and qty == order.qty:
            raise Refusal(10001, UNCHANGED)
        if qty <= order.cum_qty:
            raise refusal("amend_filled", category)
        if order.reduce_only:
            position = account.position(instrument, order.position_idx)
            reducible = position.reducible(is_buy=order.is_buy)
            qty = min(qty, order.cum_qty + reducible)
        else:
            check_notional(instrument, qty, price)
        if category == "spot":
            leaves, held = qty - order.cum_qty, order.locked
            _check_balance(account, instrument, leaves, price, is_buy=order.is_buy, held=held)
        self._markets[instrument.key].replace(order, price, qty)
        return order

    def cancel(self, account: Account, request: Cancel) -> Order:
        """Cancel an open order."""
        order = self._open_order(account, request, "cancel_unknown")
        self._markets[order.instrument.key].cancel(order, BY_USER)
        return order

    def cancel_all(self, account: Account, request: CancelAll) -> list[Order]:
        """Cancel every open order of a symbol, a coin, or (spot only) the category."""
        check_category(request.category)
        by = select(request.symbol, request.baseCoin, request.settleCoin)
        if by is None and request.category != "spot":
            raise Refusal(10001, "symbol, baseCoin or settleCoin is required")
        if request.orderFilter not in ("", "Order", "OpenOrder") or request.stopOrderType:
            return []  # there are no conditional orders here
        orders = [
            order
            for order in account.open_orders(request.category)
            if by is None or getattr(order.instrument, by[0]) == by[1]
        ]
        for order in orders:
            self._markets[order.instrument.key].cancel(order, BY_USER)
        return orders

    def _open_order(self, account: Account, request: Amend | Cancel, unknown: str) -> Order:
        self.market(request.category, request.symbol)
        order = account.find(request.category, request.symbol, request.orderId, request.orderLinkId)
        if order is None or not order.is_open:
            raise refusal(unknown, request.category)
        return order


def _check_words(request: Place) -> None:
    if request.side not in SIDES:
        raise refusal("side", request.category)
    if request.orderType not in ("Limit", "Market"):
        raise refusal("type", request.category)
    if request.timeInForce and request.timeInForce not in TIMES_IN_FORCE:
        raise refusal("tif", request.category)


def _check_mode(account: Account, instrument: Instrument, request: Place) -> bool:
    """Refuse an index that does not fit the position mode; true where an order closes a side."""
    is_hedged = instrument.category == "linear" and account.is_hedged(instrument)
    if request.positionIdx not in ((1, 2) if is_hedged else (0,)):
        raise refusal("mode", request.category)
    return is_hedged and (request.side == "Buy") != (request.positionIdx == 1)


def _check_supported(*conditions: str) -> None:
    if any(written not in ("", "0") for written in conditions):
        raise Refusal(10001, "trigger, take-profit and stop-loss prices are not simulated")


def _protection_price(market: Market, *, is_buy: bool) -> Decimal:
    """The limit that a market order gets: so far from the last price, on the tick."""
    opposite = market.book.asks if is_buy else market.book.bids
    reference = market.last_price or market.mark_price or opposite.best_available()
    if not reference:
        raise refusal("no_price", market.instrument.category)
    tick = market.instrument.tick
    factor = ONE + MARKET_PROTECTION if is_buy else ONE - MARKET_PROTECTION
    ticks = reference * factor / tick
    return ticks.quantize(ONE, rounding=ROUND_DOWN if is_buy else ROUND_UP) * tick


def _check_market_unit(request: Place) -> None:
    by_value = request.marketUnit == "quoteCoin" or (
        request.category == "spot" and request.side == "Buy" and request.marketUnit != "baseCoin"
    )
    if by_value:
        raise Refusal(10001, "market orders by value are not simulated: send marketUnit baseCoin")


def _check_balance(
    account: Account,
    instrument: Instrument,
    qty: Decimal,
    price: Decimal,
    *,
    is_buy: bool,
    held: Decimal = ZERO,
) -> None:
    coin = account.coin(instrument.quote if is_buy else instrument.base)
    if (qty * price if is_buy else qty) > coin.balance - coin.locked + held:
        raise refusal("balance", instrument.category)
