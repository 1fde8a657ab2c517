"""A small table that is given whole with each frame, and repaints the rows that differ."""

from __future__ import annotations

from typing import Generic, TypeVar

from textual import events

from console.views.cells import Line, Row, TableView
from console.widgets.table import LineTable

V = TypeVar("V", bound=TableView)


class RowsTable(LineTable, Generic[V]):
    """Draws a `TableView`."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._view: V | None = None
        self._rows: dict[str, Row] = {}
        self._keys: tuple[str, ...] = ()

    def row_total(self) -> int:
        return len(self._keys)

    def row_id(self, index: int) -> str:
        return self._keys[index]

    def row_index(self, row_id: str) -> int | None:
        return self._keys.index(row_id) if row_id in self._rows else None

    def row_cells(self, row_id: str) -> Row:
        return self._rows[row_id]

    def sync(self, view: V) -> None:
        """Take in one frame; lines that are as before cost nothing."""
        rows = dict(zip(view.keys, view.rows, strict=True))
        changed = {key for key, row in rows.items() if self._rows.get(key) != row}
        moved = view.keys != self._keys
        self._view, self._keys, self._rows = view, view.keys, rows
        self.set_pinned(view.head, self.make_foot(view))
        if moved:
            self.resize_rows()
            if self.cursor_id not in rows:
                self.move_cursor(view.keys[0] if view.keys else None, scroll=False)
        self.repaint(changed)
        self.set_title(view.title, stale=view.stale)

    def on_resize(self, _event: events.Resize) -> None:
        """Pinned lines may depend on the room there is."""
        if self._view is not None:
            self.set_pinned(self._view.head, self.make_foot(self._view))

    def make_foot(self, view: V) -> tuple[Line, ...]:
        """The lines pinned below the rows."""
        return view.foot
