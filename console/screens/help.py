"""The help: every action and its keys, from the action table, and the states of an order."""

from __future__ import annotations

from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from console.actions import TABLE, key_text
from console.glyphs import Glyphs
from console.keymap import Keymap
from console.screens.sheet import Reader
from console.views.states import label
from engine.core.orders.diagram import order_diagram


def help_rows(keymap: Keymap, *, read_only: bool) -> list[tuple[str, str]]:
    """Keys and meaning, a group's name in a row of its own before its actions."""
    rows: list[tuple[str, str]] = []
    group = ""
    for action in TABLE:
        if read_only and action.trades:
            continue
        if action.group != group:
            group = action.group
            rows += [("", ""), ("", group.upper())]
        keys = " ".join(dict.fromkeys(key_text(key) for key in keymap.keys[action.id]))
        if keys:
            rows.append((keys, action.help))
        else:
            rows.append((keymap.text("palette.show"), f"{action.label} · {action.help}"))
    return rows[1:]


PLAIN = str.maketrans("┌─┐│└┘╔═╗║╚╝▶▸●╲·", "+-+|++#=##==>>*\\.")
"""The signs of the diagram on a terminal that has only ASCII."""


def states_text(glyphs: Glyphs) -> str:
    """The states of an order as the blotter calls them, drawn from the rules themselves."""
    page = order_diagram(lambda state: label(state, glyphs))
    return page if glyphs.braille else page.translate(PLAIN)


class Help(Reader):
    """The help screen: two pages, turned with s or the arrows."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("s,left,right", "turn", show=False)]
    TITLE_TEXT = "HELP"

    def __init__(self, keymap: Keymap, glyphs: Glyphs, *, read_only: bool) -> None:
        super().__init__()
        self._rows = help_rows(keymap, read_only=read_only)
        self._glyphs = glyphs
        self._on_states = False

    def content(self) -> ComposeResult:
        yield Static("", id="page", markup=False)
        yield from super().content()

    def on_mount(self) -> None:
        self._name_page()

    def action_turn(self) -> None:
        """Show the other page, from its top."""
        self._on_states = not self._on_states
        self.query_one("#reader-text", Static).update(self.text())
        self.query_one("#text", VerticalScroll).scroll_home(animate=False)
        self._name_page()

    def _name_page(self) -> None:
        names = ("keys", "order states")
        here, there = names[self._on_states], names[not self._on_states]
        self.query_one("#page", Static).update(f"{here} · s: {there}")

    def text(self) -> str | Table:
        if self._on_states:
            return states_text(self._glyphs)
        table = Table.grid(padding=(0, 2))
        table.add_column(no_wrap=True)
        table.add_column()
        for keys, meaning in self._rows:
            table.add_row(Text(keys, "bold"), Text(meaning, "" if keys else "bold"))
        return table
