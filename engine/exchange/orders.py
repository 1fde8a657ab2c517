"""Orders and executions as the exchange keeps them."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from engine.exchange.conditions import Condition
from engine.exchange.instruments import Instrument
from engine.exchange.numbers import ZERO

WAITING = "Untriggered"
OPEN_STATUSES = frozenset({"New", "PartiallyFilled", WAITING, "Triggered"})

NO_CANCEL = "UNKNOWN"
NO_ERROR = "EC_NoError"

# How an order ends without being filled whole: cancelType and rejectReason of its last row.
BY_USER = ("CancelByUser", "EC_PerCancelRequest")
BY_CUT_OFF = ("CancelByDCP", "EC_PerCancelRequest")
BY_REDUCE_ONLY = ("CancelByReduceOnly", "EC_PerCancelRequest")
POSITION_CLOSED = ("CancelByTpSlTsClear", NO_ERROR)
TAKE_PROFIT_OFF = ("CancelByOCOTpCanceledBySlTriggered", NO_ERROR)
STOP_LOSS_OFF = ("CancelByOCOSlCanceledByTpTriggered", NO_ERROR)
NO_BALANCE = (NO_CANCEL, "EC_Others")
POST_ONLY_TAKES = (NO_CANCEL, "EC_PostOnlyWillTakeLiquidity")
NOTHING_LEFT_TO_TAKE = (NO_CANCEL, "EC_NoImmediateQtyToFill")
NOT_FILLED_WHOLE = (NO_CANCEL, "EC_CancelForNoFullFill")


class Exit(msgspec.Struct, kw_only=True, gc=False, frozen=True):
    """One way out of a position, once its price has come: at market, or where there is a `limit`
    with a limit order."""

    condition: Condition
    limit: Decimal = ZERO


class Attached(msgspec.Struct, kw_only=True, gc=False, frozen=True):
    """What an order brings to protect the position it opens; None where it does not.

    The exits close the whole position, or, `partial`, as much as the order has filled.
    """

    take_profit: Exit | None = None
    stop_loss: Exit | None = None
    partial: bool = False


class Slippage(msgspec.Struct, kw_only=True, gc=False, frozen=True):
    """How far a market order may go from the best price: so many ticks, or percent of it."""

    kind: str
    value: Decimal


class Order(msgspec.Struct, kw_only=True, eq=False, gc=False):
    """One order. Times are unix ms; `price` of a market order is its protection price."""

    api_key: str
    instrument: Instrument
    order_id: str
    link_id: str
    number: int = 0  # counts the account's orders
    is_buy: bool
    order_type: str
    time_in_force: str
    qty: Decimal
    price: Decimal
    reduce_only: bool = False
    position_idx: int = 0  # 0 one-way; in hedge mode 1 the long side, 2 the short one
    market_unit: str = ""
    value: str = ""  # of a market order by value, in quote coin; `qty` is what it buys or sells
    condition: Condition | None = None  # what it waits or has waited for
    attached: Attached | None = None
    covered: Decimal = ZERO  # of `cum_qty`: partial exits have been made for it
    slippage: Slippage | None = None
    close_on_trigger: bool = False
    stop_order_type: str = ""
    create_type: str = "CreateByUser"
    last_price_on_created: str = ""
    created_ms: int = 0
    updated_ms: int = 0
    status: str = "New"
    cancel_type: str = NO_CANCEL
    reject_reason: str = NO_ERROR
    cum_qty: Decimal = ZERO
    cum_value: Decimal = ZERO
    cum_fee: Decimal = ZERO
    fee_coin: str = ""
    closed_pnl: Decimal = ZERO
    queue_ahead: Decimal = ZERO  # recorded quantity that trades before us at our price
    locked: Decimal = ZERO  # spot: held back of the coin it would spend; linear: value in margin
    first_execution: int = -1  # range in the account's executions that holds all of ours
    last_execution: int = -1

    @property
    def side(self) -> str:
        """The wire's word for the direction."""
        return "Buy" if self.is_buy else "Sell"

    @property
    def leaves(self) -> Decimal:
        """What is still to be filled while the order is open."""
        return self.qty - self.cum_qty

    @property
    def is_open(self) -> bool:
        """True while the order can still be filled."""
        return self.status in OPEN_STATUSES

    def passes(self, order_filter: str) -> bool:
        """True where a request's orderFilter takes the order in; an empty one takes all."""
        if not order_filter:
            return True
        if not self.is_waiting:
            return order_filter in ("Order", "OpenOrder")
        kind = "tpslOrder" if self.stop_order_type == "tpslOrder" else "StopOrder"
        return order_filter == kind

    @property
    def is_waiting(self) -> bool:
        """True while it waits for its trigger price."""
        return self.status == WAITING

    @property
    def rests(self) -> bool:
        """True where what cannot be filled at once stays in the book."""
        return self.time_in_force in ("GTC", "PostOnly")


class Execution(msgspec.Struct, kw_only=True, eq=False, gc=False):
    """One fill of one order. `time_ms` is unix ms; `fee` is positive when paid."""

    order: Order
    exec_id: str
    qty: Decimal
    price: Decimal
    value: Decimal
    fee: Decimal
    fee_rate: Decimal
    fee_coin: str
    is_maker: bool
    leaves: Decimal
    order_qty: Decimal
    order_price: Decimal
    closed_qty: Decimal
    pnl: Decimal
    mark_price: str
    time_ms: int
    seq: int


class ClosedPnl(msgspec.Struct, kw_only=True, eq=False, gc=False):
    """What one order has closed of a position so far. Fees are what opening and closing it cost."""

    order: Order
    exec_type: str = "Trade"
    qty: Decimal = ZERO
    entry_value: Decimal = ZERO
    exit_value: Decimal = ZERO
    pnl: Decimal = ZERO
    open_fee: Decimal = ZERO
    close_fee: Decimal = ZERO
    fills: int = 0
    created_ms: int = 0
    updated_ms: int = 0


class LogEntry(msgspec.Struct, kw_only=True, eq=False, gc=False):
    """One movement of one coin. `cash_flow` is without fees; `balance` is the coin's after it."""

    number: int
    kind: str
    coin: str
    cash_flow: Decimal
    fee: Decimal
    balance: Decimal
    execution: Execution
