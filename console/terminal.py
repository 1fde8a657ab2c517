"""The terminal on the other side: can it show us, does it keep up, is it still there."""

from __future__ import annotations

import codecs
import select
from collections.abc import Mapping
from typing import TextIO

QUEUED_FRAMES = 2
"""Writes waiting for the terminal beyond which drawing pauses: Textual blocks the loop at 30."""


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
