"""What the venue refuses, and with which code."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine.exchange import SeedOrder, SeedPosition
from tests.engine.exchange.venue import LINEAR, SPOT, Venue, book, signed, trade

D = Decimal
SNAPSHOT = book(0, [("99.9", "2")], [("100.0", "1")])
UNCHANGED = "The order remains unchanged as the parameters entered match the existing ones."


@pytest.fixture
def linear(tmp_path: Path) -> Venue:
    return Venue(tmp_path / "market.jsonl", SNAPSHOT, trade(5, "Sell", "3", "99.9"))


@pytest.fixture
def spot(tmp_path: Path) -> Venue:
    return Venue(tmp_path / "market.jsonl", SNAPSHOT, rows=[SPOT])


GOOD: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "side": "Buy",
    "orderType": "Limit",
    "qty": "1",
    "price": "99.0",
}

REFUSED = [
    ({"symbol": "XXXUSDT"}, 10001, 170121),
    ({"category": "inverse"}, 10001, 10001),
    ({"side": "buy"}, 10001, 170117),
    ({"orderType": "Stop"}, 10001, 170116),
    ({"timeInForce": "DAY"}, 10001, 170115),
    ({"price": ""}, 10001, 10001),
    ({"price": "-1"}, 10001, 10001),
    ({"price": "1e2"}, 10001, 10001),
    ({"price": "NaN"}, 10001, 10001),
    ({"price": "99.05"}, 10001, 170134),
    ({"price": "10000000.1"}, 110003, 170133),
    ({"qty": "0"}, 10001, 170130),
    ({"qty": "1_0"}, 10001, 170130),
    ({"qty": "0.015"}, 10001, 170137),
    ({"qty": "1000.01"}, 10001, 170124),
    ({"qty": "0.05"}, 110094, 170140),
    ({"orderLinkId": "x" * 37}, 10001, 10001),
    ({"orderLinkId": "a b"}, 10001, 10001),
    ({"triggerPrice": "98.0"}, 10001, 110118),
    ({"positionIdx": 1}, 10001, 10001),
    ({"qty": 5}, 10001, 10001),
    ({"orderType": "Market", "qty": "500.01", "marketUnit": "baseCoin"}, 10001, 170124),
]


@pytest.mark.parametrize(("change", "on_linear", "_on_spot"), REFUSED)
def test_a_bad_order_is_refused_on_linear(
    linear: Venue, change: dict[str, Any], on_linear: int, _on_spot: int
) -> None:
    assert linear.post("/v5/order/create", **GOOD | change)["retCode"] == on_linear
    assert linear.account().orders == {}


@pytest.mark.parametrize(("change", "_on_linear", "on_spot"), REFUSED)
def test_a_bad_order_is_refused_on_spot(
    spot: Venue, change: dict[str, Any], _on_linear: int, on_spot: int
) -> None:
    assert spot.post("/v5/order/create", **GOOD | change)["retCode"] == on_spot
    assert spot.account().orders == {}


def test_a_price_below_the_market_s_range_is_refused(tmp_path: Path) -> None:
    row = LINEAR | {"priceFilter": {"minPrice": "50", "maxPrice": "150", "tickSize": "0.1"}}
    venue = Venue(tmp_path / "market.jsonl", SNAPSHOT, rows=[row])
    assert venue.place("Buy", "1", "49.9")["retCode"] == 110003


def test_a_quantity_below_the_smallest_is_refused(tmp_path: Path) -> None:
    lots = LINEAR["lotSizeFilter"] | {"minOrderQty": "0.5"}
    venue = Venue(tmp_path / "market.jsonl", SNAPSHOT, rows=[LINEAR | {"lotSizeFilter": lots}])
    assert venue.place("Buy", "0.49", "99.0")["retCode"] == 10001


def test_a_body_that_is_not_json_is_refused(linear: Venue) -> None:
    headers = signed(linear.clock, "{")
    reply = linear.exchange.handle("POST", "/v5/order/create", "", b"{", headers)
    assert b'"retCode":10001' in reply.body


def test_an_order_link_id_is_good_once_even_after_the_order_has_ended(linear: Venue) -> None:
    order = linear.order("Buy", "1", "99.0", orderLinkId="a-1")
    assert linear.place("Buy", "1", "99.0", orderLinkId="a-1")["retCode"] == 110072
    linear.cancel(order)
    assert linear.place("Buy", "1", "99.0", orderLinkId="a-1")["retCode"] == 110072


def test_spot_says_duplicate_in_its_own_code_and_names_the_nameless(spot: Venue) -> None:
    order = spot.order("Buy", "1", "99.0")
    assert order.link_id == str(int(order.order_id) + 1)
    assert spot.place("Buy", "1", "99.0", orderLinkId=order.link_id)["retCode"] == 170141


def test_linear_order_ids_look_like_uuids_and_repeat_for_the_seed_and_run(tmp_path: Path) -> None:
    def first_ids(name: str, **options: Any) -> list[str]:
        venue = Venue(tmp_path / name, SNAPSHOT, **options)
        return [venue.order("Buy", "1", "99.0").order_id for _ in range(2)]

    ids = first_ids("a", seed=3)
    assert [len(part) for part in ids[0].split("-")] == [8, 4, 4, 4, 12]
    assert first_ids("b", seed=3) == ids
    assert first_ids("c", seed=4) != ids
    assert first_ids("d", seed=3, run=1) != ids


def test_too_many_open_orders_are_refused(tmp_path: Path) -> None:
    venue = Venue(tmp_path / "market.jsonl", SNAPSHOT, max_open_orders=1)
    order = venue.order("Buy", "1", "99.0")
    assert venue.place("Buy", "1", "99.0")["retCode"] == 110020
    venue.cancel(order)
    assert venue.place("Buy", "1", "99.0")["retCode"] == 0


def test_a_perpetual_takes_500_active_orders_and_10_conditional_ones(tmp_path: Path) -> None:
    venue = Venue(
        tmp_path / "market.jsonl", SNAPSHOT, trade(1, "Buy", "1", "100.0"), max_open_orders=None
    )
    venue.play_to(1)
    for _ in range(500):
        venue.order("Buy", "1", "99.0")
    assert venue.place("Buy", "1", "99.0")["retCode"] == 110020
    waits = {"triggerPrice": "110.0", "triggerDirection": 1}
    waiting = [venue.order("Buy", "1", "99.0", **waits) for _ in range(10)]
    assert venue.place("Buy", "1", "99.0", **waits)["retCode"] == 110009
    venue.cancel(waiting[0])
    assert venue.place("Buy", "1", "99.0", **waits)["retCode"] == 0


def test_what_protects_a_position_takes_no_conditional_orders_room(tmp_path: Path) -> None:
    last = trade(1, "Buy", "1", "100.0")
    venue = Venue(tmp_path / "market.jsonl", SNAPSHOT, last, max_open_orders=1)
    venue.play_to(1)
    venue.order("Buy", "1", "100.0", takeProfit="120.0", stopLoss="80.0")
    waits = {"triggerPrice": "110.0", "triggerDirection": 1}
    venue.order("Buy", "1", "99.0", **waits)
    assert venue.place("Buy", "1", "99.0", **waits)["retCode"] == 110009


def test_spot_takes_500_orders_of_all_kinds_and_30_of_each_that_waits(tmp_path: Path) -> None:
    last = trade(1, "Buy", "1", "100.0")
    venue = Venue(tmp_path / "market.jsonl", SNAPSHOT, last, rows=[SPOT], max_open_orders=None)
    venue.play_to(1)
    for kind in ("tpslOrder", "StopOrder"):
        waits = {"triggerPrice": "110.0", "orderFilter": kind}
        for _ in range(30):
            venue.order("Buy", "1", "99.0", **waits)
        assert venue.place("Buy", "1", "99.0", **waits)["retCode"] == 170810
    for _ in range(440):
        venue.order("Buy", "1", "99.0")
    assert venue.place("Buy", "1", "99.0")["retCode"] == 170810


def test_one_cancel_all_takes_500_orders_of_perpetuals_at_most(tmp_path: Path) -> None:
    venue = Venue(tmp_path / "market.jsonl", SNAPSHOT)
    for _ in range(1001):
        venue.order("Buy", "1", "99.0")
    counts = []
    for _ in range(3):
        reply = venue.post("/v5/order/cancel-all", symbol="BTCUSDT")
        counts.append(len({row["orderId"] for row in reply["result"]["list"]}))
    assert counts == [500, 500, 1]
    assert venue.account().open_in(("linear", "BTCUSDT")) == {}


def test_a_reduce_only_order_may_be_worth_less_than_the_smallest_order(linear: Venue) -> None:
    linear.order("Buy", "1", "100.0")
    assert linear.place("Sell", "0.01", "100.0", reduceOnly=True)["retCode"] == 0


def test_cancelling_what_is_not_open_is_refused(linear: Venue, tmp_path: Path) -> None:
    order = linear.order("Buy", "1", "99.0", orderLinkId="a1")
    assert linear.cancel(order)["result"] == {"orderId": order.order_id, "orderLinkId": "a1"}
    assert (order.status, order.cancel_type, order.reject_reason) == (
        "Cancelled",
        "CancelByUser",
        "EC_PerCancelRequest",
    )
    again = linear.cancel(order)
    assert (again["retCode"], again["retMsg"]) == (
        110001,
        "order not exists or too late to cancel",
    )
    other = linear.post("/v5/order/cancel", symbol="BTCUSDT", orderLinkId="never")
    assert other["retCode"] == 110001


def test_spot_has_its_own_code_for_not_found(spot: Venue) -> None:
    order = spot.order("Buy", "1", "99.0")
    wrong = spot.post("/v5/order/cancel", category="linear", orderId=order.order_id)
    assert wrong["retCode"] == 10001  # no such market
    spot.cancel(order)
    assert spot.amend(order, price="98.0")["retCode"] == 170213
    other = spot.post("/v5/order/cancel", symbol="BTCUSDT", orderLinkId="never")
    assert other["retCode"] == 170213


def test_a_late_cancel_on_spot_is_told_how_the_order_ended(spot: Venue) -> None:
    cancelled = spot.order("Buy", "1", "99.0")
    spot.cancel(cancelled)
    filled = spot.order("Buy", "0.5", "100.0")
    in_part = spot.order("Buy", "2", "100.0", timeInForce="IOC")
    assert (filled.status, in_part.status) == ("Filled", "PartiallyFilledCanceled")
    codes = [spot.cancel(order)["retCode"] for order in (cancelled, filled, in_part)]
    assert codes == [170142, 170139, 170142]


def test_an_order_can_be_cancelled_by_its_link_id_but_not_under_another_symbol(
    tmp_path: Path,
) -> None:
    eth = LINEAR | {"symbol": "ETHUSDT"}
    venue = Venue(tmp_path / "market.jsonl", SNAPSHOT, rows=[LINEAR, eth])
    venue.order("Buy", "1", "99.0", orderLinkId="a1")
    body = {"orderLinkId": "a1"}
    assert venue.post("/v5/order/cancel", symbol="ETHUSDT", **body)["retCode"] == 110001
    assert venue.post("/v5/order/cancel", symbol="BTCUSDT", **body)["retCode"] == 0


def test_amends_that_change_nothing_or_go_below_the_fill_are_refused(linear: Venue) -> None:
    order = linear.order("Buy", "2", "99.9")
    linear.play_to(5)
    assert order.cum_qty == D(1)
    same = linear.amend(order, price="99.9", qty="2")
    assert (same["retCode"], same["retMsg"]) == (10001, UNCHANGED)
    assert linear.amend(order)["retMsg"] == UNCHANGED
    assert linear.amend(order, qty="1")["retCode"] == 110064
    assert linear.amend(order, qty="0.5")["retCode"] == 110064
    assert linear.amend(order, price="99.99")["retCode"] == 10001
    assert linear.amend(order, qty="1.001")["retCode"] == 10001
    assert linear.amend(order, qty="1.5", takeProfit="3")["retCode"] == 10001
    assert linear.amend(order, qty="1.5", price="1.0")["retCode"] == 110094
    assert (order.qty, order.price) == (D(2), D("99.9"))


def test_cancel_all_takes_a_symbol_a_base_or_a_settle_coin(tmp_path: Path) -> None:
    eth = LINEAR | {"symbol": "ETHUSDT", "baseCoin": "ETH"}
    venue = Venue(tmp_path / "market.jsonl", SNAPSHOT, rows=[LINEAR, eth])

    def cancelled(**by: str) -> list[str]:
        for symbol in ("BTCUSDT", "ETHUSDT"):
            venue.post("/v5/order/create", **GOOD | {"symbol": symbol})
        result = venue.post("/v5/order/cancel-all", **by)["result"]
        orders = venue.account().orders
        found = [orders[item["orderId"]].instrument.symbol for item in result["list"]]
        venue.post("/v5/order/cancel-all", settleCoin="USDT")
        return found

    assert cancelled(symbol="ETHUSDT") == ["ETHUSDT"]
    assert cancelled(baseCoin="BTC") == ["BTCUSDT"]
    assert cancelled(settleCoin="USDT") == ["BTCUSDT", "ETHUSDT"]
    assert cancelled(settleCoin="USDT", orderFilter="StopOrder") == []
    assert venue.post("/v5/order/cancel-all")["retCode"] == 10001


def test_spot_cancel_all_needs_no_filter(spot: Venue) -> None:
    spot.order("Buy", "1", "99.0")
    assert spot.post("/v5/order/cancel-all", settleCoin="USDT")["retCode"] == 10001
    assert len(spot.post("/v5/order/cancel-all")["result"]["list"]) == 1


def test_spot_orders_hold_back_what_they_would_spend(spot: Venue) -> None:
    assert spot.place("Sell", "1", "101.0")["retCode"] == 170131
    usdt = spot.account().coins["USDT"]
    usdt.balance = D(250)
    order = spot.order("Buy", "2", "99.0")
    assert usdt.locked == D(198)
    assert spot.place("Buy", "1", "99.0")["retCode"] == 170131
    assert spot.amend(order, qty="2.52")["retCode"] == 0
    assert usdt.locked == D("249.48")
    assert spot.amend(order, qty="2.53")["retCode"] == 170131
    assert spot.amend(order, qty="2.5")["retCode"] == 0
    assert usdt.locked == D("247.5")
    spot.cancel(order)
    assert usdt.locked == D(0)


def test_a_spot_order_with_fills_ends_partially_filled_cancelled(spot: Venue) -> None:
    order = spot.order("Buy", "2", "100.0", timeInForce="IOC")
    assert (order.status, order.cum_qty) == ("PartiallyFilledCanceled", D(1))
    assert spot.account().coins["USDT"].locked == D(0)


def test_a_spot_market_order_is_by_value_when_it_buys_and_by_quantity_when_it_sells(
    spot: Venue,
) -> None:
    by_value = spot.order("Buy", "50.9", None)
    assert spot.fills(by_value) == [("0.50", "100.0", False)]
    (row,) = spot.get("/v5/order/history", category="spot")["result"]["list"]
    assert (row["qty"], row["cumExecValue"]) == ("50.9", "50.000")
    assert (row["orderStatus"], row["leavesQty"]) == ("PartiallyFilledCanceled", "0")
    assert spot.order("Buy", "10", None).status == "Filled"  # to the last cent
    assert spot.order("Buy", "0.1", None, marketUnit="baseCoin").cum_qty == D("0.1")
    assert spot.order("Sell", "0.2", None).cum_qty == D("0.2")
    assert spot.order("Sell", "9.99", None, marketUnit="quoteCoin").cum_qty == D("0.1")


@pytest.mark.parametrize(
    ("qty", "code"), [("4.99", 170140), ("x", 170130), ("900000", 0), ("2000000", 170131)]
)
def test_a_value_that_buys_nothing_or_everything(spot: Venue, qty: str, code: int) -> None:
    assert spot.place("Buy", qty, None)["retCode"] == code


def test_a_seeded_account_goes_on_where_it_was(tmp_path: Path) -> None:
    venue = Venue(tmp_path / "market.jsonl", book(1, [("99.9", "2")], [("100.0", "1")]))
    venue.exchange.seed_account(
        "paper",
        positions=[
            SeedPosition(category="linear", symbol="BTCUSDT", qty=D(3), avg_price=D("98.5"))
        ],
        orders=[
            SeedOrder(
                category="linear",
                symbol="BTCUSDT",
                order_id="an-id",
                link_id="mine",
                side="Sell",
                price=D("100.0"),
                qty=D(3),
                cum_qty=D(1),
                avg_price=D("100.0"),
                reduce_only=True,
                created_ms=7,
            ),
            SeedOrder(
                category="linear",
                symbol="BTCUSDT",
                order_id="another",
                link_id="",
                side="Buy",
                price=D("99.9"),
                qty=D(1),
            ),
        ],
        wallet={"USDT": D(5000)},
    )
    venue.play_to(1)
    sell, buy = (venue.account().orders[name] for name in ("an-id", "another"))
    assert (sell.status, sell.leaves, sell.queue_ahead) == ("PartiallyFilled", D(2), D(1))
    assert (buy.status, buy.queue_ahead) == ("New", D(2))
    assert venue.position == D(3)
    assert venue.place("Buy", "1", "99.0", orderLinkId="mine")["retCode"] == 110072
    assert venue.account().coins["USDT"].balance == D(5000)


def test_a_seeded_spot_holding_is_in_the_wallet(spot: Venue) -> None:
    held = SeedPosition(category="spot", symbol="BTCUSDT", qty=D(2))
    spot.exchange.seed_account("paper", positions=[held])
    assert spot.place("Sell", "2", "101.0")["retCode"] == 0
