"""Moving the -wal file into the database beside the commits, never inside one."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

from engine.journal import tables

_PAGES = 64
"""When to checkpoint: a disk makes durable whatever was written to it, so that the commit beside a
large checkpoint would wait for all of it."""
_ENOUGH = 500  # pages after which the -wal file may start over
_LONG = 1400  # of the 2,000 pages that it has room for
_ATTEMPTS = 3
_ROW_BYTES_A_PAGE = 3000  # the rest of 4,096 are the hash, the columns and the page itself


class Checkpoints:
    """A thread that checkpoints when enough was written.

    The -wal file starts over once all of it was moved. While commits go on the last few pages are
    often missed, so they are tried again at once: so little is done before the next commit comes.
    Where none of that helped and the file has become long, `finish` tells the writer to move them,
    which holds up commits for some milliseconds. A checkpoint that fails is not tried again:
    `failed` is called with the reason.
    """

    def __init__(self, path: Path, failed: Callable[[str], None]) -> None:
        self.finish = False
        self._failed = failed
        self._connection = tables.connect(path)
        self._pages = 0
        self._due = threading.Event()
        self._closing = False
        self._thread = threading.Thread(target=self._work, name="journal-checkpoints", daemon=True)
        self._thread.start()

    def wrote(self, size: int) -> None:
        """Note a commit of `size` bytes of event text: about so many pages, and one half full."""
        self._pages += 1 + size // _ROW_BYTES_A_PAGE
        if self._pages >= _PAGES:
            self._pages = 0
            self._due.set()

    def close(self) -> None:
        """Stop, after the checkpoint that may be under way."""
        self._closing = True
        self._due.set()
        self._thread.join()
        self._connection.close()

    def run(self) -> bool:
        """Checkpoint now; False when it failed."""
        pages = moved = 0
        for _ in range(_ATTEMPTS):
            try:
                done = self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            except sqlite3.Error as error:
                self._failed(f"checkpoint: {error}")
                return False
            _busy, pages, moved = done
            if moved == pages or pages < _ENOUGH:
                break
        self.finish = moved < pages >= _LONG
        return True

    def _work(self) -> None:
        while self._due.wait() and not self._closing:
            self._due.clear()
            if not self.run():
                return
