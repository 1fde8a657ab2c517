"""Triggers, exits and slippage as they are typed in one field each, and how they are told.

    trigger       61000      61000 mark      61000 falls
    exits         62000      62000 mark      62000 limit 61990
    slippage      0.5 %      20 ticks

A price is first; `last`, `mark` or `index` says which price is looked at, the last one without a
word. A trigger without a direction is a stop's: a buy waits for a rise, a sell for a fall.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from console.numbers import FieldError, read_number, read_price
from engine.core.orders.terms import (
    Exit,
    Slippage,
    SlippageUnit,
    Trigger,
    TriggerBy,
    TriggerDirection,
    stop_direction,
)
from engine.core.types import Side

if TYPE_CHECKING:
    from engine.core.commands import PlaceOrder
    from engine.core.events import NewOrder, OrderAdopted
    from engine.core.instruments import Instrument
    from engine.core.orders.machine import Order

_BY = {"last": TriggerBy.LAST, "mark": TriggerBy.MARK, "index": TriggerBy.INDEX}
_WORD = {by: word for word, by in _BY.items()}
_DIRECTION = {"rises": TriggerDirection.RISES, "falls": TriggerDirection.FALLS}
_UNIT = {
    "%": SlippageUnit.PERCENT,
    "tick": SlippageUnit.TICKS,
    "ticks": SlippageUnit.TICKS,
}


def read_trigger(text: str, side: Side, instrument: Instrument) -> Trigger | None:
    """What to wait for; None where nothing is typed. Raises FieldError."""
    price, *words = text.lower().split() or [""]
    if not price:
        return None
    by, direction = TriggerBy.LAST, stop_direction(side)
    for word in words:
        if word in _BY:
            by = _BY[word]
        elif word in _DIRECTION:
            direction = _DIRECTION[word]
        else:
            raise FieldError(f"{word[:12]!r} is none of {', '.join((*_BY, *_DIRECTION))}")
    return Trigger(read_price(price, instrument), direction, by)


def read_exit(text: str, instrument: Instrument) -> Exit | None:
    """One way out; None where nothing is typed. Raises FieldError."""
    price, *words = text.lower().split() or [""]
    if not price:
        return None
    limit = None
    if "limit" in words:
        place = words.index("limit")
        if place + 1 == len(words):
            raise FieldError("limit needs a price behind it")
        limit = read_price(words[place + 1], instrument)
        del words[place : place + 2]
    by = TriggerBy.LAST
    for word in words:
        if word not in _BY:
            raise FieldError(f"{word[:12]!r} is none of {', '.join((*_BY, 'limit'))}")
        by = _BY[word]
    return Exit(read_price(price, instrument), by, limit)


def read_slippage(text: str) -> Slippage | None:
    """How far a market order may slip; None where nothing is typed. Raises FieldError."""
    typed = text.lower().replace("%", " %").split()
    if not typed:
        return None
    number, *unit = typed
    if len(unit) > 1 or (unit and unit[0] not in _UNIT):
        raise FieldError(f"{' '.join(unit)[:12]!r} is neither % nor ticks")
    return Slippage(_UNIT[unit[0]] if unit else SlippageUnit.PERCENT, read_number(number))


def words(order: PlaceOrder | Order | NewOrder | OrderAdopted) -> Iterator[str]:
    """What of this an order has, each in a few words."""
    trigger, attached, slippage = order.trigger, order.attached, order.slippage
    if trigger is not None:
        verb = trigger.direction.lower()
        yield f"once {_WORD[trigger.by]} {verb} to {trigger.price:f}"
    if attached is not None:
        for name, out in (("TP", attached.take_profit), ("SL", attached.stop_loss)):
            if out is not None:
                yield f"{name} {_exit_words(out)}"
    if slippage is not None:
        yield f"slips at most {_amount(slippage)}"


def _exit_words(out: Exit) -> str:
    by = "" if out.by is TriggerBy.LAST else f" {_WORD[out.by]}"
    limit = "" if out.limit_price is None else f" limit {out.limit_price:f}"
    return f"{out.price:f}{by}{limit}"


def _amount(slippage: Slippage) -> str:
    unit = "%" if slippage.unit is SlippageUnit.PERCENT else "ticks"
    return f"{slippage.value:f} {unit}"
