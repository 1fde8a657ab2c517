"""The engine's end of the process that writes its journal.

A process, and not a thread, because a commit makes a dozen short stops in Python, and a thread has
to win the interpreter from a busy event loop for each. And where a disk hangs, only that process
does.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from engine.journal.chain import Identity
from engine.journal.errors import JournalError
from engine.journal.frames import Frames, frame
from engine.journal.store import Row
from engine.runtime import own_program

START_S = 30.0
"""How long the program may take to open the journal, in seconds."""
STOOD_STILL_S = 1.0
"""A deadline that is noticed so much later was not the disk's alone, in seconds."""
_READ_BYTES = 65_536


class WriterProcess:
    """Writes the journal at `path` in a process that holds `lock`, too, as long as it lives.

    A commit that takes longer than `deadline_s` of real time (a disk knows no other) fails the
    journal, whether it is carried out or not. Raises JournalError when it cannot be opened.
    """

    def __init__(self, path: Path, identity: Identity, *, lock: int, deadline_s: float) -> None:
        self.failed = ""
        self._path = path
        self._deadline_s = deadline_s
        self._on_failure: Callable[[JournalError], None] | None = None
        self._waiting: deque[asyncio.Future[int]] = deque()
        self._unsent = b""
        self._frames = Frames()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._connection, theirs = socket.socketpair()
        with theirs:
            self._process = self._start(theirs.fileno(), identity, lock)
        try:
            self.last_seq = self._opened()
        except BaseException:
            self._connection.close()
            self._process.kill()
            self._process.wait()
            raise
        self._connection.setblocking(False)

    def _start(self, theirs: int, identity: Identity, lock: int) -> subprocess.Popen[bytes]:
        command, env = own_program("engine.journal.program")
        arguments = [str(theirs), str(self._path), str(self._deadline_s), *identity]
        try:
            return subprocess.Popen(
                [*command, *arguments],
                env=env,
                pass_fds=(theirs, lock),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # a terminal's signals are for the engine
            )
        except OSError as error:
            self._connection.close()
            raise JournalError(f"{self._path}: no process to write it: {error}") from error

    def _opened(self) -> int:
        self._connection.settimeout(START_S)
        try:
            answers = self._frames.feed(self._connection.recv(_READ_BYTES))
        except TimeoutError:
            raise JournalError(f"{self._path}: not opened within {START_S:g} s") from None
        if not answers:
            raise JournalError(f"{self._path}: not opened: {self._end()}")
        ((seq, reason),) = answers
        if reason:
            raise JournalError(reason)
        return int(seq)

    async def write(self, rows: Sequence[Row]) -> int:
        """Return the number of the last row once all are durable. Raises JournalError."""
        if self.failed:
            raise self._not_written()
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop = loop
            loop.add_reader(self._connection, self._hear)
        answered: asyncio.Future[int] = loop.create_future()
        self._waiting.append(answered)
        late = self._give_time(answered, loop)
        self._send(frame(rows))
        try:
            return await answered
        finally:
            late.cancel()

    def watch(self, on_failure: Callable[[JournalError], None]) -> None:
        """Have `on_failure` called, on the loop, once nothing can be written any more."""
        self._on_failure = on_failure

    def seal(self, reason: str) -> None:
        """Refuse what waits and every later write, for `reason`. The first reason stays."""
        on_failure, self._on_failure = self._on_failure, None
        self.failed = self.failed or reason
        while self._waiting:
            answered = self._waiting.popleft()
            if not answered.done():
                answered.set_exception(self._not_written())
        if on_failure is not None:
            on_failure(self._not_written())

    def close(self) -> bool:
        """Let the program finish and end; False when it does not in time, and may be asked again.

        Then everything is left to it: it holds the lock until its disk has answered.
        """
        if self._loop is not None and not self._loop.is_closed():
            self._loop.remove_reader(self._connection)
            self._loop.remove_writer(self._connection)
        self._loop = self._on_failure = None
        self._connection.settimeout(self._deadline_s)
        try:
            with contextlib.suppress(ConnectionError):  # it has ended already
                self._unsent += frame(None)
                while self._unsent:
                    self._unsent = self._unsent[self._connection.send(self._unsent) :]
                while self._connection.recv(_READ_BYTES):
                    pass  # answers to what nobody waits for any more
            self._process.wait(self._deadline_s)
        except (TimeoutError, subprocess.TimeoutExpired):
            self.seal("closed while the disk did not answer")
            return False
        self._connection.close()
        return True

    def _send(self, data: bytes) -> None:
        """Send now what the socket takes, the rest when it takes more; the order stays."""
        if self._unsent:
            self._unsent += data
            return
        try:
            sent = self._connection.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:  # the program has ended: `_hear` says so
            return
        if sent < len(data):
            assert self._loop is not None
            self._unsent = data[sent:]
            self._loop.add_writer(self._connection, self._send_rest)

    def _send_rest(self) -> None:
        rest, self._unsent = self._unsent, b""
        assert self._loop is not None
        self._loop.remove_writer(self._connection)
        self._send(rest)

    def _hear(self) -> None:
        try:
            data = self._connection.recv(_READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            assert self._loop is not None
            self._loop.remove_reader(self._connection)
            self.seal(self._end())
        for seq, reason in self._frames.feed(data):
            if reason:
                self.seal(reason)
            elif self._waiting:
                answered = self._waiting.popleft()
                if not answered.done():
                    answered.set_result(seq)

    def _give_time(
        self, answered: asyncio.Future[int], loop: asyncio.AbstractEventLoop
    ) -> asyncio.TimerHandle:
        due_s = loop.time() + self._deadline_s
        return loop.call_at(due_s, self._late, answered, due_s)

    def _late(self, answered: asyncio.Future[int], due_s: float) -> None:
        """Time is up, unless it was this process that stood still, and the disk perhaps with it."""
        loop = self._loop
        if loop is None or answered.done():
            return
        self._hear()  # some loops look at their timers first
        if answered.done():
            return
        if loop.time() - due_s > STOOD_STILL_S:
            self._give_time(answered, loop)
        else:
            self.seal(f"the disk did not answer within {self._deadline_s:g} s")

    def _end(self) -> str:
        """How the program ended; it has closed its end of the socket and is of no use any more."""
        self._process.kill()
        code = self._process.wait()
        how = f"killed by signal {-code}" if code < 0 else f"exit code {code}"
        return f"its writer has ended ({how})"

    def _not_written(self) -> JournalError:
        return JournalError(f"{self._path}: not written: {self.failed}")
