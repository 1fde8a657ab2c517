from __future__ import annotations

import math
from decimal import Decimal

import pytest
from prometheus_client import CollectorRegistry

from engine.metrics.export import export_text
from engine.metrics.families import Counter, Gauge, Histogram


def lines(registry: CollectorRegistry) -> list[str]:
    """The samples of an export, without heads."""
    text = export_text(registry, created=False)
    return [line for line in text.splitlines() if not line.startswith("#")]


def test_a_counter_counts_each_set_of_labels_by_itself() -> None:
    registry = CollectorRegistry()
    counter = Counter("orders_total", "Orders", ("symbol", "side"), registry)
    for side in ("Sell", "Buy", "Sell"):
        counter.inc("BTCUSDT", side)
    counter.inc("BTCUSDT", "Buy", by=2.5)
    assert lines(registry) == [
        'orders_total{side="Buy",symbol="BTCUSDT"} 3.5',
        'orders_total{side="Sell",symbol="BTCUSDT"} 2.0',
    ]


def test_a_member_is_asked_of_the_library_once(monkeypatch: pytest.MonkeyPatch) -> None:
    counter = Counter("orders_total", "Orders", ("symbol",), registry := CollectorRegistry())
    counter.inc("BTCUSDT")
    monkeypatch.delattr("prometheus_client.metrics.MetricWrapperBase.labels")
    counter.inc("BTCUSDT")
    assert lines(registry) == ['orders_total{symbol="BTCUSDT"} 2.0']


def test_a_gauge_without_labels_has_its_one_member_from_the_start() -> None:
    registry = CollectorRegistry()
    gauge = Gauge("lag_seconds", "Lag", (), registry)
    assert lines(registry) == ["lag_seconds 0.0"]
    gauge.set(Decimal("0.25"))
    assert lines(registry) == ["lag_seconds 0.25"]


def test_numbers_without_a_value_are_written_as_prometheus_reads_them() -> None:
    registry = CollectorRegistry()
    gauge = Gauge("pnl", "P&L", ("symbol",), registry)
    for symbol, value in (("A", math.nan), ("B", math.inf), ("C", -math.inf), ("D", -1e-9)):
        gauge.set(value, symbol)
    assert lines(registry) == [
        'pnl{symbol="A"} NaN',
        'pnl{symbol="B"} +Inf',
        'pnl{symbol="C"} -Inf',
        'pnl{symbol="D"} -1e-09',
    ]


def test_a_histogram_counts_a_bound_into_its_bucket() -> None:
    registry = CollectorRegistry()
    histogram = Histogram("latency_seconds", "Latency", ("symbol",), registry, buckets=(0.1, 1.0))
    for value in (0.05, 0.1, 0.5, 3.0):
        histogram.observe(value, "BTCUSDT")
    assert lines(registry) == [
        'latency_seconds_bucket{le="0.1",symbol="BTCUSDT"} 2.0',
        'latency_seconds_bucket{le="1.0",symbol="BTCUSDT"} 3.0',
        'latency_seconds_bucket{le="+Inf",symbol="BTCUSDT"} 4.0',
        'latency_seconds_count{symbol="BTCUSDT"} 4.0',
        'latency_seconds_sum{symbol="BTCUSDT"} 3.65',
    ]


@pytest.mark.parametrize("values", [(), ("BTCUSDT",), ("BTCUSDT", "Buy", "more")])
def test_the_wrong_number_of_label_values_is_an_error(values: tuple[str, ...]) -> None:
    registry = CollectorRegistry()
    counter = Counter("orders_total", "Orders", ("symbol", "side"), registry)
    for _ in range(2):
        with pytest.raises(ValueError, match="label"):
            counter.inc(*values)
    assert lines(registry) == []
