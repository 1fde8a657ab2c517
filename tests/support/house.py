"""An exchange that lives on, a directory, and engines that come and go, in virtual time."""

from __future__ import annotations

import asyncio
import random
import shutil
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar, cast

import msgspec

from engine.bootstrap import CLOSED_KEPT, PAPER, PAPER_KEY, build
from engine.clock import NS, SimClock, run_simulated, wait_for
from engine.core.commands import Command, PlaceOrder
from engine.core.context import Policy
from engine.core.events import EngineStarted, Event
from engine.core.limits import PAPER_LIMITS, RiskLimits
from engine.core.orders.machine import Order
from engine.core.reports import RequestKind
from engine.core.state import State, evolve
from engine.core.types import Side
from engine.engine import Engine
from engine.exchange import Exchange, create_exchange
from engine.exchange.sources.frames import MarketSource
from engine.exchange.streams.trade import COMMANDS
from engine.journal.journal import Journal, create_journal
from engine.journal.reader import open_for_reading
from engine.kill.latch import Latch
from engine.recovery.rebuild import recover
from engine.router import Lane
from engine.venues.bybit import create_bybit_client
from engine.venues.bybit.endpoints import TRADE
from engine.venues.protocol import HttpReply, Stream, Transport
from tests.support.market import T0, Market

T = TypeVar("T")
CREATE, AMEND, CANCEL = "/v5/order/create", "/v5/order/amend", "/v5/order/cancel"
CANCEL_BATCH, CANCEL_ALL = "/v5/order/cancel-batch", "/v5/order/cancel-all"
LONGEST_S = 4000.0
"""No scenario takes longer, in virtual time: whoever waits in vain shall fail."""
FILES = ("journal.db", "journal.db-wal", "journal.db.acked", "halt.latch")


class Edge:
    """Where an engine meets the world. At the `last` crossing it goes still, as if killed."""

    def __init__(self, last: int = 0) -> None:
        self.crossings = 0
        self.died = asyncio.Event()
        self._last = last

    def crosses(self) -> bool:
        """Count a crossing; False when the engine did not live to make it."""
        self.crossings += 1
        if self._last and self.crossings >= self._last:
            self.died.set()
        return not self.died.is_set()

    async def cross(self) -> None:
        """The same for a coroutine, which then never returns."""
        if not self.crosses():
            await asyncio.get_running_loop().create_future()


class EdgeTransport:
    """A connection that tells what left: `on_request` sees each request before it does, and
    `on_command` each that leaves on the trade stream.

    `damage` is what becomes of each private message on its way here; `hears` may drop one;
    `on_reply` may hold an answer up, or give another.
    """

    def __init__(
        self,
        inner: Transport,
        edge: Edge,
        on_request: Callable[[str, dict[str, Any]], None],
        on_command: Callable[[str, dict[str, Any]], None],
        on_reply: Callable[[str, str, HttpReply], Awaitable[HttpReply]],
        hears: Callable[[bytes], bool],
        damage: Callable[[bytes], bytes],
        opens: Callable[[str], bool],
    ) -> None:
        self._inner = inner
        self._edge = edge
        self._on_request = on_request
        self._on_command = on_command
        self._on_reply = on_reply
        self._hears = hears
        self._damage = damage
        self._opens = opens

    async def request(
        self, method: str, path: str, query: str, body: bytes, headers: Mapping[str, str]
    ) -> HttpReply:
        await self._edge.cross()
        self._on_request(path, msgspec.json.decode(body) if body else {})
        reply = await self._inner.request(method, path, query, body, headers)
        reply = await self._on_reply(path, query, reply)
        await self._edge.cross()
        return reply

    async def open_stream(
        self, path: str, on_message: Callable[[bytes], None], on_close: Callable[[str], None]
    ) -> Stream:
        def hear(message: bytes) -> None:
            if "public" in path:
                on_message(message)
            elif self._edge.crosses() and (path == TRADE or self._hears(message)):
                on_message(message if path == TRADE else self._damage(message))

        if not self._opens(path):
            raise ConnectionError("the venue refused the stream")
        stream = await self._inner.open_stream(path, hear, on_close)
        return EdgeStream(stream, self._edge, self._on_command) if path == TRADE else stream


class EdgeStream:
    """The trade stream's way out: it tells what left under the paths that REST has for it."""

    def __init__(
        self, inner: Stream, edge: Edge, on_command: Callable[[str, dict[str, Any]], None]
    ) -> None:
        self._inner = inner
        self._edge = edge
        self._on_command = on_command

    def send(self, message: bytes) -> None:
        request = msgspec.json.decode(message)
        if request["op"] in COMMANDS:
            if not self._edge.crosses():
                return
            self._on_command(COMMANDS[request["op"]], request["args"][0])
        self._inner.send(message)

    def close(self) -> None:
        self._inner.close()


async def _as_it_is(_path: str, _query: str, reply: HttpReply) -> HttpReply:
    return reply


class EdgeJournal:
    """A journal whose commits can be the last thing an engine did, or wait for a slow disk."""

    def __init__(self, journal: Journal, edge: Edge, disk: asyncio.Event) -> None:
        self._journal = journal
        self._edge = edge
        self._disk = disk

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)

    async def append(self, events: Sequence[Event]) -> int:
        if not events:
            return self._journal.last_seq
        await self._edge.cross()
        await self._disk.wait()
        seq = await self._journal.append(events)
        await self._edge.cross()
        return seq


class House:
    """The world of one test. Use it inside `run_simulated`, with the clock it was given."""

    def __init__(
        self,
        folder: Path,
        clock: SimClock,
        source: MarketSource | None = None,
        *,
        latency_ns: int = 2_000_000,
        limits: RiskLimits = PAPER_LIMITS,
        policy: Policy | None = None,
        closed_kept: int = CLOSED_KEPT,
        lanes: Mapping[RequestKind, Lane] | None = None,
        trade_socket: bool = False,
        **exchange: Any,
    ) -> None:
        self.clock = clock
        self.exchange: Exchange = create_exchange(
            clock, source or Market(), latency_ns=latency_ns, **exchange
        )
        self.exchange.start()
        self.limits = limits
        self.policy = policy
        self.closed_kept = closed_kept
        self.lanes = lanes
        self.trade_socket = trade_socket
        self.folder = folder
        self.disk = asyncio.Event()
        """Clear it and commits wait."""
        self.disk.set()
        self.lives = 0
        self.created: Counter[str] = Counter()
        """How often each order left for the exchange, over all lives."""
        self.requests: list[tuple[str, str]] = []
        """Every order request that left, as (path, client order id); a batch is its orders."""
        self.posts: list[str] = []
        """Every request of any kind that left by REST, by its path."""
        self.on_request: Callable[[str, str], None] = lambda path, order_id: None
        self.on_reply: Callable[[str, str, HttpReply], Awaitable[HttpReply]] = _as_it_is
        self.hears: Callable[[bytes], bool] = lambda message: True
        self.damage: Callable[[bytes], bytes] = lambda message: message
        """What becomes of each private message on its way to the engine."""
        self.refused_streams: set[str] = set()
        """Paths of streams that cannot be opened."""
        self._owner = asyncio.current_task()
        self._commands = 0

    @property
    def journal_path(self) -> Path:
        return self.folder / "journal.db"

    async def engine(self, last: int = 0, *, wait: bool = True) -> Engine:
        """Start an engine on what the folder remembers; it dies at crossing `last`, if given."""
        self.lives += 1
        self.edge = Edge(last)
        self.journal = create_journal(
            self.journal_path,
            account=PAPER.account,
            environment=PAPER.environment,
            venue=PAPER.venue,
            clock=self.clock,
            own_process=False,
        )
        transport = EdgeTransport(
            self.exchange.transport(),
            self.edge,
            self._posted,
            self._saw,
            lambda path, query, reply: self.on_reply(path, query, reply),
            lambda message: self.hears(message),
            lambda message: self.damage(message),
            lambda path: path not in self.refused_streams,
        )
        client = create_bybit_client(
            transport,
            self.clock,
            api_key=PAPER_KEY,
            api_secret=PAPER_KEY,
            trade_socket=self.trade_socket,
            on_ban=lambda until_ns, why: self.live.router.hold(until_ns, why),
            rng=random.Random(self.lives),
        )
        self.client = client
        state = recover(self.journal)
        client.learn(state.instruments.values())
        engine = build(
            identity=PAPER,
            clock=self.clock,
            client=client,
            journal=cast(Journal, EdgeJournal(self.journal, self.edge, self.disk)),
            latch=Latch(self.folder / "halt.latch"),
            state=state,
            limits=self.limits,
            seed=self.lives,
            settle_s=0.1,
            policy=self.policy,
            closed_kept=self.closed_kept,
            lanes=self.lanes,
            threaded=False,
        )
        self.live = engine
        if wait:
            await engine.start()
            await engine.settled()
        return engine

    async def stop(self) -> None:
        """End the engine in order."""
        self.disk.set()
        await self.live.stop()
        self.edge.died.set()

    async def crash(self) -> None:
        """End the engine as a kill -9 does; what was durable at that moment is in a new folder."""
        self.edge.died.set()
        after = self.folder.with_name(f"{self.folder.name.partition('+')[0]}+{self.lives}")
        after.mkdir()
        for name in FILES:
            if (self.folder / name).exists():
                shutil.copy(self.folder / name, after / name)
        self.exchange.drop_connections()
        rest = asyncio.all_tasks() - {asyncio.current_task(), self._owner}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        self.journal.close()
        self.folder = after

    def _posted(self, path: str, body: dict[str, Any]) -> None:
        self.posts.append(path)
        self._saw(path, body)

    def _saw(self, path: str, body: dict[str, Any]) -> None:
        if path == CANCEL_ALL:
            self.requests.append((path, ""))
            self.on_request(path, "")
        single = path.removesuffix("-batch")
        if single not in (CREATE, AMEND, CANCEL):
            return
        for item in body.get("request", [body]):
            order_id = item.get("orderLinkId", "")
            if single == CREATE:
                self.created[order_id] += 1
            self.requests.append((single, order_id))
            self.on_request(single, order_id)

    # What tests give and look at.

    def command_id(self) -> str:
        """A fresh command id."""
        self._commands += 1
        return f"c{self._commands}"

    def place(self, order_id: str, side: str = "Buy", qty: str = "0.010", **more: Any) -> Command:
        """A command to place an order: at 59,000.0, where a buy rests, unless told otherwise."""
        terms: dict[str, Any] = {"symbol": "BTCUSDT", "price": Decimal("59000.0"), **more}
        return PlaceOrder(
            command_id=self.command_id(),
            client_order_id=order_id,
            side=Side(side),
            qty=Decimal(qty),
            **terms,
        )

    async def give(self, command: Command, after_s: float = 0.01) -> None:
        """Hand over a command and let some time pass."""
        assert self.live.submit(command)
        await self.clock.sleep(after_s)

    def order(self, order_id: str) -> Order:
        """An order that the engine knows."""
        order = self.live.state.orders.get_order(order_id)
        assert order is not None
        return order

    def events(self) -> list[Event]:
        """Everything in the journal."""
        reader = open_for_reading(self.journal_path)
        try:
            return [event for _, event in reader.replay()]
        finally:
            reader.close()

    def complete(self) -> State:
        """The fold of the journal that lets no order go."""
        state = State()
        for event in self.events():
            if isinstance(event, EngineStarted):
                event = msgspec.structs.replace(event, closed_kept=0)
            evolve(state, event)
        return state

    def at_venue(self) -> dict[str, tuple[Decimal, Decimal, Decimal]]:
        """The exchange's open orders: quantity, filled and price by our id."""
        orders = self.exchange.accounts[PAPER_KEY].orders.values()
        return {o.link_id: (o.qty, o.cum_qty, o.price) for o in orders if o.is_open}

    def here(self) -> dict[str, tuple[Decimal, Decimal, Decimal | None]]:
        """The same of the engine's."""
        orders = self.live.state.orders.open_orders()
        return {o.client_order_id: (o.qty, o.cum_qty, o.price) for o in orders}

    def venue_position(self, symbol: str = "BTCUSDT") -> Decimal:
        """The exchange's own figure."""
        position = self.exchange.accounts[PAPER_KEY].positions.get(symbol)
        return Decimal(0) if position is None else position.qty

    def position(self, symbol: str = "BTCUSDT") -> Decimal:
        """The engine's."""
        return self.live.state.positions.get_position(symbol).qty


def simulate(
    folder: Path,
    scenario: Callable[[House], Coroutine[Any, Any, T]],
    source: MarketSource | None = None,
    **options: Any,
) -> T:
    """Run a scenario in a house of its own, from a second before T0; ends what still runs."""
    folder.mkdir(exist_ok=True)
    clock = SimClock(T0 - NS)

    async def live() -> T:
        house = House(folder, clock, source, **options)
        try:
            result = await wait_for(clock, scenario(house), LONGEST_S)
            if house.lives and not house.edge.died.is_set():
                await house.stop()
            return result
        finally:
            house.exchange.stop()

    return run_simulated(clock, live())
