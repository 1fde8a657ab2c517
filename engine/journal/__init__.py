"""The journal: the durable, ordered, tamper-evident list of everything that happened.

    create_journal(...) -> Journal             the one writer, an engine
    open_for_reading(path) -> JournalReader    anybody else, also while an engine writes

Beside `journal.db` SQLite keeps `-wal` and `-shm`; `.lock` names the owner and `.acked` the newest
acknowledged event. A journal that was closed in order is a single file again, but for the
snapshots of the state, `.state-<seq>`, which only make a start quicker.
"""

from engine.journal.chain import Identity
from engine.journal.errors import JournalCorrupt, JournalError, JournalLocked, JournalMismatch
from engine.journal.journal import Journal, create_journal
from engine.journal.reader import Flaw, JournalReader
from engine.journal.snapshots import Snapshot

open_for_reading = JournalReader

__all__ = [
    "Flaw",
    "Identity",
    "Journal",
    "JournalCorrupt",
    "JournalError",
    "JournalLocked",
    "JournalMismatch",
    "JournalReader",
    "Snapshot",
    "create_journal",
    "open_for_reading",
]
