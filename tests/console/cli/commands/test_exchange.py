"""`tradedeck exchange`: it starts, says where it is, and ends in order."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from console.cli import main
from console.cli.commands.exchange import snippets


def test_it_serves_until_it_is_told_to_end() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "console", "exchange", "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with process.stdout as lines:
        first = lines.readline()
        url = first.split()[3].rstrip(",")
        with urllib.request.urlopen(f"{url}/v5/market/time", timeout=30) as reply:
            assert json.load(reply)["retCode"] == 0
        process.send_signal(signal.SIGTERM)
        rest = lines.read()
    assert process.wait(30) == 0
    assert rest.strip() == snippets(url, "paper", "paper").strip()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--host", "0.0.0.0"], "'0.0.0.0' is no loopback address"),
        (["--api-key", "a"], "each --api-key needs its --api-secret"),
        (["--api-secret", "a"], "each --api-key needs its --api-secret"),
        (["--api-key", "", "--api-secret", "a"], "are not empty"),
        ([*["--api-key", "a"] * 2, *["--api-secret", "b"] * 2], "the same key is given twice"),
        (["--replay", "missing.jsonl.gz"], "missing.jsonl.gz: does not exist"),
        (["--faults", "missing.toml"], "missing.toml: No such file or directory"),
        (["--port", "70000"], "'70000' is not a whole number from 0 to 65535"),
    ],
)
def test_bad_usage_is_refused(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert main(["exchange", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_help_shows_how_two_clients_are_pointed_at_it(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["exchange", "--help"])
    shown = capsys.readouterr().out
    assert 'session.endpoint = "http://127.0.0.1:18080"' in shown
    assert "ccxt.pro.bybit(" in shown


def test_a_faults_file_with_a_mistake_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "faults.toml"
    file.write_text('[[fault]]\nkind = "ack_lots"\nrate = 0.1\n')
    assert main(["exchange", "--faults", str(file)]) == 2
    assert "fault 1: kind 'ack_lots' is not known" in capsys.readouterr().err


def test_it_tells_at_the_end_which_faults_it_has_played(tmp_path: Path) -> None:
    file = tmp_path / "faults.jsonl"
    file.write_text('{"kind": "http_error", "nth": 1, "status": 200}')
    command = [sys.executable, "-m", "console", "exchange", "--port", "0", "--faults", str(file)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout as lines:
        url = lines.readline().split()[3].rstrip(",")
        with urllib.request.urlopen(f"{url}/v5/market/time", timeout=30) as reply:
            assert reply.read().startswith(b"<html>")
        process.send_signal(signal.SIGINT)
        assert lines.read().splitlines()[-1] == "faults played: http_error 1"
    assert process.wait(30) == 0
