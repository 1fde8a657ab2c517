from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from engine.core.events import EngineStarted, Event
from engine.journal.errors import JournalCorrupt, JournalError, JournalLocked, JournalMismatch
from engine.journal.journal import Journal
from engine.journal.process import WriterProcess
from engine.journal.reader import open_for_reading
from engine.journal.snapshots import Snapshot
from tests.support.journals import T0, event, events, open_journal, tampering, write_journal

BOTH = pytest.mark.parametrize("own_process", [False, True], ids=["inline", "process"])


@BOTH
def test_what_was_appended_is_replayed_in_order_after_a_restart(
    tmp_path: Path, own_process: bool
) -> None:
    path = tmp_path / "journal.db"
    journal = open_journal(path, own_process=own_process)

    async def write() -> list[int]:
        return [
            await journal.append(events(1, 1)),
            await journal.append(events(2, 200)),
            await journal.append([]),
            await journal.append(events(201, 203)),
        ]

    assert asyncio.run(write()) == [1, 200, 200, 203]
    assert journal.last_seq == 203
    journal.close()

    again = open_journal(path, own_process=own_process)
    assert again.last_seq == 203
    assert list(again.replay()) == [(number, event(number)) for number in range(1, 204)]
    assert list(again.replay(after=201)) == [(202, event(202)), (203, event(203))]
    assert again.verify() is None
    again.close()


@BOTH
def test_a_journal_closed_in_order_is_a_single_file(tmp_path: Path, own_process: bool) -> None:
    journal = open_journal(tmp_path / "journal.db", own_process=own_process)
    asyncio.run(journal.append(events(1, 5)))
    assert len(list(tmp_path.iterdir())) == 5
    journal.close()
    assert [path.name for path in tmp_path.iterdir()] == ["journal.db"]
    assert (tmp_path / "journal.db").stat().st_mode & 0o777 == 0o600


def test_rows_are_plain_sql_with_the_time_of_the_clock(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal = open_journal(path)
    started = EngineStarted(ts=T0 - 5, account="paper", venue="bybit", environment="paper")
    asyncio.run(journal.append([started, event(1)]))
    journal.close()
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(
            "SELECT seq, ts, kind, json_extract(event, '$.client_order_id') FROM events"
        ).fetchall()
    assert rows == [(1, T0, "started", None), (2, T0, "order", "order-1")]


def test_the_same_events_give_the_same_rows(tmp_path: Path) -> None:
    for name in ("one.db", "two.db"):
        write_journal(tmp_path / name, 40)
    rows = []
    for name in ("one.db", "two.db"):
        with closing(sqlite3.connect(tmp_path / name)) as connection:
            rows.append(connection.execute("SELECT * FROM events").fetchall())
    assert rows[0] == rows[1]


@BOTH
def test_a_second_engine_is_refused_with_the_pid_of_the_first(
    tmp_path: Path, own_process: bool
) -> None:
    path = tmp_path / "journal.db"
    first = open_journal(path, own_process=own_process)
    with pytest.raises(JournalLocked, match=f"in use by process {os.getpid()};") as refused:
        open_journal(path)
    assert refused.value.pid == os.getpid()
    first.close()
    open_journal(path).close()


def test_the_journal_of_another_account_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    write_journal(path, 1)
    with pytest.raises(JournalMismatch) as refused:
        open_journal(path, account="desk", environment="mainnet")
    assert str(refused.value) == (
        f"{path}: belongs to account 'paper', not 'desk' and environment 'paper', not 'mainnet'"
    )
    open_journal(path).close()


def test_the_journal_of_a_newer_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    write_journal(path, 1)
    with tampering(path) as connection:
        connection.execute("UPDATE meta SET value = '2' WHERE key = 'schema'")
    with pytest.raises(JournalMismatch, match=r"newer program \(schema 2, this one knows 1\)"):
        open_journal(path)


def test_a_directory_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match=r"absent/journal.db.lock: cannot be written: No such"):
        open_journal(tmp_path / "absent" / "journal.db")


def test_a_file_that_is_no_journal_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    path.write_bytes(b"this is a shopping list\n" * 100)
    with pytest.raises(JournalCorrupt, match=r"journal.db: cannot be read as a journal"):
        open_journal(path)
    assert path.read_bytes() == b"this is a shopping list\n" * 100


def test_a_database_of_something_else_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE shopping (item TEXT)")
    before = path.read_bytes()
    with pytest.raises(JournalCorrupt, match="not a journal of this program"):
        open_journal(path)
    assert path.read_bytes() == before


@BOTH
def test_a_failed_commit_fails_the_journal_for_good(tmp_path: Path, own_process: bool) -> None:
    path = tmp_path / "journal.db"
    journal = open_journal(path, own_process=own_process)

    async def write() -> None:
        await journal.append(events(1, 3))
        with tampering(path) as connection:
            connection.execute(
                "CREATE TRIGGER full BEFORE INSERT ON events"
                " BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
            )
            with pytest.raises(JournalError, match="not written: database or disk is full"):
                await journal.append(events(4, 4))
            connection.execute("DROP TRIGGER full")
        with pytest.raises(JournalError, match="not written: database or disk is full"):
            await journal.append(events(4, 4))

    asyncio.run(write())
    assert journal.failed == "database or disk is full"
    assert journal.last_seq == 3
    assert journal.lag_s == 0.0
    journal.close()
    again = open_journal(path)
    assert list(again.replay()) == [(number, event(number)) for number in (1, 2, 3)]
    again.close()


def test_a_batch_larger_than_one_statement_is_written_as_a_whole_or_not_at_all(
    tmp_path: Path,
) -> None:
    path = tmp_path / "journal.db"
    journal = open_journal(path)
    with tampering(path) as connection:
        connection.execute(
            "CREATE TRIGGER full BEFORE INSERT ON events WHEN NEW.seq = 100"
            " BEGIN SELECT RAISE(ABORT, 'full'); END"
        )
    with pytest.raises(JournalError, match="full"):
        asyncio.run(journal.append(events(1, 150)))
    journal.close()
    with closing(open_for_reading(path)) as reader:
        assert reader.last_seq == 0


def test_a_locked_database_fails_the_commit(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal = open_journal(path, deadline_s=0.01)
    with tampering(path) as connection:
        connection.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalError, match="not written: database is locked"):
            asyncio.run(journal.append(events(1, 1)))
    assert journal.failed == "database is locked"
    journal.close()


def the_writer_of(journal: Journal) -> subprocess.Popen[bytes]:
    writer = journal._writer
    assert isinstance(writer, WriterProcess)
    return writer._process


def test_a_late_commit_fails_the_journal_and_leaves_it_to_the_disk(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "journal.db", own_process=True, deadline_s=0.01)
    process = the_writer_of(journal)
    process.send_signal(signal.SIGSTOP)  # as on a disk that does not answer

    async def write() -> None:
        for _ in range(2):
            with pytest.raises(JournalError, match=r"the disk did not answer within 0\.01 s"):
                await journal.append(events(1, 1))

    asyncio.run(write())
    assert journal.lag_s == 0.0
    journal.close()
    with pytest.raises(JournalLocked):
        open_journal(journal.path)
    process.send_signal(signal.SIGCONT)
    process.wait()
    journal.close()
    again = open_journal(journal.path)
    assert again.last_seq in {0, 1}
    again.close()


def test_the_lag_is_the_age_of_what_is_not_durable_yet(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "journal.db", own_process=True)
    process = the_writer_of(journal)

    async def write() -> None:
        assert journal.lag_s == 0.0
        process.send_signal(signal.SIGSTOP)
        waiting = asyncio.create_task(journal.append(events(1, 1)))
        await asyncio.sleep(0)
        assert journal.lag_s > 0.0
        process.send_signal(signal.SIGCONT)
        assert await waiting == 1
        assert journal.lag_s == 0.0

    asyncio.run(write())
    journal.close()


def test_appends_take_effect_in_the_order_of_their_calls(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "journal.db", own_process=True)

    async def write() -> list[int]:
        return await asyncio.gather(*(journal.append([event(number)]) for number in range(1, 30)))

    assert asyncio.run(write()) == list(range(1, 30))
    assert list(journal.replay()) == [(number, event(number)) for number in range(1, 30)]
    journal.close()


def test_a_snapshot_of_the_future_is_refused(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "journal.db")
    with pytest.raises(JournalError, match="there is no event 7 to take a snapshot after"):
        journal.save_snapshot(Snapshot(7, b"state"))
    assert not journal.failed
    journal.close()


def test_a_journal_that_lost_acknowledged_events_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal = open_journal(path)
    asyncio.run(journal.append(events(1, 5)))
    lost = tmp_path / "crashed.db"
    for suffix in ("", ".acked"):  # as after a crash, but without the -wal file
        lost.with_name(lost.name + suffix).write_bytes(
            path.with_name(path.name + suffix).read_bytes()
        )
    journal.close()
    with pytest.raises(JournalCorrupt) as refused:
        open_journal(lost)
    assert (refused.value.path, refused.value.seq) == (lost, 1)
    assert "up to event 5, which was written" in str(refused.value)
    assert "delete crashed.db.acked" in str(refused.value)
    lost.with_name("crashed.db.acked").unlink()
    open_journal(lost).close()


def test_an_event_that_cannot_be_written_down_is_an_error_of_the_caller(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "journal.db")
    wrong: list[Event] = [EngineStarted(ts=1, account="\ud800", venue="v", environment="e")]
    with pytest.raises(UnicodeEncodeError):
        asyncio.run(journal.append(wrong))
    assert asyncio.run(journal.append(events(1, 1))) == 1
    journal.close()
