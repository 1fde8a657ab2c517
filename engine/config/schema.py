"""Tables of known configuration keys, and how a file and variables are checked against them.

Whatever the tables do not know is refused with the nearest key that they do. Nothing below a
secret table is ever shown.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from engine.config.values import Reader
from engine.errors import ConfigError, did_you_mean

ENV_PREFIX = "TRADEDECK_"
TEST_VARIABLES = frozenset({"TRADEDECK_SCENARIOS", "TRADEDECK_PNL_VECTORS"})
"""Variables of the test suite, which share the prefix and are no configuration."""
SHOWN_CHARS = 60

KeyPath = tuple[str, ...]
"""Where a value stands: the keys that lead to it."""


class Table(msgspec.Struct, frozen=True):
    """A table whose keys are fixed."""

    fields: Mapping[str, Schema]
    secret: bool = False

    def entry(self, key: str) -> Schema:
        """What belongs under `key`. Raises ValueError with the nearest key."""
        if key not in self.fields:
            hint = did_you_mean(key, self.fields) or f"; known here: {', '.join(self.fields)}"
            raise ValueError(f"unknown key{hint}")
        return self.fields[key]

    def spell(self, word: str, _existing: Mapping[str, Any]) -> str:
        """The key that a part of a variable's name stands for."""
        return word.lower()


class Each(msgspec.Struct, frozen=True):
    """A table whose keys are names: `name` checks one, `fold` spells one from a variable."""

    name: Reader
    value: Schema
    fold: Callable[[str], str] = str.lower
    secret: bool = False

    def entry(self, key: str) -> Schema:
        """What belongs under any `key`. Raises ValueError when the name itself is wrong."""
        self.name(key)
        return self.value

    def spell(self, word: str, existing: Mapping[str, Any]) -> str:
        """The name that a part of a variable's name stands for, as the file spells it."""
        spelled = {key.lower(): key for key in existing}
        return spelled.get(word.lower(), self.fold(word))


Schema = Table | Each | Reader


class Document:
    """A parsed file with the variables that override it; it knows where each value came from."""

    def __init__(self, raw: dict[str, Any], file: str) -> None:
        self.raw = raw
        self.file = file
        self.variables: dict[KeyPath, str] = {}

    def override(self, schema: Table, env: Mapping[str, str]) -> None:
        """Take over every `TRADEDECK_A__B=value`. Raises ConfigError on one that means nothing."""
        for variable in sorted(env):
            if not variable.startswith(ENV_PREFIX) or variable in TEST_VARIABLES:
                continue
            words = variable.removeprefix(ENV_PREFIX).split("__")
            target: dict[str, Any] = self.raw
            node: Schema = schema
            path: KeyPath = ()
            for word in words:
                if not isinstance(node, Table | Each) or not isinstance(target, dict):
                    raise ConfigError(f"{variable}: {dotted(path)} is not a table")
                key = node.spell(word, target)
                path = (*path, key)
                self.variables[path] = variable
                node = self._entry(node, path)
                if len(path) < len(words):
                    target = target.setdefault(key, {})
            target[path[-1]] = _literal(env[variable])

    def read(self, schema: Schema) -> Any:
        """The document's meaning, table by table. Raises ConfigError at the first wrong value."""
        return self._read(self.raw, schema, (), secret=False)

    def error(self, path: KeyPath, problem: str) -> ConfigError:
        """An error about the value at `path` that says which file or variable set it."""
        where = self.variables.get(path, self.file)
        return ConfigError(f"{where}: {dotted(path)}: {problem}")

    def _read(self, value: object, schema: Schema, path: KeyPath, *, secret: bool) -> Any:
        if not isinstance(schema, Table | Each):
            try:
                return schema(value)
            except ValueError as error:
                raise self.error(path, _with_value(value, str(error), secret)) from None
        secret = secret or schema.secret
        if not isinstance(value, dict):
            problem = f"it must be a table, [{dotted(path)}]"
            raise self.error(path, _with_value(value, problem, secret))
        return {
            key: self._read(item, self._entry(schema, (*path, key)), (*path, key), secret=secret)
            for key, item in value.items()
        }

    def _entry(self, schema: Table | Each, path: KeyPath) -> Schema:
        try:
            return schema.entry(path[-1])
        except ValueError as error:
            raise self.error(path, str(error)) from None


def dotted(path: KeyPath) -> str:
    """A path as TOML writes it; odd names are quoted and escaped."""
    return ".".join(
        part
        if part.replace("_", "").replace("-", "").isalnum() and part.isascii()
        else _quoted(part)
        for part in path
    )


def _with_value(value: object, problem: str, secret: bool) -> str:
    return problem if secret else f"{_shown(value)} is wrong, {problem}"


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, Decimal):
        return str(value)[:SHOWN_CHARS]
    return _quoted(value)


def _quoted(value: object) -> str:
    written = json.dumps(value, default=str)
    return written if len(written) <= SHOWN_CHARS else written[: SHOWN_CHARS - 1] + "…"


def _literal(written: str) -> object:
    """A variable's value as TOML would read it; what is no TOML value is text."""
    import tomllib

    try:
        parsed = tomllib.loads(f"value = {written}", parse_float=Decimal)
    except (tomllib.TOMLDecodeError, RecursionError):
        return written
    return parsed["value"] if len(parsed) == 1 else written
