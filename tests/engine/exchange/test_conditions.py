"""Orders that wait for a price, and the take-profits and stop-losses of positions."""

from __future__ import annotations

import asyncio
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest

from engine.exchange.orders import Order
from tests.engine.exchange.test_streams import Client
from tests.engine.exchange.venue import SPOT, Venue, book, ticker, trade

BOOK = book(0, [("99.9", "9")], [("100.0", "9")])
FRAMES = [
    BOOK,
    ticker(1, lastPrice="100.0", markPrice="100.0", indexPrice="100.0"),
    ticker(10, kind="delta", markPrice="101.0"),
    trade(20, "Buy", "1", "101.0"),
    trade(30, "Sell", "1", "99.0"),
    ticker(40, kind="delta", indexPrice="98.0"),
]
RISE = {"triggerPrice": "101.0", "triggerDirection": 1}
FALL = {"triggerPrice": "99.0", "triggerDirection": 2}


@pytest.fixture
def venue(tmp_path: Path) -> Venue:
    venue = Venue(tmp_path / "market.jsonl", *FRAMES)
    venue.play_to(1)
    return venue


@pytest.fixture
def spot(tmp_path: Path) -> Venue:
    frames = [BOOK, ticker(1, lastPrice="100.0"), *FRAMES[3:5]]
    venue = Venue(tmp_path / "market.jsonl", *frames, rows=[SPOT])
    venue.play_to(1)
    return venue


def row(venue: Venue, order: Order) -> dict[str, Any]:
    query = {"category": venue.category, "orderId": order.order_id}
    (found,) = venue.get("/v5/order/realtime", **query)["result"]["list"]
    shown: dict[str, Any] = found
    return shown


async def play_to(venue: Venue, at_ms: int) -> None:
    """Play with somebody listening, which takes an event loop."""
    venue.play_to(at_ms)
    await asyncio.sleep(0)


def protectors(venue: Venue) -> list[tuple[str, str, str, bool]]:
    """What protects the position: kind, trigger price, quantity, whether it buys."""
    orders = venue.account().open_in(("linear", "BTCUSDT")).values()
    return [
        (order.stop_order_type, str(order.condition.price), str(order.qty), order.is_buy)
        for order in orders
        if order.condition is not None
    ]


def test_a_conditional_order_waits_then_trades_by_the_same_id(venue: Venue) -> None:
    client = Client(venue, "/v5/private")
    client.sign_in()
    client.say(op="subscribe", args=["order"])
    client.got.clear()
    order = venue.order("Buy", "1", None, **RISE)
    shown = row(venue, order)
    assert (shown["orderStatus"], shown["stopOrderType"]) == ("Untriggered", "Stop")
    assert (shown["triggerPrice"], shown["triggerDirection"]) == ("101.0", 1)
    venue.play_to(19)
    assert order.is_waiting
    asyncio.run(play_to(venue, 20))
    assert venue.fills(order) == [("1", "100.0", False)]
    statuses = [item["orderStatus"] for message in client.got for item in message["data"]]
    assert statuses == ["Untriggered", "Triggered", "Filled"]


@pytest.mark.parametrize(
    ("by", "price", "at_ms"), [("LastPrice", "101.0", 20), ("MarkPrice", "101.0", 10)]
)
def test_the_chosen_price_triggers(venue: Venue, by: str, price: str, at_ms: int) -> None:
    terms = {"triggerPrice": price, "triggerDirection": 1, "triggerBy": by}
    order = venue.order("Buy", "1", None, **terms)
    venue.play_to(at_ms - 1)
    assert order.is_waiting
    venue.play_to(at_ms)
    assert order.status == "Filled"


def test_the_index_price_triggers_on_its_way_down(venue: Venue) -> None:
    terms = {"triggerPrice": "98.5", "triggerDirection": 2, "triggerBy": "IndexPrice"}
    order = venue.order("Sell", "1", "99.9", **terms)
    venue.play_to(39)
    assert order.is_waiting
    venue.play_to(40)
    assert order.status == "Filled"


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"triggerPrice": "100.0", "triggerDirection": 1}, 110092),
        ({"triggerPrice": "100.0", "triggerDirection": 2}, 110093),
        ({"triggerPrice": "101.0"}, 10001),
        ({**RISE, "triggerBy": "Moon"}, 10001),
        ({**RISE, "triggerPrice": "101.05"}, 10001),
    ],
)
def test_a_condition_that_cannot_be(venue: Venue, terms: dict[str, Any], code: int) -> None:
    assert venue.place("Buy", "1", "99.0", **terms)["retCode"] == code


def test_a_waiting_order_is_amended_and_cancelled(venue: Venue) -> None:
    order = venue.order("Buy", "1", "99.0", **RISE)
    assert venue.amend(order, triggerPrice="103.0", price="98.0", qty="2")["retCode"] == 0
    shown = row(venue, order)
    assert (shown["triggerPrice"], shown["price"], shown["qty"]) == ("103.0", "98.0", "2")
    assert venue.amend(order, triggerPrice="99.0")["retCode"] == 110092
    assert venue.cancel(order)["retCode"] == 0
    assert (order.status, order.cancel_type) == ("Deactivated", "CancelByUser")
    venue.play_to(40)
    assert order.cum_qty == 0


def test_an_order_that_does_not_wait_has_no_trigger_to_amend(venue: Venue) -> None:
    order = venue.order("Buy", "1", "99.0")
    assert venue.amend(order, triggerPrice="103.0")["retCode"] == 10001


def test_cancel_all_and_lists_tell_waiting_orders_apart(venue: Venue) -> None:
    waits, rests = venue.order("Buy", "1", "99.0", **RISE), venue.order("Buy", "1", "99.0")

    def listed(order_filter: str) -> list[str]:
        query = {"category": "linear", "symbol": "BTCUSDT", "orderFilter": order_filter}
        found = venue.get("/v5/order/realtime", **query)["result"]["list"]
        return [item["orderId"] for item in found]

    assert listed("StopOrder") == [waits.order_id]
    assert listed("Order") == [rests.order_id]
    venue.post("/v5/order/cancel-all", symbol="BTCUSDT", orderFilter="StopOrder")
    assert (waits.is_open, rests.is_open) == (False, True)
    waits = venue.order("Buy", "1", "99.0", **RISE)
    venue.post("/v5/order/cancel-all", symbol="BTCUSDT")
    assert (waits.is_open, rests.is_open) == (False, False)


def test_a_reduce_only_order_that_is_triggered_with_nothing_to_reduce_ends(venue: Venue) -> None:
    order = venue.order("Sell", "1", None, **FALL, reduceOnly=True)
    venue.play_to(30)
    assert (order.status, order.cancel_type) == ("Cancelled", "CancelByReduceOnly")


def test_close_on_trigger_closes_all_there_is(venue: Venue) -> None:
    venue.order("Buy", "3", None)
    order = venue.order("Sell", "0", None, **FALL, reduceOnly=True, closeOnTrigger=True)
    venue.play_to(30)
    assert (order.status, venue.position) == ("Filled", D(0))


def test_quantity_zero_closes_the_position_at_once(venue: Venue) -> None:
    venue.order("Buy", "3", None)
    venue.order("Sell", "0", None, reduceOnly=True, closeOnTrigger=True)
    assert venue.position == D(0)


def test_on_spot_the_direction_follows_from_the_price_and_nothing_is_held_back(
    spot: Venue,
) -> None:
    order = spot.order("Buy", "1", "101.0", triggerPrice="101.0", orderFilter="tpslOrder")
    assert (row(spot, order)["stopOrderType"], spot.account().coins["USDT"].locked) == (
        "tpslOrder",
        D(0),
    )
    spot.play_to(20)
    assert order.status == "Filled"


def test_on_spot_a_cancel_needs_the_order_s_filter(spot: Venue) -> None:
    order = spot.order("Buy", "1", "99.0", triggerPrice="101.0", orderFilter="StopOrder")
    assert spot.cancel(order)["retCode"] == 170213
    body = {"symbol": "BTCUSDT", "orderId": order.order_id, "orderFilter": "StopOrder"}
    assert spot.post("/v5/order/cancel", **body)["retCode"] == 0


def test_on_spot_an_order_that_cannot_be_paid_when_triggered_ends(spot: Venue) -> None:
    order = spot.order("Sell", "1", "99.0", triggerPrice="99.0", orderFilter="StopOrder")
    spot.play_to(30)
    assert (order.status, order.reject_reason) == ("Cancelled", "EC_Others")


def test_attached_prices_protect_the_position_that_the_order_opens(venue: Venue) -> None:
    order = venue.order("Buy", "2", "100.0", takeProfit="101.0", stopLoss="98.0")
    shown = row(venue, order)
    assert (shown["takeProfit"], shown["stopLoss"]) == ("101.0", "98.0")
    assert protectors(venue) == [
        ("TakeProfit", "101.0", "2", False),
        ("StopLoss", "98.0", "2", False),
    ]
    (held,) = venue.get("/v5/position/list", category="linear", symbol="BTCUSDT")["result"]["list"]
    assert (held["takeProfit"], held["stopLoss"]) == ("101.0", "98.0")
    venue.play_to(20)
    assert (venue.position, protectors(venue)) == (D(0), [])
    (held,) = venue.get("/v5/position/list", category="linear", symbol="BTCUSDT")["result"]["list"]
    assert (held["takeProfit"], held["stopLoss"]) == ("0", "0")


def test_protection_follows_the_size_and_is_replaced_by_a_later_order_s(venue: Venue) -> None:
    venue.order("Buy", "2", "100.0", stopLoss="98.0")
    venue.order("Sell", "0.5", None)
    assert protectors(venue) == [("StopLoss", "98.0", "1.5", False)]
    venue.order("Buy", "1", "100.0", stopLoss="97.0")
    assert protectors(venue) == [("StopLoss", "97.0", "2.5", False)]
    venue.order("Sell", "9", None)
    assert protectors(venue) == []


def test_a_short_is_protected_the_other_way_round(venue: Venue) -> None:
    venue.order("Sell", "1", "99.9", takeProfit="99.0", stopLoss="103.0")
    assert protectors(venue) == [
        ("TakeProfit", "99.0", "1", True),
        ("StopLoss", "103.0", "1", True),
    ]
    venue.play_to(30)
    assert (venue.position, protectors(venue)) == (D(0), [])


def test_what_a_resting_order_brings_can_be_amended_and_removed(venue: Venue) -> None:
    order = venue.order("Buy", "1", "99.0", takeProfit="101.0", stopLoss="98.0")
    assert venue.amend(order, takeProfit="0", stopLoss="97.0")["retCode"] == 0
    shown = row(venue, order)
    assert (shown["takeProfit"], shown["stopLoss"]) == ("", "97.0")
    assert venue.amend(order, stopLoss="0")["retCode"] == 0
    assert order.attached is None


@pytest.mark.parametrize(
    "terms",
    [
        {"takeProfit": "98.0"},
        {"stopLoss": "99.5"},
        {"takeProfit": "101.0", "tpOrderType": "Limit"},
        {"takeProfit": "101.05"},
    ],
)
def test_protection_that_cannot_be(venue: Venue, terms: dict[str, Any]) -> None:
    assert venue.place("Buy", "1", "99.0", **terms)["retCode"] == 10001


def test_an_order_that_only_reduces_brings_no_protection(venue: Venue) -> None:
    venue.order("Buy", "1", None)
    terms = {"takeProfit": "98.0", "reduceOnly": True}
    assert venue.place("Sell", "1", "101.0", **terms)["retCode"] == 10001


def test_on_spot_nothing_is_attached(spot: Venue) -> None:
    assert spot.place("Buy", "1", "99.0", takeProfit="101.0")["retCode"] == 10001


@pytest.mark.parametrize(
    ("kind", "value", "price"),
    [("TickSize", "10", "101.0"), ("Percent", "0.5", "100.5"), ("Percent", "0.55", "100.5")],
)
def test_a_market_order_goes_no_further_from_the_best_price_than_its_slippage(
    tmp_path: Path, kind: str, value: str, price: str
) -> None:
    frames = [book(0, [("99.9", "9")], [("100.0", "1"), ("100.6", "1"), ("101.1", "9")])]
    venue = Venue(tmp_path / "market.jsonl", *frames, ticker(1, lastPrice="100.0"))
    venue.play_to(1)
    bound = {"slippageToleranceType": kind, "slippageTolerance": value}
    order = venue.order("Buy", "5", None, **bound)
    shown = row(venue, order)
    filled = "2" if kind == "TickSize" else "1"
    assert (shown["price"], shown["cumExecQty"], shown["orderStatus"]) == (
        price,
        filled,
        "Cancelled",
    )
    assert {name: shown[name] for name in bound} == bound


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"slippageTolerance": "10001"}, 110108),
        ({"slippageTolerance": "1.5"}, 110108),
        ({"slippageTolerance": ""}, 110108),
        ({"slippageToleranceType": "Percent", "slippageTolerance": "10.1"}, 110109),
        ({"slippageToleranceType": "Miles"}, 10001),
        ({"price": "99.0"}, 10001),
        ({**RISE}, 10001),
    ],
)
def test_a_slippage_that_makes_no_sense_is_refused(
    venue: Venue, change: dict[str, Any], code: int
) -> None:
    bound = {"slippageToleranceType": "TickSize", "slippageTolerance": "10"}
    terms = bound | change
    assert venue.place("Buy", "1", terms.pop("price", None), **terms)["retCode"] == code
