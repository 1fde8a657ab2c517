"""Configuration: what a file means, and how a wrong one is refused."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace

from engine.config import (
    AccountConfig,
    Config,
    ConsoleConfig,
    Credentials,
    load_config,
    only_paper,
    paper_config,
    real_account,
)
from engine.core.limits import LIVE_LIMITS, PAPER_LIMITS
from engine.core.types import Category
from engine.errors import ConfigError

DESK = """
[accounts.desk]
venue = "bybit"
environment = "local"
url = "http://127.0.0.1:18080"
category = "linear"
symbols = ["BTCUSDT", "ETHUSDT"]
live = false
credentials = { env = "DESK" }
[accounts.desk.risk]
max_order_notional_usd = "100000"
price_collar = "0.05"
orders_per_s = 50
max_open_orders = 500
"""
DESK_LIVE = """
[accounts.desk]
venue = "bybit"
environment = "mainnet"
symbols = ["BTCUSDT"]
live = true
credentials = { env = "DESK" }
"""
TESTNET = """
[accounts.far]
venue = "bybit"
environment = "testnet"
symbols = ["BTCUSDT"]
credentials = { file = "far.key" }
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "desk.toml"


def load(file: Path, text: str, env: Mapping[str, str] | None = None) -> Config:
    file.write_text(text, encoding="utf-8")
    return load_config(file, env or {})


def refusal(file: Path, text: str, env: Mapping[str, str] | None = None) -> str:
    with pytest.raises(ConfigError) as refused:
        load(file, text, env)
    message = str(refused.value)
    assert "\n" not in message
    return message.replace(str(file), "desk.toml")


def test_an_account_may_ask_the_venue_to_cancel_when_it_is_cut_off(file: Path) -> None:
    assert load(file, DESK.replace("live = false", "dcp_s = 10")).accounts["desk"].dcp_s == 10


def test_a_whole_file_is_understood(file: Path) -> None:
    desk = load(file, DESK).accounts["desk"]
    assert desk.venue == "bybit"
    assert desk.environment == "local"
    assert desk.url == "http://127.0.0.1:18080"
    assert desk.category is Category.LINEAR
    assert desk.symbols == ("BTCUSDT", "ETHUSDT")
    assert desk.live is False
    assert desk.dcp_s is None
    assert desk.credentials == Credentials("env", "DESK")
    assert desk.risk.max_order_notional_usd == 100_000
    assert desk.risk.price_collar == Decimal("0.05")
    assert desk.risk.orders_per_s == 50
    assert desk.risk.max_open_orders == 500
    assert desk.risk.max_position_notional_usd == PAPER_LIMITS.max_position_notional_usd


def test_the_paper_account_needs_nothing_but_its_limits(file: Path) -> None:
    config = load(file, "[accounts.paper.risk]\nmax_order_qty = 2.5\n")
    assert config.accounts["paper"].risk.max_order_qty == Decimal("2.5")
    assert config.accounts["paper"].environment == "local"


def test_no_file_means_the_paper_account_with_wide_limits() -> None:
    assert paper_config() == Config(accounts={"paper": AccountConfig(name="paper")})
    assert paper_config().console == ConsoleConfig(hz=10, on_exit="ask", on_hangup=None)


def test_the_console_table_is_understood(file: Path) -> None:
    text = '[console]\ntheme = "paper-light"\nhz = 4\n[console.keys]\n"order.buy" = ["b", "B"]\n'
    console = load(file, text).console
    assert (console.theme, console.hz) == ("paper-light", 4)
    assert console.keys == {"order.buy": "b,B"}


def test_a_symbol_takes_the_accounts_limits_where_it_has_none_of_its_own(file: Path) -> None:
    text = """
    [accounts.paper.risk]
    price_collar = "0.04"
    [accounts.paper.risk.symbols.BTCUSDT]
    max_order_qty = "0.5"
    """
    risk = load(file, text).accounts["paper"].risk
    assert risk.for_symbol("BTCUSDT").max_order_qty == Decimal("0.5")
    assert risk.for_symbol("BTCUSDT").price_collar == Decimal("0.04")
    assert risk.for_symbol("ETHUSDT").max_order_qty is None


def test_an_account_with_real_money_starts_with_narrow_limits(file: Path) -> None:
    risk = load(file, TESTNET).accounts["far"].risk
    assert risk == replace(LIVE_LIMITS, symbols_allow=("BTCUSDT",))


def test_an_accounts_own_limit_replaces_the_narrow_ones_of_its_symbols(file: Path) -> None:
    text = TESTNET + '[accounts.far.risk]\nprice_collar = "0.02"\n'
    risk = load(file, text).accounts["far"].risk
    assert risk.for_symbol("BTCUSDT").price_collar == Decimal("0.02")
    assert risk.for_symbol("SOLUSDT").price_collar == Decimal("0.02")


RISK = "[accounts.paper.risk]\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            RISK + "max_ordr_notional_usd = 1",
            "desk.toml: accounts.paper.risk.max_ordr_notional_usd: unknown key; "
            'did you mean "max_order_notional_usd"?',
        ),
        (
            "[account.desk]",
            'desk.toml: account: unknown key; did you mean "accounts"?',
        ),
        (
            "[xyzzy]",
            "desk.toml: xyzzy: unknown key; known here: accounts, console",
        ),
        (
            RISK + "price_collar = 5",
            "desk.toml: accounts.paper.risk.price_collar: 5 is wrong, "
            'it must be a fraction between 0 and 1: "0.05" is 5 %',
        ),
        (
            RISK + 'max_order_qty = "10k"',
            'desk.toml: accounts.paper.risk.max_order_qty: "10k" is wrong, '
            'it must be a plain number without unit or separator, like "100000"',
        ),
        (
            RISK + "max_order_qty = nan",
            "desk.toml: accounts.paper.risk.max_order_qty: NaN is wrong, "
            "it must be a finite number",
        ),
        (
            RISK + "max_order_qty = -1",
            "desk.toml: accounts.paper.risk.max_order_qty: -1 is wrong, "
            "it must be greater than 0 and at most 1000000000000",
        ),
        (
            RISK + "orders_per_s = true",
            "desk.toml: accounts.paper.risk.orders_per_s: true is wrong, "
            "it must be a whole number from 1 to 4000",
        ),
        (
            RISK + "orders_per_s = 1.5",
            "desk.toml: accounts.paper.risk.orders_per_s: 1.5 is wrong, "
            "it must be a whole number from 1 to 4000",
        ),
        (
            "[accounts]\npaper = 5",
            "desk.toml: accounts.paper: 5 is wrong, it must be a table, [accounts.paper]",
        ),
        (
            '[console]\non_exit = "cancle"',
            'desk.toml: console.on_exit: "cancle" is wrong, it must be "ask" or "cancel" or '
            '"leave"; did you mean "cancel"?',
        ),
        (
            '[accounts.paper]\nlive = "off"',
            'desk.toml: accounts.paper.live: "off" is wrong, it must be true or false, '
            "without quotes",
        ),
        (
            "[accounts.paper]\ndcp_s = 10",
            "desk.toml: accounts.paper.dcp_s: the paper account's orders end with the program; "
            "give it to a real account",
        ),
        (
            DESK.replace("live = false", "dcp_s = 2"),
            "desk.toml: accounts.desk.dcp_s: 2 is wrong, it must be a whole number from 3 to 300",
        ),
        (
            "[accounts.paper]\nsymbols = []",
            "desk.toml: accounts.paper.symbols: [] is wrong, it must be a list with at least one "
            'symbol, like ["BTCUSDT"]',
        ),
        (
            '[accounts."a b"]',
            'desk.toml: accounts."a b": it must be a short name of letters and digits',
        ),
        (
            '[accounts.paper]\nenvironment = "demo"',
            "desk.toml: accounts.paper.environment: the paper account is local; "
            "give an account elsewhere another name",
        ),
        (
            TESTNET + 'url = "http://127.0.0.1:1"\n'.replace("\n", ""),
            "desk.toml: accounts.far.url: only a local account has a url; "
            "testnet has its own address",
        ),
        (
            '[accounts.far]\nvenue = "bybit"\nenvironment = "demo"\nsymbols = ["BTCUSDT"]',
            "desk.toml: accounts.far.credentials: is missing; "
            'write it like credentials = { env = "DESK" }',
        ),
        (
            '[accounts.far]\nvenue = "bybit"\nenvironment = "mainnet"\nsymbols = ["BTCUSDT"]',
            "desk.toml: accounts.far.credentials: is missing; "
            'write it like credentials = { file = "…" }',
        ),
        (
            DESK_LIVE,
            "desk.toml: accounts.desk.credentials.env: variables are not safe enough for an "
            'account with real money; use credentials = { file = "…" }, keyring or systemd',
        ),
        (
            '[accounts.far]\nvenue = "bybit"\nenvironment = "local"\nsymbols = ["BTCUSDT"]',
            'desk.toml: accounts.far.url: is missing; write it like url = "http://127.0.0.1:18080"',
        ),
    ],
)
def test_f100_a_wrong_file_is_refused_with_path_value_and_what_is_right(
    file: Path, text: str, message: str
) -> None:
    assert refusal(file, text) == message


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com:18080",
        "https://127.0.0.1:18080",
        "http://127.0.0.1",
        "http://127.0.0.1:18080/v5",
        "http://127.0.0.1@example.com:1",
        "http://localhost.example.com:1",
        "http://127.0.0.1:x",
    ],
)
def test_a_local_account_reaches_this_machine_only(file: Path, url: str) -> None:
    message = refusal(file, DESK.replace("http://127.0.0.1:18080", url))
    assert message.startswith("desk.toml: accounts.desk.url: ")
    assert message.endswith('it must be an address of this machine, like "http://127.0.0.1:18080"')


@pytest.mark.parametrize("url", ["http://localhost:18080", "http://[::1]:18080"])
def test_every_name_of_this_machine_will_do(file: Path, url: str) -> None:
    assert load(file, DESK.replace("http://127.0.0.1:18080", url)).accounts["desk"].url == url


def test_f100_a_key_that_is_written_twice_is_refused_with_its_line(file: Path) -> None:
    message = refusal(file, RISK + "orders_per_s = 1\norders_per_s = 2\n")
    assert message.startswith("desk.toml: is not valid TOML: ")
    assert "line 3" in message
    assert message.endswith("; a key or table is written twice, keep one")


def test_a_file_that_is_no_toml_is_refused(file: Path) -> None:
    assert refusal(file, "accounts: paper").startswith("desk.toml: is not valid TOML: ")


def test_a_file_that_is_nested_without_end_is_refused(file: Path) -> None:
    assert refusal(file, "a = " + "[" * 50_000) == (
        "desk.toml: is nested too deeply to be a configuration"
    )


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "none.toml"
    with pytest.raises(ConfigError, match=r"none\.toml: cannot be read: No such file or directory"):
        load_config(missing, {})
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load_config(tmp_path, {})


def test_a_file_that_is_not_text_is_refused(file: Path) -> None:
    file.write_bytes(b"# \xff")
    with pytest.raises(ConfigError, match="byte 2 is not UTF-8; save it as UTF-8"):
        load_config(file, {})
    file.write_bytes(b" " * 1_000_001)
    with pytest.raises(ConfigError, match="is larger than 1000000 bytes"):
        load_config(file, {})


@pytest.mark.parametrize(
    "credentials",
    [
        '"hush-hush"',
        '{ env = "hush-hush" }',
        '{ key = "hush-hush" }',
        '{ file = ["hush-hush"] }',
        '{ env = "A", file = "hush-hush" }',
    ],
)
def test_f97_a_secret_in_the_wrong_place_is_never_shown(file: Path, credentials: str) -> None:
    message = refusal(file, DESK.replace('{ env = "DESK" }', credentials))
    assert message.startswith("desk.toml: accounts.desk.credentials")
    assert "hush" not in message


def test_hostile_text_of_a_file_cannot_reach_the_terminal(file: Path) -> None:
    message = refusal(file, '[console]\ntheme = "\\u001b[31m\\u202e"\n')
    assert message.isprintable()
    assert "\\u001b" in message


def test_a_variable_overrides_the_file(file: Path) -> None:
    env = {
        "TRADEDECK_ACCOUNTS__DESK__RISK__ORDERS_PER_S": "7",
        "TRADEDECK_ACCOUNTS__DESK__RISK__PRICE_COLLAR": "0.02",
        "TRADEDECK_ACCOUNTS__DESK__SYMBOLS": '["SOLUSDT"]',
        "TRADEDECK_ACCOUNTS__DESK__RISK__SYMBOLS__SOLUSDT__MAX_ORDER_QTY": "3",
        "TRADEDECK_CONSOLE__THEME": "paper-light",
        "HOME": "/nowhere",
    }
    config = load(file, DESK, env)
    desk = config.accounts["desk"]
    assert (desk.risk.orders_per_s, desk.risk.price_collar) == (7, Decimal("0.02"))
    assert desk.symbols == ("SOLUSDT",)
    assert desk.risk.for_symbol("SOLUSDT").max_order_qty == 3
    assert config.console.theme == "paper-light"


def test_a_variable_finds_an_account_whatever_its_case(file: Path) -> None:
    text = DESK.replace("accounts.desk", "accounts.Desk-1")
    config = load(file, text, {"TRADEDECK_ACCOUNTS__DESK-1__LIVE": "true"})
    assert config.accounts["Desk-1"].live is True


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        (
            "TRADEDECK_ACCOUNTS__PAPER__RISK__ORDERS_PER_S",
            "fast",
            "TRADEDECK_ACCOUNTS__PAPER__RISK__ORDERS_PER_S: accounts.paper.risk.orders_per_s: "
            '"fast" is wrong, it must be a whole number from 1 to 4000',
        ),
        (
            "TRADEDECK_CONSOLE__TEME",
            "x",
            'TRADEDECK_CONSOLE__TEME: console.teme: unknown key; did you mean "theme"?',
        ),
        (
            "TRADEDECK_COLOUR",
            "x",
            "TRADEDECK_COLOUR: colour: unknown key; known here: accounts, console",
        ),
        (
            "TRADEDECK_CONSOLE__HZ__MAX",
            "1",
            "TRADEDECK_CONSOLE__HZ__MAX: console.hz is not a table",
        ),
    ],
)
def test_a_variable_that_means_nothing_is_refused_by_its_name(
    name: str, value: str, message: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        paper_config({name: value})
    assert str(refused.value) == message


def test_a_variable_cannot_smuggle_in_a_second_key() -> None:
    with pytest.raises(ConfigError, match=r"console\.theme"):
        paper_config({"TRADEDECK_CONSOLE__THEME": '"a"\nhz = 3'})


def test_the_test_suites_own_variables_are_no_configuration() -> None:
    assert paper_config({"TRADEDECK_SCENARIOS": "x", "TRADEDECK_PNL_VECTORS": "y"}).accounts


def test_paper_trades_by_the_paper_accounts_limits(file: Path) -> None:
    config = load(file, DESK + "[accounts.paper.risk]\norders_per_s = 3\n")
    paper = only_paper(config)
    assert list(paper.accounts) == ["paper"]
    assert paper.accounts["paper"].risk.orders_per_s == 3
    assert only_paper(config, named=True) == paper


def test_paper_borrows_the_limits_of_the_only_local_account(file: Path) -> None:
    paper = only_paper(load(file, DESK))
    assert paper.accounts["paper"].risk.orders_per_s == 50
    assert paper.accounts["paper"].credentials is None


def test_paper_does_not_guess_whose_limits_are_meant(file: Path) -> None:
    two = DESK + DESK.replace("accounts.desk", "accounts.other")
    with pytest.raises(ConfigError, match=r"whose limits\? accounts are desk, other"):
        only_paper(load(file, two))
    with pytest.raises(ConfigError, match="account 'far' is on testnet"):
        only_paper(load(file, TESTNET))


def test_paper_by_name_borrows_nobodys_limits(file: Path) -> None:
    assert only_paper(load(file, DESK), named=True).accounts["paper"].risk == PAPER_LIMITS


def test_a_configured_account_is_traded_by_its_name(file: Path) -> None:
    assert real_account(load(file, DESK), "desk", live=False).name == "desk"
    with pytest.raises(ConfigError, match=r"'dsk' is not configured; did you mean \"desk\"\?"):
        real_account(load(file, DESK), "dsk", live=False)
    with pytest.raises(ConfigError, match="'other' is not configured; configured are desk"):
        real_account(load(file, DESK), "other", live=False)


def test_real_money_is_meant_twice_and_play_money_never(file: Path) -> None:
    mainnet = TESTNET.replace("testnet", "mainnet")
    with pytest.raises(ConfigError, match="'far' is on mainnet: add live = true to trade it"):
        real_account(load(file, mainnet), "far", live=True)
    live = load(file, mainnet + "live = true\n")
    with pytest.raises(ConfigError, match="'far' is on mainnet: add --live to trade real money"):
        real_account(live, "far", live=False)
    assert real_account(live, "far", live=True).live
    with pytest.raises(ConfigError, match="'far' is on testnet, not live: no --live"):
        real_account(load(file, TESTNET), "far", live=True)
