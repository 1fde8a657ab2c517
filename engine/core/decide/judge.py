"""The only judge: what an input means, given what is known.

`decide` yields events, and questions for the venue (queries and timers, which change nothing
there). The caller folds each event before it asks for the next, so a decision always reads the
state that its own earlier events made:

    for step in decide(state, item, context):
        evolve(state, step)     # when it is an event

Whatever may change something at a venue follows from an event, in `react`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

from engine.core.commands import (
    AmendOrder,
    CancelAll,
    CancelOrder,
    ChangeLimit,
    ChangeSetting,
    Command,
    Flatten,
    Kill,
    PlaceOrder,
    ReadOrder,
    Reconcile,
    Release,
    SettleDrift,
    WithdrawLimit,
)
from engine.core.context import Context
from engine.core.decide.commands import (
    decide_amend,
    decide_cancel,
    decide_cancel_all,
    decide_place,
    decide_read,
    decide_reconcile,
)
from engine.core.decide.drift import decide_settle
from engine.core.decide.executions import decide_cash, decide_fill, decide_unknown_execution
from engine.core.decide.limits import (
    decide_change_limit,
    decide_limits_timer,
    decide_withdraw_limit,
)
from engine.core.decide.lookups import decide_lookup, decide_timer
from engine.core.decide.lost import decide_lost
from engine.core.decide.recall import decide_recalled, recalling
from engine.core.decide.reports import (
    decide_link,
    decide_order_report,
    decide_outcome,
    decide_position,
)
from engine.core.decide.settings import decide_change_setting, decide_settings
from engine.core.decide.start import decide_instruments, decide_key
from engine.core.decide.stops import decide_flatten, decide_kill, decide_release, decide_sweep
from engine.core.reconcile.margin import decide_wallet
from engine.core.reconcile.pnl_check import decide_pnl
from engine.core.reconcile.snapshot import decide_snapshot
from engine.core.reports import (
    AccountSnapshot,
    CashReport,
    FillEvent,
    InputLost,
    InstrumentsReport,
    KeyReport,
    LinkReport,
    OrderLookup,
    OrderReport,
    PositionReport,
    Report,
    RequestOutcome,
    SettingsReport,
    SweepReport,
    UnknownExecution,
    VenuePnl,
    WalletReport,
)
from engine.core.requests import RecallAnswer, Step, TimerFired
from engine.core.state import State
from engine.core.watch.narrowing import decide_watch, decide_watch_timer
from engine.core.watch.triggers import is_watching

Input = Command | Report | TimerFired | RecallAnswer


def _is_watched(state: State) -> bool:
    if state.watching is None:
        state.watching = is_watching(state.risk.limits)
    return state.watching


def decide(state: State, item: Input, context: Context) -> Iterator[Step]:
    """Yield what follows from one input; see the module's contract for who folds when.

    A command whose id was seen before yields nothing: it has had its effect.
    """
    command_id = getattr(item, "command_id", "")
    if command_id and state.has_command(command_id):
        return iter(())
    steps = _DECIDERS[type(item)](state, item, context)
    if type(item) in WATCHED and _is_watched(state):
        return chain(steps, decide_watch(state, context))
    return steps


def _timer(state: State, timer: TimerFired, context: Context) -> Iterator[Step]:
    if timer.kind == "watch":
        return decide_watch_timer(state, timer.key, context)
    if timer.kind == "limits":
        return decide_limits_timer(state, timer.key, context)
    return decide_timer(state, timer, context)


WATCHED = frozenset({OrderReport, FillEvent, RequestOutcome, AccountSnapshot})
"""What may bring a loss, a reject or a drift: the watch looks at once."""


def _recalled(state: State, answer: RecallAnswer, context: Context) -> Iterator[Step]:
    return decide_recalled(state, answer, context, decide)


_DECIDERS: dict[type, Callable[[State, Any, Context], Iterator[Step]]] = {
    PlaceOrder: recalling(decide_place),
    AmendOrder: recalling(decide_amend),
    CancelOrder: recalling(decide_cancel),
    ReadOrder: recalling(decide_read),
    CancelAll: decide_cancel_all,
    Kill: decide_kill,
    Release: decide_release,
    Flatten: decide_flatten,
    Reconcile: decide_reconcile,
    SettleDrift: decide_settle,
    ChangeLimit: decide_change_limit,
    WithdrawLimit: decide_withdraw_limit,
    ChangeSetting: decide_change_setting,
    OrderReport: decide_order_report,
    FillEvent: decide_fill,
    CashReport: decide_cash,
    UnknownExecution: decide_unknown_execution,
    PositionReport: decide_position,
    WalletReport: decide_wallet,
    RequestOutcome: recalling(decide_outcome),
    OrderLookup: recalling(decide_lookup),
    AccountSnapshot: decide_snapshot,
    VenuePnl: decide_pnl,
    LinkReport: decide_link,
    InputLost: decide_lost,
    InstrumentsReport: decide_instruments,
    KeyReport: decide_key,
    TimerFired: recalling(_timer),
    RecallAnswer: _recalled,
    SweepReport: decide_sweep,
    SettingsReport: decide_settings,
}
