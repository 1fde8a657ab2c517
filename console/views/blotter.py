"""Blotter view: the row of one order, the columns it has, and the keys it sorts by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

import msgspec

from console import format as fmt
from console.conditions import words
from console.glyphs import UNICODE, Glyphs
from console.replica import Changes, Replica
from console.views.cells import Cell, Column, Row, Shrink
from console.views.states import side_cell, side_style, state_cell, why
from engine.core.instruments import Instrument
from engine.core.orders.machine import Order
from engine.core.types import ZERO, OrderState

COLUMNS = (
    Column("time", "TIME", 12, cut=True),
    Column("id", "COID", 12, tail=True),
    Column("symbol", "SYMBOL", 9),
    Column("side", "S", 2),
    Column("qty", "QTY", 11, right=True),
    Column("price", "PX", 11, right=True),
    Column("filled", "FILLED", 11, right=True),
    Column("avg", "AVG", 11, right=True),
    Column("state", "STATE", 11),
    Column("retries", "RTY", 3, right=True),
    Column("age", "AGE", 5, right=True),
    Column("note", "NOTE", 12, stretch=True),
)

NO_NEWS = frozenset({"", "USER"})
"""Reasons that the operator knows: it was asked for."""

SHRINK: Shrink = (
    ("note", 0),
    ("avg", 0),
    ("time", 8),
    ("id", 9),
    ("filled", 8),
    ("qty", 9),
    ("price", 10),
    ("state", 10),
    ("time", 0),
    ("symbol", 8),
    ("retries", 0),
    ("id", 0),
    ("age", 0),
    ("filled", 0),
)
"""Never the symbol, side, quantity, price or state."""

SortKey = tuple[Decimal | int | str, ...]


SORT_KEYS: dict[str, Callable[[Order], SortKey]] = {
    "time": lambda order: (order.created_ts,),
    "updated": lambda order: (order.updated_ts,),
    "id": lambda order: (order.client_order_id,),
    "symbol": lambda order: (order.symbol, order.created_ts),
    "side": lambda order: (order.side, order.created_ts),
    "qty": lambda order: (order.qty, order.created_ts),
    "price": lambda order: (order.price or ZERO, order.created_ts),
    "filled": lambda order: (order.cum_qty, order.created_ts),
    "state": lambda order: (order.is_open, order.state, order.created_ts),
    "retries": lambda order: (order.attempts, order.created_ts),
}
"""What each sortable column compares, ascending; of equals the older one comes first."""


class BlotterView(msgspec.Struct, kw_only=True):
    """All orders by id (shared with the replica, not copied) and what changed since the last frame.

    `gone` are those that left memory since, as they were; `retired` counts all that did. `now_ns`
    is the engine's clock.
    """

    orders: Mapping[str, Order]
    instruments: Mapping[str, Instrument] = msgspec.field(default_factory=dict)
    changed: set[str] = msgspec.field(default_factory=set)
    gone: Mapping[str, Order] = msgspec.field(default_factory=dict)
    reset: bool = False
    open_count: int = 0
    retired: int = 0
    now_ns: int = 0
    stale: bool = False
    glyphs: Glyphs = UNICODE


def view(replica: Replica, changes: Changes, glyphs: Glyphs, *, stale: bool) -> BlotterView:
    """What the order table needs for this frame. O(1): rows are made when they are drawn."""
    return BlotterView(
        orders=replica.state.orders.orders,
        instruments=replica.state.instruments,
        changed=changes.orders,
        gone=changes.gone,
        reset=changes.reset,
        open_count=len(replica.open_ids),
        retired=replica.state.orders.retired.count,
        now_ns=replica.engine_ns,
        stale=stale,
        glyphs=glyphs,
    )


def row(order: Order, instrument: Instrument | None, now_ns: int, glyphs: Glyphs) -> Row:
    """One order as cells, in the order of `COLUMNS`."""
    tick = instrument.tick_size if instrument else None
    step = instrument.qty_step if instrument else None
    style = side_style(order.side)
    state = order.state
    quiet = "muted" if state.is_closed else "text"
    return (
        Cell(fmt.clock_ms(order.created_ts), "muted"),
        Cell(order.client_order_id, quiet),
        Cell(order.symbol, "muted" if state.is_closed else "value"),
        side_cell(order.side, glyphs),
        Cell(fmt.exact(order.qty, step, glyphs.none), style),
        Cell(_price(order, tick, glyphs), style),
        Cell(fmt.exact(order.cum_qty, step), "text" if order.cum_qty else "muted"),
        Cell(fmt.rounded(order.avg_price, tick, glyphs.none), quiet),
        state_cell(state, glyphs),
        Cell(str(retries(order)), "warn" if retries(order) else "muted"),
        Cell(age_text(order, now_ns), quiet),
        Cell(note(order, glyphs), "muted" if order.reason in NO_NEWS else "bad"),
    )


def gone_row(order_id: str) -> Row:
    """The row of an order that has just left memory, until its place is given up."""
    cells = {"id": order_id, "note": "in the journal"}
    return tuple(Cell(cells.get(column.key, ""), "muted") for column in COLUMNS)


def retries(order: Order) -> int:
    """Times the place was sent again."""
    return max(0, order.attempts - 1)


def age_text(order: Order, now_ns: int) -> str:
    """How long an open order has existed (whole seconds), or how long a closed one lived."""
    if order.is_open:
        return fmt.age((now_ns - order.created_ts) / fmt.NS, whole=True)
    return fmt.age((order.updated_ts - order.created_ts) / fmt.NS)


def note(order: Order, glyphs: Glyphs) -> str:
    """What a trader wants to know beyond the figures: the reason, a pending amend, the terms."""
    denied = order.state is OrderState.DENIED
    text = fmt.separated(order.text) if denied else order.text
    parts = [*filter(None, [why(order.reason, text)])]
    if order.pending_replace:
        parts.append(f"{glyphs.arrow} {_pending(order)}")
    terms = [
        word
        for word, holds in (
            ("reduce-only", order.reduce_only),
            ("post-only", order.post_only),
            (str(order.time_in_force), order.time_in_force not in ("GTC", "PostOnly")),
        )
        if holds
    ]
    terms += words(order)
    return " ".join(parts + terms)


def _price(order: Order, tick: Decimal | None, glyphs: Glyphs) -> str:
    """What the order pays; of a market order what it waits for, while it does."""
    if order.price is not None:
        return fmt.exact(order.price, tick)
    if order.trigger is not None and order.is_waiting:
        return glyphs.arrow + fmt.exact(order.trigger.price, tick)
    return "MARKET"


def _pending(order: Order) -> str:
    qty = order.qty if order.pending_qty is None else order.pending_qty
    price = order.price if order.pending_price is None else order.pending_price
    trigger = order.pending_trigger
    once = "" if trigger is None else f" once at {fmt.exact(trigger)}"
    return f"{fmt.exact(qty)} @ {fmt.exact(price)}{once}"
