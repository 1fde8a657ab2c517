"""The fill model, with numbers worked out by hand."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.engine.exchange.venue import SPOT, Venue, book, ticker, trade

D = Decimal
BIDS = [("99.9", "2"), ("99.8", "3")]
ASKS = [("100.0", "1"), ("100.1", "2"), ("100.3", "5")]
SNAPSHOT = book(0, BIDS, ASKS)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "market.jsonl"


def test_a_crossing_order_takes_level_by_level_at_each_level_s_price(path: Path) -> None:
    venue = Venue(path, SNAPSHOT)
    order = venue.order("Buy", "2.5", "100.2")
    assert venue.fills(order) == [("1", "100.0", False), ("1.5", "100.1", False)]
    assert (order.status, order.leaves) == ("Filled", D(0))


def test_a_crossing_order_rests_with_what_its_limit_leaves(path: Path) -> None:
    venue = Venue(path, SNAPSHOT)
    order = venue.order("Buy", "4", "100.2")
    assert venue.fills(order) == [("1", "100.0", False), ("2", "100.1", False)]
    assert (order.status, order.leaves) == ("PartiallyFilled", D(1))


def test_what_we_took_stays_taken_until_the_level_s_next_recorded_change(path: Path) -> None:
    change = book(10, [], [("100.0", "1")], u=2)
    venue = Venue(path, SNAPSHOT, change, book(20, [("99.7", "1")], [], u=3))
    venue.order("Buy", "1", "100.0")
    second = venue.order("Buy", "1", "100.0", timeInForce="IOC")
    assert (venue.fills(second), second.reject_reason) == ([], "EC_NoImmediateQtyToFill")
    venue.play_to(10)
    third = venue.order("Buy", "0.4", "100.0", timeInForce="IOC")
    assert venue.fills(third) == [("0.4", "100.0", False)]
    venue.play_to(20)
    fourth = venue.order("Buy", "1", "100.0", timeInForce="IOC")
    assert venue.fills(fourth) == [("0.6", "100.0", False)]
    assert (fourth.status, fourth.cum_qty) == ("Cancelled", D("0.6"))


def test_a_snapshot_gives_everything_back(path: Path) -> None:
    venue = Venue(path, SNAPSHOT, book(10, BIDS, ASKS, u=2, kind="snapshot"))
    venue.order("Buy", "1", "100.0")
    venue.play_to(10)
    assert venue.fills(venue.order("Buy", "1", "100.0")) == [("1", "100.0", False)]


def test_update_id_one_replaces_the_book_whatever_the_frame_says(path: Path) -> None:
    venue = Venue(path, SNAPSHOT, book(10, [("50.0", "1")], [("51.0", "1")], u=1, kind="delta"))
    venue.play_to(10)
    assert venue.exchange.markets["linear", "BTCUSDT"].book.bids.levels(9) == [(D("50.0"), D(1))]


def test_trades_at_the_price_use_up_the_queue_and_then_fill(path: Path) -> None:
    trades = [
        trade(1, "Sell", "1.5", "99.9"),
        trade(2, "Buy", "9", "99.9"),  # the same side took: not our queue
        trade(3, "Sell", "0.8", "99.9"),
        trade(4, "Sell", "5", "99.9"),
    ]
    venue = Venue(path, SNAPSHOT, *trades)
    order = venue.order("Buy", "1", "99.9")
    assert order.queue_ahead == D(2)
    venue.play_to(2)
    assert (order.queue_ahead, venue.fills(order)) == (D("0.5"), [])
    venue.play_to(3)
    assert venue.fills(order) == [("0.3", "99.9", True)]
    assert order.status == "PartiallyFilled"
    venue.play_to(4)
    assert venue.fills(order) == [("0.3", "99.9", True), ("0.7", "99.9", True)]
    assert order.status == "Filled"


def test_a_sell_s_queue_is_used_up_by_buyers(path: Path) -> None:
    venue = Venue(path, SNAPSHOT, trade(1, "Sell", "9", "100.0"), trade(2, "Buy", "1.2", "100.0"))
    order = venue.order("Sell", "1", "100.0")
    venue.play_to(2)
    assert venue.fills(order) == [("0.2", "100.0", True)]


def test_the_queue_is_never_longer_than_the_level_shows(path: Path) -> None:
    shrunk = book(1, [("99.9", "0.5")], [], u=2)
    grown = book(2, [("99.9", "7")], [], u=3)
    gone = book(3, [("99.9", "0")], [], u=4)
    venue = Venue(path, SNAPSHOT, shrunk, grown, gone)
    order = venue.order("Buy", "1", "99.9")
    seen = []
    for at_ms in (1, 2, 3):
        venue.play_to(at_ms)
        seen.append(order.queue_ahead)
    assert seen == [D("0.5"), D("0.5"), D(0)]


def test_a_snapshot_caps_the_queue_on_both_sides(path: Path) -> None:
    after = book(1, [("99.9", "0.7")], [("100.1", "0.3")], u=2, kind="snapshot")
    venue = Venue(path, SNAPSHOT, after)
    buy, sell, lost = (
        venue.order("Buy", "1", "99.9"),
        venue.order("Sell", "1", "100.1"),
        venue.order("Sell", "1", "100.3"),
    )
    venue.play_to(1)
    assert [order.queue_ahead for order in (buy, sell, lost)] == [D("0.7"), D("0.3"), D(0)]


def test_our_orders_at_a_price_share_a_trade_in_order_of_time(path: Path) -> None:
    grown = book(1, [("99.9", "4")], [], u=2)
    venue = Venue(path, SNAPSHOT, grown, trade(2, "Sell", "5.5", "99.9"))
    first = venue.order("Buy", "1", "99.9")  # behind 2
    venue.play_to(1)
    second = venue.order("Buy", "3", "99.9")  # behind 4
    venue.play_to(2)
    assert venue.fills(first) == [("1", "99.9", True)]
    # 5.5 less the 1 that the first took, less the 4 of the market ahead
    assert venue.fills(second) == [("0.5", "99.9", True)]


@pytest.mark.parametrize("side", ["Buy", "Sell"])
def test_a_trade_through_the_price_fills_whole_whoever_took(path: Path, side: str) -> None:
    venue = Venue(path, SNAPSHOT, trade(1, side, "0.01", "99.8"), trade(2, side, "0.01", "100.2"))
    buy, sell = venue.order("Buy", "7", "99.9"), venue.order("Sell", "8", "100.1")
    venue.play_to(1)
    assert venue.fills(buy) == [("7", "99.9", True)]
    assert venue.fills(sell) == []
    venue.play_to(2)
    assert venue.fills(sell) == [("8", "100.1", True)]


def test_a_book_through_the_price_fills_whole_but_one_at_the_price_does_not(path: Path) -> None:
    at = book(1, [("99.9", "0"), ("99.8", "0")], [("99.9", "1")], u=2)
    through = book(2, [], [("99.8", "0.01")], u=3)
    venue = Venue(path, SNAPSHOT, at, through)
    order = venue.order("Buy", "7", "99.9")
    venue.play_to(1)
    assert venue.fills(order) == []
    venue.play_to(2)
    assert venue.fills(order) == [("7", "99.9", True)]


def test_bids_through_a_sell_fill_it(path: Path) -> None:
    venue = Venue(path, SNAPSHOT, book(1, [("100.2", "1")], [("100.0", "0"), ("100.1", "0")], u=2))
    order = venue.order("Sell", "7", "100.1")
    venue.play_to(1)
    assert venue.fills(order) == [("7", "100.1", True)]


def test_a_level_that_we_took_does_not_count_as_through_until_it_changes(path: Path) -> None:
    other = book(1, [("99.7", "1")], [], u=2)
    refill = book(2, [], [("100.0", "0.01")], u=3)
    venue = Venue(path, SNAPSHOT, other, refill)
    order = venue.order("Buy", "9", "100.2")
    assert order.leaves == D(6)
    venue.play_to(1)
    assert order.leaves == D(6)
    venue.play_to(2)
    assert venue.fills(order)[2:] == [("6", "100.2", True)]


def test_post_only_that_would_take_is_accepted_and_then_cancelled(path: Path) -> None:
    venue = Venue(path, SNAPSHOT)
    order = venue.order("Buy", "1", "100.0", timeInForce="PostOnly")
    assert (order.status, order.cancel_type, order.reject_reason) == (
        "Cancelled",
        "UNKNOWN",
        "EC_PostOnlyWillTakeLiquidity",
    )
    assert venue.order("Buy", "1", "99.9", timeInForce="PostOnly").status == "New"


def test_fill_or_kill_fills_whole_or_not_at_all(path: Path) -> None:
    venue = Venue(path, SNAPSHOT)
    killed = venue.order("Buy", "3.01", "100.2", timeInForce="FOK")
    assert (killed.status, killed.reject_reason) == ("Cancelled", "EC_CancelForNoFullFill")
    assert venue.fills(killed) == []
    filled = venue.order("Buy", "3", "100.2", timeInForce="FOK")
    assert venue.fills(filled) == [("1", "100.0", False), ("2", "100.1", False)]


def test_a_market_order_is_ioc_at_a_protection_price_five_percent_off_the_last(
    path: Path,
) -> None:
    asks = [("100.0", "1"), ("104.9", "1"), ("105.0", "1"), ("105.1", "1")]
    venue = Venue(path, book(0, BIDS, asks), trade(1, "Buy", "0.01", "100.0"))
    venue.play_to(1)
    order = venue.order("Buy", "9", None)
    assert (order.price, order.time_in_force) == (D("105.0"), "IOC")
    assert [fill[:2] for fill in venue.fills(order)] == [
        ("1", "100.0"),
        ("1", "104.9"),
        ("1", "105.0"),
    ]
    assert (order.status, order.reject_reason) == ("Cancelled", "EC_NoImmediateQtyToFill")
    assert venue.order("Sell", "1", None).price == D("95.0")


def test_a_market_order_without_any_price_to_go_by_is_refused(path: Path) -> None:
    venue = Venue(path, book(0, [], []))
    assert venue.place("Buy", "1", None)["retCode"] == 110118


def test_a_lower_quantity_keeps_the_place_in_the_queue(path: Path) -> None:
    venue = Venue(path, SNAPSHOT, trade(1, "Sell", "1.5", "99.9"))
    order = venue.order("Buy", "2", "99.9")
    venue.play_to(1)
    assert venue.amend(order, qty="1")["retCode"] == 0
    assert (order.qty, order.queue_ahead, order.status) == (D(1), D("0.5"), "New")


@pytest.mark.parametrize("change", [{"qty": "3"}, {"price": "99.8"}])
def test_a_new_price_or_a_larger_quantity_goes_to_the_back(
    path: Path, change: dict[str, str]
) -> None:
    venue = Venue(path, SNAPSHOT, trade(1, "Sell", "1.5", "99.9"))
    order = venue.order("Buy", "2", "99.9")
    venue.play_to(1)
    venue.amend(order, **change)
    assert order.queue_ahead == (D(2) if "qty" in change else D(3))


def test_an_amend_that_loses_its_place_goes_behind_our_own_orders_too(path: Path) -> None:
    venue = Venue(path, book(0, [], ASKS), trade(1, "Sell", "1.5", "99.9"))
    first, second = venue.order("Buy", "1", "99.9"), venue.order("Buy", "1", "99.9")
    venue.amend(first, qty="1.2")
    venue.play_to(1)
    assert venue.fills(second) == [("1", "99.9", True)]
    assert venue.fills(first) == [("0.5", "99.9", True)]


def test_an_amend_that_crosses_takes(path: Path) -> None:
    venue = Venue(path, SNAPSHOT)
    order = venue.order("Buy", "2", "99.9")
    venue.amend(order, price="100.0")
    assert venue.fills(order) == [("1", "100.0", False)]
    assert (order.status, order.leaves) == ("PartiallyFilled", D(1))


def test_an_amend_that_would_make_a_post_only_order_take_cancels_it(path: Path) -> None:
    venue = Venue(path, SNAPSHOT)
    order = venue.order("Buy", "2", "99.9", timeInForce="PostOnly")
    assert venue.amend(order, price="100.0")["retCode"] == 0
    assert (order.status, order.reject_reason) == ("Cancelled", "EC_PostOnlyWillTakeLiquidity")
    assert venue.amend(order, price="99.8")["retCode"] == 110001


def test_own_orders_never_trade_with_each_other(path: Path) -> None:
    venue = Venue(path, SNAPSHOT)
    resting = venue.order("Buy", "1", "99.9")
    seller = venue.order("Sell", "3", "99.9")
    assert venue.fills(seller) == [("2", "99.9", False)]
    assert venue.fills(resting) == []


def test_a_reduce_only_order_is_cut_to_the_position(path: Path) -> None:
    venue = Venue(path, SNAPSHOT)
    venue.order("Buy", "1", "100.0")
    order = venue.order("Sell", "5", "100.0", reduceOnly=True)
    assert (order.qty, order.status) == (D(1), "New")


def test_a_reduce_only_order_with_nothing_to_reduce_is_refused(path: Path) -> None:
    venue = Venue(path, SNAPSHOT)
    assert venue.place("Sell", "1", "100.0", reduceOnly=True)["retCode"] == 110017
    venue.order("Buy", "1", "100.0")
    assert venue.place("Buy", "1", "99.0", reduceOnly=True)["retCode"] == 110017


def test_resting_reduce_only_orders_shrink_and_end_as_the_position_shrinks(path: Path) -> None:
    venue = Venue(path, SNAPSHOT)
    venue.order("Buy", "3", "100.2")
    order = venue.order("Sell", "3", "100.3", reduceOnly=True)
    venue.order("Sell", "2", "99.9")
    assert (order.qty, order.leaves, order.status) == (D(1), D(1), "New")
    venue.order("Sell", "2", "99.8")  # flips to short
    assert (order.status, order.cancel_type) == ("Cancelled", "CancelByReduceOnly")
    assert venue.position == D(-1)


def test_one_trade_never_reduces_twice(path: Path) -> None:
    venue = Venue(path, SNAPSHOT, trade(1, "Buy", "50", "100.3"), trade(2, "Buy", "1", "100.5"))
    venue.order("Buy", "3", "100.2")
    first = venue.order("Sell", "3", "100.3", reduceOnly=True)
    second = venue.order("Sell", "3", "100.3", reduceOnly=True)
    third = venue.order("Sell", "2", "100.4", reduceOnly=True)
    venue.play_to(1)
    assert (first.status, second.status, third.status) == ("Filled", "Cancelled", "Cancelled")
    assert (venue.position, second.cum_qty) == (D(0), D(0))


def test_a_trade_through_two_reduce_only_orders_fills_only_what_there_is(path: Path) -> None:
    venue = Venue(path, SNAPSHOT, trade(1, "Buy", "1", "100.9"))
    venue.order("Buy", "3", "100.2")
    orders = [venue.order("Sell", "2", price, reduceOnly=True) for price in ("100.3", "100.4")]
    venue.play_to(1)
    assert [(order.status, order.cum_qty) for order in orders] == [
        ("Filled", D(2)),
        ("Filled", D(1)),
    ]
    assert orders[1].qty == D(1)


def test_a_trade_through_several_orders_skips_those_that_an_earlier_fill_ended(
    path: Path,
) -> None:
    venue = Venue(path, SNAPSHOT, trade(1, "Buy", "1", "100.9"))
    venue.order("Buy", "2", "100.2")
    prices = ("100.3", "100.4", "100.5")
    orders = [venue.order("Sell", "2", price, reduceOnly=True) for price in prices]
    venue.play_to(1)
    assert [order.status for order in orders] == ["Filled", "Cancelled", "Cancelled"]


def test_reduce_only_orders_that_still_fit_are_left_alone(path: Path) -> None:
    venue = Venue(path, SNAPSHOT)
    venue.order("Buy", "3", "100.2")
    order = venue.order("Sell", "1", "100.3", reduceOnly=True)
    venue.order("Sell", "1", "99.9")
    assert (order.qty, order.status) == (D(1), "New")


def test_a_reduce_only_amend_is_cut_to_the_position_too(path: Path) -> None:
    venue = Venue(path, SNAPSHOT)
    venue.order("Buy", "1", "100.0")
    order = venue.order("Sell", "0.5", "100.3", reduceOnly=True)
    assert venue.amend(order, qty="9")["retCode"] == 0
    assert order.qty == D(1)


def test_a_short_is_reduced_by_buying(path: Path) -> None:
    venue = Venue(path, SNAPSHOT)
    venue.order("Sell", "2", "99.9")
    order = venue.order("Buy", "9", None, reduceOnly=True)
    assert (order.qty, venue.position) == (D(2), D(0))


def test_fees_are_exact_and_in_the_settle_coin(path: Path) -> None:
    venue = Venue(path, SNAPSHOT, trade(1, "Sell", "1", "99.5"))
    venue.order("Buy", "1", "100.0")
    maker = venue.order("Buy", "2", "99.9")
    venue.play_to(1)
    taken, made = venue.account().executions
    assert (taken.fee, taken.fee_rate, taken.fee_coin) == (D("0.055000"), D("0.00055"), "USDT")
    assert (made.fee, made.fee_rate) == (D("199.8") * D("0.0002"), D("0.0002"))
    assert maker.cum_fee == D("0.03996")


def test_spot_fees_are_paid_in_what_is_received(path: Path) -> None:
    venue = Venue(path, SNAPSHOT, rows=[SPOT])
    venue.order("Buy", "1", "100.0")
    venue.order("Sell", "0.5", "99.9")
    bought, sold = venue.account().executions
    assert (bought.fee, bought.fee_coin) == (D("0.00055"), "BTC")
    assert (sold.fee, sold.fee_coin) == (D("49.95") * D("0.00055"), "USDT")
    coins = venue.account().coins
    assert coins["BTC"].balance == D("0.49945")
    assert coins["USDT"].balance == D(1_000_000) - 100 + D("49.95") - D("0.0274725")


def test_realised_profit_and_fees_move_the_wallet(path: Path) -> None:
    venue = Venue(path, SNAPSHOT)
    venue.order("Buy", "2", "100.1")  # 1 at 100.0, 1 at 100.1: average 100.05
    venue.order("Sell", "1", "99.9")
    position = venue.account().positions["BTCUSDT"]
    assert (position.qty, position.avg_price) == (D(1), D("100.05"))
    fees = (D("100.0") + D("100.1") + D("99.9")) * D("0.00055")
    assert venue.account().coins["USDT"].balance == D(1_000_000) - D("0.15") - fees


def test_the_mark_revalues_the_position(path: Path) -> None:
    venue = Venue(
        path,
        SNAPSHOT,
        ticker(1, lastPrice="100.0", markPrice="101.0"),
        ticker(2, kind="delta", markPrice="99.0"),
        ticker(3, kind="delta", lastPrice="98.0"),
    )
    venue.order("Sell", "2", "99.9")
    position, coin = venue.account().positions["BTCUSDT"], venue.account().coins["USDT"]
    assert (position.unrealised, coin.unrealised) == (D(0), D(0))
    venue.play_to(1)
    assert (position.unrealised, coin.unrealised) == (D("-2.2"), D("-2.2"))
    venue.play_to(3)
    assert (position.unrealised, coin.unrealised) == (D("1.8"), D("1.8"))


def test_an_order_before_any_book_is_queued_by_the_first_snapshot(path: Path) -> None:
    first = [trade(0, "Buy", "1", "100.0"), trade(1, "Sell", "9", "99.9")]
    venue = Venue(path, *first, book(2, BIDS, ASKS), trade(3, "Sell", "2.5", "99.9"))
    order = venue.order("Buy", "1", "99.9")
    venue.play_to(1)
    assert venue.fills(order) == []
    venue.play_to(3)
    assert venue.fills(order) == [("0.5", "99.9", True)]


@pytest.mark.parametrize(
    ("terms", "is_maker"),
    [({}, False), ({"timeInForce": "PostOnly"}, True), ({"timeInForce": "FOK"}, False)],
)
def test_auto_fill_fills_limit_orders_whole_at_their_own_price(
    path: Path, terms: dict[str, Any], is_maker: bool
) -> None:
    venue = Venue(path, SNAPSHOT, auto_fill=True)
    for price in ("50.0", "150.0"):
        order = venue.order("Buy", "99", price, **terms)
        assert venue.fills(order) == [("99", price, is_maker)]


def test_auto_fill_leaves_market_orders_to_the_book(path: Path) -> None:
    venue = Venue(path, SNAPSHOT, auto_fill=True)
    assert venue.fills(venue.order("Buy", "1", None)) == [("1", "100.0", False)]
