"""Full durable order lifecycles a second, beside two programs that keep nothing durable.

A lifecycle: submit, every check, journal committed before the send, signed request, Bybit v5
messages from the in-process exchange, ack, two fills, position, ten metrics; 50 symbols.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from tests.bench.desk import loops
from tests.bench.harness import (
    Figure,
    Goal,
    Outcome,
    Plan,
    Skipped,
    interleaved,
    ratios,
    run_module,
    run_program,
)

INTERPRETER = "BENCH_NAUTILUS_PYTHON"
"""Names an interpreter that has nautilus_trader, where this one has not."""
IN_FLIGHT = (50, 256)

Run = Callable[[], dict[str, float]]


def measure(plan: Plan) -> Iterator[Outcome]:
    """Yield the rates, and how many times those of the others they are."""
    orders = plan.scaled(10_000)
    variants: dict[str, Run] = {
        f"engine {loop} {in_flight}": partial(
            run_module, "engine_run", plan.folder, loop, in_flight, orders
        )
        for loop in loops()
        for in_flight in IN_FLIGHT
    }
    best = loops()[0]
    for in_flight in IN_FLIGHT:
        variants[f"naive {best} {in_flight}"] = partial(
            run_module, "naive", plan.folder, best, in_flight, orders // 4
        )
    python = nautilus_python(plan)
    if python:
        variants["nautilus 50"] = partial(
            run_program, [python, "-P", str(Path(__file__).with_name("nautilus.py")), "50",
                          str(orders // 2)],
        )  # fmt: skip
    results = interleaved(plan.runs, variants)
    rates = {name: [run["per_s"] for run in runs] for name, runs in results.items()}
    for name, values in rates.items():
        yield Figure(f"{name} in flight", "/s", values)
    mine = rates[f"engine {best} 50"]
    yield Figure(
        "CPU of a lifecycle", "us", [run["cpu_us"] for run in results[f"engine {best} 50"]]
    )
    for in_flight in IN_FLIGHT:
        yield Figure(
            f"engine / naive, {in_flight} in flight",
            "x",
            ratios(rates[f"engine {best} {in_flight}"], rates[f"naive {best} {in_flight}"]),
            Goal(3.0, at_least=True),
        )
    if python:
        yield Figure(
            "engine / nautilus, 50 in flight",
            "x",
            ratios(mine, rates["nautilus 50"]),
            Goal(1.6, at_least=True),
        )
    else:
        yield Skipped(
            "engine / nautilus, 50 in flight",
            f"no nautilus_trader: install it here, or name an interpreter in {INTERPRETER}",
        )


def nautilus_python(plan: Plan) -> str | None:
    """An interpreter that can import nautilus_trader."""
    named = plan.env.get(INTERPRETER)
    if named:
        return named
    return sys.executable if importlib.util.find_spec("nautilus_trader") else None
