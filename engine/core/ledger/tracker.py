"""The ledger of executions, and the positions that are the sum of it.

Every execution is booked once, whatever became of its order; what the venue later takes back or
corrects is kept beside it. An execution whose order nobody knows is in `suspense`: it counts like
any other, and is attached to its order when that turns up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import chain

import msgspec

from engine.core.instruments import Instrument
from engine.core.ledger.by_id import Booked, LedgerAnomaly
from engine.core.ledger.entries import Ledger, SavedPositions
from engine.core.ledger.executions import agree, exact, is_same, position_key
from engine.core.ledger.position import Position, is_same_market
from engine.core.plain import Plain, to_plain
from engine.core.reports import FillEvent
from engine.core.types import ZERO, Category, ExecutionKind, to_decimal

__all__ = [
    "LedgerAnomaly",
    "Position",
    "PositionTracker",
    "SavedPositions",
    "create_tracker",
    "position_key",
]

TRADE = ExecutionKind.TRADE


class PositionTracker(Booked):
    """Positions by symbol (`position_key`), and the executions they are the sum of.

    `inferring` names the orders of which a part rests on status reports; `stated` has by symbol
    what the venue says that executions realized, and what they realized here.
    """

    def __init__(self) -> None:
        super().__init__()
        self.positions: dict[str, Position] = {}
        self.inferring: set[str] = set()
        self.stated: dict[str, tuple[Decimal, Decimal]] = {}
        self._ledgers: dict[str, Ledger] = {}
        self._instruments: dict[str, Instrument] = {}
        self._marks: dict[str, Decimal] = {}
        self._drifts: dict[str, tuple[Decimal, Decimal]] = {}

    @property
    def executions(self) -> dict[str, list[FillEvent]]:
        """Every execution by position as it was first booked, in the venue's order."""
        return {key: ledger.rows for key, ledger in self._ledgers.items() if ledger.rows}

    def inferred(self) -> Iterator[FillEvent]:
        """What is booked on the strength of status reports: one entry an order."""
        return chain.from_iterable(each.inferred.values() for each in self._ledgers.values())

    def set_instrument(self, instrument: Instrument) -> None:
        """Say what kind of market a symbol is; without it P&L is that of a linear contract."""
        self._instruments[instrument.symbol] = instrument
        for index in range(3):
            key = position_key(instrument.symbol, index)
            ledger = self._ledgers.get(key)
            blank = self._blank(instrument.symbol, index)
            if ledger is not None and not is_same_market(ledger.position, blank):
                ledger.refold()
                self._show(key)

    def apply_fill(self, fill: FillEvent) -> bool:
        """`book` for floats and text, too. Raises ValueError, naming the field, on other things."""
        return self.book(exact(fill))

    def book(self, fill: FillEvent) -> bool:
        """Book one execution; False when its exec id is booked already.

        The same id with other content is counted as a conflict, and the first stays.
        """
        known = self._booked.get(fill.exec_id)
        if known is not None:
            return self._told_again(known, fill)
        if not fill.exec_id or fill.qty <= ZERO or fill.price <= ZERO:
            self.anomalies[LedgerAnomaly.BAD_FILL] += 1
            return False
        self.add(fill)
        return True

    def add(self, fill: FillEvent) -> None:
        """Book an execution that is known to be one, and new."""
        self._booked[fill.exec_id] = fill
        if fill.kind is not TRADE:
            self.anomalies[fill.kind.name] += 1
        key = symbol = fill.symbol
        if fill.position_index:
            key = position_key(symbol, fill.position_index)
        ledger = self._ledgers.get(key)
        if ledger is None:
            ledger = self._open(key, symbol, fill.position_index)
        if not ledger.add(fill) or ledger.inferred:
            self._show(key)

    def suspend(self, fill: FillEvent) -> bool:
        """Book an execution whose order nobody knows; `apply_fill` with its order attaches it."""
        if not self.apply_fill(fill):
            return False
        self.suspense[fill.exec_id] = self._booked[fill.exec_id]
        self.anomalies[LedgerAnomaly.SUSPENSE] += 1
        return True

    def bust(self, exec_id: str, client_order_id: str = "") -> bool:
        """Take an execution back, with its fee; it never counts again. False when it was taken.

        `client_order_id` says whose it is, should it not be booked yet.
        """
        if client_order_id and exec_id not in self._booked:
            self._busted_first.setdefault(exec_id, client_order_id)
        return self._amend(exec_id, ZERO, ZERO)

    def correct(
        self,
        exec_id: str,
        qty: Decimal | float | str,
        price: Decimal | float | str,
        *,
        unseen: FillEvent | None = None,
    ) -> bool:
        """Count an execution with another quantity and price; False when that changes nothing.

        What was busted stays so. An execution that is not booked yet is corrected once it is, or
        booked now where `unseen` says what it was about.
        """
        exact_qty, exact_price = to_decimal(qty, "qty"), to_decimal(price, "price")
        if exact_qty <= ZERO or exact_price <= ZERO:
            self.anomalies[LedgerAnomaly.BAD_FILL] += 1
            return False
        changed = self._amend(exec_id, exact_qty, exact_price)
        if changed and unseen is not None and exec_id not in self._booked:
            self._unseen.add(exec_id)
            self.apply_fill(msgspec.structs.replace(unseen, fee_assumed=True))
        return changed

    def infer(self, fill: FillEvent) -> None:
        """Count what the venue shows of an order beyond its executions, in place of what was.

        `fill` has no exec id; a quantity of 0 takes it away.
        """
        key = position_key(fill.symbol, fill.position_index)
        ledger = self._ledgers.get(key) or self._open(key, fill.symbol, fill.position_index)
        ledger.inferred.pop(fill.client_order_id, None)
        self.inferring.discard(fill.client_order_id)
        if fill.qty:
            ledger.inferred[fill.client_order_id] = fill
            self.inferring.add(fill.client_order_id)
        self._show(key)

    def add_funding(self, symbol: str, amount: Decimal, currency: str) -> None:
        """Count funding, positive when received, with the position that paid or earned it.

        Funding in another currency than the position's stays in the cash ledger alone.
        """
        ledger = self._ledgers.get(symbol) or self._open(symbol, symbol, 0)
        position = ledger.position
        position.pnl_currency = position.pnl_currency or currency
        if currency == position.pnl_currency:
            position.funding += amount
            self._show(symbol)

    def get_position(self, symbol: str, index: int = 0) -> Position:
        """The position; a flat one for a symbol that was never traded."""
        return self.positions.get(position_key(symbol, index)) or self._blank(symbol, index)

    def net_qty(self, symbol: str) -> Decimal:
        """What is held of a symbol on the whole: both sides of a hedge together."""
        return sum((self.get_position(symbol, index).qty for index in range(3)), ZERO)

    def update_mark_price(self, symbol: str, price: Decimal | float | str) -> None:
        """Set the price at which unrealized P&L is measured."""
        mark = to_decimal(price, "mark price")
        self._marks[symbol] = mark
        for index in range(3):
            key = position_key(symbol, index)
            ledger = self._ledgers.get(key)
            if ledger is not None:
                ledger.position.mark_price = self.positions[key].mark_price = mark

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
        average = position.avg_entry_price
        drift = to_decimal(exchange_qty, "exchange_qty") - position.qty
        off, agrees = ZERO, True
        if exchange_avg_price is not None and average is not None:
            stated = to_decimal(exchange_avg_price, "exchange_avg_price")
            off, agrees = stated - average, agree(stated, average)
        self._drifts[symbol] = (drift, off)
        return not drift and agrees

    def drift(self, symbol: str) -> Decimal:
        """Venue quantity - ledger quantity at the last reconcile of the symbol, 0 before it."""
        return self._drifts.get(symbol, (ZERO, ZERO))[0]

    def avg_price_drift(self, symbol: str) -> Decimal:
        """Venue average - ledger average at the last reconcile, 0 where either had none."""
        return self._drifts.get(symbol, (ZERO, ZERO))[1]

    def saved(self) -> SavedPositions:
        """Everything as one message that shares its parts with this tracker: encode it at once."""
        ledgers = self._ledgers.items()
        return SavedPositions(
            positions={key: ledger.position for key, ledger in ledgers},
            executions=self.executions,
            amended=self._amended,
            instruments=self._instruments,
            marks=self._marks,
            drifts=self._drifts,
            anomalies=self.anomalies,
            inferred={key: ledger.inferred for key, ledger in ledgers if ledger.inferred},
            suspense=list(self.suspense),
            unseen=sorted(self._unseen),
            stated=self.stated,
            busted_first=self._busted_first,
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
        tracker.anomalies.update(saved.anomalies)
        booked = sorted(chain.from_iterable(saved.executions.values()), key=lambda fill: fill.ts)
        tracker._booked = {fill.exec_id: fill for fill in booked}
        tracker._amended = saved.amended
        tracker._unseen = set(saved.unseen)
        tracker.stated = saved.stated
        tracker._busted_first = saved.busted_first
        tracker._instruments = saved.instruments
        tracker._marks = saved.marks
        tracker._drifts = saved.drifts
        tracker.suspense = {exec_id: tracker._booked[exec_id] for exec_id in saved.suspense}
        for key, position in saved.positions.items():
            ledger = tracker._open(key, position.symbol, position.index)
            ledger.take_over(position, saved.executions.get(key, ()))
            ledger.inferred.update(saved.inferred.get(key, {}))
            tracker.inferring.update(ledger.inferred)
            tracker._show(key)
        return tracker

    def _told_again(self, known: FillEvent, fill: FillEvent) -> bool:
        """Take what a second report of an execution adds: its content, its fee, its order."""
        exec_id = fill.exec_id
        if exec_id in self._unseen:
            self._unseen.discard(exec_id)
            self._know_better(known, fill)
            return True
        if exec_id not in self._amended and not is_same(known, fill):
            self.anomalies[LedgerAnomaly.FILL_CONFLICT] += 1
            return False
        attached = self.suspense.pop(exec_id, None) is not None
        fee_told = known.fee_assumed and not fill.fee_assumed
        if attached or fee_told:
            about = fill if attached else known
            fees = fill if fee_told else known
            better = msgspec.structs.replace(
                known,
                client_order_id=about.client_order_id,
                exchange_order_id=about.exchange_order_id,
                position_index=about.position_index,
                fee=fees.fee,
                fee_currency=fees.fee_currency,
                fee_assumed=fees.fee_assumed,
            )
            self._know_better(known, better)
        return False

    def _know_better(self, known: FillEvent, fill: FillEvent) -> None:
        self._booked[fill.exec_id] = fill
        before = position_key(known.symbol, known.position_index)
        key = position_key(fill.symbol, fill.position_index)
        if key == before:
            self._ledgers[key].replace(fill)
        else:
            self._ledgers[before].remove(fill.exec_id)
            self._show(before)
            ledger = self._ledgers.get(key) or self._open(key, fill.symbol, fill.position_index)
            ledger.add(fill)
        self._show(key)

    def _amend(self, exec_id: str, qty: Decimal, price: Decimal) -> bool:
        known = self._booked.get(exec_id)
        old = self._amended.get(exec_id)
        if old is None and known is not None:
            old = (known.qty, known.price)
        if old is not None and (not old[0] or old == (qty, price)):
            return False
        self._amended[exec_id] = (qty, price)
        if known is not None:
            key = position_key(known.symbol, known.position_index)
            self._ledgers[key].amend(exec_id)
            self._show(key)
        return True

    def _open(self, key: str, symbol: str, index: int) -> Ledger:
        ledger = self._ledgers[key] = Ledger(lambda: self._blank(symbol, index), self._amended)
        self.positions[key] = ledger.position
        return ledger

    def _show(self, key: str) -> None:
        self.positions[key] = self._ledgers[key].shown()

    def _blank(self, symbol: str, index: int = 0) -> Position:
        position = Position(symbol=symbol, index=index, mark_price=self._marks.get(symbol))
        instrument = self._instruments.get(symbol)
        if instrument is not None:
            spot = instrument.category is Category.SPOT
            position.category = instrument.category
            position.base_currency = instrument.base
            position.pnl_currency = instrument.quote if spot else instrument.settle
        return position


def create_tracker() -> PositionTracker:
    """A position tracker with an empty ledger."""
    return PositionTracker()
