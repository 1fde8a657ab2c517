"""Journals for tests: events by number, and an open journal in one call."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from decimal import Decimal
from pathlib import Path

from engine.clock import SimClock
from engine.core.events import Event, EventType, OrderEvent
from engine.journal.journal import Journal, create_journal

T0 = 1_723_161_600_000_000_000


def event(number: int) -> OrderEvent:
    """One fill, different for each number."""
    return OrderEvent(
        EventType.PARTIAL_FILL,
        f"order-{number}",
        T0 + number,
        exec_id=f"exec-{number}",
        last_qty=Decimal("0.010"),
        last_price=Decimal("61800.50"),
    )


def events(first: int, last: int) -> list[Event]:
    """The events of these numbers, both included."""
    return [event(number) for number in range(first, last + 1)]


def open_journal(
    path: Path,
    *,
    account: str = "paper",
    environment: str = "paper",
    own_process: bool = False,
    deadline_s: float = 5.0,
) -> Journal:
    """Open the journal as the engine of `account` would, on a clock that stands at T0."""
    return create_journal(
        path,
        account=account,
        environment=environment,
        venue="bybit",
        clock=SimClock(T0),
        own_process=own_process,
        deadline_s=deadline_s,
    )


def write_journal(path: Path, count: int, *, batch: int = 10) -> list[tuple[int, Event]]:
    """Write a journal of `count` events, close it, and return what it should replay."""
    journal = open_journal(path)

    async def fill() -> None:
        for first in range(1, count + 1, batch):
            await journal.append(events(first, min(first + batch - 1, count)))

    asyncio.run(fill())
    journal.close()
    return [(number, event(number)) for number in range(1, count + 1)]


@contextmanager
def tampering(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection of somebody who changes the journal at `path` behind its back."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection
