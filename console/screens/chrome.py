"""What frames the panels and never leaves: halt bar, tabs, footer; and the slot of one panel."""

from __future__ import annotations

import logging
from collections.abc import Callable

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widget import Widget
from textual.widgets import Static

from console.halt import HaltStage, HaltView
from console.keymap import Keymap
from console.screens.layout import PANELS, TABS
from console.views.footer import footer_items, footer_text

log = logging.getLogger("tradedeck.console")


class Footer(Widget):
    """One line of keys from the action table, at the bottom whatever else wants the room."""

    DEFAULT_CSS = """
    Footer { dock: bottom; }
    """

    def __init__(self, keymap: Keymap, *, read_only: bool) -> None:
        super().__init__(id="footer")
        self._items = footer_items(keymap, read_only=read_only)

    def render(self) -> Text:
        text = footer_text(self._items, self.size.width - 2)
        rendered = Text(text, no_wrap=True)
        rendered.highlight_words([self._items[0][0], self._items[0][1]], "bold")
        return rendered


class Tabs(Widget):
    """Names of the six panels on a screen that shows one at a time."""

    def __init__(self) -> None:
        super().__init__(id="tabs")
        self.active = PANELS[0]

    def show(self, active: str) -> None:
        """Mark the panel that has the keys."""
        if active != self.active:
            self.active = active
            self.refresh()

    def render(self) -> Text:
        names = [
            f"[{n} {name}]" if panel == self.active else f" {n} {name} "
            for n, (panel, name) in enumerate(zip(PANELS, TABS, strict=True), start=1)
        ]
        return Text("".join(names), no_wrap=True)


class HaltBar(Static):
    """Two lines in the loudest colour while trading is not active; nothing otherwise."""

    def __init__(self) -> None:
        super().__init__(id="halt", markup=False)
        self._view: HaltView | None = None
        self.display = False

    def show(self, view: HaltView | None) -> None:
        """Say how the stop stands; None hides the bar."""
        if view == self._view:
            return
        self._view = view
        self.display = view is not None
        if view is not None:
            for stage in HaltStage:
                self.set_class(stage is view.stage, f"-{stage}")
            self.update(f"{view.head}\n{view.scope}")


class Across(Horizontal):
    """Panels side by side. They cover all of it, so it is never composed of anything itself."""

    BLANK = True


class Down(Vertical):
    """Panels one below the other, as `Across`."""

    BLANK = True


class Slot(Down):
    """One panel's place. A panel that fails to draw says so here and takes nobody with it."""

    def __init__(self, name: str, panel: Widget) -> None:
        super().__init__(id=f"slot-{name}")
        self.panel = panel
        self._notice = Static("render error, see log", classes="render-error", markup=False)
        self._notice.display = False
        self._failed = ""

    def compose(self) -> ComposeResult:
        yield self.panel
        yield self._notice

    def sync(self, draw: Callable[[], None]) -> None:
        """Run `draw`; show its failure in place of the panel until it succeeds again."""
        try:
            draw()
        except Exception as error:
            if repr(error) != self._failed:
                self._failed = repr(error)
                log.exception("panel %s failed to draw", self.id)
                self._notice.display, self.panel.display = True, False
            return
        if self._failed:
            self._failed = ""
            self._notice.display, self.panel.display = False, True
