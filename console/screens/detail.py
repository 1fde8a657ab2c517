"""Drill-down: everything about one order, live while it is open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.widgets import Static

from console.glyphs import Glyphs
from console.replica import Changes
from console.screens.confirm import Typed, TypedConfirm
from console.screens.sheet import Reader
from console.story import story

if TYPE_CHECKING:
    from console.desk import Desk


class Detail(Reader):
    """The story of the order with this name, ours or the venue's; empty until it is in memory."""

    def __init__(self, name: str, desk: Desk, glyphs: Glyphs) -> None:
        super().__init__()
        self.TITLE_TEXT = f"ORDER {name}"
        self._named = name
        self._desk = desk
        self._glyphs = glyphs
        self._order = desk.find(name)

    def text(self) -> str:
        order, replica = self._order, self._desk.replica
        if order is None:
            return "Not in memory: the journal is asked for it."
        return story(
            order,
            replica.state.instruments.get(order.symbol),
            self._glyphs,
            replica.explanations.get(order.client_order_id),
        )

    def on_frame(self, changes: Changes) -> None:
        """New events of this order are added as they come."""
        shown = self._order
        if shown is None or shown.client_order_id in changes.orders or changes.reset:
            self._order = self._desk.find(self._named) or shown
            self.query_one("#reader-text", Static).update(self.text())


def find_screen() -> TypedConfirm:
    """One line to type: the order to open."""
    return TypedConfirm(
        "OPEN AN ORDER",
        "Its id, ours or the venue's, whole. One that has left memory comes from the journal.",
        (Typed("Order", lambda text: None if text else "an order's id"),),
    )
