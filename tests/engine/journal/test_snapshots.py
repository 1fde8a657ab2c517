"""Damage and fallback are in test_reader.py: a snapshot is only as good as the events it names."""

from __future__ import annotations

from pathlib import Path

from engine.journal.snapshots import Snapshot, load, save, seqs


def test_a_snapshot_is_read_back_with_the_hash_it_was_written_with(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    snapshot = Snapshot(7, b"state")
    save(path, snapshot, b"h" * 32)
    assert load(path, 7, b"h" * 32) == snapshot
    assert load(path, 7, b"x" * 32) is None
    assert load(path, 8, b"h" * 32) is None


def test_snapshots_of_another_journal_and_other_files_are_not_seen(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    save(tmp_path / "other.db", Snapshot(7, b"state"), b"h" * 32)
    (tmp_path / "journal.db.state-7").write_bytes(b"")
    (tmp_path / "journal.db.state-0000000000012").write_bytes(b"")
    assert seqs(path) == []
    for seq in (3, 1, 2):
        save(path, Snapshot(seq, b"state"), b"h" * 32)
    assert seqs(path) == [3, 2]
