"""Carrying requests out: the engine's hands. Every answer comes back through the inbox.

Requests run as tasks that this object owns: each ends by itself, because the router bounds every
wait, and `close` cancels and awaits what is left. A task that fails for any other reason than the
venue is a bug: `on_failure` is told, once, and the engine stops trading.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

from engine.cancels import Cancels
from engine.clock import NS, Clock
from engine.comparison import Comparison
from engine.core.context import Policy
from engine.core.decide.lookups import needs_answer
from engine.core.reports import AccountSnapshot, RequestKind, RequestOutcome, Scope
from engine.core.requests import (
    AmendRequest,
    CancelRequest,
    OrderRequest,
    QueryAccount,
    QueryOrder,
    QueryPnl,
    RecallOrder,
    Request,
    SettingRequest,
    StartTimer,
    Sweep,
    TimerFired,
)
from engine.core.state import State
from engine.inbox import Inbox
from engine.kill.sweep import Sweeper
from engine.recovery.recaller import Recaller
from engine.router import OrderRouter
from engine.router.lanes import Lane
from engine.venues.protocol import OrderResponse


class Dispatcher:
    """Sends what `react` asked for through the router, reads orders back, and keeps timers."""

    def __init__(
        self,
        state: State,
        inbox: Inbox,
        router: OrderRouter,
        clock: Clock,
        on_failure: Callable[[BaseException], None],
        recaller: Recaller,
        *,
        policy: Policy,
        settle_s: float,
    ) -> None:
        self._state = state
        self._inbox = inbox
        self._router = router
        self._clock = clock
        self._on_failure = on_failure
        self._recaller = recaller
        self._settle_s = settle_s
        self._tasks: set[asyncio.Task[Any]] = set()
        self.placing: set[str] = set()
        """Orders of which the router has not said its last word: it may send them again."""
        self.answering = asyncio.Event()
        """Set once the venue has answered anything in this run: until then no question leaves."""
        self._looking: set[str] = set()
        a_minute = policy.questions_a_minute
        self._questions = Lane(a_minute / 60, max(1, a_minute // 10))
        self._turn = asyncio.Lock()
        self._closed = False
        self._cancels = Cancels(state, router, clock, self.spawn, self._told)
        self.canceling = self._cancels.under_way
        self.comparison = Comparison(state, inbox, router, clock, policy, self.spawn)
        self._pnl_query: asyncio.Task[None] | None = None
        self._sweep: asyncio.Task[None] | None = None
        self._timers: dict[float, _Timers] = {}  # by their length: a policy has a handful
        self._actions: dict[type, Callable[[Any], None]] = {
            OrderRequest: self._place,
            AmendRequest: self._amend,
            CancelRequest: self.resend_cancel,
            QueryOrder: self._look_up,
            QueryAccount: self._query_account,
            QueryPnl: self._query_pnl,
            StartTimer: self._start_timer,
            RecallOrder: self._recall,
            SettingRequest: self._change_setting,
            Sweep: self._start_sweep,
        }

    def send(self, request: Request) -> None:
        """Begin to carry out one request; returns at once. After `close` nothing is sent."""
        if not self._closed:
            self._actions[type(request)](request)

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Own a task: a failure of it stops trading."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    async def close(self) -> None:
        """Cancel what still runs and wait for it."""
        self._closed = True
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None and not self._closed:
            self._on_failure(error)

    def _place(self, request: OrderRequest) -> None:
        self._cancels.part()
        self.placing.add(request.client_order_id)
        work = self._router.place(request)
        self.spawn(self._answered(RequestKind.PLACE, request.client_order_id, work))

    def _amend(self, request: AmendRequest) -> None:
        work = self._router.amend(request)
        self.spawn(self._answered(RequestKind.AMEND, request.client_order_id, work))

    def resend_cancel(self, request: CancelRequest) -> None:
        """Send a cancel, with those of the same turn; harmless to repeat."""
        self._cancels.add(request)

    async def cancels_answered(self, within_s: float) -> None:
        """Wait for the answers to the cancels that were sent, `within_s` seconds at the most."""
        await self._cancels.answered(within_s)

    async def _answered(
        self, kind: RequestKind, client_order_id: str, work: Coroutine[Any, Any, OrderResponse]
    ) -> None:
        sent_ns = self._clock.now_ns()
        response = await work
        if kind is RequestKind.PLACE:
            self.placing.discard(client_order_id)
        self._told(kind, response, sent_ns)

    def _told(self, kind: RequestKind, response: OrderResponse, sent_ns: int) -> None:
        self._inbox.put(
            RequestOutcome(
                kind=kind,
                client_order_id=response.client_order_id,
                outcome=response.outcome,
                exchange_order_id=response.exchange_order_id,
                reason=response.reason,
                text=response.text,
                attempts=response.attempts,
                latency_s=(self._clock.now_ns() - sent_ns) / NS,
            )
        )

    def _look_up(self, query: QueryOrder) -> None:
        if query.client_order_id not in self._looking:
            self._looking.add(query.client_order_id)
            self.spawn(self._looked_up(query))

    async def _looked_up(self, query: QueryOrder) -> None:
        """Ask in turn, each order once at a time: many orders in doubt must not be a flood.

        While the venue answers nobody the question waits here, and is not used up. What a list or a
        stream has answered meanwhile is not asked any more.
        """
        asked_ns = self._clock.now_ns()
        await self.answering.wait()
        await self._router.unheld()
        async with self._turn:
            answered = self._is_answered(query, asked_ns)
            if not answered and (wait_s := self._questions.reserve(self._clock.now_ns(), math.inf)):
                await self._clock.sleep(wait_s)
        lookup = None if answered else await self._router.lookup(query)
        self._looking.discard(query.client_order_id)
        if lookup is not None:
            self._inbox.put(lookup)

    def _is_answered(self, query: QueryOrder, asked_ns: int) -> bool:
        order = self._state.orders.get_order(query.client_order_id)
        if order is None or order.updated_ts <= asked_ns:
            return False
        return not needs_answer(self._state, order)

    def _query_pnl(self, _request: QueryPnl) -> None:
        if self._pnl_query is None or self._pnl_query.done():
            self._pnl_query = self.spawn(self._queried_pnl())

    async def _queried_pnl(self) -> None:
        await self._router.unheld()
        baseline = self._state.pnl_baseline
        self._inbox.put(await self._router.pnl(baseline.ts if baseline is not None else 0))

    def _query_account(self, request: QueryAccount) -> None:
        self.comparison.ask(request.scopes)

    async def snapshot(self, fills_since_ns: int, scopes: frozenset[Scope]) -> AccountSnapshot:
        """The venue's view of the account, through the query lane."""
        return await self._router.snapshot(fills_since_ns, scopes)

    def _start_timer(self, timer: StartTimer) -> None:
        timers = self._timers.get(timer.after_s)
        if timers is None:
            timers = self._timers[timer.after_s] = _Timers(
                self._clock, timer.after_s, self._inbox.put
            )
        timers.start(TimerFired(kind=timer.kind, key=timer.key))

    def _recall(self, recall: RecallOrder) -> None:
        self.spawn(self._recalled(recall))

    async def _recalled(self, recall: RecallOrder) -> None:
        self._inbox.put(await self._recaller.recall(recall))

    def _change_setting(self, request: SettingRequest) -> None:
        self.spawn(self._changed_setting(request))

    async def _changed_setting(self, request: SettingRequest) -> None:
        self._inbox.put(await self._router.change_setting(request))

    def _start_sweep(self, _sweep: Sweep) -> None:
        if self._sweep is not None:
            self._sweep.cancel()
        kill = self._state.kill
        assert kill is not None  # a sweep follows from a KillStarted
        sweeper = Sweeper(
            kill, self._state, self, self._clock, self._inbox.put, settle_s=self._settle_s
        )
        self._sweep = self.spawn(sweeper.run())


class _Timers:
    """Timers of one length. They end in the order they began: one of the clock's serves them all.

    Every order starts one and hardly any is still needed when it ends, so they have to be cheap.
    """

    def __init__(self, clock: Clock, after_s: float, fire: Callable[[TimerFired], None]) -> None:
        self._clock = clock
        self._after_ns = round(after_s * NS)
        self._fire = fire
        self._running: deque[tuple[int, TimerFired]] = deque()  # when due, what then

    def start(self, timer: TimerFired) -> None:
        """Fire `timer` when its time has passed."""
        due_ns = self._clock.now_ns() + self._after_ns
        self._running.append((due_ns, timer))
        if len(self._running) == 1:
            self._clock.call_at(due_ns, self._expire)

    def _expire(self) -> None:
        running, now_ns = self._running, self._clock.now_ns()
        while running and running[0][0] <= now_ns:
            self._fire(running.popleft()[1])
        if running:
            self._clock.call_at(running[0][0], self._expire)
