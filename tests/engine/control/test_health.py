"""Health: what is well, what is not, and in which words."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from engine.clock import NS
from engine.control.health import Health, HealthStatus, create_health, create_status
from engine.core.events import (
    Drift,
    EngineStarted,
    Event,
    EventType,
    OrderEvent,
    OrderSubmitted,
    TradingStateChanged,
)
from engine.core.margin import AccountMargin, PositionMargin
from engine.core.state import State, evolve
from engine.core.status import (
    BreakerStatus,
    ClockStatus,
    DcpStatus,
    EngineStatus,
    ReconcileStatus,
    Unprotected,
)
from engine.core.types import Side, TradingState

T0 = 1_700_000_000 * NS


def state_of(*events: Event) -> State:
    state = State()
    evolve(state, EngineStarted(ts=T0, account="paper", venue="bybit", environment="paper"))
    for event in events:
        evolve(state, event)
    return state


def status(**changes: object) -> EngineStatus:
    well = EngineStatus(
        ts=T0,
        ready=True,
        private_up=True,
        public_up=True,
        reconcile=ReconcileStatus(last_ok_ts=T0 - 2 * NS),
    )
    return msgspec.structs.replace(well, **changes)


def health(state: State | None = None, **changes: object) -> Health:
    return create_health(state or state_of(), status(**changes), uptime_s=5.0)


def order(order_id: str, *more: OrderEvent) -> list[Event]:
    placed = OrderSubmitted(
        ts=T0,
        command_id=order_id,
        client_order_id=order_id,
        symbol="BTCUSDT",
        side=Side.BUY,
        qty=Decimal(1),
        price=Decimal(60_000),
    )
    return [placed, *more]


def test_an_engine_in_which_all_is_well_is_ok() -> None:
    assert health() == Health(
        status=HealthStatus.OK,
        ready=True,
        account="paper",
        mode="PAPER",
        trading=TradingState.ACTIVE,
        links={"private": True, "public": True},
        journal_lag_s=0.0,
        loop_lag_s=0.0,
        reconcile_age_s=2.0,
        open_orders=0,
        unknown_orders=0,
        uptime_s=5.0,
        problems=(),
    )


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"private_up": False}, "private stream is down"),
        ({"public_up": False}, "public stream is down"),
        (
            {
                "breakers": (
                    BreakerStatus(
                        name="cancel",
                        state="open",
                        since_ts=T0 - 7 * NS,
                        probe_ts=T0 + 3 * NS,
                        reason="HTTP 502",
                    ),
                )
            },
            "the cancel breaker is open: HTTP 502; next probe in 3 s (for 7 s)",
        ),
        ({"journal_lag_s": 1.5}, "journal is 1.5 s behind"),
        ({"loop_lag_s": 2.0}, "loop is 2.0 s behind"),
        ({"ready": False}, "not ready: the account is being compared with the venue"),
        (
            {"reconcile": ReconcileStatus(last_ok_ts=T0 - 61 * NS)},
            "no reconcile has passed for 60 s",
        ),
        (
            {"reconcile": ReconcileStatus(last_ok_ts=T0, error="timeout")},
            "reconcile failed: timeout",
        ),
        (
            {
                "reconcile": ReconcileStatus(
                    last_ok_ts=T0,
                    drift=(
                        Drift(symbol="BTCUSDT", ours=Decimal(1), venue=Decimal(2), since_ts=T0),
                    ),
                )
            },
            "drift in BTCUSDT",
        ),
        (
            {"clock": ClockStatus(ts=T0, offset_ns=-250_600_000)},
            "the venue's clock is -251 ms from ours: set this machine's",
        ),
        (
            {"unprotected": (Unprotected(symbol="BTCUSDT", since_ts=T0 - 12 * NS),)},
            "BTCUSDT has had no protective stop for 12 s",
        ),
        (
            {"dcp": DcpStatus(wanted_s=10, set_s=30, read_ts=T0)},
            "disconnect-cancel-all of 10 s is not confirmed: it is 30",
        ),
        (
            {"dcp": DcpStatus(wanted_s=10, read_ts=T0)},
            "disconnect-cancel-all of 10 s is not confirmed: it is off",
        ),
        (
            {"dcp": DcpStatus(wanted_s=10, read_ts=T0, error="cut")},
            "disconnect-cancel-all of 10 s is not confirmed: cut",
        ),
    ],
)
def test_whatever_is_not_well_degrades_it_and_is_named(
    changes: dict[str, object], problem: str
) -> None:
    found = create_health(state_of(), status(**changes), uptime_s=5.0)
    assert (found.status, found.problems) == (HealthStatus.DEGRADED, (problem,))


def test_a_protection_that_holds_or_is_not_known_yet_is_no_problem() -> None:
    for dcp in (DcpStatus(wanted_s=10, set_s=10, read_ts=T0), DcpStatus(wanted_s=10)):
        assert (health(dcp=dcp).status, health(dcp=dcp).dcp) == (HealthStatus.OK, dcp)


def test_the_venues_clock_is_told_when_it_was_measured_and_250_ms_are_well() -> None:
    found = health(clock=ClockStatus(ts=T0 - 3 * NS, offset_ns=250_000_000))
    assert (found.clock_offset_ms, found.clock_age_s) == (250.0, 3.0)
    assert found.status is HealthStatus.OK


def test_before_the_first_comparison_it_is_starting() -> None:
    found = health(ready=False, reconcile=ReconcileStatus())
    assert (found.status, found.reconcile_age_s) == (HealthStatus.STARTING, None)


def test_halted_outranks_degraded_and_failed_outranks_halted() -> None:
    halted = state_of(
        TradingStateChanged(ts=T0, state=TradingState.HALTED, by="operator", reason="drill")
    )
    found = health(halted, private_up=False)
    assert found.status is HealthStatus.HALTED
    assert found.problems == ("trading is HALTED by operator: drill", "private stream is down")
    assert health(gate_open=False).status is HealthStatus.HALTED
    failed = health(halted, error="OSError: disk")
    assert (failed.status, failed.problems[0]) == (
        HealthStatus.FAILED,
        "engine failed: OSError: disk",
    )
    assert (found.ready, failed.ready) == (True, False)


def test_reducing_is_degraded() -> None:
    reducing = state_of(TradingStateChanged(ts=T0, state=TradingState.REDUCING, by="operator"))
    assert health(reducing).status is HealthStatus.DEGRADED


def test_open_orders_and_those_of_unknown_fate_are_counted() -> None:
    state = state_of(
        *order("a"), *order("b", OrderEvent(EventType.SEND_UNKNOWN, "b", T0 + 1)), *order("c")
    )
    found = health(state)
    assert (found.open_orders, found.unknown_orders) == (3, 1)


def test_the_status_document_values_positions_at_the_marks() -> None:
    fill = OrderEvent(
        EventType.FULL_FILL,
        "a",
        T0 + 1,
        exec_id="e1",
        last_qty=Decimal(1),
        last_price=Decimal(60_000),
        fee=Decimal(33),
        fee_currency="USDT",
    )
    state = state_of(*order("a", fill), *order("b"))
    document = create_status(
        state, status(), marks={"BTCUSDT": Decimal(60_100)}, uptime_s=1.0, pid=7, version="1.2.3"
    )
    assert document.orders == {"Pending": 1}
    assert (document.pid, document.version) == (7, "1.2.3")
    (position,) = document.positions
    assert (position.symbol, position.qty, position.unrealized_pnl, position.fees) == (
        "BTCUSDT",
        Decimal(1),
        Decimal(100),
        Decimal(33),
    )
    unpriced = create_status(state, status(), marks={}, uptime_s=1.0, pid=7, version="1.2.3")
    assert unpriced.positions[0].unrealized_pnl is None


def test_what_the_venue_said_of_margin_is_in_the_status_with_its_age() -> None:
    fill = OrderEvent(
        EventType.FULL_FILL, "a", T0, exec_id="e1", last_qty=Decimal(1), last_price=Decimal(60_000)
    )
    margin = AccountMargin(
        equity=Decimal(5),
        ts=T0 - 4 * NS,
        positions={"BTCUSDT": PositionMargin(qty=Decimal(1), liq_price=Decimal(50_000))},
    )
    state = state_of(*order("a", fill))
    document = create_status(
        state, status(ts=T0, margin=margin), marks={}, uptime_s=1.0, pid=7, version="1"
    )
    assert (document.margin, document.margin_age_s) == (margin, 4.0)
    assert document.positions[0].liq_price == 50_000
    untold = create_status(state, status(), marks={}, uptime_s=1.0, pid=7, version="1")
    assert (untold.margin_age_s, untold.positions[0].liq_price) == (None, None)
