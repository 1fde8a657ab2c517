"""Metrics that say how far the engine's picture of the world can be trusted."""

from __future__ import annotations

from engine.metrics.families import Counter, Gauge, Registry

WALL_CLOCK = frozenset({"journal_lag_seconds", "loop_lag_seconds"})
"""Families that measure real time, which no two runs have in common."""


class TrustMetrics:
    """One attribute a metric; the engine sets them as it learns. Ages and durations in seconds."""

    def __init__(self, registry: Registry) -> None:
        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(name, text, labels, registry)

        self.unknown_orders = gauge("unknown_orders", "Orders whose fate is not known")
        self.oldest_unknown_age = gauge(
            "oldest_unknown_age_seconds", "How long the fate of the oldest one has not been known"
        )
        self.position_drift = gauge(
            "position_drift", "Venue quantity minus ledger quantity", "symbol"
        )
        self.reconcile_duration = gauge(
            "reconcile_duration_seconds", "How long the last comparison with the venue took"
        )
        self.cancel_all_duration = gauge(
            "cancel_all_seconds", "From the closed gate to verified zero, of the last kill"
        )
        self.stream_gap = gauge("stream_gap_seconds", "Age of the newest market data")
        self.journal_lag = gauge(
            "journal_lag_seconds", "Age of the oldest write that is not durable"
        )
        self.rate_budget_left = gauge(
            "rate_budget_left", "Requests that may be sent at once, by lane", "lane"
        )
        self.breaker_open = gauge("breaker_open", "1 while the circuit breaker is open", "class")
        self.anomalies = Counter(
            "anomalies_total", "What should not have happened, by kind", ("kind",), registry
        )
        self.unreadable_input = Counter(
            "unreadable_input_total",
            "What the venue sent that could not be used, by kind",
            ("kind",),
            registry,
        )
        self.loop_lag = gauge("loop_lag_seconds", "How late the event loop ran its last timer")
