"""Sizes and prices a ticket starts from and steps by: round numbers on the instrument's grid."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from console.format import decimals
from console.numbers import FieldError, read_number
from engine.core.types import ZERO, Category, Side

if TYPE_CHECKING:
    from engine.core.instruments import Instrument
    from engine.core.market import Quote

PRESET_NOTIONAL = Decimal(100)
PRESET_MULTIPLES = (1, 5, 10, 50, 100)


def presets(instrument: Instrument, quote: Quote | None) -> tuple[Decimal, ...]:
    """Five round sizes, the first worth about 100 of quote currency, never under the least."""
    unit = instrument.min_qty
    price = quote.reference if quote else None
    if price:
        target = (
            PRESET_NOTIONAL if instrument.category is Category.INVERSE else PRESET_NOTIONAL / price
        )
        unit = max(unit, _round_up(max(target, instrument.min_notional / price)))
    steps = -(-unit // instrument.qty_step)
    return tuple(steps * instrument.qty_step * n for n in PRESET_MULTIPLES)


def step(text: str, size: Decimal, least: Decimal, direction: int) -> str:
    """The number one `size` up (+1) or down (-1), onto the grid; unreadable text stays as it is."""
    try:
        number = read_number(text) if text.strip() else ZERO
    except FieldError:
        return text
    steps = number // size + (1 if direction > 0 else -1 if number % size == 0 else 0)
    return f"{max(least, steps * size).quantize(size):f}"


def touch_price(quote: Quote | None, instrument: Instrument | None, side: Side) -> str:
    """The passive touch as ticket text: the best bid for a buy, the best ask for a sell."""
    price = None if quote is None else quote.bid if side is Side.BUY else quote.ask
    if price is None or instrument is None:
        return ""
    return price_text(price, instrument)


def price_text(price: Decimal, instrument: Instrument) -> str:
    """A price as one would type it: with the digits of its tick."""
    return f"{price:.{decimals(instrument.tick_size)}f}"


def _round_up(value: Decimal) -> Decimal:
    """The least of 1, 2, 5 times a power of ten that is not under `value`."""
    decade = Decimal(1).scaleb(value.adjusted())
    return next(decade * n for n in (1, 2, 5, 10) if decade * n >= value)
