"""Faults of what is pushed: rows to accounts, frames of the book to everybody."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from engine.exchange.account import Account
from engine.exchange.faults.dice import Dice
from engine.exchange.faults.plan import BOOK, FLUSH, ROW
from engine.exchange.feeds import book_snapshot
from engine.exchange.matching import Market
from engine.exchange.orders import BY_USER
from engine.exchange.player import Clock
from engine.exchange.rows import Row
from engine.exchange.sources.frames import Frame
from engine.exchange.wire import OrderRow

MS = 1_000_000
CAME_TOO_LATE = "EC_OrigClOrdIDDoesNotExist"
ORDER_FIRST = {"order": 0, "execution": 1}
Push = Callable[[Account, Sequence[Row]], None]


class Noise:
    """Stands between what has happened and who is told of it."""

    def __init__(self, dice: Dice, clock: Clock, push: Push) -> None:
        self._dice = dice
        self._clock = clock
        self._push = push
        self._held: dict[str, list[Row]] = {}  # by account, waiting for a late push

    def rows(self, account: Account, rows: Sequence[Row]) -> None:
        """Push an account's rows of one instant, more or less as they are."""
        told: list[Row] = []
        for row in rows:
            told += self._told(row)
        late_ms = 0
        for rule in self._dice.all(FLUSH, account.api_key):
            if rule.kind == "rows_late":
                late_ms = max(late_ms, rule.ms)
            else:
                told.sort(key=lambda row: ORDER_FIRST.get(row.kind, 2))
        held = self._held.get(account.api_key)
        if held is not None:  # what comes later never overtakes
            held += told
        elif late_ms:
            self._held[account.api_key] = told
            self._clock.call_at(self._clock.now_ns() + late_ms * MS, lambda: self._release(account))
        else:
            self._push(account, told)

    def _release(self, account: Account) -> None:
        self._push(account, self._held.pop(account.api_key))

    def _told(self, row: Row) -> list[Row]:
        """A row as it is told: once, changed, or more than once."""
        told = [row]
        order = row.row
        kinds = {rule.kind for rule in self._dice.all(ROW, _subject(row))}
        if isinstance(order, OrderRow):
            has_fills = order.cumExecQty != "0"
            if "rejected_with_fills" in kinds and has_fills and order.orderStatus == "Cancelled":
                told = [replace(row, row=replace(order, orderStatus="Rejected"))]
            if "double_filled" in kinds and order.orderStatus == "Filled":
                again = replace(order, cancelType=BY_USER[0], rejectReason=CAME_TOO_LATE)
                told.append(replace(row, row=again))
        return told * 2 if "duplicate_row" in kinds else told

    def book(self, frame: Frame, market: Market) -> list[bytes]:
        """The messages that stand for a book frame, once the book has taken it in."""
        rule = self._dice.first(BOOK, frame.topic)
        if rule is None:
            return [frame.raw]
        if rule.kind == "book_gap":
            return []
        snapshot = book_snapshot(frame.topic, market, 50)
        if rule.kind == "book_repeat":
            return [frame.raw, snapshot, snapshot]
        return [book_snapshot(frame.topic, market, 50, restarted=True)]


def _subject(row: Row) -> str:
    """What `on` is compared with: the topic, and for orders their status."""
    order = row.row
    return f"{row.kind}.{order.orderStatus}" if isinstance(order, OrderRow) else row.kind
