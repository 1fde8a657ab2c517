"""Margin: what an account must set aside, and where a position would be liquidated."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine.exchange.seeds import SeedPosition, SeedSettings
from tests.engine.exchange.venue import LINEAR, SPOT, Venue, book, ticker, trade

D = Decimal
ETH = {**LINEAR, "symbol": "ETHUSDT", "baseCoin": "ETH"}
SNAPSHOT = book(0, [("99.9", "5")], [("100.0", "5"), ("100.1", "5")])
MARK = ticker(0, lastPrice="100.0", markPrice="100")


@pytest.fixture
def venue(tmp_path: Path) -> Venue:
    """An account of 1,000 USDT in a market at 100."""
    venue = Venue(tmp_path / "market.jsonl", MARK, SNAPSHOT)
    hold(venue, wallet="1000")
    return venue


def hold(venue: Venue, qty: str = "0", *, wallet: str = "1000", **more: Any) -> None:
    held = SeedPosition(category="linear", symbol="BTCUSDT", qty=D(qty), avg_price=D(100), **more)
    positions = [held] if held.qty else []
    venue.exchange.seed_account("paper", positions=positions, wallet={"USDT": D(wallet)})


def wallet(venue: Venue) -> dict[str, Any]:
    (row,) = venue.get("/v5/account/wallet-balance", accountType="UNIFIED")["result"]["list"]
    return dict(row)


def positions(venue: Venue) -> list[dict[str, Any]]:
    query = {"category": "linear", "symbol": "BTCUSDT"}
    return list(venue.get("/v5/position/list", **query)["result"]["list"])


def margin(venue: Venue) -> tuple[str, str, str]:
    row = wallet(venue)
    return row["totalInitialMargin"], row["totalMaintenanceMargin"], row["totalAvailableBalance"]


def test_a_position_needs_its_value_over_leverage_and_half_a_percent_of_it(venue: Venue) -> None:
    hold(venue, "2")
    row, (position,) = wallet(venue), positions(venue)
    assert (position["leverage"], position["positionIM"], position["positionMM"]) == (
        "10",
        "20",
        "1",
    )
    assert (row["totalEquity"], row["totalMarginBalance"]) == ("1000", "1000")
    assert margin(venue) == ("20", "1", "980")
    assert (row["accountIMRate"], row["accountMMRate"]) == ("0.02", "0.001")
    (coin,) = row["coin"]
    assert (coin["totalPositionIM"], coin["totalOrderIM"], coin["totalPositionMM"]) == (
        "20",
        "0",
        "1",
    )


def test_leverage_is_what_initial_margin_is_measured_by(venue: Venue) -> None:
    hold(venue, "-2")
    chosen = SeedSettings(category="linear", symbol="BTCUSDT", leverage="4")
    venue.exchange.seed_account("paper", settings=[chosen])
    assert margin(venue) == ("50", "1", "950")


def test_open_orders_need_margin_on_the_worse_side_of_their_market(venue: Venue) -> None:
    buy = venue.order("Buy", "3", "99.0")
    assert margin(venue) == ("29.7", "0", "970.3")
    sell = venue.order("Sell", "4", "101.0")
    assert margin(venue)[0] == "40.4"
    hold(venue, "2")
    assert margin(venue)[0] == "49.7"
    venue.amend(buy, qty="1")
    assert margin(venue)[0] == "29.9"
    venue.cancel(buy)
    assert (margin(venue)[0], wallet(venue)["coin"][0]["totalOrderIM"]) == ("20.4", "0.4")
    venue.cancel(sell)
    assert margin(venue)[0] == "20"


def test_what_reduces_or_waits_needs_none(venue: Venue) -> None:
    hold(venue, "2")
    venue.order("Sell", "2", "101.0", reduceOnly=True)
    waiting = {"triggerPrice": "102.0", "triggerDirection": 1}
    venue.order("Buy", "9", "102.0", **waiting)
    assert margin(venue) == ("20", "1", "980")


def test_a_filled_order_needs_margin_as_a_position_alone(venue: Venue) -> None:
    venue.order("Buy", "1", "100.0")
    assert margin(venue) == ("10", "0.5", "989.945")


def test_in_hedge_mode_both_sides_need_margin(venue: Venue) -> None:
    hedged = SeedSettings(category="linear", symbol="BTCUSDT", hedged=True)
    venue.exchange.seed_account("paper", settings=[hedged])
    hold(venue, "3", idx=1)
    hold(venue, "-2", idx=2)
    venue.order("Sell", "1", "101.0", positionIdx=2)
    assert margin(venue)[:2] == ("60.1", "2.5")
    long, short = positions(venue)
    assert long["liqPrice"] == short["liqPrice"] == ""
    hold(venue, "3", idx=1, wallet="50")
    long, short = positions(venue)
    assert long["liqPrice"] == short["liqPrice"] == "51.28205128"


@pytest.mark.parametrize(
    ("qty", "price"),
    [
        # Long: 50 + 1 * (p - 100) = 0.005 * p. Short: 50 - 1 * (p - 100) = 0.005 * p.
        ("1", "50.25125628"),
        ("-1", "149.25373134"),
        ("0.4", ""),
        ("-50", "100.49751244"),
    ],
)
def test_the_liquidation_price_is_where_equity_is_maintenance_margin(
    venue: Venue, qty: str, price: str
) -> None:
    hold(venue, qty, wallet="50")
    (position,) = positions(venue)
    assert position["liqPrice"] == price


def test_nearly_equal_sides_of_a_hedge_are_liquidated_at_no_mark(venue: Venue) -> None:
    hedged = SeedSettings(category="linear", symbol="BTCUSDT", hedged=True)
    venue.exchange.seed_account("paper", settings=[hedged])
    hold(venue, "3", idx=1)
    hold(venue, "-2.99", idx=2)
    assert {row["liqPrice"] for row in positions(venue)} == {""}
    assert margin(venue)[0] == "59.9"


def test_other_markets_losses_move_the_liquidation_price(tmp_path: Path) -> None:
    fall = ticker(5, markPrice="90", symbol="ETHUSDT")
    fall["f"]["topic"] = "tickers.ETHUSDT"
    venue = Venue(tmp_path / "market.jsonl", MARK, SNAPSHOT, fall, rows=[LINEAR, ETH])
    other = SeedPosition(category="linear", symbol="ETHUSDT", qty=D(1), avg_price=D(100))
    hold(venue, "1", wallet="60")
    venue.exchange.seed_account("paper", positions=[other])
    (position,) = positions(venue)
    assert position["liqPrice"] == "40.70351759"
    venue.play_to(5)
    (position,) = positions(venue)
    assert position["liqPrice"] == "50.70351759"


def test_spot_orders_are_held_back_and_no_margin(tmp_path: Path) -> None:
    venue = Venue(tmp_path / "market.jsonl", SNAPSHOT, trade(0, "Buy", "1", "100.0"), rows=[SPOT])
    hold(venue, wallet="1000")
    venue.order("Buy", "2", "99.0")
    assert margin(venue) == ("0", "0", "802")


def test_an_account_with_nothing_left_has_used_all_of_it(venue: Venue) -> None:
    assert wallet(venue)["accountIMRate"] == "0"
    hold(venue, "1", wallet="0")
    row = wallet(venue)
    assert (row["accountIMRate"], row["totalAvailableBalance"]) == ("1", "0")
