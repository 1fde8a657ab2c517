"""Rules on what an order waits for and brings along: on the tick, and on the right side.

A trigger that the market has reached would be refused by the venue; a take-profit that is no gain,
or a stop-loss that is no loss, from where the order opens, is a slip of the hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from engine.core.orders.terms import Exit, TriggerBy, TriggerDirection
from engine.core.risk.rule import Rule
from engine.core.risk.terms import Amount, Terms, either_side, plain
from engine.core.types import ZERO, Side


def _prices(terms: Terms) -> Iterator[Decimal]:
    order = terms.order
    if order.trigger is not None:
        yield order.trigger.price
    for _, out in () if order.attached is None else order.attached.exits:
        yield out.price
        if out.limit_price is not None:
            yield out.limit_price


def _off_tick(terms: Terms) -> Decimal | None:
    """The first of these prices that is on no tick."""
    return next((price for price in _prices(terms) if price % terms.instrument.tick_size), None)


def _remainder(terms: Terms, _limit: Amount) -> Amount | None:
    if terms.order.trigger is None and terms.order.attached is None:
        return None
    price = _off_tick(terms)
    return ZERO if price is None else price % terms.instrument.tick_size


def _near(terms: Terms, _value: Amount, _bound: Amount) -> str:
    return either_side(_off_tick(terms) or ZERO, terms.instrument.tick_size)


def compared(terms: Terms) -> Decimal:
    """The price that the trigger looks at; the index, which nobody streams, is near the mark."""
    trigger, quote = terms.order.trigger, terms.quote
    if trigger is not None and trigger.by is TriggerBy.LAST and quote.last is not None:
        return quote.last
    return terms.reference


def _met(terms: Terms, _limit: Amount) -> Amount | None:
    trigger = terms.order.trigger
    return None if trigger is None else int(trigger.is_met(compared(terms)))


def _trigger_words(terms: Terms, _value: Amount, _bound: Amount) -> str:
    trigger = terms.order.trigger
    return "" if trigger is None else f"{trigger.direction} to {plain(trigger.price)}"


def _beyond(terms: Terms, _value: Amount, _bound: Amount) -> str:
    trigger = terms.order.trigger
    rises = trigger is not None and trigger.direction is TriggerDirection.RISES
    return f"{'above' if rises else 'below'} {plain(compared(terms))}"


def _opened_at(terms: Terms) -> Decimal:
    """Where the order would open its position, by its own terms or the market's price."""
    return terms.base if terms.order.price is None else terms.order.price


def _wrong_exit(terms: Terms) -> tuple[str, Exit, bool] | None:
    """The first exit on the wrong side of where the order opens; whether it must be above."""
    order, base = terms.order, _opened_at(terms)
    for name, out in () if order.attached is None else order.attached.exits:
        above = (order.side is Side.BUY) is (name == "take-profit")
        if (out.price <= base) if above else (out.price >= base):
            return name, out, above
    return None


def _wrong(terms: Terms, _limit: Amount) -> Amount | None:
    return None if terms.order.attached is None else int(_wrong_exit(terms) is not None)


def _exit_words(terms: Terms, _value: Amount, _bound: Amount) -> str:
    wrong = _wrong_exit(terms)
    return "" if wrong is None else f"{wrong[0]} {plain(wrong[1].price)}"


def _exit_side(terms: Terms, _value: Amount, _bound: Amount) -> str:
    wrong = _wrong_exit(terms)
    return f"{'above' if wrong is None or wrong[2] else 'below'} {plain(_opened_at(terms))}"


def _slips(terms: Terms, _limit: Amount) -> Amount | None:
    slippage = terms.order.slippage
    if slippage is None:
        return None
    return slippage.share(terms.reference, terms.instrument.tick_size)


def _percent(_terms: Terms, value: Amount, _bound: Amount) -> str:
    return f"{plain(value * 100)} %"


TRIGGER = (
    Rule(
        code="TRIGGER_TICK",
        measure=_remainder,
        bound=lambda _terms, _limit: ZERO,
        value=lambda terms, _value, _bound: plain(_off_tick(terms) or ZERO),
        limit=lambda terms, _value, _bound: f"steps of {plain(terms.instrument.tick_size)}",
        passes=_near,
    ),
    Rule(
        code="TRIGGER_SIDE",
        measure=_met,
        bound=lambda _terms, _limit: 0,
        value=_trigger_words,
        limit=_beyond,
        passes=_beyond,
    ),
    Rule(
        code="EXIT_SIDE",
        measure=_wrong,
        bound=lambda _terms, _limit: 0,
        value=_exit_words,
        limit=_exit_side,
        passes=_exit_side,
    ),
    Rule(
        code="SLIPPAGE",
        key="market_slippage",
        measure=_slips,
        value=_percent,
        limit=lambda _terms, _value, bound: f"{plain(bound * 100)} %",
        passes=lambda _terms, _value, bound: f"at most {plain(bound * 100)} %",
    ),
)
