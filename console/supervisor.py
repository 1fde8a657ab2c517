"""Runs the console: engine after first paint, screens that may crash, signals, the bounded end."""

from __future__ import annotations

import contextlib
import gc
import os
import select
import signal
import sys
import termios
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TextIO

from console.app import ConsoleApp, ExitPolicy
from console.guardian import Guardian
from console.keymap import read_keymap
from console.link import EngineLink
from console.options import Options
from console.pending import PendingLink
from console.session import Clock, Session
from console.terminal import terminal_problem

if TYPE_CHECKING:
    from types import TracebackType

SWITCH_S = 0.0005
"""How long one thread may keep the other waiting: a frame must not hold up an order for 5 ms."""
COLLECT_AFTER = (10_000, 50, 100)
"""Orders are long-lived and make no cycles: collecting less often costs an engine 14 % less CPU."""
RESTARTS = 3
RESTART_WINDOW_S = 60.0
ENGINE_STOP_S = 7.0
_RESTORE = (
    b"\x1b[<u\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?2004l\x1b[?1004l\x1b[?2048l"
    b"\x1b[?7h\x1b[?1049l\x1b[?25h\x1b[0m\r\n"
)
"""Leave kitty keys, mouse, paste, focus and resize reports, the other screen; show the cursor."""


class EngineHandle(Protocol):
    """An engine that runs beside the console. `failed` says why it ended by itself, if it did."""

    @property
    def link(self) -> EngineLink: ...

    @property
    def failed(self) -> str: ...

    def stop(self, *, cancel: bool = False) -> None:
        """Ask it to end, after cancelling open orders if `cancel`; returns at once."""
        ...

    def join(self, timeout_s: float) -> bool:
        """Wait for the end; True when the state is saved."""
        ...


def run_console(
    start: Callable[[], EngineHandle],
    options: Options,
    *,
    clock: Clock,
    stdin: TextIO = sys.stdin,
    stdout: TextIO = sys.stdout,
    stderr: TextIO = sys.stderr,
) -> int:
    """Run a console on the engine that `start` brings up (in a thread, after first paint).

    Returns the exit code: 0 when the operator left, 1 on failure, 128 + n after signal n. Raises
    KeymapError and ThemeError before anything is drawn.
    """
    problem = terminal_problem(stdin, stdout, os.environ)
    if problem is not None:
        stderr.write(f"tradedeck: {problem}\n")
        return 1
    sys.setswitchinterval(SWITCH_S)
    link = PendingLink()
    session = Session(link, clock, options, read_keymap(options.keymap))
    with _Terminal(stdin.fileno(), stdout.fileno()) as terminal:
        code = Supervisor(start, link, session, terminal.hard_exit).run(stdin, stderr)
    return code


class Supervisor:
    """Owns the engine's handle and the screen's life. `hard_exit` must not return."""

    def __init__(
        self,
        start: Callable[[], EngineHandle],
        link: PendingLink,
        session: Session,
        hard_exit: Callable[[int], None],
        *,
        create_app: Callable[[Session], ConsoleApp] = ConsoleApp,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._start = start
        self._link = link
        self._session = session
        self._hard_exit = hard_exit
        self._create_app = create_app
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._engine: EngineHandle | None = None
        self._policy: ExitPolicy | None = None
        self._app: ConsoleApp | None = None
        self._guardian: Guardian | None = None
        self._starting: threading.Thread | None = None
        self._start_error = ""
        self._code = 0

    def run(self, stdin: TextIO, stderr: TextIO) -> int:
        """Run to the end, the engine's included; returns the exit code."""
        with Guardian(
            self.on_signal, self.watch_engine, self._hard_exit, watched_fd=stdin.fileno()
        ) as guardian:
            self._guardian = guardian
            policy = self._screens(stdin, stderr)
            guardian.bound_the_end(self._code or 1)
            saved = self.stop_engine(policy, ENGINE_STOP_S)
        self.watch_engine()
        if self._start_error:
            stderr.write(f"tradedeck: {self._start_error}\n")
            return 1
        if self._session.failure:
            stderr.write(f"tradedeck: the engine stopped by itself: {self._session.failure}\n")
            return 1
        if not saved:
            stderr.write("tradedeck: the engine did not end in time; its journal is safe\n")
        return self._code if saved or self._code else 1

    # The screen.

    def _screens(self, stdin: TextIO, stderr: TextIO) -> ExitPolicy:
        """Run the screen, again after a crash; in plain text when it keeps crashing."""
        crashes: deque[float] = deque(maxlen=RESTARTS + 1)
        while True:
            app = self._app = self._create_app(self._session)
            app.on_first_paint = self._painted
            policy = self._policy_asked()
            if policy is not None:
                return policy
            why = _run(app)
            if app.ended:
                return self._policy_asked() or app.exit_policy
            now_s = self._monotonic()
            crashes.append(now_s)
            if len(crashes) > RESTARTS and now_s - crashes[0] <= RESTART_WINDOW_S:
                return self._plain_text(why, stdin, stderr)

    def _plain_text(self, why: str, stdin: TextIO, stderr: TextIO) -> ExitPolicy:
        from console.fallback import run_fallback

        self._app = None
        self._start_engine()
        self._code = self._code or 1
        policy = run_fallback(
            self._session,
            why,
            stdin,
            stderr,
            ending=lambda: self._policy_asked() is not None,
            monotonic=self._monotonic,
        )
        return self._policy_asked() or policy

    def _policy_asked(self) -> ExitPolicy | None:
        """What a signal or a failed start asked for, if one did."""
        with self._lock:
            return self._policy

    # The engine.

    def _painted(self) -> None:
        # A start runs without the collector, which would cost it a fifth of its time.
        gc.enable()
        gc.set_threshold(*COLLECT_AFTER)
        # Suspending the process would suspend the engine in it; Textual has just allowed it.
        signal.signal(signal.SIGTSTP, signal.SIG_IGN)
        self._start_engine()

    def _start_engine(self) -> None:
        """Bring the engine up in a thread of its own; once, whatever happens to screens."""
        if self._starting is None:
            self._starting = threading.Thread(target=self._bring_up, name="start", daemon=True)
            self._starting.start()

    def _bring_up(self) -> None:
        try:
            engine = self._start()
        except Exception as error:
            self._start_error = f"the engine did not start: {error}"
            self._end(1, "leave")
            return
        with self._lock:
            self._engine = engine
            policy = self._policy
        if policy is not None:
            engine.stop(cancel=policy == "cancel")
        self._link.attach(engine.link)

    def stop_engine(self, policy: ExitPolicy, timeout_s: float) -> bool:
        """End the engine as `policy` says; True when it has ended (or never began)."""
        deadline_s = self._monotonic() + timeout_s
        with self._lock:
            self._policy = policy
        if self._starting is not None:
            self._starting.join(timeout_s)
        engine = self._engine
        if engine is None:
            return self._starting is None or not self._starting.is_alive()
        engine.stop(cancel=policy == "cancel")
        return engine.join(max(0.0, deadline_s - self._monotonic()))

    # Signals and the engine's health, in the guardian's thread.

    def watch_engine(self) -> None:
        """Notice an engine that ended by itself: before its first word that ends the console."""
        engine, session = self._engine, self._session
        if engine is None or not engine.failed:
            return
        if session.replica.status is None:
            self._start_error = f"the engine did not start: {engine.failed}"
            self._end(1, "leave")
        else:
            session.failure = engine.failed

    def on_signal(self, number: int) -> None:
        """SIGUSR1 kills; anything else ends the program as the options say."""
        if number == signal.SIGUSR1:
            self._session.desk.kill_now("SIGUSR1")
            return
        options = self._session.options
        hangup = number == signal.SIGHUP
        policy = options.on_hangup if hangup else options.on_exit
        self._end(128 + number, "leave" if policy == "ask" else policy)

    def _end(self, code: int, policy: ExitPolicy) -> None:
        """End the program: the engine is told at once, the screen as soon as it can hear."""
        with self._lock:
            if self._policy is not None:
                return
            self._policy, self._code = policy, code
            engine = self._engine
        if self._guardian is not None:
            self._guardian.bound_the_end(code)
        if engine is not None:
            engine.stop(cancel=policy == "cancel")
        if self._app is not None:
            self._app.end_soon(code)


def _run(app: ConsoleApp) -> str:
    """Run one screen to its end; returns what went wrong, if something did."""
    try:
        app.run()
    except Exception as error:
        return repr(error)
    return repr(getattr(app, "_exception", None))


class _Terminal:
    """Remembers the terminal's modes, for the day when nobody else can put them back."""

    def __init__(self, in_fd: int, out_fd: int) -> None:
        self._in_fd = in_fd
        self._out_fd = out_fd
        self._modes = termios.tcgetattr(in_fd)

    def __enter__(self) -> _Terminal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            self.restore()

    def restore(self) -> None:
        """Leave every mode a screen may have set. Never blocks: what cannot be written is not."""
        with contextlib.suppress(OSError, termios.error):
            termios.tcflush(self._out_fd, termios.TCOFLUSH)
        with contextlib.suppress(OSError, termios.error):
            termios.tcsetattr(self._in_fd, termios.TCSANOW, self._modes)
        with contextlib.suppress(OSError):
            if select.select([], [self._out_fd], [], 0.2)[1]:
                os.set_blocking(self._out_fd, False)
                os.write(self._out_fd, _RESTORE)

    def hard_exit(self, code: int) -> None:
        """End the process now."""
        self.restore()
        os._exit(code)
