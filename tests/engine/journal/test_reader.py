from __future__ import annotations

import asyncio
import errno
import os
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from engine.journal import snapshots
from engine.journal.chain import Identity, genesis, link
from engine.journal.errors import JournalCorrupt, JournalError
from engine.journal.reader import Flaw, open_for_reading
from engine.journal.snapshots import Snapshot
from tests.support.journals import event, events, open_journal, tampering, write_journal

COUNT = 30


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A journal of 30 events that was closed in order."""
    path = tmp_path / "journal.db"
    write_journal(path, COUNT)
    return path


def flaw_after(path: Path, *statements: str) -> Flaw | None:
    with tampering(path) as connection:
        for statement in statements:
            connection.execute(statement)
    with closing(open_for_reading(path)) as reader:
        return reader.verify()


ALTERED = "altered, or moved from another place"


def test_a_whole_journal_verifies(path: Path) -> None:
    assert flaw_after(path) is None


@pytest.mark.parametrize(
    "change",
    [
        "event = replace(event, '0.010', '0.100')",
        "event = ''",
        "event = CAST(X'FF' AS TEXT)",
        "ts = ts + 1",
        "ts = 'yesterday'",
        "kind = 'trading'",
        "hash = zeroblob(32)",
        "hash = 'none'",
    ],
)
def test_an_altered_row_is_named(path: Path, change: str) -> None:
    flaw = flaw_after(path, f"UPDATE events SET {change} WHERE seq = 17")
    assert flaw == Flaw(17, ALTERED)


def test_a_missing_row_is_named(path: Path) -> None:
    assert flaw_after(path, "DELETE FROM events WHERE seq = 17") == Flaw(17, "missing")


def test_a_missing_first_row_is_named(path: Path) -> None:
    assert flaw_after(path, "DELETE FROM events WHERE seq = 1") == Flaw(1, "missing")


def test_rows_cut_off_the_end_are_missed(path: Path) -> None:
    flaw = flaw_after(path, "DELETE FROM events WHERE seq > 28")
    assert flaw is not None
    assert flaw.seq == 29
    assert flaw.what.startswith("missing, as is all up to event 30, which was written")


def test_rows_that_changed_places_are_named(path: Path) -> None:
    flaw = flaw_after(
        path,
        "UPDATE events SET seq = -1 WHERE seq = 10",
        "UPDATE events SET seq = 10 WHERE seq = 11",
        "UPDATE events SET seq = 11 WHERE seq = -1",
    )
    assert flaw == Flaw(10, ALTERED)


def test_a_removed_row_with_the_rest_moved_up_is_named(path: Path) -> None:
    flaw = flaw_after(
        path,
        "DELETE FROM events WHERE seq = 10",
        "UPDATE events SET seq = -seq WHERE seq > 10",
        "UPDATE events SET seq = -seq - 1 WHERE seq < 0",
    )
    assert flaw == Flaw(10, ALTERED)


def test_a_journal_that_was_given_to_another_account_does_not_verify(path: Path) -> None:
    flaw = flaw_after(path, "UPDATE meta SET value = 'desk' WHERE key = 'account'")
    assert flaw == Flaw(1, ALTERED)


def test_an_event_of_a_kind_this_program_does_not_know_is_illegible(path: Path) -> None:
    row_hash = genesis(Identity("paper", "paper", "bybit"))
    with tampering(path) as connection:
        rows = connection.execute("SELECT seq, ts, kind, event FROM events ORDER BY seq")
        for seq, ts, kind, text in rows.fetchall():
            written = '{"event":"dividend"}' if seq == 17 else text
            row_hash = link(row_hash, seq, ts, kind.encode(), written.encode())
            connection.execute(
                "UPDATE events SET event = ?, hash = ? WHERE seq = ?", (written, row_hash, seq)
            )
    with closing(open_for_reading(path)) as reader:
        flaw = reader.verify()
    assert flaw is not None
    assert flaw.seq == 17
    assert flaw.what.startswith("illegible: Invalid value 'dividend'")


def test_replay_stops_at_the_first_flaw_and_says_where(path: Path) -> None:
    with tampering(path) as connection:
        connection.execute("UPDATE events SET ts = 0 WHERE seq = 3")
    with (
        closing(open_for_reading(path)) as reader,
        pytest.raises(JournalCorrupt) as refused,
    ):
        list(reader.replay())
    assert str(refused.value) == f"{path}: event 3: {ALTERED}"
    assert (refused.value.path, refused.value.seq, refused.value.what) == (path, 3, ALTERED)


def test_replay_after_a_row_that_is_not_there_is_refused(path: Path) -> None:
    with (
        closing(open_for_reading(path)) as reader,
        pytest.raises(JournalCorrupt, match="event 31: missing"),
    ):
        next(reader.replay(after=31))


def test_whatever_byte_is_flipped_no_other_event_is_replayed(path: Path, tmp_path: Path) -> None:
    whole = path.read_bytes()
    written = [(number, event(number)) for number in range(1, COUNT + 1)]
    flipped = tmp_path / "flipped.db"
    outcomes: set[str] = set()
    for position in range(0, len(whole), 61):
        damaged = bytearray(whole)
        damaged[position] ^= 0x10
        flipped.write_bytes(damaged)
        try:
            with closing(open_for_reading(flipped)) as reader:
                replayed = list(reader.replay())
        except JournalError:
            outcomes.add("refused")
        else:
            assert replayed == written, position
            outcomes.add("unharmed")
    assert outcomes == {"refused", "unharmed"}


def test_a_journal_cut_short_is_refused(path: Path, tmp_path: Path) -> None:
    whole = path.read_bytes()
    cut = tmp_path / "cut.db"
    for size in range(1, len(whole), 1024):
        cut.write_bytes(whole[:size])
        with pytest.raises(JournalError), closing(open_for_reading(cut)) as reader:
            list(reader.replay())


def test_reading_what_is_not_there_creates_nothing(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match=r"absent\.db: there is no such journal"):
        open_for_reading(tmp_path / "absent.db")
    assert not list(tmp_path.iterdir())


def test_a_path_with_odd_characters_is_read(tmp_path: Path) -> None:
    path = tmp_path / "50% of?what#now.db"
    written = write_journal(path, 2)
    with closing(open_for_reading(path)) as reader:
        assert list(reader.replay()) == written
        assert reader.identity == Identity("paper", "paper", "bybit")


def test_it_may_be_read_while_an_engine_writes(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal = open_journal(path, own_process=True)

    async def write() -> None:
        await journal.append(events(1, 2))
        with closing(open_for_reading(path)) as reader:
            replay = reader.replay()
            assert next(replay) == (1, event(1))
            await journal.append(events(3, 5))
            assert reader.last_seq == 5
            assert [seq for seq, _ in replay] == [2, 3, 4, 5]
            assert reader.verify() is None

    asyncio.run(write())
    journal.close()


def snapshots_at(path: Path, *seqs: int) -> None:
    with closing(open_for_reading(path)) as reader:
        for seq in seqs:
            reader.save_snapshot(Snapshot(seq, b"state after %d" % seq))


def test_the_newest_two_snapshots_are_kept(path: Path) -> None:
    with closing(open_for_reading(path)) as reader:
        assert reader.latest_snapshot() is None
    snapshots_at(path, 0, 10, 20)
    with closing(open_for_reading(path)) as reader:
        assert reader.latest_snapshot() == Snapshot(20, b"state after 20")
        assert reader.verify() is None
    assert snapshots.seqs(path) == [20, 10]


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-3])


def change(file: Path) -> None:
    file.write_bytes(file.read_bytes().replace(b"after", b"AFTER"))


def empty(file: Path) -> None:
    file.write_bytes(b"")


def lose(file: Path) -> None:
    file.unlink()
    file.mkdir()


def claim_another_event(file: Path) -> None:
    file.rename(file.with_name("journal.db.state-000000000021"))


def claim_the_future(file: Path) -> None:
    file.rename(file.with_name(f"journal.db.state-{COUNT + 1:012}"))


@pytest.mark.parametrize(
    "damage", [cut, change, empty, lose, claim_another_event, claim_the_future]
)
def test_f68_a_damaged_snapshot_gives_way_to_the_one_before(
    path: Path, damage: Callable[[Path], None]
) -> None:
    snapshots_at(path, 10, 20)
    damage(path.with_name("journal.db.state-000000000020"))
    with closing(open_for_reading(path)) as reader:
        assert reader.latest_snapshot() == Snapshot(10, b"state after 10")
        assert reader.verify() is not None


def test_a_snapshot_of_an_event_that_was_altered_gives_way_to_the_one_before(path: Path) -> None:
    snapshots_at(path, 10, 20)
    with tampering(path) as connection:
        connection.execute("UPDATE events SET hash = zeroblob(32) WHERE seq = 20")
    with closing(open_for_reading(path)) as reader:
        assert reader.latest_snapshot() == Snapshot(10, b"state after 10")


def test_a_journal_whose_snapshots_are_all_damaged_has_none(path: Path) -> None:
    snapshots_at(path, 10, 20)
    for seq in (10, 20):
        change(path.with_name(f"journal.db.state-{seq:012}"))
    with closing(open_for_reading(path)) as reader:
        assert reader.verify() == Flaw(20, "its snapshot is altered")
        assert reader.latest_snapshot() is None


def test_a_snapshot_that_cannot_be_written_is_an_error_and_leaves_the_old_one(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshots_at(path, 10)

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with closing(open_for_reading(path)) as reader:
        with pytest.raises(JournalError, match="no snapshot: No space left on device"):
            reader.save_snapshot(Snapshot(20, b"state"))
        assert reader.latest_snapshot() == Snapshot(10, b"state after 10")


def test_a_copy_of_a_journal_is_a_journal(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    shutil.copy(path, copy)
    with closing(open_for_reading(copy)) as reader:
        assert reader.verify() is None
        assert reader.last_seq == COUNT
