"""Runs the console: engine after first paint, screens that may crash, signals, the bounded end.

The first picture is on screen, and signals are kept, before Textual and the console are imported.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TextIO

from console.guardian import Guardian
from console.keymap import read_keymap
from console.opening import opening
from console.terminal import Terminal, terminal_problem
from console.views.footer import footer_items, footer_text

if TYPE_CHECKING:
    from console.app import ConsoleApp, ExitPolicy
    from console.keymap import Keymap
    from console.link import EngineLink
    from console.options import Options
    from console.pending import PendingLink
    from console.session import Clock, Session

RESTARTS = 3
RESTART_WINDOW_S = 60.0
ENGINE_STOP_S = 7.0
IMPATIENT = frozenset({signal.SIGTERM, signal.SIGINT})
"""Whoever asks a second time does not want to wait."""


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
    create_clock: Callable[[], Clock],
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
    keymap = read_keymap(options.keymap)
    with (
        Terminal(stdin.fileno(), stdout.fileno()) as terminal,
        Guardian(terminal.hard_exit, watched_fd=stdin.fileno()) as guardian,
    ):
        _open(terminal, keymap, options)

        from console.pending import PendingLink
        from console.session import Session

        link = PendingLink()
        session = Session(link, create_clock(), options, keymap)
        supervisor = Supervisor(start, link, session, guardian, terminal)
        return supervisor.run(stdin, stderr)


def _open(terminal: Terminal, keymap: Keymap, options: Options) -> None:
    """Show the first picture."""
    width, height = terminal.size()
    items = footer_items(keymap, read_only=options.read_only)
    terminal.take(opening(width, height, footer_text(items, width - 2)))


def _console_app(session: Session) -> ConsoleApp:
    from console.app import ConsoleApp

    return ConsoleApp(session)


class Supervisor:
    """Owns the engine's handle and the screen's life."""

    def __init__(
        self,
        start: Callable[[], EngineHandle],
        link: PendingLink,
        session: Session,
        guardian: Guardian,
        terminal: Terminal,
        *,
        create_app: Callable[[Session], ConsoleApp] = _console_app,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._start = start
        self._link = link
        self._session = session
        self._guardian = guardian
        self._terminal = terminal
        self._create_app = create_app
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._engine: EngineHandle | None = None
        self._policy: ExitPolicy | None = None
        self._app: ConsoleApp | None = None
        self._starting: threading.Thread | None = None
        self._start_error = ""
        self._code = 0
        self._asked = 0

    def run(self, stdin: TextIO, stderr: TextIO) -> int:
        """Run to the end, the engine's included; returns the exit code."""
        self._guardian.listen(self.on_signal, self.watch_engine)
        policy = self._screens(stdin, stderr)
        self._guardian.bound_the_end(self._code or 1)
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
            self._terminal.give_back()
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
        # Suspending the process would suspend the engine in it, and what the engine starts.
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
        """SIGUSR1 kills; anything else ends the program as the options say.

        A second SIGTERM or SIGINT ends it at once: the journal and a latch are safe by then.
        """
        if number == signal.SIGUSR1:
            self._session.desk.kill_now("SIGUSR1")
            return
        options = self._session.options
        if number in IMPATIENT:
            self._asked += 1
            if self._asked > 1:
                self._terminal.hard_exit(self._code)
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
