"""The kinds of fault there are, and the file that chooses among them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

import msgspec


class Kind(NamedTuple):
    """A kind of fault: where its chance comes up, and the options it has with their defaults."""

    point: str
    options: Mapping[str, object] = {}


REQUEST, ITEM, QUERY, ROW, FLUSH, BOOK, PING = (
    "request", "item", "query", "row", "flush", "book", "ping",
)  # fmt: skip

KINDS: Mapping[str, Kind] = {
    # A request arrives, over REST or on the trade stream; some are of one of them only.
    "ack_lost": Kind(REQUEST),
    "ack_silent": Kind(REQUEST, {"ms": 60_000}),
    "ack_late": Kind(REQUEST, {"ms": 200}),
    "request_lost": Kind(REQUEST),
    "refuse": Kind(REQUEST, {"code": 10016, "executed": False}),
    "http_error": Kind(REQUEST, {"status": 502, "executed": False}),
    "ban": Kind(REQUEST, {"ms": 600_000}),
    "no_req_id": Kind(REQUEST),
    "cut": Kind(REQUEST),
    "half_open": Kind(REQUEST),
    "restart": Kind(REQUEST, {"ms": 2000}),
    "realtime_wipe": Kind(REQUEST),
    # An item of a batch is about to be carried out.
    "item_refused": Kind(ITEM, {"code": 10006}),
    # A list is asked for that has a row younger than `ms`.
    "realtime_lag": Kind(QUERY, {"ms": 500, "on": "/v5/order/realtime"}),
    "history_lag": Kind(QUERY, {"ms": 1000, "on": "/v5/order/history"}),
    # A row is about to be pushed to an account that listens; the last two are of an order's end.
    "duplicate_row": Kind(ROW),
    "double_filled": Kind(ROW, {"on": "order.Filled"}),
    "rejected_with_fills": Kind(ROW, {"on": "order.Cancelled"}),
    # An account's rows of one instant are about to be pushed: none is held back, or order matters.
    "rows_late": Kind(FLUSH, {"ms": 200}),
    "rows_swapped": Kind(FLUSH),
    # A book frame is about to be published to somebody.
    "book_gap": Kind(BOOK),
    "book_restart": Kind(BOOK),
    "book_repeat": Kind(BOOK),
    # A client pings a stream.
    "no_pong": Kind(PING),
}
SINGLES = ("rate", "nth", "every")
COMMON = ("kind", *SINGLES, "on", "most")


class FaultsError(Exception):
    """A faults file cannot be used; the text says where, what is wrong, and what is near."""


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One kind of fault and when it strikes. `ms` are milliseconds of the exchange's clock."""

    kind: str
    rate: float = 0.0  # of the chances, 0 to 1
    nth: list[int] = []  # these chances, counted from one
    every: int = 0  # each so-manieth chance
    on: str = ""  # only where the path or topic contains this
    most: int = 0  # at most so often; 0 is without end
    ms: int = 0
    code: int = 0
    status: int = 0
    executed: bool = False


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a file says."""

    seed: int = 0
    rules: list[Rule] = []


def read_plan(path: Path) -> Plan:
    """Read a faults file: TOML by its name, JSON lines otherwise. Raises FaultsError, OSError."""
    try:
        text = path.read_text(encoding="utf-8")
        entries = _toml(text) if path.suffix == ".toml" else _json_lines(text)
        return parse_plan(entries)
    except (FaultsError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise FaultsError(f"{path}: {error}") from None


def parse_plan(entries: Iterable[tuple[str, object]]) -> Plan:
    """Check entries, each with the words for where it stands. Raises FaultsError."""
    seed, rules = 0, []
    for where, entry in entries:
        if not isinstance(entry, dict):
            raise FaultsError(f"{where} is not a table")
        if set(entry) == {"seed"}:
            seed = _whole(where, "seed", entry["seed"])
        else:
            rules.append(_rule(where, entry))
    return Plan(seed=seed, rules=rules)


def _toml(text: str) -> Iterable[tuple[str, object]]:
    table = tomllib.loads(text)
    for name in table:
        if name not in ("seed", "fault"):
            raise FaultsError(f"unknown key {name!r}{_near(name, ('seed', 'fault'))}")
    if "seed" in table:
        yield "the file", {"seed": table["seed"]}
    faults = table.get("fault", [])
    if not isinstance(faults, list):
        raise FaultsError("fault is a list of tables: write [[fault]] above each")
    yield from ((f"fault {number}", entry) for number, entry in enumerate(faults, 1))


def _json_lines(text: str) -> Iterable[tuple[str, object]]:
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                yield f"line {number}", msgspec.json.decode(line)
            except msgspec.DecodeError as error:
                raise FaultsError(f"line {number}: {error}") from None


def _rule(where: str, entry: Mapping[str, object]) -> Rule:
    kind = entry.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        hint = _near(kind, KINDS) if isinstance(kind, str) else f": one of {', '.join(KINDS)}"
        raise FaultsError(f"{where}: kind {kind!r} is not known{hint}")
    allowed = (*COMMON, *KINDS[kind].options)
    for name in entry:
        if name not in allowed:
            raise FaultsError(f"{where} ({kind}): unknown key {name!r}{_near(name, allowed)}")
    filled = {**KINDS[kind].options, **entry}
    if isinstance(filled.get("nth"), int):
        filled["nth"] = [filled["nth"]]
    try:
        rule = msgspec.convert(filled, Rule)
    except msgspec.ValidationError as error:
        raise FaultsError(f"{where} ({kind}): {error}") from None
    _check(f"{where} ({kind})", rule)
    return rule


def _check(where: str, rule: Rule) -> None:
    if sum(bool(given) for given in (rule.rate, rule.nth, rule.every)) != 1:
        raise FaultsError(f"{where}: give exactly one of {', '.join(SINGLES)}, above zero")
    if not 0 <= rule.rate <= 1:
        raise FaultsError(f"{where}: rate is a share of the chances, from 0 to 1")
    if min(rule.nth, default=1) < 1 or rule.every < 0 or rule.most < 0 or rule.ms < 0:
        raise FaultsError(f"{where}: nth counts from one; every, most and ms are not negative")
    if KINDS[rule.kind].options.get("status") and not 100 <= rule.status <= 599:
        raise FaultsError(f"{where}: status {rule.status} is no HTTP status")


def _whole(where: str, name: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise FaultsError(f"{where}: {name} is a whole number")
    return value


def _near(word: str, known: Iterable[str]) -> str:
    """The nearest right word, or all of them."""
    known = list(known)
    found = get_close_matches(word, known, 1)
    return f'; did you mean "{found[0]}"?' if found else f": one of {', '.join(known)}"
