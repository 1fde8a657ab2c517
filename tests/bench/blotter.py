"""What repaints of the order table cost the UI thread, with few orders and with many."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tests.bench.harness import TIMEOUT_S, Figure, Goal, Outcome, Plan, interleaved, ratios
from tests.bench.terminal import Terminal

SIZES = (1_000, 50_000)
GOALS = {1: Goal(2.0), 50: Goal(8.0)}


def measure(plan: Plan) -> Iterator[Outcome]:
    """Yield CPU of the UI thread a frame, the cost of waiting for it taken off."""
    frames = plan.scaled(50)
    variants = {size: partial(_run, plan.folder, size, frames) for size in SIZES}
    results = interleaved(plan.runs, variants)
    for dirty, goal in GOALS.items():
        rows = "1 dirty row" if dirty == 1 else f"{dirty} dirty rows"
        costs = {
            size: [run[f"dirty_{dirty}_ms"] - run["dirty_0_ms"] for run in runs]
            for size, runs in results.items()
        }
        for size, values in costs.items():
            yield Figure(f"{rows} of {size:,} orders", "ms", values, goal)
        growth = ratios(costs[SIZES[1]], costs[SIZES[0]])
        yield Figure(f"{rows}: with {SIZES[1]:,} / with {SIZES[0]:,}", "x", growth)


def _run(folder: Path, orders: int, frames: int) -> dict[str, float]:
    out = folder / "blotter.json"
    command = [sys.executable, "-m", "tests.bench.blotter_run", str(out), str(orders), str(frames)]
    with Terminal(command) as terminal:
        terminal.wait(TIMEOUT_S)
    result: dict[str, float] = json.loads(out.read_text())
    return result
