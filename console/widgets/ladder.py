"""The price ladder: a fixed grid of prices that sizes move on, ours and the market's."""

from __future__ import annotations

from decimal import Decimal

from textual import events
from textual.message import Message

from console.screens.layout import NAMES
from console.views import ladder as rows
from console.views.cells import Row
from console.views.ladder import LadderView
from console.widgets.table import LineTable
from engine.core.types import Side


class LadderPanel(LineTable):
    """Prices one tick apart, highest on top. A row's id is its price.

    The grid moves only when it is told to recentre, or when the touch has come near its edge and
    the pointer is elsewhere: what is under a pointer stays what it was.
    """

    NAME = NAMES["ladder"]
    COLUMNS = rows.COLUMNS
    SHRINK = rows.SHRINK

    class Picked(Message):
        """A level was chosen: a click on a side of it, or Enter."""

        def __init__(self, symbol: str, side: Side, price: Decimal) -> None:
            super().__init__()
            self.symbol, self.side, self.price = symbol, side, price

    class CancelAt(Message):
        """A right click on a level with own orders: they are to be cancelled."""

        def __init__(self, symbol: str, price: Decimal, order_ids: tuple[str, ...]) -> None:
            super().__init__()
            self.symbol, self.price, self.order_ids = symbol, price, order_ids

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._view = LadderView(symbol="")
        self._prices: list[Decimal] = []
        self._rows: dict[str, Row] = {}

    def row_total(self) -> int:
        return len(self._prices)

    def row_id(self, index: int) -> str:
        return str(self._prices[index])

    def row_index(self, row_id: str) -> int | None:
        price = Decimal(row_id)
        return self._prices.index(price) if price in self._prices else None

    def row_cells(self, row_id: str) -> Row:
        return self._rows[row_id]

    def empty_text(self) -> str:
        return "waiting for the market" if self._view.symbol else "no symbol"

    @property
    def cursor_price(self) -> Decimal | None:
        """The price under the cursor."""
        return None if self.cursor_id is None else Decimal(self.cursor_id)

    def sync(self, view: LadderView) -> None:
        """Take in one frame; repaints the levels that differ."""
        other = (view.symbol, view.tick) != (self._view.symbol, self._view.tick)
        self._view, self.glyphs = view, view.glyphs
        if other:
            self._prices.clear()
            self.move_cursor(None)
        if not self._prices or (self._off_centre() and not self.mouse_hover):
            self.recentre()
        else:
            self._redraw()
        self.set_title(view.title, stale=view.stale)

    def recentre(self) -> None:
        """Put the touch in the middle."""
        centre, tick = self._view.centre, self._view.tick
        self._prices = []
        if centre is not None and tick is not None:
            top = centre + tick * (self.rows_height // 2)
            self._prices = rows.prices(top, tick, self.rows_height)
        self._redraw()

    def _redraw(self) -> None:
        drawn = {str(price): rows.row(self._view, price) for price in self._prices}
        changed = {key for key, row in drawn.items() if self._rows.get(key) != row}
        self._rows = drawn
        self.repaint(changed)

    def _off_centre(self) -> bool:
        """True when the touch is in the outer eighths of the grid, or beyond."""
        centre, margin = self._view.centre, len(self._prices) // 8
        return centre is not None and not (
            self._prices[-1 - margin] <= centre <= self._prices[margin]
        )

    def on_resize(self, _event: events.Resize) -> None:
        self.recentre()

    # Choosing a level.

    def action_cursor(self, step: int) -> None:
        """Move the cursor by levels, from the touch where there is none; the grid goes along."""
        tick = self._view.tick
        start = self.cursor_price or self._view.best_bid or self._view.centre
        if not self._prices or tick is None or start is None:
            return
        price = start - step * tick if self.cursor_id is not None else start.quantize(tick)
        if price <= 0:
            return
        high, low = self._prices[0], self._prices[-1]
        if not low <= price <= high:
            top = price if price > high else price + tick * (self.rows_height - 1)
            self._prices = rows.prices(top, tick, self.rows_height)
            self._redraw()
        self.move_cursor(str(price))

    def action_select(self) -> None:
        """Enter: buy at or below the middle of the touch, sell above it."""
        price = self.cursor_price
        if price is not None:
            self.post_message(self.Picked(self._view.symbol, self._passive_side(price), price))

    def on_click(self, event: events.Click) -> None:
        """A click on the bid side buys, on the ask side sells; a right click cancels ours."""
        offset = event.get_content_offset(self)
        line = -1 if offset is None else offset.y - self.rows_top
        if offset is None or not 0 <= line < len(self._prices):
            return
        event.prevent_default()
        price = self._prices[line]
        self.move_cursor(str(price))
        if event.button == 3:
            ids = self._view.order_ids(self._view.symbol, price)
            if ids:
                self.post_message(self.CancelAt(self._view.symbol, price, ids))
            return
        side = self._side_at(offset.x) or self._passive_side(price)
        self.post_message(self.Picked(self._view.symbol, side, price))

    def _side_at(self, x: int) -> Side | None:
        """The side whose columns are under `x`; None on the price."""
        left = 1
        for _, column in self._columns:
            right = left + column.width
            if column.key == "price":
                if x < left:
                    return Side.BUY
                return Side.SELL if x >= right else None
            left = right + 1
        return None

    def _passive_side(self, price: Decimal) -> Side:
        centre = self._view.centre
        return Side.BUY if centre is None or price <= centre else Side.SELL
