"""Configuration: one TOML file and `TRADEDECK_*` variables, checked as a whole before use.

The tables below say every key that exists and how its value is read. Whatever they do not know is
refused with the nearest key they do. Messages never show a value from a credentials table.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import msgspec

from engine.config import values
from engine.config.risk import RISK, read_limits
from engine.config.schema import Document, Each, KeyPath, Schema, Table
from engine.core.limits import LIVE_LIMITS, PAPER_LIMITS, RiskLimits
from engine.core.types import Category
from engine.errors import ConfigError, did_you_mean

PAPER = "paper"
REAL_MONEY = "mainnet"
NO_VARIABLES = (
    "variables are not safe enough for an account with real money; "
    'use credentials = { file = "…" }, keyring or systemd'
)
MAX_FILE_BYTES = 1_000_000


class Credentials(msgspec.Struct, frozen=True):
    """Where an account's key and secret are found, never what they are."""

    source: str
    name: str


class AccountConfig(msgspec.Struct, frozen=True, kw_only=True):
    """One trading account. The paper account needs nothing but, perhaps, its limits.

    `dcp_s` has the venue cancel every order when nobody of us has listened for so many seconds.
    """

    name: str
    venue: str = "bybit"
    environment: str = "local"
    url: str | None = None
    category: Category = Category.LINEAR
    symbols: tuple[str, ...] = ()
    live: bool = False
    dcp_s: int | None = None
    credentials: Credentials | None = None
    risk: RiskLimits = PAPER_LIMITS


class ConsoleConfig(msgspec.Struct, frozen=True, kw_only=True):
    """How the console looks and behaves.

    `theme` None is the built-in one; `up_color` is the colour of gains, green or red; `ascii`
    draws without other signs; `hz` is frames a second; `on_hangup` None leaves orders on paper and
    cancels those of a real account; `keys` maps an action to its keys, a comma between them.
    """

    theme: str | None = None
    up_color: str = "green"
    ascii: bool = False
    hz: int = 10
    on_exit: Literal["ask", "cancel", "leave"] = "ask"
    on_hangup: Literal["cancel", "leave"] | None = None
    keys: dict[str, str] = {}


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that can be configured."""

    accounts: dict[str, AccountConfig]
    console: ConsoleConfig = ConsoleConfig()


_CREDENTIALS: dict[str, Schema] = {
    "env": values.name(r"[A-Za-z_][A-Za-z0-9_]*", "the start of a variable's name, like DESK"),
    "file": values.text,
    "keyring": values.text,
    "systemd": values.text,
}
_ACCOUNT: dict[str, Schema] = {
    "venue": values.one_of("bybit"),
    "environment": values.one_of(REAL_MONEY, "testnet", "demo", "local"),
    "url": values.loopback_url,
    "category": values.one_of("linear", "inverse", "spot"),
    "symbols": values.symbols,
    "live": values.boolean,
    "dcp_s": values.whole(3, 300),
    "credentials": Table(_CREDENTIALS, secret=True),
    "risk": Table(RISK),
}
_CONSOLE: dict[str, Schema] = {
    "theme": values.name(r"[a-z0-9][a-z0-9_-]*", "the name of a theme"),
    "up_color": values.one_of("green", "red"),
    "ascii": values.boolean,
    "hz": values.whole(1, 30),
    "on_exit": values.one_of("ask", "cancel", "leave"),
    "on_hangup": values.one_of("cancel", "leave"),
    "keys": Each(values.name(r"[a-z][a-z0-9._-]*", "the name of an action"), values.keys),
}
_ROOT = Table(
    {
        "accounts": Each(
            values.name(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}", "a short name of letters and digits"),
            Table(_ACCOUNT),
        ),
        "console": Table(_CONSOLE),
    }
)

_NEEDED = {
    "venue": 'venue = "bybit"',
    "environment": 'environment = "testnet"',
    "symbols": 'symbols = ["BTCUSDT"]',
    "credentials": 'credentials = { env = "DESK" }',
}
_NEEDED_IN = {
    "local": {
        "venue": _NEEDED["venue"],
        "url": 'url = "http://127.0.0.1:18080"',
        "symbols": _NEEDED["symbols"],
    },
    REAL_MONEY: {**_NEEDED, "credentials": 'credentials = { file = "…" }'},
}
"""What an account needs where that is not what testnet and demo need."""


def paper_config(env: Mapping[str, str] | None = None) -> Config:
    """The configuration without a file: the paper account with its wide limits.

    Raises ConfigError when `env` has a `TRADEDECK_*` variable that means nothing.
    """
    return only_paper(_build({}, "the configuration", env or {}))


def load_config(path: Path, env: Mapping[str, str]) -> Config:
    """Read a configuration file, then what `env` overrides.

    Raises ConfigError with one line: where, which key, which value, and what would be right.
    """
    return _build(_read_toml(path), str(path), env)


def real_account(config: Config, name: str, *, live: bool) -> AccountConfig:
    """The configured account to trade for real; `live` says that real money is meant.

    Raises ConfigError for a name that is not there, and on mainnet unless the configuration and
    the caller both say live.
    """
    account = config.accounts.get(name)
    if account is None:
        listed = ", ".join(config.accounts) or "none"
        hint = did_you_mean(name, config.accounts) or f"; configured are {listed}"
        raise ConfigError(f"account {name!r} is not configured{hint}")
    if account.environment == REAL_MONEY:
        if not account.live:
            raise ConfigError(f"account {name!r} is on mainnet: add live = true to trade it")
        if not live:
            raise ConfigError(f"account {name!r} is on mainnet: add --live to trade real money")
    elif live:
        raise ConfigError(f"account {name!r} is on {account.environment}, not live: no --live")
    return account


def only_paper(config: Config, *, named: bool = False) -> Config:
    """The same configuration with one account, `paper`: what an engine on paper trades by.

    Its limits are those of the account called `paper`; without one, and unless it was `named`,
    those of the only account there is, if that is a `local` one. Raises ConfigError when it is not
    clear whose limits are meant.
    """
    chosen = config.accounts.get(PAPER)
    if chosen is None and not named and len(config.accounts) == 1:
        (chosen,) = config.accounts.values()
    if chosen is None and not named and config.accounts:
        listed = ", ".join(config.accounts)
        raise ConfigError(f"whose limits? accounts are {listed}; add [accounts.{PAPER}.risk]")
    if chosen is not None and chosen.environment != "local":
        raise ConfigError(
            f"account {chosen.name!r} is on {chosen.environment}; add --account {chosen.name} to "
            f"trade it, or [accounts.{PAPER}.risk] to trade on paper"
        )
    risk = PAPER_LIMITS if chosen is None else chosen.risk
    return Config(accounts={PAPER: AccountConfig(name=PAPER, risk=risk)}, console=config.console)


def _read_toml(path: Path) -> dict[str, Any]:
    import tomllib

    try:
        with path.open("rb") as file:
            raw = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    if len(raw) > MAX_FILE_BYTES:
        raise ConfigError(f"{path}: is larger than {MAX_FILE_BYTES} bytes; is it a configuration?")
    try:
        return tomllib.loads(raw.decode(), parse_float=Decimal)
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: byte {error.start} is not UTF-8; save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        twice = "overwrite" in str(error) or "twice" in str(error)
        advice = "; a key or table is written twice, keep one" if twice else ""
        raise ConfigError(f"{path}: is not valid TOML: {error}{advice}") from None
    except RecursionError:
        raise ConfigError(f"{path}: is nested too deeply to be a configuration") from None


def _build(raw: dict[str, Any], file: str, env: Mapping[str, str]) -> Config:
    document = Document(raw, file)
    document.override(_ROOT, env)
    read = document.read(_ROOT)
    return Config(
        accounts={
            name: _account(name, fields, document)
            for name, fields in read.get("accounts", {}).items()
        },
        console=ConsoleConfig(**read.get("console", {})),
    )


def _account(name: str, fields: dict[str, Any], document: Document) -> AccountConfig:
    path = ("accounts", name)
    if name != PAPER:
        needed = _NEEDED_IN.get(fields.get("environment", ""), _NEEDED)
        for key, example in needed.items():
            if key not in fields:
                raise document.error((*path, key), f"is missing; write it like {example}")
    environment = fields.get("environment", "local")
    if name == PAPER and environment != "local":
        problem = "the paper account is local; give an account elsewhere another name"
        raise document.error((*path, "environment"), problem)
    if name == PAPER and "dcp_s" in fields:
        problem = "the paper account's orders end with the program; give it to a real account"
        raise document.error((*path, "dcp_s"), problem)
    if environment != "local" and "url" in fields:
        problem = f"only a local account has a url; {environment} has its own address"
        raise document.error((*path, "url"), problem)
    if "credentials" in fields:
        fields["credentials"] = _credentials(
            fields["credentials"], (*path, "credentials"), document, environment
        )
    fields["category"] = Category(fields.get("category", Category.LINEAR))
    defaults = PAPER_LIMITS if environment == "local" else LIVE_LIMITS
    risk = read_limits(defaults, fields.get("risk", {}), (*path, "risk"), document)
    if risk.symbols_allow == ():
        # The markets that a live account names are those it may trade, unless it says otherwise.
        risk = msgspec.structs.replace(risk, symbols_allow=fields["symbols"])
    fields["risk"] = risk
    return AccountConfig(name=name, **fields)


def _credentials(
    fields: dict[str, str], path: KeyPath, document: Document, environment: str
) -> Credentials:
    if len(fields) != 1:
        found = ", ".join(fields) or "none"
        raise document.error(
            path, f"it must have one of env, file, keyring, systemd; found: {found}"
        )
    ((source, name),) = fields.items()
    if source == "env" and environment == REAL_MONEY:
        raise document.error((*path, source), NO_VARIABLES)
    return Credentials(source, name)
