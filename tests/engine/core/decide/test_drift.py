from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from engine.core.commands import SettleDrift
from engine.core.decide.drift import surplus
from engine.core.events import (
    CommandRefused,
    Drift,
    DriftSettled,
    OrderDenied,
    OrderSubmitted,
    Reconciled,
    TradingStateChanged,
)
from engine.core.requests import OrderRequest
from engine.core.state import evolve
from engine.core.types import (
    Category,
    DriftAction,
    DriftKind,
    OrderType,
    Side,
    TradingState,
)
from tests.support.desk import NS, Desk, d, fill

ADOPT, FLATTEN, IGNORE = DriftAction.ADOPT, DriftAction.FLATTEN, DriftAction.IGNORE
BTC = "BTCUSDT"


def drifting(
    ours: str = "0", venue: str = "0.5", avg: str | None = "59000", desk: Desk | None = None
) -> Desk:
    """A desk whose ledger and venue differ, so that the market is narrowed."""
    desk = desk or Desk()
    if d(ours):
        side = Side.BUY if d(ours) > 0 else Side.SELL
        desk.working("a1", qty=abs(d(ours)), side=side)
        desk.give(fill("e1", ours.removeprefix("-"), side=side))
    position = desk.state.positions.get_position(BTC)
    drift = Drift(
        symbol=BTC,
        ours=position.qty,
        venue=d(venue),
        since_ts=1,
        ours_avg=position.avg_entry_price,
        venue_avg=None if avg is None else d(avg),
    )
    evolve(desk.state, Reconciled(ts=2, drift=(drift,)))
    evolve(
        desk.state,
        TradingStateChanged(
            ts=2, state=TradingState.REDUCING, by="reconcile", reason="drift", symbol=BTC
        ),
    )
    return desk


def settle(desk: Desk, action: DriftAction = ADOPT, **terms: Any) -> list[Any]:
    found = desk.state.reconciled
    known = () if found is None else found.drift + found.noted
    qty = known[0].qty if known else d(1)
    values: dict[str, Any] = {"symbol": BTC, "qty": qty, "reason": "seen in the web", **terms}
    return desk.give(SettleDrift(command_id=desk.command_id(), action=action, **values))


def position(desk: Desk) -> tuple[Decimal, Decimal | None]:
    held = desk.state.positions.get_position(BTC)
    return held.qty, held.avg_entry_price


def refusal(events: list[Any]) -> str:
    (event,) = events
    assert isinstance(event, CommandRefused)
    return event.code


@pytest.mark.parametrize(
    ("ours", "venue", "avg"),
    [
        ("0", "0.5", "59000"),
        ("0", "-0.5", "59000"),
        ("0.3", "0.5", "59900"),
        ("-0.3", "-0.5", "60100"),
    ],
)
def test_adopting_makes_the_ledger_what_the_venue_is_in_quantity_and_average(
    ours: str, venue: str, avg: str
) -> None:
    desk = drifting(ours, venue, avg)
    settled, freed = settle(desk)
    assert isinstance(settled, DriftSettled)
    assert (settled.action, settled.by, settled.reason) == (ADOPT, "operator", "seen in the web")
    assert settled.exec_id.startswith("adjust-")
    assert position(desk) == (d(venue), d(avg))
    assert desk.state.positions.get_position(BTC).realized_pnl == 0
    assert (freed.state, freed.symbol, freed.by) == (TradingState.ACTIVE, BTC, "reconcile")
    assert desk.state.narrowed == {}
    assert desk.state.reconciled is not None
    assert desk.state.reconciled.drift == ()
    booked = desk.state.positions.executions[BTC][-1]
    assert (booked.exec_id, booked.client_order_id) == (settled.exec_id, "")


@pytest.mark.parametrize(
    ("ours", "venue", "avg", "price", "realized"),
    [
        ("0.5", "0.2", "60000", "60000", "0"),
        ("0.5", "0", None, "60000", "0"),
        ("0.5", "-0.2", "61000", "61000", "500"),
        ("0.2", "0.3", "1", "1", "0"),
    ],
)
def test_what_the_venue_closed_is_booked_at_its_average_else_at_ours(
    ours: str, venue: str, avg: str | None, price: str, realized: str
) -> None:
    desk = drifting(ours, venue, avg)
    settled = settle(desk)[0]
    assert settled.price == d(price)
    assert position(desk)[0] == d(venue)
    assert desk.state.positions.get_position(BTC).realized_pnl == d(realized)


def test_coins_without_an_average_are_adopted_at_the_market_price() -> None:
    desk = drifting("0", "0.5", None)
    assert settle(desk)[0].price == d(60_000)
    desk = drifting("0", "0.5", None)
    desk.quotes = {}
    assert refusal(settle(desk)) == "UNPRICED"


def test_an_inverse_contract_is_adopted_at_the_venues_average_too() -> None:
    desk = Desk()
    inverse = replace(desk.state.instruments[BTC], category=Category.INVERSE)
    desk.state.set_instruments([inverse])
    drifting("10", "30", "59000", desk)
    settle(desk)
    qty, average = position(desk)
    assert qty == 30
    assert average is not None
    assert abs(average - 59_000) < d("1E-9")


@pytest.mark.parametrize(
    ("ours", "venue", "expected"),
    [
        ("0", "0.5", "0.5"),
        ("0", "-0.5", "-0.5"),
        ("0.3", "0.5", "0.2"),
        ("0.5", "-0.2", "-0.2"),
        ("0.5", "0.3", "0"),
        ("0.5", "0", "0"),
    ],
)
def test_the_surplus_is_what_the_venue_holds_beyond_the_ledger(
    ours: str, venue: str, expected: str
) -> None:
    drift = Drift(symbol=BTC, ours=d(ours), venue=d(venue), since_ts=0)
    assert surplus(drift) == d(expected)


@pytest.mark.parametrize(("venue", "side"), [("0.5", Side.SELL), ("-0.5", Side.BUY)])
def test_flattening_books_the_surplus_and_closes_it_with_a_reduce_only_order(
    venue: str, side: Side
) -> None:
    desk = drifting("0", venue)
    settled, submitted, freed = settle(desk, FLATTEN)
    assert isinstance(settled, DriftSettled)
    assert isinstance(submitted, OrderSubmitted)
    assert isinstance(freed, TradingStateChanged)
    order = next(request for request in desk.requests if isinstance(request, OrderRequest))
    assert (order.side, order.qty, order.type, order.reduce_only) == (
        side,
        d("0.5"),
        OrderType.MARKET,
        True,
    )
    desk.give(fill("e9", "0.5", order.client_order_id, side=side))
    assert position(desk)[0] == 0


def test_flattening_leaves_alone_what_the_ledger_knows() -> None:
    desk = drifting("0.3", "0.5", "60000")
    settle(desk, FLATTEN)
    order = next(request for request in desk.requests if isinstance(request, OrderRequest))
    assert (order.side, order.qty) == (Side.SELL, d("0.2"))


def test_a_venue_that_holds_less_has_nothing_to_flatten() -> None:
    assert refusal(settle(drifting("0.5", "0.3"), FLATTEN)) == "NO_SURPLUS"


def test_ignoring_keeps_the_difference_in_sight_and_frees_the_market() -> None:
    desk = drifting()
    settled, freed = settle(desk, IGNORE, for_s=60.0)
    assert (settled.until_ts, settled.exec_id, settled.price) == (desk.now_ns + 60 * NS, "", None)
    assert freed.reason == "ignore by operator: seen in the web"
    assert position(desk)[0] == 0
    assert desk.state.reconciled is not None
    (noted,) = desk.state.reconciled.noted
    assert (noted.kind, noted.cause) == (DriftKind.EXPLAINED, "ignored: seen in the web")
    assert desk.state.ignored[BTC].covers(d("0.5"), desk.now_ns)
    assert settle(drifting(), IGNORE)[0].until_ts == 0


def test_a_decision_about_another_difference_than_the_one_looked_at_is_refused() -> None:
    desk = drifting()
    assert refusal(settle(desk, qty=d("0.4"))) == "DRIFT_CHANGED"
    assert refusal(settle(desk, symbol="ETHUSDT")) == "NO_DRIFT"
    assert refusal(settle(desk, reason=" ")) == "REASON_TOO_SHORT"
    assert refusal(settle(desk, IGNORE, for_s=-1.0)) == "BAD_NUMBER"
    assert refusal(settle(Desk())) == "NO_DRIFT"
    desk = Desk()
    desk.state.reconciled = None
    assert refusal(settle(desk)) == "NO_DRIFT"


def test_averages_apart_can_only_be_ignored() -> None:
    desk = Desk()
    apart = Drift(
        symbol=BTC, ours=d(1), venue=d(1), since_ts=1, ours_avg=d(60_000), venue_avg=d(60_001)
    )
    evolve(desk.state, Reconciled(ts=2, noted=(apart,)))
    assert refusal(settle(desk, ADOPT)) == "NO_DRIFT"
    (settled,) = settle(desk, IGNORE)
    assert isinstance(settled, DriftSettled)


def test_a_market_narrowed_for_another_reason_stays_so() -> None:
    desk = drifting()
    evolve(
        desk.state,
        TradingStateChanged(ts=3, state=TradingState.HALTED, by="operator", symbol=BTC),
    )
    assert len(settle(desk)) == 1
    assert BTC in desk.state.narrowed


def test_the_same_command_twice_has_one_effect() -> None:
    desk = drifting()
    command = SettleDrift(command_id="s1", symbol=BTC, action=ADOPT, qty=d("0.5"), reason="yes")
    assert len(desk.give(command)) == 2
    assert desk.give(command) == []
    assert position(desk)[0] == d("0.5")


def test_a_settled_drift_that_nobody_compared_is_folded_all_the_same() -> None:
    desk = Desk()
    desk.state.reconciled = None
    evolve(
        desk.state,
        DriftSettled(ts=1, symbol=BTC, action=IGNORE, qty=d(1), reason="r", by="operator"),
    )
    assert desk.state.ignored[BTC].qty == 1
    evolve(
        desk.state,
        DriftSettled(ts=1, symbol=BTC, action=ADOPT, qty=d(1), reason="r", by="operator"),
    )
    assert position(desk)[0] == 0
    assert OrderDenied not in map(type, desk.events)
