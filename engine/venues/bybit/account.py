"""Questions about a Bybit account: one order wherever it is kept, or everything that is open."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import msgspec

from engine.clock import NS, Clock
from engine.core.reports import (
    EVERYTHING,
    AccountSnapshot,
    BalanceReport,
    CashReport,
    FillEvent,
    OrderLookup,
    OrderReport,
    PositionReport,
    Scope,
    SourceRead,
    VenueStatus,
    WalletReport,
)
from engine.core.requests import QueryOrder
from engine.core.types import Category
from engine.venues.bybit.bodies import is_link_id
from engine.venues.bybit.codec import Codec, Execution, Unreadable
from engine.venues.bybit.conditions import CONDITIONAL
from engine.venues.bybit.instruments import SymbolMap
from engine.venues.bybit.quarantine import Quarantine
from engine.venues.bybit.rest import RestSession
from engine.venues.bybit.windows import MS, windows
from engine.venues.errors import VenueRefused, fault_of
from engine.venues.protocol import Booked

_OPEN = "/v5/order/realtime"
_HISTORY = "/v5/order/history"
_EXECUTIONS = "/v5/execution/list"
_POSITIONS = "/v5/position/list"
_WALLET = "/v5/account/wallet-balance"

_Params = dict[str, str | int]

# Where an order can be, in the order of asking: open, closed a moment ago, closed before that.
_ORDER_SOURCES: tuple[tuple[str, str, _Params], ...] = (
    ("open", _OPEN, {}),
    ("recent", _OPEN, {"openOnly": 1}),
    ("history", _HISTORY, {}),
)

# Where a conditional order is until its trigger comes, should the list of the others lack it.
_WAITING: tuple[str, str, _Params] = ("waiting", _OPEN, {"orderFilter": CONDITIONAL})

_FAILURES = (TimeoutError, ConnectionError, VenueRefused)

_Report = TypeVar("_Report")


class Account:
    """Reads one account over `rest`. Rows that cannot be read make an answer incomplete."""

    def __init__(
        self,
        rest: RestSession,
        clock: Clock,
        codec: Codec,
        symbols: SymbolMap,
        quarantine: Quarantine,
        categories: Sequence[Category],
    ) -> None:
        self._rest = rest
        self._clock = clock
        self._codec = codec
        self._symbols = symbols
        self._quarantine = quarantine
        self._categories = categories

    async def lookup(self, query: QueryOrder) -> OrderLookup:
        """Ask for one order and its executions. Never raises: see `complete`."""
        link_id, order_id = query.client_order_id, query.exchange_order_id
        sent_ns = self._clock.now_ns()
        if not order_id and not is_link_id(link_id):  # the venue cannot hold it
            return OrderLookup(client_order_id=link_id, order=None, sent_ts=sent_ns)
        category, venue_symbol = self._symbols.venue(query.symbol)
        order: OrderReport | None = None
        fills: list[FillEvent] = []
        reads: list[SourceRead] = []
        complete, fault = True, ""
        base: _Params = {"category": category, "symbol": venue_symbol}
        base |= {"orderId": order_id} if order_id else {"orderLinkId": link_id}
        sources = (_WAITING, *_ORDER_SOURCES) if query.conditional else _ORDER_SOURCES
        try:
            for source, path, extra in sources:
                asked_ns = self._clock.now_ns()
                rows, _ = await self._rest.query(path, base | extra)
                found, clean = self._read(rows, self._codec.read_order, category, "order")
                complete = complete and clean
                reads.append(SourceRead(source, asked_ns, len(rows)))
                found = [row for row in found if _is_asked_for(row, query)]
                if found:
                    order = max(found, key=lambda row: (row.ts, row.cum_qty))
                    break
            asked_ns = self._clock.now_ns()
            found_all, clean = await self._executions(base, category)
            fills = [row for row in found_all if isinstance(row, FillEvent)]
            complete = complete and clean
            reads.append(SourceRead("executions", asked_ns, len(fills)))
        except _FAILURES as failure:
            complete, fault = False, fault_of(failure)
        return OrderLookup(
            client_order_id=link_id,
            order=order,
            fills=tuple(fills),
            complete=complete,
            sent_ts=sent_ns,
            reads=tuple(reads),
            fault=fault,
        )

    async def fills_of(self, client_order_id: str, category: Category) -> list[FillEvent]:
        """Every execution of one order, oldest first. Raises like `RestSession.query`."""
        found, clean = await self._executions(
            {"category": category, "orderLinkId": client_order_id}, category
        )
        if not clean:
            raise ConnectionError(f"an execution of {client_order_id} could not be read")
        return [row for row in found if isinstance(row, FillEvent)]

    async def snapshot(
        self,
        fills_since_ns: int,
        scopes: frozenset[Scope] = EVERYTHING,
        is_booked: Booked | None = None,
    ) -> AccountSnapshot:
        """What is asked for of everything open, positions, coins, executions since a time.

        Never raises. Executions are read before the positions that they have moved.
        """
        sent_ns = self._clock.now_ns()
        orders: list[OrderReport] = []
        closed: list[OrderReport] = []
        positions: list[PositionReport] = []
        executions: list[Execution] = []
        balances: list[BalanceReport] = []
        wallet: WalletReport | None = None
        complete, error, fault = True, "", ""
        try:
            if Scope.ORDERS in scopes:
                orders, clean = await self._open_orders()
                complete = complete and clean
            if Scope.CLOSED in scopes:
                closed, clean = await self._closed_orders(fills_since_ns)
                complete = complete and clean
            if Scope.FILLS in scopes:
                executions, clean = await self._executions_since(max(0, fills_since_ns), is_booked)
                complete = complete and clean
            if Scope.POSITIONS in scopes:
                positions, clean = await self._positions()
                complete = complete and clean
            if Scope.WALLET in scopes:
                balances, wallet, clean = await self._wallet()
                complete = complete and clean
            if not complete:
                error = "some rows could not be read"
        except _FAILURES as failure:
            complete, error = False, str(failure) or type(failure).__name__
            fault = fault_of(failure)
        return AccountSnapshot(
            open_orders=tuple(order for order in orders if _is_open(order)),
            closed_orders=tuple(closed),
            positions=tuple(positions),
            fills=tuple(row for row in executions if isinstance(row, FillEvent)),
            cash=tuple(row for row in executions if not isinstance(row, FillEvent)),
            balances=tuple(balances),
            wallet=wallet,
            sent_ts=sent_ns,
            duration_s=(self._clock.now_ns() - sent_ns) / NS,
            complete=complete,
            error=error,
            scopes=scopes,
            fault=fault,
        )

    async def _open_orders(self) -> tuple[list[OrderReport], bool]:
        """Open orders over all pages, each once: rows may shift from page to page."""
        orders: dict[str, OrderReport] = {}
        complete = True
        for category, scope in self._scopes(self._categories):
            async for rows in self._rest.pages(_OPEN, scope | {"limit": 50}):
                page, clean = self._read(rows, self._codec.read_order, category, "order")
                complete = complete and clean
                orders |= {order.exchange_order_id: order for order in page}
        return list(orders.values()), complete

    async def _closed_orders(self, since_ns: int) -> tuple[list[OrderReport], bool]:
        """Those of the newest closed orders that may have ended since then.

        The venue keeps 500 a category, and its pages go back in time.
        """
        orders: list[OrderReport] = []
        complete = True
        for category, scope in self._scopes(self._categories):
            params = scope | {"openOnly": 1, "limit": 50}
            async for rows in self._rest.pages(_OPEN, params):
                page, clean = self._read(rows, self._codec.read_order, category, "order")
                complete = complete and clean
                orders += page
                if all(order.ts < since_ns for order in page):
                    break
        return orders, complete

    async def _positions(self) -> tuple[list[PositionReport], bool]:
        """Positions that are not flat; spot pairs have none: see `_wallet`."""
        positions: list[PositionReport] = []
        complete = True
        derivatives = [item for item in self._categories if item is not Category.SPOT]
        for category, scope in self._scopes(derivatives):
            async for rows in self._rest.pages(_POSITIONS, scope | {"limit": 200}):
                held, clean = self._read(rows, self._codec.read_position, category, "position")
                complete = complete and clean
                positions += [position for position in held if position.qty]
        return positions, complete

    def _scopes(self, categories: Sequence[Category]) -> Iterator[tuple[Category, _Params]]:
        """What lists of orders or positions need, each, to cover these categories together."""
        for category in categories:
            coins = self._symbols.settle_coins(category) if category is Category.LINEAR else [""]
            for coin in coins:
                whole: _Params = {"category": category}
                yield category, whole | ({"settleCoin": coin} if coin else {})

    async def _wallet(self) -> tuple[list[BalanceReport], WalletReport | None, bool]:
        """What the wallet holds of each coin, and its totals; what is not named is not held."""
        rows, _ = await self._rest.query(_WALLET, {"accountType": "UNIFIED"})
        wallets, clean = self._read(rows, self._codec.read_wallet, "", "wallet")
        balances = [balance for coins, _ in wallets for balance in coins]
        return balances, wallets[0][1] if wallets else None, clean

    async def _executions_since(
        self, since_ns: int, is_booked: Booked | None
    ) -> tuple[list[Execution], bool]:
        """Executions of every category, oldest first; a long time is asked for in parts.

        Since 0 means the newest ones only. With `is_booked` not all of these: see
        `ExchangeClient.snapshot`.
        """
        found: list[Execution] = []
        complete = True
        for category in self._categories:
            for window in _windows(since_ns // MS, self._clock.now_ns() // MS):
                new, clean = await self._executions(
                    {"category": category, **window}, category, is_booked
                )
                complete = complete and clean
                found += new
        return sorted(found, key=_by_time), complete

    async def _executions(
        self, params: _Params, category: Category, is_booked: Booked | None = None
    ) -> tuple[list[Execution], bool]:
        """Executions over all pages, oldest first; pages may overlap, so each id counts once.

        The venue's pages go back in time: with `is_booked` the first that is booked ends it.
        """
        found: dict[str, Execution] = {}
        complete = True
        async for rows in self._rest.pages(_EXECUTIONS, params | {"limit": 100}):
            page: list[Execution]
            page, clean = self._read(rows, self._codec.read_execution, category, "execution")
            complete = complete and clean
            for row in page:
                found.setdefault(row.cash_id if isinstance(row, CashReport) else row.exec_id, row)
            fills = [row for row in page if isinstance(row, FillEvent)]
            if is_booked is not None and fills and all(map(is_booked, fills)):
                break
        return sorted(found.values(), key=_by_time), complete

    def _read(
        self,
        rows: list[msgspec.Raw],
        read: Callable[[msgspec.Raw, str], _Report | None],
        category: str,
        kind: str,
    ) -> tuple[list[_Report], bool]:
        reports: list[_Report] = []
        clean = True
        for raw in rows:
            try:
                report = read(raw, category)
            except Unreadable as error:
                self._quarantine.note(f"{kind}_row", bytes(raw), error)
                clean = False
            else:
                if report is not None:
                    reports.append(report)
        return reports, clean


def _by_time(row: Execution) -> tuple[int, int, str]:
    if isinstance(row, FillEvent):
        return row.ts, row.seq, row.exec_id
    return getattr(row, "ts", 0), 0, ""


def _windows(since_ms: int, now_ms: int) -> Iterator[dict[str, int]]:
    """The times to ask for; since 0 the newest only, which the venue lists without one."""
    if since_ms <= 0:
        yield {}
    else:
        yield from windows(since_ms, now_ms)


def _is_asked_for(order: OrderReport, query: QueryOrder) -> bool:
    if query.exchange_order_id:
        return order.exchange_order_id == query.exchange_order_id
    return order.client_order_id == query.client_order_id


def _is_open(order: OrderReport) -> bool:
    return order.status not in _CLOSED


_CLOSED = frozenset(
    {VenueStatus.FILLED, VenueStatus.CANCELED, VenueStatus.REJECTED, VenueStatus.EXPIRED}
)
