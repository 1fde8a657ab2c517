from __future__ import annotations

import re

from engine.metrics.export import export_text
from engine.metrics.families import Registry
from engine.metrics.trust import WALL_CLOCK, TrustMetrics


def test_every_metric_of_trust_is_exported() -> None:
    registry = Registry()
    TrustMetrics(registry)
    assert re.findall(r"^# TYPE (\S+) (\S+)$", export_text(registry), re.M) == [
        ("unknown_orders", "gauge"),
        ("oldest_unknown_age_seconds", "gauge"),
        ("position_drift", "gauge"),
        ("reconcile_duration_seconds", "gauge"),
        ("cancel_all_seconds", "gauge"),
        ("stream_gap_seconds", "gauge"),
        ("journal_lag_seconds", "gauge"),
        ("rate_budget_left", "gauge"),
        ("breaker_open", "gauge"),
        ("anomalies_total", "counter"),
        ("unreadable_input_total", "counter"),
        ("loop_lag_seconds", "gauge"),
    ]


def test_what_measures_real_time_is_among_them() -> None:
    registry = Registry()
    TrustMetrics(registry)
    assert {family.name for family in registry.collect()} > WALL_CLOCK
