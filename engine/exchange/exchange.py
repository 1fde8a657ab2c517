"""The simulated exchange: one object that holds every part and speaks Bybit v5.

It is synchronous at heart: `handle` answers a request, `open_session` opens a stream, `flush`
pushes what came of it, and all of them only compute. Time is added by `arrive`, which lets a thing
that was sent now happen `latency_ns` later, and by the player of the market's frames.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from functools import partial
from typing import Protocol

import msgspec

from engine.exchange.account import Account, MarketKey
from engine.exchange.ceilings import Ceilings, create_ceilings
from engine.exchange.commands import Commands
from engine.exchange.deadman import DeadMan
from engine.exchange.faults import Plan
from engine.exchange.faults.chaos import Chaos, ItemFaults
from engine.exchange.faults.dice import Dice
from engine.exchange.faults.noise import Noise
from engine.exchange.feeds import Feeds
from engine.exchange.hub import Hub, Send
from engine.exchange.ids import Ids
from engine.exchange.instruments import parse_instrument
from engine.exchange.limits import Limits, NoLimits, VenueLimits
from engine.exchange.market_data import MarketData
from engine.exchange.matching import Market
from engine.exchange.memory import MemoryTransport
from engine.exchange.numbers import ONE, ZERO
from engine.exchange.player import Clock, Player, Progress
from engine.exchange.queries import Queries
from engine.exchange.rest import Reply, RestApi
from engine.exchange.seeds import SeedOrder, SeedPosition, SeedSettings, seeded_order
from engine.exchange.settings import Settings
from engine.exchange.sources.frames import BookFrame, Frame, MarketSource, TickerFrame
from engine.exchange.streams import Session, Venue, open_session
from engine.exchange.streams.line import open_gate
from engine.exchange.trading import Trading

PAPER_BALANCE = Decimal(1_000_000)  # USDT that every account starts with
STABLE_COINS = frozenset({"USDT", "USDC", "USD"})
FIRST_UID = 100_001


class Counts(msgspec.Struct):
    """What has been played: rows of public trades, and order book frames, snapshots included."""

    trades: int = 0
    book_updates: int = 0


class Network(Protocol):
    """Connections of clients that can be cut."""

    def cut(self) -> None: ...


class Connection(Network, Protocol):
    """A client's connection: it can be lost with everything that is on its way."""

    def drop(self) -> None: ...


def _no_lag(path: str, age_ms: int) -> int:
    return 0


class Exchange:
    """One venue: its markets, its accounts, and the connections to it. Single-threaded."""

    def __init__(
        self,
        clock: Clock,
        source: MarketSource,
        *,
        latency_ns: int,
        credentials: Mapping[str, str],
        ids: Ids,
        auto_fill: bool,
        ceilings: Ceilings,
        rate_limits: bool,
        faults: Plan | None,
    ) -> None:
        self.counts = Counts()
        self.accounts: dict[str, Account] = {}
        self.markets: dict[MarketKey, Market] = {}
        self._clock = clock
        self._source = source
        self._latency_ns = latency_ns
        self._transports: list[Connection] = []
        self._networks: list[Network] = []
        for number, (key, secret) in enumerate(credentials.items()):
            account = self.accounts[key] = Account(key, secret, FIRST_UID + number)
            account.coin("USDT").balance = PAPER_BALANCE
        for _, row in source.instruments:
            instrument = parse_instrument(row)
            self.markets[instrument.key] = Market(
                instrument, self.accounts, ids, clock.now_ns, auto_fill=auto_fill
            )
        self._hub = Hub(clock.now_ns)
        self._feeds = Feeds(self._hub)
        self._dice = Dice(faults) if faults is not None else None
        self._chaos = self._noise = None
        if self._dice is not None:
            self._chaos = Chaos(
                self._dice, clock, self.flush, self._cut, self._has_closed, self._forget_closed
            )
            self._noise = Noise(self._dice, clock, self._hub)
        self._tell = self._noise.rows if self._noise else self._hub.push
        limits: Limits = (VenueLimits if rate_limits else NoLimits)(clock.now_ns)
        if self._dice is not None:
            limits = ItemFaults(limits, self._dice)
        self._trading = Trading(self.markets, ids, clock.now_ns, ceilings=ceilings)
        self._api, self._venue = self._faces(self._trading, limits, ids)
        self._player = Player(clock, source.frames(), self._play, self.flush, source.first_ts)

    def _faces(self, trading: Trading, limits: Limits, ids: Ids) -> tuple[RestApi, Venue]:
        """What answers requests, and what streams are opened on."""
        now_ns, chaos = self._clock.now_ns, self._chaos
        dead_man = DeadMan(self.markets, self._clock, self.flush)
        commands = Commands(trading, Settings(self.markets, dead_man), limits)
        lag_ms = chaos.lag_ms if chaos else _no_lag
        queries = Queries(self.markets, self._price_usd, dead_man, lag_ms, now_ns)
        market_data = MarketData(self.markets, now_ns)
        api = RestApi(self.accounts, commands, queries, market_data, limits, ids.trace, now_ns)
        gate = chaos.trade if chaos else open_gate
        venue = Venue(self._hub, self.accounts, self.markets, commands, dead_man, gate, ids, now_ns)
        return api, venue

    # The market

    def start(self) -> None:
        """Begin to play the market: what is due at once, the rest on the clock."""
        self._player.start()

    def stop(self) -> None:
        """Play no more frames."""
        self._player.stop()

    def pause(self) -> None:
        """Hold the market's frames; everything else is still answered."""
        self._player.pause()

    def resume(self) -> None:
        """Go on with the market, later by the length of the pause."""
        self._player.resume()

    @property
    def progress(self) -> Progress:
        """How far the market has been played, in the market's own time."""
        source, player = self._source, self._player
        return Progress(source.first_ts, source.last_ts, player.now_ts, player.finished)

    def _play(self, frame: Frame) -> None:
        market = self.markets[frame.category, frame.symbol]
        decoded = frame.decoded
        topic = (frame.category, frame.topic)
        if isinstance(decoded, BookFrame):
            self.counts.book_updates += 1
            if self._noise is None:
                self._hub.publish(topic, frame.raw)
                market.on_book(decoded)
            else:
                market.on_book(decoded)
                for message in self._noise.book(frame, market):
                    self._hub.publish(topic, message)
            self._feeds.on_book(market, frame)
            return
        self._hub.publish(topic, frame.raw)
        if isinstance(decoded, TickerFrame):
            market.on_ticker(decoded, frame.raw)
        else:
            self.counts.trades += len(decoded.data)
            for trade in decoded.data:
                market.on_trade(trade)
            self._feeds.on_trades(market)

    # Connections

    def handle(
        self, method: str, path: str, query: str, body: bytes, headers: Mapping[str, str]
    ) -> Reply:
        """Answer one HTTP request now. Call `flush` once the answer is on its way."""
        reply = self._api.handle(method, path, query, body, headers)
        self._trading.settle()
        return reply

    def request(
        self,
        method: str,
        path: str,
        query: str,
        body: bytes,
        headers: Mapping[str, str],
        answer: Callable[[Reply | None], None],
        *,
        at_once: bool = False,
    ) -> None:
        """Let a request travel; `answer` gets the reply, or None where the connection is cut."""

        def call() -> Reply:
            return self._api.handle(method, path, query, body, headers)

        if self._chaos is None:
            self.arrive(lambda: answer(call()), at_once=at_once)
        else:
            chaos = self._chaos
            self.arrive(lambda: chaos.rest(path, call, answer), at_once=at_once)

    def open_session(self, path: str, send: Send) -> Session | None:
        """Open a WebSocket session now; None where `path` is no stream."""
        bare = path.partition("?")[0]
        if self._chaos is None:
            return open_session(self._venue, bare, send)
        return self._chaos.open(lambda through: open_session(self._venue, bare, through), send)

    def deliver(self, session: Session, message: bytes, *, at_once: bool = False) -> None:
        """Let a client's message travel to its session."""
        self.arrive(partial(session.receive, message), at_once=at_once)

    def flush(self) -> None:
        """Let an order that was taken in meet the book, and push what has happened.

        Orders and executions, then positions and wallets as they are by now: a client reads those
        while these are written.
        """
        self._trading.settle()
        for account in self.accounts.values():
            if account.has_news:
                self._tell(account, account.take_news())
            if account.is_touched:
                for rows in account.take_touched(self._price_usd):
                    self._tell(account, rows)

    def arrive(self, action: Callable[[], None], *, at_once: bool) -> None:
        """Run `action` when something sent now reaches the exchange, after that instant's frames.

        Without latency that is in the loop's next turn, so that a caller never runs inside its own
        call, or `at_once` where the caller is ready for that. What follows from the action comes
        after its answer: inside the process two turns later, when that was taken and decided on.
        """
        act = partial(self._act, action, at_once)
        if self._latency_ns:
            self._clock.call_at(self._clock.now_ns() + self._latency_ns, act)
        elif at_once:
            act()
        else:
            asyncio.get_running_loop().call_soon(act)

    def _act(self, action: Callable[[], None], at_once: bool) -> None:
        self._player.catch_up()
        action()
        if at_once:
            self.flush()
        else:
            soon = asyncio.get_running_loop().call_soon
            soon(soon, self.flush)

    def transport(self) -> MemoryTransport:
        """A connection to this exchange inside the process."""
        transport = MemoryTransport(self)
        self.attach(transport)
        return transport

    def attach(self, transport: Connection) -> None:
        """Note a client's connection, whose streams can be cut and which can be lost as a whole."""
        self._transports.append(transport)
        self.connected(transport)

    def connected(self, network: Network) -> None:
        """Note whose streams a fault may cut."""
        self._networks.append(network)

    def _cut(self) -> None:
        for network in self._networks:
            network.cut()

    def _has_closed(self) -> bool:
        return any(
            len(closed) > account.forgotten.get(category, 0)
            for account in self.accounts.values()
            for category, closed in account.closed.items()
        )

    def _forget_closed(self) -> None:
        for account in self.accounts.values():
            for category, closed in account.closed.items():
                account.forgotten[category] = len(closed)

    def rest_faults(self, *, resting: bool) -> None:
        """Let nothing more go wrong, or again; what has begun, like a ban, runs its course."""
        if self._dice is not None:
            self._dice.resting = resting

    @property
    def faults_played(self) -> Mapping[str, int]:
        """How often each kind of fault has struck."""
        return self._dice.played if self._dice else {}

    def drop_connections(self) -> None:
        """Cut every stream and never answer what is in flight; the exchange itself lives on."""
        for transport in self._transports:
            transport.drop()

    # Beginnings

    def seed_account(
        self,
        api_key: str,
        *,
        positions: Iterable[SeedPosition] = (),
        orders: Iterable[SeedOrder] = (),
        settings: Iterable[SeedSettings] = (),
        wallet: Mapping[str, Decimal] | None = None,
    ) -> None:
        """Give an account what it had in an earlier life. Raises KeyError on an unknown market."""
        account = self.accounts[api_key]
        for name, balance in (wallet or {}).items():
            account.coin(name).balance = balance
        for chosen in settings:
            instrument = self.markets[chosen.category, chosen.symbol].instrument
            if chosen.hedged:
                account.set_hedge(instrument, on=True)
            if chosen.leverage:
                account.set_leverage(instrument, chosen.leverage)
        for held in positions:
            instrument = self.markets[held.category, held.symbol].instrument
            if held.category == "spot":
                account.coin(instrument.base).balance = held.qty
                continue
            position = account.position(instrument, held.idx)
            position.qty, position.avg_price = held.qty, held.avg_price
            position.created_ms = position.updated_ms = self._clock.now_ns() // 1_000_000
            account.note_moved(position)
        for seed in orders:
            market = self.markets[seed.category, seed.symbol]
            market.seed(seeded_order(seed, api_key, market))

    def _price_usd(self, coin: str) -> Decimal:
        if coin in STABLE_COINS:
            return ONE
        for category in ("spot", "linear"):
            market = self.markets.get((category, f"{coin}USDT"))
            if market is not None and market.last_price:
                return market.last_price
        return ZERO


def create_exchange(
    clock: Clock,
    source: MarketSource,
    *,
    latency_ns: int = 2_000_000,
    credentials: Mapping[str, str] | None = None,
    seed: int = 0,
    run: int = 0,
    auto_fill: bool = False,
    max_open_orders: int | None = 10_000,
    rate_limits: bool = False,
    faults: Plan | None = None,
) -> Exchange:
    """Build a simulated exchange.

    `latency_ns` is how long requests travel; answers come at the instant of arrival. `credentials`
    maps API keys to secrets, by default `paper` to `paper`. All ids come from `seed` and `run`; a
    start that goes on with an older journal passes another `run`, or its ids repeat. `auto_fill`
    fills every limit order at once at its own price. `max_open_orders` stands for every ceiling of
    open orders, None for the venue's own; `rate_limits` enforces the venue's default limits of
    requests a second; `faults` is what goes wrong.
    """
    return Exchange(
        clock,
        source,
        latency_ns=latency_ns,
        credentials={"paper": "paper"} if credentials is None else credentials,
        ids=Ids(seed, run),
        auto_fill=auto_fill,
        ceilings=create_ceilings(max_open_orders),
        rate_limits=rate_limits,
        faults=faults,
    )
