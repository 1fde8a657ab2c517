"""What a venue still owes us a word about: rounds of proof, promised fills, suspected drift."""

from __future__ import annotations

from collections import OrderedDict
from decimal import Decimal

import msgspec

from engine.core.events import Drift
from engine.core.margin import AccountMargin
from engine.core.reports import OrderLookup


class Absence(msgspec.Struct, gc=False):
    """Clean rounds of questions that did not find an order; it was not sent after `since_ts`."""

    since_ts: int = 0
    rounds: tuple[OrderLookup, ...] = ()


class Promise(msgspec.Struct, gc=False):
    """A filled quantity that a row has shown and executions have not brought yet.

    `asked_ts` is when the order's own executions were asked for, completely and in vain; 0 before.
    """

    cum_qty: Decimal
    avg_price: Decimal | None = None
    asked_ts: int = 0


class Heard(msgspec.Struct, frozen=True, gc=False):
    """A position that the stream showed and when, on our clock, while a timer runs to compare."""

    qty: Decimal
    heard_ts: int


class Suspect(msgspec.Struct, frozen=True, gc=False):
    """A difference that was seen in `rounds` comparisons in a row, and is not believed yet."""

    qty: Decimal
    since_ts: int
    rounds: int


class Ignored(msgspec.Struct, frozen=True, gc=False):
    """A difference that a person lives with; `until_ts` 0 means until it changes."""

    qty: Decimal
    until_ts: int
    reason: str

    def covers(self, qty: Decimal, now_ns: int) -> bool:
        """True while this difference is the one that was meant, and the time is not over."""
        return qty == self.qty and (not self.until_ts or now_ns < self.until_ts)


class Evidence:
    """What a venue was last heard to say, part of `State`.

    Not folded from events and not in a snapshot: a restart or a replica begins without it and
    asks again.
    """

    def __init__(self) -> None:
        # Ordered: the oldest key of a plain dict is behind all that were deleted before it.
        self.row_shown: OrderedDict[str, tuple[int, Decimal, int]] = OrderedDict()
        self.absences: dict[str, Absence] = {}
        self.tries: dict[str, int] = {}
        self.asking: set[str] = set()
        self.stuck: set[str] = set()
        self.suspects: dict[str, Suspect] = {}
        self.pending: tuple[Drift, ...] = ()
        self.promised: dict[str, Promise] = {}
        self.heard: dict[str, Heard] = {}
        self.puzzling: dict[str, int] = {}
        self.lost_asked_ns = 0
        self.lost_asking = False
        self.ready = False
        self.links: dict[str, bool] = {}
        self.failures = 0
        self.pnl_unanswered = False
        self.comparing = False
        self.link_ts = 0
        self.bare: dict[str, int] = {}  # since when a position has been without a protective stop
        self.unreadable: frozenset[str] = frozenset()
        self.margin = AccountMargin()
