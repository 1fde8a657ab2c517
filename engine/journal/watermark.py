"""The newest acknowledged event, noted outside the database.

SQLite takes a journal whose -wal file was lost or cut for a shorter one and opens it gladly. The
note is written after each commit and not synced, so it is at most behind and never ahead of what
is durable: a journal that ends before it has lost events.
"""

from __future__ import annotations

import mmap
import os
import sys
from pathlib import Path

_BYTES = 8
_ORDER = sys.byteorder


class Watermark:
    """The note beside the journal at `path`, whose newest event is `seq`.

    It is one aligned number in memory that the file shares: a process that is killed leaves the old
    number or the new one, and none of the writer's time goes into a system call, for which it would
    give up the interpreter, and have to win it back from a busy event loop before it can tell that
    the commit is done.
    """

    def __init__(self, path: Path, seq: int) -> None:
        self._path = note_path(path)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            os.pwrite(descriptor, seq.to_bytes(_BYTES, _ORDER), 0)  # the disk has room from now on
            self._map = mmap.mmap(descriptor, _BYTES)
        finally:
            os.close(descriptor)
        self._whole = memoryview(self._map)
        self._number = self._whole.cast("Q")

    def raise_to(self, seq: int) -> None:
        """Note that event `seq` and all before it are durable."""
        self._number[0] = seq

    def close(self, *, keep: bool) -> None:
        """Stop noting; a journal that was closed in order needs no note and leaves none."""
        self._number.release()
        self._whole.release()
        self._map.close()
        if not keep:
            self._path.unlink(missing_ok=True)


def note_path(path: Path) -> Path:
    """Return where the note of the journal at `path` is."""
    return path.with_name(path.name + ".acked")


def read_watermark(path: Path) -> int:
    """Return what was noted for the journal at `path`; 0 where there is no legible note."""
    try:
        note = note_path(path).read_bytes()
    except FileNotFoundError:
        return 0
    return int.from_bytes(note, _ORDER) if len(note) == _BYTES else 0
