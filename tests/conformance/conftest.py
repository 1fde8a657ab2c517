"""Cases as data: a test that takes `order_case` or `pnl_case` runs once a case of its files.

A variable names the files (joined by `:`); by default they are the project's own and, where it is
present, the shared one.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SHARED = HERE.parents[2] / "shared" / "conformance"
SOURCES = {
    "order_case": ("TRADEDECK_SCENARIOS", "orders.json"),
    "pnl_case": ("TRADEDECK_PNL_VECTORS", "pnl.json"),
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for argument, (variable, name) in SOURCES.items():
        if argument in metafunc.fixturenames:
            cases = [
                case for path in paths(variable, name) for case in json.loads(path.read_text())
            ]
            metafunc.parametrize(argument, cases, ids=[case["id"] for case in cases])


def paths(variable: str, name: str) -> list[Path]:
    """The files to run; one that was named must exist."""
    named = os.environ.get(variable, "")
    if named:
        return [Path(path) for path in named.split(":") if path]
    return [path for path in (HERE / name, SHARED / name) if path.exists()]
