"""An account at Bybit v5 behind the engine's ExchangeClient protocol, over any Transport."""

from __future__ import annotations

import random
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from decimal import Decimal
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
    OrderLookup,
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
from engine.core.settings import MarketSettings
from engine.core.status import ClockStatus, InputStatus
from engine.core.types import Category
from engine.secret import Secret
from engine.venues.bybit import bodies
from engine.venues.bybit.account import Account
from engine.venues.bybit.batches import Batches
from engine.venues.bybit.budget import AddressBudget
from engine.venues.bybit.codec import UNREADABLE, Codec
from engine.venues.bybit.commands import Commands, LimitObserver
from engine.venues.bybit.entry import BAD_ID, OrderEntry
from engine.venues.bybit.instruments import InstrumentRow, SymbolMap, instrument
from engine.venues.bybit.links import Links
from engine.venues.bybit.money import Money
from engine.venues.bybit.posture import KeyPosture
from engine.venues.bybit.quarantine import Quarantine
from engine.venues.bybit.rest import BanObserver, RestSession
from engine.venues.bybit.settings import PRODUCTS, AccountSettings
from engine.venues.bybit.signing import Signer
from engine.venues.orders import order_request
from engine.venues.protocol import (
    BatchAnswer,
    Booked,
    MassCancelResponse,
    OrderResponse,
    Transport,
)


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
        batched: Sequence[Category],
        budget: AddressBudget | None,
        on_limit: LimitObserver | None,
        on_ban: BanObserver | None,
        on_sent: Callable[[], None] | None,
        rng: random.Random,
        on_close: Callable[[], Awaitable[None] | None] | None,
        dcp: bool,
    ) -> None:
        self._categories = tuple(categories)
        self._subscribed = None if symbols is None else frozenset(symbols)
        self._trade_socket = trade_socket
        self._on_close = on_close
        self._quarantine = Quarantine()
        self._symbols = SymbolMap()
        self._codec = Codec(self._symbols, self._quarantine)
        self._rest = RestSession(transport, clock, signer, self._quarantine, budget, on_ban)
        self._commands = Commands(self._rest, on_limit, on_sent)
        self._account = Account(
            self._rest, clock, self._codec, self._symbols, self._quarantine, self._categories
        )
        self._money = Money(self._rest, clock, self._symbols, self._quarantine, self._categories)
        self._settings = AccountSettings(self._rest, clock, self._symbols, self._quarantine)
        self._entry = OrderEntry(self._commands, self._symbols)
        self._batches = Batches(self._entry, self._commands, self._symbols, batched)
        self._links = Links(
            transport,
            clock,
            rng,
            codec=self._codec,
            quarantine=self._quarantine,
            rest=self._rest,
            signer=signer,
            dcp_topics=sorted({PRODUCTS[category][1] for category in categories}) if dcp else (),
        )

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

        Both callbacks run on this event loop, in the order of arrival. Without `symbols` every
        trading instrument is subscribed; of those that are named the settings are told. Raises
        TimeoutError, ConnectionError or VenueRefused when a stream cannot be opened now; later
        losses reconnect by themselves.
        """
        markets = [item for item in await self.instruments() if item.trading]
        if self._subscribed is not None:
            markets = [item for item in markets if item.symbol in self._subscribed]
        named = () if self._subscribed is None else markets
        set_now = await self._settings.read(market.symbol for market in named)
        trade = self._commands if self._trade_socket else None
        await self._links.open(on_report, on_market, markets, trade)
        if set_now:
            on_report(SettingsReport(markets=set_now))

    async def close(self) -> None:
        """Close the streams, then tell whoever owns the transport. Safe to call twice."""
        await self._links.close()
        closing = None if self._on_close is None else self._on_close()
        if closing is not None:
            await closing

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

    def learn(self, instruments: Iterable[Instrument]) -> None:
        """Know these markets, before the venue is there to tell: cancels need their names."""
        self._symbols.learn(instruments)

    async def posture(self) -> KeyPosture:
        """What the key may do. Raises TimeoutError, ConnectionError or VenueRefused."""
        await self._rest.measure_clock()
        return await self._rest.fetch("/v5/user/query-api", {}, _POSTURE)

    async def place_order(self, request: OrderRequest) -> OrderResponse:
        """Place one order; accepted means taken in by the venue, not resting in its book."""
        return await self._entry.place(request)

    async def amend_order(self, request: AmendRequest) -> OrderResponse:
        """Change price, total quantity, or both. An amend that changes nothing is accepted."""
        return await self._entry.amend(request)

    async def cancel_order(self, request: CancelRequest | str) -> OrderResponse:
        """Cancel one order. A bare id is enough for an order that this client placed.

        REJECTED with NOT_FOUND does not tell an order that never was from one that has ended.
        """
        return await self._entry.cancel(request)

    def split(self, requests: Sequence[VenueRequest]) -> list[list[int]]:
        """The places of requests of one kind that can leave in one batch, portion by portion."""
        return self._batches.split(requests)

    async def place_batch(self, requests: Sequence[OrderRequest]) -> list[BatchAnswer]:
        """Place orders, up to 10 (spot) or 20 in a request: an answer each, in their order.

        The answer to one is what `place_order` would have returned, or raised.
        """
        return await self._batches.place(requests)

    async def amend_batch(self, requests: Sequence[AmendRequest]) -> list[BatchAnswer]:
        """The same of amends. The venue does not amend conditional orders in a batch."""
        return await self._batches.amend(requests)

    async def cancel_batch(self, requests: Sequence[CancelRequest]) -> list[BatchAnswer]:
        """The same of cancels."""
        return await self._batches.cancel(requests)

    async def cancel_all(self, request: MassCancelRequest) -> MassCancelResponse:
        """Cancel whatever fits, by REST; of derivatives the venue takes up to 500 at a time.

        Raises like `cancel_order`.
        """
        return await self._batches.cancel_all(request)

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

    async def change_setting(self, request: SettingRequest) -> SettingsReport:
        """Set a market's leverage or position mode, then say what is set. Never raises."""
        return await self._settings.change(request)

    async def settings(self, symbols: Iterable[str]) -> tuple[MarketSettings, ...]:
        """Leverage and position mode of these markets; spot pairs have none.

        Raises TimeoutError, ConnectionError or VenueRefused.
        """
        return await self._settings.read(symbols)

    async def protect(self, category: Category, window_s: int) -> None:
        """Have every order cancelled when nobody has listened for `window_s` seconds.

        Raises VenueRefused where the account has no such thing, TimeoutError or ConnectionError.
        """
        await self._settings.protect(category, window_s)

    async def protection_s(self, category: Category) -> int:
        """The window that is set, in seconds; 0 where there is none. Raises like `settings`."""
        return await self._settings.protection_s(category)

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
            raise ValueError(f"client_order_id: {client_order_id!r}: {BAD_ID}")
        symbol = self._entry.symbol(client_order_id)
        categories = self._categories if symbol is None else (self._symbols.venue(symbol)[0],)
        fills: list[FillEvent] = []
        for category in categories:
            fills += await self._account.fills_of(client_order_id, category)
        return fills


_POSTURE = msgspec.json.Decoder(KeyPosture)


def create_bybit_client(
    transport: Transport,
    clock: Clock,
    *,
    api_key: str | Secret,
    api_secret: str | Secret,
    categories: Sequence[str] = ("linear", "spot"),
    symbols: Sequence[str] | None = None,
    recv_window_ms: int = 5000,
    trade_socket: bool = False,
    batched: Sequence[str] = ("linear", "inverse", "spot"),
    limited: bool = False,
    on_limit: LimitObserver | None = None,
    on_ban: BanObserver | None = None,
    on_sent: Callable[[], None] | None = None,
    rng: random.Random | None = None,
    on_close: Callable[[], Awaitable[None] | None] | None = None,
    dcp: bool = False,
) -> BybitClient:
    """Return a client of one account; nothing is sent yet.

    `symbols` are the markets to stream (None: all that trade). With `trade_socket` orders go over
    the trade WebSocket while it is up; `connect` opens it. `batched` are the categories that know
    batches: orders of others go one by one. `limited` keeps REST within what the venue allows an
    address, `on_limit` hears what it allows the account, `on_ban` that it answers this address
    nothing by REST for a while, `on_sent` that a request about one order leaves. `rng` spreads
    reconnects; pass a seeded one where they must be repeatable. `on_close` is called by `close`:
    there the owner of the transport ends it. With `dcp` the private stream is one that keeps orders
    alive where disconnect-cancel-all is set (`protect`).

    Raises ValueError for an unknown category, or a secret that cannot sign.
    """
    key, secret = (s if isinstance(s, Secret) else Secret(s) for s in (api_key, api_secret))
    return BybitClient(
        transport,
        clock,
        signer=Signer(key, secret, recv_window_ms),
        categories=[Category(name) for name in categories],
        symbols=symbols,
        trade_socket=trade_socket,
        batched=[Category(name) for name in batched],
        budget=AddressBudget(clock) if limited else None,
        on_limit=on_limit,
        on_ban=on_ban,
        on_sent=on_sent,
        rng=rng or random.Random(),
        on_close=on_close,
        dcp=dcp,
    )
