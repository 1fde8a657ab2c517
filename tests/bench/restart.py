"""A start of the engine: the state back from its journal, whole or from a snapshot and the tail."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from tests.bench.harness import Figure, Goal, Outcome, Plan, interleaved, ratios, run_module

EVENTS = 1_000_000
OPEN = 100_000
TAIL = 10_000


def measure(plan: Plan) -> Iterator[Outcome]:
    """Yield how long each kind of start takes."""
    runs = min(plan.runs, 3)  # a journal of a million events takes a while to write
    results = interleaved(
        runs,
        {
            "replay": partial(run_module, "restart_run", plan.folder, "all", plan.scaled(EVENTS)),
            "snapshot": partial(
                run_module, "restart_run", plan.folder, "open", plan.scaled(OPEN), TAIL
            ),
        },
    )
    replay, snapshot = results["replay"], results["snapshot"]
    yield Figure("replay of everything", "s", [run["recover_s"] for run in replay])
    yield Figure("replay", "events/s", [run["events"] / run["recover_s"] for run in replay])
    yield Figure(
        "replay / reading and checking the rows alone", "x",
        ratios([run["recover_s"] for run in replay], [run["read_s"] for run in replay]),
        Goal(8.0),
    )  # fmt: skip
    yield Figure(
        f"snapshot with {plan.scaled(OPEN):,} open orders and a tail of {TAIL:,} events", "s",
        [run["recover_s"] for run in snapshot], Goal(1.0),
    )  # fmt: skip
    yield Figure("that snapshot", "MB", [run["snapshot_mb"] for run in snapshot])
