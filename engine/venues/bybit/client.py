"""An account at Bybit v5 behind the engine's ExchangeClient protocol, over any Transport."""

from __future__ import annotations

import asyncio
import random
from collections import Counter, OrderedDict, deque
from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from functools import partial
from types import TracebackType
from typing import Self

import msgspec

from engine.clock import Clock
from engine.core.instruments import Instrument
from engine.core.market import MarketUpdate
from engine.core.reports import (
    EVERYTHING,
    AccountSnapshot,
    FillEvent,
    LinkReport,
    OrderLookup,
    Outcome,
    Report,
    RequestKind,
    Scope,
    VenuePnl,
)
from engine.core.requests import AmendRequest, CancelRequest, OrderRequest, QueryOrder
from engine.core.status import ClockStatus, InputStatus
from engine.core.types import Category
from engine.secret import Secret
from engine.venues.bybit import bodies
from engine.venues.bybit.account import Account
from engine.venues.bybit.budget import AddressBudget
from engine.venues.bybit.codec import UNREADABLE, Codec
from engine.venues.bybit.commands import Commands, LimitObserver
from engine.venues.bybit.instruments import InstrumentRow, SymbolMap, instrument
from engine.venues.bybit.market import MarketFeed
from engine.venues.bybit.money import Money
from engine.venues.bybit.posture import KeyPosture
from engine.venues.bybit.private import PrivateFeed
from engine.venues.bybit.quarantine import Quarantine
from engine.venues.bybit.rest import Answer, RestSession
from engine.venues.bybit.retcodes import Verdict
from engine.venues.bybit.signing import Signer
from engine.venues.bybit.streams import PING_S, StreamKeeper
from engine.venues.bybit.trade import TradeFeed
from engine.venues.orders import order_request
from engine.venues.protocol import Booked, OrderResponse, Transport
from engine.venues.reasons import Reason

PRIVATE_PING_S = 5.0
"""The private stream is pinged as often: one that is silent for 10 s is down, and orders wait."""
REMEMBERED_ORDERS = 10_000
"""How many placed orders' symbols are kept for calls that name only the order."""


class BybitClient:
    """One account. Calls that place, amend or cancel go out as they are: no retries here.

    They answer with an OrderResponse where the venue's word is definite. Otherwise they raise:
    VenueUnknown (a TimeoutError) where the request may have been carried out, NotExecuted and
    RateLimited (ConnectionErrors) where it surely was not, and whatever the transport raises.
    Every call may be cancelled; one that is cancelled may still reach the venue.
    """

    def __init__(
        self,
        transport: Transport,
        clock: Clock,
        *,
        signer: Signer,
        categories: Sequence[Category],
        symbols: Sequence[str] | None,
        trade_socket: bool,
        budget: AddressBudget | None,
        on_limit: LimitObserver | None,
        rng: random.Random,
        on_close: Callable[[], Awaitable[None] | None] | None,
    ) -> None:
        self._transport = transport
        self._clock = clock
        self._signer = signer
        self._categories = tuple(categories)
        self._subscribed = None if symbols is None else tuple(symbols)
        self._trade_socket = trade_socket
        self._rng = rng
        self._on_close = on_close
        self._quarantine = Quarantine()
        self._symbols = SymbolMap()
        self._codec = Codec(self._symbols, self._quarantine)
        self._rest = RestSession(transport, clock, signer, self._quarantine, budget)
        self._commands = Commands(self._rest, on_limit)
        self._account = Account(
            self._rest, clock, self._codec, self._symbols, self._quarantine, self._categories
        )
        self._money = Money(self._rest, clock, self._symbols, self._quarantine, self._categories)
        self._placed: OrderedDict[str, str] = OrderedDict()
        self._streams: list[StreamKeeper] = []
        self._public_down: set[Category] = set()

    @property
    def anomalies(self) -> Counter[str]:
        """How often each kind of unreadable or unexpected input was seen."""
        return self._quarantine.counts

    def unreadable(self) -> InputStatus:
        """How much of what the venue sent could not be read, by kind, and the newest of it."""
        return self._quarantine.status()

    async def measure_clock(self) -> None:
        """Ask for the venue's time. Never raises."""
        await self._rest.measure_clock()

    def venue_clock(self) -> ClockStatus:
        """How far the venue's clock is from ours."""
        return self._rest.venue_time.status

    @property
    def quarantined(self) -> deque[tuple[str, bytes]]:
        """The newest unreadable inputs, as (kind, first bytes); bounded."""
        return self._quarantine.kept

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def connect(
        self, on_report: Callable[[Report], None], on_market: Callable[[MarketUpdate], None]
    ) -> None:
        """Read the instruments, then open the private stream and one public stream a category.

        Both callbacks run on this event loop, in the order of arrival. LinkReports tell of each
        stream: `public` is up while every category's is. Without `symbols` every trading
        instrument is subscribed. Raises TimeoutError, ConnectionError or VenueRefused when a
        stream cannot be opened now; later losses reconnect by themselves.
        """

        def on_private(up: bool, text: str) -> None:
            on_report(LinkReport(link="private", up=up, text=text))

        def on_public(category: Category, up: bool, text: str) -> None:
            was_up = not self._public_down
            (self._public_down.discard if up else self._public_down.add)(category)
            is_up = not self._public_down
            if is_up != was_up:
                on_report(LinkReport(link="public", up=is_up, text=text))

        known = [item for item in await self.instruments() if item.trading]
        if self._subscribed is not None:
            wanted = set(self._subscribed)
            known = [item for item in known if item.symbol in wanted]
        private = PrivateFeed(
            self._codec, self._quarantine, on_report, self._signer.login, self._rest.timestamp_ms
        )
        streams = [self._keeper(private, on_private, PRIVATE_PING_S)]
        self._public_down = set()
        for category in self._categories:
            markets = [(i.symbol, i.venue_symbol) for i in known if i.category is category]
            if markets:
                self._public_down.add(category)
                feed = MarketFeed(category, markets, on_market, self._quarantine)
                streams.append(self._keeper(feed, partial(on_public, category)))
        self._streams = streams
        try:
            for stream in streams:
                await stream.start()
            if self._trade_socket:
                trade = self._trade_keeper()
                streams.append(trade)
                await trade.start(required=False)  # without it orders go by REST
        except BaseException:
            await self._close_streams()
            raise

    def _trade_keeper(self) -> StreamKeeper:
        feed = TradeFeed(
            self._quarantine,
            self._signer.login,
            self._rest.timestamp_ms,
            self._signer.recv_window_ms,
        )
        keeper = self._keeper(feed, feed.linked)
        self._commands.use_socket(feed, keeper)
        return keeper

    def _keeper(
        self,
        feed: PrivateFeed | MarketFeed | TradeFeed,
        on_link: Callable[[bool, str], None],
        ping_s: float = PING_S,
    ) -> StreamKeeper:
        return StreamKeeper(self._transport, self._clock, self._rng, feed, on_link, ping_s=ping_s)

    async def close(self) -> None:
        """Close the streams, then tell whoever owns the transport. Safe to call twice."""
        await self._close_streams()
        closing = None if self._on_close is None else self._on_close()
        if closing is not None:
            await closing

    async def _close_streams(self) -> None:
        streams, self._streams = self._streams, []
        await asyncio.gather(*(stream.close() for stream in streams))

    async def instruments(self) -> list[Instrument]:
        """Every instrument of the configured categories; unreadable ones are quarantined.

        Raises TimeoutError, ConnectionError or VenueRefused.
        """
        found: list[Instrument] = []
        for category in self._categories:
            params: dict[str, str | int] = {"category": category}
            if category is not Category.SPOT:
                params["limit"] = 1000
            async for rows in self._rest.pages("/v5/market/instruments-info", params):
                for raw in rows:
                    try:
                        row = msgspec.json.decode(raw, type=InstrumentRow)
                        found.append(instrument(row, category))
                    except UNREADABLE as error:
                        self._quarantine.note("instrument_row", bytes(raw), error)
        self._symbols.learn(found)
        return found

    async def posture(self) -> KeyPosture:
        """What the key may do. Raises TimeoutError, ConnectionError or VenueRefused."""
        await self._rest.measure_clock()
        return await self._rest.fetch("/v5/user/query-api", {}, _POSTURE)

    async def place_order(self, request: OrderRequest) -> OrderResponse:
        """Place one order; accepted means taken in by the venue, not resting in its book."""
        link_id = request.client_order_id
        if not bodies.is_link_id(link_id):
            return _refused(link_id, Reason.REQUEST, _BAD_ID)
        category, venue_symbol = self._symbols.venue(request.symbol)
        body = bodies.place(request, category, venue_symbol)
        self._placed[link_id] = request.symbol
        if len(self._placed) > REMEMBERED_ORDERS:
            self._placed.popitem(last=False)
        return _response(link_id, await self._commands.command(RequestKind.PLACE, body))

    async def amend_order(self, request: AmendRequest) -> OrderResponse:
        """Change price, total quantity, or both. An amend that changes nothing is accepted."""
        link_id = request.client_order_id
        if not bodies.is_link_id(link_id):
            return _refused(link_id, Reason.REQUEST, _BAD_ID)
        body = bodies.amend(request, *self._symbols.venue(request.symbol))
        return _response(link_id, await self._commands.command(RequestKind.AMEND, body))

    async def cancel_order(self, request: CancelRequest | str) -> OrderResponse:
        """Cancel one order. A bare id is enough for an order that this client placed.

        REJECTED with NOT_FOUND does not tell an order that never was from one that has ended.
        """
        if isinstance(request, str):
            symbol = self._placed.get(request)
            if symbol is None:
                return _refused(
                    request,
                    Reason.NOT_FOUND,
                    "not placed by this client; pass CancelRequest with its symbol",
                )
            request = CancelRequest(client_order_id=request, symbol=symbol)
        if not request.exchange_order_id and not bodies.is_link_id(request.client_order_id):
            return _refused(request.client_order_id, Reason.REQUEST, _BAD_ID)
        body = bodies.cancel(request, *self._symbols.venue(request.symbol))
        answer = await self._commands.command(RequestKind.CANCEL, body)
        return _response(request.client_order_id, answer)

    async def lookup(self, query: QueryOrder) -> OrderLookup:
        """Ask by our id: open, recently closed, history, executions. Never raises."""
        return await self._account.lookup(query)

    async def snapshot(
        self,
        fills_since_ns: int,
        scopes: frozenset[Scope] = EVERYTHING,
        is_booked: Booked | None = None,
    ) -> AccountSnapshot:
        """Open orders, positions, coins, and executions since a time (unix ns). Never raises."""
        return await self._account.snapshot(fills_since_ns, scopes, is_booked)

    async def pnl(self, since_ns: int) -> VenuePnl:
        """The venue's own figures of money, some of them since a time (unix ns). Never raises."""
        return await self._money.pnl(since_ns)

    async def place_limit_order(
        self,
        client_order_id: str,
        symbol: str,
        side: str,
        qty: Decimal | float | str,
        price: Decimal | float | str,
    ) -> OrderResponse:
        """Place a limit order, good till cancelled. Raises ValueError that names a bad field."""
        return await self.place_order(order_request(client_order_id, symbol, side, qty, price))

    async def poll_fills(self, client_order_id: str) -> list[FillEvent]:
        """Every execution of one order, oldest first; asks all categories for a foreign order.

        Raises TimeoutError, ConnectionError or VenueRefused.
        """
        if not bodies.is_link_id(client_order_id):
            raise ValueError(f"client_order_id: {client_order_id!r}: {_BAD_ID}")
        symbol = self._placed.get(client_order_id)
        categories = self._categories if symbol is None else (self._symbols.venue(symbol)[0],)
        fills: list[FillEvent] = []
        for category in categories:
            fills += await self._account.fills_of(client_order_id, category)
        return fills


_POSTURE = msgspec.json.Decoder(KeyPosture)
_BAD_ID = "an order id is 1 to 36 letters, digits, '-' or '_'"


def _response(client_order_id: str, answer: Answer) -> OrderResponse:
    accepted = answer.ruling.verdict is Verdict.ACCEPTED
    return OrderResponse(
        client_order_id=client_order_id,
        exchange_order_id=answer.order_id,
        outcome=Outcome.ACCEPTED if accepted else Outcome.REJECTED,
        reason=answer.ruling.reason,
        text=answer.text,
        ts=answer.ts,
    )


def _refused(client_order_id: str, reason: Reason, text: str) -> OrderResponse:
    return OrderResponse(
        client_order_id=client_order_id, outcome=Outcome.REJECTED, reason=reason, text=text
    )


def create_bybit_client(
    transport: Transport,
    clock: Clock,
    *,
    api_key: str,
    api_secret: str | Secret,
    categories: Sequence[str] = ("linear", "spot"),
    symbols: Sequence[str] | None = None,
    recv_window_ms: int = 5000,
    trade_socket: bool = False,
    limited: bool = False,
    on_limit: LimitObserver | None = None,
    rng: random.Random | None = None,
    on_close: Callable[[], Awaitable[None] | None] | None = None,
) -> BybitClient:
    """Return a client of one account; nothing is sent yet.

    `symbols` are the markets to stream (None: all that trade). With `trade_socket` orders go over
    the trade WebSocket while it is up; `connect` opens it. `limited` keeps REST within what the
    venue allows an address, `on_limit` hears what it allows the account. `rng` spreads reconnects;
    pass a seeded one where they must be repeatable. `on_close` is called by `close`: there the
    owner of the transport ends it.

    Raises ValueError for an unknown category, or a secret that cannot sign.
    """
    secret = api_secret if isinstance(api_secret, Secret) else Secret(api_secret)
    return BybitClient(
        transport,
        clock,
        signer=Signer(api_key, secret, recv_window_ms),
        categories=[Category(name) for name in categories],
        symbols=symbols,
        trade_socket=trade_socket,
        budget=AddressBudget(clock) if limited else None,
        on_limit=on_limit,
        rng=rng or random.Random(),
        on_close=on_close,
    )
