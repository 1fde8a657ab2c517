"""Faults of what is pushed: rows to accounts, frames of the book to everybody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from engine.exchange.account import Account
from engine.exchange.faults.dice import Dice
from engine.exchange.faults.plan import BOOK, FLUSH, ROW
from engine.exchange.feeds import book_snapshot
from engine.exchange.hub import Hub, is_heard
from engine.exchange.matching import Market
from engine.exchange.orders import BY_USER
from engine.exchange.player import Clock
from engine.exchange.rows import Row
from engine.exchange.sources.frames import Frame
from engine.exchange.wire import OrderRow

MS = 1_000_000
CAME_TOO_LATE = "EC_OrigClOrdIDDoesNotExist"
ORDER_FIRST = {"order": 0, "execution": 1}
# What may be told wrongly of an order, by its status and whether it has fills.
ORDER_FAULTS: Mapping[tuple[str, bool], set[str]] = {
    ("Filled", True): {"double_filled"},
    ("Cancelled", True): {"rejected_with_fills"},
}


class Noise:
    """Stands between what has happened and who is told of it."""

    def __init__(self, dice: Dice, clock: Clock, hub: Hub) -> None:
        self._dice = dice
        self._clock = clock
        self._hub = hub
        self._held: dict[str, list[Row]] = {}  # by account, waiting for a late push

    def rows(self, account: Account, rows: Sequence[Row]) -> None:
        """Push an account's rows of one instant, more or less as they are."""
        told: list[Row] = []
        for row in rows:
            told += self._told(row) if is_heard(account, row) else [row]
        held = self._held.get(account.api_key)
        heard = [_rank(row) for row in told if is_heard(account, row)]
        can = {
            "rows_late": bool(heard) and held is None,
            "rows_swapped": heard != sorted(heard),
        }
        late_ms = 0
        for rule in self._dice.all(FLUSH, account.api_key, lambda rule: can[rule.kind]):
            if rule.kind == "rows_late":
                late_ms = max(late_ms, rule.ms)
            else:
                told.sort(key=_rank)
        if held is not None:  # what comes later never overtakes
            held += told
        elif late_ms:
            self._held[account.api_key] = told
            self._clock.call_at(self._clock.now_ns() + late_ms * MS, lambda: self._release(account))
        else:
            self._hub.push(account, told)

    def _release(self, account: Account) -> None:
        self._hub.push(account, self._held.pop(account.api_key))

    def _told(self, row: Row) -> list[Row]:
        """A row as it is told: once, changed, or more than once."""
        told, order = [row], row.row
        possible = {"duplicate_row"}
        if isinstance(order, OrderRow):
            possible |= ORDER_FAULTS.get((order.orderStatus, order.cumExecQty != "0"), set())
        found = self._dice.all(ROW, _subject(row), lambda rule: rule.kind in possible)
        kinds = {rule.kind for rule in found}
        if isinstance(order, OrderRow):
            if "rejected_with_fills" in kinds:
                told = [replace(row, row=replace(order, orderStatus="Rejected"))]
            if "double_filled" in kinds:
                again = replace(order, cancelType=BY_USER[0], rejectReason=CAME_TOO_LATE)
                told.append(replace(row, row=again))
        return told * 2 if "duplicate_row" in kinds else told

    def book(self, frame: Frame, market: Market) -> list[bytes]:
        """The messages that stand for a book frame, once the book has taken it in."""
        rule = None
        if self._hub.is_heard((frame.category, frame.topic)):
            rule = self._dice.first(BOOK, frame.topic)
        if rule is None:
            return [frame.raw]
        if rule.kind == "book_gap":
            return []
        snapshot = book_snapshot(frame.topic, market, 50)
        if rule.kind == "book_repeat":
            return [frame.raw, snapshot, snapshot]
        return [book_snapshot(frame.topic, market, 50, restarted=True)]


def _rank(row: Row) -> int:
    return ORDER_FIRST.get(row.kind, 2)


def _subject(row: Row) -> str:
    """What `on` is compared with: the topic, and for orders their status."""
    order = row.row
    return f"{row.kind}.{order.orderStatus}" if isinstance(order, OrderRow) else row.kind
