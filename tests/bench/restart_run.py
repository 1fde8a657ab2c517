"""A program: writes a journal, then times how its state comes back; prints one line of JSON.

    python -m tests.bench.restart_run FOLDER all EVENTS
    python -m tests.bench.restart_run FOLDER open ORDERS TAIL

`all` is a life of filled orders without a snapshot, `open` a snapshot of open orders and events
behind it.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

from engine.clock import LiveClock
from engine.core.events import Event
from engine.journal.journal import create_journal
from engine.journal.reader import open_for_reading
from engine.recovery.rebuild import recover, take_snapshot
from tests.bench.order_core import acknowledged, filled, submitted

BATCH = 500


def lives(orders: int) -> Iterator[Event]:
    """Orders that are submitted, acknowledged and filled in two executions."""
    for number in range(orders):
        yield submitted(number)
        yield acknowledged(number)
        yield filled(number, 0)
        yield filled(number, 1)


def resting(orders: int) -> Iterator[Event]:
    """Orders that stay open."""
    for number in range(orders):
        yield submitted(number)
        yield acknowledged(number)


def tail(count: int) -> Iterator[Event]:
    """First halves of fills of resting orders."""
    return (filled(number, 0) for number in range(count))


def write(path: Path, events: Iterator[Event]) -> None:
    """Append the events to the journal at `path`."""

    async def append() -> None:
        while batch := list(islice(events, BATCH)):
            await journal.append(batch)

    journal = create_journal(
        path, account="a", environment="bench", venue="none", clock=LiveClock(), own_process=False
    )
    asyncio.run(append())
    journal.close()


def timed(path: Path) -> dict[str, float]:
    """How long the state takes, and a look at every row without folding it."""
    with closing(open_for_reading(path)) as journal:
        started_s = time.perf_counter()
        state = recover(journal)
        recovered_s = time.perf_counter()
        for _ in journal.replay():
            pass
        read_s = time.perf_counter() - recovered_s
        snapshot = journal.latest_snapshot()
        if state.seq != journal.last_seq:
            raise ValueError(f"{state.seq} of {journal.last_seq} events came back")
    return {
        "recover_s": recovered_s - started_s,
        "read_s": read_s,
        "events": state.seq,
        "snapshot_mb": 0.0 if snapshot is None else len(snapshot.state) / 1e6,
    }


def main() -> dict[str, float]:
    """Write what the arguments say and measure it."""
    parent, kind, *counts = sys.argv[1:]
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        path = Path(folder) / "journal.db"
        if kind == "all":
            write(path, lives(int(counts[0]) // 4))
        else:
            write(path, resting(int(counts[0])))
            take_snapshot(path)
            write(path, tail(int(counts[1])))
        return timed(path)


if __name__ == "__main__":
    print(json.dumps(main()))
