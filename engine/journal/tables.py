"""The database of a journal: its tables, how it is opened, whose it is.

meta    (key, value)                  schema, account, environment, venue, closed_at
events  (seq, ts, kind, event, hash)  ts: when it was recorded, unix ns; event: its JSON
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from engine.files import sync_directory
from engine.journal.chain import SCHEMA, Identity, genesis
from engine.journal.errors import JournalCorrupt, JournalError, JournalMismatch

_TABLES = """
BEGIN IMMEDIATE;
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE events (
    seq INTEGER PRIMARY KEY, ts INTEGER NOT NULL, kind TEXT NOT NULL,
    event TEXT NOT NULL, hash BLOB NOT NULL);
"""


def connect(path: Path, *, timeout_s: float = 1.0, read_only: bool = False) -> sqlite3.Connection:
    """Open the database in autocommit, creating it unless `read_only`. Raises JournalError."""
    if read_only and not path.exists():
        raise JournalError(f"{path}: there is no such journal")
    try:
        return sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rwc'}",
            uri=True,
            timeout=timeout_s,
            isolation_level=None,
            check_same_thread=False,
        )
    except sqlite3.Error as error:
        raise JournalError(f"{path}: cannot be opened: {error}") from error


@contextlib.contextmanager
def reading(path: Path) -> Iterator[None]:
    """Raise what SQLite finds wrong with the file as JournalCorrupt."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise JournalCorrupt(path, 0, f"cannot be read as a journal: {error}") from error


def create_file(path: Path) -> None:
    """Create an empty, private file for a new journal, with a name that survives a power cut."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        sync_directory(path.parent)
    except OSError as error:
        raise JournalError(f"{path}: cannot be opened: {error.strerror}") from error


def lay_out(connection: sqlite3.Connection, identity: Identity) -> None:
    """Create the tables of a new journal, in one durable step."""
    connection.executescript(_TABLES)
    values = {"schema": str(SCHEMA), **identity._asdict()}
    connection.executemany("INSERT INTO meta VALUES (?, ?)", values.items())
    connection.execute("COMMIT")


def is_new(connection: sqlite3.Connection) -> bool:
    """Return True for a database that nothing was ever written to."""
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    return bool(tables == 0)


def read_identity(connection: sqlite3.Connection, path: Path) -> Identity:
    """Return whose journal it is. Raises JournalCorrupt, or JournalMismatch for a newer schema."""
    try:
        meta = dict(connection.execute("SELECT key, value FROM meta"))
        schema = int(meta["schema"])
        identity = Identity(*(meta[name] for name in Identity._fields))
    except (sqlite3.OperationalError, KeyError, TypeError, ValueError):
        raise JournalCorrupt(path, 0, "a database, but not a journal of this program") from None
    if schema > SCHEMA:
        raise JournalMismatch(
            f"{path}: written by a newer program (schema {schema}, this one knows {SCHEMA}); "
            "use that program, or name another journal"
        )
    return identity


def check_identity(path: Path, found: Identity, wanted: Identity) -> None:
    """Raise JournalMismatch naming each difference."""
    differences = [
        f"{name} {have!r}, not {want!r}"
        for name, have, want in zip(Identity._fields, found, wanted, strict=True)
        if have != want
    ]
    if differences:
        raise JournalMismatch(f"{path}: belongs to {' and '.join(differences)}")


def closed_at(connection: sqlite3.Connection) -> int:
    """Return the newest event when the journal was last closed in order; 0 if it never was."""
    query = "SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'closed_at'"
    row = connection.execute(query).fetchone()
    return row[0] if row else 0


def last_seq(connection: sqlite3.Connection) -> int:
    """Return the number of the newest event; 0 where there is none."""
    (seq,) = connection.execute("SELECT max(seq) FROM events").fetchone()
    return seq or 0


def hash_at(connection: sqlite3.Connection, identity: Identity, seq: int) -> bytes | None:
    """Return the hash that the row after `seq` builds on; None where row `seq` is missing."""
    if seq == 0:
        return genesis(identity)
    query = "SELECT CAST(hash AS BLOB) FROM events WHERE seq = ?"
    row = connection.execute(query, (seq,)).fetchone()
    return row[0] if row else None
