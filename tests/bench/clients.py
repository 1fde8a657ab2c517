"""Our client beside pybit and ccxt on one served exchange: place → ack, and place → position.

Each client is a process of its own that hears its orders, executions and positions, and sends one
order after the other: the time until the venue's answer is there, and until the position's row that
its fill leads to is; and the processor time.
Bare sockets tell how much of that is the exchange's and the machine's, whoever asks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from tests.bench.harness import (
    ROOT,
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
from tests.bench.server import Server

INTERPRETER = "BENCH_CLIENTS_PYTHON"
"""Names an interpreter that has pybit and ccxt; else the one that `make clients` sets up."""
ORDERS = 1_000
WAYS = ("rest", "socket")
OURS, BARE = "tradedeck", "bare sockets"
PEERS = ("pybit", "ccxt")
MEASURES: dict[str, tuple[str, Goal | None]] = {
    "ack": ("place -> ack, p50", Goal(0.5)),
    "position": ("place -> position, p50", Goal(0.5)),
    "cpu": ("CPU an order", None),
}

Run = Callable[[], dict[str, float]]


def measure(plan: Plan) -> Iterator[Outcome]:
    """Yield the median latencies, and ours in units of the faster of the two others."""
    python = clients_python(plan)
    orders = plan.scaled(ORDERS)
    with Server() as port:
        url = f"http://127.0.0.1:{port}"
        variants: dict[tuple[str, str], Run] = {}
        for way in WAYS:
            variants[OURS, way] = partial(run_module, "clients_run", url, way, orders)
            variants[BARE, way] = partial(run_module, "bare_run", url, way, orders)
            for peer in PEERS if python else ():
                program = str(Path(__file__).with_name("peers.py"))
                command = [str(python), "-P", program, peer, url, way, str(orders)]
                variants[peer, way] = partial(run_program, command)
        results = interleaved(plan.runs, variants)
    for way in WAYS:
        for key, (name, goal) in MEASURES.items():
            found = {
                who: [run[key] for run in runs]
                for (who, how), runs in results.items()
                if how == way
            }
            for who, values in found.items():
                yield Figure(f"{who}, {way}, {name}", "us", values)
            yield _compared(f"ours / the faster, {way}, {name}", found, goal)


def _compared(name: str, found: dict[str, list[float]], goal: Goal | None) -> Outcome:
    if not found.keys() >= set(PEERS):
        return Skipped(name, f"no pybit and ccxt: `make clients`, or name one in {INTERPRETER}")
    faster = [min(values) for values in zip(*(found[peer] for peer in PEERS), strict=True)]
    return Figure(name, "x", ratios(found[OURS], faster), goal)


def clients_python(plan: Plan) -> Path | None:
    """An interpreter that has pybit and ccxt."""
    named = plan.env.get(INTERPRETER)
    if named:
        return Path(named)
    ready = ROOT / "build/clients/.ready"
    return ready.parent / "bin/python" if ready.exists() else None
