"""The engine: one task decides, another makes durable what was decided, sends and publishes.

    take the waiting batch → decide and evolve ─┐
                                                └→ journal → send → publish

Only the first changes the state. It goes on while the second waits for the disk, and what it
decides meanwhile is one commit: no order waits for a timer, a report waits for no disk to be
understood, and cancels, which only reduce risk, leave as they are decided.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial

from engine.clock import Clock, awake_ns
from engine.core.commands import Command, Kill, Reconcile
from engine.core.context import Context, Policy
from engine.core.decide.judge import Input, decide
from engine.core.events import (
    Event,
    EventType,
    OrderEvent,
    OrderSubmitted,
    TradingStateChanged,
)
from engine.core.instruments import Instrument
from engine.core.ledger.from_orders import BOOKED
from engine.core.react import react
from engine.core.reconcile.pnl_check import compare_pnl
from engine.core.reconcile.snapshot import note_snapshot
from engine.core.reports import AccountSnapshot, VenuePnl
from engine.core.requests import (
    CancelRequest,
    OrderRequest,
    Request,
    Sweep,
)
from engine.core.state import State, evolve
from engine.core.status import (
    ClockStatus,
    InputStatus,
    PnlComparison,
    ReconcileStatus,
    VenueJoin,
)
from engine.core.types import FLATTEN_PREFIX, JoinState, KillLevel, TradingState
from engine.dispatch import Dispatcher
from engine.feed import MarketFeed
from engine.inbox import Inbox
from engine.journal.chain import Identity
from engine.journal.errors import JournalError
from engine.journal.group_commit import PATIENCE_S, GroupCommit
from engine.journal.journal import Journal
from engine.kill.halt import Halt
from engine.kill.latch import Latch
from engine.ledger_check import LedgerCheck
from engine.metrics import EventMetrics
from engine.publish import Publisher
from engine.recovery.rebuild import RunTerms, begin_run, read_back
from engine.recovery.recaller import Recaller
from engine.recovery.snapshots import Snapshots
from engine.regular import keep_comparing_pnl, keep_measuring_clock
from engine.router import OrderRouter
from engine.standstill import Standstill
from engine.venues.protocol import ExchangeClient
from engine.waking import Waking

BATCH_MAX = 256
"""Inputs decided at a stretch, one or two ms of work; a commit may take several batches."""


class Engine:
    """One account's engine. Build it with `bootstrap.build`; `start`, then `run` until `stop`.

    `join` is how far it has come with its venue, `warnings` what speaks against its key: whoever
    takes it there sets them. `submit` and `halt` are safe from any thread. Everything else belongs
    to the loop that `start` was called on.
    """

    def __init__(
        self,
        *,
        identity: Identity,
        state: State,
        clock: Clock,
        client: ExchangeClient,
        router: OrderRouter,
        journal: Journal,
        latch: Latch,
        metrics: EventMetrics,
        terms: RunTerms,
        policy: Policy,
        settle_s: float,
        threaded: bool,
    ) -> None:
        self.identity = identity
        self.state = state
        self.clock = clock
        self.feed = MarketFeed()
        self.gate = router.gate
        self.router = router
        self.journal = journal
        self.metrics = metrics
        self._terms = terms
        self.reconcile = ReconcileStatus()
        self.pnl = PnlComparison()
        self.inbox = Inbox(self.fail)
        self.publisher = Publisher(self.feed, lambda: (state.encode(), state.seq))
        self.standstill = Standstill(awake_ns)
        self.join, self.failure = VenueJoin(), ""
        self.warnings: tuple[str, ...] = ()
        self.started_ns = clock.now_ns()
        self._client = client
        self._halt = Halt(router.gate, latch, clock, self._not_latched, threaded=threaded)
        self.waking = Waking(self.standstill, self._halt, state, clock, self.inbox.put)
        self._snapshots = Snapshots(journal) if threaded else None
        self._policy = policy
        self._fresh: list[Event] = []
        self._requests: list[Request] = []
        self._unsent: set[str] = set()
        self._released: int | None = None
        self.recording, self._ended = True, False
        self._group, self._turned = GroupCommit(PATIENCE_S if threaded else 0), asyncio.Event()
        self._loop_task: asyncio.Task[None] | None = None
        recaller = Recaller(partial(read_back, journal.path), threaded=threaded)
        self.dispatcher = Dispatcher(
            state, self.inbox, router, clock, self.fail, recaller, policy=policy, settle_s=settle_s
        )
        self._ledger = LedgerCheck(state, clock, self.dispatcher.spawn, self.fail)

    # --- what anybody may ask, from any thread -------------------------------------------------

    def submit(self, command: Command) -> bool:
        """Queue a command; False when the engine is too busy to take it."""
        return self.inbox.put_command(command)

    def halt(self, by: str) -> None:
        """Close the router's gate, now. The latch and the journal follow on the loop."""
        self._halt.close(by)

    def unreadable(self) -> InputStatus:
        """How much of what the venue sent could not be read, and the newest of it."""
        return self._client.unreadable()

    def venue_clock(self) -> ClockStatus:
        """How far the venue's clock is from ours."""
        return self._client.venue_clock()

    # --- life ----------------------------------------------------------------------------------

    async def start(self) -> None:
        """Take up the recovered state, connect, and begin to compare; returns when connected.

        Raises ConnectionError or TimeoutError when the venue cannot be reached at all.
        """
        await self.begin(tuple(await self._client.instruments()))
        await self.connect()

    async def begin(self, instruments: tuple[Instrument, ...] | None = None) -> None:
        """Take up the recovered state and decide from now on.

        Without `instruments` the venue is not there yet, and new orders are denied until it has
        been joined (`Joining`).
        """
        now_ns = self.clock.now_ns()
        if self.state.trading is TradingState.HALTED:
            self._halt.engage(self.state.trading_by, self.state.trading_reason)
        latched = self._halt.latched()
        if instruments is None:
            self.join = VenueJoin(state=JoinState.JOINING, since_ts=now_ns)
        else:
            self.dispatcher.answering.set()
        for step in begin_run(self.state, self.identity, instruments, latched, self._terms, now_ns):
            self._take(step)
        self._count(self._fresh)
        self.journal.watch(self.fail)
        await self._commit()
        self._loop_task = asyncio.get_running_loop().create_task(self._run())

    async def connect(self) -> None:
        """Open the streams and begin to compare. Raises what the client's `connect` does."""
        await self._client.connect(self.inbox.put, self.feed.apply)
        self.dispatcher.spawn(self.dispatcher.comparison.keep_asking())
        self.dispatcher.spawn(keep_comparing_pnl(self.dispatcher, self.clock))
        self.dispatcher.spawn(self.router.keep_probing())
        self.dispatcher.spawn(keep_measuring_clock(self.state, self._client, self.clock))

    async def stop(self) -> None:
        """Decide what has arrived, end every task, close the client and the journal.

        Orders stay as they are; what was on its way is asked for by the next run.
        """
        self.inbox.close()
        if self._loop_task is not None:
            await self._loop_task
        self._ledger.finish()
        await self.dispatcher.close()
        await self._client.close()
        await self._halt.finish()
        if self._snapshots is not None:
            self._snapshots.finish(self.state)
        self.journal.close()

    async def settled(self) -> None:
        """Wait until the account has been compared with the venue, from now on."""
        asked_ns = self.clock.now_ns()
        self.submit(Reconcile(command_id=""))
        await self.until(lambda: self.reconcile.sent_ts >= asked_ns)

    async def until(self, reached: Callable[[], bool]) -> None:
        """Wait until `reached` holds; it is asked after every turn of the loop."""
        while not reached():
            self._turned.clear()
            await self._turned.wait()

    def fail(self, error: BaseException) -> None:
        """Something of ours broke: stop trading, keep cancelling, say what it was.

        Only a restart leaves this behind: a release is refused until then.
        """
        if isinstance(error, JournalError):
            self.recording = False
        if self.failure:
            return
        self.failure = f"{type(error).__name__}: {error}"
        self._halt.engage("engine", self.failure)
        halt = Kill(command_id="", by="engine", level=KillLevel.HALT, reason=self.failure)
        self.submit(halt)

    def _not_latched(self, error: Exception) -> None:
        self.failure = self.failure or f"the latch could not be changed: {error}"

    # --- the loop ------------------------------------------------------------------------------

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        commits = loop.create_task(self._commit_what_is_decided())
        while batch := await self.inbox.take(BATCH_MAX):
            self.waking.look_round()
            known = len(self._fresh)
            context = self._context()
            for report in self.waking.reports():
                self._decide(report, context)
            for item in batch:
                self._decide(item, context)
            events = self._fresh[known:]
            self._group.decided(len(self._fresh), awaited=self._is_commit_awaited(events))
            self.waking.trust_again(self.reconcile.sent_ts)
            self._turned.set()
            loop.call_soon(self._count, events)  # the journal comes first
            if len(self.inbox):
                await asyncio.sleep(0)  # then whatever else is due
        self._ended = True
        self._group.decided(len(self._fresh), awaited=True)
        await commits

    def _count(self, events: Sequence[Event]) -> None:
        try:
            self.metrics.fold(events, self.state)
        except Exception as error:  # a bug of ours: the loop must go on, to cancel
            self.fail(error)

    async def _commit_what_is_decided(self) -> None:
        while not self._ended or self._fresh or self._requests:
            await self._group.due()
            try:
                await self._commit()
            except Exception as error:  # a bug of ours: the loop must go on, to cancel
                self.fail(error)
            self._turned.set()

    def _decide(self, item: Input, context: Context) -> None:
        try:
            for step in decide(self.state, item, context):
                self._take(step)
            self._note(item)
        except Exception as error:  # a bug of ours, or an input that found one
            self.fail(error)

    def _note(self, item: Input) -> None:
        """Keep for people what the venue's answer has shown, and look at our own books with it."""
        if type(item) is AccountSnapshot:
            self._ledger.begin()
            note_snapshot(self.reconcile, self.state, item, self.clock.now_ns())
        elif type(item) is VenuePnl:
            self.pnl = compare_pnl(self.state, item, self.pnl)

    def _take(self, step: Event | Request) -> None:
        if isinstance(step, Event):
            self._fold(step)
        else:
            self._requests.append(step)

    def _context(self) -> Context:
        return Context(
            now_ns=self.clock.now_ns(),
            quotes=self.feed.quotes,
            policy=self._policy,
            compared_ns=self.reconcile.last_ok_ts,
            clock=self._client.venue_clock(),
            gate_closed_at=self.gate.closed_at_ns,
            placing=self.dispatcher.placing,
            canceling=self.dispatcher.canceling,
            broken=self.failure,
            breaker=self.router.placing_breaker(),
            join=self.join,
        )

    def _fold(self, event: Event) -> None:
        evolve(self.state, event)
        self._fresh.append(event)
        if type(event) is OrderSubmitted:
            self._unsent.add(event.client_order_id)
        elif type(event) is OrderEvent:
            if event.type is EventType.ORDER_ACK:
                self.router.confirm(event.client_order_id, event.exchange_order_id)
            elif event.type in BOOKED:
                self._ledger.booked.add(event.client_order_id)
        elif type(event) is TradingStateChanged and not event.symbol:
            self._released = None
            if event.state is TradingState.HALTED:
                self._halt.engage(event.by, event.reason)
            else:
                self._released = self._halt.seen()
        for request in react(self.state, event, self._policy):
            if self._may_overtake(request):
                self.dispatcher.send(request)
            else:
                self._requests.append(request)

    def _may_overtake(self, request: Request) -> bool:
        """True for what only reduces risk, unless its order is still here."""
        if type(request) is CancelRequest:
            return request.client_order_id not in self._unsent
        return type(request) is Sweep

    def _is_commit_awaited(self, events: Sequence[Event]) -> bool:
        """True unless all that is new is what became of orders, and nothing is to be sent."""
        if self._requests or self._released is not None:
            return True
        return any(type(event) is not OrderEvent for event in events)

    async def _commit(self) -> None:
        events, self._fresh = self._fresh, []
        requests, self._requests = self._requests, []
        released, self._released = self._released, None
        first_seq = self.state.seq - len(events) + 1
        durable = await self._make_durable(events)
        if self._snapshots is not None:
            self._snapshots.committed()
        if durable and released is not None:
            await self._halt.release(released)
        for request in requests:
            if type(request) is OrderRequest:
                self._unsent.discard(request.client_order_id)
                if durable and request.reduce_only:
                    self._allow_flatten(request)
            self.dispatcher.send(request)
        if events:
            self.publisher.publish(first_seq, events)

    async def _make_durable(self, events: Sequence[Event]) -> bool:
        """Commit the events. After a failure the gate is closed for good: nothing adds exposure."""
        if self.recording:
            try:
                await self.journal.append(events)
            except Exception as error:  # a JournalError, or an event that cannot be written down
                self.recording = False
                self.fail(error)
        return self.recording

    def _allow_flatten(self, request: OrderRequest) -> None:
        halted = self.state.trading is TradingState.HALTED
        if halted and request.client_order_id.startswith(FLATTEN_PREFIX):
            self.gate.allow_reduce(request.client_order_id)

    # --- what it shows -------------------------------------------------------------------------

    def metrics_text(self, *, created: bool = True, wall_clock: bool = True) -> str:
        """Every metric in Prometheus' text format."""
        self.metrics.refresh(self.state, self.feed.marks(), self.clock.now_ns())
        return self.metrics.live.export_prometheus(created=created, wall_clock=wall_clock)
