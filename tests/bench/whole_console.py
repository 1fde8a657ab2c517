"""The whole console in a terminal under load: CPU, memory, keys; and silence without it."""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.bench.console_run import OPEN, WARM_UP_S
from tests.bench.harness import TIMEOUT_S, Figure, Goal, Outcome, Plan, percentile
from tests.bench.orders import snapshot
from tests.bench.terminal import Terminal

ORDERS = 10_000
EVENTS_PER_S = 500
IDLE_S = 3.5
REDRAW_S = 1.0
"""At the end of the load its last frame may still be on its way."""
KEYS = {"command": b"r", "kill": b"\x1b[24~"}
"""Reconcile, and F12: both end in a call of the link, and change nothing on this one."""
KEY_EVERY_S = (0.06, 0.16)
KEYS_AFTER_S = 0.7
"""When the load is sure to have come back, counted from when it should."""


class Measured(NamedTuple):
    """One run."""

    figures: dict[str, float]
    key_ms: dict[str, list[float]]
    idle_writes: int


def measure(plan: Plan) -> Iterator[Outcome]:
    """Yield what one console costs, and how long its keys take."""
    busy_s = 5.0 if plan.quick else 12.0
    (plan.folder / "snapshot.json").write_bytes(snapshot(ORDERS, OPEN))
    runs = [_run(plan.folder, busy_s, random.Random(number)) for number in range(min(plan.runs, 3))]

    def figure(name: str) -> list[float]:
        return [run.figures[name] for run in runs]

    yield Figure("events a second", "/s", figure("events_per_s"))
    yield Figure("CPU of a core", "%", figure("cpu_percent"), Goal(15.0))
    yield Figure("resident", "MB", figure("rss_mb"), Goal(90.0))
    writes = [float(run.idle_writes) for run in runs]
    yield Figure(f"writes in {IDLE_S - REDRAW_S:g} s when nothing changes", "", writes, Goal(0.0))
    for name, what in (("command", "key -> command"), ("kill", "kill key -> kill")):
        for percent in (50, 99):
            values = [percentile(run.key_ms[name], percent) for run in runs]
            goal = Goal(20.0) if percent == 99 else None
            yield Figure(f"{what} p{percent}", "ms", values, goal)


def _run(folder: Path, busy_s: float, rng: random.Random) -> Measured:
    out = folder / "console.json"
    command = [sys.executable, "-m", "tests.bench.console_run", str(out)]
    command += [
        str(folder / "snapshot.json"),
        str(ORDERS),
        str(EVENTS_PER_S),
        str(busy_s),
        str(IDLE_S),
    ]
    pressed_s: dict[str, list[float]] = {name: [] for name in KEYS}
    with Terminal(command) as terminal:
        while not terminal.chunks and terminal.program.poll() is None:
            time.sleep(0.01)
        time.sleep(WARM_UP_S + busy_s + IDLE_S + KEYS_AFTER_S)
        until_s = time.monotonic() + busy_s - 2 * KEYS_AFTER_S
        while time.monotonic() < until_s and terminal.program.poll() is None:
            time.sleep(rng.uniform(*KEY_EVERY_S))
            name = min(KEYS, key=lambda name: len(pressed_s[name]))
            pressed_s[name].append(terminal.press(KEYS[name]))
        terminal.wait(TIMEOUT_S)
        heard = json.loads(out.read_text())
        figures: dict[str, float] = heard["figures"]
        idle_from_s, idle_to_s = figures["idle_from_s"] + REDRAW_S, figures["keys_from_s"]
        writes = sum(idle_from_s <= at_s < idle_to_s for at_s, _ in terminal.chunks)
    key_ms: dict[str, list[float]] = {}
    for name, times_s in pressed_s.items():
        answers_s = heard["keys_s"][name]
        if len(answers_s) != len(times_s):
            raise RuntimeError(f"{len(times_s)} {name} keys pressed, {len(answers_s)} arrived")
        key_ms[name] = [(b - a) * 1e3 for a, b in zip(times_s, answers_s, strict=True)]
    return Measured(figures, key_ms, writes)
