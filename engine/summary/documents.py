"""The shape of `summary.json`, key by key and in the order in which they are written."""

from __future__ import annotations

from decimal import Decimal

import msgspec
from msgspec import UNSET, UnsetType

from engine.core.orders.terms import Attached, Slippage, Trigger
from engine.core.types import ZERO, Liquidity, OrderState, OrderType, Side, TimeInForce


class MarketSummary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The market that a session played: its files, its span (unix ns), its frames.

    `bad_lines` of its files could not be read and were left out; `bad_line` says what the first is.
    """

    files: tuple[str, ...]
    first_ts: int
    last_ts: int
    trades: int
    book_updates: int
    bad_lines: int = 0
    bad_line: str = ""


class OrderSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One order at the end of a session. Latencies are in seconds, None where it never came.

    `trigger`, `attached` and `slippage` are there where the order has them.
    """

    client_order_id: str
    exchange_order_id: str
    symbol: str
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    post_only: bool
    reduce_only: bool
    qty: Decimal
    price: Decimal | None
    state: OrderState
    cum_qty: Decimal
    leaves_qty: Decimal
    avg_price: Decimal | None
    reason: str
    created_ts: int
    updated_ts: int
    attempts: int
    ack_latency_s: float | None
    fill_latency_s: float | None
    trigger: Trigger | UnsetType = UNSET
    attached: Attached | UnsetType = UNSET
    slippage: Slippage | UnsetType = UNSET


class FillSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One execution, as it was booked."""

    exec_id: str
    client_order_id: str
    symbol: str
    side: Side
    qty: Decimal
    price: Decimal
    fee: Decimal
    fee_currency: str
    liquidity: Liquidity
    ts: int


class PositionSummary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One position at the last mark; None is unpriced. `realized_pnl` is before fees.

    `funding` (positive when received) and `estimated` are there where they say something.
    """

    symbol: str
    qty: Decimal
    avg_entry_price: Decimal | None
    realized_pnl: Decimal
    unrealized_pnl: Decimal | None
    fees: Decimal
    mark_price: Decimal | None
    funding: Decimal = ZERO
    estimated: bool = False


class TotalsSummary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Sums over all positions; net is realized + unrealized - fees + funding.

    Several currencies are summed in dollars, at the market's prices; None is unpriced. `funding`
    and `estimated` are there where they say something.
    """

    realized_pnl: Decimal | None
    unrealized_pnl: Decimal | None
    fees: Decimal | None
    net_pnl: Decimal | None
    currency: str
    funding: Decimal | None = ZERO
    estimated: bool = False


class DriftSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A difference that the last comparison found; `drift` is venue - ours."""

    symbol: str
    ours: Decimal
    venue: Decimal
    drift: Decimal


class ReconciliationSummary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """PASS: the last comparison was complete and found nothing. The rest says why it is not."""

    status: str
    drift: list[DriftSummary]
    external_orders: tuple[str, ...] = ()
    error: str = ""


class RequestSummary(msgspec.Struct, frozen=True, kw_only=True):
    """Requests of one kind, and how many sendings beyond the first they took."""

    requests: int = 0
    retries: int = 0


class KillSummary(msgspec.Struct, frozen=True, kw_only=True):
    """The last use of the kill switch, in unix ns; None is not yet."""

    blocked_at: int
    first_cancel_at: int | None
    verified_zero_at: int | None
    residual: tuple[str, ...]


class RefusedSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A command that came to nothing, other than a denied order: when (unix ns) and why."""

    ts: int
    command: str
    code: str
    text: str


class SessionSummary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`summary.json`, key by key; `refused` is there where anything was, the newest of it."""

    market: MarketSummary
    orders: list[OrderSummary]
    fills: list[FillSummary]
    positions: list[PositionSummary]
    totals: TotalsSummary
    reconciliation: ReconciliationSummary
    retries: dict[str, RequestSummary]
    kill: KillSummary | None
    refused: list[RefusedSummary] = []

    @property
    def passed(self) -> bool:
        """True when the session ended reconciled."""
        return self.reconciliation.status == "PASS"
