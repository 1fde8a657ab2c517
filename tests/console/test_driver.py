"""What a SIGCONT does to the terminal: its modes are set anew, and nothing is started twice."""

from __future__ import annotations

import asyncio
import os
import pty
import signal
import termios
from collections.abc import Iterator
from queue import Queue
from types import SimpleNamespace
from typing import cast

import pytest
from textual.app import App

from console.driver import ConsoleDriver


class Seat:
    """A driver on a terminal, with what it wrote and how often all was drawn."""

    def __init__(self, descriptor: int, *, reading: bool = True) -> None:
        self.drawn = 0
        app = SimpleNamespace(refresh=self.refresh)
        self.driver = ConsoleDriver(cast(App[None], app), mouse=False)
        self.driver.fileno = descriptor
        self.written: Queue[str] = Queue()
        writer = SimpleNamespace(write=self.written.put)
        self.reader = SimpleNamespace(is_alive=lambda: reading)
        vars(self.driver).update(_writer_thread=writer, _key_thread=self.reader)

    def refresh(self, *, layout: bool) -> None:
        assert layout
        self.drawn += 1


@pytest.fixture
def descriptor() -> Iterator[int]:
    """A terminal as a shell leaves it; Textual's signal handlers are gone afterwards."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTSTP, signal.SIGCONT)}
    ours, theirs = pty.openpty()
    yield theirs
    os.close(ours)
    os.close(theirs)
    for number, handler in before.items():
        signal.signal(number, handler)


def go_on(descriptor: int, *, reading: bool = True) -> Seat:
    async def main() -> Seat:
        seat = Seat(descriptor, reading=reading)
        os.kill(os.getpid(), signal.SIGTSTP)
        os.kill(os.getpid(), signal.SIGCONT)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return seat

    return asyncio.run(main())


def is_raw(descriptor: int) -> bool:
    return not termios.tcgetattr(descriptor)[3] & (termios.ECHO | termios.ICANON | termios.ISIG)


def test_keys_and_screen_are_taken_back_by_the_reader_that_is_there(
    descriptor: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "tcgetpgrp", lambda _: os.getpgrp())
    seat = go_on(descriptor)
    assert is_raw(descriptor)
    assert seat.written.get_nowait().startswith("\x1b[?1049h")
    assert seat.drawn == 1
    assert vars(seat.driver)["_key_thread"] is seat.reader


def test_an_ending_screen_is_left_alone(descriptor: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "tcgetpgrp", lambda _: os.getpgrp())
    seat = go_on(descriptor, reading=False)
    assert not is_raw(descriptor)
    assert (seat.written.empty(), seat.drawn) == (True, 0)


def test_a_terminal_that_another_program_has_is_left_alone(descriptor: int) -> None:
    seat = go_on(descriptor)
    assert not is_raw(descriptor)
    assert (seat.written.empty(), seat.drawn) == (True, 0)
