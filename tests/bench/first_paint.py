"""From the start of the real program to its first whole picture."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.harness import ROOT, Figure, Goal, Outcome, Plan, interleaved
from tests.bench.terminal import Terminal

WORDS = (
    "SAFE",
    "1 Blotter",
    "2 Positions",
    "3 Ladder",
    "4 Retry",
    "5 Recon",
    "6 Events",
    "F12",
)
"""Of the banner, of every panel's title, of the footer."""
TIMEOUT_S = 20.0
POLL_S = 0.05


def measure(plan: Plan) -> Iterator[Outcome]:
    """Yield the time to the first picture, and what of it is importing."""
    installed = Path(sys.executable).with_name("tradedeck")
    program = [str(installed)] if installed.exists() else [sys.executable, "-m", "console"]
    results = interleaved(
        max(plan.runs, 2 if plan.quick else 5),
        {
            "paint": lambda: _paint(plan.folder, program),
            "import": lambda: _run(["-c", "import console.supervisor, console.cli"]),
            "nothing": lambda: _run(["-c", "pass"]),
        },
    )
    yield Figure("banner, six panels and footer drawn", "ms", results["paint"], Goal(350.0))
    yield Figure("imports before that", "ms", results["import"])
    yield Figure("the interpreter alone", "ms", results["nothing"])


def _paint(folder: Path, program: list[str]) -> float:
    with (
        tempfile.TemporaryDirectory(dir=folder) as home,
        Terminal([*program, "--state-dir", home]) as terminal,
    ):
        deadline_s = time.monotonic() + TIMEOUT_S
        while time.monotonic() < deadline_s:
            time.sleep(POLL_S)
            if not terminal.chunks or time.monotonic() - terminal.chunks[-1][0] < POLL_S:
                continue  # still drawing: what came is judged afterwards
            shown_s = terminal.shown_s(WORDS)
            if shown_s is not None:
                return shown_s * 1e3
        screen = "\n".join(terminal.screen(len(terminal.chunks)))
        missing = [word for word in WORDS if word not in screen]
        raise RuntimeError(f"not on screen within {TIMEOUT_S:g} s: {', '.join(missing)}")


def _run(arguments: list[str]) -> float:
    started_s = time.monotonic()
    subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True)
    return (time.monotonic() - started_s) * 1e3
