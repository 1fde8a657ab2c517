from __future__ import annotations

import math
import re
from decimal import Decimal

import pytest

from engine.clock import NS, SimClock
from engine.core.events import (
    Drift,
    EngineStarted,
    Event,
    EventType,
    OrderAdopted,
    OrderDenied,
    OrderEvent,
    OrderSubmitted,
    Reconciled,
)
from engine.core.state import State, evolve
from engine.core.types import Side
from engine.metrics import EventMetrics, LiveExecutionMetrics

T0 = 1_723_161_600 * NS
MS = 1_000_000


class Run:
    """One run of an engine: folds batches into a state and its metrics."""

    def __init__(self, state: State | None = None) -> None:
        self.state = state or State()
        self.live = LiveExecutionMetrics(SimClock(T0))
        self.metrics = EventMetrics(self.live)
        self.batch(EngineStarted(ts=T0, account="paper", venue="bybit", environment="paper"))

    def batch(self, *events: Event) -> None:
        for event in events:
            evolve(self.state, event)
        self.metrics.fold(events, self.state)

    def counts(self) -> dict[str, float]:
        """Every counter, histogram count and sum that is not zero."""
        text = self.live.export_prometheus(created=False)
        lines = re.findall(r"^(orders?_\w+|fill_\w+?_(?:count|sum))(\{.*\}) (\S+)$", text, re.M)
        return {
            name + labels.replace('symbol="BTCUSDT"', "").replace('side="Buy",', ""): float(value)
            for name, labels, value in lines
            if not name.endswith("_bucket") and float(value)
        }

    def value(self, name: str, **labels: str) -> float | None:
        """One sample; None where there is none."""
        return self.live.registry.get_sample_value(name, labels)


def submitted(client_order_id: str = "a1") -> OrderSubmitted:
    return OrderSubmitted(
        ts=T0,
        command_id=f"c-{client_order_id}",
        client_order_id=client_order_id,
        symbol="BTCUSDT",
        side=Side.BUY,
        qty=Decimal("1.0"),
        price=Decimal(60_000),
    )


def happened(
    kind: EventType,
    after_ms: int,
    *,
    client_order_id: str = "a1",
    qty: str = "0",
    reason: str = "",
    attempts: int = 0,
) -> OrderEvent:
    if not Decimal(qty):
        return OrderEvent(
            kind, client_order_id, T0 + after_ms * MS, reason=reason, attempts=attempts
        )
    return OrderEvent(
        kind,
        client_order_id,
        T0 + after_ms * MS,
        exec_id=f"{client_order_id}-{after_ms}",
        last_qty=Decimal(qty),
        last_price=Decimal(60_000),
    )


ACK = happened(EventType.ORDER_ACK, 250, attempts=1)
LIFE = (
    submitted(),
    ACK,
    happened(EventType.PARTIAL_FILL, 500, qty="0.25"),
    happened(EventType.PARTIAL_FILL, 750, qty="0.25"),
    happened(EventType.FULL_FILL, 1_000, qty="0.50"),
)
COUNTED = {
    "orders_placed_total{}": 1.0,
    "orders_filled_total{}": 1.0,
    "orders_partially_filled_total{}": 1.0,
    "order_latency_seconds_count{}": 1.0,
    "order_latency_seconds_sum{}": 0.25,
    "fill_latency_seconds_count{}": 1.0,
    "fill_latency_seconds_sum{}": 0.5,
    "order_retry_count_count{}": 1.0,
}


def test_a_life_of_an_order_is_counted_once_event_by_event() -> None:
    run = Run()
    for event in LIFE:
        run.batch(event)
    assert run.counts() == COUNTED


@pytest.mark.parametrize("cut", range(1, len(LIFE)))
def test_how_events_fall_into_batches_does_not_matter(cut: int) -> None:
    run = Run()
    run.batch(*LIFE[:cut])
    run.batch(*LIFE[cut:])
    assert run.counts() == COUNTED


def test_a_whole_life_in_one_batch_is_counted_the_same() -> None:
    run = Run()
    run.batch(*LIFE)
    assert run.counts() == COUNTED


def test_what_is_told_twice_is_counted_once() -> None:
    run = Run()
    for event in (*LIFE, *LIFE[1:]):
        run.batch(event)
    assert run.counts() == COUNTED


def test_a_denied_order_was_never_placed() -> None:
    run = Run()
    run.batch(
        OrderDenied(
            ts=T0,
            command_id="c",
            client_order_id="a1",
            symbol="BTCUSDT",
            side=Side.BUY,
            qty=Decimal(1),
            code="PRICE_COLLAR",
        )
    )
    assert run.counts() == {'orders_rejected_total{reason="PRICE_COLLAR",}': 1.0}


def test_a_rejected_order_was_placed_and_its_retries_are_known() -> None:
    run = Run()
    run.batch(submitted(), happened(EventType.ORDER_REJECT, 9, reason="BALANCE", attempts=3))
    assert run.counts() == {
        "orders_placed_total{}": 1.0,
        'orders_rejected_total{reason="BALANCE",}': 1.0,
        "order_retry_count_count{}": 1.0,
        "order_retry_count_sum{}": 2.0,
    }


def test_an_order_canceled_after_a_partial_fill_is_both() -> None:
    run = Run()
    run.batch(*LIFE[:3], happened(EventType.CANCEL_ACK, 600, reason="USER"))
    counts = run.counts()
    assert counts["orders_partially_filled_total{}"] == 1.0
    assert counts["orders_canceled_total{}"] == 1.0
    assert "orders_filled_total{}" not in counts


def test_an_expired_order_ends_in_none_of_the_ten() -> None:
    run = Run()
    run.batch(submitted(), ACK, happened(EventType.EXPIRED, 600))
    assert set(run.counts()) == {
        "orders_placed_total{}",
        "order_latency_seconds_count{}",
        "order_latency_seconds_sum{}",
        "order_retry_count_count{}",
    }


def test_an_order_of_the_former_run_ends_in_this_one() -> None:
    former = Run()
    former.batch(*LIFE[:3])
    run = Run(former.state)
    run.batch(*LIFE[3:])
    assert run.counts() == {"orders_filled_total{}": 1.0}


def test_an_order_proven_absent_that_lives_after_all_is_counted_on() -> None:
    run = Run()
    run.batch(submitted(), happened(EventType.SEND_UNKNOWN, 100))
    run.batch(happened(EventType.PROVEN_ABSENT, 200, reason="NOT_FOUND"))
    run.batch(ACK)
    run.batch(happened(EventType.FULL_FILL, 500, qty="1.0"))
    counts = run.counts()
    assert counts['orders_rejected_total{reason="NOT_FOUND",}'] == 1.0
    assert counts["orders_filled_total{}"] == 1.0


def test_an_order_found_at_the_venue_counts_by_how_it_ends() -> None:
    run = Run()
    run.batch(
        OrderAdopted(
            ts=T0,
            client_order_id="a1",
            exchange_order_id="x1",
            symbol="BTCUSDT",
            side=Side.BUY,
            qty=Decimal("1.0"),
        )
    )
    run.batch(happened(EventType.PARTIAL_FILL, 500, qty="0.25"))
    run.batch(happened(EventType.CANCEL_ACK, 600))
    counts = run.counts()
    assert counts["orders_canceled_total{}"] == 1.0
    assert "orders_placed_total{}" not in counts


def test_an_event_of_an_order_nobody_knows_counts_nothing() -> None:
    run = Run()
    run.batch(ACK)
    assert run.counts() == {}


def test_positions_are_shown_at_the_newest_marks() -> None:
    run = Run()
    run.batch(*LIFE)
    run.metrics.refresh(run.state, {"BTCUSDT": Decimal(60_100)}, T0)
    assert run.value("position_qty", symbol="BTCUSDT") == 1.0
    assert run.value("position_pnl", symbol="BTCUSDT") == 100.0
    run.metrics.refresh(run.state, {}, T0)
    assert math.isnan(run.value("position_pnl", symbol="BTCUSDT") or 0)


def test_what_is_not_known_is_shown_with_its_age() -> None:
    run = Run()
    run.batch(submitted("a1"), submitted("a2"), submitted("a3"))
    for client_order_id, after_ms in (("a1", 2_000), ("a2", 1_000)):
        run.batch(happened(EventType.SEND_UNKNOWN, after_ms, client_order_id=client_order_id))
    run.metrics.refresh(run.state, {}, T0 + 5 * NS)
    assert run.value("unknown_orders") == 2.0
    assert run.value("oldest_unknown_age_seconds") == 4.0
    for client_order_id in ("a1", "a2"):
        run.batch(happened(EventType.ORDER_ACK, 6_000, client_order_id=client_order_id))
    run.metrics.refresh(run.state, {}, T0 + 7 * NS)
    assert run.value("unknown_orders") == 0.0
    assert run.value("oldest_unknown_age_seconds") == 0.0


def test_drift_is_shown_by_symbol_and_goes_back_to_zero() -> None:
    run = Run()
    run.batch(*LIFE)
    run.batch(
        Reconciled(
            ts=T0,
            drift=(
                Drift(symbol="BTCUSDT", ours=Decimal(1), venue=Decimal("1.5"), since_ts=T0),
                Drift(symbol="ETHUSDT", ours=Decimal(0), venue=Decimal(-2), since_ts=T0),
            ),
        )
    )
    run.metrics.refresh(run.state, {}, T0)
    assert run.value("position_drift", symbol="BTCUSDT") == 0.5
    assert run.value("position_drift", symbol="ETHUSDT") == -2.0
    run.batch(Reconciled(ts=T0))
    run.metrics.refresh(run.state, {}, T0)
    assert run.value("position_drift", symbol="BTCUSDT") == 0.0
    assert run.value("position_drift", symbol="ETHUSDT") == 0.0


def test_anomalies_are_counted_by_kind_each_once_however_often_one_looks() -> None:
    run = Run()
    run.batch(*LIFE, happened(EventType.ORDER_REJECT, 2_000, reason="PRICE"))
    for after_ms in (3_000, 4_000):
        run.batch(happened(EventType.ORDER_ACK, after_ms, client_order_id="nobody's"))
        for _ in range(2):
            run.metrics.refresh(run.state, {}, T0)
    assert run.state.orders.anomalies == {"STALE_REPORT": 1, "UNKNOWN_ORDER": 2}
    assert run.value("anomalies_total", kind="STALE_REPORT") == 1.0
    assert run.value("anomalies_total", kind="UNKNOWN_ORDER") == 2.0


def test_unreadable_input_is_counted_by_kind_each_once_however_often_one_looks() -> None:
    run = Run()
    for kinds in ({"order_row": 2}, {"order_row": 2}, {"order_row": 3, "http_body": 1}):
        run.metrics.count_unreadable(kinds)
    assert run.value("unreadable_input_total", kind="order_row") == 3.0
    assert run.value("unreadable_input_total", kind="http_body") == 1.0
