"""What can go wrong with a journal.

JournalError                 not written in time, or not at all: trading must halt
├── JournalLocked            another engine owns it
├── JournalMismatch          it belongs to another account or to a newer program
└── JournalCorrupt           it does not hold what was written: where, and what is wrong
"""

from __future__ import annotations

from pathlib import Path

from engine.errors import TradedeckError


class JournalError(TradedeckError):
    """The journal cannot be used; once raised by an append, every later append raises it too."""


class JournalLocked(JournalError):
    """Another process, `pid` where it is known, owns the journal."""

    def __init__(self, path: Path, pid: int | None) -> None:
        holder = "another process" if pid is None else f"process {pid}"
        way_out = "end the engine it belongs to, or use another state directory"
        super().__init__(f"{path}: in use by {holder}; {way_out}")
        self.path = path
        self.pid = pid


class JournalMismatch(JournalError):
    """The journal is whole, and not the one that was asked for."""


class JournalCorrupt(JournalError):
    """Event `seq` is the first that is wrong (0: the file itself), and `what` is wrong with it."""

    def __init__(self, path: Path, seq: int, what: str) -> None:
        super().__init__(f"{path}: event {seq}: {what}" if seq else f"{path}: {what}")
        self.path = path
        self.seq = seq
        self.what = what
