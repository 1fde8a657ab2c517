"""Replay of both recordings at max speed: `tradedeck session` with a script that does nothing."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.harness import ROOT, TIMEOUT_S, Figure, Goal, Outcome, Plan, Skipped, interleaved

RECORDINGS = ROOT.parent / "shared" / "data"


def measure(plan: Plan) -> Iterator[Outcome]:
    """Yield the time from the program's start to its end, and how much market that was."""
    recordings = sorted(RECORDINGS.glob("*.jsonl.gz"))
    if not recordings:
        yield Skipped("both recordings", "they are not beside this checkout")
        return
    runs = 1 if plan.quick else min(plan.runs, 3)
    took: list[float] = []
    frames: list[float] = []
    for took_s, played in interleaved(runs, {"": lambda: _run(plan.folder, recordings)})[""]:
        took.append(took_s)
        frames.append(played / took_s)
    yield Figure("both recordings, from start to exit", "s", took, Goal(15.0))
    yield Figure("book updates and trades a second", "/s", frames)


def _run(folder: Path, recordings: list[Path]) -> tuple[float, int]:
    """Seconds, and book updates and trades played."""
    with tempfile.TemporaryDirectory(dir=folder) as home:
        script, out = Path(home, "nothing.jsonl"), Path(home, "out")
        script.write_text("")
        command = [sys.executable, "-m", "console", "session", "--script", str(script)]
        command += ["--out", str(out), "--replay", *map(str, recordings)]
        started_s = time.perf_counter()
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
        took_s = time.perf_counter() - started_s
        if done.returncode:
            raise RuntimeError(done.stderr.strip() or done.stdout.strip())
        market = json.loads((out / "summary.json").read_text())["market"]
        return took_s, market["trades"] + market["book_updates"]
