"""What a request's trigger, take-profit, stop-loss and value fields mean for its order."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal
from typing import NamedTuple

from engine.exchange.checks import check_price, refusal
from engine.exchange.conditions import (
    FALLS,
    RISES,
    Condition,
    check_condition,
    check_trigger_by,
)
from engine.exchange.errors import Refusal
from engine.exchange.instruments import Instrument
from engine.exchange.matching import Market
from engine.exchange.numbers import ZERO, parse, text
from engine.exchange.orders import Attached, Exit, Order, Slippage
from engine.exchange.requests import Amend, Place

# slippageToleranceType -> the code that refuses a value beyond it, the least and the most.
SLIPPAGE = {
    "TickSize": (110108, Decimal(1), Decimal(10_000)),
    "Percent": (110109, Decimal("0.01"), Decimal(10)),
}
SPOT_FILTERS = ("", "Order", "tpslOrder", "StopOrder")
REMOVED = "0"
PARTIAL = "Partial"
TPSL_MODES = ("Full", PARTIAL)


def read_condition(market: Market, request: Place) -> Condition | None:
    """What the order waits for; None where it does not wait. Raises `Refusal`."""
    is_spot = request.category == "spot"
    if is_spot and request.orderFilter not in SPOT_FILTERS:
        raise Refusal(10001, "params error: orderFilter invalid")
    if request.triggerPrice in ("", REMOVED):
        if is_spot and request.orderFilter in ("tpslOrder", "StopOrder"):
            raise Refusal(10001, "params error: triggerPrice is required")
        return None
    by = check_trigger_by(request.triggerBy)
    price = check_price(market.instrument, request.triggerPrice)
    if is_spot:
        rises = price > market.last_price
    elif request.triggerDirection in (RISES, FALLS):
        rises = request.triggerDirection == RISES
    else:
        raise Refusal(10001, "params error: TriggerDirection invalid")
    condition = Condition(price=price, rises=rises, by=by)
    check_condition(condition, market.price_by)
    return condition


def read_attached(instrument: Instrument, request: Place, base: Decimal) -> Attached | None:
    """The take-profit and stop-loss that come with an order at `base`. Raises `Refusal`."""
    if not (_is_set(request.takeProfit) or _is_set(request.stopLoss)):
        return None
    if request.reduceOnly:
        raise Refusal(10001, "TP/SL is not allowed together with reduceOnly")
    profit, loss = _asked(request)
    profit = profit._replace(kind=request.tpOrderType)
    loss = loss._replace(kind=request.slOrderType)
    mode, is_buy = request.tpslMode, request.side == "Buy"
    return _attached(instrument, Attached(), mode, profit, loss, is_buy=is_buy, base=base)


def amend_attached(order: Order, request: Amend, base: Decimal) -> Attached | None:
    """What an order at `base` brings once it is amended. Raises `Refusal`.

    Empty fields leave what there was, a price of "0" removes it.
    """
    profit, loss = _asked(request)
    if not any((request.tpslMode, *profit, *loss)):
        return order.attached
    if order.reduce_only:
        raise Refusal(10001, "TP/SL is not allowed together with reduceOnly")
    before, mode = order.attached or Attached(), request.tpslMode
    return _attached(order.instrument, before, mode, profit, loss, is_buy=order.is_buy, base=base)


class _Asked(NamedTuple):
    """What a request says of one exit."""

    price: str
    by: str
    limit: str
    kind: str = ""


def _asked(request: Place | Amend) -> tuple[_Asked, _Asked]:
    return (
        _Asked(request.takeProfit, request.tpTriggerBy, request.tpLimitPrice),
        _Asked(request.stopLoss, request.slTriggerBy, request.slLimitPrice),
    )


def _attached(
    instrument: Instrument,
    before: Attached,
    mode: str,
    profit: _Asked,
    loss: _Asked,
    *,
    is_buy: bool,
    base: Decimal,
) -> Attached | None:
    if instrument.category == "spot":
        raise Refusal(10001, "attached take-profit and stop-loss are not simulated on spot")
    if mode and mode not in TPSL_MODES:
        raise Refusal(10001, f"params error: tpslMode is one of {', '.join(TPSL_MODES)}")
    after = Attached(
        take_profit=_exit(instrument, before.take_profit, profit, rises=is_buy),
        stop_loss=_exit(instrument, before.stop_loss, loss, rises=not is_buy),
        partial=mode == PARTIAL if mode else before.partial,
    )
    for name, found in (("TakeProfit", after.take_profit), ("StopLoss", after.stop_loss)):
        if found is None:
            continue
        condition = found.condition
        if base and condition.is_met(base):
            where = "higher" if condition.rises else "lower"
            raise Refusal(10001, f"{name}:{condition.price} should be {where} than price:{base}")
        if found.limit and not after.partial:
            raise Refusal(10001, f"{name}: a limit order takes tpslMode {PARTIAL}")
    if after.take_profit is None and after.stop_loss is None:
        return None
    return after


def _exit(
    instrument: Instrument, before: Exit | None, asked: _Asked, *, rises: bool
) -> Exit | None:
    if asked.price == REMOVED or not (asked.price or before):
        return None
    if asked.kind not in ("", "Market", "Limit"):
        raise Refusal(10001, "params error: tpOrderType and slOrderType are Market or Limit")
    had = None if before is None else before.condition
    price = had.price if had and not asked.price else check_price(instrument, asked.price)
    by = had.by if had and not asked.by else check_trigger_by(asked.by)
    limit = ZERO if before is None else before.limit
    if asked.kind == "Limit" or (limit and _is_set(asked.limit)):
        limit = check_price(instrument, asked.limit)
    after = Exit(condition=Condition(price=price, rises=rises, by=by), limit=limit)
    return before if before == after else after


def read_slippage(request: Place) -> Slippage | None:
    """How far a market order may go from the best price; None where it does not say.

    Raises `Refusal`.
    """
    kind = request.slippageToleranceType
    if kind in ("", "UNKNOWN"):
        return None
    bounds = SLIPPAGE.get(kind)
    if bounds is None:
        raise Refusal(10001, f"params error: slippageToleranceType is one of {', '.join(SLIPPAGE)}")
    if request.orderType != "Market" or request.triggerPrice not in ("", REMOVED):
        raise Refusal(10001, "slippage tolerance is for market orders that do not wait")
    value = parse(request.slippageTolerance)
    code, least, most = bounds
    if value is None or not least <= value <= most or (kind == "TickSize" and value % 1):
        raise Refusal(code, f"slippageTolerance of {kind} is {text(least)} to {text(most)}")
    return Slippage(kind=kind, value=value)


def is_by_value(request: Place) -> bool:
    """True where the quantity of a spot market order is in quote coin."""
    if request.category != "spot" or request.orderType != "Market":
        return False
    return request.marketUnit == "quoteCoin" or (
        request.side == "Buy" and request.marketUnit != "baseCoin"
    )


def qty_of_value(market: Market, written: str, *, is_buy: bool) -> Decimal:
    """What so much quote coin buys or sells of the book now, in whole steps. Raises `Refusal`."""
    left = parse(written)
    if not left:
        raise refusal("qty", "spot")
    if left < market.instrument.min_notional:
        raise refusal("notional", "spot")
    qty = ZERO
    for price, size in (market.book.asks if is_buy else market.book.bids).available():
        taken = min(size, left / price)
        qty += taken
        left -= taken * price
        if not left:
            break
    step = market.instrument.step
    qty = (qty / step).to_integral_value(ROUND_DOWN) * step
    if not qty:
        raise refusal("qty_low", "spot")
    return qty


def _is_set(written: str) -> bool:
    return written not in ("", REMOVED)
