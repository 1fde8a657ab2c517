"""What one commit is: the rows on the disk, then the note of the newest, now and then a checkpoint.

The thread that commits owns it: an engine's on virtual time, else that of the writer's process.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

from engine.journal.chain import Identity
from engine.journal.checkpoints import Checkpoints
from engine.journal.errors import JournalError
from engine.journal.store import Row, Store
from engine.journal.watermark import Watermark


class Committer:
    """The writing side of the journal at `path`, which is new or has passed the reader's check.

    With `checkpoints` they are done beside the commits, else by SQLite inside of them. Raises
    JournalError when the files cannot be written.
    """

    def __init__(
        self, path: Path, identity: Identity, *, busy_timeout_s: float, checkpoints: bool
    ) -> None:
        with contextlib.ExitStack() as undo:
            self.store = Store(path, identity, busy_timeout_s=busy_timeout_s)
            undo.callback(self.store.close)
            try:
                self._watermark = Watermark(path, self.store.last_seq)
            except OSError as error:
                raise JournalError(f"{path}: cannot be opened: {error.strerror}") from error
            self._checkpoints: Checkpoints | None = None
            if checkpoints:
                self.store.leave_checkpoints_to_others()
                self._checkpoints = Checkpoints(path, self.store.seal)
            undo.pop_all()

    def write(self, rows: Sequence[Row]) -> int:
        """Commit `rows` as one batch and return the number of the last. Raises JournalError."""
        seq = self.store.write(rows)
        self._watermark.raise_to(seq)
        if self._checkpoints is not None:
            self._checkpoints.wrote(sum(len(event) for _, _, event in rows))
        return seq

    def tidy(self) -> None:
        """Do what can wait until whoever asked for a commit has been told of it."""
        if self._checkpoints is not None and self._checkpoints.finish:
            self._checkpoints.finish = False
            self.store.checkpoint()

    def close(self) -> None:
        """Commit that the journal ends here, and close it; one that failed stays as in a crash."""
        if self._checkpoints is not None:
            self._checkpoints.close()
        with contextlib.suppress(JournalError):
            self.store.write_closed()
        self.store.close()
        self._watermark.close(keep=bool(self.store.sealed))
