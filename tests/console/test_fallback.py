"""Plain lines when the screen is gone: KILL works, STATUS is true, QUIT decides about orders."""

from __future__ import annotations

import io
import os
from collections.abc import Callable

from console.fallback import run_fallback
from console.ids import Ids
from console.keymap import read_keymap
from console.options import Options
from console.session import Session
from engine.clock import SimClock
from engine.core.types import KillLevel
from tests.console.fakes import NOW, FakeLink, busy_link


def typed(
    text: str, link: FakeLink | None = None, ending: Callable[[], bool] | None = None
) -> tuple[str, list[str], FakeLink]:
    """What a fallback fed with `text` decided and wrote."""
    link = link or busy_link()
    session = Session(link, SimClock(NOW), Options(), read_keymap(), ids=Ids("run"))
    out = io.StringIO()
    read_fd, write_fd = os.pipe()
    os.write(write_fd, text.encode())
    os.close(write_fd)
    with os.fdopen(read_fd) as stdin:
        policy = run_fallback(
            session, "boom", stdin, out, ending=ending or (lambda: False), monotonic=lambda: 1.0
        )
    return policy, out.getvalue().splitlines(), link


def test_it_says_what_happened_and_what_can_be_typed() -> None:
    _, lines, _ = typed("QUIT\n")
    assert lines == [
        "tradedeck: the screen failed: boom",
        "The engine goes on. type KILL to stop trading and cancel, STATUS, "
        "QUIT (orders stay), CANCEL-QUIT",
    ]


def test_kill_is_both_stages_and_its_progress_is_told() -> None:
    _, lines, link = typed("kill\nQUIT\n")
    assert [level for level, _, _ in link.kills] == [KillLevel.KILL]
    assert lines[2:] == [
        "HALT and cancel sent",
        "HALTED paper by operator, plain-text console: "
        "KILL: 0 of 6 orders on paper cancelled, verifying; 0 external untouched "
        "· KILL sends again",
    ]


def test_status_is_one_true_line() -> None:
    _, lines, _ = typed("STATUS\nQUIT\n")
    assert lines[2] == ("paper ACTIVE, 6 open orders, positions BTCUSDT +0.900, ETHUSDT -2.00")
    _, empty, _ = typed("STATUS\nQUIT\n", FakeLink())
    assert empty[2] == "no account yet ACTIVE, 0 open orders, positions none"


def test_quit_leaves_the_orders_and_cancel_quit_does_not() -> None:
    assert typed("QUIT\n")[0] == "leave"
    assert typed("cancel-quit\n")[0] == "cancel"


def test_the_end_of_the_input_leaves() -> None:
    assert typed("")[0] == "leave"


def test_anything_else_is_answered_with_the_words_and_an_empty_line_with_nothing() -> None:
    _, lines, _ = typed("help\n\nQUIT\n")
    assert len(lines) == 3
    assert lines[2].startswith("type KILL")


def test_it_ends_when_it_is_told_to() -> None:
    turns = iter([False, True])
    assert typed("STATUS\n" * 5, ending=lambda: next(turns))[0] == "leave"
