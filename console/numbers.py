"""Numbers as they are typed: plain positive decimals, on the grid of their market, or an error."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

from console.format import exact

if TYPE_CHECKING:
    from engine.core.instruments import Instrument

_NUMBER = re.compile(r"[0-9]{1,15}(\.[0-9]{1,12})?|\.[0-9]{1,12}", re.ASCII)


class FieldError(ValueError):
    """What is wrong with one field, in words for its side."""


def read_number(text: str) -> Decimal:
    """A plain positive decimal. Raises FieldError: no signs, exponents, commas or other digits."""
    typed = text.strip()
    if not typed:
        raise FieldError("empty")
    if "," in typed:
        raise FieldError(f"no commas: write {_without_commas(typed)}")
    if not _NUMBER.fullmatch(typed):
        raise FieldError(f"{typed[:20]!r} is not a number")
    number = Decimal(typed)
    if number == 0:
        raise FieldError("must be more than 0")
    return number


def read_price(text: str, instrument: Instrument) -> Decimal:
    """A price on the tick grid. Raises FieldError with the nearest right ones."""
    return on_grid(read_number(text), instrument.tick_size, "tick")


def on_grid(value: Decimal, grid: Decimal, word: str) -> Decimal:
    """The value, if it is a multiple of `grid`. Raises FieldError with the nearest that are."""
    if value % grid == 0:
        return value
    below = value // grid * grid
    step = exact(grid, grid)
    near = f"{exact(below, grid)} or {exact(below + grid, grid)}" if below else step
    raise FieldError(f"not a multiple of the {word} {step}; nearest {near}")


def _without_commas(typed: str) -> str:
    """What was meant by a comma: thousands where there is a point, too, else it could be either."""
    joined = typed.replace(",", "")
    return joined if "." in typed else f"{typed.replace(',', '.')} or {joined}"
