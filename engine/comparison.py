"""Asking what the account looks like at the venue: one question at a time, each part when due.

Open orders, positions, coins and executions are lists of their own, asked for at their own pace.
Whoever wants a part sooner asks for it here; what is asked for while a question is under way goes
out with the next one, so that no number of askers makes more than one question at a time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from msgspec.structs import replace

from engine.clock import NS, Clock
from engine.core.context import Policy
from engine.core.decide.recall import is_booked
from engine.core.reports import EVERYTHING, AccountSnapshot, FillEvent, Scope
from engine.core.state import State
from engine.inbox import Inbox
from engine.router import OrderRouter

SLICE = 500
"""Executions looked at before the loop gets a turn: well under a millisecond."""

Spawn = Callable[[Coroutine[Any, Any, Any]], asyncio.Task[Any]]


class Comparison:
    """Asks through `router`, hands answers to `inbox`. Use it on the engine's loop only."""

    def __init__(
        self,
        state: State,
        inbox: Inbox,
        router: OrderRouter,
        clock: Clock,
        policy: Policy,
        spawn: Spawn,
    ) -> None:
        self._state = state
        self._inbox = inbox
        self._router = router
        self._clock = clock
        self._policy = policy
        self._spawn = spawn
        self._every_s = {
            Scope.ORDERS: policy.orders_every_s,
            Scope.FILLS: policy.fills_every_s,
            Scope.POSITIONS: policy.holdings_every_s,
            Scope.WALLET: policy.holdings_every_s,
        }
        self._asked_ns: dict[Scope, int] = {}
        self._wanted: frozenset[Scope] = frozenset()
        self._complete_to_ns = _first_gap_ns(state, clock.now_ns())
        self._task: asyncio.Task[Any] | None = None

    @property
    def running(self) -> bool:
        """True while an answer is under way."""
        return self._task is not None and not self._task.done()

    def ask(self, scopes: frozenset[Scope]) -> None:
        """Ask for these parts now, or right after the answer that is under way."""
        self._wanted |= scopes
        if not self.running:
            self._task = self._spawn(self._answer())

    async def keep_asking(self) -> None:
        """Ask for each part when it is due, for as long as the engine runs.

        Everything is due until the account has been compared as a whole.
        """
        tick_s = min(self._every_s.values())
        while True:
            await self._clock.sleep(tick_s)
            self.ask(self._due(tick_s) if self._state.ready else EVERYTHING)

    def _due(self, tick_s: float) -> frozenset[Scope]:
        """What was last asked for its own period ago, give or take half a tick."""
        now_ns = self._clock.now_ns()
        return frozenset(
            scope
            for scope, every_s in self._every_s.items()
            if now_ns - self._asked_ns.get(scope, 0) >= (every_s - tick_s / 2) * NS
        )

    async def _answer(self) -> None:
        while self._wanted:
            await self._router.unheld()
            scopes, self._wanted = self._wanted, frozenset()
            self._asked_ns |= dict.fromkeys(scopes, self._clock.now_ns())
            known = None if self._in_doubt() else partial(is_booked, self._state)
            snapshot = await self._router.snapshot(self._fills_since_ns(), scopes, known)
            if snapshot.complete and Scope.FILLS in scopes:
                self._complete_to_ns = max(self._complete_to_ns, snapshot.sent_ts)
            for fill in await self._unknown(snapshot):
                self._inbox.put(fill)
            self._inbox.put(replace(snapshot, fills=()))

    def _fills_since_ns(self) -> int:
        """A while before the newest known execution, and before the last list that was whole."""
        newest_ns = max(self._state.fill_ts.values(), default=self._complete_to_ns)
        overlap_ns = round(self._policy.fills_overlap_s * NS)
        return min(newest_ns, self._complete_to_ns) - overlap_ns

    def _in_doubt(self) -> bool:
        """True while something may be missing: then every execution of the time is read again.

        Otherwise the newest ones are, back to what is booked: a busy account has thousands.
        """
        state = self._state
        drift = state.reconciled.drift if state.reconciled is not None else ()
        return not state.ready or bool(state.suspects or drift or state.promised)

    async def _unknown(self, snapshot: AccountSnapshot) -> list[FillEvent]:
        """The executions that are not booked yet; most of a list is known, and known cheaply."""
        unknown: list[FillEvent] = []
        if not snapshot.complete:
            return unknown
        for start in range(0, len(snapshot.fills), SLICE):
            if start:
                await asyncio.sleep(0)
            part = snapshot.fills[start : start + SLICE]
            unknown += [fill for fill in part if not is_booked(self._state, fill)]
        return unknown


def _first_gap_ns(state: State, now_ns: int) -> int:
    """From when on an earlier run may have missed executions; a new account has missed none."""
    newest_ns = max(state.fill_ts.values(), default=0)
    oldest_ns = min((order.created_ts for order in state.orders.orders.values()), default=now_ns)
    return min(newest_ns or oldest_ns, now_ns)
