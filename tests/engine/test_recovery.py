from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from engine.core.commands import CancelOrder, Kill
from engine.core.events import (
    EngineStarted,
    Event,
    EventType,
    InstrumentsChanged,
    OrderEvent,
    TradingStateChanged,
)
from engine.core.limits import PAPER_LIMITS
from engine.core.reports import Outcome, SweepReport
from engine.core.requests import StartTimer, Sweep
from engine.core.state import State, evolve
from engine.core.types import KillLevel, TradingState
from engine.journal import Identity
from engine.latch import LatchRecord
from engine.recovery import begin_run, recover
from tests.support.desk import Desk, fill, outcome, perpetual
from tests.support.journals import open_journal

WHO = Identity("paper", "paper", "bybit")
MARKETS = (perpetual(),)
NOW = 5_000


def begun(
    state: State, *, latched: LatchRecord | None = None, markets: tuple[object, ...] = MARKETS
) -> list[object]:
    """What a run begins with, folded as the engine does."""
    steps: list[object] = []
    for step in begin_run(state, WHO, markets, latched, PAPER_LIMITS, NOW):  # type: ignore[arg-type]
        if isinstance(step, Event):
            evolve(state, step)
        steps.append(step)
    return steps


def journaled(desk: Desk, path: Path, *, snapshot_after: int = 0) -> None:
    """Write the desk's events, from the first one on, with a snapshot among them."""
    journal = open_journal(path)
    state = State()
    written: list[Event] = []

    async def write() -> None:
        for event in (
            EngineStarted(ts=1, account="paper", venue="bybit", environment="paper"),
            InstrumentsChanged(ts=1, instruments=MARKETS),
            *desk.events,
        ):
            evolve(state, event)
            written.append(event)
            await journal.append([event])
            if state.seq == snapshot_after:
                await journal.save_snapshot(state.seq, state.encode())

    asyncio.run(write())
    journal.close()


@pytest.mark.parametrize("snapshot_after", [0, 1, 4, 8])
def test_g11_the_state_is_the_fold_of_the_journal_with_or_without_a_snapshot(
    tmp_path: Path, snapshot_after: int
) -> None:
    desk = Desk()
    desk.working("a1")
    desk.give(fill("e1", "0.004"))
    desk.working("a2")
    desk.give(CancelOrder(command_id="x1", client_order_id="a2"))
    desk.give(Kill(command_id="k1"))
    journaled(desk, tmp_path / "journal.db", snapshot_after=snapshot_after)
    journal = open_journal(tmp_path / "journal.db")
    state = recover(journal)
    journal.close()
    desk.state.ready, desk.state.reconciled, desk.state.seq = state.ready, None, state.seq
    assert state.encode() == desk.state.encode()
    assert state.seq == len(desk.events) + 2


def test_an_empty_journal_is_an_account_that_never_traded(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "journal.db")
    state = recover(journal)
    journal.close()
    assert state.encode() == State().encode()


def test_a_first_run_notes_itself_and_the_markets() -> None:
    state = State()
    assert begun(state) == [
        EngineStarted(ts=NOW, account="paper", venue="bybit", environment="paper", run=1),
        InstrumentsChanged(ts=NOW, instruments=MARKETS),
    ]


def test_a_later_run_notes_markets_only_where_they_changed() -> None:
    desk = Desk()
    assert begun(desk.state) == [
        EngineStarted(ts=NOW, account="paper", venue="bybit", environment="paper", run=2)
    ]
    changed = (perpetual(tick="0.5"),)
    assert InstrumentsChanged(ts=NOW, instruments=changed) in begun(desk.state, markets=changed)


def test_what_was_never_acknowledged_is_unknown_and_every_other_order_is_looked_at() -> None:
    desk = Desk()
    desk.working("open")
    desk.give(desk.place("sent"))
    desk.give(desk.place("unknown"))
    desk.give(outcome("unknown", result=Outcome.UNKNOWN))
    desk.give(desk.place("sent-and-canceled"))
    desk.give(CancelOrder(command_id="x1", client_order_id="sent-and-canceled"))
    desk.working("done")
    desk.give(fill("e1", "0.010", "done"))
    assert begun(desk.state)[1:] == [
        StartTimer(kind="look", key="open", after_s=0.0),
        OrderEvent(EventType.SEND_UNKNOWN, "sent", NOW, reason="RESTARTED"),
        StartTimer(kind="look", key="unknown", after_s=0.0),
        OrderEvent(EventType.SEND_UNKNOWN, "sent-and-canceled", NOW, reason="RESTARTED"),
    ]


RECORDS = {
    TradingState.HALTED: LatchRecord(KillLevel.HALT, "ann", "drill", 7),
    TradingState.REDUCING: LatchRecord(KillLevel.PAUSE, "ann", "drill", 7),
}


@pytest.mark.parametrize(
    ("journal", "latch", "begins"),
    [
        (TradingState.ACTIVE, TradingState.HALTED, TradingState.HALTED),
        (TradingState.ACTIVE, TradingState.REDUCING, TradingState.REDUCING),
        (TradingState.REDUCING, TradingState.REDUCING, None),
        (TradingState.REDUCING, TradingState.HALTED, TradingState.HALTED),
        (TradingState.HALTED, TradingState.REDUCING, None),
        (TradingState.HALTED, TradingState.HALTED, None),
    ],
)
def test_of_journal_and_latch_the_stricter_holds(
    journal: TradingState, latch: TradingState, begins: TradingState | None
) -> None:
    desk = Desk()
    evolve(desk.state, TradingStateChanged(ts=1, state=journal, by="bob"))
    changes = [
        step
        for step in begun(desk.state, latched=RECORDS[latch])
        if isinstance(step, TradingStateChanged)
    ]
    expected = TradingStateChanged(ts=NOW, state=begins or journal, by="ann", reason="drill")
    assert changes == ([expected] if begins else [])


def test_without_a_latch_the_journal_holds() -> None:
    desk = Desk()
    desk.give(Kill(command_id="k1", level=KillLevel.HALT))
    assert len(begun(desk.state)) == 1
    assert desk.state.trading is TradingState.HALTED


def test_a_sweep_that_was_cut_short_goes_on_and_one_that_ended_does_not() -> None:
    desk = Desk()
    desk.give(Kill(command_id="k1", level=KillLevel.KILL_ALL))
    assert begun(desk.state)[1:] == [Sweep(kill_id="k1", level=KillLevel.KILL_ALL)]
    desk.give(SweepReport(kill_id="k1", verified=True, finished=True))
    assert begun(desk.state)[1:] == []
