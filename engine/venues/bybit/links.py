"""An account's WebSockets: opened together, each kept up from then on, closed together."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from functools import partial

from engine.clock import Clock
from engine.core.instruments import Instrument
from engine.core.market import MarketUpdate
from engine.core.reports import LinkReport, Report
from engine.core.types import Category
from engine.venues.bybit.codec import Codec
from engine.venues.bybit.commands import Commands
from engine.venues.bybit.market import MarketFeed
from engine.venues.bybit.private import PrivateFeed
from engine.venues.bybit.quarantine import Quarantine
from engine.venues.bybit.rest import RestSession
from engine.venues.bybit.signing import Signer
from engine.venues.bybit.streams import PING_S, StreamKeeper
from engine.venues.bybit.trade import TradeFeed
from engine.venues.protocol import Transport
from engine.venues.text import sanitise

ORDERS_PING_S = 5.0
"""How often the sockets that orders depend on are pinged: one that is silent for 10 s is down."""


class Links:
    """The private stream, a public one a category, and the trade socket where it is wanted.

    LinkReports tell of each; `public` is up while every category's stream is.
    """

    def __init__(
        self,
        transport: Transport,
        clock: Clock,
        rng: random.Random,
        *,
        codec: Codec,
        quarantine: Quarantine,
        rest: RestSession,
        signer: Signer,
        dcp_topics: Sequence[str] = (),
    ) -> None:
        self._transport = transport
        self._clock = clock
        self._rng = rng
        self._codec = codec
        self._quarantine = quarantine
        self._rest = rest
        self._signer = signer
        self._dcp_topics = dcp_topics
        self._streams: list[StreamKeeper] = []
        self._public_down: set[Category] = set()
        self._on_report: Callable[[Report], None] = lambda _report: None

    async def open(
        self,
        on_report: Callable[[Report], None],
        on_market: Callable[[MarketUpdate], None],
        markets: Sequence[Instrument],
        trade: Commands | None,
    ) -> None:
        """Open them all; orders of `trade` go over a socket of their own while that is up.

        Raises TimeoutError, ConnectionError or VenueRefused when a stream cannot be opened now;
        the trade socket may stay down. Later losses reconnect by themselves.
        """
        self._on_report = on_report
        private = PrivateFeed(
            self._codec,
            self._quarantine,
            on_report,
            self._signer.login,
            self._rest.timestamp_ms,
            self._dcp_topics,
        )
        self._streams = streams = [self._keeper(private, self._private, ORDERS_PING_S)]
        categories = list(dict.fromkeys(market.category for market in markets))
        self._public_down = set(categories)
        for category in categories:
            pairs = [(m.symbol, m.venue_symbol) for m in markets if m.category is category]
            feed = MarketFeed(category, pairs, on_market, self._quarantine)
            streams.append(self._keeper(feed, partial(self._public, category)))
        try:
            for stream in streams:
                await stream.start()
            if trade is not None:
                keeper = self._trade_keeper(trade)
                streams.append(keeper)
                await keeper.start(required=False)  # without it orders go by REST
        except BaseException as error:
            await self.close()
            self._private(False, sanitise(str(error)))
            raise

    async def close(self) -> None:
        """Close every stream. Safe to call twice."""
        streams, self._streams = self._streams, []
        await asyncio.gather(*(stream.close() for stream in streams))

    def _private(self, up: bool, text: str) -> None:
        self._on_report(LinkReport(link="private", up=up, text=text))

    def _public(self, category: Category, up: bool, text: str) -> None:
        was_up = not self._public_down
        (self._public_down.discard if up else self._public_down.add)(category)
        is_up = not self._public_down
        if is_up != was_up:
            self._on_report(LinkReport(link="public", up=is_up, text=text))

    def _trade_keeper(self, commands: Commands) -> StreamKeeper:
        feed = TradeFeed(
            self._quarantine,
            self._signer.login,
            self._rest.timestamp_ms,
            self._signer.recv_window_ms,
        )
        keeper = self._keeper(feed, feed.linked, ORDERS_PING_S)
        commands.use_socket(feed, keeper)
        return keeper

    def _keeper(
        self,
        feed: PrivateFeed | MarketFeed | TradeFeed,
        on_link: Callable[[bool, str], None],
        ping_s: float = PING_S,
    ) -> StreamKeeper:
        return StreamKeeper(
            self._transport,
            self._clock,
            self._rng,
            feed,
            on_link,
            ping_s=ping_s,
            clean=lambda text: sanitise(self._signer.hide(text)),
        )
