"""From the journal back to the state, and what a new run makes of it.

    python -m engine.recovery.rebuild JOURNAL      write a snapshot of the state in the journal

Nothing here sends anything twice: an order that was submitted and never acknowledged becomes
UNKNOWN and is asked for, a halted account stays halted, a sweep cut short goes on.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import msgspec

from engine.core.events import (
    EngineStarted,
    Event,
    EventType,
    InstrumentsChanged,
    OrderEvent,
    OrderRecalled,
    TradingStateChanged,
)
from engine.core.instruments import Instrument
from engine.core.limits import RiskLimits
from engine.core.limits.changes import configured
from engine.core.orders.machine import Order
from engine.core.requests import RecallOrder, StartTimer, Sweep
from engine.core.state import State, evolve
from engine.core.types import TradingState
from engine.core.watch.narrowing import start_watch
from engine.core.watch.triggers import is_watching
from engine.journal.chain import Identity
from engine.journal.errors import JournalCorrupt
from engine.journal.journal import Journal
from engine.journal.reader import JournalReader, open_for_reading
from engine.journal.snapshots import Snapshot
from engine.kill.latch import LatchRecord


def recover(journal: Journal | JournalReader) -> State:
    """Fold the journal into the state before the stop. Raises JournalCorrupt on a damaged row."""
    state = _newest_saved(journal) or State()
    for _seq, event in journal.replay(after=state.seq):
        evolve(state, event)
    return state


def _newest_saved(journal: Journal | JournalReader) -> State | None:
    snapshot = journal.latest_snapshot()
    if snapshot is None:
        return None
    try:
        return State.decode(snapshot.state)
    except msgspec.DecodeError:  # by another version of the program: the journal has everything
        return None


def read_back(path: Path, recall: RecallOrder) -> Order | None:
    """Fold a retired order from its events in the journal at `path`; None when there is none.

    Raises JournalError where they cannot be read, or are not all there.
    """
    with closing(open_for_reading(path)) as reader:
        events = reader.events_of(recall.name, recall.first_seq, recall.last_seq)
    alone = State()
    for seq, event in events:
        if not isinstance(event, OrderRecalled):
            alone.seq = seq - 1
            evolve(alone, event)
    order = next(iter(alone.orders.orders.values()), None)
    if events and (order is None or order.last_seq != recall.last_seq):
        raise JournalCorrupt(path, recall.last_seq, f"missing, the newest of {recall.name}")
    return order


class RunTerms(NamedTuple):
    """What a run is told, and holds until its end.

    Beyond `closed_kept` closed orders in memory it retires those that closed first; 0 keeps all.
    A `new_venue` begins with the run, on paper, and has no history of the account.
    """

    limits: RiskLimits
    closed_kept: int = 0
    new_venue: bool = False


def begin_run(
    state: State,
    identity: Identity,
    instruments: tuple[Instrument, ...] | None,
    latched: LatchRecord | None,
    terms: RunTerms,
    now_ns: int,
) -> Iterator[Event | StartTimer | Sweep]:
    """Yield what a new run begins with; the caller folds each event before it asks for the next.

    Of the two copies of a halt, journal and latch, the stricter one holds. `instruments` None: the
    venue has not been asked, and what the journal knows of its markets holds.
    """
    yield EngineStarted(
        ts=now_ns,
        account=identity.account,
        venue=identity.venue,
        environment=identity.environment,
        run=state.run + 1,
        closed_kept=terms.closed_kept,
        new_venue=terms.new_venue,
    )
    if instruments is not None and instruments != tuple(state.instruments.values()):
        yield InstrumentsChanged(ts=now_ns, instruments=instruments)
    if terms.limits != state.risk.limits or state.risk.pending:
        yield configured(state.risk, terms.limits, now_ns, first=state.run == 1)
    elif is_watching(terms.limits):
        yield start_watch(state)
    if latched is not None and state.trading not in (TradingState.HALTED, latched.state):
        yield TradingStateChanged(
            ts=now_ns, state=latched.state, by=latched.by, reason=latched.reason
        )
    if state.kill is not None and not state.kill.done:
        yield Sweep(kill_id=state.kill.kill_id, level=state.kill.level)
    for order in state.orders.open_orders():
        if order.acked or order.unknown:
            yield StartTimer(kind="look", key=order.client_order_id, after_s=0.0)
        else:
            yield OrderEvent(
                EventType.SEND_UNKNOWN, order.client_order_id, now_ns, reason="RESTARTED"
            )


def take_snapshot(path: Path) -> None:
    """Fold the journal at `path`, which an engine may be writing, and save the state.

    Raises JournalError.
    """
    with closing(open_for_reading(path)) as journal:
        state = recover(journal)
        journal.save_snapshot(Snapshot(state.seq, state.encode()))


if __name__ == "__main__":
    os.nice(10)  # the engine comes first
    take_snapshot(Path(sys.argv[1]))
