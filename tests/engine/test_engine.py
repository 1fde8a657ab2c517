from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from engine import engine as module
from engine import inbox as inbox_module
from engine.clock import NS
from engine.core.commands import (
    AmendOrder,
    CancelAll,
    CancelOrder,
    Command,
    Flatten,
    Kill,
    Reconcile,
    Release,
)
from engine.core.context import Context
from engine.core.decide.judge import Input, decide
from engine.core.events import (
    EngineStarted,
    Event,
    EventType,
    KillStarted,
    OrderDenied,
    OrderEvent,
    OrderSubmitted,
    TradingStateChanged,
)
from engine.core.requests import CancelRequest, OrderRequest, TimerFired
from engine.core.state import State
from engine.core.types import KillLevel, OrderState, OrderType, Side, TimeInForce, TradingState
from engine.journal.errors import JournalError
from engine.kill.latch import Latch
from engine.venues.bybit import create_bybit_client
from tests.support.house import AMEND, CANCEL, CREATE, House, simulate
from tests.support.market import T0, Market, book, quiet, ticker, trade

pytestmark = pytest.mark.usefixtures("any_transport")
D = Decimal
RESTS, TAKES = D("59000.0"), D("60000.1")


def release(house: House) -> Command:
    return Release(command_id=house.command_id(), account="paper", reason="drill over")


def kill(house: House, level: KillLevel = KillLevel.KILL) -> Command:
    return Kill(command_id=house.command_id(), level=level)


def cancel(house: House, order_id: str) -> Command:
    return CancelOrder(command_id=house.command_id(), client_order_id=order_id)


def refusals(house: House) -> list[str]:
    return [event.code for event in house.live.state.refusals]


def latch(house: House) -> Latch:
    return Latch(house.folder / "halt.latch")


# One order.


def test_an_order_is_journaled_sent_acknowledged_filled_and_booked(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        await house.engine()
        await house.give(house.place("a1", price=TAKES))
        order = house.order("a1")
        assert (order.state, order.cum_qty, order.avg_price) == (
            OrderState.FILLED,
            D("0.010"),
            TAKES,
        )
        assert house.position() == house.venue_position() == D("0.010")
        kinds = [event.type for event in house.events() if isinstance(event, OrderEvent)]
        assert kinds == [EventType.ORDER_ACK, EventType.FULL_FILL]

    simulate(tmp_path / "h", scenario)


def test_g1_no_place_and_no_amend_leaves_before_its_event_is_durable(tmp_path: Path) -> None:
    durable: list[tuple[str, bool]] = []

    async def scenario(house: House) -> None:
        def left(path: str, order_id: str) -> None:
            wanted = {CREATE: OrderSubmitted, AMEND: OrderEvent}.get(path)
            found = any(
                type(event) is wanted and getattr(event, "client_order_id", "") == order_id
                for event in house.events()
            )
            durable.append((path, found))

        await house.clock.sleep(1)
        await house.engine()
        house.on_request = left
        await house.give(house.place("a1"))
        house.disk.clear()
        await house.give(house.place("a2"), after_s=1)
        await house.give(house.place("a3"), after_s=1)
        assert durable == [(CREATE, True)]
        house.disk.set()
        await house.clock.sleep(0.1)
        amend = AmendOrder(command_id="m1", client_order_id="a1", price=D("58000.0"))
        await house.give(amend)
        assert durable == [(CREATE, True), (CREATE, True), (CREATE, True), (AMEND, True)]
        assert house.here() == house.at_venue()

    simulate(tmp_path / "h", scenario)


def test_g12_a_cancel_overtakes_a_journal_that_waits_for_its_disk(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        await house.engine()
        await house.give(house.place("a1"))
        house.disk.clear()
        await house.give(cancel(house, "a1"))
        assert house.requests[-1] == (CANCEL, "a1")
        assert house.at_venue() == {}
        assert house.order("a1").state is OrderState.CANCELED
        durable = len(house.events())
        house.disk.set()
        await house.clock.sleep(0.1)
        assert [getattr(event, "type", None) for event in house.events()[durable:]] == [
            EventType.CANCEL_REQUEST,
            EventType.CANCEL_ACK,
        ]

    simulate(tmp_path / "h", scenario)


def test_a_cancel_given_with_its_place_leaves_behind_it(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine = await house.engine()
        engine.submit(house.place("a1"))
        engine.submit(house.place("a2"))
        await house.give(cancel(house, "a1"))
        assert house.requests == [(CREATE, "a1"), (CREATE, "a2"), (CANCEL, "a1")]
        assert house.order("a1").state is OrderState.CANCELED
        assert list(house.at_venue()) == ["a2"]

    simulate(tmp_path / "h", scenario)


def test_a_command_is_carried_out_once(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        await house.engine()
        command = house.place("a1")
        for _ in range(3):
            await house.give(command)
        assert house.created == {"a1": 1}

    simulate(tmp_path / "h", scenario)


def test_consoles_hear_of_events_only_once_they_are_durable(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine = await house.engine()
        window = engine.publisher.subscribe()
        window.wants_snapshot = False
        house.disk.clear()
        await house.give(house.place("a1"))
        assert not window.poll()
        house.disk.set()
        await house.clock.sleep(0.1)
        update = window.poll()
        assert [envelope.seq for envelope in update.events] == list(
            range(update.events[0].seq, len(house.events()) + 1)
        )
        assert isinstance(update.events[0].event, OrderSubmitted)

    simulate(tmp_path / "h", scenario)


# Before the engine is ready.


def test_orders_wait_for_the_first_comparison(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine = await house.engine(wait=False)
        engine.submit(house.place("a1"))
        await engine.start()
        await house.clock.sleep(0.001)
        await engine.settled()
        await house.give(house.place("a2"))
        denied = [event for event in house.events() if isinstance(event, OrderDenied)]
        assert [(event.client_order_id, event.code) for event in denied] == [("a1", "RECONCILING")]
        assert house.created == {"a2": 1}

    simulate(tmp_path / "h", scenario)


def test_a_venue_that_cannot_be_reached_is_an_error_of_the_start(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        engine = await house.engine(wait=False)
        house.edge.died.set()  # no answer, ever
        with pytest.raises(TimeoutError):
            await engine.start()
        await engine.stop()

    simulate(tmp_path / "h", scenario)


def test_streams_that_cannot_be_opened_are_an_error_of_the_start_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(house: House) -> None:
        engine = await house.engine(wait=False)
        monkeypatch.setattr(house.exchange, "open_session", lambda *_: None)
        with pytest.raises(ConnectionError, match=r"no stream|refused the stream"):
            await engine.start()
        await house.stop()
        assert isinstance(house.events()[0], EngineStarted)

    simulate(tmp_path / "h", scenario)


def test_settled_means_a_comparison_that_began_after_the_question(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine = await house.engine()
        engine.submit(Reconcile(command_id=""))
        await house.clock.sleep(0.003)  # it is under way
        engine.submit(house.place("a1"))
        asked_ns = house.clock.now_ns()
        await engine.settled()
        assert house.clock.now_ns() - asked_ns > engine.reconcile.duration_s * 1e9
        assert house.order("a1").state is OrderState.NEW

    simulate(tmp_path / "h", scenario)


def test_the_account_is_compared_every_few_seconds(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine = await house.engine()
        before = engine.reconcile.runs
        await house.clock.sleep(51)
        assert engine.reconcile.runs == before + 10
        assert engine.reconcile.positions_ok
        assert engine.reconcile.orders_ok

    simulate(tmp_path / "h", scenario)


def test_f30_after_a_lost_stream_orders_wait_until_the_fills_of_the_gap_are_booked(
    tmp_path: Path,
) -> None:
    market = Market(
        book(0, [("60000.0", "10")], [("60000.1", "10")]),
        ticker(0, "60000"),
        trade(1.5, "Sell", "0.500", "58900.0"),
        ticker(100, "60000"),
    )

    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        await house.engine()
        await house.give(house.place("a1"))
        house.exchange.drop_connections()
        await house.clock.sleep(0.001)
        await house.give(house.place("a2"))
        await house.clock.sleep(3)
        assert house.order("a1").state is OrderState.FILLED
        await house.give(house.place("a3"))
        denied = [event.code for event in house.events() if isinstance(event, OrderDenied)]
        assert denied == ["RECONCILING"]
        assert list(house.created) == ["a1", "a3"]
        assert house.position() == house.venue_position() == D("0.010")
        assert house.here() == house.at_venue()

    simulate(tmp_path / "h", scenario, market)


# The kill switch.


def test_a_kill_shuts_the_gate_cancels_and_has_the_venue_show_zero(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine = await house.engine()
        await house.give(house.place("a1"))
        await house.give(house.place("a2"))
        engine.halt("F12")
        closed_ns = house.clock.now_ns()
        await house.clock.sleep(0.5)
        await house.give(house.place("a3"))
        assert house.order("a3").reason == "HALTED"
        await house.give(kill(house), after_s=1)
        record = engine.state.kill
        assert record is not None
        assert (record.blocked_at, record.targets, record.residual) == (
            closed_ns,
            ("a1", "a2"),
            (),
        )
        assert record.first_cancel_at > closed_ns
        assert record.verified_zero_at > record.first_cancel_at
        assert record.done
        assert engine.state.trading is TradingState.HALTED
        saved = latch(house).read()
        assert saved is not None
        assert saved.state is TradingState.HALTED
        assert (house.at_venue(), house.created) == ({}, {"a1": 1, "a2": 1})

    simulate(tmp_path / "h", scenario)


def test_f44_an_order_on_its_way_when_the_switch_is_used_is_found_and_cancelled(
    tmp_path: Path,
) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine = await house.engine()
        engine.submit(house.place("late"))
        await house.clock.sleep(0.01)
        assert house.created == {"late": 1}
        await house.give(kill(house), after_s=3)
        record = engine.state.kill
        assert record is not None
        assert record.done
        assert record.verified_zero_at
        assert house.at_venue() == {}
        assert house.order("late").state is OrderState.CANCELED

    simulate(tmp_path / "h", scenario, latency_ns=80_000_000)


def test_a_kill_in_the_same_breath_as_an_order_keeps_the_order_here(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine = await house.engine()
        engine.submit(house.place("a1"))
        await house.give(kill(house), after_s=1)
        assert house.created == {}
        order = house.order("a1")
        assert (order.state, order.reason) == (OrderState.REJECTED, "HALTED")

    simulate(tmp_path / "h", scenario)


def test_after_a_kill_only_the_account_and_a_reason_open_the_gate_again(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine = await house.engine()
        await house.give(kill(house), after_s=1)
        await house.give(Release(command_id="r1", account="papier", reason="drill over"))
        assert engine.gate.closed
        await house.give(release(house))
        assert refusals(house) == ["WRONG_ACCOUNT"]
        assert (engine.gate.closed, latch(house).read()) == (False, None)
        await house.give(house.place("a1"))
        assert list(house.at_venue()) == ["a1"]

    simulate(tmp_path / "h", scenario)


def test_a_kill_in_the_same_breath_as_a_release_wins(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine = await house.engine()
        await house.give(kill(house), after_s=1)
        engine.submit(release(house))
        await house.give(kill(house, KillLevel.HALT))
        assert engine.state.trading is TradingState.HALTED
        assert engine.gate.closed
        assert latch(house).read() is not None

    simulate(tmp_path / "h", scenario)


def test_the_switch_used_while_a_release_is_being_committed_wins(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine = await house.engine()
        await house.give(kill(house), after_s=1)
        house.disk.clear()
        engine.submit(release(house))
        engine.submit(house.place("a1"))
        await house.clock.sleep(0.01)
        engine.halt("F12")
        house.disk.set()
        await house.clock.sleep(1)
        assert engine.gate.closed
        assert house.created == {}
        assert latch(house).read() is not None

    simulate(tmp_path / "h", scenario)


def test_a_kill_does_not_wait_for_a_disk(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine = await house.engine()
        await house.give(house.place("a1"))
        house.disk.clear()
        await house.give(kill(house), after_s=1)
        assert engine.gate.closed
        assert house.at_venue() == {}
        house.disk.set()
        await house.clock.sleep(1)
        assert engine.state.kill is not None
        assert engine.state.kill.done
        assert [type(event) for event in house.events()].count(KillStarted) == 1

    simulate(tmp_path / "h", scenario)


def test_g12_cancels_and_the_switch_overtake_a_commit_that_is_stuck(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine = await house.engine()
        for name in ("a1", "a2", "a3"):
            await house.give(house.place(name))
        house.disk.clear()
        await house.give(house.place("stuck"), after_s=0.2)
        await house.give(house.place("behind"))
        await house.give(cancel(house, "a1"), after_s=0.1)
        assert house.requests[-1] == (CANCEL, "a1")
        # A cancel of what waits itself keeps its turn.
        await house.give(cancel(house, "behind"), after_s=0.1)
        assert set(house.at_venue()) == {"a2", "a3"}
        await house.give(kill(house), after_s=0.1)
        assert engine.gate.closed
        assert house.at_venue() == {}
        assert [type(event) for event in house.events()].count(KillStarted) == 0
        house.disk.set()
        await house.clock.sleep(1)
        assert engine.state.kill is not None
        assert engine.state.kill.done
        assert [type(event) for event in house.events()].count(KillStarted) == 1
        assert engine.state.seq == len(house.events())
        assert house.created.keys() == {"a1", "a2", "a3"}
        assert house.here() == house.at_venue() == {}

    simulate(tmp_path / "h", scenario)


def test_a_cancel_all_overtakes_a_stuck_commit_but_not_the_orders_in_it(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        await house.engine()
        await house.give(house.place("a1"))
        house.disk.clear()
        await house.give(house.place("stuck"), after_s=0.2)
        await house.give(CancelAll(command_id="all"), after_s=0.1)
        assert house.at_venue() == {}
        house.disk.set()
        await house.clock.sleep(1)
        assert house.here() == house.at_venue() == {}
        assert house.order("stuck").state is OrderState.CANCELED

    simulate(tmp_path / "h", scenario)


def test_a_cancel_of_an_order_that_leaves_now_does_not_overtake_it_with_another(
    tmp_path: Path,
) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        await house.engine()
        await house.give(house.place("a1"))
        house.requests.clear()
        # What is decided behind a commit and what overtakes it leave in one turn of the loop.
        dispatcher = house.live.dispatcher
        dispatcher.send(CancelRequest(client_order_id="a1", symbol="BTCUSDT"))
        dispatcher.send(
            OrderRequest(
                client_order_id="b1",
                symbol="BTCUSDT",
                side=Side.BUY,
                qty=D("0.010"),
                price=RESTS,
            )
        )
        dispatcher.send(CancelRequest(client_order_id="b1", symbol="BTCUSDT"))
        await house.clock.sleep(1)
        assert house.requests == [(CANCEL, "a1"), (CREATE, "b1"), (CANCEL, "b1")]
        assert house.at_venue() == {}

    simulate(tmp_path / "h", scenario)


def test_a_commit_that_is_only_slow_is_waited_for(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        await house.engine()
        house.disk.clear()
        await house.give(house.place("a1"), after_s=0.01)
        await house.give(cancel(house, "a1"), after_s=0.01)
        house.disk.set()
        await house.clock.sleep(1)
        assert house.requests == [(CREATE, "a1"), (CANCEL, "a1")]
        assert house.order("a1").state is OrderState.CANCELED

    simulate(tmp_path / "h", scenario)


def test_a_flatten_passes_the_shut_gate_and_nothing_else_does(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine = await house.engine()
        await house.give(house.place("a1", price=TAKES))
        lesser = house.place("r1", "Sell", "0.001", price=D("61000.0"), reduce_only=True)
        await house.give(lesser)
        await house.give(kill(house), after_s=1)
        sell = house.place("flat-1", "Sell", price=D("60000.0"), reduce_only=True)
        await house.give(sell)
        assert house.order("flat-1").state is OrderState.DENIED
        await house.give(Flatten(command_id="f1"))
        assert house.position() == house.venue_position() == 0
        assert engine.state.trading is TradingState.HALTED

    simulate(tmp_path / "h", scenario)


def test_level_flatten_kills_and_then_closes_what_is_held(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        await house.engine()
        await house.give(house.place("a1", price=TAKES))
        await house.give(house.place("a2"))
        await house.give(kill(house, KillLevel.FLATTEN), after_s=1)
        assert house.at_venue() == {}
        assert house.venue_position() == house.position() == 0

    simulate(tmp_path / "h", scenario)


def test_a_market_halted_by_itself_leaves_the_gate_to_the_others(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        engine = await house.engine()
        halted = TradingState.HALTED
        engine._take(TradingStateChanged(ts=1, state=halted, by="risk", symbol="BTCUSDT"))
        assert not engine.gate.closed
        await house.give(house.place("a1"))
        assert house.order("a1").reason == "HALTED"
        assert latch(house).read() is None

    simulate(tmp_path / "h", scenario)


# What a restart finds.


@pytest.mark.parametrize(
    ("level", "state"),
    [(KillLevel.HALT, TradingState.HALTED), (KillLevel.PAUSE, TradingState.REDUCING)],
)
def test_a_latch_that_the_journal_knows_nothing_of_holds(
    tmp_path: Path, level: KillLevel, state: TradingState
) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        latch(house).set(level, "guardian", "no heartbeat", 7)
        engine = await house.engine()
        assert (engine.state.trading, engine.state.trading_by) == (state, "guardian")
        assert engine.gate.closed is (state is TradingState.HALTED)
        await house.give(house.place("a1"))
        assert house.order("a1").reason == state.value

    simulate(tmp_path / "h", scenario)


def test_a_latch_that_cannot_be_read_halts(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        latch(house).path.write_bytes(b"\0\0\0")
        engine = await house.engine()
        assert engine.state.trading is TradingState.HALTED
        assert "unreadable" in engine.state.trading_reason

    simulate(tmp_path / "h", scenario)


def test_g9_a_halt_that_only_the_journal_knows_of_holds_and_is_latched_again(
    tmp_path: Path,
) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        await house.engine()
        await house.give(kill(house), after_s=1)
        await house.crash()
        latch(house).clear()
        engine = await house.engine()
        assert engine.gate.closed
        assert engine.state.trading is TradingState.HALTED
        assert latch(house).read() is not None
        await house.give(house.place("a1"))
        assert house.created == {}
        await house.give(release(house))
        await house.give(house.place("a2"))
        assert list(house.at_venue()) == ["a2"]

    simulate(tmp_path / "h", scenario)


def test_f43_a_sweep_cut_short_by_a_crash_goes_on_after_the_restart(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        await house.engine()
        await house.give(house.place("a1"))
        await house.give(kill(house), after_s=0.001)
        await house.crash()
        engine = await house.engine()
        await house.clock.sleep(2)
        assert engine.state.kill is not None
        assert engine.state.kill.done
        assert engine.state.kill.verified_zero_at
        assert house.at_venue() == {}

    simulate(tmp_path / "h", scenario)


def test_a_second_restart_adds_nothing_but_its_own_beginning(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        await house.engine()
        await house.give(house.place("a1"))
        await house.clock.sleep(200)
        await house.stop()
        before = house.events()
        await house.engine()
        await house.stop()
        added = house.events()[len(before) :]
        assert [type(event).__name__ for event in added] == ["EngineStarted"]
        await house.engine()
        await house.clock.sleep(200)
        assert house.live.state.ready
        await house.stop()
        added = house.events()[len(before) :]
        assert [type(event).__name__ for event in added] == ["EngineStarted", "EngineStarted"]
        starts = [event for event in house.events() if isinstance(event, EngineStarted)]
        assert [event.run for event in starts] == [1, 2, 3]
        await house.engine()

    simulate(tmp_path / "h", scenario)


# Stopping.


def test_what_arrived_before_the_end_is_decided_and_durable(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine = await house.engine()
        await house.give(house.place("a1"), after_s=0.001)
        engine.inbox.put(TimerFired(kind="ack", key="a1"))
        engine.submit(house.place("a2"))
        await engine.stop()
        kinds = [event.type for event in house.events() if isinstance(event, OrderEvent)]
        assert kinds == [EventType.SEND_UNKNOWN]
        assert not engine.submit(house.place("a3"))
        again = await house.engine()
        await house.clock.sleep(1)
        assert again.state.orders.get_order("a2") is None
        assert house.order("a1").state is OrderState.NEW

    simulate(tmp_path / "h", scenario)


def test_an_engine_that_never_started_can_be_stopped(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        engine = await house.engine(wait=False)
        await engine.stop()
        assert house.events() == []
        await house.engine()

    simulate(tmp_path / "h", scenario)


# What breaks.


def halted(house: House) -> bool:
    state, engine = house.live.state, house.live
    return state.trading is TradingState.HALTED and engine.gate.closed


def test_f64_a_journal_that_fails_halts_and_cancels_still_leave(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine = await house.engine()
        await house.give(house.place("a1"))
        durable = len(house.events())
        assert engine.recording
        house.journal._writer.seal("the disk is full")
        await house.give(house.place("a2"))
        assert halted(house)
        assert not engine.recording
        assert engine.failure.startswith("JournalError: ")
        assert house.created == {"a1": 1}
        assert house.order("a2").state is OrderState.REJECTED
        await house.give(house.place("a3"))
        assert house.order("a3").state is OrderState.DENIED
        await house.give(release(house))
        assert refusals(house) == ["ENGINE_FAILED"]
        assert engine.gate.closed
        await house.give(cancel(house, "a1"))
        assert house.at_venue() == {}
        assert house.order("a1").state is OrderState.CANCELED
        assert len(house.events()) == durable
        assert latch(house).read() is not None

    simulate(tmp_path / "h", scenario)


def test_a_journal_that_fails_under_a_halt_records_nothing_more_and_says_so(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine = await house.engine()
        await house.give(kill(house), after_s=1)
        engine.fail(RuntimeError("a bug"))
        assert engine.recording
        engine.fail(JournalError("its writer has ended"))
        assert not engine.recording
        assert engine.failure == "RuntimeError: a bug"

    simulate(tmp_path / "h", scenario)


def test_a_release_that_could_not_be_written_down_opens_nothing(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine = await house.engine()
        await house.give(kill(house), after_s=1)
        house.journal._writer.seal("the disk is full")
        await house.give(release(house))
        assert halted(house)
        assert latch(house).read() is not None
        assert engine.state.trading_by == "engine"

    simulate(tmp_path / "h", scenario)


def test_an_event_that_cannot_be_written_down_halts_like_a_full_disk(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        await house.engine()
        before = len(house.events())
        await house.give(house.place("\ud800"))
        assert halted(house)
        await house.give(house.place("a1"))
        assert len(house.events()) == before
        assert house.created == {}

    simulate(tmp_path / "h", scenario)


def test_f76_an_input_that_breaks_a_decision_halts_and_the_loop_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fragile(state: State, item: Input, context: Context) -> object:
        if isinstance(item, TimerFired) and item.key == "poison":
            raise ZeroDivisionError("in a decision")
        return decide(state, item, context)

    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine = await house.engine()
        await house.give(house.place("a1"))
        engine.inbox.put(TimerFired(kind="look", key="poison"))
        await house.clock.sleep(0.01)
        assert halted(house)
        assert engine.failure == "ZeroDivisionError: in a decision"
        engine.inbox.put(TimerFired(kind="look", key="poison"))
        await house.give(CancelAll(command_id="x1"))
        assert house.at_venue() == {}
        changes = [event for event in house.events() if isinstance(event, TradingStateChanged)]
        assert [(event.by, event.reason) for event in changes] == [("engine", engine.failure)]

    monkeypatch.setattr(module, "decide", fragile)
    simulate(tmp_path / "h", scenario)


def test_f76_a_task_that_fails_halts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine = await house.engine()
        await house.give(house.place("a1"))

        async def broken(*_: object) -> None:
            raise LookupError("in a task")

        monkeypatch.setattr(engine.router, "snapshot", broken)
        engine.submit(Reconcile(command_id=""))
        await house.give(cancel(house, "a1"))
        assert halted(house)
        assert engine.failure == "LookupError: in a task"
        assert house.at_venue() == {}

    simulate(tmp_path / "h", scenario)


def test_an_order_of_an_earlier_run_is_counted_by_how_it_ends(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        await house.engine()
        await house.give(house.place("a1"))
        await house.stop()
        engine = await house.engine()
        client = create_bybit_client(
            house.exchange.transport(), house.clock, api_key="paper", api_secret="paper"
        )
        await client.instruments()
        await client.cancel_order(CancelRequest(client_order_id="a1", symbol="BTCUSDT"))
        await house.clock.sleep(1)
        assert house.order("a1").state is OrderState.CANCELED
        text = engine.metrics_text(created=False)
        assert 'orders_canceled_total{side="Buy",symbol="BTCUSDT"} 1.0\n' in text

    simulate(tmp_path / "h", scenario)


def test_metrics_that_fail_halt_and_consoles_still_hear_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine = await house.engine()

        def broken(events: list[Event], state: State) -> None:
            raise KeyError("a metric")

        window = engine.publisher.subscribe()
        window.wants_snapshot = False
        monkeypatch.setattr(engine.metrics, "fold", broken)
        await house.give(house.place("a1"))
        assert halted(house)
        assert house.order("a1").reason == "HALTED"
        assert house.here() == house.at_venue() == {}
        assert [envelope.event for envelope in window.poll().events] == house.events()[-3:]

    simulate(tmp_path / "h", scenario)


def test_reports_without_end_halt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine = await house.engine()
        monkeypatch.setattr(inbox_module, "REPORTS_MAX", 3)
        for _ in range(4):
            engine.inbox.put(TimerFired(kind="look", key="x"))
        await house.clock.sleep(0.01)
        assert halted(house)
        assert engine.failure == "InboxFull: 3 reports wait to be decided"

    simulate(tmp_path / "h", scenario)


def test_a_latch_that_cannot_be_written_is_a_failure_that_is_shown(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine = await house.engine()
        latch(house).path.mkdir()
        await house.give(kill(house), after_s=1)
        assert halted(house)
        assert engine.failure.startswith("the latch could not be changed: ")
        await house.give(release(house))
        assert refusals(house) == ["ENGINE_FAILED"]

    simulate(tmp_path / "h", scenario)


# What it shows.


def test_marks_the_age_of_the_market_and_metrics_can_be_asked_for(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        engine = await house.engine()
        feed = engine.feed
        assert (feed.marks(), feed.age_s(house.clock.now_ns())) == ({}, 0.0)
        await house.clock.sleep(3.5)
        assert feed.marks() == {"BTCUSDT": D(60000)}
        now_ns = house.clock.now_ns()
        assert feed.age_s(now_ns) == pytest.approx((now_ns - T0) / NS)
        await house.give(house.place("a1", price=TAKES))
        text = engine.metrics_text(created=False, wall_clock=False)
        assert 'orders_filled_total{side="Buy",symbol="BTCUSDT"} 1.0' in text

    simulate(tmp_path / "h", scenario)


def test_market_and_immediate_orders_end_without_resting(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        await house.engine()
        market = house.place("m1", price=None, type=OrderType.MARKET, time_in_force=TimeInForce.IOC)
        await house.give(market)
        await house.give(house.place("i1", time_in_force=TimeInForce.IOC))
        await house.give(house.place("p1", price=TAKES, post_only=True))
        states = {name: house.order(name).state for name in ("m1", "i1", "p1")}
        assert states == {
            "m1": OrderState.FILLED,
            "i1": OrderState.CANCELED,
            "p1": OrderState.CANCELED,
        }
        assert house.at_venue() == house.here() == {}

    simulate(tmp_path / "h", scenario, Market(*quiet()))
