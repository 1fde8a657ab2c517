"""What is left when the screen keeps failing: plain lines that still accept KILL."""

from __future__ import annotations

import select
from collections.abc import Callable
from typing import Literal, TextIO

from console.halt import halt_view
from console.session import Session, Sight

POLL_S = 0.5
HELP = "type KILL to stop trading and cancel, STATUS, QUIT (orders stay), CANCEL-QUIT"

Policy = Literal["leave", "cancel"]


def run_fallback(
    session: Session,
    why: str,
    stdin: TextIO,
    out: TextIO,
    *,
    ending: Callable[[], bool],
    monotonic: Callable[[], float],
) -> Policy:
    """Read commands until QUIT, the end of the input, or `ending()`; returns what to do with open
    orders. The session goes on folding, so that STATUS is true and a kill's progress is told."""

    def say(text: str) -> None:
        out.write(f"{text}\r\n")
        out.flush()

    say(f"tradedeck: the screen failed: {why}")
    say("The engine goes on. " + HELP)
    told = ""
    while not ending():
        session.turn(monotonic(), Sight())
        told = _tell_halt(session, told, say)
        ready, _, _ = select.select([stdin], [], [], POLL_S)
        if not ready:
            continue
        line = stdin.readline()
        word = line.strip().upper()
        if not line or word == "QUIT":
            return "leave"
        if word == "CANCEL-QUIT":
            return "cancel"
        if word == "KILL":
            session.desk.kill_now("plain-text console")
            say("HALT and cancel sent")
        elif word == "STATUS":
            say(status_line(session))
        elif word:
            say(HELP)
    return "leave"


def status_line(session: Session) -> str:
    """One line: account, trading state, open orders, positions."""
    state, desk = session.replica.state, session.desk
    held = ", ".join(f"{p.symbol} {p.qty:+f}" for p in state.positions.positions.values() if p.qty)
    return (
        f"{desk.account or 'no account yet'} {state.trading}, "
        f"{len(desk.open_orders())} open orders, positions {held or 'none'}"
    )


def _tell_halt(session: Session, told: str, say: Callable[[str], None]) -> str:
    replica = session.replica
    view = halt_view(replica.state, session.desk.account, "KILL", replica.status)
    text = "" if view is None else f"{view.head}: {view.scope}"
    if text and text != told:
        say(text)
    return text
