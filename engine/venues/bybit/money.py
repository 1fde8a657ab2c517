"""Questions about an account's money: the wallet, closed P&L, and what else moved cash."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TypeVar

import msgspec

from engine.clock import NS, Clock
from engine.core.reports import CashReport, VenuePnl
from engine.core.types import ZERO, CashKind, Category
from engine.venues.bybit.codec import UNREADABLE
from engine.venues.bybit.instruments import SymbolMap
from engine.venues.bybit.names import check_names
from engine.venues.bybit.numbers import millis_to_ns, number
from engine.venues.bybit.quarantine import Quarantine
from engine.venues.bybit.rest import RestSession
from engine.venues.bybit.windows import MS, windows
from engine.venues.errors import VenueRefused, fault_of
from engine.venues.text import sanitise

_WALLET = "/v5/account/wallet-balance"
_CLOSED = "/v5/position/closed-pnl"
_LOG = "/v5/account/transaction-log"

_EXECUTIONS_SAY = frozenset(
    {"TRADE", "SETTLEMENT", "DELIVERY", "LIQUIDATION", "ADL", "BLOCK_TRADE", "MOVE_POSITION"}
)
"""Types of the log whose money the list of executions tells of, funding (SETTLEMENT) included."""
_FEES = frozenset({"FEE_REFUND", "INTEREST"})


class _Coin(msgspec.Struct, rename="camel"):
    coin: str
    wallet_balance: str = "0"


class _Wallet(msgspec.Struct):
    coin: list[_Coin]


class _Closed(msgspec.Struct, rename="camel"):
    symbol: str
    side: str
    closed_pnl: str
    cum_entry_value: str = "0"
    cum_exit_value: str = "0"
    open_fee: str | None = ""
    close_fee: str | None = ""


class _Entry(msgspec.Struct, rename="camel"):
    id: str
    type: str
    currency: str
    change: str
    transaction_time: str
    symbol: str | None = ""


_Row = TypeVar("_Row")


class Money:
    """Reads the venue's own figures over `rest`: all of them, or none where a row is unreadable."""

    def __init__(
        self,
        rest: RestSession,
        clock: Clock,
        symbols: SymbolMap,
        quarantine: Quarantine,
        categories: Sequence[Category],
    ) -> None:
        self._rest = rest
        self._clock = clock
        self._symbols = symbols
        self._quarantine = quarantine
        self._categories = categories

    async def pnl(self, since_ns: int) -> VenuePnl:
        """The wallet now, closed P&L and other cash since a time (0: the wallet alone).

        Never raises: see `complete`.
        """
        sent_ns = self._clock.now_ns()
        balances: dict[str, Decimal] = {}
        closed: dict[str, Decimal] = {}
        cash: dict[str, CashReport] = {}
        error, fault = "", ""
        try:
            rows, _ = await self._rest.query(_WALLET, {"accountType": "UNIFIED"})
            for raw in rows:
                wallet = self._read(raw, _Wallet, "wallet")
                balances |= {item.coin: number(item.wallet_balance or "0") for item in wallet.coin}
            for window in windows(since_ns // MS, sent_ns // MS) if since_ns else ():
                for category in self._categories:
                    if category is not Category.SPOT:
                        await self._add_closed(closed, category, window)
                await self._add_cash(cash, window)
        except (TimeoutError, ConnectionError, VenueRefused, *UNREADABLE) as failure:
            error, fault = sanitise(str(failure)) or type(failure).__name__, fault_of(failure)
        return VenuePnl(
            balances=balances,
            closed=closed,
            cash=tuple(cash.values()),
            since_ts=since_ns,
            sent_ts=sent_ns,
            duration_s=(self._clock.now_ns() - sent_ns) / NS,
            complete=not error,
            error=error,
            fault=fault,
        )

    async def _add_closed(
        self, closed: dict[str, Decimal], category: Category, window: dict[str, int]
    ) -> None:
        params: dict[str, str | int] = {"category": category, "limit": 100, **window}
        async for rows in self._rest.pages(_CLOSED, params):
            for raw in rows:
                row = self._read(raw, _Closed, "closed_pnl")
                symbol = self._symbols.engine(category, row.symbol)
                closed[symbol] = closed.get(symbol, ZERO) + _gained(row)

    async def _add_cash(self, cash: dict[str, CashReport], window: dict[str, int]) -> None:
        params: dict[str, str | int] = {"accountType": "UNIFIED", "limit": 50, **window}
        async for rows in self._rest.pages(_LOG, params):
            for raw in rows:
                row = self._read(raw, _Entry, "transaction")
                if row.type in _EXECUTIONS_SAY:
                    continue
                check_names(row.id + row.currency)
                cash[row.id] = CashReport(
                    cash_id=row.id,
                    currency=row.currency,
                    kind=CashKind.FEE if row.type in _FEES else CashKind.OTHER,
                    amount=number(row.change),
                    text=sanitise(row.type, 40),
                    ts=millis_to_ns(row.transaction_time),
                )

    def _read(self, raw: msgspec.Raw, kind: type[_Row], name: str) -> _Row:
        try:
            return msgspec.json.decode(raw, type=kind)
        except UNREADABLE:
            self._quarantine.note(f"{name}_row", bytes(raw))
            raise


def _gained(row: _Closed) -> Decimal:
    """What a closed position gained before fees; the venue's figure is after them."""
    if row.open_fee and row.close_fee:
        return number(row.closed_pnl) + number(row.open_fee) + number(row.close_fee)
    gain = number(row.cum_exit_value) - number(row.cum_entry_value)
    return gain if row.side == "Sell" else -gain
