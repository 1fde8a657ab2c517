from __future__ import annotations

import math
import random
from decimal import Decimal

import prometheus_client
import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from engine.clock import SimClock
from engine.metrics.export import export_text
from engine.metrics.families import Counter, Gauge, Histogram, Registry


def lines(registry: Registry) -> list[str]:
    """The samples of an export, without heads."""
    text = export_text(registry, created=False)
    return [line for line in text.splitlines() if not line.startswith("#")]


def test_a_counter_counts_each_set_of_labels_by_itself() -> None:
    registry = Registry()
    counter = Counter("orders_total", "Orders", ("symbol", "side"), registry)
    for side in ("Sell", "Buy", "Sell"):
        counter.inc("BTCUSDT", side)
    counter.inc("BTCUSDT", "Buy", by=2.5)
    assert lines(registry) == [
        'orders_total{side="Buy",symbol="BTCUSDT"} 3.5',
        'orders_total{side="Sell",symbol="BTCUSDT"} 2.0',
    ]


def test_a_name_that_is_taken_is_an_error() -> None:
    registry = Registry()
    Counter("orders_total", "Orders", (), registry)
    with pytest.raises(ValueError, match="orders"):
        Gauge("orders_total", "Orders", (), registry)


def test_the_librarys_exporter_writes_the_same() -> None:
    registry = Registry(SimClock(1_700_000_000_250_000_000))
    Gauge("empty", "Nothing yet", ("symbol",), registry)
    Gauge("pnl", 'P&L \\ a "loss"\nor not', ("symbol",), registry).set(-1e-9, 'a"} 7\n\\')
    Counter("orders_total", "Orders", ("symbol", "side"), registry).inc("B", "Buy")
    histogram = Histogram("latency_seconds", "Latency", (), registry, buckets=(0.1, 1e7))
    histogram.observe(2e6)
    assert generate_latest(registry).decode() == export_text(registry)
    assert registry.get_sample_value("latency_seconds_created") == 1_700_000_000.25


def test_the_librarys_own_values_are_read_as_the_same() -> None:
    rng = random.Random(1)
    ours, theirs = Registry(), CollectorRegistry()
    buckets, names = (0.001, 0.1, 5.0), ("symbol", "side")
    counters = (
        Counter("orders_total", "Orders", names, ours),
        prometheus_client.Counter("orders_total", "Orders", names, registry=theirs),
    )
    gauges = (
        Gauge("qty", "Quantity", names, ours),
        prometheus_client.Gauge("qty", "Quantity", names, registry=theirs),
    )
    histograms = (
        Histogram("age", "Age", names, ours, buckets=buckets),
        prometheus_client.Histogram("age", "Age", names, registry=theirs, buckets=buckets),
    )
    for _ in range(500):
        labels = (rng.choice("ABC"), rng.choice(("Buy", "Sell")))
        value = rng.choice((0.0, 0.001, 0.1, 5.0, rng.random() * 10))
        counters[0].inc(*labels, by=value)
        counters[1].labels(*labels).inc(value)
        gauges[0].set(-value, *labels)
        gauges[1].labels(*labels).set(-value)
        histograms[0].observe(value, *labels)
        histograms[1].labels(*labels).observe(value)
    assert read(export_text(ours)) == read(generate_latest(theirs).decode())


def read(text: str) -> dict[tuple[str, str], set[tuple[str, tuple[tuple[str, str], ...], float]]]:
    """What a scraper takes from a text, but for when members began."""
    return {
        (family.name, family.type): {
            (sample.name, tuple(sorted(sample.labels.items())), sample.value)
            for sample in family.samples
        }
        for family in text_string_to_metric_families(text)
        if not family.name.endswith("_created")
    }


def test_a_gauge_without_labels_has_its_one_member_from_the_start() -> None:
    registry = Registry()
    gauge = Gauge("lag_seconds", "Lag", (), registry)
    assert lines(registry) == ["lag_seconds 0.0"]
    gauge.set(Decimal("0.25"))
    assert lines(registry) == ["lag_seconds 0.25"]


def test_numbers_without_a_value_are_written_as_prometheus_reads_them() -> None:
    registry = Registry()
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
    registry = Registry()
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
    registry = Registry()
    counter = Counter("orders_total", "Orders", ("symbol", "side"), registry)
    for _ in range(2):
        with pytest.raises(ValueError, match="label"):
            counter.inc(*values)
    assert lines(registry) == []
