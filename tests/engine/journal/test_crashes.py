"""What is left of a journal after kill -9, a full disk, and a damaged -wal file."""

from __future__ import annotations

import asyncio
import random
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from engine.core.events import Event
from engine.journal.errors import JournalCorrupt
from tests.support.journals import event, events, open_journal

ROOT = Path(__file__).parents[3]

APPENDING = """
import asyncio, sys
from pathlib import Path
from tests.support.journals import events, open_journal

async def main():
    journal = open_journal(Path(sys.argv[1]), own_process=True)
    while True:
        first = journal.last_seq + 1
        acked = await journal.append(events(first, first + first % 7))
        sys.stdout.write(f"{acked}\\n")
        sys.stdout.flush()

asyncio.run(main())
"""

FILLING_THE_DISK = """
import asyncio, resource, sys
from pathlib import Path
from engine.journal.errors import JournalError
from tests.support.journals import events, open_journal

async def main():
    journal = open_journal(Path(sys.argv[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
    try:
        while True:
            await journal.append(events(journal.last_seq + 1, journal.last_seq + 3))
    except JournalError:
        print(journal.last_seq)

asyncio.run(main())
"""


OPENING_ON_A_FULL_DISK = """
import resource, sys
from pathlib import Path
from engine.journal.errors import JournalError
from tests.support.journals import open_journal

resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
try:
    open_journal(Path(sys.argv[1]), own_process=True)
except JournalError as error:
    print(error)
"""


def start(program: str, *arguments: Path | int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


def replayed(path: Path) -> list[tuple[int, Event]]:
    journal = open_journal(path)
    try:
        assert journal.verify() is None
        return list(journal.replay())
    finally:
        journal.close()


def numbered(count: int) -> list[tuple[int, Event]]:
    return [(number, event(number)) for number in range(1, count + 1)]


def test_kill_9_at_any_moment_loses_no_acknowledged_event(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    dice = random.Random(4)
    for _ in range(5):
        with start(APPENDING, path) as process:
            assert process.stdout is not None
            acked = 0
            for _ in range(dice.randrange(1, 200)):
                acked = int(process.stdout.readline())
            process.kill()
            unread = process.stdout.read().split("\n")
        assert process.returncode == -signal.SIGKILL
        acked = max([acked, *(int(line) for line in unread[:-1])])
        found = replayed(path)
        assert len(found) >= acked
        assert found == numbered(len(found))


def test_a_disk_that_fills_up_loses_no_acknowledged_event(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with start(FILLING_THE_DISK, path) as process:
        assert process.stdout is not None
        acked = int(process.stdout.read())
    assert process.returncode == 0
    assert acked > 3
    assert replayed(path) == numbered(acked)


@pytest.mark.parametrize(
    ("room", "complaint"),
    [
        (0, r"journal\.db\.lock: cannot be written: File too large"),
        (15, r"journal\.db: cannot be written: disk I/O error"),
        (500_000, r"journal\.db: no room for its -wal file: disk I/O error"),
    ],
)
def test_a_disk_without_room_is_an_error_at_the_start(
    tmp_path: Path, room: int, complaint: str
) -> None:
    with start(OPENING_ON_A_FULL_DISK, tmp_path / "journal.db", room) as process:
        assert process.stdout is not None
        assert re.search(complaint, process.stdout.read())
    assert process.returncode == 0


@pytest.fixture
def crashed(tmp_path: Path) -> Path:
    """A journal of 6 events as a crash leaves it: most of it in the -wal file."""
    live = tmp_path / "live" / "journal.db"
    live.parent.mkdir()
    journal = open_journal(live)

    async def fill() -> None:
        for number in range(1, 7):
            await journal.append([event(number)])

    asyncio.run(fill())
    path = tmp_path / "journal.db"
    for suffix in ("", "-wal", ".acked"):
        path.with_name(path.name + suffix).write_bytes(
            live.with_name(live.name + suffix).read_bytes()
        )
    journal.close()
    return path


def test_a_crash_between_commits_leaves_everything(crashed: Path) -> None:
    assert replayed(crashed) == numbered(6)


def test_a_wal_file_cut_anywhere_is_noticed(crashed: Path, tmp_path: Path) -> None:
    wal = crashed.with_name("journal.db-wal").read_bytes()
    refused = 0
    for size in range(0, len(wal), 1_000):
        path = tmp_path / str(size) / "journal.db"
        path.parent.mkdir()
        path.write_bytes(crashed.read_bytes())
        path.with_name("journal.db.acked").write_bytes(
            crashed.with_name("journal.db.acked").read_bytes()
        )
        path.with_name("journal.db-wal").write_bytes(wal[:size])
        try:
            assert replayed(path) == numbered(6)
        except JournalCorrupt:
            refused += 1
    assert refused == len(range(0, len(wal), 1_000))


def test_a_wal_file_with_a_flipped_bit_is_noticed(crashed: Path, tmp_path: Path) -> None:
    wal = crashed.with_name("journal.db-wal").read_bytes()
    last_frame = len(wal) - 4_096 - 24
    outcomes = []
    for position in (40, 5_000, last_frame + 10, last_frame + 4_000):
        damaged = bytearray(wal)
        damaged[position] ^= 1
        path = tmp_path / str(position) / "journal.db"
        path.parent.mkdir()
        path.write_bytes(crashed.read_bytes())
        path.with_name("journal.db.acked").write_bytes(
            crashed.with_name("journal.db.acked").read_bytes()
        )
        path.with_name("journal.db-wal").write_bytes(damaged)
        with pytest.raises(JournalCorrupt) as refused:
            replayed(path)
        outcomes.append(refused.value.seq)
        assert path.with_name("journal.db-wal").read_bytes() == damaged, "kept for a rescue"
    assert outcomes == [1, 1, 6, 6]


def test_the_next_engine_goes_on_where_a_crashed_one_was(crashed: Path) -> None:
    journal = open_journal(crashed, own_process=True)
    assert asyncio.run(journal.append(events(7, 8))) == 8
    journal.close()
    assert replayed(crashed) == numbered(8)
