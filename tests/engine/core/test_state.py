import msgspec
import pytest

from engine.core.commands import AmendOrder, CancelOrder, Kill, Reconcile
from engine.core.events import (
    CommandRefused,
    EngineStarted,
    KillProgress,
    OrderAdopted,
    TradingStateChanged,
)
from engine.core.seen import COMMANDS_REMEMBERED
from engine.core.state import State, evolve
from engine.core.types import KillLevel, Side, TradingState
from tests.support.desk import Desk, d, fill, row


def busy_desk() -> Desk:
    """A desk with an order in many a state, a position, a refusal and a kill."""
    desk = Desk()
    desk.working("a1")
    desk.give(fill("e1", "0.004", "a1"))
    desk.working("a2", side=Side.SELL)
    desk.give(AmendOrder(command_id="m1", client_order_id="a2", qty=d("0.030")))
    desk.give(desk.place("a3", price=d(90_000)))
    desk.give(CancelOrder(command_id="x1", client_order_id="zz"))
    desk.give(row("web-1"))
    narrowed = TradingStateChanged(
        ts=5, state=TradingState.REDUCING, by="risk", reason="drift", symbol="ETHUSDT"
    )
    evolve(desk.state, narrowed)
    desk.events.append(narrowed)
    desk.give(Kill(command_id="k1", level=KillLevel.KILL, reason="drill"))
    return desk


def test_a_decoded_state_is_the_encoded_one() -> None:
    state = busy_desk().state
    again = State.decode(state.encode())
    assert again.encode() == state.encode()
    assert again.exposure.working("BTCUSDT", Side.SELL) == d("0.030")
    assert again.trading is TradingState.HALTED
    assert again.has_command("x1")


def test_folding_the_same_events_gives_the_same_state() -> None:
    desk = busy_desk()
    replica = Desk().state
    for event in desk.events:
        evolve(replica, event)
    assert replica.encode() == desk.state.encode()
    assert replica.seq == 3 + len(desk.events)


def test_a_damaged_snapshot_is_no_state() -> None:
    with pytest.raises(msgspec.DecodeError):
        State.decode(b'{"account": ')


def test_command_ids_are_remembered_up_to_a_bound() -> None:
    state = State()
    for number in range(COMMANDS_REMEMBERED + 1):
        state.remember_command(f"c{number}")
    assert not state.has_command("c0")
    assert state.has_command("c1")
    assert len(state.commands) == COMMANDS_REMEMBERED


def test_commands_without_an_id_are_never_taken_for_a_repetition() -> None:
    desk = Desk()
    desk.give(Reconcile(command_id=""))
    desk.give(Reconcile(command_id=""))
    assert len(desk.requests) == 2
    evolve(desk.state, CommandRefused(ts=1, command_id="", command="X", code="Y"))
    assert not desk.state.has_command("")


def test_a_restart_keeps_the_halt_and_waits_for_a_comparison() -> None:
    desk = busy_desk()
    evolve(desk.state, EngineStarted(ts=9, account="paper", venue="bybit", environment="p", run=2))
    assert desk.state.trading is TradingState.HALTED
    assert (desk.state.ready, desk.state.links, desk.state.run) == (False, {}, 2)


def test_a_run_begins_with_an_empty_second_of_orders() -> None:
    desk = busy_desk()
    assert desk.state.activity.submits
    evolve(desk.state, EngineStarted(ts=0, account="paper", venue="bybit", environment="p", run=2))
    assert not desk.state.activity.submits


def test_an_event_that_cannot_be_folded_takes_no_number() -> None:
    desk = Desk()
    desk.give(desk.place())
    before = desk.state.seq
    taken = OrderAdopted(
        ts=1, client_order_id="a1", exchange_order_id="", symbol="X", side=Side.BUY, qty=d(1)
    )
    with pytest.raises(ValueError, match="taken"):
        evolve(desk.state, taken)
    assert desk.state.seq == before


def test_progress_of_a_kill_that_was_never_started_is_passed_over() -> None:
    state = State()
    evolve(state, KillProgress(ts=1, kill_id="k"))
    assert state.kill is None
