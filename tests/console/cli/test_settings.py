"""From options to what they mean."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from console.cli.settings import read_paper_config, state_directory
from engine.errors import ConfigError


def test_a_variable_holds_with_and_without_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRADEDECK_ACCOUNTS__PAPER__RISK__ORDERS_PER_S", "3")
    bare = read_paper_config(argparse.Namespace(config=None))
    assert bare.accounts["paper"].risk.orders_per_s == 3
    file = tmp_path / "c.toml"
    file.write_text("[accounts.paper.risk]\nmax_open_orders = 4\norders_per_s = 5\n")
    risk = read_paper_config(argparse.Namespace(config=file)).accounts["paper"].risk
    assert (risk.max_open_orders, risk.orders_per_s) == (4, 3)


def test_only_the_paper_account_can_be_named() -> None:
    assert list(read_paper_config(argparse.Namespace(config=None), "paper").accounts) == ["paper"]
    with pytest.raises(ConfigError, match="account 'desk' cannot be traded in this version"):
        read_paper_config(argparse.Namespace(config=None), "desk")


def test_the_state_directory_is_the_given_one_or_that_of_the_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert state_directory(argparse.Namespace(state_dir=None)) == tmp_path / "tradedeck"
    assert state_directory(argparse.Namespace(state_dir=tmp_path / "x")) == tmp_path / "x"
