"""What can be known of a terminal: whether it will do, keeps up, and is still there."""

from __future__ import annotations

import io
import os
import pty
import termios
from queue import Queue
from types import SimpleNamespace
from typing import TextIO, cast

import pytest

from console.terminal import Gate, Terminal, is_gone, terminal_problem


class Stream(io.StringIO):
    """A text stream that claims to be a terminal of some encoding."""

    def __init__(self, *, tty: bool = True, encoding: str = "UTF-8") -> None:
        super().__init__()
        self._tty, self._encoding = tty, encoding

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding

    def isatty(self) -> bool:
        return self._tty


def problem(stdin: Stream | None = None, stdout: Stream | None = None, term: str = "xterm") -> str:
    streams = cast(tuple[TextIO, TextIO], (stdin or Stream(), stdout or Stream()))
    return terminal_problem(*streams, {"TERM": term}) or ""


def test_a_utf8_terminal_will_do() -> None:
    assert problem() == ""
    assert problem(stdout=Stream(encoding="utf8")) == ""


@pytest.mark.parametrize("streams", [(Stream(tty=False), None), (None, Stream(tty=False))])
def test_a_pipe_is_no_terminal(streams: tuple[Stream | None, Stream | None]) -> None:
    assert problem(*streams).startswith("not a terminal")


def test_a_terminal_without_utf8_is_refused_with_what_to_do() -> None:
    assert problem(stdout=Stream(encoding="ascii")) == (
        "the terminal's encoding is ascii: set LANG to a UTF-8 locale, such as C.UTF-8"
    )
    assert "klingon" in problem(stdout=Stream(encoding="klingon"))


def test_a_dumb_terminal_is_refused() -> None:
    assert problem(term="dumb").startswith("TERM is dumb")
    streams = cast(tuple[TextIO, TextIO], (Stream(), Stream()))
    assert terminal_problem(*streams, {}) is not None


def test_a_closed_terminal_is_gone() -> None:
    ours, theirs = pty.openpty()
    assert not is_gone(theirs)
    os.close(ours)
    assert is_gone(theirs)
    os.close(theirs)
    assert is_gone(theirs)


def driver(waiting: int) -> object:
    queue: Queue[int] = Queue()
    for n in range(waiting):
        queue.put(n)
    return SimpleNamespace(_writer_thread=SimpleNamespace(_queue=queue))


def test_the_gate_closes_while_writes_pile_up_and_counts_the_seconds() -> None:
    gate = Gate()
    assert gate.closed_s(driver(2), 10.0) == 0.0
    assert 0.0 < gate.closed_s(driver(3), 11.0) < 0.001
    assert gate.closed_s(driver(9), 13.5) == 2.5
    assert gate.closed_s(driver(0), 14.0) == 0.0
    assert gate.closed_s(driver(3), 15.0) < 0.001


def test_a_driver_without_a_writer_never_closes_the_gate() -> None:
    assert Gate().closed_s(SimpleNamespace(_writer_thread=None), 1.0) == 0.0
    assert Gate().closed_s(object(), 1.0) == 0.0


def test_the_modes_of_the_terminal_are_put_back_whatever_happened() -> None:
    ours, theirs = pty.openpty()
    with Terminal(theirs, theirs) as terminal:
        modes = termios.tcgetattr(theirs)
        changed = [*modes]
        changed[3] &= ~(termios.ECHO | termios.ICANON)
        termios.tcsetattr(theirs, termios.TCSANOW, changed)
        terminal.restore()
    assert termios.tcgetattr(theirs)[3] == modes[3]
    written = os.read(ours, 1000)
    assert b"\x1b[?1049l" in written
    assert b"\x1b[?25h" in written
    os.close(ours)
    terminal.restore()
    os.close(theirs)
    terminal.restore()


def test_a_picture_is_shown_and_what_is_typed_under_it_is_kept() -> None:
    ours, theirs = pty.openpty()
    with Terminal(theirs, theirs) as terminal:
        before = termios.tcgetattr(theirs)
        terminal.take("\x1b[?1049hSTARTING ─")
        os.write(ours, b"\x1b[24~\r")
        assert os.read(theirs, 100) == b"\x1b[24~\r"
        assert os.read(ours, 1000).decode() == "\x1b[?1049hSTARTING ─"
        terminal.give_back()
        assert termios.tcgetattr(theirs)[:4] == before[:4]
    # Whoever took over has left the picture: nothing is written on what came after it.
    os.write(theirs, b"end")
    assert os.read(ours, 1000) == b"end"
    os.close(ours)
    os.close(theirs)


def test_a_picture_that_nobody_took_over_is_taken_away() -> None:
    ours, theirs = pty.openpty()
    with Terminal(theirs, theirs) as terminal:
        terminal.take("picture")
    written = b""
    while b"\x1b[?1049l" not in written:
        written += os.read(ours, 1000)
    assert termios.tcgetattr(theirs)[3] & termios.ECHO
    os.close(ours)
    os.close(theirs)


def test_a_terminal_that_does_not_read_holds_nobody_up() -> None:
    ours, theirs = pty.openpty()
    with Terminal(theirs, theirs) as terminal:
        terminal.take("x" * 1_000_000)
        assert os.get_blocking(theirs)
        assert terminal.size() == (80, 25)
    os.close(ours)
    os.close(theirs)
