"""What a request's trigger, take-profit, stop-loss and value fields mean for its order."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal

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
from engine.exchange.orders import Attached, Slippage
from engine.exchange.requests import Place

# slippageToleranceType -> the code that refuses a value beyond it, the least and the most.
SLIPPAGE = {
    "TickSize": (110108, Decimal(1), Decimal(10_000)),
    "Percent": (110109, Decimal("0.01"), Decimal(10)),
}
SPOT_FILTERS = ("", "Order", "tpslOrder", "StopOrder")
REMOVED = "0"


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
    if instrument.category == "spot":
        raise Refusal(10001, "attached take-profit and stop-loss are not simulated on spot")
    if request.tpslMode == "Partial" or "Limit" in (request.tpOrderType, request.slOrderType):
        raise Refusal(10001, "only tpslMode Full with market orders is simulated")
    if request.reduceOnly:
        raise Refusal(10001, "TP/SL is not allowed together with reduceOnly")
    return amend_attached(
        instrument,
        Attached(),
        (request.takeProfit, request.tpTriggerBy),
        (request.stopLoss, request.slTriggerBy),
        is_buy=request.side == "Buy",
        base=base,
    )


def amend_attached(
    instrument: Instrument,
    before: Attached | None,
    profit: tuple[str, str],
    loss: tuple[str, str],
    *,
    is_buy: bool,
    base: Decimal,
) -> Attached | None:
    """Change what an order brings; each of `profit` and `loss` is a price and its trigger-by.

    An empty price leaves what there was, "0" removes it.
    """
    before = before or Attached()
    take_profit = None if profit[0] == REMOVED else before.take_profit
    stop_loss = None if loss[0] == REMOVED else before.stop_loss
    if _is_set(profit[0]):
        take_profit = _read(instrument, profit, rises=is_buy)
    if _is_set(loss[0]):
        stop_loss = _read(instrument, loss, rises=not is_buy)
    for name, condition in (("TakeProfit", take_profit), ("StopLoss", stop_loss)):
        if condition is not None and base and condition.is_met(base):
            where = "higher" if condition.rises else "lower"
            raise Refusal(10001, f"{name}:{condition.price} should be {where} than price:{base}")
    if take_profit is None and stop_loss is None:
        return None
    return Attached(take_profit=take_profit, stop_loss=stop_loss)


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


def _read(instrument: Instrument, given: tuple[str, str], *, rises: bool) -> Condition:
    price, by = given
    return Condition(price=check_price(instrument, price), rises=rises, by=check_trigger_by(by))


def _is_set(written: str) -> bool:
    return written not in ("", REMOVED)
