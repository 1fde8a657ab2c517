"""One engine a journal: a lock file that the kernel frees when its holders die.

They are the engine, whose pid is in the file, and the process that writes for it. That one outlives
an engine that was killed by the commit that is under way: it is worth a moment's wait.
"""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from engine.journal.errors import JournalError, JournalLocked

PATIENCE_S = 2.0
"""How long the writer of a killed engine is waited for, in seconds of real time."""
_PAUSE_S = 0.01


class Ownership:
    """Exclusive ownership of the journal at `path`, until `release` or the end of the process.

    A process that holds a copy of `descriptor` owns it, too. Raises JournalLocked at once, with the
    holder's pid, when somebody else has it.
    """

    def __init__(self, path: Path) -> None:
        self._lock = path.with_name(path.name + ".lock")
        self._until_s = time.monotonic() + PATIENCE_S
        try:
            while not self._take(path):
                pass  # its holder has just left, or is about to
        except OSError as error:
            raise JournalError(f"{self._lock}: cannot be written: {error.strerror}") from error

    def release(self) -> None:
        """Let the next engine in. The file goes first, while nobody else can hold it."""
        self._lock.unlink(missing_ok=True)
        os.close(self.descriptor)

    def _take(self, path: Path) -> bool:
        """Lock the file and write our pid; False when that should be tried again.

        The file may not be the one of that name any more, because its holder removed it.
        """
        self.descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o600)
        taken = False
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if self._is_current():
                os.ftruncate(self.descriptor, 0)
                os.pwrite(self.descriptor, f"{os.getpid()}\n".encode(), 0)
                taken = True
        except BlockingIOError:
            pid = self._holder()
            if pid is None or _is_running(pid) or time.monotonic() >= self._until_s:
                raise JournalLocked(path, pid) from None
            time.sleep(_PAUSE_S)
        finally:
            if not taken:
                os.close(self.descriptor)
        return taken

    def _is_current(self) -> bool:
        try:
            return os.path.samestat(os.stat(self._lock), os.fstat(self.descriptor))
        except FileNotFoundError:
            return False

    def _holder(self) -> int | None:
        text = os.pread(self.descriptor, 32, 0).strip()
        return int(text) if text.isdigit() else None


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # somebody else's
    return True
