"""The journal that an engine writes: events in, durable before `append` returns."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import get_args

import msgspec

from engine.clock import Clock
from engine.core.events import Event
from engine.journal.chain import Identity
from engine.journal.committer import Committer
from engine.journal.errors import JournalError
from engine.journal.ownership import Ownership
from engine.journal.process import WriterProcess
from engine.journal.reader import Flaw, JournalReader, check_before_writing
from engine.journal.snapshots import Snapshot
from engine.journal.store import Row
from engine.journal.writers import InlineWriter, Writer

DEADLINE_S = 5.0
"""How long a commit may take before trading halts, in seconds of real time."""


def create_journal(
    path: Path,
    *,
    account: str,
    environment: str,
    venue: str,
    clock: Clock,
    own_process: bool = True,
    deadline_s: float = DEADLINE_S,
) -> Journal:
    """Open or create the journal at `path` and own it until `close`.

    It is written in a process of its own, under the deadline; with `own_process` False each commit
    is done in the caller, which makes a session on virtual time exact. Raises JournalLocked naming
    the pid of another owner, JournalMismatch for another account's journal, JournalCorrupt for a
    file that is none, JournalError when it cannot be written.
    """
    identity = Identity(account, environment, venue)
    with contextlib.ExitStack() as undo:
        ownership = Ownership(path)
        undo.callback(ownership.release)
        check_before_writing(path, identity)
        writer: Writer
        if own_process:
            writer = WriterProcess(path, identity, lock=ownership.descriptor, deadline_s=deadline_s)
        else:
            writer = InlineWriter(
                Committer(path, identity, busy_timeout_s=deadline_s, checkpoints=False)
            )
        undo.callback(writer.close)
        journal = Journal(writer, JournalReader(path), ownership, clock)
        undo.pop_all()
    return journal


class Journal:
    """An open journal. It fails once and for all: after a JournalError nothing is written.

    Its methods are for one event loop. Calls of `append` take effect in their order; where one is
    cancelled, its rows may or may not have been written.
    """

    def __init__(
        self, writer: Writer, reader: JournalReader, ownership: Ownership, clock: Clock
    ) -> None:
        self.path = reader.path
        self.last_seq = writer.last_seq
        """The newest event that is known to be durable."""
        self._writer = writer
        self._reader = reader
        self._ownership = ownership
        self._clock = clock
        self._encode = msgspec.json.Encoder().encode
        self._waiting: list[float] = []

    @property
    def failed(self) -> str:
        """Why nothing can be written any more; empty while all is well."""
        return self._writer.failed

    @property
    def lag_s(self) -> float:
        """Age of the oldest write that is not durable yet, in seconds of real time."""
        return time.monotonic() - self._waiting[0] if self._waiting else 0.0

    async def append(self, events: Sequence[Event]) -> int:
        """Commit `events` as one batch and return the number of the last.

        Raises JournalError when they could not be written, or not in time; trading must halt then.
        """
        if not events:
            return self.last_seq
        ts = self._clock.now_ns()
        rows = [(ts, _KINDS[type(event)], self._encode(event)) for event in events]
        self.last_seq = await self._write(rows)
        return self.last_seq

    def watch(self, on_failure: Callable[[JournalError], None]) -> None:
        """Have `on_failure` called, on the loop, where it fails though nothing is being written."""
        self._writer.watch(on_failure)

    def replay(self, after: int = 0) -> Iterator[tuple[int, Event]]:
        """Yield every durable event after number `after`, checked against the chain."""
        return self._reader.replay(after)

    def verify(self) -> Flaw | None:
        """Read the whole journal; return the first flaw, or None."""
        return self._reader.verify()

    def latest_snapshot(self) -> Snapshot | None:
        """Return the newest whole snapshot, or None."""
        return self._reader.latest_snapshot()

    def save_snapshot(self, snapshot: Snapshot) -> None:
        """Write the state after a durable event; takes as long as the disk does.

        Raises JournalError when it cannot be written, which harms nothing.
        """
        self._reader.save_snapshot(snapshot)

    def close(self) -> None:
        """Finish what was handed over, close the files and let the next engine in.

        Where the disk is stuck the lock is left to the writer's process: its end frees it.
        """
        self._reader.close()  # the writer is the last: it puts the files together
        if self._writer.close():
            self._ownership.release()

    async def _write(self, rows: Sequence[Row]) -> int:
        started = time.monotonic()
        self._waiting.append(started)
        try:
            return await self._writer.write(rows)
        finally:
            self._waiting.remove(started)


_KINDS: dict[type, str] = {kind: kind.__struct_config__.tag for kind in get_args(Event)}
