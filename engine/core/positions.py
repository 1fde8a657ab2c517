"""The ledger of executions, and the positions that are the sum of it.

Every execution is booked once, in the order it was heard of; what the venue later takes back or
corrects is kept beside it and the symbol is folded again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from enum import StrEnum
from heapq import merge

import msgspec

from engine.core.instruments import Instrument
from engine.core.plain import Plain, to_plain
from engine.core.position import Position
from engine.core.reports import FillEvent
from engine.core.types import ZERO, Category, Side, to_decimal

__all__ = ["LedgerAnomaly", "Position", "PositionTracker", "SavedPositions", "create_tracker"]


class LedgerAnomaly(StrEnum):
    """What the ledger would not book, by kind."""

    BAD_FILL = "BAD_FILL"
    FILL_CONFLICT = "FILL_CONFLICT"


class SavedPositions(msgspec.Struct):
    """Everything a position tracker is, as one message: `msgspec.json` writes and reads it fast."""

    positions: dict[str, Position]
    executions: dict[str, list[FillEvent]]
    amended: dict[str, tuple[Decimal, Decimal]]
    instruments: dict[str, Instrument]
    marks: dict[str, Decimal]
    drifts: dict[str, tuple[Decimal, Decimal]]
    anomalies: dict[str, int]


class PositionTracker:
    """Positions by symbol, and the executions they are the sum of.

    `executions` has every fill by symbol as it was first booked, in booked order, and only ever
    grows. `anomalies` counts fills that were not booked, by kind (`LedgerAnomaly`).
    """

    def __init__(self) -> None:
        self.positions: dict[str, Position] = {}
        self.executions: dict[str, list[FillEvent]] = {}
        self.anomalies: Counter[str] = Counter()
        self._booked: dict[str, FillEvent] = {}
        self._amended: dict[str, tuple[Decimal, Decimal]] = {}
        self._instruments: dict[str, Instrument] = {}
        self._marks: dict[str, Decimal] = {}
        self._drifts: dict[str, tuple[Decimal, Decimal]] = {}

    def booked_fills(self) -> Iterator[FillEvent]:
        """Every execution as first booked, of all symbols, in booked order."""
        return iter(self._booked.values())

    def execution(self, exec_id: str) -> FillEvent | None:
        """The execution as first booked; None when it is not."""
        return self._booked.get(exec_id)

    def set_instrument(self, instrument: Instrument) -> None:
        """Say what kind of market a symbol is; without it P&L is that of a linear contract."""
        self._instruments[instrument.symbol] = instrument
        position = self.positions.get(instrument.symbol)
        if position is not None and _markets_differ(position, self._blank(instrument.symbol)):
            self._fold(instrument.symbol)

    def apply_fill(self, fill: FillEvent) -> bool:
        """Book one execution; False when its exec id is booked already.

        The same id with other content is counted as a conflict, and the first stays. Raises
        ValueError, naming the field, when a number is none.
        """
        fill = _exact(fill)
        known = self._booked.get(fill.exec_id)
        if known is not None:
            if fill.exec_id not in self._amended and _content(known) != _content(fill):
                self.anomalies[LedgerAnomaly.FILL_CONFLICT] += 1
            return False
        if not fill.exec_id or fill.qty <= ZERO or fill.price <= ZERO:
            self.anomalies[LedgerAnomaly.BAD_FILL] += 1
            return False
        self._booked[fill.exec_id] = fill
        executions = self.executions.get(fill.symbol)
        if executions is None:
            self.executions[fill.symbol] = executions = []
            self.positions[fill.symbol] = self._blank(fill.symbol)
        executions.append(fill)
        if fill.exec_id in self._amended:
            self._fold(fill.symbol)
        else:
            self.positions[fill.symbol].book(fill)
        return True

    def bust(self, exec_id: str) -> bool:
        """Take an execution back, with its fee; it never counts again. False when it was taken."""
        return self._amend(exec_id, ZERO, ZERO)

    def correct(
        self, exec_id: str, qty: Decimal | float | str, price: Decimal | float | str
    ) -> bool:
        """Count an execution with another quantity and price; False when that changes nothing.

        What was busted stays so. An execution that is not booked yet is corrected once it is.
        """
        exact_qty, exact_price = to_decimal(qty, "qty"), to_decimal(price, "price")
        if exact_qty <= ZERO or exact_price <= ZERO:
            self.anomalies[LedgerAnomaly.BAD_FILL] += 1
            return False
        return self._amend(exec_id, exact_qty, exact_price)

    def get_position(self, symbol: str) -> Position:
        """The position; a flat one for a symbol that was never traded."""
        return self.positions.get(symbol) or self._blank(symbol)

    def update_mark_price(self, symbol: str, price: Decimal | float | str) -> None:
        """Set the price at which unrealized P&L is measured."""
        mark = to_decimal(price, "mark price")
        self._marks[symbol] = mark
        position = self.positions.get(symbol)
        if position is not None:
            position.mark_price = mark

    def reconcile_position(
        self,
        symbol: str,
        *,
        exchange_qty: Decimal | float | str,
        exchange_avg_price: Decimal | float | str | None = None,
    ) -> bool:
        """Compare with the venue's figures; True when they agree.

        Quantities agree when they are equal, average prices when they differ by less than one in
        the last digit the venue states. Nothing is changed: `drift` says by how much they differ.
        """
        position = self.get_position(symbol)
        drift = to_decimal(exchange_qty, "exchange_qty") - position.qty
        off, tolerance = ZERO, ZERO
        if exchange_avg_price is not None and position.avg_entry_price is not None:
            stated = to_decimal(exchange_avg_price, "exchange_avg_price")
            off = stated - position.avg_entry_price
            tolerance = min(Decimal(1), _last_digit(stated))
        self._drifts[symbol] = (drift, off)
        return not drift and (not off or abs(off) < tolerance)

    def drift(self, symbol: str) -> Decimal:
        """Venue quantity - ledger quantity at the last reconcile of the symbol, 0 before it."""
        return self._drifts.get(symbol, (ZERO, ZERO))[0]

    def avg_price_drift(self, symbol: str) -> Decimal:
        """Venue average - ledger average at the last reconcile, 0 where either had none."""
        return self._drifts.get(symbol, (ZERO, ZERO))[1]

    def saved(self) -> SavedPositions:
        """Everything as one message that shares its parts with this tracker: encode it at once."""
        return SavedPositions(
            self.positions,
            self.executions,
            self._amended,
            self._instruments,
            self._marks,
            self._drifts,
            self.anomalies,
        )

    def to_builtins(self) -> dict[str, Plain]:
        """Everything as JSON-able values, decimals as text."""
        return to_plain(self.saved())

    @classmethod
    def from_builtins(cls, saved: Mapping[str, object]) -> PositionTracker:
        """The tracker that `to_builtins`, or the JSON of `saved`, described.

        Raises ValueError saying where the description is wrong.
        """
        try:
            return cls.restore(msgspec.convert(saved, SavedPositions))
        except msgspec.ValidationError as error:
            raise ValueError(f"saved positions: {error}") from None

    @classmethod
    def restore(cls, saved: SavedPositions) -> PositionTracker:
        """The tracker that `saved` gave; it takes the parts over."""
        tracker = cls()
        tracker.positions = saved.positions
        tracker.executions = saved.executions
        tracker.anomalies.update(saved.anomalies)
        booked = merge(*saved.executions.values(), key=lambda fill: fill.ts)
        tracker._booked = {fill.exec_id: fill for fill in booked}
        tracker._amended = saved.amended
        tracker._instruments = saved.instruments
        tracker._marks = saved.marks
        tracker._drifts = saved.drifts
        return tracker

    def _amend(self, exec_id: str, qty: Decimal, price: Decimal) -> bool:
        known = self._booked.get(exec_id)
        old = self._amended.get(exec_id)
        if old is None and known is not None:
            old = (known.qty, known.price)
        if old is not None and (not old[0] or old == (qty, price)):
            return False
        self._amended[exec_id] = (qty, price)
        if known is not None:
            self._fold(known.symbol)
        return True

    def _fold(self, symbol: str) -> None:
        """Build a symbol's position anew from its executions as they count now."""
        position = self.positions[symbol] = self._blank(symbol)
        for fill in self.executions[symbol]:
            qty, price = self._amended.get(fill.exec_id, (fill.qty, fill.price))
            if qty:
                position.book(msgspec.structs.replace(fill, qty=qty, price=price))

    def _blank(self, symbol: str) -> Position:
        position = Position(symbol=symbol, mark_price=self._marks.get(symbol))
        instrument = self._instruments.get(symbol)
        if instrument is not None:
            spot = instrument.category is Category.SPOT
            position.category = instrument.category
            position.base_currency = instrument.base
            position.pnl_currency = instrument.quote if spot else instrument.settle
        return position


def _markets_differ(one: Position, other: Position) -> bool:
    return (one.category, one.base_currency, one.pnl_currency) != (
        other.category,
        other.base_currency,
        other.pnl_currency,
    )


def _content(fill: FillEvent) -> tuple[str, Side, Decimal, Decimal, Decimal, str]:
    return fill.symbol, fill.side, fill.qty, fill.price, fill.fee, fill.fee_currency


def _exact(fill: FillEvent) -> FillEvent:
    """The same fill; scripts may have given floats and strings where decimals are meant."""
    if type(fill.qty) is type(fill.price) is type(fill.fee) is Decimal and type(fill.side) is Side:
        return fill
    return msgspec.structs.replace(
        fill,
        qty=to_decimal(fill.qty, "qty"),
        price=to_decimal(fill.price, "price"),
        fee=to_decimal(fill.fee, "fee"),
        side=Side(fill.side),
    )


def _last_digit(number: Decimal) -> Decimal:
    exponent = number.as_tuple().exponent
    return Decimal(1).scaleb(int(exponent))


def create_tracker() -> PositionTracker:
    """A position tracker with an empty ledger."""
    return PositionTracker()
