"""Snapshots of the folded state, each a file beside its journal: `journal.db.state-<seq>`.

They save time and hold nothing of their own: where one is lost, damaged or cut short, the one
before it and a longer replay give the same state. Files, because a state of many megabytes inside
the database would hold up the commits behind it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from engine.files import write_atomically_now
from engine.journal.chain import seal

KEPT = 2  # the newest, and one to fall back to
_SEAL_BYTES = 32


class Snapshot(NamedTuple):
    """The encoded state after event `seq`."""

    seq: int
    state: bytes


def save(path: Path, snapshot: Snapshot, row_hash: bytes) -> None:
    """Write a snapshot of the journal at `path`, and drop all but the newest.

    One process writes at a time. `row_hash` is of event `seq`: it ties the state to these
    events. Raises OSError.
    """
    for abandoned in path.parent.glob(f".{path.name}.state-*.tmp"):
        abandoned.unlink(missing_ok=True)  # by a writer that was killed
    sealed = seal(row_hash, snapshot.state)
    write_atomically_now(_file(path, snapshot.seq), sealed + snapshot.state, mode=0o600)
    for seq in seqs(path)[KEPT:]:
        _file(path, seq).unlink(missing_ok=True)


def seqs(path: Path) -> list[int]:
    """Return after which events there are snapshots, the newest first."""
    pattern = re.compile(re.escape(path.name) + r"\.state-([0-9]{12})")
    names = (pattern.fullmatch(found.name) for found in path.parent.glob(f"{path.name}.state-*"))
    return sorted((int(name[1]) for name in names if name is not None), reverse=True)


def load(path: Path, seq: int, row_hash: bytes) -> Snapshot | None:
    """Return the snapshot after event `seq`, None when it is damaged or of other events."""
    try:
        data = _file(path, seq).read_bytes()
    except OSError:
        return None
    sealed, state = data[:_SEAL_BYTES], data[_SEAL_BYTES:]
    return Snapshot(seq, state) if sealed == seal(row_hash, state) else None


def _file(path: Path, seq: int) -> Path:
    return path.with_name(f"{path.name}.state-{seq:012}")
