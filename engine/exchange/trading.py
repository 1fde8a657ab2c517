"""Place, amend and cancel: from a request's fields to the book."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from random import Random

from engine.exchange.account import Account, MarketKey
from engine.exchange.ceilings import Ceilings, check_room
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
from engine.exchange.conditions import Condition, check_condition, check_trigger_by
from engine.exchange.errors import Refusal
from engine.exchange.ids import Ids
from engine.exchange.instruments import Instrument
from engine.exchange.matching import Market
from engine.exchange.numbers import ZERO, parse, text
from engine.exchange.orders import BY_USER, Order, Slippage
from engine.exchange.requests import Amend, Cancel, CancelAll, Place
from engine.exchange.terms import (
    amend_attached,
    is_by_value,
    qty_of_value,
    read_attached,
    read_condition,
    read_slippage,
)

SIDES = ("Buy", "Sell")
MOST_CANCELLED = 500  # of perpetuals by one cancel-all, the venue says: any of them
TIMES_IN_FORCE = ("GTC", "IOC", "FOK", "PostOnly")


class Trading:
    """The order entry of the exchange. Every method raises `Refusal` as the venue would."""

    def __init__(
        self,
        markets: Mapping[MarketKey, Market],
        ids: Ids,
        now_ns: Callable[[], int],
        *,
        ceilings: Ceilings,
    ) -> None:
        self._markets = markets
        self._ids = ids
        self._now_ns = now_ns
        self._ceilings = ceilings
        self._random = Random("cancel-all")
        self._taken: tuple[Market, Order] | None = None

    def market(self, category: str, symbol: str) -> Market:
        """The market of that name."""
        found = self._markets.get((category, symbol))
        if found is None:
            check_category(category)
            raise refusal("symbol", category)
        return found

    def settle(self) -> None:
        """Let the order that was taken in last meet the book.

        As at the venue, it is acknowledged before that: the answer need not wait for its fills.
        """
        if self._taken is not None:
            (market, order), self._taken = self._taken, None
            market.enter(order)

    def place(self, account: Account, request: Place) -> Order:
        """Check an order as the venue does and take it in: it meets the book by `settle`."""
        self.settle()
        market = self.market(request.category, request.symbol)
        _check_words(request)
        closes = _check_mode(account, market.instrument, request)
        request.reduceOnly = request.reduceOnly or closes
        check_link_id(request.orderLinkId)
        condition = read_condition(market, request)
        slippage = read_slippage(request)
        qty, price = self._terms(account, market, request, slippage, waits=condition is not None)
        base = price if request.orderType == "Limit" else market.last_price
        attached = read_attached(market.instrument, request, base)
        if request.orderLinkId and account.has_link(request.category, request.orderLinkId):
            raise refusal("duplicate", request.category)
        waits = condition is not None
        check_room(self._ceilings, account, market.instrument, request.orderFilter, waits=waits)
        order = self._build(account, market, request, qty, price)
        order.attached, order.slippage = attached, slippage
        if condition is None:
            self._taken = market, order
        else:
            order.condition = condition
            order.close_on_trigger = request.closeOnTrigger
            order.stop_order_type = "tpslOrder" if request.orderFilter == "tpslOrder" else "Stop"
            market.arm(order)
        return order

    def _terms(
        self,
        account: Account,
        market: Market,
        request: Place,
        slippage: Slippage | None,
        *,
        waits: bool,
    ) -> tuple[Decimal, Decimal]:
        """Quantity and price as they reach the book: cut to the position, protected.

        What an order that waits may do is settled when it is triggered.
        """
        instrument = market.instrument
        is_buy, is_market = request.side == "Buy", request.orderType == "Market"
        closes = request.reduceOnly and request.closeOnTrigger and parse(request.qty) == ZERO
        if closes and instrument.category == "linear":
            qty = instrument.max_market_qty
        elif is_by_value(request):
            if waits:
                raise Refusal(10001, "conditional orders by value are not simulated")
            qty = qty_of_value(market, request.qty, is_buy=is_buy)
        else:
            qty = check_qty(instrument, request.qty, is_market=is_market)
        if is_market:
            found = ZERO if waits else market.protection_price(is_buy=is_buy, slippage=slippage)
            if found is None:
                raise refusal("no_price", request.category)
            price = found
        else:
            price = check_price(instrument, request.price)
        if waits:
            return qty, price
        if instrument.category == "spot":
            if not is_by_value(request):
                check_notional(instrument, qty, price)
            # By value the book's own prices are paid, which the value covers.
            needed = price if not (is_by_value(request) and is_buy) else _value(request) / qty
            _check_balance(account, instrument, qty, needed, is_buy=is_buy)
        elif request.reduceOnly:
            reducible = account.position(instrument, request.positionIdx).reducible(is_buy=is_buy)
            if not reducible:
                raise refusal("reduce", request.category)
            qty = min(qty, reducible)
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
            value=request.qty if is_by_value(request) else "",
            last_price_on_created=text(market.last_price) if market.last_price else "",
            created_ms=now_ms,
            updated_ms=now_ms,
        )

    def amend(self, account: Account, request: Amend) -> Order:
        """Change the terms of an open order: price, quantity, trigger, what it brings."""
        self.settle()
        order = self._find(account, request)
        if order is None or not order.is_open:
            raise refusal("amend_unknown", request.category)
        instrument, category = order.instrument, order.instrument.category
        market = self._markets[instrument.key]
        price, qty = order.price, order.qty
        if request.price:
            price = check_price(instrument, request.price)
        if request.qty:
            qty = check_qty(instrument, request.qty, is_market=False)
        condition = self._amended_condition(order, request)
        attached = amend_attached(order, request, price or market.last_price)
        same_terms = price == order.price and qty == order.qty
        if same_terms and condition == order.condition and attached == order.attached:
            raise Refusal(10001, UNCHANGED)
        if qty <= order.cum_qty:
            raise refusal("amend_filled", category)
        order.attached, order.covered = attached, order.cum_qty
        if order.is_waiting:
            order.condition = condition
            market.restate(order, price, qty)
            return order
        if order.reduce_only:
            position = account.position(instrument, order.position_idx)
            reducible = position.reducible(is_buy=order.is_buy)
            qty = min(qty, order.cum_qty + reducible)
        else:
            check_notional(instrument, qty, price)
        if category == "spot":
            leaves, held = qty - order.cum_qty, order.locked
            _check_balance(account, instrument, leaves, price, is_buy=order.is_buy, held=held)
        market.replace(order, price, qty)
        return order

    def _amended_condition(self, order: Order, request: Amend) -> Condition | None:
        before = order.condition
        if not request.triggerPrice:
            return before
        if before is None or not order.is_waiting:
            raise Refusal(10001, "params error: the order waits for no trigger price")
        price = check_price(order.instrument, request.triggerPrice)
        by = check_trigger_by(request.triggerBy or before.by)
        after = Condition(price=price, rises=before.rises, by=by)
        check_condition(after, self._markets[order.instrument.key].price_by)
        return after

    def cancel(self, account: Account, request: Cancel) -> Order:
        """Cancel an open order."""
        self.settle()
        order = self._find(account, request)
        if order is None:
            raise refusal("cancel_unknown", request.category)
        if not order.is_open:
            is_filled = order.status == "Filled"
            raise refusal("cancel_filled" if is_filled else "cancel_ended", request.category)
        if request.category == "spot" and not order.passes(request.orderFilter or "Order"):
            raise refusal("cancel_unknown", request.category)
        self._markets[order.instrument.key].cancel(order, BY_USER)
        return order

    def cancel_all(self, account: Account, request: CancelAll) -> list[Order]:
        """Cancel open orders of a symbol, a coin, or (spot only) the category: as many as go."""
        self.settle()
        check_category(request.category)
        by = select(request.symbol, request.baseCoin, request.settleCoin)
        if by is None and request.category != "spot":
            raise Refusal(10001, "symbol, baseCoin or settleCoin is required")
        if by is not None and by[0] == "settle" and request.category == "spot":
            raise Refusal(10001, "params error: settleCoin is not supported for spot")
        wanted = request.orderFilter or ("Order" if request.category == "spot" else "")
        if request.stopOrderType:
            wanted = "StopOrder"
        orders = [
            order
            for order in account.open_orders(request.category)
            if (by is None or getattr(order.instrument, by[0]) == by[1]) and order.passes(wanted)
        ]
        if request.category != "spot" and len(orders) > MOST_CANCELLED:
            chosen = self._random.sample(range(len(orders)), MOST_CANCELLED)
            orders = [orders[number] for number in sorted(chosen)]
        for order in orders:
            if order.is_open:  # an earlier cancel may have ended it, too
                self._markets[order.instrument.key].cancel(order, BY_USER)
        return orders

    def _find(self, account: Account, request: Amend | Cancel) -> Order | None:
        self.market(request.category, request.symbol)
        return account.find(request.category, request.symbol, request.orderId, request.orderLinkId)


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


def _value(request: Place) -> Decimal:
    return parse(request.qty) or ZERO


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
