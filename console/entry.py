"""From what was typed to an order, or to what is wrong with each field. Nothing is ever guessed.

The engine checks every order again with its own limits; what is caught here is caught beside the
field, before anything is sent. Prices are in quote currency, quantities as the instrument counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar

import msgspec

from console.conditions import read_exit, read_slippage, read_trigger, words
from console.format import exact
from console.numbers import FieldError, on_grid, read_number, read_price
from engine.core.commands import AmendOrder, PlaceOrder
from engine.core.orders.terms import exits
from engine.core.types import ZERO, Category, OrderType, Side, TimeInForce

if TYPE_CHECKING:
    from engine.core.instruments import Instrument
    from engine.core.market import Quote
    from engine.core.orders.machine import Order
    from engine.core.orders.terms import Trigger
    from engine.core.settings import MarketSettings

_T = TypeVar("_T")

DUPLICATE_NS = 10 * 1_000_000_000
FAR_FROM_MARK = Decimal("0.05")


class TicketText(msgspec.Struct, frozen=True):
    """The ticket's fields as they stand: what was typed, and what was chosen.

    See `console.conditions` for how `trigger`, the exits and `slippage` are written.
    """

    symbol: str
    side: Side
    qty: str = ""
    price: str = ""
    type: OrderType = OrderType.LIMIT
    time_in_force: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    reduce_only: bool = False
    trigger: str = ""
    take_profit: str = ""
    stop_loss: str = ""
    slippage: str = ""


class Market(msgspec.Struct, frozen=True):
    """What a ticket is checked against: one symbol's filters, prices, position and own orders.

    `held` is what is open by position index: in one-way mode, and long and short of a hedge.
    `recent` holds this symbol's orders of the last seconds, open or not; `now_ns` is the engine's.
    `ours`: it is among the account's markets.
    """

    instrument: Instrument | None = None
    ours: bool = True
    quote: Quote | None = None
    held: tuple[Decimal, ...] = (ZERO,)
    settings: MarketSettings | None = None
    working: Sequence[Order] = ()
    recent: Sequence[Order] = ()
    now_ns: int = 0

    def position(self, side: Side, *, reduce_only: bool) -> Decimal:
        """The signed quantity of the position that such an order is about."""
        settings = self.settings
        index = 0 if settings is None else settings.index_of(side, reduce_only=reduce_only)
        return self.held[index]


class Entry(msgspec.Struct, frozen=True):
    """A reading of the ticket: an order without ids when `errors` is empty.

    `errors` maps field names to what is wrong; `questions` must be confirmed by one more Enter.
    """

    order: PlaceOrder | None = None
    errors: dict[str, str] = msgspec.field(default_factory=dict)
    questions: tuple[str, ...] = ()
    notional: Decimal | None = None
    hint: str = ""


class AmendEntry(msgspec.Struct, frozen=True):
    """A reading of the amend ticket: a command without id when `errors` is empty."""

    command: AmendOrder | None = None
    errors: dict[str, str] = msgspec.field(default_factory=dict)
    notional: Decimal | None = None


def read_ticket(text: TicketText, market: Market) -> Entry:
    """Read the whole ticket; every field's error is reported, not only the first."""
    instrument = market.instrument
    if instrument is None:
        return Entry(errors={"symbol": f"{text.symbol or 'no symbol'} is not traded here"})
    errors: dict[str, str] = {}
    if not market.ours and not text.reduce_only:
        errors["symbol"] = f"{text.symbol} is not among this account's symbols"
    qty = _field(errors, "qty", lambda: read_qty(text.qty, instrument, text.type))
    limit = text.type is OrderType.LIMIT
    price = _field(errors, "price", lambda: read_price(text.price, instrument)) if limit else None
    errors |= _flag_errors(text, instrument)
    trigger = _field(errors, "trigger", lambda: read_trigger(text.trigger, text.side, instrument))
    take_profit = _field(errors, "take_profit", lambda: read_exit(text.take_profit, instrument))
    stop_loss = _field(errors, "stop_loss", lambda: read_exit(text.stop_loss, instrument))
    bounded = not limit and not text.trigger.strip()  # the others do not ask for it
    slippage = _field(errors, "slippage", lambda: read_slippage(text.slippage if bounded else ""))
    if qty is not None and text.reduce_only and "reduce_only" not in errors:
        errors |= _reduce_errors(text, qty, market.position(text.side, reduce_only=True))
    paid = price if limit else _touch(market.quote, text.side)
    if trigger is not None and not limit:
        paid = trigger.price
    notional = None if qty is None or paid is None else instrument.notional(qty, paid)
    if notional is not None and notional < instrument.min_notional and not text.reduce_only:
        errors.setdefault(
            "qty",
            f"{exact(notional)} is under the least order value {exact(instrument.min_notional)}",
        )
    if errors or qty is None or (limit and price is None):
        return Entry(errors=errors, notional=notional)
    order = PlaceOrder(
        command_id="",
        client_order_id="",
        symbol=text.symbol,
        side=text.side,
        qty=qty,
        price=price,
        type=text.type,
        time_in_force=text.time_in_force if limit else TimeInForce.IOC,
        post_only=text.post_only,
        reduce_only=text.reduce_only,
        trigger=trigger,
        attached=exits(take_profit, stop_loss),
        slippage=slippage,
    )
    if _twin(order, market) is not None:
        # It is asked about below: whoever confirms means it.
        order = msgspec.structs.replace(order, repeat=True)
    return Entry(order, {}, tuple(_questions(order, market)), notional, _hint(order, market.quote))


def read_amend(
    order: Order, instrument: Instrument, qty_text: str, price_text: str, trigger_text: str = ""
) -> AmendEntry:
    """Read new terms for a working order; what stays the same is left out of the command.

    `price_text` counts where the order has a price, `trigger_text` while it waits.
    """
    errors: dict[str, str] = {}
    qty = _field(errors, "qty", lambda: read_qty(qty_text, instrument, order.type))
    price = order.price and _field(errors, "price", lambda: read_price(price_text, instrument))
    known = order.trigger.price if order.trigger is not None and order.is_waiting else None
    trigger = known and _field(errors, "trigger", lambda: read_price(trigger_text, instrument))
    if qty is not None and qty <= order.cum_qty:
        errors["qty"] = (
            f"{exact(order.cum_qty, instrument.qty_step)} is filled already; cancel it instead"
        )
    if (qty, price, trigger) == (order.qty, order.price, known) and not errors:
        errors["qty"] = "nothing changed"
    if errors or qty is None:
        return AmendEntry(errors=errors)
    command = AmendOrder(
        command_id="",
        client_order_id=order.client_order_id,
        qty=None if qty == order.qty else qty,
        price=None if price == order.price else price,
        trigger_price=None if trigger == known else trigger,
    )
    paid = price or trigger
    return AmendEntry(command, {}, None if paid is None else instrument.notional(qty, paid))


def read_qty(text: str, instrument: Instrument, type: OrderType) -> Decimal:
    """A quantity on the lot grid, within bounds. Raises FieldError with the nearest right one."""
    qty = read_number(text)
    most = instrument.max_market_qty if type is OrderType.MARKET else instrument.max_qty
    if qty < instrument.min_qty:
        raise FieldError(f"least is {exact(instrument.min_qty, instrument.qty_step)}")
    if most and qty > most:
        raise FieldError(f"most is {exact(most)}")
    return on_grid(qty, instrument.qty_step, "lot")


def describe(order: PlaceOrder) -> str:
    """The whole order in one line, exactly as it will be sent."""
    price = "at market" if order.price is None else f"@ {order.price:f}"
    flags = [str(order.time_in_force)]
    flags += ["post-only"] if order.post_only else []
    flags += ["reduce-only"] if order.reduce_only else []
    flags += words(order)
    return f"{order.side.upper()} {order.qty:f} {order.symbol} {price} {' '.join(flags)}"


def _field(errors: dict[str, str], name: str, read: Callable[[], _T]) -> _T | None:
    try:
        return read()
    except FieldError as error:
        errors[name] = str(error)
        return None


def _touch(quote: Quote | None, side: Side) -> Decimal | None:
    """What a market order would pay first: the other side's best, else the reference."""
    if quote is None:
        return None
    best = quote.ask if side is Side.BUY else quote.bid
    return best if best is not None else quote.reference


def _flag_errors(text: TicketText, instrument: Instrument) -> dict[str, str]:
    errors: dict[str, str] = {}
    if text.post_only and text.type is OrderType.MARKET:
        errors["post_only"] = "a market order always takes"
    elif text.post_only and text.time_in_force in (TimeInForce.IOC, TimeInForce.FOK):
        errors["post_only"] = f"{text.time_in_force} never rests; use GTC"
    if text.reduce_only and instrument.category is Category.SPOT:
        errors["reduce_only"] = "spot has no positions to reduce"
    return errors


def _reduce_errors(text: TicketText, qty: Decimal, position: Decimal) -> dict[str, str]:
    reducible = -position * text.side.sign
    if reducible <= 0:
        return {
            "reduce_only": f"a {text.side.lower()} reduces nothing; position is {exact(position)}"
        }
    if qty > reducible:
        return {"qty": f"would flip the position; most is {exact(reducible)}"}
    return {}


def _questions(order: PlaceOrder, market: Market) -> Iterator[str]:
    """What a careful colleague would ask before this order goes."""
    twin = _twin(order, market)
    if twin is not None:
        yield f"same as {twin.client_order_id} a moment ago"
    for other in market.working:
        if other.side is not order.side and not _waits(order, other) and _meets(order, other.price):
            yield f"would meet your own {other.client_order_id}"
            break
    away = _aggression(order, market.quote)
    if away is not None and away > FAR_FROM_MARK:
        yield f"{away * 100:.1f} % through the mark"


def _twin(order: PlaceOrder, market: Market) -> Order | None:
    """An order on the same terms of the last seconds."""
    for other in market.recent:
        same = (other.side, other.price, other.qty) == (order.side, order.price, order.qty)
        same = same and other.trigger == order.trigger
        if same and market.now_ns - other.created_ts < DUPLICATE_NS:
            return other
    return None


def _waits(order: PlaceOrder, other: Order) -> bool:
    """True where one of the two is not in the book."""
    return order.trigger is not None or other.is_waiting


def _meets(order: PlaceOrder, other: Decimal | None) -> bool:
    if order.price is None or other is None:
        return True
    return order.price >= other if order.side is Side.BUY else order.price <= other


def _aggression(order: PlaceOrder, quote: Quote | None) -> Decimal | None:
    """How far the price pays through the mark, as a fraction; negative when it is passive.

    An order that waits is measured from its trigger: that is where the market will be.
    """
    mark = quote.reference if quote else None
    if order.trigger is not None:
        mark = order.trigger.price
    if not mark or order.price is None:
        return None
    return (order.price - mark) * order.side.sign / mark


def _hint(order: PlaceOrder, quote: Quote | None) -> str:
    away = _aggression(order, quote)
    if order.trigger is not None:
        return _waiting_hint(order.trigger, quote)
    if quote is None or away is None or order.price is None:
        return ""
    best = quote.ask if order.side is Side.BUY else quote.bid
    if order.post_only and best is not None and _meets(order, best):
        return "would take: the venue cancels a post-only order that crosses"
    distance = f"{away * order.side.sign * 100:+.2f}"
    return "at the mark" if not distance.strip("+-0.") else f"{distance} % from the mark"


def _waiting_hint(trigger: Trigger, quote: Quote | None) -> str:
    mark = quote.reference if quote else None
    if not mark:
        return ""
    return f"waits {(trigger.price - mark) / mark * 100:+.2f} % from the mark"
