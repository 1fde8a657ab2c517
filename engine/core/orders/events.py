"""What happens to one order: how it begins here, and, later, its OrderEvents."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

import msgspec

from engine.core.margin import AccountMargin
from engine.core.orders.state import Order
from engine.core.orders.terms import Attached, Slippage, Trigger
from engine.core.types import (
    EXTERNAL,
    ExecutionKind,
    Liquidity,
    OrderState,
    OrderType,
    Side,
    TimeInForce,
)


class EventType(StrEnum):
    """What can happen to one order."""

    ORDER_SENT = "ORDER_SENT"
    SEND_UNKNOWN = "SEND_UNKNOWN"
    ORDER_ACK = "ORDER_ACK"
    ORDER_REJECT = "ORDER_REJECT"
    ORDER_DENIED = "ORDER_DENIED"
    PARTIAL_FILL = "PARTIAL_FILL"
    FULL_FILL = "FULL_FILL"
    CANCEL_REQUEST = "CANCEL_REQUEST"
    CANCEL_ACK = "CANCEL_ACK"
    CANCEL_REJECT = "CANCEL_REJECT"
    REPLACE_REQUEST = "REPLACE_REQUEST"
    REPLACE_ACK = "REPLACE_ACK"
    REPLACE_REJECT = "REPLACE_REJECT"
    RESTATED = "RESTATED"
    EXPIRED = "EXPIRED"
    SUSPENDED = "SUSPENDED"
    RESUMED = "RESUMED"
    UNTRIGGERED = "UNTRIGGERED"
    TRIGGERED = "TRIGGERED"
    STATUS_REPORT = "STATUS_REPORT"
    PROVEN_ABSENT = "PROVEN_ABSENT"
    FILL_BUSTED = "FILL_BUSTED"
    FILL_CORRECTED = "FILL_CORRECTED"


class OrderEvent(
    msgspec.Struct, frozen=True, gc=False, tag="order", tag_field="event", omit_defaults=True
):
    """Something happened to one order; only the fields that its type speaks of are set.

    fills            `exec_id last_qty last_price fee fee_currency liquidity`, and what the venue
                     said of it: `exec_ts exec_seq exec_kind exec_pnl` (bust: `exec_id` alone);
                     a fee that is None has not been told yet
    replace, restate `qty` (new total), `price` and `trigger_price`
    status report    `cum_qty avg_price status` as the venue states them
    any              `exchange_order_id` where known, `reason` (closed set), `text` (sanitised)
    """

    type: EventType
    client_order_id: str
    ts: int = 0
    exchange_order_id: str = ""
    exec_id: str = ""
    last_qty: Decimal | None = None
    last_price: Decimal | None = None
    fee: Decimal | None = None
    fee_currency: str = ""
    liquidity: Liquidity | None = None
    qty: Decimal | None = None
    price: Decimal | None = None
    cum_qty: Decimal | None = None
    avg_price: Decimal | None = None
    status: OrderState | None = None
    reason: str = ""
    text: str = ""
    attempts: int = 0
    command_id: str = ""
    exec_ts: int = 0
    exec_seq: int = 0
    exec_kind: ExecutionKind = ExecutionKind.TRADE
    exec_pnl: Decimal | None = None
    trigger_price: Decimal | None = None


class NewOrder(
    msgspec.Struct, frozen=True, gc=False, tag_field="event", kw_only=True, omit_defaults=True
):
    """An order as a command asked for it: its terms, and who wanted it.

    `position_index` is the side of a hedge that it belongs to, 0 in one-way mode.
    """

    ts: int
    command_id: str
    client_order_id: str
    symbol: str
    side: Side
    qty: Decimal
    price: Decimal | None = None
    type: OrderType = OrderType.LIMIT
    time_in_force: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    reduce_only: bool = False
    by: str = "operator"
    position_index: int = 0
    trigger: Trigger | None = None
    attached: Attached | None = None
    slippage: Slippage | None = None


class OrderSubmitted(NewOrder, frozen=True, tag="submitted", kw_only=True):
    """An order passed every check and will be sent. Only `risk.Approved` makes one.

    `worst_price` bounds a market order: it is sent as a limit order at that price, IOC.
    """

    worst_price: Decimal | None = None


class OrderDenied(NewOrder, frozen=True, tag="denied", kw_only=True):
    """An order was refused here, before sending: which rule, which value, which limit.

    `passes` says what would have been let through; `reference` is the price it was measured by,
    `margin` what the venue had said of margin, where a limit looks at that.
    """

    code: str = ""
    value: str = ""
    limit: str = ""
    passes: str = ""
    reference: Decimal | None = None
    margin: AccountMargin | None = None


class OrderAdopted(
    msgspec.Struct, frozen=True, tag="adopted", tag_field="event", kw_only=True, omit_defaults=True
):
    """An order was found at the venue that this journal does not know.

    It is shown as external, or, where it bears an id of ours, recovered as our own.
    """

    ts: int
    client_order_id: str
    exchange_order_id: str
    symbol: str
    side: Side
    qty: Decimal
    price: Decimal | None = None
    type: OrderType = OrderType.LIMIT
    time_in_force: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    reduce_only: bool = False
    by: str = EXTERNAL
    position_index: int = 0
    trigger: Trigger | None = None
    attached: Attached | None = None
    slippage: Slippage | None = None


class OrderRecalled(
    msgspec.Struct, frozen=True, tag="recalled", tag_field="event", kw_only=True, omit_defaults=True
):
    """A retired order is back in memory as it was, because somebody named it.

    Without `order` the journal could not say, for the reason in `error`: `client_order_id` is then
    the id that it was named by, ours or the venue's.
    """

    ts: int
    client_order_id: str
    order: Order | None = None
    error: str = ""
