"""Reconciliation at work: a whole engine on an exchange that loses, delays and repeats things."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from engine.bootstrap import PAPER_KEY
from engine.clock import NS
from engine.core.commands import CancelAll, CancelOrder, SettleDrift
from engine.core.context import Policy
from engine.core.events import (
    ConnectivityChanged,
    DriftSettled,
    EventType,
    OrderEvent,
    Reconciled,
    TradingStateChanged,
)
from engine.core.types import DriftAction, OrderState, OrderType, TradingState
from engine.exchange import SeedOrder
from engine.exchange.account import TAKER_FEE
from engine.exchange.sources.synthetic import create_synthetic
from engine.venues.protocol import HttpReply
from tests.support.house import CANCEL, CREATE, House, simulate
from tests.support.market import T0

pytestmark = pytest.mark.usefixtures("any_transport")

REALTIME, HISTORY = "/v5/order/realtime", "/v5/order/history"
EXECUTIONS, POSITIONS = "/v5/execution/list", "/v5/position/list"
WALLET = "/v5/account/wallet-balance"
TAKES = D("61000.0")


def deaf_to(house: House, *topics: str) -> None:
    """From now on no private message of these topics arrives."""
    house.hears = lambda message: (
        msgspec.json.decode(message).get("topic", "").split(".")[0] not in topics
    )


def hearing(house: House) -> None:
    house.hears = lambda message: True


def answering(house: House, change: Callable[[str, dict[str, Any]], dict[str, Any] | None]) -> None:
    """Answers to queries pass through `change`: None is an answer that never comes."""

    async def on_reply(path: str, query: str, reply: HttpReply) -> HttpReply:
        document = change(path, msgspec.json.decode(reply.body))
        if document is None:
            raise TimeoutError
        return Reply(reply.status, reply.headers, msgspec.json.encode(document))

    house.on_reply = on_reply


class Reply(msgspec.Struct):
    status: int
    headers: Any
    body: bytes


def without_rows(*paths: str) -> Callable[[str, dict[str, Any]], dict[str, Any]]:
    """Lists that show nothing yet, as they do when they lag."""

    def change(path: str, document: dict[str, Any]) -> dict[str, Any]:
        if path in paths:
            document["result"]["list"] = []
        return document

    return change


def kinds(house: House, kind: type) -> list[Any]:
    return [event for event in house.events() if isinstance(event, kind)]


def of_order(house: House, event_type: EventType) -> list[OrderEvent]:
    return [event for event in kinds(house, OrderEvent) if event.type is event_type]


# Messages that are lost.


def test_f28_a_lost_execution_is_found_within_two_seconds(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        await house.engine()
        deaf_to(house, "execution")
        await house.give(house.place("a1", price=TAKES), after_s=0.1)
        assert (house.position(), house.venue_position()) == (D(0), D("0.010"))
        await house.clock.sleep(1.9)
        assert house.position() == D("0.010")
        assert of_order(house, EventType.STATUS_REPORT) == []

    simulate(tmp_path / "h", scenario)


def test_f28_a_position_row_alone_gives_a_lost_fill_away_within_two_seconds(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        await house.engine()
        deaf_to(house, "execution", "order")
        await house.give(house.place("a1", price=TAKES), after_s=2.0)
        assert house.position() == house.venue_position() == D("0.010")

    simulate(tmp_path / "h", scenario)


def test_f28_when_every_message_is_lost_the_next_list_of_orders_tells(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        await house.engine()
        deaf_to(house, "execution", "order", "position")
        await house.give(house.place("a1", price=TAKES), after_s=5.5)
        assert house.position() == D("0.010")
        assert house.order("a1").state is OrderState.FILLED

    simulate(tmp_path / "h", scenario)


def test_f25_a_session_repeated_message_by_message_and_list_by_list_changes_nothing(
    tmp_path: Path,
) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine = await house.engine()
        await house.give(house.place("a1", price=TAKES), after_s=1)
        seq = engine.state.seq

        def twice(path: str, document: dict[str, Any]) -> dict[str, Any]:
            document["result"]["list"] *= 2
            return document

        answering(house, twice)
        for _ in range(3):
            await engine.settled()
        assert engine.state.seq == seq

    simulate(tmp_path / "h", scenario)


def test_an_execution_that_no_list_has_is_inferred_and_replaced_when_it_comes(
    tmp_path: Path,
) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine = await house.engine()
        deaf_to(house, "execution", "position")
        answering(house, without_rows(EXECUTIONS))
        await house.give(house.place("a1", price=TAKES), after_s=3)
        (inferred,) = of_order(house, EventType.STATUS_REPORT)
        assert (inferred.cum_qty, inferred.reason) == (D("0.010"), "NO_EXECUTION")
        assert house.order("a1").inferred_qty == D("0.010")
        answering(house, without_rows())
        await engine.settled()
        order = house.order("a1")
        assert (order.cum_qty, order.inferred_qty) == (D("0.010"), D(0))
        assert house.position() == D("0.010")
        await house.clock.sleep(30)
        assert engine.state.reconciled is not None
        assert engine.state.reconciled.drift == ()

    simulate(tmp_path / "h", scenario)


# Orders in doubt.


def lost(house: House) -> None:
    """Places never arrive, and nothing says so."""

    def on_request(path: str, order_id: str) -> None:
        if path == CREATE:
            raise TimeoutError

    house.on_request = on_request


def test_f02_a_lost_place_is_unknown_then_proven_absent_with_the_proof_in_the_journal(
    tmp_path: Path,
) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        await house.engine()
        lost(house)
        await house.give(house.place("a1"), after_s=2)
        assert house.order("a1").state is OrderState.UNKNOWN
        await house.clock.sleep(13)
        (proof,) = of_order(house, EventType.PROVEN_ABSENT)
        assert proof.text.count("open 0 at ") == 2
        assert proof.text.count("executions 0 at ") == 2
        assert house.order("a1").state is OrderState.REJECTED

    simulate(tmp_path / "h", scenario)


def test_f02_lists_that_lag_prove_nothing_once_the_order_shows(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine = await house.engine()
        deaf_to(house, "order", "execution", "position")

        def hidden(path: str, document: dict[str, Any]) -> dict[str, Any] | None:
            if path == CREATE:
                return None
            return without_rows(REALTIME, HISTORY, EXECUTIONS)(path, document)

        answering(house, hidden)
        await house.give(house.place("a1"), after_s=5)
        assert house.order("a1").state is OrderState.UNKNOWN
        answering(house, without_rows())
        await house.clock.sleep(10)
        assert house.order("a1").state is OrderState.NEW
        assert of_order(house, EventType.PROVEN_ABSENT) == []
        assert house.created["a1"] == 1 or engine.router.get_metrics()["a1"].attempts > 1
        assert list(house.at_venue()) == ["a1"]

    simulate(tmp_path / "h", scenario)


def test_f03_an_order_that_shows_after_its_proof_is_adopted_and_its_market_paused(
    tmp_path: Path,
) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine = await house.engine()
        deaf_to(house, "order", "execution", "position")

        def hidden(path: str, document: dict[str, Any]) -> dict[str, Any] | None:
            if path == CREATE:
                return None
            return without_rows(REALTIME, HISTORY, EXECUTIONS)(path, document)

        answering(house, hidden)
        await house.give(house.place("a1"), after_s=60)
        assert len(of_order(house, EventType.PROVEN_ABSENT)) == 1
        hearing(house)
        answering(house, without_rows())
        await house.clock.sleep(6)
        assert house.order("a1").state is OrderState.NEW
        narrowing = engine.state.narrowed["BTCUSDT"]
        assert narrowing.reason.startswith("LATE_ACCEPT: a1")
        await house.give(house.place("a2"))
        assert house.order("a2").reason == "REDUCING"
        await house.clock.sleep(60)
        assert "BTCUSDT" in engine.state.narrowed, "only a person lifts it"

    simulate(tmp_path / "h", scenario)


def test_f38_a_list_from_before_the_cancel_does_not_bring_the_order_back(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine = await house.engine()
        await house.give(house.place("a1"))
        old: dict[str, dict[str, Any]] = {}

        def remember(path: str, document: dict[str, Any]) -> dict[str, Any]:
            if path == REALTIME and document["result"]["list"]:
                old.setdefault(path, document)
            return document

        answering(house, remember)
        await engine.settled()
        await house.give(CancelOrder(command_id="x", client_order_id="a1"), after_s=0.1)
        assert house.order("a1").state is OrderState.CANCELED
        seq = engine.state.seq
        answering(house, lambda path, document: old.get(path, document))
        await house.clock.sleep(30)
        assert house.order("a1").state is OrderState.CANCELED
        assert engine.state.seq == seq

    simulate(tmp_path / "h", scenario)


def test_f41_when_nobody_answers_questions_end_and_a_person_is_told_until_somebody_does(
    tmp_path: Path,
) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine = await house.engine()
        await house.give(house.place("a1"))
        asked: list[float] = []

        def silent(path: str, document: dict[str, Any]) -> dict[str, Any] | None:
            if path == HISTORY:
                asked.append(house.clock.now_ns() / NS)
                return None
            return without_rows(REALTIME)(path, document)

        answering(house, silent)
        deaf_to(house, "order")
        await house.give(CancelOrder(command_id="x", client_order_id="a1"), after_s=300)
        assert engine.state.reconciled is not None
        assert engine.state.reconciled.alarms == ("a1: no answer to 5 questions",)
        assert engine.reconcile.alarms == engine.state.reconciled.alarms
        assert 5 <= len(asked) <= 8
        before = len(asked)
        await house.clock.sleep(600)
        assert len(asked) == before
        answering(house, without_rows())
        await engine.settled()
        await house.clock.sleep(1)
        assert house.order("a1").state is OrderState.CANCELED
        await engine.settled()
        assert not house.live.state.reconciled.alarms  # type: ignore[union-attr]

    simulate(tmp_path / "h", scenario, policy=Policy(questions_an_order=5))


# What is not ours.


def test_f23_external_orders_are_shown_and_left_until_they_are_named(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine = await house.engine()
        await house.give(house.place("a1"))
        order = next(iter(house.exchange.accounts[PAPER_KEY].orders.values()))
        house.exchange.seed_account(PAPER_KEY, orders=[foreign(house, order)])
        await engine.settled()
        assert engine.state.reconciled is not None
        (name,) = engine.state.reconciled.external_orders
        await house.give(CancelAll(command_id="all"), after_s=0.1)
        assert list(house.at_venue()) == ["web-1"]
        assert name == "web-1"
        await house.give(CancelOrder(command_id="one", client_order_id=name), after_s=0.1)
        assert house.at_venue() == {}
        assert house.requests[-1] == (CANCEL, ""), "it went by the venue's id"

    simulate(tmp_path / "h", scenario)


def foreign(house: House, like: Any) -> Any:
    """An order of another program: what the exchange holds of ours, under other ids."""
    return SeedOrder(
        category="linear",
        symbol="BTCUSDT",
        order_id="foreign-1",
        link_id="web-1",
        side="Buy",
        price=like.price,
        qty=like.qty,
        cum_qty=D(0),
        avg_price=D(0),
        time_in_force="GTC",
        reduce_only=False,
        created_ms=house.clock.now_ns() // 1_000_000,
    )


# Drift.


def move(house: House, qty: str, price: str = "59000") -> None:
    """The venue's position changes, and no execution says why."""
    account = house.exchange.accounts[PAPER_KEY]
    market = house.exchange.markets["linear", "BTCUSDT"]
    held = account.position(market.instrument)
    held.qty, held.avg_price = D(qty), D(price)


def settle(house: House, action: DriftAction, qty: str, **more: Any) -> SettleDrift:
    return SettleDrift(
        command_id=house.command_id(),
        symbol="BTCUSDT",
        action=action,
        qty=D(qty),
        reason="seen in the web",
        **more,
    )


def test_unexplained_drift_narrows_its_market_and_adopting_it_frees_it(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine = await house.engine()
        move(house, "0.5")
        await house.clock.sleep(18)
        assert engine.state.trading_of("BTCUSDT") is TradingState.REDUCING
        assert [drift.qty for drift in engine.reconcile.drift] == [D("0.5")]
        await house.give(house.place("a1"))
        assert house.order("a1").reason == "REDUCING"
        await house.give(settle(house, DriftAction.ADOPT, "0.5"))
        assert engine.state.trading_of("BTCUSDT") is TradingState.ACTIVE
        position = engine.state.positions.get_position("BTCUSDT")
        assert (position.qty, position.avg_entry_price) == (D("0.5"), D(59_000))
        await house.give(house.place("a2"))
        assert house.order("a2").state is OrderState.NEW
        seq = engine.state.seq
        await house.clock.sleep(120)
        assert engine.state.seq == seq, "nothing repeats in silence"
        (settled,) = kinds(house, DriftSettled)
        assert (settled.reason, settled.exec_id.startswith("adjust-")) == ("seen in the web", True)
        await house.crash()
        engine = await house.engine()
        assert house.position() == D("0.5")

    simulate(tmp_path / "h", scenario)


def test_flattening_drift_closes_what_the_venue_holds_beyond_the_ledger(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine = await house.engine()
        await house.give(house.place("a1", price=TAKES), after_s=0.1)
        move(house, "0.030", "60000")
        await house.clock.sleep(18)
        await house.give(settle(house, DriftAction.FLATTEN, "0.020"), after_s=1)
        assert house.position() == house.venue_position() == D("0.010")
        await house.clock.sleep(60)
        assert engine.state.reconciled is not None
        assert engine.state.reconciled.drift == ()

    simulate(tmp_path / "h", scenario)


def test_ignored_drift_comes_back_when_its_time_is_over(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine = await house.engine()
        move(house, "0.5")
        await house.clock.sleep(18)
        await house.give(settle(house, DriftAction.IGNORE, "0.5", for_s=60.0))
        await house.clock.sleep(40)
        assert engine.state.trading_of("BTCUSDT") is TradingState.ACTIVE
        assert [drift.cause for drift in engine.reconcile.noted] == ["ignored: seen in the web"]
        await house.clock.sleep(40)
        assert engine.state.trading_of("BTCUSDT") is TradingState.REDUCING

    simulate(tmp_path / "h", scenario)


def test_drift_that_goes_away_by_itself_frees_its_market(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine = await house.engine()
        move(house, "0.5")
        await house.clock.sleep(18)
        move(house, "0")
        await house.clock.sleep(16)
        assert engine.state.trading_of("BTCUSDT") is TradingState.ACTIVE
        changes = [(event.state, event.by) for event in kinds(house, TradingStateChanged)]
        assert changes == [
            (TradingState.REDUCING, "reconcile"),
            (TradingState.ACTIVE, "reconcile"),
        ]

    simulate(tmp_path / "h", scenario)


def test_coins_that_leave_the_wallet_are_drift_of_their_pair(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine = await house.engine()
        (pair,) = [i.symbol for i in engine.state.instruments.values() if i.category == "spot"]
        assert engine.state.coins == {}
        buy = house.place("a1", qty="0.010", symbol=pair, price=D(90_000))
        await house.give(replace(buy, price=None, type=OrderType.MARKET), after_s=20)
        assert house.position(pair) == D("0.010") * (1 - TAKER_FEE)
        assert engine.reconcile.drift == ()
        house.exchange.accounts[PAPER_KEY].coin("BTC").balance += D("0.25")
        await house.clock.sleep(18)
        (found,) = house.live.reconcile.drift
        assert (found.symbol, found.qty) == (pair, D("0.25"))
        assert engine.state.trading_of(pair) is TradingState.REDUCING
        assert engine.state.trading_of("BTCUSDT") is TradingState.ACTIVE

    simulate(tmp_path / "h", scenario, create_synthetic(7, T0))


# Links and lists that fail.


def test_f30_submits_wait_for_a_whole_comparison_after_a_reconnect_and_cancels_do_not(
    tmp_path: Path,
) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine = await house.engine()
        await house.give(house.place("a1"))
        answering(house, lambda path, document: None if path == WALLET else document)
        house.exchange.drop_connections()
        await house.clock.sleep(10)
        assert engine.state.links["private"]
        await house.give(house.place("a2"))
        assert house.order("a2").reason == "RECONCILING"
        await house.give(CancelOrder(command_id="x", client_order_id="a1"), after_s=0.1)
        assert house.order("a1").state is OrderState.CANCELED
        answering(house, without_rows())
        await house.clock.sleep(6)
        await house.give(house.place("a3"))
        assert house.order("a3").state is OrderState.NEW

    simulate(tmp_path / "h", scenario)


def test_f31_a_link_that_flaps_makes_one_question_at_a_time(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine = await house.engine()
        runs = engine.reconcile.runs
        for _ in range(10):
            house.exchange.drop_connections()
            await house.clock.sleep(3)
        await house.clock.sleep(30)
        ups = [event for event in kinds(house, ConnectivityChanged) if event.up]
        assert engine.state.ready
        assert engine.reconcile.runs - runs <= len(ups) + 60 / 5 + 1
        assert len(kinds(house, Reconciled)) <= len(ups) + 1

    simulate(tmp_path / "h", scenario)


@pytest.mark.parametrize("path", [REALTIME, EXECUTIONS, POSITIONS, WALLET])
def test_f37_f39_a_page_that_cannot_be_read_changes_nothing(tmp_path: Path, path: str) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine = await house.engine()
        await house.give(house.place("a1", price=TAKES))
        await house.give(house.place("a2"), after_s=0.1)
        before = (house.position(), house.here())

        def partly(asked: str, document: dict[str, Any]) -> dict[str, Any]:
            if asked == path:
                document["result"]["list"] = [{"symbol": 5}]
            return document

        answering(house, partly)
        await house.clock.sleep(70)
        assert (house.position(), house.here()) == before
        assert engine.state.narrowed == {}
        assert engine.failure == ""
        answering(house, without_rows())
        await engine.settled()
        assert (house.position(), house.here()) == before

    simulate(tmp_path / "h", scenario)
