"""Drill-down: everything about one order, live while it is open."""

from __future__ import annotations

from textual.widgets import Static

from console.glyphs import Glyphs
from console.replica import Changes
from console.screens.sheet import FindOrder, Reader
from console.story import story
from engine.core.instruments import Instrument
from engine.core.orders import Order
from engine.core.risk import Explanation


class Detail(Reader):
    """The story of one order."""

    def __init__(
        self,
        order: Order,
        find: FindOrder,
        instrument: Instrument | None,
        glyphs: Glyphs,
        explanation: Explanation | None = None,
    ) -> None:
        super().__init__()
        self.TITLE_TEXT = f"ORDER {order.client_order_id}"
        self._order = order
        self._find = find
        self._instrument = instrument
        self._glyphs = glyphs
        self._explanation = explanation

    def text(self) -> str:
        return story(self._order, self._instrument, self._glyphs, self._explanation)

    def on_frame(self, changes: Changes) -> None:
        """New events of this order are added as they come."""
        if self._order.client_order_id in changes.orders or changes.reset:
            self._order = self._find(self._order.client_order_id) or self._order
            self.query_one("#reader-text", Static).update(self.text())
