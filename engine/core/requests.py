"""What must be said to a venue, and when to look again: the output of `react`."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from engine.core.commands import Command
from engine.core.events import Event
from engine.core.orders.state import Order
from engine.core.orders.terms import Attached, Slippage, Trigger
from engine.core.reports import EVERYTHING, Report, Scope
from engine.core.types import Category, KillLevel, OrderType, Side, TimeInForce


class OrderRequest(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Terms of a new order as they go to the venue. Two equal requests are the same order.

    `position_index` is 0 in one-way mode; in hedge mode 1 is the long side, 2 the short one.
    """

    client_order_id: str
    symbol: str
    side: Side
    qty: Decimal
    price: Decimal | None = None
    type: OrderType = OrderType.LIMIT
    time_in_force: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    reduce_only: bool = False
    position_index: int = 0
    trigger: Trigger | None = None
    attached: Attached | None = None
    slippage: Slippage | None = None


class AmendRequest(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """New total quantity, price or trigger price of a working order; what is None stays.

    `waiting`: it waits for its trigger, and some venues do not take it among others.
    """

    client_order_id: str
    symbol: str
    qty: Decimal | None = None
    price: Decimal | None = None
    trigger_price: Decimal | None = None
    waiting: bool = False


class CancelRequest(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Cancel one order by our id, or by the venue's where that is given (an external order).

    `waiting`: it waits for its trigger, which some venues must be told to find it.
    """

    client_order_id: str
    symbol: str
    exchange_order_id: str = ""
    waiting: bool = False


class MassCancelRequest(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Cancel every order of one kind at once (FIX OrderMassCancelRequest): whatever is there.

    Of one market where `symbol` is given, else of all markets of the category that settle in
    `settle`; spot has no settle coin. `conditional` orders wait for their trigger price; the
    others do not. `client_order_ids` are the orders that it is sent for.
    """

    category: Category
    symbol: str = ""
    settle: str = ""
    conditional: bool = False
    client_order_ids: tuple[str, ...] = ()


class QueryOrder(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Ask for one order, wherever the venue keeps it: open, closed, executions.

    By our id, or by the venue's where that is given (an external order). A `conditional` one may
    be in a list of its own.
    """

    client_order_id: str
    symbol: str
    exchange_order_id: str = ""
    conditional: bool = False


class QueryAccount(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Ask for the account: open orders, recent executions, positions, wallet, or some of these."""

    scopes: frozenset[Scope] = EVERYTHING


class QueryPnl(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Ask for the venue's own figures of money: wallet, closed P&L, other movements of cash."""


class SettingRequest(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Set a market's leverage, or its position mode, for the command `command_id`."""

    command_id: str
    symbol: str
    leverage: Decimal | None = None
    hedged: bool | None = None


class Sweep(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Cancel what `level` says, then prove at the venue that nothing of it is left."""

    kill_id: str
    level: KillLevel


class StartTimer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Hand `TimerFired(kind, key)` back to `decide` after `after_s` seconds of the clock."""

    kind: str
    key: str
    after_s: float


class TimerFired(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A timer's time has come: an input of `decide`."""

    kind: str
    key: str


class RecallOrder(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Read a retired order back from the journal, because `waiting` names it by the id `name`.

    Its events are among those numbered `first_seq` to `last_seq`, which are the outermost ones.
    """

    name: str
    first_seq: int
    last_seq: int
    waiting: Command | Report | TimerFired


class RecallAnswer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the journal said to `recall`: an input of `decide`.

    Without an order, either there is none of this name or `error` says why it could not be read.
    """

    recall: RecallOrder
    order: Order | None = None
    error: str = ""


VenueRequest = OrderRequest | AmendRequest | CancelRequest
Question = QueryOrder | QueryAccount | QueryPnl | StartTimer | RecallOrder
"""What changes nothing at a venue, so that it needs no event behind it."""
Request = VenueRequest | SettingRequest | Sweep | Question
Step = Event | Question
"""What a decision yields."""


def cancel_of(order: Order) -> CancelRequest:
    """The request that cancels `order`, by the id that its venue knows it under."""
    return CancelRequest(
        client_order_id=order.client_order_id,
        symbol=order.symbol,
        exchange_order_id=order.exchange_order_id if order.is_external else "",
        waiting=order.is_waiting,
    )


def query_of(order: Order) -> QueryOrder:
    """The question about `order`, by the id that its venue knows it under."""
    return QueryOrder(
        client_order_id=order.client_order_id,
        symbol=order.symbol,
        exchange_order_id=order.exchange_order_id if order.is_external else "",
        conditional=order.trigger is not None,
    )
