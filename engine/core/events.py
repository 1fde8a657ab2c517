"""What happened. The journal holds these and nothing else; every state is a fold of them.

`OrderSubmitted` and `OrderDenied` give an order its terms; everything that happens to it later is
an `OrderEvent`, whose meaning is its `EventType`. The rest is about the account as a whole.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from engine.core.instruments import Instrument
from engine.core.limits.events import LimitsChanged, LimitsPending
from engine.core.orders.events import (
    EventType,
    NewOrder,
    OrderAdopted,
    OrderDenied,
    OrderEvent,
    OrderRecalled,
    OrderSubmitted,
)
from engine.core.reports import FillEvent
from engine.core.settings import SettingAsked, SettingsChanged
from engine.core.types import (
    CashKind,
    DriftAction,
    DriftKind,
    KillLevel,
    TradingState,
)

__all__ = [
    "CashBooked",
    "CommandRefused",
    "ConnectivityChanged",
    "Drift",
    "DriftSettled",
    "EngineStarted",
    "Event",
    "EventType",
    "ExecutionQuarantined",
    "InstrumentsChanged",
    "KeyNoted",
    "KillProgress",
    "KillStarted",
    "LimitsChanged",
    "LimitsPending",
    "NewOrder",
    "OrderAdopted",
    "OrderDenied",
    "OrderEvent",
    "OrderRecalled",
    "OrderSubmitted",
    "PnlBaseline",
    "PnlMarked",
    "Reconciled",
    "SettingAsked",
    "SettingsChanged",
    "SuspenseBooked",
    "TradingStateChanged",
]


class SuspenseBooked(
    msgspec.Struct, frozen=True, tag="suspense", tag_field="event", kw_only=True, omit_defaults=True
):
    """An execution of an order that nobody knows: in the position at once, alarmed.

    The order event that names it once its order is known takes it out of suspense.
    """

    ts: int
    fill: FillEvent


class CashBooked(
    msgspec.Struct, frozen=True, tag="cash", tag_field="event", kw_only=True, omit_defaults=True
):
    """Money that moved without an execution, once for each of the venue's ids.

    `amount` is positive when received; `venue_ts` (unix ns) is the venue's time of it.
    """

    ts: int
    cash_id: str
    currency: str
    kind: CashKind
    amount: Decimal
    symbol: str = ""
    text: str = ""
    venue_ts: int = 0


class PnlBaseline(msgspec.Struct, frozen=True, tag="pnl_baseline", tag_field="event", kw_only=True):
    """From `ts` on the venue's figures of money are compared: where both stood then.

    `balances` is wallet - ours by coin, `realized` our gross realized P&L by symbol.
    """

    ts: int
    balances: dict[str, Decimal]
    realized: dict[str, Decimal]


class ExecutionQuarantined(
    msgspec.Struct,
    frozen=True,
    tag="quarantined",
    tag_field="event",
    kw_only=True,
    omit_defaults=True,
):
    """The venue sent an execution of a type this version does not know: counted, never booked."""

    ts: int
    exec_id: str
    symbol: str
    exec_type: str


class CommandRefused(
    msgspec.Struct, frozen=True, tag="refused", tag_field="event", kw_only=True, omit_defaults=True
):
    """A command that made no order was refused; `client_order_id` names the order it was about."""

    ts: int
    command_id: str
    command: str
    code: str
    text: str = ""
    client_order_id: str = ""


class TradingStateChanged(
    msgspec.Struct, frozen=True, tag="trading", tag_field="event", kw_only=True, omit_defaults=True
):
    """ACTIVE, REDUCING or HALTED: from now on, by whom and why.

    `symbol` is the market that it is about; empty, the whole account. The stricter of the two
    holds for an order. `probation_until` (unix ns) is when REDUCING after a halt may be released.
    """

    ts: int
    state: TradingState
    by: str
    reason: str = ""
    command_id: str = ""
    symbol: str = ""
    probation_until: int = 0


class PnlMarked(
    msgspec.Struct, frozen=True, tag="pnl", tag_field="event", kw_only=True, omit_defaults=True
):
    """What losses are measured from, in US dollars of net P&L since the journal began.

    `start` is what it was when the UTC day `day` (days since 1970) began, `peak` its highest; with
    the account's equity at these moments, None where it is not known, or nothing looks at it.
    """

    ts: int
    day: int
    start: Decimal
    peak: Decimal
    start_equity: Decimal | None = None
    peak_equity: Decimal | None = None


class KillStarted(
    msgspec.Struct, frozen=True, tag="kill", tag_field="event", kw_only=True, omit_defaults=True
):
    """A sweep began. `blocked_at` is when the router's gate closed (unix ns)."""

    ts: int
    kill_id: str
    level: KillLevel
    blocked_at: int
    targets: tuple[str, ...]
    by: str = "operator"


class KillProgress(
    msgspec.Struct,
    frozen=True,
    tag="kill_progress",
    tag_field="event",
    kw_only=True,
    omit_defaults=True,
):
    """A sweep's state: first cancel sent, venue's count of what is left, verified zero or given up.

    `verified_zero_at` is set once, when the venue showed zero twice; `done` with it at 0 means
    INCOMPLETE and `residual` lists what is left.
    """

    ts: int
    kill_id: str
    first_cancel_at: int = 0
    verified_zero_at: int = 0
    residual: tuple[str, ...] = ()
    done: bool = False


class Drift(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A difference: venue quantity - ledger quantity; where these agree, of the averages alone.

    First seen at `since_ts`; `cause` says what explains it.
    """

    symbol: str
    ours: Decimal
    venue: Decimal
    since_ts: int
    kind: DriftKind = DriftKind.UNEXPLAINED
    ours_avg: Decimal | None = None
    venue_avg: Decimal | None = None
    cause: str = ""

    @property
    def qty(self) -> Decimal:
        """Venue quantity minus ledger quantity."""
        return self.venue - self.ours

    @property
    def price(self) -> Decimal | None:
        """Venue average minus ledger average; None where either has none."""
        if self.ours_avg is None or self.venue_avg is None:
            return None
        return self.venue_avg - self.ours_avg


class Reconciled(
    msgspec.Struct,
    frozen=True,
    tag="reconciled",
    tag_field="event",
    kw_only=True,
    omit_defaults=True,
):
    """The venue and the engine were compared; journaled when the result is new.

    `drift` are unexplained differences of quantity; `noted` explained ones, and those of averages
    alone. `alarms` say what was given up or could not be judged. `coins` are the wallet's before
    the ledger began, when first counted. `partial`: new orders still wait for a comparison of
    everything.
    """

    ts: int
    drift: tuple[Drift, ...] = ()
    external_orders: tuple[str, ...] = ()
    open_orders: int = 0
    duration_s: float = 0.0
    error: str = ""
    noted: tuple[Drift, ...] = ()
    alarms: tuple[str, ...] = ()
    coins: dict[str, Decimal] | None = None
    partial: bool = False


class DriftSettled(
    msgspec.Struct,
    frozen=True,
    tag="drift_settled",
    tag_field="event",
    kw_only=True,
    omit_defaults=True,
):
    """A person has decided about a difference: what, why, and until when (0: until it changes).

    An adopted or flattened one is booked as the adjustment `exec_id`: `qty` (signed) at `price`.
    """

    ts: int
    symbol: str
    action: DriftAction
    qty: Decimal
    reason: str
    by: str
    until_ts: int = 0
    exec_id: str = ""
    price: Decimal | None = None
    command_id: str = ""


class ConnectivityChanged(
    msgspec.Struct, frozen=True, tag="link", tag_field="event", kw_only=True, omit_defaults=True
):
    """A venue stream went up or down; new orders wait for the reconcile that follows."""

    ts: int
    link: str
    up: bool
    text: str = ""


class EngineStarted(
    msgspec.Struct, frozen=True, tag="started", tag_field="event", kw_only=True, omit_defaults=True
):
    """A run of the engine began: the first event of a journal and of each restart.

    Beyond `closed_kept` closed orders in memory those that closed first are retired; 0 keeps all.
    A `new_venue` began with this run, on paper: it has no history, and another wallet.
    """

    ts: int
    account: str
    venue: str
    environment: str
    run: int = 1
    closed_kept: int = 0
    new_venue: bool = False


class InstrumentsChanged(
    msgspec.Struct,
    frozen=True,
    tag="instruments",
    tag_field="event",
    kw_only=True,
    omit_defaults=True,
):
    """The venue's list of markets, journaled when it differs: checks and P&L fold it too."""

    ts: int
    instruments: tuple[Instrument, ...]


class KeyNoted(
    msgspec.Struct, frozen=True, tag="key", tag_field="event", kw_only=True, omit_defaults=True
):
    """What is not as it should be with the API key that this run trades with."""

    ts: int
    warnings: tuple[str, ...]


Event = (
    OrderSubmitted
    | OrderDenied
    | OrderAdopted
    | OrderEvent
    | OrderRecalled
    | SuspenseBooked
    | CashBooked
    | ExecutionQuarantined
    | PnlBaseline
    | CommandRefused
    | TradingStateChanged
    | LimitsChanged
    | LimitsPending
    | PnlMarked
    | KillStarted
    | KillProgress
    | Reconciled
    | DriftSettled
    | ConnectivityChanged
    | EngineStarted
    | InstrumentsChanged
    | KeyNoted
    | SettingAsked
    | SettingsChanged
)
"""Everything the journal can hold. A tagged union: `msgspec.json` decodes it by its `event` key."""
