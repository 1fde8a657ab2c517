"""What every benchmark uses: figures with goals, interleaved runs, programs of their own."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TypeVar

K = TypeVar("K")
T = TypeVar("T")

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT_S = 300.0


@dataclass(frozen=True)
class Goal:
    """A bound on a median: at most it, or at least it."""

    bound: float
    at_least: bool = False

    def met(self, value: float) -> bool:
        """True when `value` keeps the bound."""
        return value >= self.bound if self.at_least else value <= self.bound

    def __str__(self) -> str:
        return f"{'>=' if self.at_least else '<='} {self.bound:g}"


@dataclass(frozen=True)
class Figure:
    """One thing measured in several runs; the median counts. A ratio has the unit `x`."""

    name: str
    unit: str
    values: Sequence[float]
    goal: Goal | None = None

    @property
    def median(self) -> float:
        """The figure as it is reported."""
        return median(self.values)


@dataclass(frozen=True)
class Skipped:
    """A figure that cannot be had here, and why."""

    name: str
    why: str


Outcome = Figure | Skipped


@dataclass(frozen=True)
class Plan:
    """How to measure: how many runs, how long each, and where there is a real disk to write on."""

    runs: int
    quick: bool
    folder: Path
    env: Mapping[str, str] = field(default_factory=lambda: os.environ)

    def scaled(self, count: int) -> int:
        """`count`, or a fifth of it when it has to be quick."""
        return count // 5 if self.quick else count


def interleaved(runs: int, variants: Mapping[K, Callable[[], T]]) -> dict[K, list[T]]:
    """Run each variant `runs` times in turn: what slows the machine slows them all.

    Every second round goes backwards, so that none always follows the same other one.
    """
    results: dict[K, list[T]] = {name: [] for name in variants}
    for turn in range(runs):
        names = list(variants)
        for name in names if turn % 2 == 0 else reversed(names):
            results[name].append(variants[name]())
    return results


def ratios(some: Iterable[float], others: Iterable[float]) -> list[float]:
    """What the runs of one variant are in units of the other's runs of the same round."""
    return [one / other for one, other in zip(some, others, strict=True)]


def run_program(arguments: Sequence[str], env: Mapping[str, str] | None = None) -> dict[str, float]:
    """Run a program from the root of the checkout; the JSON object on its last line.

    Raises RuntimeError with what it wrote to stderr when it fails.
    """
    done = subprocess.run(
        arguments,
        cwd=ROOT,
        env=None if env is None else dict(env),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        why = done.stderr.strip().splitlines()[-3:] or [f"exit code {done.returncode}"]
        raise RuntimeError(f"{' '.join(arguments[1:4])}: {' | '.join(why)}")
    result: dict[str, float] = json.loads(lines[-1])
    return result


def run_module(name: str, *arguments: object) -> dict[str, float]:
    """Run a module of this package as a program, in a process of its own."""
    return run_program([sys.executable, "-m", f"tests.bench.{name}", *map(str, arguments)])


def fdatasync_us(folder: Path, times: int = 200) -> list[float]:
    """How long appending a page and making it durable takes on this disk, each time, in us."""
    path = folder / "fdatasync"
    took: list[float] = []
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    sync: Callable[[int], None] = getattr(os, "fdatasync", os.fsync)
    try:
        for _ in range(times):
            started_s = time.perf_counter()
            os.write(descriptor, bytes(4096))
            sync(descriptor)
            took.append((time.perf_counter() - started_s) * 1e6)
    finally:
        os.close(descriptor)
        path.unlink()
    return took


def percentile(values: list[float], percent: float) -> float:
    """The nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def per_call_us(call: Callable[[], object], calls: int) -> float:
    """How long a call takes, in us, over many of them."""
    started_s = time.perf_counter()
    for _ in range(calls):
        call()
    return (time.perf_counter() - started_s) / calls * 1e6


def calibration_ms() -> float:
    """How long a fixed piece of Python takes here: tells a slow hour from slow code."""

    def work() -> int:
        return sum(number * 3 % 7 for number in range(100_000))

    return min(per_call_us(work, 3) for _ in range(5)) / 1e3


def environment(folder: Path) -> dict[str, object]:
    """What the figures depend on besides the code."""
    load = os.getloadavg()[0]
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0,
        "load": round(load, 2),
        "calibration_ms": round(calibration_ms(), 2),
        "fdatasync_p50_us": round(median(fdatasync_us(folder)), 1),
    }
