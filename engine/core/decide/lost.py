"""What a message that could not be read may have said is learnt by asking the account.

At once, because it may have been a fill; and once a pause, because broken messages come in floods.
"""

from __future__ import annotations

from collections.abc import Iterator

from engine.core.context import Context
from engine.core.reports import InputLost
from engine.core.requests import QueryAccount, StartTimer, Step
from engine.core.state import State
from engine.core.types import NS

LOST = "lost"
"""The timer of the next question."""


def decide_lost(state: State, _report: InputLost, context: Context) -> Iterator[Step]:
    """Ask now, or when the pause since the last question is over."""
    if state.lost_asking:
        return
    pause_ns = round(context.policy.lost_input_pause_s * NS)
    wait_ns = state.lost_asked_ns + pause_ns - context.now_ns
    if wait_ns <= 0:
        yield ask_what_was_lost(state, context)
    else:
        state.lost_asking = True
        yield StartTimer(kind=LOST, key="", after_s=wait_ns / NS)


def ask_what_was_lost(state: State, context: Context) -> QueryAccount:
    """The question, which begins the next pause."""
    state.lost_asking = False
    state.lost_asked_ns = context.now_ns
    return QueryAccount()
