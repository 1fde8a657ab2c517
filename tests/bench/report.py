"""The table for people and the file for trends."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.bench.harness import Outcome, Skipped

HEAD = ("", "measured", "goal", "")


def table(results: Mapping[str, Sequence[Outcome]]) -> str:
    """Every figure on a line of its own, under the name of its benchmark."""
    rows: list[tuple[str, str, str, str]] = [HEAD]
    for benchmark, outcomes in results.items():
        rows.append((benchmark, "", "", ""))
        rows += [_row(outcome) for outcome in outcomes]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    return "\n".join(
        f"{name:<{widths[0]}}  {measured:>{widths[1]}}  {goal:<{widths[2]}}  {met}".rstrip()
        for name, measured, goal, met in rows
    )


def _row(outcome: Outcome) -> tuple[str, str, str, str]:
    if isinstance(outcome, Skipped):
        return f"  {outcome.name}", "skipped", "", outcome.why
    goal, value = outcome.goal, outcome.median
    measured = f"{_short(value)} {outcome.unit}"
    if goal is None:
        return f"  {outcome.name}", measured, "", ""
    return f"  {outcome.name}", measured, str(goal), "met" if goal.met(value) else "MISSED"


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.3g}"


def describe(environment: Mapping[str, object]) -> str:
    """The environment in one line."""
    return " · ".join(f"{name.replace('_', ' ')} {value}" for name, value in environment.items())


def keep(
    path: Path,
    at: str,
    environment: Mapping[str, object],
    results: Mapping[str, Sequence[Outcome]],
) -> None:
    """Append this measurement to the list in the JSON file at `path`."""
    measurement = {
        "at": at,
        "environment": dict(environment),
        "figures": [
            {
                "benchmark": benchmark,
                "name": outcome.name,
                "unit": outcome.unit,
                "median": outcome.median,
                "values": list(outcome.values),
                "goal": None if outcome.goal is None else str(outcome.goal),
                "met": None if outcome.goal is None else outcome.goal.met(outcome.median),
            }
            for benchmark, outcomes in results.items()
            for outcome in outcomes
            if not isinstance(outcome, Skipped)
        ],
    }
    kept = json.loads(path.read_text()) if path.exists() else []
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([*kept, measurement], indent=1) + "\n")
