"""Leaving while orders are open: what shall become of them."""

from __future__ import annotations

from typing import ClassVar, Literal

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Static

from console.actions import Scope
from console.keymap import Keymap, bindings
from console.screens.sheet import Sheet

Choice = Literal["leave", "cancel"]


class QuitSheet(Sheet[Choice | None]):
    """Keep the orders, cancel them, or (Esc) stay."""

    BINDINGS: ClassVar[list[BindingType]] = list(bindings(Scope.QUIT))
    TITLE_TEXT = "QUIT"

    def __init__(self, open_orders: int, account: str, keymap: Keymap) -> None:
        super().__init__()
        self._count = f"{open_orders:,} open order{'' if open_orders == 1 else 's'} on {account}"
        self._keys = (keymap.text("quit.keep"), keymap.text("quit.cancel"))

    def content(self) -> ComposeResult:
        keep, cancel = self._keys
        yield Static(
            f"{self._count}\n\n"
            f"[{keep}]    keep    leave them as they are\n"
            f"[{cancel}]    cancel  cancel them, then leave\n"
            f"[Esc]  stay    (default)",
            classes="line",
            markup=False,
        )

    def act(self, action_id: str) -> None:
        self.dismiss("leave" if action_id == "quit.keep" else "cancel")
