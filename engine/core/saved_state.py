"""The state as bytes, for snapshots: everything that events made, nothing that a run only heard."""

from __future__ import annotations

from collections import OrderedDict
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from engine.core.activity import Activity, DayCounts
from engine.core.events import CommandRefused, PnlBaseline, Reconciled
from engine.core.instruments import Instrument
from engine.core.ledger.cash import CashLedger, SavedCash
from engine.core.ledger.tracker import PositionTracker, SavedPositions
from engine.core.orders.machine import OrderStateMachine, SavedOrders
from engine.core.reconcile.evidence import Ignored
from engine.core.settings import MarketSettings
from engine.core.trading import KillRecord, Narrowing, RiskState
from engine.core.types import TradingState

if TYPE_CHECKING:
    from engine.core.state import State


FORM = 2
"""Raise it with every change of what is saved, or of what events make of a state.

A snapshot of another form is not read: its events are folded anew, as this program folds them.
"""


class SavedState(msgspec.Struct, kw_only=True):
    """A snapshot, typed: it is read without a detour over dictionaries, which cost three times."""

    form: int = 0
    account: str
    venue: str
    environment: str
    run: int
    seq: int
    trading: TradingState
    trading_by: str
    trading_reason: str
    trading_since: int
    narrowed: dict[str, Narrowing] = {}
    risk: RiskState = msgspec.field(default_factory=RiskState)
    kill: KillRecord | None
    reconciled: Reconciled | None
    fill_ts: dict[str, int] = {}
    coins: dict[str, Decimal] | None = None
    ignored: dict[str, Ignored] = {}
    started_ts: int = 0
    instruments: list[Instrument]
    settings: dict[str, MarketSettings] = {}
    orders: SavedOrders
    positions: SavedPositions
    refusals: list[CommandRefused]
    today: DayCounts | None = None
    commands: list[str]
    cash: SavedCash = msgspec.field(default_factory=SavedCash)
    pnl_baseline: PnlBaseline | None = None


_PLAIN_FIELDS = (
    "account", "venue", "environment", "run", "seq", "trading", "trading_by",
    "trading_reason", "trading_since", "narrowed", "risk",
    "kill", "reconciled", "pnl_baseline", "fill_ts", "coins", "ignored", "started_ts",
    "settings",
)  # fmt: skip


def encode_state(state: State) -> bytes:
    """The whole state as JSON."""
    return msgspec.json.encode(
        SavedState(
            form=FORM,
            **{name: getattr(state, name) for name in _PLAIN_FIELDS},
            instruments=list(state.instruments.values()),
            orders=state.orders.saved(),
            positions=state.positions.saved(),
            cash=state.cash.saved(),
            refusals=list(state.refusals),
            today=state.activity.today,
            commands=list(state.commands),
        )
    )


def fill_state(state: State, data: bytes) -> None:
    """Make a new `state` what was encoded.

    Raises msgspec.DecodeError on damaged bytes, and on those of another form.
    """
    saved = msgspec.json.decode(data, type=SavedState)
    if saved.form != FORM:
        raise msgspec.DecodeError(f"a snapshot of form {saved.form}, not {FORM}")
    for name in _PLAIN_FIELDS:
        setattr(state, name, getattr(saved, name))
    state.positions = PositionTracker.restore(saved.positions)
    state.cash = CashLedger.restore(saved.cash)
    state.set_instruments(saved.instruments)
    state.orders = OrderStateMachine.restore(saved.orders)
    for order in state.orders.orders.values():
        state.exposure.change(order)
    state.refusals.extend(saved.refusals)
    state.activity = Activity(saved.today)
    state.commands = OrderedDict.fromkeys(saved.commands)
