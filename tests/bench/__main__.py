"""`make bench`: measure speed and memory, print a table, keep the figures in a JSON file.

Nothing here fails for being slow: the table says which goals are met.
"""

from __future__ import annotations

import argparse
import datetime
import importlib
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import cast

from tests.bench.harness import ROOT, Outcome, Plan, Skipped, environment
from tests.bench.report import describe, keep, table

BENCHMARKS = (
    "lifecycles",
    "open_loop",
    "retry",
    "replay",
    "restart",
    "blotter",
    "whole_console",
    "first_paint",
    "order_core",
    "risk_check",
    "matching",
    "server",
    "clients",
)
RUNS, QUICK_RUNS = 5, 2


def main() -> int:
    """Run what was asked for; the exit code says whether everything could be measured."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument(
        "--only", action="append", choices=BENCHMARKS, metavar="NAME",
        help=f"measure only this, may be repeated: {', '.join(BENCHMARKS)}",
    )  # fmt: skip
    parser.add_argument("--runs", type=int, metavar="N", help=f"default {RUNS}, quick {QUICK_RUNS}")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter runs")
    parser.add_argument(
        "--json", type=Path, default=ROOT / "bench.json", metavar="FILE",
        help="append the figures to this file (default: bench.json in the checkout)",
    )  # fmt: skip
    options = parser.parse_args()
    runs = options.runs or (QUICK_RUNS if options.quick else RUNS)
    scratch = ROOT / "build"  # on the disk that journals are on, unlike many a /tmp
    scratch.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=scratch) as folder:
        plan = Plan(runs=runs, quick=options.quick, folder=Path(folder))
        return _measure(plan, options.only or BENCHMARKS, options.json)


def _measure(plan: Plan, names: Iterable[str], path: Path) -> int:
    found = environment(plan.folder) | {"runs": plan.runs, "quick": plan.quick}
    print(describe(found), flush=True)
    results: dict[str, list[Outcome]] = {}
    broken = False
    for name in names:
        module = importlib.import_module(f"tests.bench.{name}")
        measure = cast("Callable[[Plan], Iterable[Outcome]]", module.measure)
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        try:
            results[name] = list(measure(plan))
        except Exception as error:
            results[name] = [Skipped("could not be measured", f"{type(error).__name__}: {error}")]
            broken = True
    print(table(results))
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    keep(path, now, found, results)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
