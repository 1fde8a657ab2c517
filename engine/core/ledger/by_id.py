"""Executions by their id: each is booked once; what the venue says later is kept beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from enum import StrEnum

from engine.core.reports import FillEvent


class LedgerAnomaly(StrEnum):
    """What the ledger would not book, or books with an alarm, by kind.

    Executions that no order of ours caused are counted under their `ExecutionKind`, too.
    """

    BAD_FILL = "BAD_FILL"
    FILL_CONFLICT = "FILL_CONFLICT"
    SUSPENSE = "SUSPENSE"
    UNKNOWN_EXECUTION = "UNKNOWN_EXECUTION"


class Booked:
    """What is known of each execution, part of `PositionTracker`.

    `anomalies` counts what should not have happened, by kind (`LedgerAnomaly`). `suspense` has the
    executions of orders that nobody knows, by exec id.
    """

    def __init__(self) -> None:
        self.suspense: dict[str, FillEvent] = {}
        self.anomalies: Counter[str] = Counter()
        self._booked: dict[str, FillEvent] = {}
        self._amended: dict[str, tuple[Decimal, Decimal]] = {}
        self._unseen: set[str] = set()  # booked from a correction that came first
        self._busted_first: dict[str, str] = {}  # orders of executions taken back unseen

    def booked_fills(self) -> Iterator[FillEvent]:
        """Every execution as first booked, of all symbols, in booked order."""
        return iter(self._booked.values())

    @property
    def newest_ts(self) -> int:
        """When the last execution was booked (unix ns); 0 before the first."""
        return next((fill.ts for fill in reversed(self._booked.values())), 0)

    def execution(self, exec_id: str) -> FillEvent | None:
        """The execution as it was booked, whatever was corrected since."""
        return self._booked.get(exec_id)

    def is_new(self, exec_id: str) -> bool:
        """True when nothing was heard of this execution before."""
        return exec_id not in self._booked and exec_id not in self._busted_first

    def belongs_elsewhere(self, exec_id: str, client_order_id: str) -> bool:
        """True (counted) when this execution is booked on another order than this one."""
        known = self._booked.get(exec_id)
        if known is None and not self._busted_first:
            return False
        owner = known.client_order_id if known else self._busted_first.get(exec_id, client_order_id)
        elsewhere = owner != client_order_id and exec_id not in self.suspense
        if elsewhere:
            self.anomalies[LedgerAnomaly.FILL_CONFLICT] += 1
        return elsewhere

    def is_of(self, exec_id: str, client_order_id: str) -> bool:
        """True when this execution is booked on this order."""
        known = self._booked.get(exec_id)
        return known is not None and known.client_order_id == client_order_id

    def counted(self, exec_id: str) -> tuple[Decimal, Decimal] | None:
        """Quantity and price with which an execution counts now; None when it is not booked."""
        fill = self._booked.get(exec_id)
        if fill is None:
            return None
        return self._amended.get(exec_id, (fill.qty, fill.price))

    def lacks(self, fill: FillEvent) -> bool:
        """True when `fill` would tell the ledger something: an execution, its fee, or its order."""
        known = self._booked.get(fill.exec_id)
        return (
            known is None
            or fill.exec_id in self._unseen
            or fill.exec_id in self.suspense
            or (known.fee_assumed and not fill.fee_assumed)
        )
