"""The operator's hands: every wish becomes one command with new ids, or a reason why not."""

from __future__ import annotations

from decimal import Decimal as D

import pytest
from msgspec.structs import replace

from console.desk import Desk
from console.ids import Ids
from console.replica import Replica
from engine.core import events as ev
from engine.core.commands import (
    AmendOrder,
    CancelAll,
    CancelOrder,
    PlaceOrder,
    Reconcile,
    Release,
)
from engine.core.limits import PAPER_LIMITS
from engine.core.margin import AccountMargin
from engine.core.status import BreakerStatus, EngineStatus, LinkUpdate, VenueJoin
from engine.core.types import JoinState, KillLevel, Side, TradingState
from tests.console.fakes import BTC, BUY, NOW, NS, FakeLink, busy_link, order_events, status


def desk(link: FakeLink | None = None, *, read_only: bool = False) -> tuple[Desk, FakeLink]:
    link = busy_link(respond=False) if link is None else link
    replica = Replica()
    replica.apply(link.poll(), NOW)
    return Desk(link, replica, Ids("run"), read_only=read_only, by="me"), link


def test_a_placed_order_gets_ids_of_this_run_and_the_operators_name() -> None:
    hands, link = desk()
    terms = PlaceOrder(
        command_id="", client_order_id="", symbol="BTCUSDT", side=Side.BUY, qty=D("0.001")
    )
    assert hands.place(terms) == "td-run-1"
    assert link.commands == [
        PlaceOrder(
            command_id="cmd-run-2",
            by="me",
            client_order_id="td-run-1",
            symbol="BTCUSDT",
            side=Side.BUY,
            qty=D("0.001"),
        )
    ]
    assert hands.sent == {"td-run-1", "cmd-run-2"}


def test_every_other_wish_is_one_command_too() -> None:
    hands, link = desk()
    hands.amend(AmendOrder(command_id="", client_order_id="c-004", price=D("2700.00")))
    hands.cancel("c-004")
    hands.cancel_many(symbol="BTCUSDT")
    hands.cancel_many(side=Side.SELL)
    hands.cancel_many(order_ids=["c-003", "c-004"])
    hands.reconcile()
    hands.release("paper", "drill over")
    assert link.commands == [
        AmendOrder(command_id="cmd-run-1", by="me", client_order_id="c-004", price=D("2700.00")),
        CancelOrder(command_id="cmd-run-2", by="me", client_order_id="c-004"),
        CancelAll(command_id="cmd-run-3", by="me", symbol="BTCUSDT"),
        CancelAll(command_id="cmd-run-4", by="me", side=Side.SELL),
        CancelAll(command_id="cmd-run-5", by="me", client_order_ids=("c-003", "c-004")),
        Reconcile(command_id="cmd-run-6", by="me"),
        Release(command_id="cmd-run-7", by="me", account="paper", reason="drill over"),
    ]


def test_the_kill_key_halts_then_kills() -> None:
    hands, link = desk()
    assert hands.press_kill(10.0) is KillLevel.HALT
    assert hands.press_kill(11.0) is KillLevel.KILL
    hands.flatten()
    assert [level for level, _, _ in link.kills] == ["halt", "kill", "flatten"]
    assert {by for _, by, _ in link.kills} == {"me"}


def test_kill_now_is_both_stages() -> None:
    hands, link = desk()
    hands.kill_now("SIGUSR1")
    assert link.kills == [(KillLevel.KILL, "me", "SIGUSR1")]


def test_before_the_engines_first_word_nothing_can_be_sent() -> None:
    hands, _ = desk(FakeLink())
    assert hands.account == ""
    assert hands.refusal(NOW) == "the engine is still starting"


def test_a_healthy_engine_takes_everything() -> None:
    hands, _ = desk()
    assert hands.account == "paper"
    assert hands.refusal(NOW, placing=True) is None


def test_a_silent_engine_leaves_only_the_kill_key() -> None:
    hands, _ = desk()
    assert hands.refusal(NOW + 3 * NS) == (
        "the engine has not been heard from; only the kill key is left"
    )


def test_halted_stops_new_orders_and_no_cancels() -> None:
    link = busy_link(respond=False)
    link.push(ev.TradingStateChanged(ts=NOW, state=TradingState.HALTED, by="me"))
    hands, _ = desk(link)
    assert hands.halted
    assert hands.refusal(NOW) is None
    assert hands.refusal(NOW, placing=True) == (
        "trading is halted; resume it from the palette (^p)"
    )


def test_a_read_only_desk_sends_nothing_but_kills() -> None:
    hands, link = desk(read_only=True)
    assert hands.refusal(NOW) == "this console is read-only"
    hands.press_kill(1.0)
    assert link.kills[0][0] is KillLevel.HALT


def test_a_market_holds_what_a_ticket_is_checked_against() -> None:
    hands, _ = desk()
    market = hands.market("BTCUSDT")
    assert market.instrument == BTC
    assert market.quote is not None
    assert market.position(Side.BUY, reduce_only=False) == D("0.900")
    assert {o.client_order_id for o in market.working} == {"c-003", "c-006", "c-010"}
    assert {o.client_order_id for o in market.recent} == {"c-006", "c-009", "c-010"}
    assert market.now_ns == NOW


def test_an_unknown_market_is_empty() -> None:
    hands, _ = desk()
    market = hands.market("XRPUSDT")
    assert (market.instrument, market.quote, market.held[0]) == (None, None, D(0))


def test_orders_of_others_are_not_ours_to_count() -> None:
    link = busy_link(respond=False)
    link.push(
        ev.OrderAdopted(
            ts=NOW,
            client_order_id="ext-1",
            symbol="BTCUSDT",
            side=BUY,
            qty=D(1),
            price=D("100.0"),
            exchange_order_id="x-ext-1",
            by="external",
        )
    )
    link.push(*order_events("c-012", BTC, BUY, "0.100", "60000.0", 0))
    hands, _ = desk(link)
    ids = {o.client_order_id for o in hands.open_orders()}
    assert "ext-1" not in ids
    assert "c-012" in ids


@pytest.mark.parametrize(("order_id", "found"), [("c-003", True), ("nope", False), (None, False)])
def test_an_order_is_found_by_its_id(order_id: str | None, found: bool) -> None:
    hands, _ = desk()
    assert (hands.order(order_id) is not None) is found


@pytest.mark.parametrize(
    ("health", "code"),
    [
        (status(), None),
        (status(ready=False), "RECONCILING"),
        (status(join=VenueJoin(state=JoinState.UNREACHABLE)), "VENUE_AWAY"),
        (status(breakers=(BreakerStatus(name="place", state="open"),)), "BREAKER_OPEN"),
        (status(breakers=(BreakerStatus(name="query", state="open"),)), None),
    ],
)
def test_what_the_engine_would_deny_is_foreseen_by_its_newest_status(
    health: EngineStatus, code: str | None
) -> None:
    hands, link = desk()
    loaded = LinkUpdate(snapshot=link.state.encode(), snapshot_seq=link.state.seq, status=health)
    hands.replica.apply(loaded, NOW)
    order = PlaceOrder(
        command_id="", client_order_id="", symbol="BTCUSDT", side=BUY, qty=D("0.001"),
        price=D("60999.0"),
    )  # fmt: skip
    denial = hands.foresee(order)
    assert (denial and denial.code) == code


@pytest.mark.parametrize(
    ("margin", "code"),
    [
        (AccountMargin(), "NO_EQUITY"),
        (AccountMargin(equity=D(1_000), ts=NOW), "MAX_LEVERAGE"),
        (AccountMargin(equity=D(1_000_000), ts=NOW), None),
    ],
)
def test_what_the_venue_said_of_margin_is_foreseen_too(
    margin: AccountMargin, code: str | None
) -> None:
    hands, link = desk()
    link.push(ev.LimitsChanged(ts=NOW, limits=replace(PAPER_LIMITS, max_leverage=D(3)), by="me"))
    link.tell(status(margin=margin))
    hands.replica.apply(link.poll(), NOW)
    order = PlaceOrder(
        command_id="", client_order_id="", symbol="BTCUSDT", side=BUY, qty=D("0.001"),
        price=D("60999.0"),
    )  # fmt: skip
    denial = hands.foresee(order)
    assert (denial and denial.code) == code
