"""Keys are found where the configuration says; what is not safe there is refused without a leak."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from engine.config import Credentials
from engine.credentials import ApiKey, load_credentials
from engine.errors import ConfigError

CANARY = "canary-41c7"
LINES = f'api_key = "KEY"\napi_secret = "{CANARY}"\n'


def found(source: str, name: str, environment: str = "testnet", **env: str) -> tuple[str, str]:
    key = load_credentials(Credentials(source, name), environment, env)
    assert CANARY not in repr(key)
    return key.key.reveal(), key.secret.reveal()


def refusal(source: str, name: str, environment: str = "testnet", **env: str) -> str:
    with pytest.raises(ConfigError) as refused:
        load_credentials(Credentials(source, name), environment, env)
    assert CANARY not in str(refused.value)
    return str(refused.value)


def written(path: Path, text: str = LINES, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def test_variables_hold_a_key_for_play_money() -> None:
    env = {"DESK_API_KEY": "KEY", "DESK_API_SECRET": f" {CANARY}\n"}
    assert found("env", "DESK", "demo", **env) == ("KEY", CANARY)


def test_variables_are_refused_where_money_is_real() -> None:
    env = {"DESK_API_KEY": "KEY", "DESK_API_SECRET": CANARY}
    assert "not safe enough for an account with real money" in refusal(
        "env", "DESK", "mainnet", **env
    )


def test_what_is_missing_is_named() -> None:
    assert refusal("env", "DESK", DESK_API_SECRET=CANARY) == (
        "credentials (env 'DESK'): api_key not found there"
    )
    assert refusal("env", "DESK").endswith("api_key and api_secret not found there")


def test_a_file_of_the_owner_alone_is_read(tmp_path: Path) -> None:
    path = written(tmp_path / "desk.toml")
    assert found("file", str(path), "mainnet") == ("KEY", CANARY)


def test_an_rsa_key_may_stand_in_the_file(tmp_path: Path) -> None:
    pem = "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----"
    path = written(tmp_path / "desk.toml", f'api_key = "KEY"\napi_secret = """\n{pem}\n"""\n')
    assert found("file", str(path)) == ("KEY", pem)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = written(tmp_path / "desk.toml", mode=mode)
    assert "others can read it; chmod 600 it, then make a new key" in refusal("file", str(path))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (f"{CANARY}\n", "is not two lines"),
        (f"api_key = 1\napi_secret = '{CANARY}'", "as texts, nothing else"),
        (f"{LINES}extra = '{CANARY}'", "as texts, nothing else"),
        (f"api_key = 'K EY'\napi_secret = '{CANARY}'", "characters that no key has"),
        (f"api_key = 'KÉY'\napi_secret = '{CANARY}'", "characters that no key has"),
        ("api_key = 'KEY'", "api_secret not found"),
    ],
)
def test_a_file_with_anything_else_is_refused_without_showing_it(
    tmp_path: Path, text: str, problem: str
) -> None:
    assert problem in refusal("file", str(written(tmp_path / "desk.toml", text)))


def test_a_file_that_is_not_there_or_no_file_is_refused(tmp_path: Path) -> None:
    assert "cannot be opened: No such file" in refusal("file", str(tmp_path / "none"))
    assert "cannot be opened: Is a directory" in refusal("file", str(tmp_path))
    target = written(tmp_path / "desk.toml")
    link = tmp_path / "link.toml"
    link.symlink_to(target)
    assert "cannot be opened" in refusal("file", str(link))


def test_systemd_gives_a_credential_by_name(tmp_path: Path) -> None:
    written(tmp_path / "desk", mode=0o400)
    assert found("systemd", "desk", "mainnet", CREDENTIALS_DIRECTORY=str(tmp_path)) == (
        "KEY",
        CANARY,
    )
    assert "CREDENTIALS_DIRECTORY is not set" in refusal("systemd", "desk")
    assert "not a path" in refusal("systemd", "../desk", CREDENTIALS_DIRECTORY=str(tmp_path))


def test_the_keyring_gives_both_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = {("tradedeck", "desk:api_key"): "KEY", ("tradedeck", "desk:api_secret"): CANARY}
    keyring = SimpleNamespace(get_password=lambda service, user: entries.get((service, user)))
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    assert found("keyring", "desk", "mainnet") == ("KEY", CANARY)
    assert "api_key and api_secret not found" in refusal("keyring", "other")


def test_a_keyring_that_fails_or_is_missing_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(_service: str, _user: str) -> str:
        raise RuntimeError(CANARY)

    monkeypatch.setitem(sys.modules, "keyring", SimpleNamespace(get_password=locked))
    assert refusal("keyring", "desk").endswith("the keyring failed (RuntimeError)")
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert "pip install 'tradedeck[keyring]'" in refusal("keyring", "desk")


def test_an_account_without_credentials_says_how_to_write_them() -> None:
    with pytest.raises(ConfigError, match="write credentials = "):
        load_credentials(None, "testnet", {})


def test_neither_key_nor_secret_is_shown() -> None:
    env = {"DESK_API_KEY": "KEY", "DESK_API_SECRET": CANARY}
    key = load_credentials(Credentials("env", "DESK"), "testnet", env)
    assert isinstance(key, ApiKey)
    assert repr(key) == "ApiKey(key=***, secret=***)"
