from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from engine.journal import program
from engine.journal.chain import Identity
from engine.journal.committer import Committer
from engine.journal.frames import Frames, frame
from engine.journal.reader import JournalReader
from engine.journal.watermark import note_path
from tests.support.journals import T0

IDENTITY = Identity("paper", "paper", "bybit")
ROW = (T0, "order", b"{}")


class Served:
    """The program's heart on one end of a socket, in a thread; a test is at the other."""

    def __init__(self, path: Path) -> None:
        self.committer = Committer(path, IDENTITY, busy_timeout_s=1.0, checkpoints=False)
        self.connection, self._theirs = socket.socketpair()
        self.connection.settimeout(10)
        self.ended: list[bool] = []
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def ask(self, value: object) -> object:
        self.connection.sendall(frame(value))
        (answer,) = Frames().feed(self.connection.recv(1_000))
        return answer

    def wait(self) -> list[bool]:
        self._thread.join()
        self.connection.close()
        self._theirs.close()
        return self.ended

    def _serve(self) -> None:
        self.ended.append(program.serve(self._theirs, self.committer))


@pytest.fixture
def served(tmp_path: Path) -> Served:
    return Served(tmp_path / "journal.db")


def test_batches_are_answered_until_the_end_is_asked_for(served: Served) -> None:
    assert [served.ask([ROW] * 3), served.ask([ROW])] == [(3, ""), (4, "")]
    served.connection.sendall(frame(None))
    assert served.wait() == [True]
    assert not note_path(served.committer.store.path).exists()


def test_a_batch_that_is_not_written_is_answered_with_the_reason(served: Served) -> None:
    served.committer.store.seal("the disk is full")
    assert served.ask([ROW]) == (0, "the disk is full")
    assert served.ask([ROW]) == (0, "the disk is full")
    served.connection.close()
    assert served.wait() == [False]


def test_an_engine_that_went_without_a_word_leaves_the_files_as_they_are(served: Served) -> None:
    assert served.ask([ROW]) == (1, "")
    served.connection.shutdown(socket.SHUT_WR)
    assert served.wait() == [False]
    assert note_path(served.committer.store.path).exists()
    served.committer.close()


def start(path: Path, *identity: str) -> tuple[subprocess.Popen[bytes], socket.socket]:
    ours, theirs = socket.socketpair()
    with theirs:
        arguments = [str(theirs.fileno()), str(path), "1.0", *identity]
        command = [sys.executable, "-m", "engine.journal.program", *arguments]
        process = subprocess.Popen(command, pass_fds=[theirs.fileno()])
    ours.settimeout(30)
    return process, ours


def test_the_program_ends_with_its_engine_as_in_a_crash(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    process, connection = start(path, *IDENTITY)
    with connection:
        assert Frames().feed(connection.recv(1_000)) == [(0, "")]
        process.send_signal(signal.SIGTERM)
        connection.sendall(frame([ROW]))
        assert Frames().feed(connection.recv(1_000)) == [(1, "")]
    assert process.wait(30) == 1
    assert path.with_name("journal.db-wal").exists()
    reader = JournalReader(path)
    assert (reader.last_seq, reader.identity) == (1, IDENTITY)
    reader.close()


def test_an_engine_that_does_not_wait_for_the_answer_ends_the_program(tmp_path: Path) -> None:
    process, connection = start(tmp_path / "journal.db", *IDENTITY)
    assert Frames().feed(connection.recv(1_000)) == [(0, "")]
    process.send_signal(signal.SIGSTOP)
    connection.sendall(frame([ROW]) * 100)
    connection.close()
    process.send_signal(signal.SIGCONT)
    assert process.wait(30) == 1


def in_here(path: Path, *identity: str) -> socket.socket:
    """What `main` does with its arguments, in this process, up to the end."""
    ours, theirs = socket.socketpair()
    ours.sendall(frame([ROW]) + frame(None))
    kept = {number: signal.getsignal(number) for number in program.IGNORED}
    try:
        program.main([str(theirs.detach()), str(path), "1.0", *identity])
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
    return ours


def test_the_program_says_where_the_journal_is_and_writes(tmp_path: Path) -> None:
    with in_here(tmp_path / "journal.db", *IDENTITY) as connection:
        assert Frames().feed(connection.recv(1_000)) == [(0, ""), (1, "")]
    assert [path.name for path in tmp_path.iterdir()] == ["journal.db"]


def test_a_journal_that_cannot_be_opened_is_answered_with_why(tmp_path: Path) -> None:
    with in_here(tmp_path / "absent" / "journal.db", *IDENTITY) as connection:
        (answer,) = Frames().feed(connection.recv(1_000))
    path = tmp_path / "absent" / "journal.db"
    assert answer == (0, f"{path}: cannot be opened: No such file or directory")
    assert not os.path.exists(path.parent)
