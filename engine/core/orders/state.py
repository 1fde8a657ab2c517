"""One order: what is known of it, and the state it therefore shows.

Two rules hold everywhere below.

1. What is stored of an order is evidence (sent? acknowledged? which fills? how did it end, and who
   says so?) and requests that wait for an answer. `Order.state` is a function of these,
   `derive_state`, and has no memory of its own: a refused cancel lifts its request and the state
   that was there shows again, a fill cannot erase a pending cancel.
2. Several things are true of an order at once. It shows the one of highest precedence (FIX 4.4,
   appendix D): how it ended, PENDING_CANCEL, PENDING_REPLACE, UNKNOWN, then its base state.

`TRANSITIONS` says which shown state may follow which. It steers nothing: a pair that is missing
from it is counted as an anomaly, because a venue that surprises us is news, not a reason to stop.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal
from enum import StrEnum

import msgspec

from engine.core.orders.history import Execution, Fill, HistoryEntry
from engine.core.orders.terms import Attached, Slippage, Trigger
from engine.core.types import (
    CLOSED_STATES,
    EXTERNAL,
    VENUE,
    ZERO,
    OrderState,
    OrderType,
    Side,
    TimeInForce,
)

# Looking a member up through its class takes 100 ns on Python 3.11; derive_state runs every event.
INITIALIZED = OrderState.INITIALIZED
DENIED = OrderState.DENIED
PENDING = OrderState.PENDING
UNTRIGGERED = OrderState.UNTRIGGERED
NEW = OrderState.NEW
SUSPENDED = OrderState.SUSPENDED
PARTIALLY_FILLED = OrderState.PARTIALLY_FILLED
FILLED = OrderState.FILLED
CANCELED = OrderState.CANCELED
REJECTED = OrderState.REJECTED
EXPIRED = OrderState.EXPIRED
PENDING_CANCEL = OrderState.PENDING_CANCEL
PENDING_REPLACE = OrderState.PENDING_REPLACE
UNKNOWN = OrderState.UNKNOWN

GROUPS: Mapping[str, tuple[OrderState, ...]] = {
    "on its way": (INITIALIZED, PENDING, UNKNOWN),
    "working": (UNTRIGGERED, NEW, SUSPENDED, PARTIALLY_FILLED),
    "asked": (PENDING_CANCEL, PENDING_REPLACE),
    "closed": (FILLED, CANCELED, REJECTED, EXPIRED, DENIED),
}
"""Every state, by what it means to whoever holds the order."""

PRECEDENCE: tuple[tuple[OrderState, ...], ...] = (
    (FILLED,),
    (CANCELED, REJECTED, EXPIRED, DENIED),
    (PENDING_CANCEL,),
    (PENDING_REPLACE,),
    (UNKNOWN,),
    (SUSPENDED,),
    (PARTIALLY_FILLED,),
    (UNTRIGGERED,),
    (NEW,),
    (PENDING,),
    (INITIALIZED,),
)
"""Which state shows when several are true (rule 2): the order in which `derive_state` asks."""

_LIVE = frozenset(GROUPS["working"])
_ASKED = frozenset(GROUPS["asked"])
_ENDED = frozenset({FILLED, CANCELED, REJECTED, EXPIRED})

TRANSITIONS: Mapping[OrderState, frozenset[OrderState]] = {
    # Evidence may overtake our own note that the order was sent, and the venue's acknowledgement.
    INITIALIZED: _LIVE | _ENDED | {DENIED, PENDING, UNKNOWN},
    DENIED: frozenset(),
    PENDING: _LIVE | _ASKED | _ENDED | {UNKNOWN},
    UNKNOWN: _LIVE | _ASKED | _ENDED,
    UNTRIGGERED: (_LIVE - {UNTRIGGERED}) | _ASKED | _ENDED,
    NEW: (_LIVE - {NEW}) | _ASKED | _ENDED,
    # Back to NEW when the only fill was busted; what has filled is not rejected any more.
    PARTIALLY_FILLED: frozenset({NEW, SUSPENDED, FILLED, CANCELED, EXPIRED}) | _ASKED,
    SUSPENDED: (_LIVE - {SUSPENDED}) | _ASKED | _ENDED,
    # A refusal shows what was underneath.
    PENDING_CANCEL: _LIVE | _ENDED | {PENDING, UNKNOWN, PENDING_REPLACE},
    PENDING_REPLACE: _LIVE | _ENDED | {PENDING, UNKNOWN, PENDING_CANCEL},
    # A bust takes a fill back, an amend that was under way raises the quantity.
    FILLED: frozenset({NEW, PARTIALLY_FILLED, CANCELED, EXPIRED}) | _ASKED,
    # Late fills that reach the quantity; and life after an absence that only seemed proven, or the
    # venue's own word on how the order really ended.
    CANCELED: _LIVE | {FILLED, REJECTED, EXPIRED},
    REJECTED: _LIVE | {FILLED, CANCELED, EXPIRED},
    EXPIRED: frozenset({FILLED}),
}
"""Which shown state may follow which, for every state. Staying the same is no transition."""


class Refusal(StrEnum):
    """Why an order cannot be cancelled or amended now; `NONE` is the empty string: it can."""

    NONE = ""
    NOT_SENT = "NOT_SENT"
    CLOSED = "CLOSED"
    CANCEL_PENDING = "CANCEL_PENDING"
    REPLACE_PENDING = "REPLACE_PENDING"
    QTY_BELOW_FILLED = "QTY_BELOW_FILLED"
    NO_CHANGE = "NO_CHANGE"
    NOT_WAITING = "NOT_WAITING"


class Anomaly(StrEnum):
    """What should not happen and did: counted, and alarmed by whoever watches the counts."""

    UNKNOWN_ORDER = "UNKNOWN_ORDER"
    ILLEGAL_TRANSITION = "ILLEGAL_TRANSITION"
    BAD_EVENT = "BAD_EVENT"
    REFUSED_REQUEST = "REFUSED_REQUEST"
    STALE_REPORT = "STALE_REPORT"
    UNPRICED_REPORT = "UNPRICED_REPORT"
    FILL_CONFLICT = "FILL_CONFLICT"
    LATE_FILL = "LATE_FILL"
    OVERFILL = "OVERFILL"
    RESURRECTED = "RESURRECTED"
    ENDING_CONFLICT = "ENDING_CONFLICT"
    EXCHANGE_ID_CONFLICT = "EXCHANGE_ID_CONFLICT"
    NOT_RECALLED = "NOT_RECALLED"


Anomalies = Counter[str]
"""How often each kind of anomaly was seen."""


class Order(msgspec.Struct, gc=False, kw_only=True, eq=False, omit_defaults=True):
    """One order: its terms, the evidence about it, the state that follows, and its history.

    Only the order state machine changes it. Times are unix nanoseconds, 0 is not yet. `cum_qty`
    and `filled_value` include what is inferred from status reports until executions replace it.
    `first_seq` and `last_seq` number its first and its newest event in the journal, where it has
    one.

    An execution is a line of the history. `apart` are those, by exec id, of which the history does
    not tell what counts now: the ones that the venue amended, and all that are there in words only.
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
    by: str = "operator"
    position_index: int = 0
    exchange_order_id: str = ""

    state: OrderState = INITIALIZED
    cum_qty: Decimal = ZERO
    inferred_qty: Decimal = ZERO
    inferred_value: Decimal = ZERO
    reason: str = ""
    text: str = ""
    attempts: int = 0
    created_ts: int = 0
    updated_ts: int = 0
    acked_ts: int = 0
    first_fill_ts: int = 0

    sent: bool = False
    acked: bool = False
    unknown: bool = False
    untriggered: bool = False
    triggered: bool = False
    suspended: bool = False
    terminal: OrderState | None = None
    synthetic: bool = False
    """`terminal` rests on proof of absence, not on the venue's word: signs of life reverse it."""
    pending_cancel: bool = False
    pending_qty: Decimal | None = None
    pending_price: Decimal | None = None

    apart: dict[str, Fill] | None = msgspec.field(default=None, name="fills")
    history: list[HistoryEntry] = []

    first_seq: int = 0
    last_seq: int = 0

    trigger: Trigger | None = None
    attached: Attached | None = None
    slippage: Slippage | None = None
    pending_trigger: Decimal | None = None

    def __eq__(self, other: object) -> bool:
        """True for an order of which the same is known."""
        return isinstance(other, Order) and _known(self) == _known(other)

    @property
    def fills(self) -> dict[str, Fill]:
        """Every execution by its id, as it counts now."""
        told = {fill.exec_id: Fill(fill.qty, fill.price) for fill in self._told()}
        return told | (self.apart or {})

    @property
    def filled_value(self) -> Decimal:
        """Quantity x price of what has filled."""
        counted: Iterable[Fill] = self.fills.values() if self.apart else self._told()
        return sum((fill.qty * fill.price for fill in counted), self.inferred_value)

    @property
    def is_open(self) -> bool:
        """True while the order may still fill: every state that is not closed, UNKNOWN included."""
        return self.state not in CLOSED_STATES

    @property
    def is_external(self) -> bool:
        """True for an order that was found at the venue: it is shown, and known by its venue id."""
        return self.by == EXTERNAL or self.is_venue_made

    @property
    def is_venue_made(self) -> bool:
        """True for an external order that the venue made: a position's stop-loss, a liquidation."""
        return self.by.startswith(VENUE)

    @property
    def is_waiting(self) -> bool:
        """True for a conditional order whose trigger has not come, as far as is known."""
        return (self.untriggered or self.trigger is not None) and not self.triggered

    @property
    def is_reversible(self) -> bool:
        """True when the order ended on proof of absence only, so that the venue may correct us."""
        return self.synthetic

    @property
    def leaves_qty(self) -> Decimal:
        """What is left to fill, at the terms the venue has agreed to; 0 once closed."""
        return ZERO if self.state in CLOSED_STATES else self.qty - self.cum_qty

    @property
    def overfill_qty(self) -> Decimal:
        """What was filled beyond the order's quantity."""
        return max(self.cum_qty - self.qty, ZERO)

    @property
    def avg_price(self) -> Decimal | None:
        """Average price of what has filled, to 28 digits; None before the first fill."""
        return self.filled_value / self.cum_qty if self.cum_qty else None

    @property
    def pending_replace(self) -> bool:
        """True while an amend waits for the venue's answer."""
        asked = (self.pending_qty, self.pending_price, self.pending_trigger)
        return asked != (None, None, None)

    def copy(self) -> Order:
        """The same order, to be changed apart from this one."""
        return msgspec.structs.replace(self, history=list(self.history))

    def in_words(self) -> Order:
        """The same order with its history in words."""
        words = [entry.in_words() for entry in self.history]
        return msgspec.structs.replace(self, history=words, apart=self.fills)

    def execution(self, exec_id: str) -> Fill | None:
        """The execution as it counts now; None when it is not booked."""
        if self.apart and exec_id in self.apart:
            return self.apart[exec_id]
        for entry in reversed(self.history):
            told = entry.told
            if type(told) is Execution and told.exec_id == exec_id:
                return told
        return None

    def amend(self, exec_id: str, fill: Fill) -> None:
        """Count an execution as the venue says, whatever the history has told or will tell."""
        self.apart = {**(self.apart or {}), exec_id: fill}

    def has_execution(self, exec_id: str, qty: Decimal, price: Decimal) -> bool:
        """True when this execution is booked, so that it would add nothing.

        An exec id that was booked with other content is a conflict, not known.
        """
        known = self.execution(exec_id)
        return known is not None and known.has(qty, price)

    def _told(self) -> list[Execution]:
        """The executions that the history tells of."""
        lines = [entry.told for entry in self.history]
        return [told for told in lines if type(told) is Execution and told.exec_id]


def _known(order: Order) -> tuple[list[object], dict[str, Fill]]:
    """All there is to know of an order, wherever its executions are."""
    plain = [getattr(order, name) for name in order.__struct_fields__ if name != "apart"]
    return plain, order.fills


def derive_state(order: Order) -> OrderState:
    """The state that follows from what is known of `order`: rule 2, line by line."""
    cum_qty = order.cum_qty
    if cum_qty and cum_qty >= order.qty:
        return FILLED
    if order.terminal is not None:
        return order.terminal
    if order.pending_cancel:
        return PENDING_CANCEL
    if (
        order.pending_qty is not None
        or order.pending_price is not None
        or order.pending_trigger is not None
    ):
        return PENDING_REPLACE
    if order.unknown:
        return UNKNOWN
    if order.suspended:
        return SUSPENDED
    if cum_qty:
        return PARTIALLY_FILLED
    if order.untriggered and not order.triggered:
        return UNTRIGGERED
    if order.acked:
        return NEW
    return PENDING if order.sent else INITIALIZED


def show_life(order: Order, ts: int, anomalies: Anomalies) -> bool:
    """The venue has shown that the order exists; True when that is news."""
    if order.acked and not order.synthetic:
        return False
    if not order.acked:
        order.acked = True
        order.acked_ts = ts
        if order.unknown or not order.sent:
            order.sent, order.unknown = True, False
        order.untriggered = order.untriggered or order.trigger is not None
    if order.synthetic:
        order.synthetic = False
        order.terminal = None
        order.reason = order.text = ""
        anomalies[Anomaly.RESURRECTED] += 1
    return True


def why_not_cancel(order: Order) -> Refusal:
    """Why a cancel of `order` cannot be asked for now; empty when it can.

    Orders whose fate is unknown can be cancelled: if they exist, they must go.
    """
    if order.state in CLOSED_STATES:
        return Refusal.CLOSED
    if order.state is INITIALIZED:
        return Refusal.NOT_SENT
    return Refusal.CANCEL_PENDING if order.pending_cancel else Refusal.NONE


def why_not_replace(
    order: Order,
    qty: Decimal | None,
    price: Decimal | None,
    trigger_price: Decimal | None = None,
) -> Refusal:
    """Why `order` cannot be amended to these terms (None stays) now; empty when it can.

    A total quantity at or below what has filled is refused: some venues take it for a cancel.
    """
    refusal = why_not_cancel(order)
    if refusal:
        return refusal
    if order.pending_replace:
        return Refusal.REPLACE_PENDING
    if qty is not None and qty <= order.cum_qty:
        return Refusal.QTY_BELOW_FILLED
    if trigger_price is not None and not order.is_waiting:
        return Refusal.NOT_WAITING
    trigger = None if order.trigger is None else order.trigger.price
    stays = trigger_price in (None, trigger)
    if stays and qty in (None, order.qty) and price in (None, order.price):
        return Refusal.NO_CHANGE
    return Refusal.NONE
