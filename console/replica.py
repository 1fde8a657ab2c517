"""The console's own copy of the engine's state, folded from what its link delivers."""

from __future__ import annotations

from collections import deque

import msgspec

from console.levels import OwnLevels
from engine.core.events import EngineStarted, Event, OrderDenied
from engine.core.ledger.pnl import totals
from engine.core.market import Quote, TradeTick
from engine.core.orders.machine import Order
from engine.core.risk import Explanation, explain
from engine.core.state import State, evolve
from engine.core.status import BookView, EngineStatus, Envelope, LinkUpdate
from engine.core.types import OrderState

NS = 1_000_000_000
STALE_AFTER_S = 2.0
"""A status older than this looks stale: the engine sends several a second."""

LOG_KEPT = 2_000
DENIALS_KEPT = 200
DENIALS_AT_ONCE = 32
"""Denials of one update that are measured by every limit; of a flood, the newest."""
PNL_KEPT = 600
PNL_STEP_NS = NS


class ReplicaGap(Exception):
    """An event number is missing: the link must fetch a snapshot. Nothing has been folded."""


class Changes(msgspec.Struct):
    """What an update changed. `reset` means everything: a snapshot came, or the engine restarted.

    `orders` holds the ids of changed orders, `gone` those that left memory for the journal, as
    they were; `events` is the number of events folded.
    """

    orders: set[str] = msgspec.field(default_factory=set)
    gone: dict[str, Order] = msgspec.field(default_factory=dict)
    reset: bool = False
    market: bool = False
    status: bool = False
    events: int = 0

    def __bool__(self) -> bool:
        """True when anything on screen may differ."""
        return bool(self.events or self.reset or self.market or self.status)


class LogEntry(msgspec.Struct, frozen=True):
    """One event as it was folded, with the order's shown state before and after it."""

    seq: int
    event: Event
    before: str = ""
    after: str = ""


class Replica:
    """`state` as folded so far, the newest market data and status, and what is derived from them.

    `open_ids` and `unknown_ids` are the working orders and those of them whose fate is not known;
    `levels` is their quantity by price; `log` the newest events; `pnl_history` holds
    (engine time, net P&L) of the account's first currency once a second, for a curve.
    """

    def __init__(self) -> None:
        self.state = State()
        self.quotes: dict[str, Quote] = {}
        self.books: dict[str, BookView] = {}
        self.last_trades: dict[str, TradeTick] = {}
        self.status: EngineStatus | None = None
        self.log: deque[LogEntry] = deque(maxlen=LOG_KEPT)
        self.pnl_history: deque[tuple[int, float]] = deque(maxlen=PNL_KEPT)
        self.explanations: dict[str, Explanation] = {}
        """The newest denied orders by id, measured as the engine did when it denied them."""
        self.open_ids: set[str] = set()
        self.unknown_ids: set[str] = set()
        self.levels = OwnLevels()
        self.engine_ns = 0
        """The engine's clock as last heard (unix ns): in a replay, the market's time."""
        self._status_at_ns = 0

    def stale_s(self, now_ns: int) -> float:
        """Seconds since the last status, by the console's clock; 0 while it is fresh enough."""
        silent_s = (now_ns - self._status_at_ns) / NS
        return silent_s if self._status_at_ns and silent_s > STALE_AFTER_S else 0.0

    def order(self, order_id: str) -> Order | None:
        """One order by our id."""
        return self.state.orders.orders.get(order_id)

    def apply(self, update: LinkUpdate, now_ns: int) -> Changes:
        """Fold one update that arrived at `now_ns` of the console's clock.

        A snapshot replaces what was folded; events already folded are skipped. Raises ReplicaGap
        when the next event is missing, and then nothing of the update has been taken in.
        """
        base = self.state.seq if update.snapshot is None else update.snapshot_seq
        fresh = [envelope for envelope in update.events if envelope.seq > base]
        for expected, envelope in enumerate(fresh, base + 1):
            if envelope.seq != expected:
                raise ReplicaGap(f"event {expected} is missing: the next one is {envelope.seq}")
        changes = Changes(events=len(fresh))
        if update.snapshot is not None:
            self._load(update.snapshot, update.snapshot_seq)
            if update.status is not None:
                self.engine_ns = 0
            changes.reset = True
        denied = [e.seq for e in fresh if type(e.event) is OrderDenied]
        measured = frozenset(denied[-DENIALS_AT_ONCE:])
        for envelope in fresh:
            if envelope.seq in measured:
                self._explain(envelope.event)
            self._fold(envelope, changes)
        self._take_market(update, changes)
        if update.status is not None:
            # One that says the same again proves that the engine lives, and changes nothing.
            changes.status = update.status != self.status
            self.status = update.status
            self.state.ready = update.status.ready  # it is not in a snapshot
            self._status_at_ns = now_ns
            self.engine_ns = max(self.engine_ns, update.status.ts)
        self._sample_pnl()
        return changes

    def _load(self, snapshot: bytes, seq: int) -> None:
        self.state = State.decode(snapshot)
        self.state.seq = seq
        self.log.clear()
        self._reindex()
        for quote in self.quotes.values():
            self._mark(quote)

    def _reindex(self) -> None:
        self.open_ids.clear()
        self.unknown_ids.clear()
        self.levels.clear()
        for order in self.state.orders.orders.values():
            self._index(order)

    def _fold(self, envelope: Envelope, changes: Changes) -> None:
        event = envelope.event
        order_id: str = getattr(event, "client_order_id", "")
        order = self.order(order_id)
        before: str = order.state if order else ""
        let_go = self.state.orders.let_go
        evolve(self.state, event)
        if self.state.orders.let_go is not let_go:
            changes.gone.update((o.client_order_id, o) for o in self.state.orders.let_go)
        order = order or self.order(order_id)
        if order is not None:
            self._index(order)
            changes.orders.add(order_id)
        elif isinstance(event, EngineStarted):
            self._reindex()
            changes.reset = True
        after: str = order.state if order else ""
        self.log.append(LogEntry(envelope.seq, event, before, after))
        self.engine_ns = max(self.engine_ns, event.ts)

    def _explain(self, event: Event) -> None:
        """Measure a denied order by the limits and the state that it was denied by."""
        if isinstance(event, OrderDenied):
            self.explanations[event.client_order_id] = explain(self.state, event)
            if len(self.explanations) > DENIALS_KEPT:
                del self.explanations[next(iter(self.explanations))]

    def _index(self, order: Order) -> None:
        order_id = order.client_order_id
        (self.open_ids.add if order.is_open else self.open_ids.discard)(order_id)
        unknown = order.state is OrderState.UNKNOWN
        (self.unknown_ids.add if unknown else self.unknown_ids.discard)(order_id)
        self.levels.update(order)

    def _take_market(self, update: LinkUpdate, changes: Changes) -> None:
        for quote in update.quotes.values():
            self.quotes[quote.symbol] = quote
            self._mark(quote)
        self.books.update(update.books)
        for trade in update.trades:
            self.last_trades[trade.symbol] = trade
        changes.market = bool(update.quotes or update.books or update.trades)

    def _mark(self, quote: Quote) -> None:
        if quote.mark is not None:
            self.state.positions.update_mark_price(quote.symbol, quote.mark)

    def _sample_pnl(self) -> None:
        history = self.pnl_history
        if history and self.engine_ns - history[-1][0] < PNL_STEP_NS:
            return
        sums = list(totals(self.state.positions.positions.values()).values())
        if sums and sums[0].net_pnl is not None:
            history.append((self.engine_ns, float(sums[0].net_pnl)))
