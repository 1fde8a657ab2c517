"""Which terms of an order go together, whatever the market: what no venue could take is refused."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from engine.core.commands import PlaceOrder
from engine.core.instruments import Instrument
from engine.core.orders.terms import Attached, Slippage, SlippageUnit, TriggerBy
from engine.core.risk.verdict import Denial
from engine.core.types import Category, OrderType, TimeInForce

MARKET = OrderType.MARKET
"""Looking a member up through its class takes 100 ns on Python 3.11; it is needed every order."""
PERCENT = (Decimal("0.01"), Decimal(10))
TICKS = (Decimal(1), Decimal(10_000))
"""How much a venue lets a market order slip (Bybit `slippageTolerance`), ends included."""


def misshapen(order: PlaceOrder, instrument: Instrument) -> Denial | None:
    """What speaks against the order's own terms, one beside the other."""
    market = order.type is MARKET
    if (order.price is None) is not market:
        wanted = "no price" if market else "a price"
        return Denial("BAD_PRICE", f"{order.type} with price {order.price}", wanted)
    if order.post_only and (market or order.time_in_force in (TimeInForce.IOC, TimeInForce.FOK)):
        return Denial("POST_ONLY_TAKES", f"{order.type} {order.time_in_force}", "Limit GTC")
    if not is_special(order):
        return None
    return (
        _triggers(order, instrument)
        or (None if order.attached is None else _attached(order, order.attached))
        or (None if order.slippage is None else _slippage(order, order.slippage))
    )


def is_special(order: PlaceOrder) -> bool:
    """True when the order waits, brings exits along, or names its slippage: most do none."""
    return not (order.trigger is None and order.attached is None and order.slippage is None)


def numbers(order: PlaceOrder) -> Iterator[tuple[str, Decimal | None]]:
    """Every number that the order names, with what it is called."""
    yield "qty", order.qty
    yield "price", order.price
    if order.trigger is not None:
        yield "trigger price", order.trigger.price
    if order.slippage is not None:
        yield "slippage", order.slippage.value
    for name, out in () if order.attached is None else order.attached.exits:
        yield name, out.price
        yield f"{name} limit", out.limit_price


def _triggers(order: PlaceOrder, instrument: Instrument) -> Denial | None:
    """A spot market has one price, its last."""
    if instrument.category is not Category.SPOT:
        return None
    used = [] if order.trigger is None else [order.trigger.by]
    used += [out.by for _, out in ([] if order.attached is None else order.attached.exits)]
    other = next((by for by in used if by is not TriggerBy.LAST), None)
    return None if other is None else Denial("BAD_TRIGGER", other, "LastPrice on spot", "LastPrice")


def _attached(order: PlaceOrder, attached: Attached) -> Denial | None:
    limited = [name for name, out in attached.exits if out.limit_price is not None]
    if order.reduce_only:
        wanted = "orders that open"
        return Denial("BAD_ATTACHED", "take-profit or stop-loss on reduce-only", wanted, wanted)
    if not attached.exits:
        return Denial("BAD_ATTACHED", "nothing", "a take-profit, a stop-loss, or both")
    if limited and not attached.partial:
        return Denial("BAD_ATTACHED", f"{limited[0]} with a limit, Full", "Partial", "Partial")
    return None


def _slippage(order: PlaceOrder, slippage: Slippage) -> Denial | None:
    if order.type is not OrderType.MARKET or order.trigger is not None:
        kind = "conditional order" if order.trigger is not None else "limit order"
        return Denial("BAD_SLIPPAGE", kind, "market orders", "no slippage")
    whole = slippage.unit is SlippageUnit.PERCENT or not slippage.value % 1
    least, most = PERCENT if slippage.unit is SlippageUnit.PERCENT else TICKS
    if whole and least <= slippage.value <= most:
        return None
    allowed = f"{least:f} to {most:f} {slippage.unit}"
    return Denial("BAD_SLIPPAGE", f"{slippage.value:f} {slippage.unit}", allowed, allowed)
