"""The event list: what happened, newest on top."""

from __future__ import annotations

from collections.abc import Sequence

from textual.message import Message

from console import format as fmt
from console.replica import LogEntry
from console.screens.layout import NAMES
from console.views import events as rows
from console.views.cells import Row
from console.views.events import EventsView
from console.widgets.following import FollowingTable


class EventsPanel(FollowingTable):
    """Events by number. While `paused` the list stands still."""

    NAME = NAMES["events"]
    COLUMNS = rows.COLUMNS
    SHRINK = rows.SHRINK

    class Selected(Message):
        """Enter, or a double click, on an event; `order_id` is empty when it is about no order."""

        def __init__(self, seq: int, order_id: str) -> None:
            super().__init__()
            self.seq = seq
            self.order_id = order_id

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._view = EventsView(log=())
        self._log: Sequence[LogEntry] = ()
        self._newest = 0

    def row_total(self) -> int:
        return len(self._log)

    def row_id(self, index: int) -> str:
        return str(self._log[-1 - index].seq)

    def row_index(self, row_id: str) -> int | None:
        if not self._log:
            return None
        index = self._log[-1].seq - int(row_id)
        return index if 0 <= index < len(self._log) else None

    def row_cells(self, row_id: str) -> Row:
        index = self.row_index(row_id)
        assert index is not None
        return rows.row(self._log[-1 - index], self.glyphs)

    def empty_text(self) -> str:
        return "nothing has happened yet"

    def selected_message(self, row_id: str) -> Message | None:
        index = self.row_index(row_id)
        if index is None:
            return None
        entry = self._log[-1 - index]
        return EventsPanel.Selected(entry.seq, getattr(entry.event, "client_order_id", ""))

    def sync(self, view: EventsView) -> None:
        """Take in one frame; entries never change, so only new ones are drawn."""
        self._view, self.glyphs = view, view.glyphs
        if not self.paused:
            self._take(view.log)
        self.retitle()

    def toggle_pause(self) -> None:
        """Stand still, or go on with the newest."""
        self.paused = not self.paused
        self._take(tuple(self._view.log) if self.paused else self._view.log)
        self.retitle()

    def _take(self, log: Sequence[LogEntry]) -> None:
        top = self.top_row()
        newest = log[-1].seq if log else 0
        another = newest < self._newest
        self._log, self._newest = log, newest
        self.settle_on(top)
        if another:
            self.repaint_all()
        else:
            self.repaint(())

    def retitle(self) -> None:
        newest = self._view.log[-1].seq if self._view.log else 0
        parts = [f"#{fmt.count(newest)}"] if newest else []
        if self.paused:
            parts.append(f"PAUSED +{fmt.count(newest - self._newest)}")
        elif not self.following:
            parts.append("not following")
        self.set_title(*parts, stale=self._view.stale)
