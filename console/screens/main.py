"""The main screen: banner, six panels in three layouts, and the questions asked on a row."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from console.actions import Scope
from console.frame import Frame
from console.halt import HaltView
from console.keymap import Keymap, bindings
from console.screens.chrome import Across, Down, Footer, HaltBar, Slot, Tabs
from console.screens.fields import Field
from console.screens.layout import (
    LEFT,
    PANELS,
    RIGHT,
    SIZES,
    SizeClass,
    next_panel,
    shown_panels,
    size_class,
)
from console.screens.picture import PictureScreen
from console.widgets.banner import Banner
from console.widgets.blotter import Blotter
from console.widgets.events import EventsPanel
from console.widgets.ladder import LadderPanel
from console.widgets.positions import PositionsPanel
from console.widgets.recon import ReconPanel
from console.widgets.replay_bar import ReplayBar
from console.widgets.requests import RequestsPanel

_LAYOUT_CLASSES = frozenset({*map(str, SizeClass), "-zoomed"})

ANSWER_AFTER_S = 0.15
"""An answer faster than this was typed before the question could be read."""


class RowQuestion(Static, can_focus=True):
    """A y/N question over the row it is about. Anything but `y` is no."""

    def __init__(self) -> None:
        super().__init__(id="row-question", markup=False)
        self.order_id = ""
        self.display = False
        self._yes: Callable[[], None] | None = None
        self._asked_s = 0.0

    def ask(
        self, order_id: str, text: str, line: int, now_s: float, yes: Callable[[], None]
    ) -> None:
        """Show the question on screen line `line` and take the keys."""
        self.order_id, self._yes, self._asked_s = order_id, yes, now_s
        self.update(f" {text}  y / N ")
        self.styles.offset = (1, line)
        self.display = True
        self.focus()

    def close(self) -> None:
        """Forget the question and give the keys back."""
        if self._yes is None:
            return
        self._yes = None
        self.display = False
        self.screen.query_one(Blotter).focus()

    def on_key(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
        yes = self._yes
        if event.key == "y" and event.time - self._asked_s < ANSWER_AFTER_S:
            return
        self.close()
        if event.key == "y" and yes is not None:
            yes()

    def on_blur(self) -> None:
        self._yes = None
        self.display = False


class MainScreen(PictureScreen[None]):
    """Draws frames and knows which panel has the keys; what keys mean is decided elsewhere."""

    BINDINGS: ClassVar[list[BindingType]] = list(bindings(Scope.MAIN))
    AUTO_FOCUS = "Blotter"

    class Ready(Message):
        """Every panel is there and can be drawn."""

    def __init__(self, keymap: Keymap, *, read_only: bool) -> None:
        super().__init__(id="main", classes=SizeClass.WIDE)
        self._keymap = keymap
        self._read_only = read_only
        self.active = PANELS[0]
        self.zoomed = False
        self.size_class = SizeClass.WIDE
        self.banner = Banner()
        self.blotter = Blotter(id="blotter")
        self.positions = PositionsPanel(id="positions")
        self.ladder = LadderPanel(id="ladder")
        self.requests = RequestsPanel(id="requests")
        self.recon = ReconPanel(keymap, id="recon")
        self.events_panel = EventsPanel(id="events")
        self.replay_bar = ReplayBar()
        self.halt_bar = HaltBar()
        self.tabs = Tabs()
        self.question = RowQuestion()
        self.filter_field = Field(id="filter", placeholder="filter, Enter keeps it, Esc clears it")
        self.filter_error = Static("", id="filter-error", markup=False)
        self.filter_row = Horizontal(self.filter_field, self.filter_error, id="filter-row")
        # Hidden from the start: what is hidden later costs another layout.
        self.filter_row.display = self.replay_bar.display = False
        panels: dict[str, Widget] = {
            "blotter": self.blotter,
            "positions": self.positions,
            "ladder": self.ladder,
            "requests": self.requests,
            "recon": self.recon,
            "events": self.events_panel,
        }
        self.slots = {name: Slot(name, panel) for name, panel in panels.items()}
        self.left = Down(*(self.slots[name] for name in LEFT), id="left")
        self.right = Down(*(self.slots[name] for name in RIGHT), id="right")

    def compose(self) -> ComposeResult:
        yield self.banner
        yield self.halt_bar
        yield self.tabs
        with Across(id="body"):
            yield self.left
            yield self.right
        yield Static("KILL available, enlarge to trade", id="too-small", markup=False)
        yield self.filter_row
        yield self.replay_bar
        yield Footer(self._keymap, read_only=self._read_only)
        yield self.question

    def on_mount(self) -> None:
        self.size_class = size_class(*self.app.size)
        self._lay_out()
        self.post_message(self.Ready())

    # Drawing.

    def show(self, frame: Frame, halt: HaltView | None) -> None:
        """Hand each panel its view; one that fails says so in its place."""
        slots = self.slots
        self.banner.sync(frame.banner)
        self.halt_bar.show(halt)
        slots["blotter"].sync(lambda: self.blotter.sync(frame.blotter))
        slots["positions"].sync(lambda: self.positions.sync(frame.positions))
        slots["ladder"].sync(lambda: self.ladder.sync(frame.ladder))
        slots["requests"].sync(lambda: self.requests.sync(frame.requests))
        slots["recon"].sync(lambda: self.recon.sync(frame.recon))
        slots["events"].sync(lambda: self.events_panel.sync(frame.events))
        if frame.replay is not None:
            self.replay_bar.sync(frame.replay)
        if self.replay_bar.display is not (frame.replay is not None):
            self.replay_bar.display = frame.replay is not None

    def cursor_line(self) -> int:
        """The screen line of the blotter's cursor row, -1 when it is not on screen."""
        blotter = self.blotter
        if blotter.cursor_id is None or not blotter.cursor_visible:
            return -1
        index = blotter.row_index(blotter.cursor_id)
        if index is None:
            return -1
        return blotter.content_region.y + blotter.rows_top + index - blotter.scroll_offset.y

    # Layout.

    def on_resize(self, event: events.Resize) -> None:
        self.size_class = size_class(event.size.width, event.size.height)
        self._lay_out()

    def _lay_out(self) -> None:
        shown = shown_panels(self.size_class, self.active, zoomed=self.zoomed)
        wanted = {str(self.size_class)} | ({"-zoomed"} if self.zoomed else set())
        stale, new = (self.classes & _LAYOUT_CLASSES) - wanted, wanted - self.classes
        # One update of the styles, by whichever of the two is the last to change something.
        self.remove_class(*stale, update=not new)
        self.add_class(*new)
        sizes = None if self.zoomed else SIZES.get(self.size_class)
        for name, slot in self.slots.items():
            slot.display = name in shown
            slot.styles.height = sizes.heights.get(name, "1fr") if sizes else "1fr"
        self.left.display = not shown.isdisjoint(LEFT)
        self.right.display = not shown.isdisjoint(RIGHT)
        self.right.styles.width = sizes.right_width if sizes else "1fr"
        self.tabs.show(self.active)

    # Focus.

    def activate(self, panel: str) -> None:
        """Give the keys to a panel, showing it first where it is hidden."""
        self.active = panel
        self._lay_out()
        self.slots[panel].panel.focus()

    def step(self, step: int) -> None:
        """The next panel, or the one before."""
        self.activate(next_panel(self.active, step))

    def zoom(self) -> None:
        """One panel on the whole screen, and back."""
        self.zoomed = not self.zoomed
        self.activate(self.active)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """A click may have moved the focus: the panel that has it is the active one."""
        for name, slot in self.slots.items():
            if event.widget is slot.panel and name != self.active:
                self.active = name
                self._lay_out()

    # Questions and the filter.

    def ask(self, order_id: str, text: str, now_s: float, yes: Callable[[], None]) -> None:
        """Ask y/N on the row of `order_id` if the cursor is on it, else above the footer."""
        line = self.cursor_line() if order_id == self.blotter.cursor_id else -1
        self.question.ask(order_id, text, line if line >= 0 else self.size.height - 2, now_s, yes)

    def open_filter(self) -> None:
        """Show the filter field with what it holds, and give it the keys."""
        if self.active != "blotter":
            self.activate("blotter")
        self.filter_row.display = True
        self.filter_field.focus()

    def close_filter(self, *, clear: bool) -> None:
        """Hide the filter field; `clear` shows every row again."""
        if clear:
            self.filter_field.value = ""
        self.filter_row.display = False
        self.blotter.focus()

    @on(Field.Changed, "#filter")
    def _filter_changed(self, event: Field.Changed) -> None:
        try:
            self.blotter.set_filter(event.value)
        except ValueError as error:
            self.filter_error.update(str(error))
        else:
            self.filter_error.update("")

    def on_key(self, event: events.Key) -> None:
        """Enter and Esc end the typing of a filter; all else is bound in the action table.

        One that cannot be read stays open: the rows are those of the last one that could.
        """
        if self.filter_field.has_focus and event.key in ("enter", "escape"):
            event.stop()
            event.prevent_default()
            if event.key == "escape" or not self.filter_error.content:
                self.close_filter(clear=event.key == "escape")
