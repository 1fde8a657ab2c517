"""Money that no execution moved: funding, fees, settlements, transfers. Append-only.

Every entry has an id of the venue's and is booked once. Executions and their fees are in the
ledger of executions; what is here is the rest of what changes a wallet.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from engine.core.events import CashBooked
from engine.core.types import ZERO, CashKind

QUARANTINED_KEPT = 4_096
"""Ids of executions of unknown types that are remembered, so that each is counted once."""


class SavedCash(msgspec.Struct):
    """A cash ledger as one message."""

    entries: list[CashBooked] = []
    quarantined: list[str] = []


class CashLedger:
    """Entries in booked order, and their sums by currency and kind."""

    def __init__(self) -> None:
        self.sums: dict[tuple[str, CashKind], Decimal] = {}
        self._entries: dict[str, CashBooked] = {}
        self._quarantined: dict[str, None] = {}

    def book(self, entry: CashBooked) -> bool:
        """Book one entry; False when its id is booked already."""
        if entry.cash_id in self._entries:
            return False
        self._entries[entry.cash_id] = entry
        key = entry.currency, entry.kind
        self.sums[key] = self.sums.get(key, ZERO) + entry.amount
        return True

    def has(self, cash_id: str) -> bool:
        """True when the venue's id is booked."""
        return cash_id in self._entries

    def quarantine(self, exec_id: str) -> bool:
        """Note an execution that is not understood; False when it was noted before."""
        if exec_id in self._quarantined:
            return False
        self._quarantined[exec_id] = None
        if len(self._quarantined) > QUARANTINED_KEPT:
            del self._quarantined[next(iter(self._quarantined))]
        return True

    def is_quarantined(self, exec_id: str) -> bool:
        """True for an execution that was noted as not understood."""
        return exec_id in self._quarantined

    def entries(self) -> Iterator[CashBooked]:
        """Every entry, in booked order."""
        return iter(self._entries.values())

    def total(self, currency: str, kind: CashKind | None = None) -> Decimal:
        """What was received of a currency, less what was paid; of one kind, or in all."""
        return sum(
            (
                amount
                for (name, what), amount in self.sums.items()
                if name == currency and kind in (None, what)
            ),
            ZERO,
        )

    def saved(self) -> SavedCash:
        """Everything as one message that shares its parts: encode it at once."""
        return SavedCash(list(self._entries.values()), list(self._quarantined))

    @classmethod
    def restore(cls, saved: SavedCash) -> CashLedger:
        """The ledger that `saved` gave."""
        ledger = cls()
        for entry in saved.entries:
            ledger.book(entry)
        ledger._quarantined = dict.fromkeys(saved.quarantined)
        return ledger
