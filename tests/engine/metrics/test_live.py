from __future__ import annotations

import math
import re
import shutil
import subprocess
from decimal import Decimal

import pytest
from prometheus_client.parser import text_string_to_metric_families

from engine.clock import SimClock
from engine.core.types import Side
from engine.metrics import LiveExecutionMetrics

T0 = 1_723_161_600_000_000_000
ORDER, SYMBOL = ["symbol", "side"], ["symbol"]
CONTRACT = {
    "orders_placed_total": ("counter", ORDER),
    "orders_filled_total": ("counter", ORDER),
    "orders_partially_filled_total": ("counter", ORDER),
    "orders_rejected_total": ("counter", [*ORDER, "reason"]),
    "orders_canceled_total": ("counter", ORDER),
    "order_latency_seconds": ("histogram", SYMBOL),
    "fill_latency_seconds": ("histogram", SYMBOL),
    "order_retry_count": ("histogram", SYMBOL),
    "position_qty": ("gauge", SYMBOL),
    "position_pnl": ("gauge", SYMBOL),
}
LATENCIES = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0]
RETRIES = [0.0, 1.0, 2.0, 3.0]


def create() -> tuple[LiveExecutionMetrics, SimClock]:
    clock = SimClock(T0)
    return LiveExecutionMetrics(clock), clock


def busy() -> LiveExecutionMetrics:
    """Metrics with something in each of the ten families."""
    metrics, _ = create()
    for symbol in ("ETHUSDT", "BTCUSDT"):
        for side in (Side.BUY, Side.SELL):
            metrics.increment_orders_placed(symbol, side)
            metrics.increment_orders_filled(symbol, side)
            metrics.increment_orders_partially_filled(symbol, side)
            metrics.increment_orders_rejected(symbol, side, "PRICE")
            metrics.increment_orders_canceled(symbol, side)
        metrics.observe_order_latency(symbol, 0.0042)
        metrics.observe_fill_latency(symbol, 12.5)
        metrics.observe_retry_count(symbol, 2)
        metrics.set_position(symbol, Decimal("-0.010"), Decimal("1.5"))
    return metrics


def value(metrics: LiveExecutionMetrics, name: str, **labels: str) -> float | None:
    """One sample; None where there is none."""
    return metrics.registry.get_sample_value(name, labels)


def rejected(metrics: LiveExecutionMetrics, reason: str) -> float | None:
    return value(metrics, "orders_rejected_total", symbol="BTCUSDT", side="Buy", reason=reason)


def test_all_ten_families_are_exported_when_nothing_happened() -> None:
    metrics, _ = create()
    types = re.findall(r"^# TYPE (\S+) (\S+)$", metrics.export_prometheus(created=False), re.M)
    assert types[:10] == [(name, kind) for name, (kind, _) in CONTRACT.items()]
    helps = re.findall(r"^# HELP (\S+) \S", metrics.export_prometheus(), re.M)
    assert set(CONTRACT) < set(helps)


def test_the_ten_families_have_the_labels_and_buckets_of_the_contract() -> None:
    families = {
        re.findall(r"^# TYPE (\S+)", block, re.M)[0]: block
        for block in busy().export_prometheus(created=False).split("# HELP ")[1:]
        if "{" in block
    }
    assert set(families) == set(CONTRACT)
    for name, (kind, labels) in CONTRACT.items():
        found = {tuple(re.findall(r'(\w+)="', line)) for line in families[name].splitlines()[2:]}
        bucketed = {tuple(sorted([*labels, "le"]))} if kind == "histogram" else set()
        assert found == {tuple(sorted(labels))} | bucketed
        if kind == "histogram":
            bounds = re.findall(r'_bucket\{le="(\S+)",symbol="BTCUSDT"\}', families[name])
            expected = RETRIES if name == "order_retry_count" else LATENCIES
            assert [float(bound) for bound in bounds] == [*expected, math.inf]


def test_each_of_the_ten_holds_what_was_told() -> None:
    metrics = busy()
    for symbol in ("BTCUSDT", "ETHUSDT"):
        for side in ("Buy", "Sell"):
            for end in ("placed", "filled", "partially_filled", "canceled"):
                assert value(metrics, f"orders_{end}_total", symbol=symbol, side=side) == 1.0
            labels = {"symbol": symbol, "side": side, "reason": "PRICE"}
            assert value(metrics, "orders_rejected_total", **labels) == 1.0
        assert value(metrics, "order_latency_seconds_sum", symbol=symbol) == 0.0042
        assert value(metrics, "order_latency_seconds_bucket", symbol=symbol, le="0.001") == 0.0
        assert value(metrics, "order_latency_seconds_bucket", symbol=symbol, le="0.005") == 1.0
        assert value(metrics, "fill_latency_seconds_bucket", symbol=symbol, le="10.0") == 0.0
        assert value(metrics, "fill_latency_seconds_bucket", symbol=symbol, le="+Inf") == 1.0
        assert value(metrics, "order_retry_count_bucket", symbol=symbol, le="1.0") == 0.0
        assert value(metrics, "order_retry_count_bucket", symbol=symbol, le="2.0") == 1.0
        assert value(metrics, "position_qty", symbol=symbol) == -0.01
        assert value(metrics, "position_pnl", symbol=symbol) == 1.5


@pytest.mark.parametrize("metrics", [create()[0], busy()], ids=["empty", "busy"])
@pytest.mark.parametrize("created", [True, False])
@pytest.mark.skipif(shutil.which("promtool") is None, reason="needs Prometheus' promtool")
def test_promtool_has_no_complaint(metrics: LiveExecutionMetrics, created: bool) -> None:
    check = subprocess.run(
        ["promtool", "check", "metrics"],
        input=metrics.export_prometheus(created=created),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (check.returncode, check.stdout, check.stderr) == (0, "", "")


def test_a_session_exports_the_same_text_whenever_and_in_whatever_order_it_ran() -> None:
    early, _ = create()
    late = LiveExecutionMetrics(SimClock(T0 + 10**15))
    for symbol in ("BTCUSDT", "ETHUSDT"):
        early.increment_orders_placed(symbol, "Buy")
    for symbol in ("ETHUSDT", "BTCUSDT"):
        late.increment_orders_placed(symbol, "Buy")
    late.trust.loop_lag.set(0.5)
    late.trust.journal_lag.set(0.5)
    text = early.export_prometheus(created=False, wall_clock=False)
    assert late.export_prometheus(created=False, wall_clock=False) == text
    assert "_created" not in text
    assert "lag_seconds" not in text
    assert text.endswith("\n")


def test_two_instances_share_nothing() -> None:
    one, other = create()[0], create()[0]
    one.increment_orders_placed("BTCUSDT", "Buy")
    assert value(one, "orders_placed_total", symbol="BTCUSDT", side="Buy") == 1.0
    assert value(other, "orders_placed_total", symbol="BTCUSDT", side="Buy") is None


def test_a_side_may_be_a_word_or_a_member() -> None:
    metrics, _ = create()
    metrics.increment_orders_placed("BTCUSDT", "Sell")
    metrics.increment_orders_placed("BTCUSDT", Side.SELL)
    assert 'orders_placed_total{side="Sell",symbol="BTCUSDT"} 2.0\n' in metrics.export_prometheus()


def test_the_time_a_block_takes_is_an_order_latency_also_when_it_raises() -> None:
    metrics, clock = create()
    with metrics.track_order_latency("BTCUSDT"):
        clock.move_to(T0 + 250_000_000)
    tracked = metrics.track_order_latency("BTCUSDT")
    tracked.__enter__()
    clock.move_to(T0 + 500_000_000)
    assert not tracked.__exit__(KeyError, KeyError("bug"), None)
    text = metrics.export_prometheus()
    assert 'order_latency_seconds_bucket{le="0.1",symbol="BTCUSDT"} 0.0\n' in text
    assert 'order_latency_seconds_bucket{le="0.5",symbol="BTCUSDT"} 2.0\n' in text
    assert 'order_latency_seconds_sum{symbol="BTCUSDT"} 0.5\n' in text


def test_an_unpriced_position_has_no_pnl_rather_than_zero() -> None:
    metrics, _ = create()
    metrics.set_position("BTCUSDT", Decimal("0.5"), None)
    assert value(metrics, "position_qty", symbol="BTCUSDT") == 0.5
    assert math.isnan(value(metrics, "position_pnl", symbol="BTCUSDT") or 0)


@pytest.mark.parametrize("reason", ["", "Insufficient balance!", "a b", "größe", "x\n"])
def test_text_from_outside_is_no_reason(reason: str) -> None:
    metrics, _ = create()
    metrics.increment_orders_rejected("BTCUSDT", "Buy", reason)
    assert rejected(metrics, "OTHER") == 1.0


def test_reasons_stay_few_whatever_comes() -> None:
    metrics, _ = create()
    for number in range(1_000):
        metrics.increment_orders_rejected("BTCUSDT", "Buy", f"REASON_{number}")
    metrics.increment_orders_rejected("BTCUSDT", "Buy", "REASON_0")
    text = metrics.export_prometheus(created=False)
    assert len(re.findall("^orders_rejected_total", text, re.M)) == 101
    assert rejected(metrics, "OTHER") == 900.0
    assert rejected(metrics, "REASON_0") == 2.0


def test_metrics_of_trust_are_exported_beside_the_ten() -> None:
    metrics, _ = create()
    metrics.trust.unknown_orders.set(2)
    metrics.trust.rate_budget_left.set(9.5, "place")
    metrics.trust.breaker_open.set(1, "place")
    samples = {
        sample.name: sample.value
        for family in text_string_to_metric_families(metrics.export_prometheus(created=False))
        for sample in family.samples
    }
    assert samples == {
        "unknown_orders": 2.0,
        "oldest_unknown_age_seconds": 0.0,
        "reconcile_duration_seconds": 0.0,
        "cancel_all_seconds": 0.0,
        "stream_gap_seconds": 0.0,
        "journal_lag_seconds": 0.0,
        "rate_budget_left": 9.5,
        "breaker_open": 1.0,
        "loop_lag_seconds": 0.0,
    }
    text = metrics.export_prometheus()
    assert 'rate_budget_left{lane="place"} 9.5\n' in text
    assert 'breaker_open{class="place"} 1.0\n' in text
    assert "# TYPE position_drift gauge\n" in text
    assert "# TYPE anomalies_total counter\n" in text


def test_without_a_clock_the_wall_clock_is_used() -> None:
    metrics = LiveExecutionMetrics()
    with metrics.track_order_latency("BTCUSDT"):
        pass
    assert 'order_latency_seconds_count{symbol="BTCUSDT"} 1.0\n' in metrics.export_prometheus()
