"""The newest acknowledged event, noted outside the database.

SQLite takes a journal whose -wal file was lost or cut for a shorter one and opens it gladly. The
note is written after each commit and not synced, so it is at most behind and never ahead of what
is durable: a journal that ends before it has lost events.
"""

from __future__ import annotations

import mmap
import os
from pathlib import Path

_WIDTH = 20
_BYTES = _WIDTH + 1


class Watermark:
    """The note beside the journal at `path`, whose newest event is `seq`."""

    def __init__(self, path: Path, seq: int) -> None:
        self._path = note_path(path)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            os.pwrite(descriptor, _note(seq), 0)  # so that the disk has room for it from now on
            self._map = mmap.mmap(descriptor, _BYTES)
        finally:
            os.close(descriptor)

    def raise_to(self, seq: int) -> None:
        """Note that event `seq` and all before it are durable.

        Without a system call: for one the writer would give the interpreter up, and have to win it
        back from a busy event loop before it can tell that the commit is done.
        """
        self._map[:] = _note(seq)

    def close(self, *, keep: bool) -> None:
        """Stop noting; a journal that was closed in order needs no note and leaves none."""
        self._map.close()
        if not keep:
            self._path.unlink(missing_ok=True)


def _note(seq: int) -> bytes:
    return b"%0*d\n" % (_WIDTH, seq)


def note_path(path: Path) -> Path:
    """Return where the note of the journal at `path` is."""
    return path.with_name(path.name + ".acked")


def read_watermark(path: Path) -> int:
    """Return what was noted for the journal at `path`; 0 where there is no legible note."""
    try:
        text = note_path(path).read_bytes().strip()
    except FileNotFoundError:
        return 0
    return int(text) if text.isdigit() else 0
