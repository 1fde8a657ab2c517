"""Why an order was denied, and how near it was to every other limit: the decision, taken again.

The state is the one that the decision had, folded from the journal up to it; the price it was
measured by is in the event, and so is what the venue had said of margin. What else was known of the
market then is not, so rules that need more than that are told by the event alone.
"""

from __future__ import annotations

import msgspec

from engine.core.commands import PlaceOrder
from engine.core.context import Context
from engine.core.events import OrderDenied
from engine.core.margin import AccountMargin
from engine.core.market import Quote
from engine.core.risk.rule import Reading, pick
from engine.core.risk.rules import RULES
from engine.core.risk.terms import Terms, price_of
from engine.core.risk.verdict import Denial
from engine.core.state import State


class Explanation(msgspec.Struct, frozen=True):
    """A denial with the order's standing under every limit that could be measured."""

    order: OrderDenied
    readings: tuple[Reading, ...] = ()

    @property
    def denial(self) -> Denial:
        """The rule that refused."""
        order = self.order
        return Denial(order.code, order.value, order.limit, order.passes)


def explain(state: State, denied: OrderDenied) -> Explanation:
    """Measure a denied order by every limit that held in `state`, the one before the denial."""
    instrument = state.instruments.get(denied.symbol)
    reference = denied.reference
    if instrument is None or reference is None:
        return Explanation(denied)
    quotes = {denied.symbol: Quote(symbol=denied.symbol, mark=reference, ts=denied.ts)}
    for position in state.positions.positions.values():
        symbol = position.symbol
        quotes.setdefault(symbol, Quote(symbol=symbol, mark=position.mark_price))
    limits = state.risk.limits.for_symbol(denied.symbol)
    order = _order_of(denied)
    terms = Terms(
        state=state,
        order=order,
        context=Context(now_ns=denied.ts, quotes=quotes, margin=denied.margin or AccountMargin()),
        instrument=instrument,
        quote=quotes[denied.symbol],
        reference=reference,
        price=price_of(order, reference),
        limits=limits,
    )
    on = pick(RULES, limits, state.risk.limits)
    readings = (rule.read(terms, limit) for rule, limit in on)
    return Explanation(denied, tuple(reading for reading in readings if reading is not None))


def _order_of(denied: OrderDenied) -> PlaceOrder:
    return PlaceOrder(
        command_id=denied.command_id,
        by=denied.by,
        client_order_id=denied.client_order_id,
        symbol=denied.symbol,
        side=denied.side,
        qty=denied.qty,
        price=denied.price,
        type=denied.type,
        time_in_force=denied.time_in_force,
        post_only=denied.post_only,
        reduce_only=denied.reduce_only,
        trigger=denied.trigger,
        attached=denied.attached,
        slippage=denied.slippage,
    )
