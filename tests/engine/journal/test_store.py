from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from engine.journal import tables
from engine.journal.chain import Identity
from engine.journal.errors import JournalError
from engine.journal.store import Store
from tests.support.journals import T0

IDENTITY = Identity("paper", "paper", "bybit")
ROW = (T0, "order", b"{}")


def test_batches_of_every_size_get_numbers_without_gaps(tmp_path: Path) -> None:
    store = Store(tmp_path / "journal.db", IDENTITY, busy_timeout_s=1.0)
    last = [store.write([ROW] * size) for size in (1, 63, 64, 65, 128, 129)]
    assert last == [1, 64, 128, 193, 321, 450]
    store.close()
    again = Store(tmp_path / "journal.db", IDENTITY, busy_timeout_s=1.0)
    assert again.last_seq == 450
    assert again.write([ROW]) == 451
    again.close()


def test_a_batch_after_one_that_failed_is_refused(tmp_path: Path) -> None:
    store = Store(tmp_path / "journal.db", IDENTITY, busy_timeout_s=1.0)
    without_time: Any = (None, "order", b"{}")
    for row in (without_time, ROW):
        with pytest.raises(JournalError, match="NOT NULL constraint failed"):
            store.write([row])
    assert store.last_seq == 0
    store.close()


def test_a_sealed_store_writes_nothing_and_keeps_the_first_reason(tmp_path: Path) -> None:
    store = Store(tmp_path / "journal.db", IDENTITY, busy_timeout_s=1.0)
    store.seal("too late")
    store.seal("later still")
    for write in (
        lambda: store.write([ROW]),
        store.write_closed,
    ):
        with pytest.raises(JournalError, match=r"journal\.db: not written: too late"):
            write()
    assert store.last_seq == 0
    store.close()


def test_a_file_system_that_cannot_hold_a_wal_file_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def in_memory(_path: Path, *, timeout_s: float) -> sqlite3.Connection:
        return sqlite3.connect(":memory:", timeout=timeout_s, isolation_level=None)

    monkeypatch.setattr(tables, "connect", in_memory)
    with pytest.raises(JournalError, match="this file system cannot hold a journal"):
        Store(tmp_path / "journal.db", IDENTITY, busy_timeout_s=1.0)


def test_a_file_that_others_write_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    path.write_bytes(b"this is a shopping list\n" * 100)
    with pytest.raises(JournalError, match="cannot be written: file is not a database"):
        Store(path, IDENTITY, busy_timeout_s=1.0)
