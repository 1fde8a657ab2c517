"""Looking at a running engine from outside: status, health and metrics."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import urllib.request
from pathlib import Path

import pytest

from tests.e2e.console import console, run


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        number: int = server.getsockname()[1]
    return number


def get(port: int, path: str) -> str:
    """The body of a GET on loopback."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        body: bytes = answer.read()
    return body.decode()


def test_status_health_and_metrics_of_a_running_console(tmp_path: Path) -> None:
    nobody = run("status", "--state-dir", tmp_path)
    assert (nobody.returncode, nobody.stdout) == (1, "")
    assert "no engine runs here" in nobody.stderr

    port = free_port()
    with console(tmp_path, "--metrics-port", str(port), size=(80, 24)) as desk:
        desk.order("b", qty="0.010", price="55000")
        desk.wait_for("○ ACKED")

        page = run("status", "--state-dir", tmp_path)
        assert (page.returncode, page.stderr) == (0, "")
        assert "PAPER" in page.stdout
        assert re.search(r"open orders +1\b", page.stdout)

        document = json.loads(run("--state-dir", tmp_path, "status", "--json").stdout)
        assert document["health"]["status"] == "ok"
        assert json.loads(get(port, "/health"))["status"] == "ok"
        metrics = get(port, "/metrics")
        assert 'orders_placed_total{side="Buy",symbol="BTCUSDT"} 1.0' in metrics
        assert desk.quit() == 0

    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed")
    checked = subprocess.run(
        [promtool, "check", "metrics"], input=metrics, capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")
