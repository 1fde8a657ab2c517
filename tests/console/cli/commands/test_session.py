"""`tradedeck session`: what it refuses before anything runs, and what it hands on."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest

from console.cli import main
from engine.core.types import ZERO
from engine.exchange.errors import RecordingError
from engine.summary import MarketSummary, SessionSummary, print_summary
from engine.summary.documents import ReconciliationSummary, TotalsSummary

SCRIPT = '{"at": 1, "do": "cancel_all"}\n'


SUMMARY = SessionSummary(
    market=MarketSummary(files=(), first_ts=0, last_ts=10**9, trades=0, book_updates=0),
    orders=[],
    fills=[],
    positions=[],
    totals=TotalsSummary(
        realized_pnl=ZERO, unrealized_pnl=ZERO, fees=ZERO, net_pnl=ZERO, currency="USDT"
    ),
    reconciliation=ReconciliationSummary(status="PASS", drift=[]),
    retries={},
    kill=None,
)


class Runs(list[dict[str, Any]]):
    """Every session that was started, in place of starting it; each ends with `result`."""

    result: SessionSummary | Exception = SUMMARY

    def run_session(self, **given: Any) -> SessionSummary:
        self.append(given)
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Runs:
    started = Runs()
    module = ModuleType("engine.hosts.session")
    module.run_session = started.run_session  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "engine.hosts.session", module)
    return started


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.jsonl").write_text(SCRIPT)
    (tmp_path / "m.gz").touch()
    return tmp_path


def session(*more: str) -> int:
    return main(["session", "--script", "s.jsonl", "--out", "out", *more])


@pytest.mark.parametrize(
    ("count", "said"),
    [(1, "this line was left out"), (14_738, "14,738 such lines were left out")],
)
def test_what_of_a_recording_could_not_be_read_is_said_at_the_end(
    runs: Runs, capsys: pytest.CaptureFixture[str], count: int, said: str
) -> None:
    bad = msgspec.structs.replace(SUMMARY.market, bad_lines=count, bad_line="m.gz:7: not JSON")
    runs.result = msgspec.structs.replace(SUMMARY, market=bad)
    assert session("--replay", "m.gz") == 0
    assert capsys.readouterr().err == (
        f"tradedeck session: --replay m.gz:7: not JSON; {said} of the market\n"
    )


def test_a_session_on_a_recording_is_handed_on_and_its_summary_printed(
    runs: Runs, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert session("--replay", "m.gz", "--latency-ms", "5", "--speed", "max") == 0
    assert capsys.readouterr() == (f"{print_summary(SUMMARY)}\n", "")
    (given,) = runs
    script, config = given.pop("script"), given.pop("config")
    assert given == {
        "out": Path("out"),
        "replay": [Path("m.gz")],
        "seed": 7,
        "duration_s": 60.0,
        "latency_ms": 5.0,
    }
    assert [row.at_ns for row in script.rows] == [1_000_000_000]
    assert list(config.accounts) == ["paper"]
    assert (folder / "out").is_dir()


def test_a_session_on_the_synthetic_market_takes_seed_duration_and_limits(
    runs: Runs, folder: Path
) -> None:
    (folder / "c.toml").write_text("[accounts.paper.risk]\nmax_open_orders = 2\n")
    (folder / "out").mkdir()
    assert session("--seed", "0", "--duration", "120", "--config", "c.toml") == 0
    (given,) = runs
    assert (given["seed"], given["duration_s"], given["replay"]) == (0, 120.0, [])
    assert given["config"].accounts["paper"].risk.max_open_orders == 2


def test_a_session_that_did_not_reconcile_fails(runs: Runs) -> None:
    failed = ReconciliationSummary(status="FAIL", drift=[])
    runs.result = msgspec.structs.replace(SUMMARY, reconciliation=failed)
    assert session() == 1


def test_a_recording_that_cannot_be_played_is_bad_usage(
    runs: Runs, capsys: pytest.CaptureFixture[str]
) -> None:
    runs.result = RecordingError("m.gz: not a recorded market: no valid frame in it")
    assert session("--replay", "m.gz") == 2
    assert capsys.readouterr().err == (
        "tradedeck session: --replay m.gz: not a recorded market: no valid frame in it\n"
    )


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        (["--speed", "2"], "--speed 2: a session runs at max only"),
        (
            ["--replay", "m.gz", "--duration", "5"],
            "--duration is for synthetic markets; a recording has its own",
        ),
        (["--replay", "m.gz", "--seed", "7"], "--replay and --seed are two markets; choose one"),
        (["--replay", "none.gz"], "--replay none.gz: does not exist"),
        (["--out", "full"], "--out full: is not empty; choose a new directory"),
        (["--out", "s.jsonl"], "--out s.jsonl: is not a directory"),
        (
            ["--duration", "0"],
            "argument --duration: '0' is not a number from 0.001 to 1e+07 (seconds) "
            "(see tradedeck session --help)",
        ),
    ],
)
def test_what_cannot_be_run_is_refused_before_anything_is_written(
    runs: Runs,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    more: list[str],
    problem: str,
) -> None:
    (folder / "full").mkdir()
    (folder / "full" / "summary.json").touch()
    assert session(*more) == 2
    assert capsys.readouterr().err == f"tradedeck session: {problem}\n"
    assert runs == []
    assert not (folder / "out").exists()


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ("\n{}\n", 's.jsonl:2: "do" is missing; it says what to do, like "place"'),
        (
            '{"at": 61, "do": "flatten"}',
            "s.jsonl:1: at 61 is out of range; the market lasts 60 s",
        ),
    ],
)
def test_a_bad_script_line_stops_the_session_before_it_starts(
    runs: Runs,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    script: str,
    problem: str,
) -> None:
    (folder / "s.jsonl").write_text(script)
    assert session() == 2
    assert capsys.readouterr().err == f"tradedeck: {problem}\n"
    assert runs == []
    assert not (folder / "out").exists()
