"""An account's key and secret: where the configuration says, and safe there.

    systemd   a file that systemd puts into $CREDENTIALS_DIRECTORY, best for a service
    keyring   the desktop's keyring (needs the package `keyring`)
    file      a file that only its owner can read
    env       NAME_API_KEY and NAME_API_SECRET: other programs of the user can read them, so not
              for an account with real money

Files have two lines, `api_key = "…"` and `api_secret = "…"` (TOML; a secret of several lines is a
private RSA key). No message says more of a key than where it was looked for.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple, cast

from engine.config import NO_VARIABLES, REAL_MONEY, Credentials
from engine.errors import ConfigError
from engine.secret import Secret

KEYRING_SERVICE = "tradedeck"
MAX_FILE_BYTES = 20_000
_NAMES = ("api_key", "api_secret")


class ApiKey(NamedTuple):
    """A key and what signs for it: a shared secret, or a private RSA key in PEM form."""

    key: Secret
    secret: Secret


def load_credentials(
    credentials: Credentials | None, environment: str, env: Mapping[str, str]
) -> ApiKey:
    """Find an account's key. Raises ConfigError that says where it was looked for and what to do.

    Variables are refused on mainnet, files that others can read everywhere.
    """
    if credentials is None:
        raise ConfigError('credentials: there are none; write credentials = { file = "…" }')
    found = _SOURCES[credentials.source](credentials.name, environment, env)
    key, secret = (found.get(name, "") for name in _NAMES)
    where = f"credentials ({credentials.source} {credentials.name!r})"
    if not key or not secret:
        missing = " and ".join(
            name for name, text in zip(_NAMES, (key, secret), strict=True) if not text
        )
        raise ConfigError(f"{where}: {missing} not found there")
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise ConfigError(f"{where}: api_key has characters that no key has; copy it again")
    return ApiKey(Secret(key), Secret(secret))


def _from_env(name: str, environment: str, env: Mapping[str, str]) -> dict[str, str]:
    if environment == REAL_MONEY:
        raise ConfigError(f"credentials (env {name!r}): {NO_VARIABLES}")
    return {field: env.get(f"{name}_{field.upper()}", "").strip() for field in _NAMES}


def _from_file(name: str, _environment: str, _env: Mapping[str, str]) -> dict[str, str]:
    return _read(Path(name).expanduser(), f"credentials (file {name!r})")


def _from_systemd(name: str, _environment: str, env: Mapping[str, str]) -> dict[str, str]:
    where = f"credentials (systemd {name!r})"
    directory = env.get("CREDENTIALS_DIRECTORY", "")
    if not directory:
        raise ConfigError(
            f"{where}: not started by systemd with LoadCredential={name}: "
            "CREDENTIALS_DIRECTORY is not set"
        )
    if "/" in name or name in (".", ".."):
        raise ConfigError(f"{where}: it must be the name of a credential, not a path")
    return _read(Path(directory, name), where)


def _from_keyring(name: str, _environment: str, _env: Mapping[str, str]) -> dict[str, str]:
    where = f"credentials (keyring {name!r})"
    try:
        keyring = cast(Any, import_module("keyring"))
    except ImportError:
        raise ConfigError(
            f"{where}: the package keyring is not installed; pip install 'tradedeck[keyring]'"
        ) from None
    try:
        entries = {
            field: keyring.get_password(KEYRING_SERVICE, f"{name}:{field}") for field in _NAMES
        }
    except Exception as error:  # whatever a backend raises, its text may be about the entry
        raise ConfigError(f"{where}: the keyring failed ({type(error).__name__})") from None
    return {field: entry or "" for field, entry in entries.items()}


_SOURCES: Mapping[str, Callable[[str, str, Mapping[str, str]], dict[str, str]]] = {
    "env": _from_env,
    "file": _from_file,
    "keyring": _from_keyring,
    "systemd": _from_systemd,
}


def _read(path: Path, where: str) -> dict[str, str]:
    import tomllib

    try:
        with open(path, "rb", opener=_not_through_links) as file:
            found = os.fstat(file.fileno())
            raw = file.read(MAX_FILE_BYTES)
    except OSError as error:
        raise ConfigError(f"{where}: cannot be opened: {error.strerror}") from None
    if found.st_uid not in (0, os.geteuid()):
        raise ConfigError(f"{where}: belongs to another user")
    if stat.S_IMODE(found.st_mode) & 0o077:
        raise ConfigError(f"{where}: others can read it; chmod 600 it, then make a new key")
    try:
        table = tomllib.loads(raw.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError):
        raise ConfigError(f'{where}: is not two lines api_key = "…" and api_secret = "…"') from None
    unknown = sorted(set(table) - set(_NAMES))
    if unknown or not all(isinstance(text, str) for text in table.values()):
        raise ConfigError(f"{where}: must have api_key and api_secret as texts, nothing else")
    return {name: text.strip() for name, text in table.items()}


def _not_through_links(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW)
