from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engine.journal import ownership
from engine.journal.errors import JournalError, JournalLocked
from engine.journal.ownership import Ownership

ROOT = Path(__file__).parents[3]

OWNING = """
import sys
import time
from pathlib import Path
from engine.journal.ownership import Ownership

owner = Ownership(Path(sys.argv[1]))
print("mine", flush=True)
sys.stdin.read()
"""


def test_another_process_is_named_and_its_death_frees_the_journal(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with subprocess.Popen(
        [sys.executable, "-c", OWNING, str(path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"mine\n"
        with pytest.raises(JournalLocked) as refused:
            Ownership(path)
        process.kill()
    assert refused.value.pid == process.pid
    assert str(refused.value) == (
        f"{path}: in use by process {process.pid}; "
        "end the engine it belongs to, or use another state directory"
    )
    Ownership(path).release()


def test_a_released_journal_leaves_no_lock_file(tmp_path: Path) -> None:
    owner = Ownership(tmp_path / "journal.db")
    assert (tmp_path / "journal.db.lock").read_text() == f"{os.getpid()}\n"
    owner.release()
    assert not list(tmp_path.iterdir())


def test_a_holder_that_wrote_no_pid_is_another_process(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    owner = Ownership(path)
    (tmp_path / "journal.db.lock").write_text("")
    with pytest.raises(JournalLocked, match="in use by another process") as refused:
        Ownership(path)
    assert refused.value.pid is None
    owner.release()


def test_a_lock_file_that_was_removed_by_its_holder_is_not_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "journal.db"
    lock = tmp_path / "journal.db.lock"
    opened = os.open

    def open_then_lose(name: Path, flags: int, mode: int) -> int:
        monkeypatch.setattr(os, "open", opened)
        descriptor = opened(name, flags, mode)
        lock.unlink()
        return descriptor

    monkeypatch.setattr(os, "open", open_then_lose)
    owner = Ownership(path)
    assert lock.read_text() == f"{os.getpid()}\n"
    with pytest.raises(JournalLocked):
        Ownership(path)
    owner.release()


def test_a_lock_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    (tmp_path / "journal.db.lock").mkdir()
    with pytest.raises(JournalError, match=r"journal\.db\.lock: cannot be written: Is a directory"):
        Ownership(tmp_path / "journal.db")


def dead_pid() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    return process.pid


def test_the_writer_of_a_killed_engine_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "journal.db"
    first = Ownership(path)
    (tmp_path / "journal.db.lock").write_text(f"{dead_pid()}\n")
    monkeypatch.setattr(time, "sleep", lambda _s: os.close(first.descriptor))
    second = Ownership(path)
    assert (tmp_path / "journal.db.lock").read_text() == f"{os.getpid()}\n"
    second.release()


def test_a_writer_that_does_not_end_is_not_waited_for_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "journal.db"
    first = Ownership(path)
    pid = dead_pid()
    (tmp_path / "journal.db.lock").write_text(f"{pid}\n")
    monkeypatch.setattr(ownership, "PATIENCE_S", 0.0)
    with pytest.raises(JournalLocked, match=f"in use by process {pid};"):
        Ownership(path)
    first.release()


def test_somebody_elses_engine_is_running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = Ownership(tmp_path / "journal.db")

    def refuse(_pid: int, _signal: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", refuse)
    with pytest.raises(JournalLocked):
        Ownership(tmp_path / "journal.db")
    first.release()
