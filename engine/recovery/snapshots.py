"""Snapshots of the state, so that a restart does not replay the account's whole life.

While the engine trades, a process of its own folds the journal and writes them: neither the loop
nor the journal's commits wait for a state of many megabytes. At a clean end nothing is in a hurry,
and the engine writes its own. A snapshot that fails costs time at the next start, nothing else.
"""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Sequence

from engine.core.state import State
from engine.journal.errors import JournalError
from engine.journal.journal import Journal
from engine.journal.snapshots import Snapshot, seqs
from engine.runtime import own_program

EVERY_EVENTS = 100_000
"""Events between two snapshots: what a restart after a crash replays, well under a second."""
AT_END_EVENTS = 1_000
"""Events since the last one that are worth a snapshot at the end."""
PROGRAM = "engine.recovery.rebuild"


class Snapshots:
    """Sees to the snapshots of one journal. `command` is called with the journal's path."""

    def __init__(
        self,
        journal: Journal,
        *,
        every: int = EVERY_EVENTS,
        at_end: int = AT_END_EVENTS,
        command: Sequence[str] | None = None,
    ) -> None:
        newest = next(iter(seqs(journal.path)), 0)
        self._journal = journal
        self._every = every
        self._at_end = at_end
        ours, self._env = own_program(PROGRAM)
        self._command = command or ours
        self._due = newest + every
        self._process: subprocess.Popen[bytes] | None = None

    def committed(self) -> None:
        """Have a snapshot made when it is time for one; returns at once."""
        seq = self._journal.last_seq
        if seq < self._due or (self._process is not None and self._process.poll() is None):
            return
        self._due = seq + self._every
        with contextlib.suppress(OSError):  # no process to be had now
            self._process = subprocess.Popen(
                [*self._command, str(self._journal.path)],
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )

    def finish(self, state: State) -> None:
        """Write the last snapshot, when `state` is what the journal holds."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        seq = self._journal.last_seq
        if state.seq == seq >= self._due - self._every + self._at_end and not self._journal.failed:
            with contextlib.suppress(JournalError):
                self._journal.save_snapshot(Snapshot(seq, state.encode()))
