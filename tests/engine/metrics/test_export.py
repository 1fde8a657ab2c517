from __future__ import annotations

import threading

from prometheus_client.parser import text_string_to_metric_families

from engine.metrics.export import export_text
from engine.metrics.families import Counter, Gauge, Histogram, Registry


def test_families_come_as_registered_and_members_by_their_label_values() -> None:
    registry = Registry()
    depth = Gauge("depth", "Depth", ("symbol",), registry)
    ages = Histogram("age_seconds", "Age", ("symbol",), registry, buckets=(2.0, 10.0))
    for symbol in ("B", "A"):
        depth.set(1, symbol)
        ages.observe(3, symbol)
    assert export_text(registry, created=False).splitlines() == [
        "# HELP depth Depth",
        "# TYPE depth gauge",
        'depth{symbol="A"} 1.0',
        'depth{symbol="B"} 1.0',
        "# HELP age_seconds Age",
        "# TYPE age_seconds histogram",
        'age_seconds_bucket{le="2.0",symbol="A"} 0.0',
        'age_seconds_bucket{le="10.0",symbol="A"} 1.0',
        'age_seconds_bucket{le="+Inf",symbol="A"} 1.0',
        'age_seconds_count{symbol="A"} 1.0',
        'age_seconds_sum{symbol="A"} 3.0',
        'age_seconds_bucket{le="2.0",symbol="B"} 0.0',
        'age_seconds_bucket{le="10.0",symbol="B"} 1.0',
        'age_seconds_bucket{le="+Inf",symbol="B"} 1.0',
        'age_seconds_count{symbol="B"} 1.0',
        'age_seconds_sum{symbol="B"} 3.0',
    ]


def test_when_a_member_began_is_told_only_when_asked_for() -> None:
    registry = Registry()
    Counter("orders_total", "Orders", (), registry).inc()
    Histogram("age_seconds", "Age", (), registry, buckets=(2.0,)).observe(1)
    without = export_text(registry, created=False)
    assert "_created" not in without
    told = [line for line in export_text(registry).splitlines() if "_created" in line]
    assert [line.rpartition(" ")[0] for line in told if not line.startswith("#")] == [
        "orders_created",
        "age_seconds_created",
    ]
    left = [line for line in export_text(registry).splitlines() if line not in told]
    assert left == without.splitlines()


def test_a_family_that_is_left_out_leaves_no_trace() -> None:
    registry = Registry()
    Gauge("lag_seconds", "Lag", (), registry)
    Gauge("depth", "Depth", ("symbol",), registry)
    assert export_text(registry, without={"lag_seconds"}).splitlines() == [
        "# HELP depth Depth",
        "# TYPE depth gauge",
    ]


def test_a_hostile_label_value_stays_one_value() -> None:
    hostile = 'a"} 7\nfake_total{x="\\'
    registry = Registry()
    Counter("orders_total", "Orders", ("symbol",), registry).inc(hostile)
    (family,) = text_string_to_metric_families(export_text(registry, created=False))
    assert [(sample.labels, sample.value) for sample in family.samples] == [
        ({"symbol": hostile}, 1.0)
    ]


def test_counting_and_beginning_members_goes_on_while_another_thread_exports() -> None:
    registry = Registry()
    ages = Histogram("age_seconds", "Age", ("symbol",), registry, buckets=(2.0,))
    texts: list[str] = []

    def export_often() -> None:
        texts.extend(export_text(registry) for _ in range(20))

    thread = threading.Thread(target=export_often)
    thread.start()
    for number in range(2_000):
        ages.observe(1, f"S{number % 100}")
    thread.join()
    for text in (*texts, export_text(registry)):
        for sample in (s for f in text_string_to_metric_families(text) for s in f.samples):
            assert sample.value >= 0
    for number in range(100):
        labels = {"symbol": f"S{number}"}
        assert registry.get_sample_value("age_seconds_count", labels) == 20.0
    assert len(texts) == 20
