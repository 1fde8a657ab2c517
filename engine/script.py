"""A session script: JSON lines, each a command and when to give it.

The whole script is checked before anything runs; the first bad line is refused with its number.
What is well-formed but not acceptable to the engine (an unknown symbol, an off-tick price) is no
error here: the engine refuses it in the run, and the session shows it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
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
from engine.core.plain import decimal_text
from engine.core.types import KillLevel, OrderType, Side, TimeInForce
from engine.decimals import parse_decimal
from engine.errors import ScriptError, did_you_mean

NS = 1_000_000_000
BY = "script"
AT_MAX_S = 10_000_000
TEXT_MAX = 200
SHOWN_CHARS = 60


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
        raise ValueError(f'"do": {_shown(do)} is not known{hint}')
    known = {"at", "do", *shape.needed, *shape.optional}
    for key in fields:
        if key not in known:
            hint = did_you_mean(key, known) or f"; it takes {', '.join(shape.keys())}"
            raise ValueError(f"{_shown(key)} is not a key of {do!r}{hint}")
    for key in ("at", *shape.needed):
        if key not in fields:
            raise ValueError(f'"{key}" is missing; {do!r} needs {", ".join(shape.needed) or "at"}')
    readers = {**shape.needed, **shape.optional}
    values = {key: _value(key, fields[key], readers[key]) for key in fields if key in readers}
    at_ns = _value("at", fields["at"], _at)
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


Reader = Callable[[object], Any]


def _value(key: str, value: object, reader: Reader) -> Any:
    try:
        return reader(value)
    except ValueError as error:
        raise ValueError(f'"{key}": {_shown(value)}: {error}') from None


def _at(value: object) -> int:
    if not isinstance(value, Decimal) or not 0 <= value <= AT_MAX_S:
        raise ValueError(f"it must be seconds from 0 to {AT_MAX_S}, like 1.5")
    return int(value * NS)


def _amount(value: object) -> Decimal:
    wanted = 'it must be a number greater than 0, like "0.010"'
    try:
        number = parse_decimal(value) if isinstance(value, str) else value
    except ValueError:
        raise ValueError(wanted) from None
    if not isinstance(number, Decimal) or number <= 0:
        raise ValueError(wanted)
    return number


def _price(value: object) -> Decimal | None:
    return None if value is None else _amount(value)


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise ValueError("it must be text that is not empty")
    if len(value) > TEXT_MAX:
        raise ValueError(f"it must have at most {TEXT_MAX} characters")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("it must be true or false")
    return value


def _word(kind: type[Side | OrderType | TimeInForce | KillLevel]) -> Reader:
    words = {str(member): member for member in kind}

    def read(value: object) -> Any:
        if not isinstance(value, str) or value not in words:
            raise ValueError(f"it must be {' or '.join(words)}{did_you_mean(str(value), words)}")
        return words[value]

    return read


def _place(values: dict[str, Any], _account: str) -> Command:
    """A market order is always IOC and has no price, whatever the line says of either."""
    if values.get("type") is OrderType.MARKET:
        values |= {"price": None, "time_in_force": TimeInForce.IOC}
    elif values.get("price") is None:
        raise ValueError('"price" is missing; a Limit order needs one')
    return PlaceOrder(**values)


def _amend(values: dict[str, Any], _account: str) -> Command:
    if "price" not in values and "qty" not in values:
        raise ValueError("nothing to amend; give a price, a qty, or both")
    return AmendOrder(**values)


def _release(values: dict[str, Any], account: str) -> Command:
    return Release(account=account, **values)


def _plainly(command: Callable[..., Command]) -> Callable[[dict[str, Any], str], Command]:
    return lambda values, _account: command(**values)


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
        {"client_order_id": _text, "symbol": _text, "side": _word(Side), "qty": _amount},
        {
            "price": _price,
            "type": _word(OrderType),
            "time_in_force": _word(TimeInForce),
            "post_only": _flag,
            "reduce_only": _flag,
        },
    ),
    "amend": _Shape(_amend, {"client_order_id": _text}, {"price": _amount, "qty": _amount}),
    "cancel": _Shape(_plainly(CancelOrder), {"client_order_id": _text}),
    "cancel_all": _Shape(_plainly(CancelAll), {}, {"symbol": _text, "side": _word(Side)}),
    "kill": _Shape(_plainly(Kill), {"level": _word(KillLevel)}),
    "release": _Shape(_release, {"reason": _text}),
    "flatten": _Shape(_plainly(Flatten)),
}


def _seconds(duration_ns: int) -> str:
    return decimal_text((Decimal(duration_ns) / NS).normalize())


def _shown(value: object) -> str:
    written = str(value) if isinstance(value, Decimal) else json.dumps(value, default=str)
    return written if len(written) <= SHOWN_CHARS else written[:SHOWN_CHARS] + "…"
