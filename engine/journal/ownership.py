"""One engine a journal: a lock file that the kernel frees when its holder dies."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from engine.journal.errors import JournalError, JournalLocked


class Ownership:
    """Exclusive ownership of the journal at `path`, until `release` or the end of the process.

    Raises JournalLocked at once, with the holder's pid, when somebody else has it.
    """

    def __init__(self, path: Path) -> None:
        self._lock = path.with_name(path.name + ".lock")
        try:
            while not self._take(path):
                pass  # its holder removed the file as it left: lock the new one
        except OSError as error:
            raise JournalError(f"{self._lock}: cannot be written: {error.strerror}") from error

    def release(self) -> None:
        """Let the next engine in. The file goes first, while nobody else can hold it."""
        self._lock.unlink(missing_ok=True)
        os.close(self._descriptor)

    def _take(self, path: Path) -> bool:
        """Lock the file and write our pid; False when it is not the one of that name any more."""
        self._descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o600)
        taken = False
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if self._is_current():
                os.ftruncate(self._descriptor, 0)
                os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)
                taken = True
        except BlockingIOError:
            raise JournalLocked(path, self._holder()) from None
        finally:
            if not taken:
                os.close(self._descriptor)
        return taken

    def _is_current(self) -> bool:
        try:
            return os.path.samestat(os.stat(self._lock), os.fstat(self._descriptor))
        except FileNotFoundError:
            return False

    def _holder(self) -> int | None:
        text = os.pread(self._descriptor, 32, 0).strip()
        return int(text) if text.isdigit() else None
