"""The terminal on the other side: can it show us, does it keep up, is it still there; its modes."""

from __future__ import annotations

import codecs
import contextlib
import os
import select
import termios
from collections.abc import Mapping
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from types import TracebackType

QUEUED_FRAMES = 2
"""Writes waiting for the terminal beyond which drawing pauses: Textual blocks the loop at 30."""
_RESTORE = (
    b"\x1b[<u\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?2004l\x1b[?1004l\x1b[?2048l"
    b"\x1b[?7h\x1b[?1049l\x1b[?25h\x1b[0m\r\n"
)
"""Leave kitty keys, mouse, paste, focus and resize reports, the other screen; show the cursor."""


def terminal_problem(stdin: TextIO, stdout: TextIO, environ: Mapping[str, str]) -> str | None:
    """Why this terminal cannot show the console, with what to do about it; None when it can."""
    if not stdin.isatty() or not stdout.isatty():
        return "not a terminal: run it in one, or use `tradedeck status` for plain text"
    if environ.get("TERM", "dumb") == "dumb":
        return "TERM is dumb: set TERM to what the terminal is, such as xterm-256color"
    try:
        encoding = codecs.lookup(stdout.encoding).name
    except LookupError:
        encoding = stdout.encoding
    if encoding != "utf-8":
        return f"the terminal's encoding is {encoding}: set LANG to a UTF-8 locale, such as C.UTF-8"
    return None


def is_gone(descriptor: int) -> bool:
    """True when the terminal behind a file descriptor was closed."""
    poll = select.poll()
    try:
        poll.register(descriptor, 0)
        found = poll.poll(0)
    except OSError:
        return True
    return any(event & (select.POLLHUP | select.POLLERR | select.POLLNVAL) for _, event in found)


class Gate:
    """Closed while the terminal does not read what was written: draw nothing then."""

    def __init__(self) -> None:
        self._closed_since_s: float | None = None

    def closed_s(self, driver: object, now_s: float) -> float:
        """Seconds that the gate has been closed, 0 when it is open. `driver` is Textual's."""
        if _queued(driver) <= QUEUED_FRAMES:
            self._closed_since_s = None
            return 0.0
        if self._closed_since_s is None:
            self._closed_since_s = now_s
        return max(now_s - self._closed_since_s, 1e-9)


def _queued(driver: object) -> int:
    """How many writes wait. Textual has no public word for it; without one the gate stays open."""
    try:
        size: int = driver._writer_thread._queue.qsize()  # type: ignore[attr-defined]
    except AttributeError:
        return 0
    return size


class Terminal:
    """Remembers the terminal's modes, for the day when nobody else can put them back."""

    def __init__(self, in_fd: int, out_fd: int) -> None:
        self._in_fd = in_fd
        self._out_fd = out_fd
        self._modes = termios.tcgetattr(in_fd)
        self._taken = False

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None or self._taken:
            self.restore()

    def size(self) -> tuple[int, int]:
        """Width and height in cells."""
        width, height = os.get_terminal_size(self._out_fd)
        return width or 80, height or 25

    def take(self, picture: str) -> None:
        """Show a picture, and keep what is typed from now on for whoever takes over."""
        self._taken = True
        modes = [*self._modes]
        modes[0] &= ~(termios.IXON | termios.ICRNL)
        modes[3] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN | termios.ISIG)
        termios.tcsetattr(self._in_fd, termios.TCSANOW, modes)
        self._write(picture.encode())

    def give_back(self) -> None:
        """A screen has come and gone and cleared up: only the modes are still those of `take`."""
        self._taken = False
        with contextlib.suppress(OSError, termios.error):
            termios.tcsetattr(self._in_fd, termios.TCSANOW, self._modes)

    def restore(self) -> None:
        """Leave every mode a screen may have set. Never blocks: what cannot be written is not."""
        with contextlib.suppress(OSError, termios.error):
            termios.tcflush(self._out_fd, termios.TCOFLUSH)
        with contextlib.suppress(OSError, termios.error):
            termios.tcsetattr(self._in_fd, termios.TCSANOW, self._modes)
        self._write(_RESTORE)

    def _write(self, data: bytes) -> None:
        """Write as much as the terminal reads in time: one that has stalled keeps nobody."""
        with contextlib.suppress(OSError):
            os.set_blocking(self._out_fd, False)
            while data and select.select([], [self._out_fd], [], 0.2)[1]:
                data = data[os.write(self._out_fd, data) :]
        with contextlib.suppress(OSError):
            os.set_blocking(self._out_fd, True)

    def hard_exit(self, code: int) -> None:
        """End the process now."""
        self.restore()
        os._exit(code)
