from __future__ import annotations

from pathlib import Path

from engine.errors import TradedeckError
from engine.journal.errors import JournalCorrupt, JournalError, JournalLocked, JournalMismatch

PATH = Path("journal.db")


def test_whoever_catches_a_journal_error_catches_all_of_them() -> None:
    for kind in (JournalLocked, JournalMismatch, JournalCorrupt):
        assert issubclass(kind, JournalError)
    assert issubclass(JournalError, TradedeckError)


def test_the_place_is_part_of_the_message() -> None:
    assert str(JournalCorrupt(PATH, 7, "missing")) == "journal.db: event 7: missing"
    assert str(JournalCorrupt(PATH, 0, "not a journal")) == "journal.db: not a journal"
