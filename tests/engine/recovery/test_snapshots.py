from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from engine.core.state import State, evolve
from engine.journal.journal import Journal
from engine.journal.snapshots import Snapshot, seqs
from engine.recovery.rebuild import recover
from engine.recovery.snapshots import Snapshots
from tests.support.journals import events, open_journal

NOTE = "import sys; open(sys.argv[1] + '.asked', 'a').write('x')"
FOREVER = "import time; time.sleep(3600)"


def snapshots(journal: Journal, program: str = NOTE, every: int = 10, at_end: int = 5) -> Snapshots:
    return Snapshots(journal, every=every, at_end=at_end, command=(sys.executable, "-c", program))


def write(journal: Journal, first: int, last: int) -> None:
    asyncio.run(journal.append(events(first, last)))


def asked(journal: Journal) -> int:
    note = journal.path.with_name("journal.db.asked")
    return len(note.read_text()) if note.exists() else 0


def wait(keeper: Snapshots) -> None:
    assert keeper._process is not None
    keeper._process.wait(60)


def test_the_program_is_called_every_so_many_events(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "journal.db")
    keeper = snapshots(journal)
    write(journal, 1, 9)
    keeper.committed()
    assert keeper._process is None
    write(journal, 10, 10)
    keeper.committed()
    wait(keeper)
    write(journal, 11, 19)
    keeper.committed()
    wait(keeper)
    assert asked(journal) == 1
    write(journal, 20, 25)
    keeper.committed()
    wait(keeper)
    assert asked(journal) == 2
    journal.close()


def test_the_real_program_writes_one_that_a_restart_begins_with(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "journal.db")
    keeper = Snapshots(journal, every=10)
    write(journal, 1, 12)
    keeper.committed()
    wait(keeper)
    assert seqs(journal.path) == [12]
    whole = State()
    for event in events(1, 12):
        evolve(whole, event)
    assert recover(journal).encode() == whole.encode()
    keeper.finish(State())
    journal.close()


def test_one_program_runs_at_a_time_and_the_end_does_not_wait_for_it(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "journal.db")
    keeper = snapshots(journal, FOREVER)
    write(journal, 1, 10)
    keeper.committed()
    first = keeper._process
    assert first is not None
    write(journal, 11, 30)
    keeper.committed()
    assert keeper._process is first
    keeper.finish(State())
    assert first.returncode == -9
    journal.close()


def test_a_program_that_cannot_be_started_harms_nothing(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "journal.db")
    keeper = Snapshots(journal, every=1, command=(str(tmp_path / "none"),))
    write(journal, 1, 2)
    keeper.committed()
    keeper.finish(State())
    journal.close()


def test_the_end_writes_the_state_when_enough_was_added_since_the_last_one(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "journal.db")
    journal.save_snapshot(Snapshot(0, b"state"))
    state = State()
    for last, kept in ((4, [0]), (5, [5, 0]), (9, [5, 0]), (10, [10, 5])):
        write(journal, state.seq + 1, last)
        for event in events(state.seq + 1, last):
            evolve(state, event)
        snapshots(journal).finish(state)
        assert seqs(journal.path) == kept
    assert journal.latest_snapshot() == Snapshot(10, state.encode())
    journal.close()


def test_a_state_that_is_ahead_of_the_journal_is_not_kept(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "journal.db")
    write(journal, 1, 10)
    state = State()
    for event in events(1, 11):
        evolve(state, event)
    snapshots(journal).finish(state)
    assert seqs(journal.path) == []
    journal.close()
