"""Textual's driver, except for job control: the engine is in this process and never suspended."""

from __future__ import annotations

import os
import termios
import tty
from types import FrameType

from textual.drivers.linux_driver import LinuxDriver

_MODES = "\x1b[?1049h\x1b[?25l\x1b[?1004h\x1b[?2004h\x1b[?7l"
"""The other screen, no cursor, focus and paste reports, no wrapping: what a shell may undo."""


class ConsoleDriver(LinuxDriver):
    """Goes on after SIGCONT with the terminal's modes set anew and everything drawn again.

    Textual would start application mode once more, and with it a second reader of the keys: after
    a SIGCONT without its own SIGTSTP (SIGSTOP, `fg`, systemd's SIGTERM) two would wait for one key.
    """

    def _sigtstp_application(self, *_: object) -> None:
        """Ctrl+Z is a key; suspending the process would suspend the engine in it."""

    def _sigcont_application(self, *_: int | FrameType | None) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._go_on)

    def _go_on(self) -> None:
        reader = self._key_thread
        if reader is None or not reader.is_alive() or not _is_in_front(self.fileno):
            return  # Not begun, ending, or another program has the terminal.
        self._take_keys()
        self.write(_MODES)
        self._enable_mouse_support()
        self._app.refresh(layout=True)

    def _take_keys(self) -> None:
        try:
            modes = termios.tcgetattr(self.fileno)
            modes[tty.LFLAG] = self._patch_lflag(modes[tty.LFLAG])
            modes[tty.IFLAG] = self._patch_iflag(modes[tty.IFLAG])
            modes[tty.CC][termios.VMIN] = 1
            termios.tcsetattr(self.fileno, termios.TCSANOW, modes)
        except termios.error:
            pass  # The terminal is gone: the guardian notices.


def _is_in_front(descriptor: int) -> bool:
    """True when this process may write to its terminal: one in the background would be stopped."""
    try:
        return os.tcgetpgrp(descriptor) == os.getpgrp()
    except OSError:
        return False
