"""What every sheet over the main screen shares: its frame, leaving it, and hearing of frames."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, TypeVar

from rich.table import Table
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.message import Message
from textual.widgets import Static

from console.replica import Changes
from console.screens.layout import SizeClass, size_class
from console.screens.picture import PictureOver

if TYPE_CHECKING:
    from engine.core.orders.machine import Order

Result = TypeVar("Result")
FindOrder = Callable[[str], "Order | None"]
"""An order by its id, as the replica has it now: a snapshot replaces the objects."""

SHORT = 24
"""Below this height a sheet leaves its list of keys out."""


class Sheet(PictureOver[Result]):
    """A box over the main screen. Esc leaves it with no result, and disarms."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False),
        # At once, before the next key is given to a field: what follows belongs to the new one.
        Binding("tab", "app.focus_next", show=False, priority=True),
        Binding("shift+tab", "app.focus_previous", show=False, priority=True),
    ]
    TITLE_TEXT = ""

    class Left(Message):
        """A sheet was left with Esc."""

    def compose(self) -> ComposeResult:
        box = Vertical(id="sheet")
        box.border_title = self.TITLE_TEXT
        with box:
            yield from self.content()

    def content(self) -> ComposeResult:
        """The widgets inside the box."""
        raise NotImplementedError

    def act(self, action_id: str) -> None:
        """Carry out one of this sheet's own actions; sheets without any are never asked."""

    def on_frame(self, changes: Changes) -> None:
        """The main screen was redrawn after `changes`: whoever shows live figures follows."""

    def action_leave(self) -> None:
        """Leave without a result."""
        self.post_message(self.Left())
        self.dismiss(None)

    def _put(self, selector: str, text: str) -> None:
        """Change a line only when it differs: an idle sheet repaints nothing."""
        line = self.query_one(selector, Static)
        if line.content != text:
            line.update(text)

    def on_resize(self, event: events.Resize) -> None:
        size = size_class(event.size.width, event.size.height)
        for each in SizeClass:
            self.set_class(each is size, each)
        self.set_class(event.size.height < SHORT, "-short")


class Reader(Sheet[None]):
    """A sheet of plain text to scroll through, with the arrows, the page keys, j and k."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,enter", "leave", show=False),
        Binding("k", "scroll(-1)", show=False),
        Binding("j", "scroll(1)", show=False),
    ]

    def content(self) -> ComposeResult:
        with VerticalScroll(id="text"):
            yield Static(self.text(), id="reader-text", markup=False)

    def text(self) -> str | Table:
        """What there is to read: plain text, or a table of plain texts."""
        raise NotImplementedError

    def action_scroll(self, lines: int) -> None:
        """Scroll by lines."""
        self.query_one("#text").scroll_relative(y=lines, animate=False, immediate=True)
