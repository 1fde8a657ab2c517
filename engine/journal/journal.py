"""The journal that an engine writes: events in, durable before `append` returns."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import get_args

import msgspec

from engine.clock import Clock
from engine.core.events import Event
from engine.journal.chain import Identity
from engine.journal.checkpoints import Checkpoints
from engine.journal.errors import JournalError
from engine.journal.ownership import Ownership
from engine.journal.reader import Flaw, JournalReader, check_before_writing
from engine.journal.snapshots import Snapshot
from engine.journal.store import Batch, Store
from engine.journal.watermark import Watermark
from engine.journal.worker import InlineWorker, Job, ThreadWorker, Worker

DEADLINE_S = 5.0
"""How long a commit may take before trading halts, in seconds of real time."""


def create_journal(
    path: Path,
    *,
    account: str,
    environment: str,
    venue: str,
    clock: Clock,
    threaded: bool = True,
    deadline_s: float = DEADLINE_S,
) -> Journal:
    """Open or create the journal at `path` and own it until `close`.

    `threaded` writes in a thread, under the deadline; otherwise each commit is done in the caller,
    which makes a session on virtual time exact. Raises JournalLocked naming the pid of another
    owner, JournalMismatch for another account's journal, JournalCorrupt for a file that is none.
    """
    identity = Identity(account, environment, venue)
    with contextlib.ExitStack() as undo:
        ownership = Ownership(path)
        undo.callback(ownership.release)
        check_before_writing(path, identity)
        store = Store(path, identity, busy_timeout_s=deadline_s)
        undo.callback(store.close)
        reader = JournalReader(path)
        undo.callback(reader.close)
        try:
            journal = Journal(store, reader, ownership, clock, deadline_s if threaded else None)
        except OSError as error:
            raise JournalError(f"{path}: cannot be opened: {error.strerror}") from error
        undo.pop_all()
    return journal


class Journal:
    """An open journal. It fails once and for all: after a JournalError nothing is written.

    Its methods are for one event loop. Calls of `append` take effect in their order; where one is
    cancelled, its rows may or may not have been written.
    """

    def __init__(
        self,
        store: Store,
        reader: JournalReader,
        ownership: Ownership,
        clock: Clock,
        deadline_s: float | None,
    ) -> None:
        self.path = store.path
        self.last_seq = store.last_seq
        """The newest event that is known to be durable."""
        self._store = store
        self._reader = reader
        self._ownership = ownership
        self._clock = clock
        self._encode = msgspec.json.Encoder().encode
        self._watermark = Watermark(store.path, store.last_seq)
        self._waiting: list[float] = []
        self._checkpoints: Checkpoints | None = None
        self._worker: Worker = InlineWorker()
        if deadline_s is not None:
            store.leave_checkpoints_to_others()
            self._checkpoints = Checkpoints(store.path, store.seal)
            self._worker = ThreadWorker(deadline_s, self._between_commits)

    @property
    def failed(self) -> str:
        """Why nothing can be written any more; empty while all is well."""
        return self._store.sealed

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
        batch = self._store.prepare(rows)
        size = sum(len(event) for _, _, event in rows)
        self.last_seq = await self._write(lambda: self._commit(batch, size))
        return self.last_seq

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

        Where the disk is stuck everything is left as it is: the end of the process frees it.
        """
        if not self._worker.close():
            self._store.seal("closed while the disk did not answer")
            return
        if self._checkpoints is not None:
            self._checkpoints.close()
        with contextlib.suppress(JournalError):  # a journal that failed stays as after a crash
            self._store.write_closed()
        self._reader.close()
        self._store.close()
        self._watermark.close(keep=bool(self.failed))
        self._ownership.release()

    async def _write(self, job: Job) -> int:
        started = time.monotonic()
        self._waiting.append(started)
        try:
            return await self._worker.run(job)
        except OSError as error:  # TimeoutError is one
            self._store.seal(str(error))
            raise JournalError(f"{self.path}: not written: {error}") from error
        finally:
            self._waiting.remove(started)

    def _commit(self, batch: Batch, size: int) -> int:
        seq = self._store.commit(batch)
        self._watermark.raise_to(seq)
        if self._checkpoints is not None:
            self._checkpoints.wrote(size)
        return seq

    def _between_commits(self) -> None:
        if self._checkpoints is not None and self._checkpoints.finish:
            self._checkpoints.finish = False
            self._store.checkpoint()


_KINDS: dict[type, str] = {kind: kind.__struct_config__.tag for kind in get_args(Event)}
