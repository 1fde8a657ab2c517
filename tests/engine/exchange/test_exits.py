"""Take-profits and stop-losses for a part of a position, at market and with a limit."""

from __future__ import annotations

from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest

from engine.exchange import SeedAttached, SeedCondition, SeedExit, SeedOrder, SeedPosition
from engine.exchange.orders import Order
from tests.engine.exchange.venue import KEY, Venue, book, ticker, trade

TAKE_PROFIT, STOP_LOSS = "PartialTakeProfit", "PartialStopLoss"
QUIET = (book(0, [("99.8", "9")], [("100.0", "9")]), ticker(1, lastPrice="100.0"))
UP = (trade(20, "Buy", "1", "101.0"), trade(30, "Buy", "1", "101.5"))
DOWN = (trade(20, "Sell", "1", "98.0"), trade(30, "Sell", "1", "97.0"))
PARTIAL: dict[str, Any] = {"tpslMode": "Partial", "takeProfit": "101.0", "stopLoss": "98.0"}
LIMITS: dict[str, Any] = {
    **PARTIAL,
    "tpOrderType": "Limit",
    "tpLimitPrice": "101.2",
    "slOrderType": "Limit",
    "slLimitPrice": "98.2",
}


def start(tmp_path: Path, *frames: dict[str, Any]) -> Venue:
    venue = Venue(tmp_path / "market.jsonl", *QUIET, *frames)
    venue.play_to(1)
    return venue


@pytest.fixture
def quiet(tmp_path: Path) -> Venue:
    return start(tmp_path)


@pytest.fixture
def rising(tmp_path: Path) -> Venue:
    return start(tmp_path, *UP)


@pytest.fixture
def falling(tmp_path: Path) -> Venue:
    return start(tmp_path, *DOWN)


def exits(venue: Venue) -> list[Order]:
    """Every exit there has been, oldest first."""
    orders = venue.account().orders.values()
    return [order for order in orders if order.stop_order_type not in ("", "Stop")]


def waiting(venue: Venue) -> list[tuple[str, str, str]]:
    """The exits that wait: kind, trigger price, quantity."""
    return [
        (order.stop_order_type, str(order.condition.price), str(order.qty))
        for order in exits(venue)
        if order.is_waiting and order.condition is not None
    ]


def ends(venue: Venue) -> list[tuple[str, str, str]]:
    """How every exit stands: kind, status, cancelType."""
    return [(order.stop_order_type, order.status, order.cancel_type) for order in exits(venue)]


def row(venue: Venue, order: Order) -> dict[str, Any]:
    query = {"category": "linear", "orderId": order.order_id}
    (found,) = venue.get("/v5/order/realtime", **query)["result"]["list"]
    shown: dict[str, Any] = found
    return shown


def test_every_order_brings_exits_of_its_own_for_what_it_has_filled(quiet: Venue) -> None:
    quiet.order("Buy", "2", "100.0", **PARTIAL)
    quiet.order("Buy", "1", "100.0", tpslMode="Partial", stopLoss="97.0")
    quiet.order("Buy", "1", "100.0", stopLoss="96.0")
    assert waiting(quiet) == [
        (TAKE_PROFIT, "101.0", "2"),
        (STOP_LOSS, "98.0", "2"),
        (STOP_LOSS, "97.0", "1"),
        ("StopLoss", "96.0", "4"),
    ]
    (held,) = quiet.get("/v5/position/list", category="linear", symbol="BTCUSDT")["result"]["list"]
    assert (held["takeProfit"], held["stopLoss"]) == ("0", "96.0")


def test_an_exit_is_a_conditional_order_that_only_reduces(quiet: Venue) -> None:
    order = quiet.order("Buy", "2", "100.0", **{**LIMITS, "slOrderType": "Market"})
    shown = row(quiet, order)
    names = ("tpslMode", "takeProfit", "tpLimitPrice", "stopLoss", "slLimitPrice")
    assert [shown[name] for name in names] == ["Partial", "101.0", "101.2", "98.0", "0"]
    profit, loss = (row(quiet, made) for made in exits(quiet))
    same = {
        "side": "Sell",
        "orderStatus": "Untriggered",
        "reduceOnly": True,
        "closeOnTrigger": True,
        "orderLinkId": "",
    }
    limit = {"orderType": "Limit", "price": "101.2", "timeInForce": "GTC", "triggerDirection": 1}
    market = {"orderType": "Market", "price": "0", "timeInForce": "IOC", "triggerDirection": 2}
    assert profit.items() >= {**same, **limit, "createType": "CreateByPartialTakeProfit"}.items()
    assert loss.items() >= {**same, **market, "createType": "CreateByPartialStopLoss"}.items()


def test_a_take_profit_with_a_limit_rests_once_triggered_and_its_stop_loss_is_off(
    rising: Venue,
) -> None:
    rising.order("Buy", "2", "100.0", **LIMITS)
    rising.order("Buy", "1", "100.0", tpslMode="Partial", stopLoss="97.0")
    rising.play_to(20)
    assert ends(rising)[:2] == [
        (TAKE_PROFIT, "New", "UNKNOWN"),
        (STOP_LOSS, "Deactivated", "CancelByOCOSlCanceledByTpTriggered"),
    ]
    rising.play_to(30)
    assert rising.fills(exits(rising)[0]) == [("2", "101.2", True)]
    assert (rising.position, waiting(rising)) == (D(1), [(STOP_LOSS, "97.0", "1")])


@pytest.mark.parametrize("terms", [PARTIAL, LIMITS])
def test_a_stop_loss_that_is_triggered_sells_its_part_and_its_take_profit_is_off(
    falling: Venue, terms: dict[str, Any]
) -> None:
    falling.order("Buy", "2", "100.0", **terms)
    falling.order("Buy", "1", "100.0")
    falling.play_to(20)
    assert ends(falling) == [
        (TAKE_PROFIT, "Deactivated", "CancelByOCOTpCanceledBySlTriggered"),
        (STOP_LOSS, "Filled", "UNKNOWN"),
    ]
    assert falling.fills(exits(falling)[1]) == [("2", "99.8", False)]
    assert falling.position == D(1)


def test_a_stop_loss_that_the_market_has_left_behind_waits_at_its_limit(tmp_path: Path) -> None:
    venue = start(
        tmp_path,
        book(10, [("99.8", "0"), ("97.0", "9")], [("100.0", "0"), ("97.2", "9")], u=2),
        *DOWN,
        trade(40, "Buy", "1", "98.3"),
    )
    venue.order("Buy", "2", "100.0", **LIMITS)
    venue.play_to(39)
    assert (exits(venue)[1].status, venue.position) == ("New", D(2))
    venue.play_to(40)
    assert (venue.fills(exits(venue)[1]), venue.position) == ([("2", "98.2", True)], D(0))


def test_a_short_leaves_the_other_way_round(falling: Venue) -> None:
    terms = {**PARTIAL, "takeProfit": "98.0", "stopLoss": "103.0"}
    falling.order("Sell", "1", "99.8", **terms)
    assert waiting(falling) == [
        (TAKE_PROFIT, "98.0", "1"),
        (STOP_LOSS, "103.0", "1"),
    ]
    falling.play_to(20)
    assert (falling.position, waiting(falling)) == (D(0), [])


def test_exits_grow_with_their_order_until_one_is_triggered(tmp_path: Path) -> None:
    fills = [trade(ms, "Sell", "1", "99.9") for ms in (10, 12, 25)]
    venue = start(tmp_path, *fills[:2], UP[0], fills[2])
    venue.order("Buy", "5", "99.9", **LIMITS)
    venue.play_to(10)
    assert [qty for _, _, qty in waiting(venue)] == ["1", "1"]
    venue.play_to(12)
    assert [qty for _, _, qty in waiting(venue)] == ["2", "2"]
    venue.play_to(25)
    assert waiting(venue) == [(TAKE_PROFIT, "101.0", "1"), (STOP_LOSS, "98.0", "1")]
    assert [(order.status, str(order.qty)) for order in exits(venue)[:2]] == [
        ("New", "2"),
        ("Deactivated", "2"),
    ]


def test_what_fills_on_other_terms_gets_exits_of_its_own(tmp_path: Path) -> None:
    venue = start(tmp_path, *(trade(ms, "Sell", "1", "99.9") for ms in (10, 12)))
    order = venue.order("Buy", "5", "99.9", **LIMITS)
    venue.play_to(10)
    terms = {"stopLoss": "97.0", "slTriggerBy": "MarkPrice", "tpLimitPrice": "101.4"}
    assert venue.amend(order, **terms)["retCode"] == 0
    shown = row(venue, order)
    assert (shown["tpLimitPrice"], shown["slTriggerBy"]) == ("101.4", "MarkPrice")
    assert (shown["takeProfit"], shown["slLimitPrice"]) == ("101.0", "98.2")
    venue.play_to(12)
    assert waiting(venue) == [
        (TAKE_PROFIT, "101.0", "1"),
        (STOP_LOSS, "98.0", "1"),
        (TAKE_PROFIT, "101.0", "1"),
        (STOP_LOSS, "97.0", "1"),
    ]


def test_what_an_order_had_filled_before_it_brought_exits_has_none(tmp_path: Path) -> None:
    venue = start(tmp_path, *(trade(ms, "Sell", "1", "99.9") for ms in (10, 12)))
    order = venue.order("Buy", "5", "99.9")
    venue.play_to(10)
    assert venue.amend(order, tpslMode="Partial", stopLoss="98.0")["retCode"] == 0
    venue.play_to(12)
    assert waiting(venue) == [(STOP_LOSS, "98.0", "1")]


def test_an_exit_closes_no_more_than_is_left(rising: Venue) -> None:
    rising.order("Buy", "3", "100.0", **LIMITS)
    rising.order("Sell", "2", None)
    rising.play_to(20)
    assert (str(exits(rising)[0].qty), exits(rising)[0].status) == ("1", "New")
    rising.order("Sell", "1", None)
    assert (exits(rising)[0].status, exits(rising)[0].cancel_type) == (
        "Cancelled",
        "CancelByReduceOnly",
    )


@pytest.mark.parametrize("qty", ["3", "5"])
def test_all_exits_go_with_the_position(quiet: Venue, qty: str) -> None:
    quiet.order("Buy", "2", "100.0", **PARTIAL)
    quiet.order("Buy", "1", "100.0", tpslMode="Partial", stopLoss="97.0")
    quiet.order("Sell", qty, None)
    assert {end[1:] for end in ends(quiet)} == {("Deactivated", "CancelByTpSlTsClear")}


def test_an_order_that_turns_the_position_has_exits_for_what_it_has_opened(quiet: Venue) -> None:
    quiet.order("Sell", "1", None)
    quiet.order("Buy", "3", "100.0", **PARTIAL)
    assert [qty for _, _, qty in waiting(quiet)] == ["2", "2"]


def test_an_order_that_only_closes_a_position_brings_no_exits(quiet: Venue) -> None:
    quiet.order("Sell", "3", None)
    quiet.order("Buy", "2", "100.0", **PARTIAL)
    assert waiting(quiet) == []


def test_a_cancelled_exit_leaves_the_other_of_its_pair(falling: Venue) -> None:
    falling.order("Buy", "2", "100.0", **PARTIAL)
    assert falling.cancel(exits(falling)[0])["retCode"] == 0
    assert waiting(falling) == [(STOP_LOSS, "98.0", "2")]
    falling.play_to(20)
    assert (ends(falling)[0][2], falling.position) == ("CancelByUser", D(0))


def test_the_exits_of_a_hedge_stay_on_their_side(quiet: Venue) -> None:
    assert quiet.post("/v5/position/switch-mode", symbol="BTCUSDT", mode=3)["retCode"] == 0
    quiet.order("Buy", "1", "100.0", **PARTIAL, positionIdx=1)
    short = {**PARTIAL, "takeProfit": "97.0", "stopLoss": "102.0"}
    quiet.order("Sell", "1", "99.8", **short, positionIdx=2)
    quiet.order("Sell", "1", "99.8", positionIdx=1)
    assert waiting(quiet) == [(TAKE_PROFIT, "97.0", "1"), (STOP_LOSS, "102.0", "1")]
    assert {order.position_idx for order in exits(quiet) if order.is_waiting} == {2}


def seed(kind: str, qty: str, price: str, order_id: str = "") -> SeedOrder:
    condition = SeedCondition(price=D(price), rises=kind == TAKE_PROFIT)
    return SeedOrder(
        category="linear",
        symbol="BTCUSDT",
        order_id=order_id or f"{kind}/{qty}",
        link_id="",
        side="Sell",
        price=D(0),
        qty=D(qty),
        time_in_force="IOC",
        reduce_only=True,
        condition=condition,
        protects=kind,
    )


def test_pairs_of_an_earlier_life_are_pairs_again(tmp_path: Path) -> None:
    venue = Venue(tmp_path / "market.jsonl", *QUIET, *UP)
    position = SeedPosition(category="linear", symbol="BTCUSDT", qty=D(4), avg_price=D(100))
    orders = [
        seed(TAKE_PROFIT, "1", "101.0"),
        seed(STOP_LOSS, "3", "97.0"),
        seed(STOP_LOSS, "1", "98.0"),
        seed(STOP_LOSS, "1", "96.0", "alone"),
    ]
    venue.exchange.seed_account(KEY, positions=[position], orders=orders)
    venue.play_to(20)
    assert (venue.position, waiting(venue)) == (
        D(3),
        [(STOP_LOSS, "97.0", "3"), (STOP_LOSS, "96.0", "1")],
    )
    venue.order("Sell", "3", None)
    assert waiting(venue) == []


def test_an_order_of_an_earlier_life_brings_exits_for_what_it_fills_from_now_on(
    tmp_path: Path,
) -> None:
    venue = Venue(tmp_path / "market.jsonl", *QUIET, trade(10, "Sell", "1", "99.9"))
    position = SeedPosition(category="linear", symbol="BTCUSDT", qty=D(2), avg_price=D(100))
    out = SeedExit(condition=SeedCondition(price=D("98.0"), rises=False))
    order = SeedOrder(
        category="linear",
        symbol="BTCUSDT",
        order_id="entry",
        link_id="a1",
        side="Buy",
        price=D("99.9"),
        qty=D(5),
        cum_qty=D(2),
        avg_price=D("99.9"),
        attached=SeedAttached(stop_loss=out, partial=True),
    )
    venue.exchange.seed_account(KEY, positions=[position], orders=[order])
    venue.play_to(10)
    assert waiting(venue) == [(STOP_LOSS, "98.0", "1")]


@pytest.mark.parametrize(
    "change",
    [
        {"tpslMode": "Full"},
        {"tpslMode": ""},
        {"tpslMode": "Half"},
        {"tpOrderType": "Iceberg"},
        {"tpLimitPrice": ""},
        {"tpLimitPrice": "101.25"},
        {"slLimitPrice": "1000.1"},
        {"takeProfit": "99.0"},
        {"reduceOnly": True},
    ],
)
def test_exits_that_cannot_be(quiet: Venue, change: dict[str, Any]) -> None:
    quiet.order("Sell", "1", None)
    code = 110003 if "slLimitPrice" in change else 10001
    assert quiet.place("Buy", "1", "99.0", **{**LIMITS, **change})["retCode"] == code


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"tpslMode": "Full"}, 10001),
        ({"takeProfit": "99.0"}, 10001),
        ({"tpLimitPrice": "101.25"}, 10001),
        ({"tpLimitPrice": "101.2", "stopLoss": "98.0"}, 10001),
        ({"takeProfit": "0", "stopLoss": "0"}, 0),
    ],
)
def test_what_a_resting_order_brings_is_amended_as_it_could_be_placed(
    quiet: Venue, change: dict[str, Any], code: int
) -> None:
    order = quiet.order("Buy", "1", "99.0", **LIMITS)
    assert quiet.amend(order, **change)["retCode"] == code
    assert (order.attached is None) == (code == 0)


def test_an_order_that_only_reduces_is_not_amended_to_bring_exits(quiet: Venue) -> None:
    quiet.order("Buy", "1", None)
    order = quiet.order("Sell", "1", "101.0", reduceOnly=True)
    assert quiet.amend(order, takeProfit="99.0")["retCode"] == 10001
