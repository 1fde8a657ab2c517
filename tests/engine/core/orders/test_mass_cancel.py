"""Cancel-all stands for cancels only where it takes nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from engine.core.commands import CancelAll, CancelOrder, Kill
from engine.core.events import ConnectivityChanged, InstrumentsChanged
from engine.core.orders.mass_cancel import CancelPlan, plan_cancels
from engine.core.reports import VenueStatus
from engine.core.requests import CancelRequest, MassCancelRequest
from engine.core.state import evolve
from engine.core.types import Category, KillLevel, Side
from tests.support.desk import Desk, perpetual, row

LINEAR, SPOT = Category.LINEAR, Category.SPOT
MARKETS = (
    perpetual("BTCUSDT"),
    perpetual("ETHUSDT"),
    replace(perpetual("BTCPERP"), quote="USDC", settle="USDC"),
    replace(perpetual("BTC/USDT"), category=SPOT, venue_symbol="BTCUSDT"),
    replace(perpetual("ETH/USDC"), category=SPOT, venue_symbol="ETHUSDC", settle="USDC"),
)


def desk() -> Desk:
    found = Desk()
    evolve(found.state, InstrumentsChanged(ts=2, instruments=MARKETS))
    return found


def working(where: Desk, *order_ids: str, symbol: str = "BTCUSDT", **more: Any) -> None:
    """Orders of ours, or of whoever their ids belong to, that rest at the venue."""
    for order_id in order_ids:
        where.give(row(order_id, symbol=symbol, **more))


def plan(where: Desk, command: Any) -> CancelPlan:
    """How the cancels that a command leads to are sent."""
    where.give(command)
    cancels = [item for item in where.requests if isinstance(item, CancelRequest)]
    found = plan_cancels(where.state, cancels)
    sent = [order_id for mass in found.mass for order_id in mass.client_order_ids]
    sent += [request.client_order_id for request in found.single]
    assert sorted(sent) == sorted(request.client_order_id for request in cancels)
    return found


def everything(settle: str, *order_ids: str, **more: Any) -> MassCancelRequest:
    return MassCancelRequest(
        **{"category": LINEAR, "settle": settle, "client_order_ids": order_ids} | more
    )


def ids(found: CancelPlan) -> list[str]:
    return [request.client_order_id for request in found.single]


ALL = CancelAll(command_id="all")
KILL = Kill(command_id="kill")


def test_all_orders_of_several_markets_go_by_category_and_settle_coin() -> None:
    where = desk()
    working(where, "td-1", symbol="BTCUSDT")
    working(where, "td-2", symbol="ETHUSDT")
    working(where, "td-3", symbol="BTC/USDT")
    working(where, "td-4", symbol="ETH/USDC")
    working(where, "td-5", symbol="BTCPERP")
    found = plan(where, ALL)
    assert found.mass == (
        everything("USDT", "td-1", "td-2"),
        # Spot knows no settle coin: one request takes every pair.
        everything("", "td-3", "td-4", category=SPOT),
    )
    assert ids(found) == ["td-5"]


def test_orders_of_one_market_go_by_that_market_alone() -> None:
    where = desk()
    working(where, "td-1", "td-2")
    assert plan(where, ALL).mass == (everything("USDT", "td-1", "td-2", symbol="BTCUSDT"),)
    where = desk()
    working(where, "td-1", "td-2")
    working(where, "td-3", symbol="ETHUSDT")
    found = plan(where, CancelAll(command_id="all", symbol="BTCUSDT"))
    assert found == CancelPlan((everything("USDT", "td-1", "td-2", symbol="BTCUSDT"),), ())


def test_one_cancel_goes_by_itself() -> None:
    where = desk()
    working(where, "td-1")
    assert ids(plan(where, CancelOrder(command_id="c", client_order_id="td-1"))) == ["td-1"]


def test_an_order_of_another_program_keeps_its_market_out() -> None:
    where = desk()
    working(where, "td-1", "td-2")
    working(where, "td-3", "td-4", symbol="ETHUSDT")
    working(where, "web", symbol="ETHUSDT")
    found = plan(where, KILL)
    assert found.mass == (everything("USDT", "td-1", "td-2", symbol="BTCUSDT"),)
    assert ids(found) == ["td-3", "td-4"]


def test_an_order_of_another_program_that_was_named_is_taken_with_the_others() -> None:
    where = desk()
    working(where, "td-1", "web")
    found = plan(where, CancelAll(command_id="all", client_order_ids=("td-1", "web")))
    assert found.mass == (everything("USDT", "td-1", "web", symbol="BTCUSDT"),)


def test_another_side_keeps_its_market_out() -> None:
    where = desk()
    working(where, "td-1", "td-2")
    working(where, "td-3", side=Side.SELL)
    found = plan(where, CancelAll(command_id="all", side=Side.BUY))
    assert found.mass == ()
    assert ids(found) == ["td-1", "td-2"]


def test_an_order_that_is_on_its_way_keeps_its_market_out() -> None:
    where = desk()
    working(where, "td-1", "td-2")
    where.give(where.place("td-3"))
    named = CancelAll(command_id="all", client_order_ids=("td-1", "td-2"))
    assert plan(where, named).mass == ()


def test_an_order_that_is_being_cancelled_anyway_keeps_nobody_out() -> None:
    where = desk()
    working(where, "td-1", "td-2", "td-3")
    where.give(CancelOrder(command_id="c", client_order_id="td-3"))
    assert plan(where, ALL).mass == (everything("USDT", "td-1", "td-2", symbol="BTCUSDT"),)


def test_conditional_orders_go_apart_from_the_others() -> None:
    where = desk()
    working(where, "td-1", "td-2")
    working(where, "td-3", "td-4", status=VenueStatus.UNTRIGGERED)
    found = plan(where, ALL)
    assert found.mass == (
        everything("USDT", "td-1", "td-2", symbol="BTCUSDT"),
        everything("USDT", "td-3", "td-4", symbol="BTCUSDT", conditional=True),
    )


def test_level_kill_spares_protective_stops_so_that_stops_are_cancelled_one_by_one() -> None:
    where = desk()
    working(where, "td-1", "td-2")
    working(where, "td-3", "td-4", status=VenueStatus.UNTRIGGERED)
    working(where, "td-5", status=VenueStatus.UNTRIGGERED, reduce_only=True)
    found = plan(where, KILL)
    assert found.mass == (everything("USDT", "td-1", "td-2", symbol="BTCUSDT"),)
    assert ids(found) == ["td-3", "td-4"]


def test_level_kill_all_takes_protective_stops_too() -> None:
    where = desk()
    working(where, "td-3", "td-4", status=VenueStatus.UNTRIGGERED, reduce_only=True)
    found = plan(where, Kill(command_id="kill", level=KillLevel.KILL_ALL))
    assert found.mass == (everything("USDT", "td-3", "td-4", symbol="BTCUSDT", conditional=True),)


def test_an_order_in_a_market_nobody_listed_keeps_everything_but_single_markets_out() -> None:
    where = desk()
    working(where, "td-1", "td-2")
    working(where, "td-3", symbol="ETHUSDT")
    working(where, "web", symbol="NEWUSDT")
    found = plan(where, ALL)
    assert found.mass == (everything("USDT", "td-1", "td-2", symbol="BTCUSDT"),)
    assert ids(found) == ["td-3"]


def test_a_wanted_order_in_a_market_nobody_listed_goes_by_itself() -> None:
    where = desk()
    working(where, "td-1")
    working(where, "td-2", symbol="ETHUSDT")
    working(where, "td-3", symbol="NEWUSDT")
    found = plan(where, ALL)
    assert found.mass == (everything("USDT", "td-1", "td-2"),)
    assert ids(found) == ["td-3"]


def test_until_the_account_has_been_compared_each_goes_by_itself() -> None:
    where = desk()
    working(where, "td-1", "td-2")
    evolve(where.state, ConnectivityChanged(ts=3, link="private", up=False, text="lost"))
    found = plan(where, ALL)
    assert found.mass == ()
    assert ids(found) == ["td-1", "td-2"]


@pytest.mark.parametrize("twice", [1, 3])
def test_an_order_that_is_named_twice_is_cancelled_once(twice: int) -> None:
    where = desk()
    working(where, "td-1")
    request = CancelRequest(client_order_id="td-1", symbol="BTCUSDT")
    assert plan_cancels(where.state, [request] * twice) == CancelPlan((), (request,))
