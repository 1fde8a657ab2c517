"""What an order's history is made of: lines, and the executions that some of them tell of."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from engine.core.plain import decimal_text
from engine.core.types import OrderState


class Fill(msgspec.Struct, frozen=True, gc=False):
    """One execution as it counts now. `amended`: busted (quantity 0) or corrected by the venue."""

    qty: Decimal
    price: Decimal
    amended: bool = False

    @property
    def words(self) -> str:
        """`4 @ 100`: quantity and price in full."""
        return f"{decimal_text(self.qty)} @ {decimal_text(self.price)}"

    def has(self, qty: Decimal, price: Decimal) -> bool:
        """True where such an execution adds nothing to it; other content is a conflict."""
        return self.amended or (self.qty == qty and self.price == price)


class Execution(Fill, frozen=True, gc=False):
    """One execution as an order's history tells of it."""

    exec_id: str = ""


class HistoryEntry(msgspec.Struct, frozen=True, gc=False, eq=False):
    """One line of an order's history: when (unix ns), what, the state after it, what was told.

    `type` is an `EventType`, or the label of a note. `told` are words, or the execution that they
    would be about: `text` has the words of both.
    """

    ts: int
    type: str
    state: OrderState
    told: str | Execution = msgspec.field(default="", name="text")

    def __eq__(self, other: object) -> bool:
        """True for a line that reads the same."""
        return isinstance(other, HistoryEntry) and _read(self) == _read(other)

    @property
    def text(self) -> str:
        """What was told, in words."""
        return self.told if isinstance(self.told, str) else self.told.words

    def in_words(self) -> HistoryEntry:
        """The same line, as files for people have it."""
        return HistoryEntry(self.ts, self.type, self.state, self.text)


def _read(entry: HistoryEntry) -> tuple[int, str, OrderState, str]:
    return entry.ts, entry.type, entry.state, entry.text
