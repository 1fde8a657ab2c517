"""The order ticket: fields, their errors beside them, and the review before anything is sent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

import msgspec
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Static

from console import sizes
from console.actions import Scope
from console.denial import FIELDS, denial_line
from console.entry import Entry, Market, TicketText, describe, read_ticket
from console.format import exact, signed_exact
from console.keymap import bindings
from console.replica import Changes
from console.screens.fields import Choice, Field
from console.screens.sheet import Sheet
from engine.core.commands import PlaceOrder
from engine.core.risk import Denial
from engine.core.types import ZERO, OrderType, Side, TimeInForce

ERRORS_BESIDE = (
    "symbol", "qty", "price", "post_only", "reduce_only",
    "trigger", "take_profit", "stop_loss", "slippage",
)  # fmt: skip
REVIEW_S = 0.3
"""A second Enter sooner than this is a key held down, not a decision."""


SELDOM = ("trigger", "take_profit", "stop_loss", "slippage")
TRIGGER, SLIPPAGE = "price, mark, falls", "0.5 % or 20 ticks"
"""What few orders say, and how it is written where that is not plain."""


class TicketPort(msgspec.Struct, frozen=True):
    """What the ticket may know and do: figures of a symbol, whether armed, and one way out.

    `market` gives a symbol's figures now, `blocked` why nothing may be sent (or None), `armed`
    whether Enter sends at once, `key_time_s` when the key in hand was pressed (monotonic),
    `foresee` what the engine's checks say of an order now, `doubts` why its size may be a slip,
    `send` hands the order over and returns its id.
    """

    symbols: Sequence[str]
    market: Callable[[str], Market]
    foresee: Callable[[PlaceOrder], Denial | None]
    doubts: Callable[[PlaceOrder], tuple[str, ...]]
    blocked: Callable[[], str | None]
    armed: Callable[[], bool]
    key_time_s: Callable[[], float]
    send: Callable[[PlaceOrder], str]


class Ticket(Sheet[None]):
    """One order. SAFE: Enter shows it whole, a second Enter sends it. ARMED: Enter sends.

    Every question about the order (a duplicate, an own order it would meet, a price far through
    the mark) needs the review even when armed. An unusual size is asked about once more, by itself,
    in either case. A change after the review voids it. While a field is wrong, by itself or by what
    the engine's checks foresee, Enter sends nothing.
    """

    BINDINGS: ClassVar[list[BindingType]] = list(bindings(Scope.TICKET))
    AUTO_FOCUS = "#qty"

    def __init__(self, port: TicketPort, start: TicketText) -> None:
        super().__init__()
        self._port = port
        self._start = start
        self._reviewed: PlaceOrder | None = None
        self._reviewed_s = 0.0
        self._doubted: PlaceOrder | None = None
        self._complain = False
        self._more = False

    def content(self) -> ComposeResult:
        start, symbols = self._start, self._port.symbols
        if start.symbol not in symbols:  # what is held elsewhere can be closed, too
            symbols = (*symbols, start.symbol)
        fields: tuple[tuple[str, str, Widget], ...] = (
            ("symbol", "Symbol", Choice(symbols, start.symbol, id="symbol")),
            ("side", "Side", Choice(tuple(Side), start.side, id="side")),
            ("type", "Type", Choice(tuple(OrderType), start.type, id="type")),
            ("qty", "Quantity", Field(start.qty, id="qty", placeholder="quantity")),
            ("price", "Price", Field(start.price, id="price", placeholder="price")),
            ("tif", "In force", Choice(("GTC", "IOC", "FOK"), start.time_in_force, id="tif")),
            ("post_only", "Post-only", _yes_no(start.post_only, "post_only")),
            ("reduce_only", "Reduce-only", _yes_no(start.reduce_only, "reduce_only")),
            ("trigger", "Trigger", Field(start.trigger, id="trigger", placeholder=TRIGGER)),
            ("take_profit", "Take-profit", Field(start.take_profit, id="take_profit")),
            ("stop_loss", "Stop-loss", Field(start.stop_loss, id="stop_loss")),
            ("slippage", "Slippage", Field(start.slippage, id="slippage", placeholder=SLIPPAGE)),
        )
        for name, label, field in fields:
            with Horizontal(classes="field-row", id=f"row-{name}"):
                yield Static(label, classes="label", markup=False)
                yield field
                yield Static("", classes="error", id=f"error-{name}", markup=False)
        yield Static("", classes="note", id="preview", markup=False)
        yield Static("", classes="review", id="review", markup=False)
        yield Static("", classes="keys", id="keys", markup=False)

    def on_mount(self) -> None:
        self._changed()

    # Reading the fields.

    def ticket_text(self) -> TicketText:
        """The fields as they stand."""
        return TicketText(
            symbol=self._word("symbol"),
            side=Side(self._word("side")),
            qty=self._typed("qty"),
            price=self._typed("price"),
            type=OrderType(self._word("type")),
            time_in_force=TimeInForce(self._word("tif")),
            post_only=self._word("post_only") == "yes",
            reduce_only=self._word("reduce_only") == "yes",
            trigger=self._typed("trigger"),
            take_profit=self._typed("take_profit"),
            stop_loss=self._typed("stop_loss"),
            slippage=self._typed("slippage"),
        )

    def _typed(self, name: str) -> str:
        return self.query_one(f"#{name}", Field).value

    def _word(self, name: str) -> str:
        return self.query_one(f"#{name}", Choice).value

    # Following changes.

    @on(Field.Changed)
    @on(Choice.Changed)
    def _changed(self) -> None:
        self._reviewed = self._doubted = None
        self._draw()

    @on(Choice.Changed, "#symbol")
    def _symbol_changed(self) -> None:
        """Another market has other prices and sizes: what was filled in for the old one goes."""
        text = self.ticket_text()
        market = self._port.market(text.symbol)
        price = sizes.touch_price(market.quote, market.instrument, text.side)
        self.query_one("#price", Field).value = price
        for name in ("trigger", "take_profit", "stop_loss"):
            self.query_one(f"#{name}", Field).value = ""
        if market.instrument is not None:
            first = sizes.presets(market.instrument, market.quote)[0]
            self.query_one("#qty", Field).value = f"{first:f}"

    def on_frame(self, changes: Changes) -> None:
        """Prices, the position and the halt latch may have changed under an open ticket."""
        self._draw()

    def _draw(self) -> None:
        text = self.ticket_text()
        market = self._port.market(text.symbol)
        entry = read_ticket(text, market)
        limit = text.type is OrderType.LIMIT
        self.query_one("#row-price").display = self.query_one("#row-tif").display = limit
        self._show_seldom(text)
        foreseen, beside = self._foreseen(entry)
        wrong = False
        for name in ERRORS_BESIDE:
            error = entry.errors.get(name, "")
            if foreseen is not None and name == beside:
                error = denial_line(foreseen)
            error = "" if error == "empty" and not self._complain else error
            wrong |= bool(error)
            self._put(f"#error-{name}", error)
        preview = _preview(text, entry, market)
        if foreseen is not None and not beside:
            preview = f"would be denied: {denial_line(foreseen)}\n{preview}"
        self._put("#preview", preview)
        self._draw_review(entry, wrong=wrong)
        box = self.query_one("#sheet")
        box.border_title = f"{text.side.upper()} {text.symbol}"
        box.set_class(text.side is Side.BUY, "buy")
        box.set_class(text.side is Side.SELL, "sell")

    def _foreseen(self, entry: Entry) -> tuple[Denial | None, str]:
        """What the engine would deny now, and the field that is to blame, if one is."""
        denial = None if entry.order is None else self._port.foresee(entry.order)
        return denial, "" if denial is None else FIELDS.get(denial.code, "")

    def _show_seldom(self, text: TicketText) -> None:
        """What few orders say is shown when it is asked for; what is typed is never hidden."""
        for name in SELDOM:
            self.query_one(f"#row-{name}").display = self._more or bool(getattr(text, name).strip())
        if text.type is OrderType.LIMIT or text.trigger.strip():
            self.query_one("#row-slippage").display = False  # it is not read either

    def _draw_review(self, entry: Entry, *, wrong: bool) -> None:
        blocked = self._port.blocked()
        reviewing = self._reviewed is not None and self._reviewed == entry.order
        doubts = () if entry.order is None else self._port.doubts(entry.order)
        doubted = bool(doubts) and self._doubted == entry.order
        enter = "Enter asks once more" if doubts and not doubted else "Enter sends"
        line = ""
        if blocked is not None:
            line = f"cannot send: {blocked}"
        elif reviewing and entry.order is not None and not wrong:
            questions = "".join(f"{question}?  " for question in entry.questions)
            if doubted:
                questions += f"UNUSUAL SIZE: {', '.join(doubts)}. Really?  "
            line = f"{describe(entry.order)}\n{questions}{enter}, Esc leaves"
        self._put("#review", line)
        self.query_one("#review").display = bool(line)
        armed = self._port.armed() and not entry.questions
        enter = enter if armed or reviewing else "Enter reviews"
        if wrong or blocked is not None:
            enter = "Cannot send"
        self._put("#keys", f"{enter}  F2–F6 sizes  F7 stops  ↑↓ step  F8 arm  Esc leaves")

    # Acting.

    def act(self, action_id: str) -> None:
        if action_id == "ticket.review":
            self._enter()
        elif action_id == "ticket.more":
            self._more = not self._more
            self._draw()
            self.query_one("#trigger" if self._more else "#qty").focus()
        elif action_id.startswith("size.preset-"):
            self._preset(int(action_id[-1]))
        else:
            self._step(1 if action_id == "size.up" else -1)

    def _preset(self, number: int) -> None:
        market = self._port.market(self._word("symbol"))
        if market.instrument is not None:
            size = sizes.presets(market.instrument, market.quote)[number - 1]
            self.query_one("#qty", Field).value = f"{size:f}"

    def _step(self, direction: int) -> None:
        field = self.focused
        instrument = self._port.market(self._word("symbol")).instrument
        if isinstance(field, Choice):
            field.action_turn(-direction)
        elif isinstance(field, Field) and instrument is not None:
            is_qty = field.id == "qty"
            size = instrument.qty_step if is_qty else instrument.tick_size
            least = instrument.min_qty if is_qty else instrument.tick_size
            field.value = sizes.step(field.value, size, least, direction)

    def _enter(self) -> None:
        text = self.ticket_text()
        entry = read_ticket(text, self._port.market(text.symbol))
        self._complain = True
        _, beside = self._foreseen(entry)
        if entry.order is None or beside or self._port.blocked() is not None:
            self._reviewed = self._doubted = None
            self._draw()
            self._focus_first((*entry.errors, *filter(None, [beside])))
            return
        now_s = self._port.key_time_s()
        shown = self._reviewed == entry.order
        if shown and now_s - self._reviewed_s < REVIEW_S:
            return
        if shown or (self._port.armed() and not entry.questions):
            if self._doubted == entry.order or not self._port.doubts(entry.order):
                self._port.send(entry.order)
                self.dismiss(None)
                return
            self._doubted = entry.order
        self._reviewed, self._reviewed_s = entry.order, now_s
        self._draw()

    def _focus_first(self, names: Sequence[str]) -> None:
        for name in names:
            self.query_one(f"#{name}").focus()
            return


def _yes_no(value: bool, name: str) -> Choice:
    return Choice(("no", "yes"), "yes" if value else "no", id=name)


def _preview(text: TicketText, entry: Entry, market: Market) -> str:
    """Value of the order, the touch, the position before and after, and what to know about it."""
    instrument, quote = market.instrument, market.quote
    if instrument is None:
        return ""
    money = []
    if entry.notional is not None:
        money.append(f"value {entry.notional:,.2f} {instrument.quote}")
    if quote is not None:
        bid, ask = exact(quote.bid, instrument.tick_size), exact(quote.ask, instrument.tick_size)
        money.append(f"bid {bid} ask {ask}")
    now = market.position(text.side, reduce_only=text.reduce_only)
    held = signed_exact(now, instrument.qty_step)
    if entry.order is not None:
        after = now + entry.order.qty * text.side.sign
        held += f" → {signed_exact(after, instrument.qty_step)}"
    risk = [f"position {held if now or entry.order else ZERO}", _set(market), entry.hint]
    return "\n".join("  ".join(filter(None, line)) for line in (money, risk))


def _set(market: Market) -> str:
    """`10x hedge`, as far as the venue has told."""
    settings = market.settings
    if settings is None:
        return ""
    leverage = "" if settings.leverage is None else f"{settings.leverage:f}x"
    return f"{leverage}{' hedge' if settings.hedged else ''}".strip()
