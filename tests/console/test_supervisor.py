"""The supervisor: engine after first paint, screens that crash, signals, and a bounded end."""

from __future__ import annotations

import io
import os
import pty
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any, TextIO

import pytest

from console.app import ConsoleApp, ExitPolicy
from console.guardian import Guardian
from console.ids import Ids
from console.keymap import KeymapError, read_keymap
from console.link import EngineLink
from console.options import Options
from console.pending import PendingLink
from console.session import Session, Sight
from console.supervisor import Supervisor, run_console
from engine.clock import SimClock
from engine.core.types import KillLevel
from tests.console.fakes import NOW, FakeLink, busy_link

WAIT_S = 20


class Engine:
    """An engine handle that remembers how it was ended."""

    def __init__(self, *, ends: bool = True) -> None:
        self.link: EngineLink = busy_link()
        self.failed = ""
        self.stops: list[bool] = []
        self.ends = ends

    def stop(self, *, cancel: bool = False) -> None:
        self.stops.append(cancel)

    def join(self, timeout_s: float) -> bool:
        return self.ends


class Screen:
    """Stands in for the app: `play` runs where Textual would."""

    def __init__(self, play: Callable[[Screen], None]) -> None:
        self._play = play
        self.on_first_paint: Callable[[], None] = lambda: None
        self.ended = False
        self.exit_policy: ExitPolicy = "leave"
        self.told_to_end = threading.Event()
        self.codes: list[int] = []

    def run(self) -> None:
        self._play(self)

    def leave(self, policy: ExitPolicy) -> None:
        self.ended, self.exit_policy = True, policy

    def end_soon(self, code: int) -> None:
        self.codes.append(code)
        self.ended = True
        self.told_to_end.set()


class House:
    """A supervisor with screens that play a script, one after the other."""

    def __init__(
        self, *plays: Callable[[Screen], None], engine: Engine | None = None, **options: object
    ) -> None:
        self.engine = engine or Engine()
        self.link = PendingLink()
        wanted = Options(**options)  # type: ignore[arg-type]
        self.session = Session(self.link, SimClock(NOW), wanted, read_keymap(), ids=Ids("run"))
        self.screens = [Screen(play) for play in plays]
        self._next = iter(self.screens)
        self.exits: list[int] = []
        self.given_back = 0
        self.err = io.StringIO()
        self.start: Callable[[], Engine] = lambda: self.engine
        self.supervisor: Supervisor

    def run(self, typed: str = "", *, early: int | None = None) -> int:
        """Run it on a terminal; `early` is a signal that comes before anybody listens."""
        ours, theirs = pty.openpty()
        os.write(ours, typed.encode())
        with (
            os.fdopen(theirs, "r") as stdin,
            Guardian(self.exits.append, watched_fd=theirs) as guardian,
        ):
            if early is not None:
                os.kill(os.getpid(), early)
            self.supervisor = Supervisor(
                lambda: self.start(),
                self.link,
                self.session,
                guardian,
                self,  # type: ignore[arg-type]
                create_app=lambda _: next(self._next),  # type: ignore[arg-type, return-value]
                monotonic=lambda: 50.0,
            )
            try:
                return self.supervisor.run(stdin, self.err)
            finally:
                os.close(ours)

    def until(self, reached: Callable[[], object]) -> None:
        """Wait for another thread."""
        for _ in range(WAIT_S * 200):
            if reached():
                return
            threading.Event().wait(0.005)
        raise AssertionError("it did not happen")

    # As the terminal.

    def give_back(self) -> None:
        self.given_back += 1

    def hard_exit(self, code: int) -> None:
        self.exits.append(code)


def started(house: list[House]) -> Callable[[Screen], None]:
    """Paint, and wait until the engine is attached."""

    def play(screen: Screen) -> None:
        screen.on_first_paint()
        house[0].supervisor._starting.join(WAIT_S)  # type: ignore[union-attr]

    return play


def leave(policy: ExitPolicy) -> Callable[[Screen], None]:
    def play(screen: Screen) -> None:
        screen.on_first_paint()
        screen.leave(policy)

    return play


def crash(screen: Screen) -> None:
    screen.on_first_paint()
    raise RuntimeError("drawing failed")


@pytest.fixture(autouse=True)
def _suspension() -> Iterator[None]:
    """The supervisor ignores SIGTSTP; the tests' own process gets it back."""
    before = signal.getsignal(signal.SIGTSTP)
    yield
    signal.signal(signal.SIGTSTP, before)


@pytest.mark.parametrize(("policy", "cancel"), [("leave", False), ("cancel", True)])
def test_leaving_ends_the_engine_as_the_operator_chose(policy: ExitPolicy, cancel: bool) -> None:
    house = House(leave(policy))
    assert house.run() == 0
    assert house.engine.stops == [cancel]
    assert house.link.attached


def test_the_engine_starts_only_after_the_first_paint() -> None:
    house = House(lambda screen: screen.leave("leave"))
    house.start = lambda: pytest.fail("nothing was painted")
    assert house.run() == 0
    assert house.engine.stops == []


def test_a_kill_before_the_engine_reaches_it_first_thing() -> None:
    def play(screen: Screen) -> None:
        house.session.desk.press_kill(1.0)
        screen.on_first_paint()
        screen.leave("leave")

    house = House(play)
    house.run()
    link = house.engine.link
    assert isinstance(link, FakeLink)
    assert [level for level, _, _ in link.kills] == [KillLevel.HALT]


def test_an_engine_that_does_not_start_ends_the_console_with_the_reason() -> None:
    def start() -> Engine:
        raise ValueError("journal is damaged at row 7")

    def play(screen: Screen) -> None:
        screen.on_first_paint()
        assert screen.told_to_end.wait(WAIT_S)

    house = House(play)
    house.start = start
    assert house.run() == 1
    assert house.err.getvalue() == (
        "tradedeck: the engine did not start: journal is damaged at row 7\n"
    )


def test_an_engine_that_fails_before_its_first_word_ends_the_console_with_the_reason() -> None:
    def play(screen: Screen) -> None:
        house.engine.failed = "ValueError: recording is cut off at line 3"
        screen.on_first_paint()
        assert screen.told_to_end.wait(WAIT_S)

    house = House(play)
    assert house.run() == 1
    assert house.err.getvalue() == (
        "tradedeck: the engine did not start: ValueError: recording is cut off at line 3\n"
    )


def test_an_engine_that_fails_later_leaves_the_screen_and_is_told_at_the_end() -> None:
    def play(screen: Screen) -> None:
        started([house])(screen)
        house.session.turn(1.0, Sight())
        house.engine.failed = "OSError: disk full"
        house.supervisor.watch_engine()
        assert not screen.ended
        screen.leave("leave")

    house = House(play)
    assert house.run() == 1
    assert house.session.failure == "OSError: disk full"
    assert house.err.getvalue() == ("tradedeck: the engine stopped by itself: OSError: disk full\n")


def test_a_screen_that_crashes_is_started_again_on_the_same_session() -> None:
    house = House(crash, leave("leave"))
    assert house.run() == 0
    assert house.engine.stops == [False]


def test_after_four_crashes_in_a_minute_plain_text_takes_over_and_kill_works() -> None:
    house = House(crash, crash, crash, crash)
    assert house.run("KILL\nQUIT\n") == 1
    text = house.err.getvalue()
    assert "the screen failed: RuntimeError('drawing failed')" in text
    link = house.engine.link
    assert isinstance(link, FakeLink)
    assert [level for level, _, _ in link.kills] == [KillLevel.KILL]


@pytest.mark.parametrize(
    ("number", "options", "cancel"),
    [
        (signal.SIGTERM, {}, False),
        (signal.SIGTERM, {"on_exit": "cancel"}, True),
        (signal.SIGHUP, {}, False),
        (signal.SIGHUP, {"on_hangup": "cancel"}, True),
        (signal.SIGINT, {"on_exit": "leave"}, False),
    ],
)
def test_a_signal_ends_engine_and_screen_with_its_code(
    number: int, options: dict[str, Any], cancel: bool
) -> None:
    def play(screen: Screen) -> None:
        started([house])(screen)
        os.kill(os.getpid(), number)
        assert screen.told_to_end.wait(WAIT_S)
        # The engine was told before the screen.
        assert house.engine.stops[:1] == [cancel]

    house = House(play, **options)
    assert house.run() == 128 + number
    assert house.screens[0].codes == [128 + number]
    assert set(house.engine.stops) == {cancel}


def test_a_signal_while_the_engine_starts_ends_it_as_soon_as_it_is_there() -> None:
    gate = threading.Event()

    def start() -> Engine:
        gate.wait(WAIT_S)
        return house.engine

    def play(screen: Screen) -> None:
        screen.on_first_paint()
        os.kill(os.getpid(), signal.SIGTERM)
        assert screen.told_to_end.wait(WAIT_S)
        gate.set()

    house = House(play)
    house.start = start
    assert house.run() == 143
    assert house.engine.stops[0] is False


def test_f71_a_second_signal_that_ends_it_does_so_at_once() -> None:
    def play(screen: Screen) -> None:
        started([house])(screen)
        os.kill(os.getpid(), signal.SIGHUP)
        assert screen.told_to_end.wait(WAIT_S)
        os.kill(os.getpid(), signal.SIGTERM)
        house.until(lambda: len(house.engine.stops) > 0)
        assert house.exits == []
        os.kill(os.getpid(), signal.SIGINT)
        house.until(lambda: house.exits)

    house = House(play)
    assert house.run() == 129
    assert house.exits == [129]


def test_a_signal_before_anything_is_drawn_ends_it_in_order() -> None:
    def play(screen: Screen) -> None:
        assert screen.told_to_end.wait(WAIT_S)

    house = House(play)
    house.start = lambda: pytest.fail("the engine was started")
    assert house.run(early=signal.SIGTERM) == 143
    assert house.exits == []


def test_sigusr1_kills_and_goes_on() -> None:
    def play(screen: Screen) -> None:
        started([house])(screen)
        link = house.engine.link
        assert isinstance(link, FakeLink)
        done = threading.Event()
        kill = link.kill

        def heard(level: KillLevel, by: str = "operator", reason: str = "") -> None:
            kill(level, by, reason)
            done.set()

        link.kill = heard  # type: ignore[method-assign]
        os.kill(os.getpid(), signal.SIGUSR1)
        assert done.wait(WAIT_S)
        assert link.kills == [(KillLevel.KILL, "operator", "SIGUSR1")]
        assert not screen.ended
        screen.leave("leave")

    house = House(play)
    assert house.run() == 0


def test_an_engine_that_does_not_end_in_time_is_told_about() -> None:
    house = House(leave("leave"), engine=Engine(ends=False))
    assert house.run() == 1
    assert "the engine did not end in time" in house.err.getvalue()


def test_a_signal_in_plain_text_ends_it_too() -> None:
    def last(screen: Screen) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        crash(screen)

    house = House(crash, crash, crash, last)
    assert house.run() == 143


def test_a_terminal_that_cannot_show_it_is_refused_in_one_line() -> None:
    err = io.StringIO()
    start: Callable[[], Engine] = lambda: pytest.fail("not started")  # noqa: E731
    code = run_console(
        start,
        Options(),
        create_clock=lambda: SimClock(NOW),
        stdin=io.StringIO(),
        stdout=io.StringIO(),
        stderr=err,
    )
    assert code == 1
    assert err.getvalue().startswith("tradedeck: not a terminal")
    assert err.getvalue().count("\n") == 1


def test_a_keymap_that_cannot_be_used_is_an_error_before_anything_is_drawn() -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "r+b", buffering=0) as raw:
        terminal: TextIO = io.TextIOWrapper(raw, encoding="utf-8")
        with pytest.raises(KeymapError, match="unknown action 'nope'"):
            run_console(
                Engine,
                Options(keymap={"nope": "x"}),
                create_clock=lambda: SimClock(NOW),
                stdin=terminal,
                stdout=terminal,
            )
    os.close(ours)


def test_the_app_is_what_the_supervisor_runs() -> None:
    for name in ("run", "end_soon", "leave"):
        assert callable(getattr(ConsoleApp, name))
