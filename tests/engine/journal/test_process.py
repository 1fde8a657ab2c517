from __future__ import annotations

import asyncio
import select
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from engine.journal import process
from engine.journal.chain import Identity
from engine.journal.errors import JournalError
from engine.journal.ownership import Ownership
from engine.journal.process import WriterProcess
from engine.journal.reader import JournalReader
from tests.support.journals import T0

IDENTITY = Identity("paper", "paper", "bybit")
ROW = (T0, "order", b"{}")
LARGE = (T0, "order", b'"%b"' % (b"x" * 3_000_000))  # more than a socket takes at once


class Opened:
    """A writer on a journal of its own."""

    def __init__(self, path: Path, deadline_s: float = 5.0) -> None:
        self.path = path
        self.ownership = Ownership(path)
        self.writer = WriterProcess(
            path, IDENTITY, lock=self.ownership.descriptor, deadline_s=deadline_s
        )

    def send(self, number: signal.Signals) -> None:
        self.writer._process.send_signal(number)

    def close(self) -> None:
        assert self.writer.close()
        self.ownership.release()

    def count(self) -> int:
        reader = JournalReader(self.path)
        try:
            return reader.last_seq
        finally:
            reader.close()


@pytest.fixture
def opened(tmp_path: Path) -> Opened:
    return Opened(tmp_path / "journal.db")


def test_each_batch_is_answered_with_its_last_number(opened: Opened) -> None:
    async def write() -> list[int]:
        return await asyncio.gather(*(opened.writer.write([ROW] * size) for size in (1, 200, 3)))

    assert opened.writer.last_seq == 0
    assert asyncio.run(write()) == [1, 201, 204]
    assert asyncio.run(opened.writer.write([ROW])) == 205  # from another loop
    opened.close()
    assert opened.count() == 205


def test_the_signals_of_a_terminal_are_for_the_engine(opened: Opened) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        opened.send(number)
    assert asyncio.run(opened.writer.write([ROW])) == 1
    opened.close()


def test_what_a_socket_does_not_take_at_once_follows_in_order(opened: Opened) -> None:
    async def write() -> list[int]:
        opened.send(signal.SIGSTOP)
        large = asyncio.create_task(opened.writer.write([LARGE]))
        await asyncio.sleep(0)
        small = asyncio.create_task(opened.writer.write([ROW]))
        await asyncio.sleep(0)
        opened.send(signal.SIGCONT)
        return [await large, await small]

    assert asyncio.run(write()) == [1, 2]
    opened.close()


def test_what_was_not_sent_yet_is_sent_before_the_end(opened: Opened) -> None:
    async def write() -> None:
        opened.send(signal.SIGSTOP)
        waiting = asyncio.create_task(opened.writer.write([LARGE]))
        await asyncio.sleep(0)
        waiting.cancel()
        opened.send(signal.SIGCONT)
        opened.close()

    asyncio.run(write())
    assert opened.count() == 1


class Halting:
    """A connection that takes a little, and then nothing any more."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._room = 1_000

    def send(self, data: bytes) -> int:
        if not self._room:
            raise TimeoutError
        sent = self._connection.send(data[: self._room])
        self._room = 0
        return sent

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


def test_an_end_that_is_asked_for_again_goes_on_where_it_stopped(opened: Opened) -> None:
    async def write() -> None:
        opened.send(signal.SIGSTOP)
        waiting = asyncio.create_task(opened.writer.write([LARGE]))
        await asyncio.sleep(0)
        waiting.cancel()
        opened.send(signal.SIGCONT)
        connection = opened.writer._connection
        opened.writer._connection = Halting(connection)  # type: ignore[assignment]
        assert not opened.writer.close()
        opened.writer._connection = connection
        opened.close()

    asyncio.run(write())
    assert opened.count() == 1


def test_a_caller_that_is_gone_does_not_disturb_the_next(opened: Opened) -> None:
    async def write() -> int:
        gone = asyncio.create_task(opened.writer.write([ROW]))
        await asyncio.sleep(0)
        gone.cancel()
        return await opened.writer.write([ROW])

    assert asyncio.run(write()) == 2
    opened.close()


def test_a_program_that_is_killed_fails_what_waits_and_what_comes(opened: Opened) -> None:
    reason = r"journal\.db: not written: its writer has ended \(killed by signal 9\)"

    async def write() -> None:
        opened.send(signal.SIGSTOP)
        waiting = [asyncio.create_task(opened.writer.write([ROW])) for _ in range(2)]
        await asyncio.sleep(0)
        opened.send(signal.SIGKILL)
        for refused in waiting:
            with pytest.raises(JournalError, match=reason):
                await refused
        with pytest.raises(JournalError, match=reason):
            await opened.writer.write([ROW])

    asyncio.run(write())
    assert opened.writer.failed == "its writer has ended (killed by signal 9)"
    opened.close()
    assert opened.count() == 0


def test_a_program_that_is_killed_while_nothing_is_written_is_told_at_once(opened: Opened) -> None:
    async def main() -> str:
        failed: asyncio.Future[JournalError] = asyncio.get_running_loop().create_future()
        opened.writer.watch(failed.set_result)
        await opened.writer.write([ROW])
        opened.send(signal.SIGKILL)
        return str(await failed)

    reason = "its writer has ended (killed by signal 9)"
    assert asyncio.run(main()) == f"{opened.path}: not written: {reason}"
    opened.writer.seal("told once")
    assert opened.writer.failed == reason
    opened.close()


def test_a_program_that_was_killed_unnoticed_fails_the_next_write(opened: Opened) -> None:
    opened.send(signal.SIGKILL)
    opened.writer._process.wait()
    with pytest.raises(JournalError, match="its writer has ended"):
        asyncio.run(opened.writer.write([ROW]))
    opened.close()


def test_a_disk_that_answers_late_fails_the_journal(tmp_path: Path) -> None:
    opened = Opened(tmp_path / "journal.db", deadline_s=0.01)
    opened.send(signal.SIGSTOP)
    with pytest.raises(JournalError, match=r"the disk did not answer within 0\.01 s"):
        asyncio.run(opened.writer.write([ROW]))
    assert not opened.writer.close()
    assert opened.writer.failed == "the disk did not answer within 0.01 s"
    opened.send(signal.SIGCONT)
    opened.writer._process.wait()
    opened.close()


def test_an_answer_that_has_arrived_is_heard_before_the_deadline_is_judged(opened: Opened) -> None:
    async def main() -> int:
        loop = asyncio.get_running_loop()
        writing = asyncio.create_task(opened.writer.write([ROW]))
        await asyncio.sleep(0)
        (answered,) = opened.writer._waiting
        assert select.select([opened.writer._connection], [], [], 30) != ([], [], [])
        opened.writer._late(answered, loop.time())
        opened.writer._late(answered, loop.time())
        return await writing

    assert asyncio.run(main()) == 1
    assert not opened.writer.failed
    opened.close()


def test_a_deadline_that_passed_while_all_stood_still_is_given_anew(opened: Opened) -> None:
    async def main() -> int:
        loop = asyncio.get_running_loop()
        opened.send(signal.SIGSTOP)
        writing = asyncio.create_task(opened.writer.write([ROW]))
        await asyncio.sleep(0)
        (answered,) = opened.writer._waiting
        opened.writer._late(answered, loop.time() - 60)
        assert not opened.writer.failed
        opened.send(signal.SIGCONT)
        return await writing

    assert asyncio.run(main()) == 1
    opened.close()


def running(monkeypatch: pytest.MonkeyPatch, *command: str) -> None:
    monkeypatch.setattr(process, "own_program", lambda _module: (list(command), {}))


def test_a_program_that_cannot_be_started_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running(monkeypatch, str(tmp_path / "absent"))
    with pytest.raises(JournalError, match=r"journal\.db: no process to write it: .*No such file"):
        Opened(tmp_path / "journal.db")


def test_a_program_that_ends_at_once_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running(monkeypatch, sys.executable, "-c", "import sys; sys.exit(3)")
    with pytest.raises(
        JournalError, match=r"journal\.db: not opened: its writer has ended \(exit code 3\)"
    ):
        Opened(tmp_path / "journal.db")


def test_a_program_that_does_not_come_up_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running(monkeypatch, sys.executable, "-c", "import time; time.sleep(60)")
    monkeypatch.setattr(process, "START_S", 0.01)
    started_s = time.monotonic()
    with pytest.raises(JournalError, match=r"journal\.db: not opened within 0\.01 s"):
        Opened(tmp_path / "journal.db")
    assert time.monotonic() - started_s < 30
