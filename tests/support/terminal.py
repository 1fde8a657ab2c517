"""A terminal to run programs in: keys go in as bytes, an emulated screen comes out.

A thread only collects what the program writes; the emulator works when a test looks. Looking with a
deadline is the one place where a test waits, so deadlines are generous and never measured.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import pyte

PATIENCE_S = 30.0
"""How long a screen may take to show what is expected, on the slowest machine."""
LOOK_S = 0.02
TYPING_S = 0.02
"""Between two keys: a fast hand."""

KEYS = {
    "enter": b"\r",
    "escape": b"\x1b",
    "tab": b"\t",
    "shift+tab": b"\x1b[Z",
    "backspace": b"\x7f",
    "space": b" ",
    "up": b"\x1b[A",
    "down": b"\x1b[B",
    "right": b"\x1b[C",
    "left": b"\x1b[D",
    "f2": b"\x1bOQ",
    "f8": b"\x1b[19~",
    "f12": b"\x1b[24~",
    "ctrl+p": b"\x10",
    "ctrl+q": b"\x11",
    "ctrl+u": b"\x15",
    "ctrl+backslash": b"\x1c",
}

# Sequences that the emulator does not know and would print: keyboard protocols.
_UNKNOWN = re.compile(rb"\x1b\[[<=>][0-9;]*[A-Za-z]")
_SEQUENCE = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|[()][0-9A-Z]|[=>78])")
_UNFINISHED = re.compile(rb"\x1b(?:\[[<=>?]?[0-9;]*)?\Z")
_ADOPT_TERMINAL = (
    "import fcntl, os, sys, termios;"
    "fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
    "os.execvp(sys.argv[1], sys.argv[1:])"
)


def _with_the_real_size(env: Mapping[str, str]) -> dict[str, str]:
    """What a program sees: a size in the environment would hide the terminal's own."""
    return {name: value for name, value in env.items() if name not in ("COLUMNS", "LINES")}


class Terminal:
    """One program on a pseudo-terminal of its own. Use it as a context: the program is gone after.

    `written` holds every byte that the program wrote so far.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        size: tuple[int, int] = (120, 40),
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        columns, rows = size
        self.written = bytearray()
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._shown = 0
        self._lines = [""] * rows
        self._master, slave = os.openpty()
        self._set_size(columns, rows)
        self.process = subprocess.Popen(
            [sys.executable, "-c", _ADOPT_TERMINAL, *map(str, command)],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            env=_with_the_real_size(os.environ if env is None else env),
            cwd=cwd,
        )
        os.close(slave)
        self._flowing = threading.Event()
        self._flowing.set()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(PATIENCE_S)
        self.hang_up()
        self._reader.join(PATIENCE_S)

    # Looking.

    @property
    def lines(self) -> list[str]:
        """The screen as it is now, without the spaces at the ends of its lines."""
        fresh = bytes(self.written[self._shown :])
        unfinished = _UNFINISHED.search(fresh)
        if unfinished is not None:
            fresh = fresh[: unfinished.start()]
        if fresh:
            self._shown += len(fresh)
            self._stream.feed(_UNKNOWN.sub(b"", fresh))
            self._lines = [line.rstrip() for line in self._screen.display]
        return self._lines

    @property
    def text(self) -> str:
        """The screen as it is now."""
        return "\n".join(self.lines)

    def line(self, part: str) -> str:
        """The first line of the screen with `part` in it; empty when there is none."""
        return next((line for line in self.lines if part in line), "")

    def wait_for(self, wanted: str | Callable[[str], object], *, gone: bool = False) -> str:
        """Look until the screen shows a text, or satisfies a predicate; returns that screen.

        With `gone`, until it no longer does. Fails with the last screen when that does not come.
        """
        screen = self.look_for(wanted, gone=gone)
        if screen is None:
            code = self.process.poll()
            raise AssertionError(
                f"{wanted!r} is {'still' if gone else 'not'} there, the program "
                f"{'still runs' if code is None else f'ended with {code}'}:\n{self.text}"
            )
        return screen

    def look_for(
        self,
        wanted: str | Callable[[str], object],
        *,
        gone: bool = False,
        within_s: float = PATIENCE_S,
    ) -> str | None:
        """The screen as soon as it is as wanted; None when it is not so in time."""
        deadline_s = time.monotonic() + within_s
        while True:
            over = self._is_over()
            screen = self.text
            there = wanted in screen if isinstance(wanted, str) else bool(wanted(screen))
            if there is not gone:
                return screen
            if over or time.monotonic() > deadline_s:
                return None
            time.sleep(LOOK_S)

    def _is_over(self) -> bool:
        return self.process.poll() is not None and not self._reader.is_alive()

    def last_words(self) -> str:
        """What was written outside the other screen, in the end, as plain text however wide."""
        after = self.written.rpartition(b"\x1b[?1049l")[2]
        return _SEQUENCE.sub(b"", after).decode("utf-8", "replace").replace("\r", "")

    def is_restored(self) -> bool:
        """True when nothing was done to the screen and the cursor that was not undone later."""
        return all(
            self.written.rfind(undo) >= self.written.rfind(do)
            for do, undo in ((b"\x1b[?1049h", b"\x1b[?1049l"), (b"\x1b[?25l", b"\x1b[?25h"))
        )

    # Acting.

    def press(self, *keys: str, after_s: float = 0.0) -> None:
        """Press keys one after the other, as fast as a hand does; a text is typed.

        `after_s`: think that long before, where the program asks for it.
        """
        time.sleep(after_s)
        for key in keys:
            for press in [KEYS[key]] if key in KEYS else [c.encode() for c in key]:
                os.write(self._master, press)
                time.sleep(TYPING_S)

    def send_bytes(self, data: bytes) -> None:
        """Send bytes all at once, as a paste does."""
        os.write(self._master, data)

    def resize(self, columns: int, rows: int) -> None:
        """Give the window another size."""
        _ = self.lines
        self._screen.resize(rows, columns)
        self._set_size(columns, rows)

    def signal(self, number: int) -> None:
        """Send a signal to the program."""
        self.process.send_signal(number)

    def stop(self) -> None:
        """Stop the program as SIGSTOP does; a shell then takes the terminal and wipes it."""
        self.signal(signal.SIGSTOP)
        os.waitpid(self.process.pid, os.WUNTRACED)
        modes = termios.tcgetattr(self._master)
        modes[3] |= termios.ECHO | termios.ICANON | termios.ISIG
        termios.tcsetattr(self._master, termios.TCSANOW, modes)
        _ = self.lines
        self._screen.reset()
        self._lines = self._screen.display

    @contextlib.contextmanager
    def not_reading(self) -> Iterator[None]:
        """Hold the window's output meanwhile, as Ctrl+S or a lost network does."""
        self._flowing.clear()
        yield
        self._flowing.set()

    def hang_up(self) -> None:
        """Close the window."""
        if self._master >= 0:
            master, self._master = self._master, -1
            os.close(master)

    def wait(self) -> int:
        """Wait for the program's end; its exit code, negative after a signal."""
        code = self.process.wait(PATIENCE_S)
        if self._master >= 0:
            self._reader.join(PATIENCE_S)
        return code

    def _read(self) -> None:
        # The end of the program, or of the window, ends the reading with an error or with nothing.
        with contextlib.suppress(OSError):
            while data := os.read(self._master, 65_536):
                self.written += data
                self._flowing.wait()

    def _set_size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
