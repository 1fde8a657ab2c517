from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from engine.journal import tables
from engine.journal.chain import Identity, genesis
from engine.journal.errors import JournalCorrupt, JournalError, JournalMismatch

IDENTITY = Identity("paper", "paper", "bybit")


def test_a_new_journal_has_its_tables_and_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    tables.create_file(path)
    with closing(tables.connect(path)) as connection:
        assert tables.is_new(connection)
        tables.lay_out(connection, IDENTITY)
        assert not tables.is_new(connection)
        assert tables.read_identity(connection, path) == IDENTITY
        assert tables.last_seq(connection) == 0
        assert tables.closed_at(connection) == 0
        assert tables.hash_at(connection, IDENTITY, 0) == genesis(IDENTITY)
        assert tables.hash_at(connection, IDENTITY, 1) is None


def test_a_read_only_connection_cannot_write(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    tables.create_file(path)
    with (
        closing(tables.connect(path, read_only=True)) as connection,
        pytest.raises(JournalCorrupt, match="attempt to write a readonly database"),
        tables.reading(path),
    ):
        tables.lay_out(connection, IDENTITY)


def test_a_directory_is_no_journal(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="cannot be opened: unable to open database file"):
        tables.connect(tmp_path)
    with pytest.raises(JournalError, match="cannot be opened: Is a directory"):
        tables.create_file(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        "DROP TABLE meta",
        "DELETE FROM meta WHERE key = 'schema'",
        "DELETE FROM meta WHERE key = 'venue'",
        "UPDATE meta SET value = 'one' WHERE key = 'schema'",
    ],
)
def test_a_journal_that_does_not_say_whose_it_is_is_none(tmp_path: Path, change: str) -> None:
    path = tmp_path / "journal.db"
    with closing(tables.connect(path)) as connection:
        tables.lay_out(connection, IDENTITY)
        connection.execute(change)
        with pytest.raises(JournalCorrupt, match="a database, but not a journal"):
            tables.read_identity(connection, path)


def test_every_difference_of_owner_is_named() -> None:
    tables.check_identity(Path("journal.db"), IDENTITY, IDENTITY)
    with pytest.raises(JournalMismatch) as refused:
        tables.check_identity(Path("journal.db"), IDENTITY, Identity("desk", "paper", "other"))
    assert str(refused.value) == (
        "journal.db: belongs to account 'paper', not 'desk' and venue 'bybit', not 'other'"
    )
