"""A thread that hears signals and a lost terminal when nothing else can, and bounds the end.

The signal handler only writes a byte to a pipe; everything else happens here, outside the event
loop, so that a stalled terminal or a dead screen cannot keep the process alive or the orders'
keeper uninformed.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import threading
from collections.abc import Callable
from types import FrameType

from console.terminal import is_gone

SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGUSR1)
TTY_CHECK_S = 1.0
ENDING_S = 9.0
"""How long an orderly end may take before the process is ended anyway."""


class Guardian:
    """Keeps every signal from the moment it is entered, and tells it once somebody listens.

    `hard_exit(code)` is called when an end that began has not come within its time. `watched_fd`
    is the terminal's file descriptor. Use it from the main thread, as a context.
    """

    def __init__(
        self,
        hard_exit: Callable[[int], None],
        *,
        watched_fd: int,
        ending_s: float = ENDING_S,
    ) -> None:
        self._hard_exit = hard_exit
        self._watched_fd = watched_fd
        self._ending_s = ending_s
        self._read_fd, self._write_fd = os.pipe()
        self._before: dict[int, signal._HANDLER] = {}
        self._closing = False
        self._timer: threading.Timer | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Guardian:
        os.set_blocking(self._write_fd, False)
        for number in SIGNALS:
            self._before[number] = signal.signal(number, self._heard)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        if self._timer is not None:
            self._timer.cancel()
        self._closing = True
        self._wake(0)
        if self._thread is not None:
            self._thread.join(TTY_CHECK_S)
        os.close(self._write_fd)
        os.close(self._read_fd)

    def listen(self, on_signal: Callable[[int], None], on_tick: Callable[[], None]) -> None:
        """Call `on_signal` in a thread for each signal, those that came before among them, and
        once with SIGHUP when the terminal is gone; `on_tick` every second or so."""
        self._thread = threading.Thread(
            target=self._run, args=(on_signal, on_tick), name="guardian", daemon=True
        )
        self._thread.start()

    def bound_the_end(self, code: int) -> None:
        """From now on the process has its time to end; after that `hard_exit(code)` ends it."""
        if self._timer is None:
            self._timer = threading.Timer(self._ending_s, self._hard_exit, (code,))
            self._timer.daemon = True
            self._timer.start()

    def _heard(self, number: int, _frame: FrameType | None) -> None:
        self._wake(number)

    def _wake(self, number: int) -> None:
        with contextlib.suppress(BlockingIOError):
            os.write(self._write_fd, bytes([number]))

    def _run(self, on_signal: Callable[[int], None], on_tick: Callable[[], None]) -> None:
        terminal_lost = False
        while not self._closing:
            ready, _, _ = select.select([self._read_fd], [], [], TTY_CHECK_S)
            for number in os.read(self._read_fd, 64) if ready else b"":
                if number:
                    on_signal(number)
            on_tick()
            if not terminal_lost and is_gone(self._watched_fd):
                terminal_lost = True
                on_signal(signal.SIGHUP)
