"""Is the engine well, and what is it doing: one look at its state, for probes and for people.

Pure: the control server hands out what these functions make of the state and the telemetry.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from enum import StrEnum

import msgspec

from engine.clock import NS
from engine.core.ledger.executions import position_key
from engine.core.margin import AccountMargin
from engine.core.settings import MarketSettings
from engine.core.state import State
from engine.core.status import (
    BreakerStatus,
    DcpStatus,
    EngineStatus,
    InputStatus,
    ReconcileStatus,
    ReplayStatus,
    RequestStats,
)
from engine.core.trading import KillRecord
from engine.core.types import JoinState, OrderState, TradingState

JOURNAL_LAG_MAX_S = 1.0
LOOP_LAG_MAX_S = 1.0
RECONCILE_AGE_MAX_S = 60.0
CLOCK_OFFSET_MAX_MS = 250.0


class HealthStatus(StrEnum):
    """Worst first. Only `ok` means that a new order would be let through."""

    FAILED = "failed"
    HALTED = "halted"
    STARTING = "starting"
    DEGRADED = "degraded"
    OK = "ok"


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of `/health`. Ages and lags are seconds of the engine's clock.

    `ready` says that the account has been compared and that nothing of the engine has broken.
    `reconcile_age_s` is None until a comparison with the venue has passed. `problems` says in
    plain words why the status is not `ok`. `breakers` has one for each class of requests, `input`
    what the venue sent that could not be read, `dcp` its own protection against losing us.
    `clock_offset_ms` is the venue's clock minus ours; None, with its age, before it is measured.
    """

    status: HealthStatus
    ready: bool
    account: str
    mode: str
    trading: TradingState
    links: dict[str, bool]
    journal_lag_s: float
    loop_lag_s: float
    reconcile_age_s: float | None
    open_orders: int
    unknown_orders: int
    uptime_s: float
    problems: tuple[str, ...] = ()
    breakers: tuple[BreakerStatus, ...] = ()
    input: InputStatus = msgspec.field(default_factory=InputStatus)
    clock_offset_ms: float | None = None
    clock_age_s: float | None = None
    dcp: DcpStatus = DcpStatus()


class PositionLine(msgspec.Struct, frozen=True, kw_only=True):
    """One position as `/status` shows it; money and quantities as Decimal, None is unpriced.

    `symbol` is `BTCUSDT#1` for the long side of a hedge; a leverage that is None was not told, and
    a position without a `liq_price` is liquidated at no mark that was told.
    """

    symbol: str
    qty: Decimal
    avg_entry_price: Decimal | None
    mark_price: Decimal | None
    unrealized_pnl: Decimal | None
    realized_pnl: Decimal
    fees: Decimal
    currency: str
    leverage: Decimal | None = None
    liq_price: Decimal | None = None


class StatusDocument(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of `/status`: health, and what a tired person asks next.

    `margin` is what the venue said of the account `margin_age_s` ago; None, before it has.
    """

    version: str
    pid: int
    health: Health
    trading_by: str
    trading_reason: str
    orders: dict[str, int]
    positions: tuple[PositionLine, ...]
    requests: tuple[RequestStats, ...]
    reconcile: ReconcileStatus
    replay: ReplayStatus | None
    kill: KillRecord | None
    settings: tuple[MarketSettings, ...] = ()
    metrics_port: int | None = None
    warnings: tuple[str, ...] = ()
    margin: AccountMargin = AccountMargin()
    margin_age_s: float | None = None


def create_health(state: State, status: EngineStatus, *, uptime_s: float) -> Health:
    """Judge the engine by its state and its newest telemetry."""
    problems = tuple(_problems(state, status))
    compared = status.reconcile.last_ok_ts
    return Health(
        status=_status(state, status, problems),
        ready=status.ready and not status.error,
        account=status.account,
        mode=status.mode,
        trading=state.trading,
        links={"private": status.private_up, "public": status.public_up},
        journal_lag_s=status.journal_lag_s,
        loop_lag_s=status.loop_lag_s,
        reconcile_age_s=(status.ts - compared) / NS if compared else None,
        open_orders=state.exposure.count(),
        unknown_orders=_unknown_orders(state),
        uptime_s=uptime_s,
        problems=problems,
        breakers=status.breakers,
        input=status.input,
        clock_offset_ms=_offset_ms(status),
        clock_age_s=(status.ts - status.clock.ts) / NS if status.clock.ts else None,
        dcp=status.dcp,
    )


def create_status(
    state: State,
    status: EngineStatus,
    *,
    marks: Mapping[str, Decimal],
    uptime_s: float,
    pid: int,
    version: str,
) -> StatusDocument:
    """Everything that `tradedeck status` shows; positions are valued at `marks` by symbol."""
    return StatusDocument(
        version=version,
        pid=pid,
        health=create_health(state, status, uptime_s=uptime_s),
        trading_by=state.trading_by,
        trading_reason=state.trading_reason,
        orders=dict(Counter(str(order.state) for order in state.orders.open_orders())),
        positions=tuple(_position_lines(state, status.margin, marks)),
        requests=status.requests,
        reconcile=status.reconcile,
        replay=status.replay,
        kill=state.kill,
        settings=tuple(state.settings[symbol] for symbol in sorted(state.settings)),
        metrics_port=status.metrics_port,
        warnings=status.warnings,
        margin=status.margin,
        margin_age_s=(status.ts - status.margin.ts) / NS if status.margin.ts else None,
    )


def _status(state: State, status: EngineStatus, problems: tuple[str, ...]) -> HealthStatus:
    if status.error or status.join.state is JoinState.REFUSED:
        return HealthStatus.FAILED
    if state.trading is TradingState.HALTED or not status.gate_open:
        return HealthStatus.HALTED
    if not status.ready and not status.reconcile.last_ok_ts:
        return HealthStatus.STARTING
    return HealthStatus.DEGRADED if problems else HealthStatus.OK


def _problems(state: State, status: EngineStatus) -> Iterator[str]:
    reconcile, offset_ms = status.reconcile, _offset_ms(status) or 0.0
    checks = (
        (bool(status.error), f"engine failed: {status.error}"),
        (not status.join.joined, _away(status)),
        (
            state.trading is not TradingState.ACTIVE,
            f"trading is {state.trading} by {state.trading_by}: {state.trading_reason}",
        ),
        (not status.gate_open, "the gate is closed: only cancels and queries pass"),
        (
            status.join.joined and not status.ready,
            "not ready: the account is being compared with the venue",
        ),
        (not status.private_up, "private stream is down"),
        (not status.public_up, "public stream is down"),
        (
            status.journal_lag_s > JOURNAL_LAG_MAX_S,
            f"journal is {status.journal_lag_s:.1f} s behind",
        ),
        (status.loop_lag_s > LOOP_LAG_MAX_S, f"loop is {status.loop_lag_s:.1f} s behind"),
        (
            abs(offset_ms) > CLOCK_OFFSET_MAX_MS,
            f"the venue's clock is {offset_ms:+.0f} ms from ours: set this machine's",
        ),
        (bool(reconcile.error), f"reconcile failed: {reconcile.error}"),
        (bool(reconcile.drift), f"drift in {', '.join(d.symbol for d in reconcile.drift)}"),
        (
            0 < reconcile.last_ok_ts < status.ts - RECONCILE_AGE_MAX_S * NS,
            f"no reconcile has passed for {RECONCILE_AGE_MAX_S:.0f} s",
        ),
    )
    yield from (problem for failed, problem in checks if failed)
    for breaker in status.breakers:
        if not breaker.closed:
            open_s = (status.ts - breaker.since_ts) / NS
            yield f"{breaker.denial(status.ts)} (for {open_s:.0f} s)"
    dcp = status.dcp
    if dcp.read_ts and not dcp.holds:
        found = dcp.error or f"it is {dcp.set_s or 'off'}"
        yield f"disconnect-cancel-all of {dcp.wanted_s} s is not confirmed: {found}"
    for bare in status.unprotected:
        age_s = (status.ts - bare.since_ts) / NS
        yield f"{bare.symbol} has had no protective stop for {age_s:.0f} s"


def _away(status: EngineStatus) -> str:
    join = status.join
    count = f"{join.tries} tr{'y' if join.tries == 1 else 'ies'}"
    return f"{join.told(status.ts)} ({count} in {(status.ts - join.since_ts) / NS:.0f} s)"


def _offset_ms(status: EngineStatus) -> float | None:
    return status.clock.offset_ns / 1_000_000 if status.clock.ts else None


def _unknown_orders(state: State) -> int:
    return sum(order.state is OrderState.UNKNOWN for order in state.orders.open_orders())


def _position_lines(
    state: State, margin: AccountMargin, marks: Mapping[str, Decimal]
) -> Iterator[PositionLine]:
    for position in state.positions.positions.values():
        mark = marks.get(position.symbol, position.mark_price)
        settings = state.settings.get(position.symbol)
        key = position_key(position.symbol, position.index)
        held = margin.position(key, position.qty)
        yield PositionLine(
            symbol=key,
            qty=position.qty,
            avg_entry_price=position.avg_entry_price,
            mark_price=mark,
            unrealized_pnl=position.unrealized_at(mark),
            realized_pnl=position.realized_pnl,
            fees=position.fees,
            currency=position.pnl_currency,
            leverage=None if settings is None else settings.leverage,
            liq_price=None if held is None else held.liq_price,
        )
