"""Reading a journal back: events in order, each checked against the chain, and snapshots."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import msgspec

from engine.core.events import Event
from engine.journal import snapshots, tables
from engine.journal.chain import Identity, link
from engine.journal.errors import JournalCorrupt, JournalError
from engine.journal.snapshots import Snapshot
from engine.journal.watermark import note_path, read_watermark

_SLICE = 2048  # rows a read: short reads let the writer's checkpoints finish
_SELECT = "SELECT seq, ts, kind, event, hash FROM events WHERE seq > ? ORDER BY seq LIMIT ?"
_SEARCHED = 20_000  # rows a search, for the same reason
_SEARCH = """
SELECT seq, ts, kind, event, hash,
    (SELECT CAST(hash AS BLOB) FROM events AS before WHERE before.seq = found.seq - 1)
FROM events AS found WHERE seq BETWEEN ? AND ? AND instr(event, ?) ORDER BY seq
"""

_StoredRow = tuple[int, int, bytes, bytes, bytes]


class Flaw(NamedTuple):
    """The first place where a journal is not what was written (`seq` 0: the file itself)."""

    seq: int
    what: str


class JournalReader:
    """The journal at `path`, read only; it may be open while an engine writes.

    Raises JournalCorrupt where the file is no journal, JournalMismatch for a newer schema.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._decode = msgspec.json.Decoder(Event).decode
        self._connection = tables.connect(path, read_only=True)
        try:
            with tables.reading(path):
                self.identity: Identity = tables.read_identity(self._connection, path)
            self._connection.text_factory = bytes  # an altered text may not even be one
        except BaseException:
            self._connection.close()
            raise

    @property
    def last_seq(self) -> int:
        """The number of the newest durable event; 0 where there is none."""
        with tables.reading(self.path):
            return tables.last_seq(self._connection)

    def replay(self, after: int = 0) -> Iterator[tuple[int, Event]]:
        """Yield every event after number `after`, oldest first.

        Raises JournalCorrupt at the first one that is missing, altered, out of place or illegible,
        and at the end when acknowledged events are missing there.
        """
        written = self._written()  # first: an engine may be adding to it
        previous = self._hash_at(after)
        seq = after
        while rows := self._slice(seq):
            previous = self._check(rows, seq, previous)
            for seq, _, _, text, _ in rows:
                yield seq, self._read(seq, text)
        _refuse_lost_end(self.path, seq, written)

    def events_of(self, name: str, first: int, last: int) -> list[tuple[int, Event]]:
        """Return the events of the order that has the id `name`, ours or the venue's.

        They are looked for from number `first` to `last`, so that the journal needs no index, and
        each is checked against the hash before it. Raises JournalCorrupt.
        """
        found = self._matching("client_order_id", name, first, last)
        if not found:
            theirs = self._matching("exchange_order_id", name, first, last)
            ours = next((_order_id(event) for _, event in theirs), "")
            found = self._matching("client_order_id", ours, first, last) if ours else []
        return found

    def verify(self) -> Flaw | None:
        """Read everything; return the first flaw, or None when all is as it was written."""
        try:
            for _ in self.replay():
                pass
        except JournalCorrupt as error:
            return Flaw(error.seq, error.what)
        for seq in snapshots.seqs(self.path):
            if self._snapshot(seq) is None:
                return Flaw(seq, "its snapshot is altered")
        return None

    def latest_snapshot(self) -> Snapshot | None:
        """Return the newest snapshot that is whole and belongs to this journal's events."""
        found = (self._snapshot(seq) for seq in snapshots.seqs(self.path))
        return next((snapshot for snapshot in found if snapshot is not None), None)

    def save_snapshot(self, snapshot: Snapshot) -> None:
        """Write the encoded state after a durable event, in a file beside the journal.

        Raises JournalError when there is no such event, or the file cannot be written.
        """
        row_hash = self._hash_after(snapshot.seq)
        if row_hash is None:
            raise JournalError(
                f"{self.path}: there is no event {snapshot.seq} to take a snapshot after"
            )
        try:
            snapshots.save(self.path, snapshot, row_hash)
        except OSError as error:
            raise JournalError(f"{self.path}: no snapshot: {error.strerror}") from error

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _matching(self, key: str, value: str, first: int, last: int) -> list[tuple[int, Event]]:
        text = b'"%b":%b' % (key.encode(), msgspec.json.encode(value))
        found = []
        for start in range(first, last + 1, _SEARCHED):
            end = min(start + _SEARCHED - 1, last)
            with tables.reading(self.path):
                rows = self._connection.execute(_SEARCH, (start, end, text.decode())).fetchall()
            for *row, previous in rows:
                self._check([tuple(row)], row[0] - 1, previous or self._hash_at(row[0] - 1))
                event = self._read(row[0], row[3])
                if getattr(event, key, "") == value:
                    found.append((row[0], event))
        return found

    def _read(self, seq: int, text: bytes) -> Event:
        try:
            event: Event = self._decode(text)
        except msgspec.MsgspecError as error:
            raise JournalCorrupt(self.path, seq, f"illegible: {error}") from error
        return event

    def _written(self) -> int:
        """Return the newest event that is known, from elsewhere, to have been written."""
        with tables.reading(self.path):
            return max(read_watermark(self.path), tables.closed_at(self._connection))

    def _hash_after(self, seq: int) -> bytes | None:
        with tables.reading(self.path):
            return tables.hash_at(self._connection, self.identity, seq)

    def _hash_at(self, seq: int) -> bytes:
        found = self._hash_after(seq)
        if found is None:
            raise JournalCorrupt(self.path, seq, "missing")
        return found

    def _check(self, rows: list[_StoredRow], seq: int, previous: bytes) -> bytes:
        """Follow the chain from row `seq` and its hash through `rows`; return the last hash."""
        for found, ts, kind, event, row_hash in rows:
            seq += 1
            if found != seq:
                raise JournalCorrupt(self.path, seq, "missing")
            previous = link(previous, seq, ts, kind, event)
            if previous != row_hash:
                raise JournalCorrupt(self.path, seq, "altered, or moved from another place")
        return previous

    def _slice(self, after: int) -> list[_StoredRow]:
        try:
            return self._connection.execute(_SELECT, (after, _SLICE)).fetchall()
        except sqlite3.DatabaseError as error:
            raise JournalCorrupt(self.path, after + 1, f"unreadable: {error}") from error

    def _snapshot(self, seq: int) -> Snapshot | None:
        row_hash = self._hash_after(seq)
        return None if row_hash is None else snapshots.load(self.path, seq, row_hash)


open_for_reading = JournalReader


def _order_id(event: Event) -> str:
    return getattr(event, "client_order_id", "")


def check_before_writing(path: Path, identity: Identity) -> None:
    """Raise what speaks against appending to the journal at `path`, leaving every file as it is.

    A connection that may write would tidy up as it closes, and what a lost or damaged -wal file
    still holds with it. Raises JournalMismatch or JournalCorrupt; a new journal is fine.
    """
    last_seq = written = 0
    if path.exists():
        with closing(tables.connect(path, read_only=True)) as connection, tables.reading(path):
            if not tables.is_new(connection):
                tables.check_identity(path, tables.read_identity(connection, path), identity)
                last_seq, written = tables.last_seq(connection), tables.closed_at(connection)
    _refuse_lost_end(path, last_seq, max(written, read_watermark(path)))


def _refuse_lost_end(path: Path, seq: int, written: int) -> None:
    """Raise JournalCorrupt when events after `seq` are known to have been `written`."""
    if seq < written:
        raise JournalCorrupt(
            path,
            seq + 1,
            f"missing, as is all up to event {written}, which was written: restore the lost "
            f"-wal file, or delete {note_path(path).name} to go on without these events",
        )
