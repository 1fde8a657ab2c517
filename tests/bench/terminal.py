"""A pseudo-terminal with a program in it: everything it writes is read at once, and timed."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

import pyte

from tests.bench.harness import ROOT

WIDTH, HEIGHT = 200, 60


class Terminal:
    """Runs a program on 200x60 cells from the root of the checkout. Use it as a context.

    `chunks` are (monotonic seconds, bytes) as they came; `started_s` is when the program was begun.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self.chunks: list[tuple[float, bytes]] = []
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", HEIGHT, WIDTH, 0, 0))
        self.started_s = time.monotonic()
        self.program = subprocess.Popen(
            command,
            cwd=ROOT,
            env=_environment(os.environ),
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.program.poll() is None:
            self.program.kill()
        self.program.wait()
        self._reader.join(1.0)
        os.close(self._master)

    def press(self, key: bytes) -> float:
        """Send a key's bytes; when that was (monotonic seconds)."""
        now_s = time.monotonic()
        os.write(self._master, key)
        return now_s

    def wait(self, timeout_s: float) -> None:
        """Wait for the program's end. Raises RuntimeError with its screen when it failed."""
        code = self.program.wait(timeout_s)
        self._reader.join(1.0)
        if code:
            lines = [line.strip() for line in self.screen(len(self.chunks)) if line.strip()]
            raise RuntimeError(f"exit code {code}: {' | '.join(lines[-8:])}")

    def screen(self, chunks: int) -> list[str]:
        """The lines on screen after so many chunks."""
        display, stream = _emulator()
        for _, data in self.chunks[:chunks]:
            stream.feed(data)
        return list(display.display)

    def shown_s(self, words: Sequence[str]) -> float | None:
        """Seconds from the start until all `words` were on the screen at once; None if never."""
        display, stream = _emulator()
        for at_s, data in self.chunks:
            stream.feed(data)
            text = "\n".join(display.display)
            if all(word in text for word in words):
                return at_s - self.started_s
        return None

    def _read(self) -> None:
        with contextlib.suppress(OSError):  # the other side is gone
            while data := os.read(self._master, 65_536):
                self.chunks.append((time.monotonic(), data))


def _emulator() -> tuple[pyte.Screen, pyte.ByteStream]:
    display = pyte.Screen(WIDTH, HEIGHT)
    return display, pyte.ByteStream(display)


def _environment(env: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in env.items() if not name.startswith("TRADEDECK_")}
    return kept | {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}
