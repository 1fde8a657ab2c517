"""The order table: every order with its state, sorted, filtered, and repainted row by row."""

from __future__ import annotations

from textual.message import Message
from textual.timer import Timer

from console import format as fmt
from console.filtering import Filter, parse_filter
from console.ordering import OrderIndex
from console.screens.layout import NAMES
from console.views import blotter as rows
from console.views.blotter import BlotterView
from console.views.cells import Row
from console.widgets.following import FollowingTable
from engine.core.orders.machine import Order

HOLD_S = 1.0
"""Rows keep their places this long after the user moved the cursor."""


class Blotter(FollowingTable):
    """Orders by id; the cursor stays with its order.

    While `paused`, and for a second after a move, rows neither come, go nor change places; their
    figures stay live.
    """

    NAME = NAMES["blotter"]
    COLUMNS = rows.COLUMNS
    SHRINK = rows.SHRINK

    class Selected(Message):
        """Enter, or a double click, on an order."""

        def __init__(self, order_id: str) -> None:
            super().__init__()
            self.order_id = order_id

    class CursorMoved(Message):
        """The cursor is on another order; None when there is none left."""

        def __init__(self, order_id: str | None) -> None:
            super().__init__()
            self.order_id = order_id

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.index = OrderIndex()
        self._view = BlotterView(orders={})
        self._held: set[str] = set()
        self._gone: dict[str, Order] = {}
        self._hold: Timer | None = None
        self._ticked_s = 0

    # What the table base asks for.

    def row_total(self) -> int:
        return len(self.index)

    def row_id(self, index: int) -> str:
        return self.index[index]

    def row_index(self, row_id: str) -> int | None:
        return self.index.place(row_id)

    def row_cells(self, row_id: str) -> Row:
        view, order = self._view, self.order(row_id)
        if order is None:
            return rows.gone_row(row_id)
        return rows.row(order, view.instruments.get(order.symbol), view.now_ns, view.glyphs)

    def order(self, row_id: str) -> Order | None:
        """The order of a row, also while the row is held after the order left memory."""
        return self._view.orders.get(row_id) or self._gone.get(row_id)

    def empty_text(self) -> str:
        return "nothing matches the filter" if self._view.orders else "no orders yet"

    def selected_message(self, row_id: str) -> Message:
        return Blotter.Selected(row_id)

    def cursor_message(self, row_id: str | None) -> Message:
        return Blotter.CursorMoved(row_id)

    # Frames.

    def sync(self, view: BlotterView) -> None:
        """Take in one frame: O(what changed), and no repaint where nothing visible did."""
        self._view, self.glyphs = view, view.glyphs
        if view.reset:
            self._rebuild()
        else:
            self._held |= view.changed | view.gone.keys()
            self._gone.update(view.gone)
            if not self.holding:
                self._release()
        self.repaint(view.changed | self._aged())
        self.retitle()

    @property
    def holding(self) -> bool:
        """True while rows keep their places."""
        return self.paused or self._hold is not None

    def _release(self) -> None:
        """Let the held orders take their places; the viewport stays with what it shows."""
        held, self._held = self._held, set()
        if not held:
            return
        top = self.top_row()
        for order_id in held:
            order = self._view.orders.get(order_id)
            if order is not None:
                self.index.update(order)
            else:
                self.index.discard(order_id)
        self._gone.clear()
        self._after_reorder(top)

    def _rebuild(self) -> None:
        self._held.clear()
        self._gone.clear()
        self.index.rebuild(self._view.orders.values())
        self._after_reorder(None if self.following else self.cursor_id)
        self.repaint_all()

    def _after_reorder(self, top: str | None) -> None:
        self.settle_on(top)
        if self.cursor_id is None or self.index.place(self.cursor_id) is None:
            self.move_cursor(self.index[0] if len(self.index) else None, scroll=False)

    def _aged(self) -> set[str]:
        """Visible open orders, once a second: their age ticks."""
        second = self._view.now_ns // fmt.NS
        if second == self._ticked_s:
            return set()
        self._ticked_s = second
        self.forget_hidden()
        orders = self._view.orders
        return {id_ for id_ in self.visible_ids() if id_ in orders and orders[id_].is_open}

    def retitle(self) -> None:
        view, index = self._view, self.index
        arrow = view.glyphs.descending if index.descending else view.glyphs.ascending
        total = len(view.orders) + view.retired
        parts = [f"working {fmt.count(view.open_count)} / all {fmt.count(total)}"]
        if view.retired:
            parts.append(f"{fmt.count(view.retired)} in the journal")
        if index.filter.text:
            parts.append(f"filter: {index.filter.text} ({fmt.count(len(index))})")
        parts.append(f"sort: {index.column}{arrow}")
        if self.paused:
            parts.append(f"PAUSED +{fmt.count(len(self._held))}")
        elif not self.following:
            parts.append("not following")
        self.set_title(*parts, stale=view.stale)

    # What the user asks for.

    @property
    def filter(self) -> Filter:
        """The filter in force."""
        return self.index.filter

    def ordered_ids(self) -> list[str]:
        """Ids of the filtered orders in display order."""
        return self.index.ids()

    def set_filter(self, text: str) -> None:
        """Show only what matches. Raises FilterError, and then nothing has changed."""
        self.index.filter = parse_filter(text)
        self._rearrange()

    def sort_by(self, column: str, descending: bool | None = None) -> None:
        """Sort by a column of `SORT_KEYS`; its order so far where `descending` is None."""
        down = self.index.descending if descending is None else descending
        self.index.arrange(column, descending=down)
        self._rearrange()

    def cycle_sort(self, step: int = 1) -> None:
        """Sort by the next column that can be sorted by."""
        names = list(rows.SORT_KEYS)
        self.sort_by(names[(names.index(self.index.column) + step) % len(names)])

    def reverse_sort(self) -> None:
        """Turn the order around."""
        self.sort_by(self.index.column, not self.index.descending)

    def toggle_pause(self) -> None:
        """Stop rows from moving, or let them go on."""
        self.paused = not self.paused
        self._settle()

    def _rearrange(self) -> None:
        self._rebuild()
        if self.cursor_id is not None and (place := self.index.place(self.cursor_id)) is not None:
            self._scroll_to_row(place)
        self.retitle()

    def _settle(self) -> None:
        if not self.holding:
            self._release()
            self.repaint(())
        self.retitle()

    def user_moved(self) -> None:
        """Rows keep their places for a while."""
        if self._hold is not None:
            self._hold.stop()
        self._hold = self.set_timer(HOLD_S, self._end_hold)
        super().user_moved()

    def _end_hold(self) -> None:
        self._hold = None
        self._settle()
