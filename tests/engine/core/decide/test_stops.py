from collections.abc import Sequence

from msgspec.structs import replace

from engine.core.commands import Flatten, Kill, Release
from engine.core.context import Policy
from engine.core.events import (
    CommandRefused,
    Drift,
    EventType,
    InstrumentsChanged,
    KillProgress,
    KillStarted,
    OrderEvent,
    OrderSubmitted,
    Reconciled,
    TradingStateChanged,
)
from engine.core.reports import Outcome, RequestKind, SweepReport, VenueStatus
from engine.core.requests import CancelRequest, Sweep
from engine.core.state import evolve
from engine.core.types import KillLevel, Side, TradingState
from tests.support.desk import Desk, d, fill, outcome, perpetual, row


def held(desk: Desk, qty: str, side: Side = Side.BUY) -> None:
    """Give the desk a position."""
    desk.working("held", qty=d(qty), side=side)
    desk.give(fill("e-held", qty, "held", side=side))


def code(events: Sequence[object]) -> str:
    assert len(events) == 1
    assert isinstance(events[0], CommandRefused)
    return events[0].code


def test_a_halt_latches_and_cancels_nothing() -> None:
    desk = Desk()
    desk.working()
    events = desk.give(Kill(command_id="k1", level=KillLevel.HALT, by="F12"))
    assert events == [
        TradingStateChanged(
            ts=desk.now_ns,
            state=TradingState.HALTED,
            by="F12",
            reason="level halt",
            command_id="k1",
        )
    ]
    assert desk.requests == []


def test_a_pause_does_not_loosen_a_halt() -> None:
    desk = Desk()
    desk.give(Kill(command_id="k1", level=KillLevel.HALT))
    assert desk.give(Kill(command_id="k2", level=KillLevel.PAUSE)) == []
    assert desk.state.trading is TradingState.HALTED


def test_a_kill_latches_cancels_what_is_ours_and_sweeps() -> None:
    desk = Desk()
    desk.working("a1")
    desk.working("a2", side=Side.SELL)
    desk.give(row("ex1"))
    desk.gate_closed_at = desk.now_ns - 5
    events = desk.give(Kill(command_id="k1", level=KillLevel.KILL))
    assert [type(event) for event in events] == [
        TradingStateChanged,
        KillStarted,
        OrderEvent,
        OrderEvent,
    ]
    assert events[1] == KillStarted(
        ts=desk.now_ns,
        kill_id="k1",
        level=KillLevel.KILL,
        blocked_at=desk.now_ns - 5,
        targets=("a1", "a2"),
    )
    assert [request for request in desk.requests if isinstance(request, Sweep | CancelRequest)] == [
        Sweep(kill_id="k1", level=KillLevel.KILL),
        CancelRequest(client_order_id="a1", symbol="BTCUSDT"),
        CancelRequest(client_order_id="a2", symbol="BTCUSDT"),
    ]


def test_a_kill_spares_reduce_only_conditional_orders_and_kill_all_does_not() -> None:
    desk = Desk()
    desk.working("stop", side=Side.SELL, reduce_only=True)
    desk.give(row("stop", status=VenueStatus.UNTRIGGERED, side=Side.SELL, reduce_only=True))
    desk.give(Kill(command_id="k1", level=KillLevel.KILL))
    assert desk.state.kill is not None
    assert not desk.state.kill.targets
    desk.give(Kill(command_id="k2", level=KillLevel.KILL_ALL))
    assert desk.state.kill.targets == ("stop",)


def test_a_protective_stop_that_is_being_amended_is_spared_too() -> None:
    desk = Desk()
    desk.working("stop", reduce_only=True)
    desk.give(row("stop", status=VenueStatus.UNTRIGGERED, reduce_only=True))
    desk.give(desk.amend("stop", price=d(59_000)))
    assert desk.order("stop").pending_replace
    desk.give(Kill(command_id="k1"))
    assert desk.state.kill is not None
    assert desk.state.kill.targets == ()


def test_pressing_again_starts_the_sweep_anew_without_asking_twice() -> None:
    desk = Desk()
    desk.working()
    desk.give(Kill(command_id="k1"))
    events = desk.give(Kill(command_id="k2"))
    assert [type(event) for event in events] == [KillStarted]
    assert desk.state.kill is not None
    assert desk.state.kill.kill_id == "k2"


def test_a_kill_of_the_same_halt_keeps_what_the_ones_before_came_to() -> None:
    desk = Desk()
    desk.working("a1")
    desk.gate_closed_at = began = desk.now_ns
    desk.give(Kill(command_id="k1"))
    desk.give(SweepReport(kill_id="k1", verified=True, finished=True))
    zero = desk.now_ns
    desk.later(5)
    desk.give(Kill(command_id="k2"))
    kill = desk.state.kill
    assert kill is not None
    assert (kill.targets, kill.before) == (("a1",), ())
    assert (kill.first_halt_at, kill.first_zero_at) == (began, zero)
    desk.give(row("a1", status=VenueStatus.CANCELED))
    desk.later(5)
    desk.give(Kill(command_id="k3"))
    latest = desk.state.kill
    assert latest is not None
    assert (latest.targets, latest.before) == ((), ("a1",))
    assert (latest.first_halt_at, latest.first_zero_at) == (began, zero)


def test_a_kill_of_a_later_halt_begins_anew() -> None:
    desk = Desk()
    desk.working("a1")
    desk.give(Kill(command_id="k1"))
    desk.give(SweepReport(kill_id="k1", verified=True, finished=True))
    desk.later(60)
    for state in (TradingState.ACTIVE, TradingState.HALTED):
        evolve(desk.state, TradingStateChanged(ts=desk.now_ns, state=state, by="ops"))
    desk.give(Kill(command_id="k2"))
    assert desk.state.kill is not None
    assert (desk.state.kill.before, desk.state.kill.first_zero_at) == ((), 0)


def test_a_sweep_cancels_what_turns_up_and_ends_with_the_venues_zero() -> None:
    desk = Desk()
    desk.give(desk.place("late"))
    desk.give(Kill(command_id="k1"))
    desk.give(outcome("late"))
    desk.give(row("late"))
    # The cancel overtook the place at the venue and was refused: the order is there after all.
    desk.give(outcome("late", RequestKind.CANCEL, Outcome.REJECTED, reason="NOT_FOUND"))
    events = desk.give(SweepReport(kill_id="k1", first_cancel_at=7, residual=("late", "gone")))
    assert [type(event) for event in events] == [KillProgress, OrderEvent]
    assert desk.state.kill is not None
    assert desk.state.kill.residual == ("late", "gone")
    desk.later(1)
    desk.give(SweepReport(kill_id="k1", first_cancel_at=7, verified=True, finished=True))
    assert desk.state.kill.verified_zero_at == desk.now_ns
    assert (desk.state.kill.first_cancel_at, desk.state.kill.done) == (7, True)


def test_a_sweep_that_gives_up_is_done_without_a_verified_zero() -> None:
    desk = Desk()
    desk.give(Kill(command_id="k1"))
    desk.give(SweepReport(kill_id="k1", residual=("a9",), finished=True))
    assert desk.state.kill is not None
    assert (desk.state.kill.done, desk.state.kill.verified_zero_at) == (True, 0)
    assert desk.state.kill.residual == ("a9",)


def test_reports_of_another_sweep_are_passed_over() -> None:
    desk = Desk()
    assert desk.give(SweepReport(kill_id="k0", finished=True)) == []
    desk.give(Kill(command_id="k1"))
    assert desk.give(SweepReport(kill_id="k0", finished=True)) == []
    evolve(desk.state, KillProgress(ts=1, kill_id="k0", done=True))
    assert desk.state.kill is not None
    assert not desk.state.kill.done


def test_level_flatten_closes_positions_once_the_venue_shows_zero() -> None:
    desk = Desk()
    held(desk, "0.010")
    desk.give(Kill(command_id="k1", level=KillLevel.FLATTEN))
    events = desk.give(SweepReport(kill_id="k1", verified=True, finished=True))
    order = events[1]
    assert isinstance(order, OrderSubmitted)
    assert (order.side, order.qty, order.reduce_only) == (Side.SELL, d("0.010"), True)
    assert desk.state.trading is TradingState.HALTED


def test_a_flatten_closes_every_position_and_leaves_the_trading_state() -> None:
    desk = Desk()
    held(desk, "0.010", Side.SELL)
    desk.give(Kill(command_id="k1", level=KillLevel.HALT))
    events = desk.give(Flatten(command_id="f1"))
    assert len(events) == 1
    order = events[0]
    assert isinstance(order, OrderSubmitted)
    assert (order.side, order.qty, order.price) == (Side.BUY, d("0.010"), None)
    assert order.client_order_id.startswith("flat-")
    assert desk.state.trading is TradingState.HALTED


def test_a_flatten_of_a_large_position_goes_in_slices_the_venue_takes() -> None:
    desk = Desk()
    held(desk, "0.010")
    small = replace(perpetual(), max_market_qty=d("0.004"))
    evolve(desk.state, InstrumentsChanged(ts=1, instruments=(small,)))
    events = desk.give(Flatten(command_id="f1", symbol="BTCUSDT"))
    assert [event.qty for event in events if isinstance(event, OrderSubmitted)] == [
        d("0.004"),
        d("0.004"),
        d("0.002"),
    ]


def test_a_flatten_closes_positions_of_markets_that_are_gone_too() -> None:
    desk = Desk()
    held(desk, "0.010")
    desk.state.instruments.clear()
    assert len(desk.give(Flatten(command_id="f1"))) == 1


def test_a_flatten_leaves_the_dust_of_a_holding_that_is_no_multiple_of_the_step() -> None:
    desk = Desk()
    held(desk, "0.010")
    coarse = replace(perpetual(), qty_step=d("0.003"))
    evolve(desk.state, InstrumentsChanged(ts=1, instruments=(coarse,)))
    (order,) = desk.give(Flatten(command_id="f1"))
    assert isinstance(order, OrderSubmitted)
    assert order.qty == d("0.009")


def test_a_flatten_is_known_by_its_orders_so_that_a_replay_remembers_it_too() -> None:
    desk = Desk()
    held(desk, "0.010")
    (order,) = desk.give(Flatten(command_id="f1"))
    assert isinstance(order, OrderSubmitted)
    assert order.command_id == "f1"
    assert desk.state.has_command("f1")


def test_a_flatten_without_a_position_is_refused_and_a_repeated_one_has_no_effect() -> None:
    desk = Desk()
    assert code(desk.give(Flatten(command_id="f1"))) == "NO_POSITION"
    held(desk, "0.010")
    assert code(desk.give(Flatten(command_id="f2", symbol="ETHUSDT"))) == "NO_POSITION"
    assert len(desk.give(Flatten(command_id="f3"))) == 1
    assert desk.give(Flatten(command_id="f3")) == []


def release(
    desk: Desk, account: str = "paper", reason: str = "drill over", symbol: str = ""
) -> list[object]:
    command_id = desk.command_id()
    command = Release(command_id=command_id, account=account, reason=reason, symbol=symbol)
    return list(desk.give(command))


def test_release_takes_the_accounts_name_and_a_reason() -> None:
    desk = Desk(policy=Policy(release_reason_min_chars=10))
    assert code(release(desk)) == "NOT_HALTED"
    desk.give(Kill(command_id="k1", level=KillLevel.HALT))
    assert code(release(desk, account="papier")) == "WRONG_ACCOUNT"
    assert code(release(desk, reason="short    ")) == "REASON_TOO_SHORT"
    events = release(desk)
    assert len(events) == 1
    assert isinstance(events[0], TradingStateChanged)
    assert events[0].state is TradingState.ACTIVE
    assert desk.state.trading_reason == "drill over"


def test_release_waits_for_the_sweep_for_unknown_orders_and_for_a_clean_comparison() -> None:
    desk = Desk()
    desk.give(desk.place())
    desk.give(outcome(result=Outcome.UNKNOWN))
    desk.give(Kill(command_id="k1"))
    assert code(release(desk)) == "KILL_RUNNING"
    desk.give(SweepReport(kill_id="k1", verified=True, finished=True))
    evolve(desk.state, OrderEvent(EventType.CANCEL_REJECT, "a1", desk.now_ns))
    assert code(release(desk)) == "UNKNOWN_ORDERS"
    desk.give(row("a1", status=VenueStatus.CANCELED))
    drift = Drift(symbol="BTCUSDT", ours=d(0), venue=d(1), since_ts=1)
    evolve(desk.state, Reconciled(ts=desk.now_ns, drift=(drift,)))
    assert code(release(desk)) == "NOT_RECONCILED"
    evolve(desk.state, Reconciled(ts=desk.now_ns))
    desk.state.ready = False
    assert code(release(desk)) == "NOT_RECONCILED"
    desk.state.ready = True
    assert isinstance(release(desk)[0], TradingStateChanged)


def narrow(desk: Desk, symbol: str = "BTCUSDT") -> None:
    """Let only reducing orders pass in one market."""
    reducing = TradingState.REDUCING
    evolve(desk.state, TradingStateChanged(ts=1, state=reducing, by="risk", symbol=symbol))


def test_a_market_narrowed_by_itself_is_released_by_its_name() -> None:
    desk = Desk()
    narrow(desk)
    assert code(release(desk)) == "NOT_HALTED"
    assert code(release(desk, symbol="ETHUSDT")) == "NOT_HALTED"
    assert release(desk, symbol="BTCUSDT") == [
        TradingStateChanged(
            ts=desk.now_ns,
            state=TradingState.ACTIVE,
            by="operator",
            reason="drill over",
            command_id="c3",
            symbol="BTCUSDT",
        )
    ]
    assert desk.state.trading_of("BTCUSDT") is TradingState.ACTIVE


def test_a_market_is_released_whatever_is_wrong_in_another_one() -> None:
    desk = Desk()
    desk.give(desk.place())
    desk.give(outcome(result=Outcome.UNKNOWN))
    drift = Drift(symbol="BTCUSDT", ours=d(0), venue=d(1), since_ts=1)
    evolve(desk.state, Reconciled(ts=desk.now_ns, drift=(drift,)))
    narrow(desk, "BTCUSDT")
    narrow(desk, "ETHUSDT")
    assert isinstance(release(desk, symbol="ETHUSDT")[0], TradingStateChanged)
    assert code(release(desk, symbol="BTCUSDT")) == "UNKNOWN_ORDERS"
    desk.give(row("a1", status=VenueStatus.CANCELED))
    assert code(release(desk, symbol="BTCUSDT")) == "NOT_RECONCILED"


def test_an_engine_that_broke_is_not_released() -> None:
    desk = Desk()
    desk.give(Kill(command_id="k1", level=KillLevel.HALT))
    desk.broken = "JournalError: the disk is full"
    (refused,) = release(desk)
    assert isinstance(refused, CommandRefused)
    assert refused.code == "ENGINE_FAILED"
    assert refused.text == "restart the engine: JournalError: the disk is full"


def test_a_kill_that_was_never_compared_can_be_released_when_ready() -> None:
    desk = Desk()
    desk.give(Kill(command_id="k1", level=KillLevel.HALT))
    desk.state.reconciled = None
    assert isinstance(release(desk)[0], TradingStateChanged)
