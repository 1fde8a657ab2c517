"""Changing a limit: what was typed becomes a command, or says what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable

from console.format import clock
from console.numbers import FieldError, read_number
from console.screens.confirm import Typed, TypedConfirm
from engine.core.commands import ChangeLimit, WithdrawLimit
from engine.core.limits import LimitChange, LimitValue
from engine.core.limits.keys import LIMIT_KEYS, Kind, fault, shown
from engine.core.trading import RiskState

OFF, WITHDRAW = "off", "withdraw"
PENDING_SHOWN = 3


def limit_screen(risk: RiskState) -> TypedConfirm:
    """One line to type: a limit, perhaps a market, and a value. What waits is shown."""
    waiting = [_waiting(change) for change in risk.pending]
    more = len(waiting) - PENDING_SHOWN
    shown_waiting = "; ".join(waiting[:PENDING_SHOWN]) + (f" and {more} more" if more > 0 else "")
    return TypedConfirm(
        "CHANGE A LIMIT",
        "Like max_order_qty 5, or max_order_qty BTCUSDT 5; off ends a limit, withdraw what waits.\n"
        f"A tighter one holds at once, a looser one after {risk.limits.loosen_after_s:f} s or "
        f"more.\nWaiting: {shown_waiting or 'none'}.",
        (Typed("Limit", _problem),),
    )


def _waiting(change: LimitChange) -> str:
    market = f" {change.symbol}" if change.symbol else ""
    return f"{change.key}{market} {shown(change.value)} at {clock(change.due_ts)}"


def _problem(text: str) -> str | None:
    try:
        read_change(text)
    except FieldError as error:
        return str(error)
    return None


def read_change(text: str) -> ChangeLimit | WithdrawLimit:
    """The command without an id. Raises FieldError that says what would be right."""
    key, *rest = text.split() or [""]
    if key not in LIMIT_KEYS:
        raise FieldError(f"{key[:30]!r} is no limit{_nearest(key)}")
    if not 1 <= len(rest) <= 2:
        raise FieldError("a limit, perhaps a market, and a value")
    symbol, word = (rest[0].upper() if len(rest) == 2 else ""), rest[-1]
    if word.lower() == WITHDRAW:
        return WithdrawLimit(command_id="", key=key, symbol=symbol)
    value = _read(key, word)
    wrong = fault(key, value)
    if wrong:
        raise FieldError(wrong)
    return ChangeLimit(command_id="", key=key, value=value, symbol=symbol)


def _nearest(key: str) -> str:
    from difflib import get_close_matches  # only where something is wrong already

    near = get_close_matches(key.lower(), LIMIT_KEYS, n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _read(key: str, word: str) -> LimitValue:
    kind = LIMIT_KEYS[key].kind
    if word.lower() == OFF:
        return False if kind is Kind.FLAG else None
    return _READERS[kind](word)


def _read_count(word: str) -> LimitValue:
    number = read_number(word)
    return int(number) if number == number.to_integral_value() else number


def _read_flag(word: str) -> LimitValue:
    if word.lower() != "on":
        raise FieldError("on or off")
    return True


_READERS: dict[Kind, Callable[[str], LimitValue]] = {
    Kind.AMOUNT: read_number,
    Kind.FRACTION: read_number,
    Kind.COUNT: _read_count,
    Kind.FLAG: _read_flag,
    Kind.SYMBOLS: lambda word: tuple(word.upper().split(",")),
}
