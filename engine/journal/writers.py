"""Where the writing happens: in the caller, or in a process of its own (`process`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from engine.journal.committer import Committer
from engine.journal.errors import JournalError
from engine.journal.store import Row


class Writer(Protocol):
    """Writes batches one after the other, in the order they were handed over."""

    last_seq: int
    """The newest event when it was opened."""

    @property
    def failed(self) -> str:
        """Why nothing can be written any more; empty while all is well."""
        ...

    async def write(self, rows: Sequence[Row]) -> int:
        """Return the number of the last row once all are durable. Raises JournalError."""
        ...

    def watch(self, on_failure: Callable[[JournalError], None]) -> None:
        """Have `on_failure` called where nothing can be written any more though nobody writes."""
        ...

    def seal(self, reason: str) -> None:
        """Refuse every later write, for `reason`. The first reason stays."""
        ...

    def close(self) -> bool:
        """Finish what was handed over and close the files; False when the disk is stuck."""
        ...


class InlineWriter:
    """Writes in the caller, without giving up the event loop: virtual time stands still."""

    def __init__(self, committer: Committer) -> None:
        self.last_seq = committer.store.last_seq
        self.seal = committer.store.seal
        self._committer = committer

    @property
    def failed(self) -> str:
        return self._committer.store.sealed

    async def write(self, rows: Sequence[Row]) -> int:
        return self._committer.write(rows)

    def watch(self, on_failure: Callable[[JournalError], None]) -> None:
        pass  # it fails in nothing but a write

    def close(self) -> bool:
        self._committer.close()
        return True
