"""The verdict on an order: the gate, then the table of rules, line by line."""

from __future__ import annotations

from decimal import Decimal

from engine.core.commands import PlaceOrder
from engine.core.context import Context
from engine.core.risk.gate import admit
from engine.core.risk.margin import looks_at_margin
from engine.core.risk.price import worst_price
from engine.core.risk.rule import pick
from engine.core.risk.rules import RULES
from engine.core.risk.shape import is_special
from engine.core.risk.size import SIZE, is_sized
from engine.core.risk.terms import Terms, index_of
from engine.core.risk.trigger import TRIGGER
from engine.core.risk.verdict import Approved, Denial, Denied
from engine.core.state import State

ALWAYS_ON = len(SIZE) + sum(not rule.key for rule in TRIGGER)
"""The rules at the top of the table that no limit turns off: all on size, and these on triggers."""


def check(state: State, order: PlaceOrder, context: Context) -> Approved | Denied:
    """Judge a new order against the state, the instrument and every limit."""
    terms = admit(state, order, context)
    if isinstance(terms, Denial):
        return Denied(order, context.now_ns, terms)
    denial = _first_denial(terms)
    if denial is not None:
        margin = terms.margin if looks_at_margin(terms) else None
        return Denied(order, context.now_ns, denial, terms.reference, margin)
    bound = worst_price(order, terms.instrument, terms.reference, terms.limits.market_slippage)
    return Approved(order, context.now_ns, bound, index_of(state, order))


def check_flatten(state: State, order: PlaceOrder, context: Context) -> Approved | Denied:
    """Judge an order of a confirmed flatten: it may leave while HALTED, and only ever reduces.

    Its price is bounded as that of any market order, where there is a price to bound it by.
    """
    index = index_of(state, order)
    position = state.positions.get_position(order.symbol, index).qty
    if not order.reduce_only or position * order.side.sign >= 0 or order.qty > abs(position):
        denial = Denial("NOT_REDUCING", f"{order.side} {order.qty}", f"position {position}")
        return Denied(order, context.now_ns, denial)
    instrument, quote = state.instruments.get(order.symbol), context.quotes.get(order.symbol)
    reference = quote.reference if quote is not None else None
    if instrument is None or not reference:
        return Approved(order, context.now_ns, position_index=index)
    slippage = state.risk.limits.for_symbol(order.symbol).market_slippage
    bound = worst_price(order, instrument, reference, slippage)
    return Approved(order, context.now_ns, bound, index)


def check_amend(
    state: State, order: PlaceOrder, context: Context, *, held: Decimal
) -> Denial | None:
    """Judge an order's new terms; `held` is its quantity that the exposure counts already."""
    terms = admit(state, order, context, held=held)
    return terms if isinstance(terms, Denial) else _first_denial(terms, amend=True)


def cleared(terms: Terms) -> int:
    """How many of the rules that are on from the top of the table the order passes at a glance."""
    if not is_sized(terms):
        return 0
    return len(SIZE) if is_special(terms.order) else ALWAYS_ON


def _first_denial(terms: Terms, *, amend: bool = False) -> Denial | None:
    """Judge by the rules that are on for this symbol; picked once, until the limits change."""
    state, symbol = terms.state, terms.order.symbol
    lines = state.rules.get(symbol)
    if lines is None:
        picked = pick(RULES, terms.limits, state.risk.limits)
        lines = state.rules[symbol] = tuple(
            (rule, limit, rule.measure, rule.bound, rule.floor) for rule, limit in picked
        )
    for rule, limit, measure, bound_of, floor in lines[cleared(terms) :]:
        value = measure(terms, limit)
        if value is None:
            continue
        bound = limit if bound_of is None else bound_of(terms, limit)
        if (value < bound if floor else value > bound) and not (amend and rule.new_only):
            return rule.denial(terms, value, bound)
    return None
