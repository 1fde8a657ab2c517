"""What a venue told us, in our words: the only shapes that codecs produce and `decide` reads.

Text that came from outside has been through the codec's sanitiser. `ts` is unix nanoseconds on
the venue's clock where the venue gave one, else on ours.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

import msgspec

from engine.core.instruments import Instrument
from engine.core.orders.terms import Attached, Trigger
from engine.core.settings import MarketSettings
from engine.core.types import (
    ZERO,
    CashKind,
    ExecutionKind,
    Liquidity,
    OrderType,
    Side,
    TimeInForce,
)


class VenueStatus(StrEnum):
    """An order's status as a venue row says it; `OTHER` is a value this version does not know."""

    NEW = "New"
    PARTIALLY_FILLED = "PartiallyFilled"
    FILLED = "Filled"
    CANCELED = "Canceled"
    REJECTED = "Rejected"
    EXPIRED = "Expired"
    UNTRIGGERED = "Untriggered"
    TRIGGERED = "Triggered"
    OTHER = "Other"


class Scope(StrEnum):
    """A part of an account that a venue is asked for by itself."""

    ORDERS = "orders"
    CLOSED = "closed"
    FILLS = "fills"
    POSITIONS = "positions"
    WALLET = "wallet"


EVERYTHING = frozenset(Scope)
HOLDINGS = frozenset({Scope.POSITIONS, Scope.WALLET})
"""What the ledger is compared with: positions of contracts, coins of spot pairs."""


class OrderReport(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One order row, from a stream or a query.

    `made_as` is what the venue itself made the order for, like StopLoss; empty where a person or a
    program placed it.
    """

    client_order_id: str
    exchange_order_id: str
    symbol: str
    side: Side
    status: VenueStatus
    qty: Decimal
    price: Decimal | None
    cum_qty: Decimal
    avg_price: Decimal | None
    type: OrderType = OrderType.LIMIT
    time_in_force: TimeInForce = TimeInForce.GTC
    reduce_only: bool = False
    reason: str = ""
    text: str = ""
    ts: int = 0
    position_index: int = 0
    trigger: Trigger | None = None
    attached: Attached | None = None
    made_as: str = ""


class FillEvent(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """One execution. `fee` is positive when paid, negative when it is a rebate.

    `exec_ts` (unix ns) and `seq` are the venue's own order of executions, 0 where it gave none.
    `fee_assumed`: nobody has said what the fee is yet. `venue_pnl` is the venue's own figure of
    what this execution realized, before fees. `position_index` is 0 in one-way mode, 1 for the long
    and 2 for the short side of a hedge (Bybit `positionIdx`).
    """

    exec_id: str
    client_order_id: str
    symbol: str
    side: Side
    qty: Decimal
    price: Decimal
    fee: Decimal = ZERO
    fee_currency: str = ""
    liquidity: Liquidity = Liquidity.TAKER
    ts: int = 0
    exchange_order_id: str = ""
    exec_ts: int = 0
    seq: int = 0
    kind: ExecutionKind = ExecutionKind.TRADE
    position_index: int = 0
    fee_assumed: bool = False
    venue_pnl: Decimal | None = None


class CashReport(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Money that moved without an execution: `amount` is what the account received, or less."""

    cash_id: str
    currency: str
    kind: CashKind
    amount: Decimal
    symbol: str = ""
    text: str = ""
    ts: int = 0


class UnknownExecution(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An execution row of a type this version does not know: never a trade."""

    exec_id: str
    symbol: str
    exec_type: str


class PositionReport(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The venue's own figure of a position; `qty` is signed, long positive.

    `position_index` is 0 in one-way mode, 1 or 2 for one side of a hedge. A `liq_price` that is
    None: no mark liquidates it; a `leverage` that is None was not told.
    """

    symbol: str
    qty: Decimal
    avg_price: Decimal | None
    ts: int = 0
    position_index: int = 0
    leverage: Decimal | None = None
    liq_price: Decimal | None = None


class BalanceReport(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the venue's wallet holds of one coin, unrealized P&L and loans left aside."""

    coin: str
    qty: Decimal


class WalletReport(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The venue's own figures of the whole account, in USD; None is what it did not tell."""

    equity: Decimal | None = None
    margin_balance: Decimal | None = None
    initial_margin: Decimal | None = None
    maintenance_margin: Decimal | None = None


class RequestKind(StrEnum):
    """What a request to the venue was about; also the name of its rate lane and its statistics."""

    PLACE = "place"
    AMEND = "amend"
    CANCEL = "cancel"
    QUERY = "query"


class Outcome(StrEnum):
    """How a request ended. `UNKNOWN`: it may or may not have been carried out."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNKNOWN = "unknown"


class RequestOutcome(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The router's last word on one request: place, amend or cancel."""

    kind: RequestKind
    client_order_id: str
    outcome: Outcome
    exchange_order_id: str = ""
    reason: str = ""
    text: str = ""
    attempts: int = 1
    latency_s: float = 0.0


class SourceRead(msgspec.Struct, frozen=True, gc=False):
    """One list of a venue that was read in search of an order: when, and how many rows it had."""

    source: str
    ts: int
    rows: int


class OrderLookup(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Everything the venue says of one order. `complete` is False when any query failed.

    `fault` says why, where the venue gave no answer; one that cannot be read is an answer.
    `order` None with `complete` True is one clean negative round, not yet proof of absence;
    `reads` says what was asked in it. `sent_ts` is when the first query left, on our clock.
    """

    client_order_id: str
    order: OrderReport | None
    fills: tuple[FillEvent, ...] = ()
    complete: bool = True
    sent_ts: int = 0
    reads: tuple[SourceRead, ...] = ()
    fault: str = ""


class AccountSnapshot(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The venue's view of the account, or of the `scopes` of it that were asked for.

    `closed_orders` ended lately: what was open when a stream was lost is mostly among them.
    `cash` are the rows among the executions that are no trades. `wallet` are the account's totals,
    None where the wallet was not asked for.

    `sent_ts` is when the first query left, on our clock. `complete` False changes nothing. `fault`
    is as in an OrderLookup.
    """

    open_orders: tuple[OrderReport, ...]
    positions: tuple[PositionReport, ...]
    fills: tuple[FillEvent, ...]
    sent_ts: int
    duration_s: float
    complete: bool = True
    error: str = ""
    closed_orders: tuple[OrderReport, ...] = ()
    cash: tuple[CashReport | UnknownExecution, ...] = ()
    balances: tuple[BalanceReport, ...] = ()
    wallet: WalletReport | None = None
    scopes: frozenset[Scope] = EVERYTHING
    fault: str = ""


class VenuePnl(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The venue's own figures of money, as they were asked for at `sent_ts`.

    `balances` is the wallet by coin, `closed` what positions closed since `since_ts` have gained
    before fees, by symbol; `cash` the wallet's other movements since then. `complete` False says
    nothing at all. `fault` is as in an OrderLookup.
    """

    balances: dict[str, Decimal]
    closed: dict[str, Decimal]
    cash: tuple[CashReport, ...]
    since_ts: int
    sent_ts: int
    duration_s: float = 0.0
    complete: bool = True
    error: str = ""
    fault: str = ""


class SettingsReport(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the venue says that is set for these markets.

    Where a command `asked_by` wanted something set and it may not be, `reason` and `text` say why.
    """

    markets: tuple[MarketSettings, ...]
    asked_by: str = ""
    reason: str = ""
    text: str = ""


class SweepReport(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How far a sweep is. `residual`: our orders that the venue still shows and the level cancels.

    `finished` without `verified` means that the sweep gave up: INCOMPLETE.
    """

    kill_id: str
    first_cancel_at: int = 0
    residual: tuple[str, ...] = ()
    verified: bool = False
    finished: bool = False


class LinkReport(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A stream went up or down. `link` is `private` or `public`."""

    link: str
    up: bool
    text: str = ""


class InputLost(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Something that the private stream said could not be read; asking tells what it held."""

    text: str = ""


class InstrumentsReport(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The venue's list of markets, which an engine that began without it has read now."""

    instruments: tuple[Instrument, ...]


class KeyReport(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is not as it should be with the API key, and does not forbid trading."""

    warnings: tuple[str, ...]


Report = (
    OrderReport
    | FillEvent
    | CashReport
    | UnknownExecution
    | PositionReport
    | WalletReport
    | RequestOutcome
    | OrderLookup
    | AccountSnapshot
    | VenuePnl
    | SettingsReport
    | SweepReport
    | LinkReport
    | InputLost
    | InstrumentsReport
    | KeyReport
)
