"""What the engine needs of a venue, and what a venue client needs of the network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Protocol

import msgspec

from engine.core.instruments import Instrument
from engine.core.market import MarketUpdate
from engine.core.reports import (
    EVERYTHING,
    AccountSnapshot,
    FillEvent,
    OrderLookup,
    Outcome,
    Report,
    Scope,
    SettingsReport,
    VenuePnl,
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

Booked = Callable[[FillEvent], bool]
"""True for an execution that is known already."""


class OrderResponse(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A venue's answer to a place, amend or cancel.

    `REJECTED` carries a `reason` of a closed set and the venue's own sanitised `text`. A request
    whose fate is not known has no response: it raises TimeoutError or ConnectionError. A router's
    response says it with `UNKNOWN`, and how many attempts it took.
    """

    client_order_id: str
    exchange_order_id: str = ""
    outcome: Outcome = Outcome.ACCEPTED
    reason: str = ""
    text: str = ""
    ts: int = 0
    attempts: int = 1

    @property
    def accepted(self) -> bool:
        """True when the venue took the request."""
        return self.outcome is Outcome.ACCEPTED


BatchAnswer = OrderResponse | TimeoutError | ConnectionError
"""What became of one request of a batch: what sending it alone would have returned, or raised."""


class MassCancelResponse(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A venue's answer to cancel-all.

    `affected` are the orders that it names, by our ids and by its own; a venue may accept and
    name none. What it did not name is not thereby open.
    """

    outcome: Outcome = Outcome.ACCEPTED
    affected: frozenset[str] = frozenset()
    reason: str = ""
    text: str = ""

    @property
    def accepted(self) -> bool:
        """True when the venue carries it out."""
        return self.outcome is Outcome.ACCEPTED


class ExchangeClient(Protocol):
    """A venue account. Every call may raise TimeoutError or ConnectionError: fate not known.

    Calls are safe to cancel; a cancelled one may still reach the venue.
    """

    async def connect(
        self, on_report: Callable[[Report], None], on_market: Callable[[MarketUpdate], None]
    ) -> None:
        """Open and authenticate the streams; both callbacks run on the event loop, in order."""
        ...

    async def instruments(self) -> list[Instrument]:
        """Every instrument of the configured categories."""
        ...

    async def place_order(self, request: OrderRequest) -> OrderResponse: ...

    async def amend_order(self, request: AmendRequest) -> OrderResponse: ...

    async def cancel_order(self, request: CancelRequest) -> OrderResponse: ...

    def split(self, requests: Sequence[VenueRequest]) -> list[list[int]]:
        """The places of requests of one kind that can leave in one batch, portion by portion."""
        ...

    async def place_batch(self, requests: Sequence[OrderRequest]) -> list[BatchAnswer]:
        """Place orders in as few requests as the venue allows: an answer each, in their order.

        Raises nothing that the venue or the network does: that is the answer.
        """
        ...

    async def amend_batch(self, requests: Sequence[AmendRequest]) -> list[BatchAnswer]:
        """The same of amends."""
        ...

    async def cancel_batch(self, requests: Sequence[CancelRequest]) -> list[BatchAnswer]:
        """The same of cancels."""
        ...

    async def cancel_all(self, request: MassCancelRequest) -> MassCancelResponse:
        """Cancel every order that fits the request, whoever placed it.

        The venue may take only some of many: look what is left.
        """
        ...

    async def lookup(self, query: QueryOrder) -> OrderLookup:
        """Ask by our id: open, recently closed, history and executions."""
        ...

    async def snapshot(
        self,
        fills_since_ns: int,
        scopes: frozenset[Scope] = EVERYTHING,
        is_booked: Booked | None = None,
    ) -> AccountSnapshot:
        """Open orders, positions, coins, and executions since a time (unix ns). Never raises.

        With `is_booked` executions are read back, newest first, only until a whole page of them
        is booked already: what a quiet look costs does not grow with how busy the account was.
        """
        ...

    async def pnl(self, since_ns: int) -> VenuePnl:
        """The venue's own figures of money, some of them since a time (unix ns). Never raises."""
        ...

    async def change_setting(self, request: SettingRequest) -> SettingsReport:
        """Set a market's leverage or position mode, then say what is set. Never raises."""
        ...

    def unreadable(self) -> InputStatus:
        """How much of what the venue sent could not be read."""
        ...

    async def measure_clock(self) -> None:
        """Ask for the venue's time. Never raises."""
        ...

    def venue_clock(self) -> ClockStatus:
        """How far the venue's clock is from ours, and when that was measured."""
        ...

    async def close(self) -> None: ...

    async def place_limit_order(
        self,
        client_order_id: str,
        symbol: str,
        side: str,
        qty: Decimal | float | str,
        price: Decimal | float | str,
    ) -> OrderResponse:
        """`place_order` with the usual terms, for scripts."""
        ...

    async def poll_fills(self, client_order_id: str) -> list[FillEvent]:
        """Every execution of one order, oldest first."""
        ...


class HttpReply(Protocol):
    """One HTTP answer."""

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def body(self) -> bytes: ...


class Stream(Protocol):
    """One open WebSocket."""

    def send(self, message: bytes) -> None: ...
    def close(self) -> None: ...


class Transport(Protocol):
    """Bytes to and from a venue: a network client, or the simulated exchange in this process."""

    async def request(
        self, method: str, path: str, query: str, body: bytes, headers: Mapping[str, str]
    ) -> HttpReply:
        """One HTTP exchange. Raises TimeoutError or ConnectionError."""
        ...

    async def open_stream(
        self, path: str, on_message: Callable[[bytes], None], on_close: Callable[[str], None]
    ) -> Stream:
        """Open a WebSocket at `path`; `on_close` is told why it ended, once."""
        ...
