"""Changing a limit while the engine runs: tighter at once, looser in two steps."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from engine.core.activity import DAY_NS
from engine.core.commands import ChangeLimit, WithdrawLimit
from engine.core.context import Context
from engine.core.decide.commands import refused
from engine.core.events import LimitsChanged, LimitsPending
from engine.core.limits import LimitChange, to_ns
from engine.core.limits.changes import difference, value_of, with_change, without
from engine.core.limits.keys import LIMIT_KEYS, fault, is_far, is_looser, shown
from engine.core.requests import StartTimer, Step
from engine.core.state import State

LOOK_EVERY_S = 1.0
"""How often a loosening that waits is looked at."""


def decide_change_limit(state: State, command: ChangeLimit, context: Context) -> Iterator[Step]:
    """A tighter limit holds now, and ends what waits to loosen it; a looser one waits."""
    code, text = _why_not(state, command)
    if code:
        yield refused(command, context, code, text)
        return
    risk = state.risk
    change = LimitChange(key=command.key, value=command.value, symbol=command.symbol, by=command.by)
    step = difference(risk.limits, change)
    if not step.looser:
        yield LimitsChanged(
            ts=context.now_ns,
            limits=with_change(risk.limits, change),
            by=command.by,
            text=str(step),
            command_id=command.command_id,
            pending=without(risk.pending, command.key, command.symbol),
        )
        return
    due_ts = context.now_ns + to_ns(risk.limits.loosen_after_s)
    if is_far(step.key, step.old, step.new):
        due_ts = max(due_ts, (context.now_ns // DAY_NS + 1) * DAY_NS)
    same = (command.key, command.symbol)
    others = tuple(c for c in risk.pending if (c.key, c.symbol) != same)
    wait_s = -(-(due_ts - context.now_ns) // to_ns(1))
    yield LimitsPending(
        ts=context.now_ns,
        pending=(*others, replace(change, due_ts=due_ts)),
        by=command.by,
        text=f"{step} in {wait_s} s",
        command_id=command.command_id,
    )
    yield _look(due_ts)


def _why_not(state: State, command: ChangeLimit) -> tuple[str, str]:
    key, value, symbol = command.key, command.value, command.symbol
    spec, limits = LIMIT_KEYS.get(key), state.risk.limits
    if spec is None:
        return "UNKNOWN_LIMIT", f"no limit is called {key[:40]}"
    if spec.fixed:
        return "FIXED_LIMIT", f"{key} is changed in the configuration alone"
    if symbol and symbol not in state.instruments:
        return "UNKNOWN_SYMBOL", symbol[:40]
    if symbol and not spec.own:
        return "ACCOUNT_LIMIT", f"{key} is the account's; no market has its own"
    wrong = fault(key, value)
    if wrong:
        return "BAD_LIMIT", wrong
    ceiling = limits.max_order_notional_ceiling_usd
    if key == "max_order_notional_usd" and is_looser(key, ceiling, value):
        return "ABOVE_CEILING", f"{key} can be at most {shown(ceiling)}"
    if value == value_of(limits, key, symbol):
        return "NO_CHANGE", f"{key} is {shown(value)} already"
    return "", ""


def decide_withdraw_limit(state: State, command: WithdrawLimit, context: Context) -> Iterator[Step]:
    """A loosening that waits is forgotten."""
    pending, same = state.risk.pending, (command.key, command.symbol)
    left = tuple(c for c in pending if (c.key, c.symbol) != same)
    if len(left) == len(pending):
        yield refused(command, context, "NOT_PENDING", f"{command.key[:40]} does not wait")
        return
    yield LimitsPending(
        ts=context.now_ns,
        pending=left,
        by=command.by,
        text=f"{command.key} withdrawn",
        command_id=command.command_id,
    )


def decide_limits_timer(state: State, key: str, context: Context) -> Iterator[Step]:
    """What was to hold from the time that `key` says holds then; nothing when it was withdrawn."""
    due_ts, risk = int(key), state.risk
    due = [change for change in risk.pending if change.due_ts == due_ts]
    if due and context.now_ns < due_ts:
        yield _look(due_ts)
        return
    for change in due:
        step = difference(risk.limits, change)
        yield LimitsChanged(
            ts=context.now_ns,
            limits=with_change(risk.limits, change),
            by=change.by,
            text=str(step),
            loosened=(step.name,) if step.looser else (),
            pending=tuple(one for one in risk.pending if one != change),
        )


def _look(due_ts: int) -> StartTimer:
    return StartTimer(kind="limits", key=str(due_ts), after_s=LOOK_EVERY_S)
