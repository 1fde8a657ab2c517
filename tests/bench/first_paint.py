"""From the start of the real program to its first whole picture, and until it answers keys."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
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
FILLED = (*WORDS, "no orders yet", "no positions")
"""What only the console itself draws, from then on keys are answered."""
TIMEOUT_S = 20.0
POLL_S = 0.05


def measure(plan: Plan) -> Iterator[Outcome]:
    """Yield the time to the first picture, and what of it is importing."""
    installed = Path(sys.executable).with_name("tradedeck")
    program = [str(installed)] if installed.exists() else [sys.executable, "-m", "console"]
    imports = {
        "console": "import console.app, console.session",
        "Textual": "import textual.app",
        "nothing": "pass",
    }
    results = interleaved(
        max(plan.runs, 2 if plan.quick else 5),
        {name: partial(_run, ["-c", f"import gc; gc.disable(); {code}"])
         for name, code in imports.items()},
    )  # fmt: skip
    shown = [_paint(plan.folder, program) for _ in results["nothing"]]
    opened, filled = ([times[place] for times in shown] for place in (0, 1))
    yield Figure("banner, six panels and footer drawn", "ms", opened, Goal(350.0))
    yield Figure("filled by the console, which answers keys", "ms", filled)
    for name, took in results.items():
        yield Figure(f"the interpreter with {name} imported", "ms", took)


def _paint(folder: Path, program: list[str]) -> tuple[float, float]:
    with (
        tempfile.TemporaryDirectory(dir=folder) as home,
        Terminal([*program, "--state-dir", home]) as terminal,
    ):
        deadline_s = time.monotonic() + TIMEOUT_S
        while time.monotonic() < deadline_s:
            time.sleep(POLL_S)
            if not terminal.chunks or time.monotonic() - terminal.chunks[-1][0] < POLL_S:
                continue  # still drawing: what came is judged afterwards
            filled_s = terminal.shown_s(FILLED)
            if filled_s is not None:
                return (terminal.shown_s(WORDS) or filled_s) * 1e3, filled_s * 1e3
        screen = "\n".join(terminal.screen(len(terminal.chunks)))
        missing = [word for word in FILLED if word not in screen]
        raise RuntimeError(f"not on screen within {TIMEOUT_S:g} s: {', '.join(missing)}")


def _run(arguments: list[str]) -> float:
    started_s = time.monotonic()
    subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True)
    return (time.monotonic() - started_s) * 1e3
