from __future__ import annotations

import asyncio
import random
from contextlib import closing
from pathlib import Path

import pytest
from msgspec import structs

from engine.core.commands import CancelOrder, Kill
from engine.core.events import (
    EngineStarted,
    Event,
    EventType,
    InstrumentsChanged,
    OrderEvent,
    OrderRecalled,
    Reconciled,
    TradingStateChanged,
)
from engine.core.instruments import Instrument
from engine.core.limits import PAPER_LIMITS
from engine.core.reports import Outcome, SweepReport
from engine.core.requests import RecallOrder, StartTimer, Sweep
from engine.core.saved_state import FORM
from engine.core.state import State, evolve
from engine.core.types import KillLevel, TradingState
from engine.journal.chain import Identity
from engine.journal.errors import JournalCorrupt
from engine.journal.reader import open_for_reading
from engine.journal.snapshots import Snapshot
from engine.kill.latch import LatchRecord
from engine.recovery.rebuild import RunTerms, begin_run, read_back, recover, take_snapshot
from tests.support.desk import Desk, fill, outcome, perpetual
from tests.support.journals import open_journal, tampering

WHO = Identity("paper", "paper", "bybit")
MARKETS = (perpetual(),)
NOW = 5_000


def begun(
    state: State, *, latched: LatchRecord | None = None, markets: tuple[Instrument, ...] = MARKETS
) -> list[object]:
    """What a run begins with, folded as the engine does."""
    steps: list[object] = []
    for step in begin_run(state, WHO, markets, latched, RunTerms(PAPER_LIMITS), NOW):
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
            Reconciled(ts=1),
            *desk.events,
        ):
            evolve(state, event)
            written.append(event)
            await journal.append([event])
            if state.seq == snapshot_after:
                journal.save_snapshot(Snapshot(state.seq, state.encode()))

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
    assert state.encode() == desk.state.encode()
    assert state.seq == len(desk.events) + 3


def busy_desk(rng: random.Random, orders: int) -> Desk:
    """A life of many orders: acknowledged, filled in part or whole, canceled, or in doubt."""
    desk = Desk()
    names = [f"a{number}" for number in range(orders)]
    for name in names:
        desk.later(rng.random())
        desk.give(desk.place(name))
        if rng.random() < 0.8:
            desk.give(outcome(name))
        for other in rng.sample(names, 3):
            if desk.state.orders.get_order(other) is None:
                continue
            desk.later(rng.random())
            if rng.random() < 0.3:
                desk.give(CancelOrder(command_id=desk.command_id(), client_order_id=other))
            else:
                desk.give(fill(f"e{len(desk.events)}", rng.choice(["0.003", "0.007"]), other))
    return desk


@pytest.mark.parametrize("seed", range(3))
def test_g11_a_snapshot_at_any_event_and_the_tail_are_the_fold_of_everything(
    tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)
    path = tmp_path / "journal.db"
    journaled(busy_desk(rng, 40), path)
    with closing(open_for_reading(path)) as reader:
        whole = recover(reader).encode()
        for cut in sorted(rng.sample(range(reader.last_seq + 1), 12)):
            state = State()
            for _, event in zip(range(cut), reader.replay(), strict=False):
                evolve(state, event[1])
            reader.save_snapshot(Snapshot(cut, state.encode()))
            newest = reader.latest_snapshot()
            assert newest is not None
            assert newest.seq == cut
            assert recover(reader).encode() == whole


@pytest.mark.parametrize("form", [b"0", b"999"])
def test_a_snapshot_of_another_version_of_the_program_is_passed_over(
    tmp_path: Path, form: bytes
) -> None:
    path = tmp_path / "journal.db"
    desk = busy_desk(random.Random(3), 5)
    journaled(desk, path)
    with closing(open_for_reading(path)) as reader:
        whole = recover(reader)
        saved = whole.encode().replace(b'"form":%d,' % FORM, b'"form":%b,"more":1,' % form, 1)
        reader.save_snapshot(Snapshot(whole.seq, saved))
        assert reader.latest_snapshot() == Snapshot(whole.seq, saved)
        assert recover(reader).encode() == whole.encode()


def test_the_program_saves_what_the_journal_holds_while_an_engine_writes_it(
    tmp_path: Path,
) -> None:
    path = tmp_path / "journal.db"
    journaled(busy_desk(random.Random(7), 10), path)
    journal = open_journal(path)
    whole = recover(journal)
    take_snapshot(path)
    assert journal.latest_snapshot() == Snapshot(whole.seq, whole.encode())
    assert journal.verify() is None
    journal.close()


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


def closed_in(path: Path) -> RecallOrder:
    """A journal in which a1 closed, and the question for it."""
    desk = Desk()
    desk.working("a1")
    desk.working("a2")
    desk.give(fill("e1", "0.010", "a1"))
    desk.events.append(OrderRecalled(ts=NOW, client_order_id="a1", order=desk.order("a1")))
    desk.give(CancelOrder(command_id="x1", client_order_id="a1"))
    journaled(desk, path)
    order = desk.order("a1")
    order.last_seq += 1  # for the recall, which the desk has not folded
    waiting = CancelOrder(command_id="x2", client_order_id="a1")
    return RecallOrder(
        name="a1", first_seq=order.first_seq, last_seq=order.last_seq, waiting=waiting
    )


@pytest.mark.parametrize("name", ["a1", "x-a1"])
def test_an_order_is_read_back_as_it_was_by_either_id(tmp_path: Path, name: str) -> None:
    recall = closed_in(tmp_path / "journal.db")
    order = read_back(tmp_path / "journal.db", structs.replace(recall, name=name))
    assert order is not None
    journal = open_journal(tmp_path / "journal.db")
    assert order == recover(journal).orders.get_order("a1")
    assert [entry.type for entry in order.history] == [
        "ORDER_SENT", "ORDER_ACK", "FULL_FILL", "CancelOrder"
    ]  # fmt: skip
    journal.close()


def test_there_is_nothing_of_an_id_that_only_looks_like_an_orders(tmp_path: Path) -> None:
    recall = closed_in(tmp_path / "journal.db")
    for name in ("a", 'a1"', "x-a", "a3"):
        assert read_back(tmp_path / "journal.db", structs.replace(recall, name=name)) is None


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ("DELETE FROM events WHERE seq = 10", "event 10: missing, the newest of a1"),
        ("UPDATE events SET event = replace(event, '0.010', '0.10') WHERE seq = 8", "event 8: alt"),
        ("DELETE FROM events WHERE seq = 7", "event 7: missing"),
        ("UPDATE events SET event = '' WHERE seq = 4", "event 10: missing, the newest of a1"),
    ],
)
def test_a_journal_that_was_tampered_with_gives_no_order_back(
    tmp_path: Path, change: str, error: str
) -> None:
    recall = closed_in(tmp_path / "journal.db")
    with tampering(tmp_path / "journal.db") as connection:
        connection.execute(change)
    with pytest.raises(JournalCorrupt, match=error):
        read_back(tmp_path / "journal.db", recall)
