"""From the engine's events to its metrics: what is counted when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal

from engine.clock import NS
from engine.core.events import (
    EngineStarted,
    Event,
    EventType,
    OrderDenied,
    OrderEvent,
    OrderSubmitted,
)
from engine.core.orders.machine import Order
from engine.core.state import State
from engine.core.types import ZERO, OrderState
from engine.metrics.live import LiveExecutionMetrics

UNKNOWN = OrderState.UNKNOWN

_ANSWERED, _FILLING, _PARTIAL = 1, 2, 4
"""What was already noted of an order that is still open."""


class EventMetrics:
    """Folds the events of one run into `live`; what a former run counted stays with that run.

    An order is counted once as placed, once as filled in part, and once by how it ended; its
    latencies and retries are observed at the venue's first answer and at the first fill.
    """

    def __init__(self, live: LiveExecutionMetrics) -> None:
        self.live = live
        self._open: dict[str, int] = {}
        self._unknown: dict[str, Order] = {}
        self._symbols: set[str] = set()
        self._anomalies: Counter[str] = Counter()
        self._unreadable: Counter[str] = Counter()

    def fold(self, events: Sequence[Event], state: State) -> None:
        """Count what `events` mean; `state` is the one after all of them."""
        touched: dict[str, Order] = {}
        for event in events:
            if type(event) is OrderEvent:
                order = state.orders.orders.get(event.client_order_id)
                if order is not None:
                    touched[order.client_order_id] = order
                    self._progress(event, order)
            elif type(event) is OrderSubmitted:
                self._open[event.client_order_id] = 0
                self.live.increment_orders_placed(event.symbol, event.side)
            elif type(event) is OrderDenied:
                self.live.increment_orders_rejected(event.symbol, event.side, event.code)
            elif type(event) is EngineStarted:
                for order in state.orders.open_orders():
                    self._open[order.client_order_id] = _noted(order)
                    touched[order.client_order_id] = order
        for order in touched.values():
            if order.state is UNKNOWN:
                self._unknown[order.client_order_id] = order
            elif self._unknown:
                self._unknown.pop(order.client_order_id, None)
            if not order.is_open and self._open.pop(order.client_order_id, None) is not None:
                self._count_end(order)

    def refresh(self, state: State, marks: Mapping[str, Decimal], now_ns: int) -> None:
        """Set what is a view of the state and the newest marks: call it before an export."""
        for key, position in state.positions.positions.items():
            unrealized = position.unrealized_at(marks.get(position.symbol, position.mark_price))
            pnl = None if unrealized is None else position.realized_pnl + unrealized
            self.live.set_position(key, position.qty, pnl)
        oldest_ns = min((order.updated_ts for order in self._unknown.values()), default=now_ns)
        trust = self.live.trust
        trust.unknown_orders.set(len(self._unknown))
        trust.oldest_unknown_age.set((now_ns - oldest_ns) / NS)
        drifts = state.reconciled.drift if state.reconciled is not None else ()
        qty_by_symbol = {drift.symbol: drift.qty for drift in drifts}
        self._symbols |= qty_by_symbol.keys() | state.positions.positions.keys()
        for symbol in self._symbols:
            trust.position_drift.set(qty_by_symbol.get(symbol, ZERO), symbol)
        anomalies = state.orders.anomalies + state.positions.anomalies
        for kind, fresh in (anomalies - self._anomalies).items():
            trust.anomalies.inc(kind, by=fresh)
        self._anomalies |= anomalies

    def count_unreadable(self, kinds: Mapping[str, int]) -> None:
        """Bring the count of unreadable input up to these totals of this run: before an export."""
        for kind, fresh in (Counter(kinds) - self._unreadable).items():
            self.live.trust.unreadable_input.inc(kind, by=fresh)
        self._unreadable |= Counter(kinds)

    def _progress(self, event: OrderEvent, order: Order) -> None:
        noted = self._open.get(order.client_order_id)
        if noted is None:
            if not order.is_open:
                return  # it was counted as it ended
            noted = _noted(order)  # it is open again: the venue corrected itself
        answered = order.acked_ts or not order.is_open
        if answered and not noted & _ANSWERED:
            noted |= _ANSWERED
            self.live.observe_retry_count(order.symbol, max(0, order.attempts - 1))
            if order.acked_ts:
                self.live.observe_order_latency(order.symbol, _since_submit(order, order.acked_ts))
        if order.first_fill_ts and not noted & _FILLING:
            noted |= _FILLING
            self.live.observe_fill_latency(order.symbol, _since_submit(order, order.first_fill_ts))
        if event.type is EventType.PARTIAL_FILL and not noted & _PARTIAL:
            noted |= _PARTIAL
            self.live.increment_orders_partially_filled(order.symbol, order.side)
        self._open[order.client_order_id] = noted

    def _count_end(self, order: Order) -> None:
        if order.state is OrderState.FILLED:
            self.live.increment_orders_filled(order.symbol, order.side)
        elif order.state is OrderState.CANCELED:
            self.live.increment_orders_canceled(order.symbol, order.side)
        elif order.state is OrderState.REJECTED:
            self.live.increment_orders_rejected(order.symbol, order.side, order.reason)


def _noted(order: Order) -> int:
    """Return what a former run must have noted of an order."""
    return (
        (_ANSWERED if order.acked_ts else 0)
        | (_FILLING if order.first_fill_ts else 0)
        | (_PARTIAL if order.cum_qty else 0)
    )


def _since_submit(order: Order, ts: int) -> float:
    return (ts - order.created_ts) / NS
