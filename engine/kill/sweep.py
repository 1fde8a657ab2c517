"""The kill switch's second half: have the venue show zero of our open orders, twice.

The orders known when the switch was used are cancelled by the events of `decide_kill`, which
leave together (`engine.cancels`). The sweep asks the venue what is left, has new finds cancelled,
repeats old cancels, and ends either verified or INCOMPLETE with the list of what is left. The
second zero is read after everything that passed the router's gate before it closed must have
arrived.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from engine.clock import NS, Clock
from engine.core.decide.stops import is_swept
from engine.core.reports import AccountSnapshot, OrderReport, Scope, SweepReport, VenueStatus
from engine.core.requests import CancelRequest
from engine.core.state import State
from engine.core.trading import KillRecord
from engine.core.types import KillLevel, OrderState

ROUND_S = 0.25
"""Pause between two looks while something is left."""
BLIND_S = 1.0
"""Pause between two rounds of cancels while the venue cannot be asked what is left."""
BUDGET_S = 60.0
"""A sweep that has not reached zero by then says so; pressing the key again starts a new one."""


OPEN_ORDERS = frozenset({Scope.ORDERS})


class Venue(Protocol):
    """What a sweep needs of the way to the venue."""

    async def snapshot(self, fills_since_ns: int, scopes: frozenset[Scope]) -> AccountSnapshot: ...

    def resend_cancel(self, request: CancelRequest) -> None: ...

    async def cancels_answered(self, within_s: float) -> None: ...


class Sweeper:
    """One sweep, from the first look to the end. `run` never raises for what the venue does.

    `settle_s` is how long after the gate closed everything on its way must have arrived.
    """

    def __init__(
        self,
        kill: KillRecord,
        state: State,
        venue: Venue,
        clock: Clock,
        report: Callable[[SweepReport], None],
        *,
        settle_s: float,
    ) -> None:
        self._kill = kill
        self._state = state
        self._venue = venue
        self._clock = clock
        self._report = report
        self._settle_s = settle_s
        self._first_cancel_at = 0
        self._zeros = 0
        self._blind_ns = 0

    async def run(self) -> None:
        """Look and cancel until the venue showed zero twice, or the budget is used up."""
        residual = self._kill.targets
        if residual:
            self._first_cancel_at = self._clock.now_ns()
        deadline_ns = self._clock.now_ns() + round(BUDGET_S * NS)
        self._blind_ns = self._clock.now_ns() + round(BLIND_S * NS)
        looks = 0
        await self._venue.cancels_answered(ROUND_S)  # a look before would only list them all
        while self._clock.now_ns() < deadline_ns:
            snapshot = await self._venue.snapshot(self._clock.now_ns(), OPEN_ORDERS)
            if not snapshot.complete:
                residual = self._cancel_unseen()
                await self._clock.sleep(ROUND_S)
                continue
            left = [row for row in snapshot.open_orders if self._is_ours(row)]
            residual = tuple(row.client_order_id or row.exchange_order_id for row in left)
            if self._verified(residual):
                self._tell((), verified=True, finished=True)
                return
            self._tell(residual)
            if looks:
                self._repeat_cancels(left, snapshot.sent_ts)
            looks += 1
            await self._clock.sleep(ROUND_S if residual else self._until_settled_s())
        self._tell(residual, finished=True)

    def _verified(self, residual: tuple[str, ...]) -> bool:
        self._zeros = 0 if residual else self._zeros + 1
        return self._zeros >= 2 and self._until_settled_s() <= 0

    def _until_settled_s(self) -> float:
        settled_ns = self._kill.blocked_at + round(self._settle_s * NS)
        return max(0.0, (settled_ns - self._clock.now_ns()) / NS)

    def _repeat_cancels(self, left: list[OrderReport], sent_ts: int) -> None:
        """Cancel again what is left, unless its end was told of after the question left."""
        for row in left:
            order = self._state.orders.get_order(row.client_order_id)
            if order is not None and not order.is_open and order.updated_ts >= sent_ts:
                continue
            self._venue.resend_cancel(
                CancelRequest(
                    client_order_id=row.client_order_id or row.exchange_order_id,
                    symbol=row.symbol,
                    exchange_order_id="" if row.client_order_id else row.exchange_order_id,
                    waiting=row.status is VenueStatus.UNTRIGGERED,
                )
            )

    def _cancel_unseen(self) -> tuple[str, ...]:
        """What the private stream leaves open; those whose cancel was turned away are repeated."""
        left = [o for o in self._state.orders.open_orders() if is_swept(o, self._kill.level)]
        now_ns = self._clock.now_ns()
        if now_ns >= self._blind_ns:
            self._blind_ns = now_ns + round(BLIND_S * NS)
            for order in left:
                if order.state is not OrderState.PENDING_CANCEL:
                    self._venue.resend_cancel(
                        CancelRequest(client_order_id=order.client_order_id, symbol=order.symbol)
                    )
        return tuple(order.client_order_id for order in left)

    def _is_ours(self, row: OrderReport) -> bool:
        orders, level = self._state.orders, self._kill.level
        order = orders.get_order(row.client_order_id or row.exchange_order_id)
        if order is None:
            retired = orders.retired.find(row.client_order_id)
            swept = retired is not None and not retired.is_external
        else:
            swept = is_swept(order, level)
        protective = row.reduce_only and row.status is VenueStatus.UNTRIGGERED
        return swept and not (protective and level is KillLevel.KILL)

    def _tell(
        self, residual: tuple[str, ...], *, verified: bool = False, finished: bool = False
    ) -> None:
        self._report(
            SweepReport(
                kill_id=self._kill.kill_id,
                first_cancel_at=self._first_cancel_at,
                residual=residual,
                verified=verified,
                finished=finished,
            )
        )
