"""`tradedeck` itself: what it refuses before the screen opens, and what it hands on."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from console.cli import main
from console.options import Options
from engine.config import AccountConfig
from engine.core.limits import PAPER_LIMITS
from engine.hosts.serving import Site

CONFIG = """
[accounts.paper.risk]
orders_per_s = 3
[console]
theme = "tradedeck-light"
up_color = "red"
hz = 4
on_exit = "cancel"
keys = { "order.buy" = "B" }
"""


@pytest.fixture(autouse=True)
def collector() -> Iterator[None]:
    """The command leaves the collector off for the console, which turns it on again."""
    yield
    gc.enable()


class Runs(list[dict[str, Any]]):
    """Every console that was opened, in place of opening it, and the engine it would start."""

    def run_console(
        self, start: Callable[[], object], options: Options, *, create_clock: object
    ) -> int:
        self.append({"options": options, "start": start})
        return 0

    def started(self, patch: pytest.MonkeyPatch) -> dict[str, Any]:
        """What the engine of the one console is told."""
        (given,) = self
        told: dict[str, Any] = {}
        for name in ("paper", "live"):
            module = ModuleType(f"engine.hosts.{name}")
            setattr(module, f"start_{name}", told_of(told))
            patch.setitem(sys.modules, module.__name__, module)
        given["start"]()
        return told


def told_of(told: dict[str, Any]) -> Callable[..., None]:
    """What stands in for the start of an engine: it notes what it is told."""

    def start(site: Site, account: AccountConfig | None = None, **options: Any) -> None:
        told.update({"site": site, **options})
        if account is not None:
            told["account"] = account

    return start


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Runs:
    opened = Runs()
    module = ModuleType("console.supervisor")
    module.run_console = opened.run_console  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "console.supervisor", module)
    monkeypatch.setattr("importlib.metadata.version", lambda _name: "1.2.3")
    return opened


def test_without_options_it_opens_on_the_default_synthetic_market(
    runs: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert main([]) == 0
    assert runs[0]["options"] == Options(state_dir=tmp_path / "tradedeck")
    assert runs.started(monkeypatch) == {
        "site": Site(tmp_path / "tradedeck", os.environ, "1.2.3"),
        "seed": 7,
        "replay": [],
        "speed": "1",
        "latency_ms": 2.0,
        "limits": PAPER_LIMITS,
    }


def test_every_option_is_handed_on(
    runs: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording, config = tmp_path / "m.gz", tmp_path / "c.toml"
    recording.touch()
    config.write_text(CONFIG)
    arguments = ["--state-dir", str(tmp_path), "--replay", str(recording), "--speed", "max"]
    arguments += ["--latency-ms", "5", "--metrics-port", "0", "--config", str(config)]
    assert main(arguments) == 0
    assert runs[0]["options"] == Options(
        theme="tradedeck-light",
        up_color="red",
        hz=4,
        on_exit="cancel",
        keymap={"order.buy": "B"},
        state_dir=tmp_path,
    )
    told = runs.started(monkeypatch)
    assert told["limits"].orders_per_s == 3
    assert (told["replay"], told["speed"]) == ([recording], "max")
    assert (told["latency_ms"], told["site"].metrics_port) == (5.0, 0)


LIVE = """
[accounts.desk]
venue = "bybit"
environment = "mainnet"
symbols = ["BTCUSDT"]
live = true
credentials = { file = "desk.key" }
"""


def test_a_configured_account_is_started_over_the_network(
    runs: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "c.toml"
    config.write_text(LIVE.replace("mainnet", "testnet").replace("live = true\n", ""))
    arguments = ["--state-dir", str(tmp_path), "--config", str(config), "--account", "desk"]
    assert main(arguments) == 0
    assert runs[0]["options"].on_hangup == "cancel"
    told = runs.started(monkeypatch)
    assert (told["account"].name, told["account"].environment) == ("desk", "testnet")
    assert told["site"].state_dir == tmp_path


def test_real_money_needs_a_terminal_and_the_accounts_name(
    runs: Runs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "c.toml"
    config.write_text(LIVE)
    assert main(["--config", str(config), "--account", "desk"]) == 2
    assert "add --live to trade real money" in capsys.readouterr().err
    assert main(["--config", str(config), "--account", "desk", "--live"]) == 2
    assert "start it at a terminal" in capsys.readouterr().err
    assert runs == []


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (
            ["--live"],
            "tradedeck: --live needs --config FILE and --account NAME",
        ),
        (["--speed", "2"], "tradedeck: --speed is for recordings; add --replay FILE"),
        (["--replay", "none.gz"], "tradedeck: --replay none.gz: does not exist"),
        (
            ["--account", "desk"],
            "tradedeck: --account needs the --config FILE it is written in",
        ),
        (
            ["--account", "desk", "--seed", "7"],
            "tradedeck: --seed is a market on paper; leave out --account",
        ),
        (
            ["--config", "none.toml"],
            "tradedeck: none.toml: cannot be read: No such file or directory",
        ),
    ],
)
def test_what_cannot_be_opened_is_refused_before_the_screen_changes(
    runs: Runs,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    problem: str,
) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr().err == f"{problem}\n"
    assert runs == []
