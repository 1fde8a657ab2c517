"""Leverage and position mode: what is asked of the venue, and what it says that is set."""

from __future__ import annotations

from collections.abc import Iterator

from engine.core.commands import ChangeSetting
from engine.core.context import Context
from engine.core.decide.commands import refused
from engine.core.events import CommandRefused
from engine.core.reports import SettingsReport
from engine.core.requests import Step
from engine.core.settings import LARGEST_LEVERAGE, SettingAsked, SettingsChanged
from engine.core.state import State
from engine.core.types import Category, TradingState


def decide_change_setting(state: State, command: ChangeSetting, context: Context) -> Iterator[Step]:
    """Ask the venue, or say why that would be in vain. What it then says is what is believed."""
    code, text = _why_not(state, command)
    if code:
        yield refused(command, context, code, text)
        return
    yield SettingAsked(
        ts=context.now_ns,
        command_id=command.command_id,
        symbol=command.symbol,
        leverage=command.leverage,
        hedged=command.hedged,
        by=command.by,
    )


def _why_not(state: State, command: ChangeSetting) -> tuple[str, str]:
    symbol, leverage = command.symbol, command.leverage
    instrument = state.instruments.get(symbol)
    if instrument is None:
        return "UNKNOWN_SYMBOL", symbol
    if instrument.category is Category.SPOT:
        return "NO_CONTRACT", f"{symbol} is a spot pair: it has neither leverage nor a mode"
    if (leverage is None) is (command.hedged is None):
        return "BAD_SETTING", "one of leverage and position mode"
    if leverage is not None and not (leverage.is_finite() and 1 <= leverage <= LARGEST_LEVERAGE):
        return "BAD_NUMBER", f"leverage {leverage}: from 1 to what the market allows"
    if state.trading_of(symbol) is TradingState.HALTED:
        return "HALTED", "release first"
    if leverage is None:
        return _why_not_switch(state, symbol)
    return "", ""


def _why_not_switch(state: State, symbol: str) -> tuple[str, str]:
    """The venue switches a market only while nothing is held or open there."""
    held = [p for p in state.positions.positions.values() if p.symbol == symbol and p.qty]
    if held:
        return "HAS_POSITION", f"{symbol} has a position: close it first"
    if state.exposure.count(symbol):
        return "HAS_ORDERS", f"{symbol} has open orders: cancel them first"
    return "", ""


def decide_settings(state: State, report: SettingsReport, context: Context) -> Iterator[Step]:
    """Take what the venue says that is set; and, of a change that was asked for, that it was not.

    A refused change is one, and so is one of which nobody knows: what is set is in the report.
    """
    if report.reason:
        yield CommandRefused(
            ts=context.now_ns,
            command_id=report.asked_by,
            command=ChangeSetting.__name__,
            code=report.reason,
            text=report.text,
        )
    changed = tuple(
        market for market in report.markets if state.settings.get(market.symbol) != market
    )
    if changed:
        yield SettingsChanged(ts=context.now_ns, markets=changed)
