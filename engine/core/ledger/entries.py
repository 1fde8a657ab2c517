"""The executions of one position in the venue's order, and the position that is their sum.

Executions are heard of in any order; the position is always that of the order in which the venue
made them. One that is later than all before it, which is nearly every one, is added on top. For one
that came late, was taken back or corrected, the rest is folded again from the nearest checkpoint.

What a status report proves beyond the executions seen is added last, and gone as soon as the
executions are here: `shown` is the position with it, `position` the one without.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal

import msgspec

from engine.core.instruments import Instrument
from engine.core.ledger.position import Position
from engine.core.reports import FillEvent

CHECKPOINT_EVERY = 256
"""Executions between two checkpoints: what one that is a little late costs to fold again."""


class SavedPositions(msgspec.Struct):
    """Everything a position tracker is, as one message: `msgspec.json` writes and reads it fast."""

    positions: dict[str, Position]
    executions: dict[str, list[FillEvent]]
    amended: dict[str, tuple[Decimal, Decimal]]
    instruments: dict[str, Instrument]
    marks: dict[str, Decimal]
    drifts: dict[str, tuple[Decimal, Decimal]]
    anomalies: dict[str, int]
    inferred: dict[str, dict[str, FillEvent]] = {}
    suspense: list[str] = []
    unseen: list[str] = []
    stated: dict[str, tuple[Decimal, Decimal]] = {}
    busted_first: dict[str, str] = {}


class Ledger:
    """One position's executions. `amended` is what the venue has corrected, by exec id."""

    def __init__(
        self, blank: Callable[[], Position], amended: Mapping[str, tuple[Decimal, Decimal]]
    ) -> None:
        self.rows: list[FillEvent] = []
        self.inferred: dict[str, FillEvent] = {}
        self.position = blank()
        self._blank = blank
        self._amended = amended
        self._checkpoints: list[tuple[int, Position]] = []

    def take_over(self, position: Position, rows: Iterable[FillEvent]) -> None:
        """Go on from what was saved."""
        self.position = position
        self.rows.extend(rows)

    def add(self, fill: FillEvent) -> bool:
        """Put an execution where it belongs; False when that has made the position a new one."""
        rows = self.rows
        if fill.exec_ts and rows and fill.exec_ts <= (rows[-1].exec_ts or rows[-1].ts):
            place = self._place(fill)
            if place < len(rows):
                rows.insert(place, fill)
                self.refold(place)
                return False
        rows.append(fill)
        if self._amended or not len(rows) % CHECKPOINT_EVERY:
            self._book(fill, len(rows))
        else:
            self.position.book(fill)
        return True

    def remove(self, exec_id: str) -> None:
        """Take an execution out: it belongs to another position."""
        place = self._find(exec_id)
        del self.rows[place]
        self.refold(place)

    def replace(self, fill: FillEvent) -> None:
        """Know an execution better than before."""
        place = other = self._find(fill.exec_id)
        known = self.rows[place]
        if (known.exec_ts, _rank(known)) == (fill.exec_ts, _rank(fill)):
            self.rows[place] = fill  # when it was heard of says nothing of those around it
        else:
            del self.rows[place]
            self.rows.insert(other := self._place(fill), fill)
        self.refold(min(place, other))

    def amend(self, exec_id: str) -> None:
        """Count an execution anew: what `amended` says of it has changed."""
        self.refold(self._find(exec_id))

    def refold(self, place: int = 0) -> None:
        """Build the position anew from `place` on."""
        checkpoints = self._checkpoints
        while checkpoints and checkpoints[-1][0] > place:
            checkpoints.pop()
        done, position = checkpoints[-1] if checkpoints else (0, self._blank())
        funding, mark = self.position.funding, self.position.mark_price
        self.position = position.copy()
        self.position.funding, self.position.mark_price = funding, mark
        for count, fill in enumerate(self.rows[done:], done + 1):
            self._book(fill, count)

    def shown(self) -> Position:
        """The position with what is inferred."""
        if not self.inferred:
            return self.position
        shown = self.position.copy()
        for _, fill in sorted(self.inferred.items()):
            shown.book(fill)
            shown.inferred_qty += fill.qty
        return shown

    def _book(self, fill: FillEvent, count: int) -> None:
        counts: FillEvent | None = fill
        if self._amended:
            counts = self._as_amended(fill)
        if counts is not None:
            self.position.book(counts)
        if not count % CHECKPOINT_EVERY:
            self._checkpoints.append((count, self.position.copy()))

    def _as_amended(self, fill: FillEvent) -> FillEvent | None:
        """The execution as it counts now; None when the venue has taken it back."""
        qty, price = self._amended.get(fill.exec_id, (fill.qty, fill.price))
        return msgspec.structs.replace(fill, qty=qty, price=price) if qty else None

    def _place(self, fill: FillEvent) -> int:
        place = len(self.rows)
        if fill.exec_ts:
            while place and _is_before(fill, self.rows[place - 1]):
                place -= 1
        return place

    def _find(self, exec_id: str) -> int:
        place = len(self.rows) - 1
        while self.rows[place].exec_id != exec_id:
            place -= 1
        return place


def _is_before(fill: FillEvent, other: FillEvent) -> bool:
    """True when the venue made `fill`, which was heard of later, before `other`."""
    if other.ts > fill.ts:
        return False  # the clock was set back: a recorded market began anew
    there = other.exec_ts or other.ts
    if fill.exec_ts != there:
        return fill.exec_ts < there
    return bool(other.exec_ts) and _rank(fill) < _rank(other)


def _rank(fill: FillEvent) -> tuple[int, Decimal, str]:
    """Order within one instant: the venue's number, then as one order sweeps a book: best first."""
    return fill.seq, fill.price * fill.side.sign, fill.exec_id
