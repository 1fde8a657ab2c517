"""The metrics of live execution: ten families with fixed names, and those that describe trust."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

from engine.clock import NS, Clock, LiveClock
from engine.metrics.export import export_text
from engine.metrics.families import Counter, Gauge, Histogram, Labels, Registry
from engine.metrics.trust import WALL_CLOCK, TrustMetrics

LATENCY_BUCKETS_S = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0)
RETRY_BUCKETS = (0.0, 1.0, 2.0, 3.0)

_REASONS_MAX = 100  # of a closed set of some fifty; what comes after is counted as OTHER
_OTHER = "OTHER"


class LiveExecutionMetrics:
    """Counts of orders, their latencies, retries and positions. No two instances share anything.

    `clock` times `track_order_latency`; without one it is the wall clock. A side is "Buy" or
    "Sell". `trust` holds the metrics beyond the ten; all of them are in `registry`.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or LiveClock()
        self._reasons: set[str] = set()
        self.registry = registry = Registry(self._clock)
        order, symbol = ("symbol", "side"), ("symbol",)

        def counter(name: str, text: str, labels: Labels = order) -> Counter:
            return Counter(name, text, labels, registry)

        def histogram(name: str, text: str, buckets: tuple[float, ...]) -> Histogram:
            return Histogram(name, text, symbol, registry, buckets=buckets)

        def gauge(name: str, text: str) -> Gauge:
            return Gauge(name, text, symbol, registry)

        self._orders_placed = counter("orders_placed_total", "Orders handed to the router")
        self._orders_filled = counter("orders_filled_total", "Orders that ended filled")
        self._orders_partially_filled = counter(
            "orders_partially_filled_total", "Orders that were filled in part, each once"
        )
        self._orders_rejected = counter(
            "orders_rejected_total",
            "Orders denied here or rejected by the venue, by reason",
            (*order, "reason"),
        )
        self._orders_canceled = counter("orders_canceled_total", "Orders that ended canceled")
        self._order_latency = histogram(
            "order_latency_seconds", "From submit to acknowledgement", LATENCY_BUCKETS_S
        )
        self._fill_latency = histogram(
            "fill_latency_seconds", "From submit to the first fill", LATENCY_BUCKETS_S
        )
        self._order_retries = histogram(
            "order_retry_count", "Retries an order took until the venue answered", RETRY_BUCKETS
        )
        self._position_qty = gauge("position_qty", "Position, signed, in units of the symbol")
        self._position_pnl = gauge(
            "position_pnl", "Realized and unrealized P&L before fees; NaN while unpriced"
        )
        self.trust = TrustMetrics(registry)

    def increment_orders_placed(self, symbol: str, side: str) -> None:
        """Count an order that was handed to the router."""
        self._orders_placed.inc(symbol, side)

    def increment_orders_filled(self, symbol: str, side: str) -> None:
        """Count an order that ended filled."""
        self._orders_filled.inc(symbol, side)

    def increment_orders_partially_filled(self, symbol: str, side: str) -> None:
        """Count an order at the first of its fills that left something open."""
        self._orders_partially_filled.inc(symbol, side)

    def increment_orders_rejected(self, symbol: str, side: str, reason: str) -> None:
        """Count an order that was denied or rejected; `reason` is a word of a closed set."""
        self._orders_rejected.inc(symbol, side, self._closed(reason))

    def increment_orders_canceled(self, symbol: str, side: str) -> None:
        """Count an order that ended canceled."""
        self._orders_canceled.inc(symbol, side)

    def observe_order_latency(self, symbol: str, seconds: float) -> None:
        """Note how long an order took from submit to acknowledgement."""
        self._order_latency.observe(seconds, symbol)

    def observe_fill_latency(self, symbol: str, seconds: float) -> None:
        """Note how long an order took from submit to its first fill."""
        self._fill_latency.observe(seconds, symbol)

    def observe_retry_count(self, symbol: str, retries: int) -> None:
        """Note how often an order was sent again before the venue answered."""
        self._order_retries.observe(retries, symbol)

    def set_position(self, symbol: str, qty: Decimal | float, pnl: Decimal | float | None) -> None:
        """Show a position: signed quantity, realized + unrealized P&L, None while unpriced."""
        self._position_qty.set(qty, symbol)
        self._position_pnl.set(float("nan") if pnl is None else pnl, symbol)

    @contextmanager
    def track_order_latency(self, symbol: str) -> Iterator[None]:
        """Observe the time that the block takes as an order latency, also when it raises."""
        started_ns = self._clock.now_ns()
        try:
            yield
        finally:
            self.observe_order_latency(symbol, (self._clock.now_ns() - started_ns) / NS)

    def export_prometheus(self, *, created: bool = True, wall_clock: bool = True) -> str:
        """Return everything in Prometheus' text format, in an order that depends on nothing.

        `created` adds when each counter and histogram began; without it and without the
        `wall_clock` metrics two equal runs export equal text. Safe in any thread.
        """
        without = frozenset() if wall_clock else WALL_CLOCK
        return export_text(self.registry, created=created, without=without)

    def _closed(self, reason: str) -> str:
        """Return the reason as a label: nothing that the venue wrote, and never too many."""
        if reason in self._reasons:
            return reason
        if len(self._reasons) < _REASONS_MAX and reason.isidentifier() and reason.isascii():
            self._reasons.add(reason)
            return reason
        return _OTHER
