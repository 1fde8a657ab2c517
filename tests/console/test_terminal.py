"""What can be known of a terminal: whether it will do, keeps up, and is still there."""

from __future__ import annotations

import io
import os
import pty
from queue import Queue
from types import SimpleNamespace
from typing import TextIO, cast

import pytest

from console.terminal import Gate, is_gone, terminal_problem


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
