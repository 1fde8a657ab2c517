"""The one connection that writes: a batch is one durable commit.

WAL with synchronous FULL: a commit returns when its rows are on the disk. After one write has
failed nothing is known about the disk any more, so the store is sealed and never tries again.
"""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from engine.journal import tables
from engine.journal.chain import Identity, link
from engine.journal.errors import JournalError

Row = tuple[int, str, bytes]
"""ts, kind and JSON of an event that is to be written."""

_Values = Sequence[int | str | bytes]
_Statement = tuple[str, _Values]

_COLUMNS = 5
_ROWS_A_STATEMENT = 64
_WAL_BYTES = 8_000_000  # 2,000 pages: before they are used up a checkpoint lets SQLite start over


class Store:
    """The writing side of the journal at `path`; its owner commits from one thread at a time.

    The file is new, or has passed `check_before_writing`. Raises JournalError when it cannot be
    written.
    """

    def __init__(self, path: Path, identity: Identity, *, busy_timeout_s: float) -> None:
        self.path = path
        self.sealed = ""
        self._identity = identity
        tables.create_file(path)
        self._connection = tables.connect(path, timeout_s=busy_timeout_s)
        try:
            self._prepare()
            self.last_seq = tables.last_seq(self._connection)
            found = tables.hash_at(self._connection, identity, self.last_seq)
            assert found is not None  # it is the hash of a row that is there
            self._hash = found
        except sqlite3.Error as error:
            self._connection.close()
            raise JournalError(f"{path}: cannot be written: {error}") from error
        except JournalError:
            self._connection.close()
            raise

    def write(self, rows: Sequence[Row]) -> int:
        """Commit `rows` as one batch, all or none, and return the number of the last.

        After a failure the next ones are refused: none is ever tied to rows that are not there.
        """
        statements, last_seq, last_hash = self._insert(rows)
        self._commit(statements)
        self.last_seq, self._hash = last_seq, last_hash
        return last_seq

    def write_closed(self) -> None:
        """Commit that the journal ends here, so that rows cut off its end are missed."""
        statement = "INSERT OR REPLACE INTO meta VALUES ('closed_at', ?)"
        self._commit([(statement, (str(self.last_seq),))])

    def seal(self, reason: str) -> None:
        """Refuse every later write, for `reason`. The first reason stays."""
        self.sealed = self.sealed or reason

    def leave_checkpoints_to_others(self) -> None:
        """Never checkpoint inside a commit, and write the whole -wal file now.

        A commit that overwrites a file costs half of one that extends it: no size to make durable.
        The pages are those of a transaction that is rolled back, so SQLite writes over them.
        Raises JournalError when there is no room.
        """
        run = self._connection.execute
        try:
            run("PRAGMA wal_autocheckpoint = 0")
            run("PRAGMA cache_size = 16")  # pages: so few that the transaction spills into the file
            run("BEGIN IMMEDIATE")
            run("CREATE TABLE ballast (bytes BLOB)")
            run("INSERT INTO ballast VALUES (zeroblob(?))", (_WAL_BYTES,))
            run("ROLLBACK")
            run("PRAGMA cache_size = -2000")  # KiB: SQLite's default
        except sqlite3.Error as error:
            raise JournalError(f"{self.path}: no room for its -wal file: {error}") from error

    def checkpoint(self) -> None:
        """Move what little a background checkpoint left, so that the -wal file starts over."""
        try:
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except sqlite3.Error as error:
            self.seal(f"checkpoint: {error}")

    def close(self) -> None:
        """Close the connection; the last one to close moves the -wal file into the database."""
        self._connection.close()

    def _prepare(self) -> None:
        new = tables.is_new(self._connection)
        (mode,) = self._connection.execute("PRAGMA journal_mode = WAL").fetchone()
        if mode != "wal":
            raise JournalError(f"{self.path}: this file system cannot hold a journal (no WAL mode)")
        self._connection.execute("PRAGMA synchronous = FULL")
        if new:
            tables.lay_out(self._connection, self._identity)

    def _insert(self, rows: Sequence[Row]) -> tuple[list[_Statement], int, bytes]:
        """Number `rows`, tie each to the one before, and return what inserts them."""
        seq, previous = self.last_seq, self._hash
        values: list[int | str | bytes] = []
        for ts, kind, event in rows:
            seq += 1
            previous = link(previous, seq, ts, kind.encode(), event)
            values += (seq, ts, kind, event.decode(), previous)
        step = _COLUMNS * _ROWS_A_STATEMENT
        chunks = [values[start : start + step] for start in range(0, len(values), step)]
        return [(_inserting(len(chunk) // _COLUMNS), chunk) for chunk in chunks], seq, previous

    def _commit(self, statements: Sequence[_Statement]) -> None:
        """Run the statements as one transaction; a single one is that by itself."""
        if self.sealed:
            raise JournalError(f"{self.path}: not written: {self.sealed}")
        if len(statements) > 1:
            statements = [("BEGIN IMMEDIATE", ()), *statements, ("COMMIT", ())]
        try:
            for sql, values in statements:
                self._connection.execute(sql, values)
        except sqlite3.Error as error:
            self.seal(str(error))
            raise JournalError(f"{self.path}: not written: {error}") from error


@functools.cache
def _inserting(rows: int) -> str:
    return "INSERT INTO events VALUES " + ", ".join(["(?, ?, ?, ?, ?)"] * rows)
