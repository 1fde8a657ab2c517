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
from engine.core.limits import PAPER_LIMITS

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
        module = ModuleType("engine.paper")
        module.start_paper = told.update  # type: ignore[attr-defined]
        patch.setitem(sys.modules, "engine.paper", module)
        given["start"]()
        return told


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
        "seed": 7,
        "replay": [],
        "speed": "1",
        "latency_ms": 2.0,
        "metrics_port": None,
        "limits": PAPER_LIMITS,
        "state_dir": tmp_path / "tradedeck",
        "env": os.environ,
        "version": "1.2.3",
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
    assert (told["latency_ms"], told["metrics_port"]) == (5.0, 0)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (
            ["--live"],
            "tradedeck: --live: trading with real money is not in this version; "
            "leave it out to trade on paper",
        ),
        (["--speed", "2"], "tradedeck: --speed is for recordings; add --replay FILE"),
        (["--replay", "none.gz"], "tradedeck: --replay none.gz: does not exist"),
        (
            ["--account", "desk"],
            "tradedeck: account 'desk' cannot be traded in this version; "
            "use 'paper', or no --account",
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
