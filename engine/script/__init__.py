"""A session script: JSON lines, each a command and when to give it.

The whole script is checked before anything runs; the first bad line is refused with its number.
What is well-formed but not acceptable to the engine (an unknown symbol, an off-tick price) is no
error here: the engine refuses it in the run, and the session shows it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any, NoReturn

import msgspec

from engine.core.commands import (
    AmendOrder,
    CancelAll,
    CancelOrder,
    Command,
    Flatten,
    Kill,
    PlaceOrder,
    Release,
)
from engine.core.orders.terms import (
    Exit,
    Slippage,
    SlippageUnit,
    Trigger,
    TriggerBy,
    TriggerDirection,
    exits,
    stop_direction,
)
from engine.core.plain import decimal_text
from engine.core.types import NS, KillLevel, OrderType, Side, TimeInForce
from engine.errors import ScriptError, did_you_mean
from engine.script.values import (
    Reader,
    amount,
    flag,
    market_time,
    price_or_none,
    read_value,
    shown,
    text,
    word,
)

BY = "script"


class ScriptRow(msgspec.Struct, frozen=True):
    """One command and its time: nanoseconds of market time since the market's first frame."""

    line: int
    at_ns: int
    command: Command


class Script(msgspec.Struct, frozen=True):
    """A checked script, in the order in which its commands are given."""

    source: str
    rows: tuple[ScriptRow, ...]

    def check_range(self, duration_s: float) -> None:
        """Raise ScriptError naming the first line whose time is after the market's end."""
        end_ns = round(duration_s * NS)
        late = [row for row in self.rows if row.at_ns > end_ns]
        if late:
            first = min(late, key=lambda row: row.line)
            raise ScriptError(
                f"{self.source}:{first.line}: at {_seconds(first.at_ns)} is out of range; "
                f"the market lasts {_seconds(end_ns)} s"
            )


def load_script(path: Path, *, account: str) -> Script:
    """Read and check a script file. Raises ScriptError with file and line."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ScriptError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ScriptError(f"{path}: byte {error.start} is not UTF-8; save it as UTF-8") from None
    return parse_script(text, source=str(path), account=account)


def parse_script(text: str, *, source: str, account: str) -> Script:
    """Check a script's text; `account` is the one that a `release` line names.

    Commands of the same time keep the order of their lines. Raises ScriptError with the line.
    """
    rows = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            rows.append(_row(number, line, account))
        except ValueError as error:
            raise ScriptError(f"{source}:{number}: {error}") from None
    rows.sort(key=lambda row: row.at_ns)
    return Script(source, tuple(rows))


def _row(number: int, line: str, account: str) -> ScriptRow:
    fields = _object(line)
    if "do" not in fields:
        raise ValueError('"do" is missing; it says what to do, like "place"')
    do = fields["do"]
    shape = _SHAPES.get(do) if isinstance(do, str) else None
    if shape is None:
        hint = did_you_mean(str(do), _SHAPES) or f"; use one of {', '.join(_SHAPES)}"
        raise ValueError(f'"do": {shown(do)} is not known{hint}')
    known = {"at", "do", *shape.needed, *shape.optional}
    for key in fields:
        if key not in known:
            hint = did_you_mean(key, known) or f"; it takes {', '.join(shape.keys())}"
            raise ValueError(f"{shown(key)} is not a key of {do!r}{hint}")
    for key in ("at", *shape.needed):
        if key not in fields:
            raise ValueError(f'"{key}" is missing; {do!r} needs {", ".join(shape.needed) or "at"}')
    readers = {**shape.needed, **shape.optional}
    values = {key: read_value(key, fields[key], readers[key]) for key in fields if key in readers}
    at_ns = read_value("at", fields["at"], market_time)
    values |= {"command_id": f"script-{number}", "by": BY}
    return ScriptRow(number, at_ns, shape.build(values, account))


def _object(line: str) -> dict[str, object]:
    def unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
        fields = dict(pairs)
        if len(fields) < len(pairs):
            raise ValueError("a key is written twice; keep one")
        return fields

    def refuse(constant: str) -> NoReturn:
        raise ValueError(f"{constant} is not a number that can be traded")

    try:
        parsed = json.loads(
            line,
            parse_float=Decimal,
            parse_int=Decimal,
            parse_constant=refuse,
            object_pairs_hook=unique,
        )
    except json.JSONDecodeError as error:
        raise ValueError(f"is not JSON: {error.msg} at column {error.colno}") from None
    except (ArithmeticError, RecursionError):
        raise ValueError("is not JSON that can be read") from None
    if not isinstance(parsed, dict):
        raise ValueError('is not a JSON object like {"at": 1.5, "do": "cancel_all"}')
    return parsed


def _place(values: dict[str, Any], _account: str) -> Command:
    """A market order is always IOC and has no price, whatever the line says of either."""
    if values.get("type") is OrderType.MARKET:
        values |= {"price": None, "time_in_force": TimeInForce.IOC}
    elif values.get("price") is None:
        raise ValueError('"price" is missing; a Limit order needs one')
    seldom = {key: values.pop(key) for key in _SELDOM if key in values}
    return PlaceOrder(**values, **_special(seldom, values["side"]))


def _special(given: dict[str, Any], side: Side) -> dict[str, Any]:
    """What the order waits for and brings along, and how far it may slip."""
    for key, needed in _BELONGS_TO.items():
        if key in given and needed not in given:
            raise ValueError(f'"{key}" says nothing without "{needed}"')
    terms: dict[str, Any] = {}
    if "trigger_price" in given:
        direction = given.get("trigger_direction", stop_direction(side))
        by = given.get("trigger_by", TriggerBy.LAST)
        terms["trigger"] = Trigger(given["trigger_price"], direction, by)
    partial = given.get("tpsl_mode") == "Partial"
    out = exits(_exit(given, "take_profit"), _exit(given, "stop_loss"), partial=partial)
    if out is not None:
        terms["attached"] = out
    if "slippage" in given:
        unit = given.get("slippage_unit", SlippageUnit.PERCENT)
        terms["slippage"] = Slippage(unit, given["slippage"])
    return terms


def _exit(given: dict[str, Any], name: str) -> Exit | None:
    if name not in given:
        return None
    by = given.get(f"{name}_by", TriggerBy.LAST)
    return Exit(given[name], by, given.get(f"{name}_limit"))


def _amend(values: dict[str, Any], _account: str) -> Command:
    if not {"price", "qty", "trigger_price"} & values.keys():
        raise ValueError("nothing to amend; give a price, a qty, or both")
    return AmendOrder(**values)


def _release(values: dict[str, Any], account: str) -> Command:
    return Release(account=account, **values)


def _plainly(command: Callable[..., Command]) -> Callable[[dict[str, Any], str], Command]:
    return lambda values, _account: command(**values)


class _TpslMode(StrEnum):
    FULL = "Full"
    PARTIAL = "Partial"


_SELDOM: dict[str, Reader] = {
    "trigger_price": amount,
    "trigger_direction": word(TriggerDirection),
    "trigger_by": word(TriggerBy),
    "take_profit": amount,
    "take_profit_by": word(TriggerBy),
    "take_profit_limit": amount,
    "stop_loss": amount,
    "stop_loss_by": word(TriggerBy),
    "stop_loss_limit": amount,
    "tpsl_mode": word(_TpslMode),
    "slippage": amount,
    "slippage_unit": word(SlippageUnit),
}
"""Keys of a `place` that few orders have, and how each is read."""
_BELONGS_TO = {
    "trigger_direction": "trigger_price",
    "trigger_by": "trigger_price",
    "take_profit_by": "take_profit",
    "take_profit_limit": "take_profit",
    "stop_loss_by": "stop_loss",
    "stop_loss_limit": "stop_loss",
    "slippage_unit": "slippage",
}
"""Keys that say more about another one."""


class _Shape(msgspec.Struct, frozen=True):
    """The keys of one `do` beside `at`, how each is read, and how the command is made."""

    build: Callable[[dict[str, Any], str], Command]
    needed: dict[str, Reader] = {}
    optional: dict[str, Reader] = {}

    def keys(self) -> list[str]:
        """Every key that a line may have."""
        return ["at", "do", *self.needed, *self.optional]


_SHAPES: dict[str, _Shape] = {
    "place": _Shape(
        _place,
        {"client_order_id": text, "symbol": text, "side": word(Side), "qty": amount},
        {
            "price": price_or_none,
            "type": word(OrderType),
            "time_in_force": word(TimeInForce),
            "post_only": flag,
            "reduce_only": flag,
            **_SELDOM,
        },
    ),
    "amend": _Shape(
        _amend,
        {"client_order_id": text},
        {"price": amount, "qty": amount, "trigger_price": amount},
    ),
    "cancel": _Shape(_plainly(CancelOrder), {"client_order_id": text}),
    "cancel_all": _Shape(_plainly(CancelAll), {}, {"symbol": text, "side": word(Side)}),
    "kill": _Shape(_plainly(Kill), {"level": word(KillLevel)}),
    "release": _Shape(_release, {"reason": text}),
    "flatten": _Shape(_plainly(Flatten)),
}


def _seconds(duration_ns: int) -> str:
    return decimal_text((Decimal(duration_ns) / NS).normalize())
