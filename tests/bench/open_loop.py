"""Open loop: 1,000 orders a second arrive on schedule; how long from there to the ack."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from tests.bench.desk import loops
from tests.bench.harness import Figure, Goal, Outcome, Plan, interleaved, ratios, run_module

RATE_PER_S = 1_000
DISK = "the disk alone"


def measure(plan: Plan) -> Iterator[Outcome]:
    """Yield the latencies, and what they are in units of the disk's fdatasync of the same run."""
    seconds = max(2, plan.scaled(5))
    variants = {
        loop: partial(run_module, "open_run", plan.folder, loop, RATE_PER_S, seconds)
        for loop in loops()
    }
    variants[DISK] = partial(run_module, "disk_run", plan.folder, RATE_PER_S, seconds)
    results = interleaved(plan.runs, variants)
    yield from _disk(results.pop(DISK))
    for loop, runs in results.items():
        disk_us = [run["fdatasync_us"] for run in runs]
        for name in ("p50", "p99", "p999"):
            yield Figure(f"{loop}: place -> ack {name}", "us", [run[f"{name}_us"] for run in runs])
        yield Figure(f"{loop}: fdatasync p50", "us", disk_us)
        yield Figure(
            f"{loop}: p50 / fdatasync p50", "x", ratios([run["p50_us"] for run in runs], disk_us)
        )
        yield Figure(
            f"{loop}: p99 / fdatasync p50",
            "x",
            ratios([run["p99_us"] for run in runs], disk_us),
            Goal(10.0),
        )
        yield Figure(
            f"{loop}: p99 until the ack is durable and on screens, too / fdatasync p50",
            "x",
            ratios([run["durable_p99_us"] for run in runs], disk_us),
        )


def _disk(runs: list[dict[str, float]]) -> Iterator[Outcome]:
    """What a bare write and fdatasync for each arrival gives: where that is bad, all is."""
    disk_us = [run["fdatasync_us"] for run in runs]
    p99_us = [run["p99_us"] for run in runs]
    yield Figure(f"{DISK}: p99 / fdatasync p50", "x", ratios(p99_us, disk_us))
    yield Figure(f"{DISK}: the longest stall", "us", [run["worst_us"] for run in runs])
