"""New price or quantity for one working order."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.widgets import Static

from console import sizes
from console.actions import Scope
from console.entry import AmendEntry, read_amend
from console.keymap import bindings
from console.replica import Changes
from console.screens.fields import Field
from console.screens.sheet import FindOrder, Sheet
from console.screens.ticket import REVIEW_S, TicketPort
from engine.core.commands import AmendOrder
from engine.core.instruments import Instrument
from engine.core.orders.machine import Order


class Amend(Sheet[None]):
    """SAFE: Enter shows the change, a second one sends it. ARMED: Enter sends.

    The order may fill or end while the sheet is open; what is sent is checked against it as it is
    then.
    """

    BINDINGS: ClassVar[list[BindingType]] = list(bindings(Scope.TICKET))
    AUTO_FOCUS = "Field"

    def __init__(
        self,
        port: TicketPort,
        order: Order,
        find: FindOrder,
        instrument: Instrument,
        send: Callable[[AmendOrder], None],
    ) -> None:
        super().__init__()
        self.TITLE_TEXT = f"MODIFY {order.client_order_id}"
        self._port = port
        self._order = order
        self._find = find
        self._instrument = instrument
        self._send = send
        self._reviewed: AmendOrder | None = None
        self._reviewed_s = 0.0
        trigger = order.trigger if order.is_waiting else None
        given = (
            ("trigger", "Trigger", None if trigger is None else trigger.price),
            ("price", "Price", order.price),
            ("qty", "Quantity", order.qty),
        )
        self._fields = tuple((name, label, f"{value:f}") for name, label, value in given if value)

    def content(self) -> ComposeResult:
        yield Static("", classes="note", id="terms", markup=False)
        for name, label, value in self._fields:
            with Horizontal(classes="field-row"):
                yield Static(label, classes="label", markup=False)
                yield Field(value, id=name)
                yield Static("", classes="error", id=f"error-{name}", markup=False)
        yield Static("", classes="review", id="review", markup=False)
        yield Static("", classes="keys", id="keys", markup=False)

    def on_mount(self) -> None:
        self._draw(self._read())

    def _read(self) -> AmendEntry:
        typed = {name: self.query_one(f"#{name}", Field).value for name, *_ in self._fields}
        return read_amend(
            self._order,
            self._instrument,
            typed["qty"],
            typed.get("price", ""),
            typed.get("trigger", ""),
        )

    @on(Field.Changed)
    def _changed(self) -> None:
        self._reviewed = None
        self._draw(self._read())

    def on_frame(self, changes: Changes) -> None:
        """The order's fills and state are live, and so is what Enter does."""
        if self._order.client_order_id in changes.orders or changes.reset:
            self._order = self._find(self._order.client_order_id) or self._order
        self._draw(self._read())

    def _blocked(self) -> str | None:
        if not self._order.is_open:
            return f"the order is {self._order.state}"
        return self._port.blocked()

    def _draw(self, entry: AmendEntry) -> None:
        order = self._order
        self._put(
            "#terms",
            f"{order.side.upper()} {order.qty:f} {order.symbol}, "
            f"{order.cum_qty:f} filled, {order.state}",
        )
        for name, *_ in self._fields:
            error = entry.errors.get(name, "")
            unchanged = error == "nothing changed"
            self._put(f"#error-{name}", "" if unchanged else error)
        blocked, line = self._blocked(), ""
        if blocked is not None:
            line = f"cannot send: {blocked}"
        elif self._reviewed is not None:
            line = f"{self._describe(self._reviewed)}\nEnter sends, Esc leaves"
        self._put("#review", line)
        self.query_one("#review").display = bool(line)
        sends = self._port.armed() or self._reviewed is not None
        enter = "Enter sends" if sends else "Enter reviews"
        self._put("#keys", f"{enter}  ↑↓ step  Tab field  F8 arm  Esc leaves")

    def _describe(self, command: AmendOrder) -> str:
        changes = []
        if command.trigger_price is not None and self._order.trigger is not None:
            before = self._order.trigger.price
            changes.append(f"trigger {before:f} → {command.trigger_price:f}")
        if command.price is not None:
            changes.append(f"price {self._order.price} → {command.price:f}")
        if command.qty is not None:
            changes.append(f"quantity {self._order.qty:f} → {command.qty:f}")
        return f"MODIFY {self._order.symbol}: {', '.join(changes)}"

    def act(self, action_id: str) -> None:
        field = self.focused
        if action_id == "ticket.review":
            self._enter()
        elif action_id in ("size.up", "size.down") and isinstance(field, Field):
            is_qty = field.id == "qty"
            size = self._instrument.qty_step if is_qty else self._instrument.tick_size
            direction = 1 if action_id == "size.up" else -1
            field.value = sizes.step(field.value, size, size, direction)

    def _enter(self) -> None:
        entry = self._read()
        if entry.command is None or self._blocked() is not None:
            if "qty" in entry.errors and entry.errors["qty"] == "nothing changed":
                self.dismiss(None)
            return
        now_s = self._port.key_time_s()
        second = self._reviewed == entry.command and now_s - self._reviewed_s >= REVIEW_S
        if second or self._port.armed():
            self._send(entry.command)
            self.dismiss(None)
            return
        if self._reviewed is None:
            self._reviewed, self._reviewed_s = entry.command, now_s
        self._draw(entry)
