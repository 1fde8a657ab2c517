"""`tradedeck check-config`: right or wrong, and what it comes to."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.cli import main

RIGHT = """
[accounts.desk]
venue = "bybit"
environment = "demo"
symbols = ["BTCUSDT"]
credentials = { env = "DESK" }
[accounts.paper.risk]
orders_per_s = 3
[console]
theme = "tradedeck-dark"
"""
PAGE = """\
c.toml: ok

account desk: bybit demo, BTCUSDT
  credentials from env
  limits   order 1,000 USD, position 5,000 USD, quantity as the venue, collar 3.00 %
  BTCUSDT  order 1,000 USD, position 5,000 USD, quantity as the venue, collar 1.00 %
           100 open orders, 5 a second

account paper: bybit local, every symbol
  limits   order 1,000,000 USD, position 10,000,000 USD, quantity as the venue, collar 10.00 %
           2000 open orders, 3 a second
           loosen_after_s 60
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_right_file_shows_the_limits_that_hold(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "c.toml").write_text(RIGHT)
    assert main(["check-config", "c.toml"]) == 0
    out, err = capsys.readouterr()
    head, _, rest = out.partition("           symbols_allow BTCUSDT\n")
    live, _, paper = rest.partition("\n\n")
    assert (head + "\n" + paper, err) == (PAGE, "")
    assert "           market_slippage 0.005" in live.splitlines()
    assert "           check_reduce_only true" in live.splitlines()


def test_a_local_account_shows_where_it_is(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "c.toml").write_text(
        '[accounts.a]\nvenue = "bybit"\nenvironment = "local"\nlive = true\n'
        'url = "http://127.0.0.1:1"\nsymbols = ["BTCUSDT"]\n'
    )
    assert main(["check-config", "c.toml"]) == 0
    page = capsys.readouterr().out
    assert "account a: bybit local at http://127.0.0.1:1, live, BTCUSDT\n" in page


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "[acounts.paper]",
            'c.toml: acounts: unknown key; did you mean "accounts"?',
        ),
        (
            '[console]\ntheme = "tradedeck-drk"',
            'c.toml: console.theme: "tradedeck-drk" is no theme; did you mean "tradedeck-dark"?',
        ),
        (
            '[console.keys]\n"order.by" = "b"',
            "c.toml: console.keys: keymap: unknown action 'order.by', did you mean 'order.buy'?",
        ),
    ],
)
def test_f100_a_wrong_file_is_bad_usage(
    folder: Path, capsys: pytest.CaptureFixture[str], text: str, problem: str
) -> None:
    (folder / "c.toml").write_text(text)
    assert main(["check-config", "c.toml"]) == 2
    assert capsys.readouterr() == ("", f"tradedeck: {problem}\n")


def test_a_venues_protection_is_told_where_it_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "desk.toml"
    file.write_text(RIGHT.replace("[accounts.desk]", "[accounts.desk]\ndcp_s = 10"))
    assert main(["check-config", str(file)]) == 0
    assert "  the venue cancels every order after 10 s without us" in capsys.readouterr().out
