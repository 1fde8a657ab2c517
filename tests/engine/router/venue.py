"""A venue for router tests: remembers what reached it, and fails the way a test says."""

from __future__ import annotations

import random
from collections.abc import Callable, Coroutine, Sequence
from decimal import Decimal
from typing import Any, TypeVar

from engine.clock import NS, SimClock, run_simulated
from engine.core.instruments import Instrument
from engine.core.market import MarketUpdate
from engine.core.reports import (
    EVERYTHING,
    AccountSnapshot,
    FillEvent,
    OrderLookup,
    OrderReport,
    Outcome,
    Report,
    Scope,
    SettingsReport,
    VenuePnl,
    VenueStatus,
)
from engine.core.requests import (
    AmendRequest,
    CancelRequest,
    MassCancelRequest,
    OrderRequest,
    QueryOrder,
    SettingRequest,
    VenueRequest,
)
from engine.core.status import ClockStatus, InputStatus
from engine.core.types import Side
from engine.router import HaltGate, OrderRouter
from engine.venues.errors import NotExecuted
from engine.venues.protocol import BatchAnswer, Booked, MassCancelResponse, OrderResponse
from engine.venues.reasons import Reason

T0 = 1_700_000_000 * NS
T = TypeVar("T")
REJECTED = Outcome.REJECTED

HANG = "hang"
"""The request is never answered."""
LOST = "lost"
"""The request is never answered, and never arrived either."""


def request(order_id: str = "o-1", **changes: Any) -> OrderRequest:
    """A plain limit order."""
    terms: dict[str, Any] = {
        "client_order_id": order_id,
        "symbol": "BTCUSDT",
        "side": Side.BUY,
        "qty": Decimal("0.01"),
        "price": Decimal(50000),
    }
    return OrderRequest(**(terms | changes))


class Venue:
    """Takes orders unless `failures` (used up one a call) or `always` says otherwise.

    A failure is an exception, a Reason to reject for, HANG or LOST. With `arrives` set, HANG and
    ambiguous exceptions come after the order has arrived. An id that is known is a duplicate.
    """

    def __init__(self, clock: SimClock) -> None:
        self.clock = clock
        self.orders: dict[str, OrderRequest] = {}
        self.failures: list[Exception | Reason | str | None] = []
        self.batch_failures: list[Exception | str | None] = []  # of whole batches
        self.batch_size = 20
        self.batches: list[tuple[str, list[str], float]] = []
        """Each batch: its kind, its orders, and when it came in (seconds since T0)."""
        self.mass_answer: MassCancelResponse | Exception = MassCancelResponse()
        self.mass: list[MassCancelRequest] = []
        self.always: Exception | Reason | str | None = None
        self.arrives = False
        self.blind = False  # no query is answered
        self.hidden: set[str] = set()  # orders that lookups do not show
        self.calls: list[tuple[str, float]] = []
        self.latency_s = 0.0
        self.status = VenueStatus.NEW
        self.closed = False
        self.settings: list[SettingRequest] = []

    def times(self, kind: str) -> list[float]:
        """When calls of this kind came in, in seconds since T0."""
        return [at for name, at in self.calls if name == kind]

    async def _call(self, kind: str, order_id: str, arrive: Callable[[], None]) -> OrderResponse:
        self.calls.append((kind, (self.clock.now_ns() - T0) / NS))
        failure = self.failures.pop(0) if self.failures else self.always
        lost = failure == LOST or isinstance(failure, Reason | NotExecuted)
        if kind == "place" and order_id in self.orders and not lost:
            failure = failure or Reason.DUPLICATE_ID
        elif failure is None or (self.arrives and not lost):
            arrive()
        if self.latency_s:
            await self.clock.sleep(self.latency_s)
        if failure in (HANG, LOST):
            await self.clock.sleep(10**6)
        if isinstance(failure, Exception):
            raise failure
        if isinstance(failure, Reason):
            return OrderResponse(
                client_order_id=order_id, outcome=Outcome.REJECTED, reason=failure, text="no"
            )
        return OrderResponse(client_order_id=order_id, exchange_order_id=f"x-{order_id}")

    async def place_order(self, request: OrderRequest) -> OrderResponse:
        order_id = request.client_order_id
        return await self._call(
            "place", order_id, lambda: self.orders.__setitem__(order_id, request)
        )

    async def amend_order(self, request: AmendRequest) -> OrderResponse:
        return await self._call("amend", request.client_order_id, lambda: None)

    async def cancel_order(self, request: CancelRequest) -> OrderResponse:
        return await self._call("cancel", request.client_order_id, lambda: None)

    def split(self, requests: Sequence[VenueRequest]) -> list[list[int]]:
        places = list(range(len(requests)))
        return [places[at : at + self.batch_size] for at in places[:: self.batch_size]]

    async def place_batch(self, requests: Sequence[OrderRequest]) -> list[BatchAnswer]:
        return await self._batch("place", requests)

    async def amend_batch(self, requests: Sequence[AmendRequest]) -> list[BatchAnswer]:
        return await self._batch("amend", requests)

    async def cancel_batch(self, requests: Sequence[CancelRequest]) -> list[BatchAnswer]:
        return await self._batch("cancel", requests)

    async def _batch(self, kind: str, requests: Sequence[VenueRequest]) -> list[BatchAnswer]:
        """Each order fails as it would alone, or all of them as `batch_failures` says."""
        at_s = (self.clock.now_ns() - T0) / NS
        self.batches.append((kind, [request.client_order_id for request in requests], at_s))
        whole = self.batch_failures.pop(0) if self.batch_failures else None
        if self.latency_s:
            await self.clock.sleep(self.latency_s)
        if whole == HANG:
            await self.clock.sleep(10**6)
        if isinstance(whole, TimeoutError | ConnectionError):
            return [whole] * len(requests)
        if isinstance(whole, Exception):
            raise whole
        answers: list[BatchAnswer] = []
        for request in requests:
            failure = self.failures.pop(0) if self.failures else self.always
            order_id = request.client_order_id
            if isinstance(failure, TimeoutError | ConnectionError):
                answers.append(failure)
            elif isinstance(failure, Reason):
                answers.append(
                    OrderResponse(client_order_id=order_id, outcome=REJECTED, reason=failure)
                )
            else:
                if isinstance(request, OrderRequest):
                    self.orders[order_id] = request
                answers.append(
                    OrderResponse(client_order_id=order_id, exchange_order_id=f"x-{order_id}")
                )
        return answers

    async def cancel_all(self, request: MassCancelRequest) -> MassCancelResponse:
        self.mass.append(request)
        if self.latency_s:
            await self.clock.sleep(self.latency_s)
        if isinstance(self.mass_answer, Exception):
            raise self.mass_answer
        return self.mass_answer

    async def lookup(self, query: QueryOrder) -> OrderLookup:
        order_id = query.client_order_id
        self.calls.append(("lookup", (self.clock.now_ns() - T0) / NS))
        if self.blind:
            return OrderLookup(
                client_order_id=order_id, order=None, complete=False, fault="HTTP 502"
            )
        known = None if order_id in self.hidden else self.orders.get(order_id)
        row = None if known is None else self._row(known)
        return OrderLookup(client_order_id=order_id, order=row)

    def _row(self, order: OrderRequest) -> OrderReport:
        return OrderReport(
            client_order_id=order.client_order_id,
            exchange_order_id=f"x-{order.client_order_id}",
            symbol=order.symbol,
            side=order.side,
            status=self.status,
            qty=order.qty,
            price=order.price,
            cum_qty=Decimal(0),
            avg_price=None,
        )

    async def snapshot(
        self,
        fills_since_ns: int,
        scopes: frozenset[Scope] = EVERYTHING,
        is_booked: Booked | None = None,
    ) -> AccountSnapshot:
        self.calls.append(("snapshot", (self.clock.now_ns() - T0) / NS))
        return AccountSnapshot(
            open_orders=(),
            positions=(),
            fills=(),
            sent_ts=self.clock.now_ns(),
            duration_s=0.25,
            complete=not self.blind,
            scopes=scopes,
            fault="HTTP 502" if self.blind else "",
        )

    async def pnl(self, since_ns: int) -> VenuePnl:
        return VenuePnl(
            balances={},
            closed={},
            cash=(),
            since_ts=since_ns,
            sent_ts=self.clock.now_ns(),
            duration_s=0.25,
            complete=not self.blind,
            fault="HTTP 502" if self.blind else "",
        )

    async def change_setting(self, request: SettingRequest) -> SettingsReport:
        self.settings.append(request)
        return SettingsReport(markets=(), asked_by=request.command_id)

    def unreadable(self) -> InputStatus:
        return InputStatus()

    async def measure_clock(self) -> None: ...

    def venue_clock(self) -> ClockStatus:
        return ClockStatus()

    async def close(self) -> None:
        self.closed = True

    async def connect(
        self, on_report: Callable[[Report], None], on_market: Callable[[MarketUpdate], None]
    ) -> None: ...

    async def instruments(self) -> list[Instrument]:
        return []

    async def place_limit_order(
        self,
        client_order_id: str,
        symbol: str,
        side: str,
        qty: Decimal | float | str,
        price: Decimal | float | str,
    ) -> OrderResponse:
        raise NotImplementedError

    async def poll_fills(self, client_order_id: str) -> list[FillEvent]:
        return []


class Rig:
    """A router on a venue, with its clock at T0."""

    def __init__(self, **options: Any) -> None:
        self.clock = SimClock(T0)
        self.venue = Venue(self.clock)
        self.gate = HaltGate(self.clock)
        options.setdefault("rng", random.Random(7))
        self.router = OrderRouter(self.venue, self.clock, gate=self.gate, **options)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return run_simulated(self.clock, work)

    def now_s(self) -> float:
        return (self.clock.now_ns() - T0) / NS
