from __future__ import annotations

from pathlib import Path

import pytest

from engine.journal.chain import Identity
from engine.journal.committer import Committer
from engine.journal.errors import JournalError
from engine.journal.reader import JournalReader
from engine.journal.watermark import note_path, read_watermark
from tests.support.journals import T0

IDENTITY = Identity("paper", "paper", "bybit")
ROW = (T0, "order", b"{}")


def opened(path: Path, *, checkpoints: bool = True) -> Committer:
    return Committer(path, IDENTITY, busy_timeout_s=1.0, checkpoints=checkpoints)


def test_a_commit_is_noted_beside_the_journal_until_that_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    committer = opened(path, checkpoints=False)
    assert committer.write([ROW] * 3) == 3
    assert read_watermark(path) == 3
    committer.close()
    assert not note_path(path).exists()


def test_a_failed_journal_is_closed_as_after_a_crash(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    committer = opened(path)
    committer.write([ROW])
    committer.store.seal("the disk is full")
    with pytest.raises(JournalError, match="not written: the disk is full"):
        committer.write([ROW])
    committer.close()
    assert read_watermark(path) == 1
    reader = JournalReader(path)
    assert reader.last_seq == 1
    reader.close()


def test_a_note_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    note_path(path).mkdir()
    with pytest.raises(JournalError, match=r"journal\.db: cannot be opened: Is a directory"):
        opened(path)


def test_a_commit_goes_into_room_that_is_there_already(tmp_path: Path) -> None:
    committer = opened(tmp_path / "journal.db")
    wal = tmp_path / "journal.db-wal"
    size = wal.stat().st_size
    assert size > 7_900_000
    assert (tmp_path / "journal.db").stat().st_size < 50_000
    committer.write([ROW])
    assert wal.stat().st_size == size
    committer.close()


def test_what_a_checkpoint_left_is_moved_between_two_commits(tmp_path: Path) -> None:
    committer = opened(tmp_path / "journal.db")
    committer.write([ROW])
    checkpoints = committer._checkpoints
    assert checkpoints is not None
    checkpoints.finish = True
    committer.tidy()
    assert not checkpoints.finish
    committer.tidy()
    committer.close()
    committer.tidy()


def test_without_checkpoints_of_its_own_there_is_nothing_to_tidy(tmp_path: Path) -> None:
    committer = opened(tmp_path / "journal.db", checkpoints=False)
    committer.tidy()
    committer.close()
