from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from engine.journal import checkpoints as checkpoints_module
from engine.journal.chain import Identity
from engine.journal.checkpoints import Checkpoints
from engine.journal.store import Store
from tests.support.journals import T0, write_journal

IDENTITY = Identity("paper", "paper", "bybit")


def failing(reason: str) -> None:
    raise AssertionError(reason)


def events_in_the_database_alone(path: Path, copy: Path) -> int:
    """How many events there are without the -wal file."""
    copy.write_bytes(path.read_bytes())
    with closing(sqlite3.connect(copy)) as connection:
        (count,) = connection.execute("SELECT count(*) FROM events").fetchone()
    return int(count)


def test_a_checkpoint_moves_the_commits_into_the_database(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    store = Store(path, IDENTITY, busy_timeout_s=1.0)
    store.leave_checkpoints_to_others()
    store.write([(T0, "order", b"{}")] * 3)
    checkpoints = Checkpoints(path, failing)
    assert checkpoints.run()
    assert not checkpoints.finish
    assert events_in_the_database_alone(path, tmp_path / "copy.db") == 3
    checkpoints.close()
    store.close()


def test_the_writer_is_asked_for_the_rest_once_the_wal_file_is_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "journal.db"
    store = Store(path, IDENTITY, busy_timeout_s=1.0)
    store.leave_checkpoints_to_others()
    store.write([(T0, "order", b"{}")])
    checkpoints = Checkpoints(path, failing)
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM events").fetchone()  # what comes now is not moved
        store.write([(T0, "order", b"{}")])
        assert checkpoints.run()
        assert not checkpoints.finish
        monkeypatch.setattr(checkpoints_module, "_LONG", 1)
        assert checkpoints.run()
        assert checkpoints.finish
    checkpoints.close()
    store.close()


class Scripted:
    """A connection whose checkpoints end as they are listed: pages, and how many were moved."""

    def __init__(self, *ends: tuple[int, int]) -> None:
        self.ends = list(ends)

    def execute(self, _sql: str) -> Scripted:
        return self

    def fetchone(self) -> tuple[int, int, int]:
        return (0, *self.ends.pop(0))

    def close(self) -> None:
        pass


@pytest.mark.parametrize(
    ("ends", "made", "asks"),
    [
        ([(499, 490), (0, 0)], 1, False),
        ([(500, 490), (502, 502), (0, 0)], 2, False),
        ([(500, 490), (502, 500), (504, 502), (0, 0)], 3, False),
        ([(1_500, 1_400), (1_502, 1_500), (1_504, 1_502), (0, 0)], 3, True),
    ],
    ids=["few", "at the second attempt", "not yet", "too long"],
)
def test_the_last_pages_of_a_long_file_are_tried_again_at_once(
    tmp_path: Path, ends: list[tuple[int, int]], made: int, asks: bool
) -> None:
    write_journal(tmp_path / "journal.db", 1)
    checkpoints = Checkpoints(tmp_path / "journal.db", failing)
    checkpoints._connection.close()
    script = Scripted(*ends)
    checkpoints._connection = script  # type: ignore[assignment]
    assert checkpoints.run()
    assert (len(ends) - len(script.ends), checkpoints.finish) == (made, asks)
    checkpoints.close()


def test_the_writer_moves_what_was_left_and_the_wal_file_starts_over(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    store = Store(path, IDENTITY, busy_timeout_s=1.0)
    store.leave_checkpoints_to_others()
    wal = path.with_name("journal.db-wal")
    for round_ in range(1, 6):
        store.write([(T0, "order", b'"%s"' % (b"x" * 400_000))] * 10)
        store.checkpoint()
        store.write([(T0, "order", b"{}")])
        assert events_in_the_database_alone(path, tmp_path / "copy.db") >= 11 * round_ - 1
    assert 8_000_000 < wal.stat().st_size < 9_000_000
    store.close()


def test_enough_pages_wake_the_thread_and_a_failure_is_told_once(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    write_journal(path, 1)
    reasons: list[str] = []
    told = threading.Event()

    def failed(reason: str) -> None:
        reasons.append(reason)
        told.set()

    checkpoints = Checkpoints(path, failed)
    checkpoints._connection.close()
    checkpoints.wrote(1)
    assert not told.is_set()
    checkpoints.wrote(10_000_000)
    assert told.wait(10)
    assert reasons == ["checkpoint: Cannot operate on a closed database."]
    assert not checkpoints.finish
    checkpoints.close()


def test_a_checkpoint_that_fails_seals_the_store(tmp_path: Path) -> None:
    store = Store(tmp_path / "journal.db", IDENTITY, busy_timeout_s=1.0)
    store.close()
    store.checkpoint()
    assert store.sealed == "checkpoint: Cannot operate on a closed database."
    store.seal("another reason")
    assert store.sealed.startswith("checkpoint: ")
