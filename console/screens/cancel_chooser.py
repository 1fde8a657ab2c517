"""Cancel many orders: which ones, and how many that is, before the key is pressed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

import msgspec
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Static

from console.actions import ACTIONS, Scope
from console.keymap import Keymap, bindings
from console.replica import Changes
from console.screens.sheet import Sheet
from engine.core.orders.machine import Order
from engine.core.types import OrderState, Side


class Group(msgspec.Struct, frozen=True):
    """Some open orders, named by the action that cancels them."""

    action_id: str
    name: str
    orders: tuple[Order, ...]

    @property
    def protective(self) -> int:
        """How many of them protect a position: reduce-only orders that wait for a trigger."""
        return sum(o.reduce_only and o.state is OrderState.UNTRIGGERED for o in self.orders)


def cancel_groups(
    orders: Sequence[Order], symbol: str, shown_ids: Sequence[str], filter_text: str
) -> tuple[Group, ...]:
    """The five choices over the open `orders`; `shown_ids` are what the blotter's filter shows."""
    shown = frozenset(shown_ids)
    return (
        Group("cancel.buys", "buys", tuple(o for o in orders if o.side is Side.BUY)),
        Group("cancel.sells", "sells", tuple(o for o in orders if o.side is Side.SELL)),
        Group("cancel.symbol", symbol, tuple(o for o in orders if o.symbol == symbol)),
        Group(
            "cancel.filter",
            f"filter {filter_text}" if filter_text else "filter (none set: all)",
            tuple(o for o in orders if o.client_order_id in shown),
        ),
        Group("cancel.all", "all", tuple(orders)),
    )


class CancelChooser(Sheet[Group | None]):
    """One more key cancels a group; an empty group cannot be chosen. Counts are live."""

    BINDINGS: ClassVar[list[BindingType]] = list(bindings(Scope.CHOOSER))
    TITLE_TEXT = "CANCEL"

    def __init__(self, groups: Callable[[], tuple[Group, ...]], keymap: Keymap) -> None:
        super().__init__()
        self._groups = groups
        self._keymap = keymap

    def content(self) -> ComposeResult:
        yield Static(self._text(), classes="line", id="groups", markup=False)
        yield Static("Esc leaves", classes="keys", markup=False)

    def _text(self) -> str:
        lines = []
        for group in self._groups():
            key = self._keymap.text(group.action_id)
            count = len(group.orders)
            stops = f", {group.protective} protective" if group.protective else ""
            lines.append(f"{key}  {group.name:<24} {count:>5,}{stops}")
        return "\n".join(lines)

    def on_frame(self, changes: Changes) -> None:
        """Counts follow the orders."""
        if changes.orders or changes.reset:
            self.query_one("#groups", Static).update(self._text())

    def act(self, action_id: str) -> None:
        group = next(g for g in self._groups() if g.action_id == action_id)
        if group.orders:
            self.dismiss(group)
        else:
            self.notify(f"no open orders: {ACTIONS[action_id].label}", markup=False)
