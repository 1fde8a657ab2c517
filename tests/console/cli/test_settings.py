"""From options to what they mean."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from console.cli.settings import console_options, read_paper_config, state_directory
from engine.config import ConsoleConfig


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


def test_a_lost_terminal_cancels_the_orders_of_a_real_account_only(tmp_path: Path) -> None:
    console = ConsoleConfig()
    assert console_options(console, None, tmp_path).on_hangup == "leave"
    assert console_options(console, None, tmp_path, real=True).on_hangup == "cancel"
    stays = ConsoleConfig(on_hangup="leave")
    assert console_options(stays, None, tmp_path, real=True).on_hangup == "leave"


def test_the_state_directory_is_the_given_one_or_that_of_the_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert state_directory(argparse.Namespace(state_dir=None)) == tmp_path / "tradedeck"
    assert state_directory(argparse.Namespace(state_dir=tmp_path / "x")) == tmp_path / "x"
