"""The guardian hears signals and a lost terminal outside the main thread, and bounds the end."""

from __future__ import annotations

import os
import pty
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from console.guardian import SIGNALS, Guardian

WAIT_S = 20


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """Both ends of a pseudo-terminal: ours and the program's."""
    ours, theirs = pty.openpty()
    yield ours, theirs
    for descriptor in (ours, theirs):
        try:
            os.close(descriptor)
        except OSError:
            continue


class Heard:
    """Signals as they were told, and by which thread."""

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.threads: set[str] = set()
        self.exits: list[int] = []
        self.ticked = threading.Event()
        self._news = threading.Condition()

    def signal(self, number: int) -> None:
        with self._news:
            self.numbers.append(number)
            self.threads.add(threading.current_thread().name)
            self._news.notify_all()

    def tick(self) -> None:
        self.ticked.set()

    def hard_exit(self, code: int) -> None:
        with self._news:
            self.exits.append(code)
            self._news.notify_all()

    def wait(self, count: int) -> list[int]:
        with self._news:
            self._news.wait_for(lambda: len(self.numbers) >= count, WAIT_S)
        return self.numbers

    def wait_exit(self) -> list[int]:
        with self._news:
            self._news.wait_for(lambda: bool(self.exits), WAIT_S)
        return self.exits


@contextmanager
def guardian(heard: Heard, descriptor: int, ending_s: float = 60.0) -> Iterator[Guardian]:
    with Guardian(heard.hard_exit, watched_fd=descriptor, ending_s=ending_s) as watching:
        watching.listen(heard.signal, heard.tick)
        yield watching


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGUSR1])
def test_a_signal_is_told_in_the_guardians_own_thread(
    number: int, terminal: tuple[int, int]
) -> None:
    heard = Heard()
    with guardian(heard, terminal[1]):
        os.kill(os.getpid(), number)
        assert heard.wait(1) == [number]
    assert heard.threads == {"guardian"}


def test_signals_are_told_one_by_one(terminal: tuple[int, int]) -> None:
    heard = Heard()
    with guardian(heard, terminal[1]):
        os.kill(os.getpid(), signal.SIGUSR1)
        heard.wait(1)
        os.kill(os.getpid(), signal.SIGTERM)
        assert heard.wait(2) == [signal.SIGUSR1, signal.SIGTERM]


def test_a_signal_that_comes_before_anybody_listens_is_kept(terminal: tuple[int, int]) -> None:
    heard = Heard()
    with Guardian(heard.hard_exit, watched_fd=terminal[1]) as watching:
        os.kill(os.getpid(), signal.SIGTERM)
        assert heard.numbers == []
        watching.listen(heard.signal, heard.tick)
        assert heard.wait(1) == [signal.SIGTERM]


def test_where_nobody_ever_listened_it_ends_all_the_same(terminal: tuple[int, int]) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with Guardian(Heard().hard_exit, watched_fd=terminal[1]):
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_terminal_that_goes_away_without_a_signal_is_a_hangup_once(
    terminal: tuple[int, int],
) -> None:
    heard = Heard()
    with guardian(heard, terminal[1]):
        os.close(terminal[0])
        assert heard.wait(1) == [signal.SIGHUP]
        os.kill(os.getpid(), signal.SIGUSR1)
        assert heard.wait(2) == [signal.SIGHUP, signal.SIGUSR1]


def test_an_end_that_does_not_come_is_made(terminal: tuple[int, int]) -> None:
    heard = Heard()
    with guardian(heard, terminal[1], ending_s=0.01) as watching:
        watching.bound_the_end(143)
        watching.bound_the_end(1)
        assert heard.wait_exit() == [143]


def test_an_end_in_time_is_left_alone(terminal: tuple[int, int]) -> None:
    heard = Heard()
    with guardian(heard, terminal[1]) as watching:
        watching.bound_the_end(143)
    assert heard.exits == []


def test_it_looks_round_regularly(terminal: tuple[int, int]) -> None:
    heard = Heard()
    with guardian(heard, terminal[1]):
        assert heard.ticked.wait(WAIT_S)


def test_the_handlers_of_before_come_back(terminal: tuple[int, int]) -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    with guardian(Heard(), terminal[1]):
        assert [signal.getsignal(number) for number in SIGNALS] != before
    assert [signal.getsignal(number) for number in SIGNALS] == before
