from __future__ import annotations

from decimal import Decimal

import pytest

from engine.core.ledger.position import Position
from engine.core.reports import FillEvent
from engine.core.types import Category, Side


def booked(position: Position, *fills: tuple[int | str, int | str]) -> Position:
    """The position after fills of (signed quantity, price)."""
    for qty, price in fills:
        position.book(fill(Decimal(qty), Decimal(price)))
    return position


def fill(qty: Decimal, price: Decimal, fee: str = "0", currency: str = "") -> FillEvent:
    return FillEvent(
        exec_id="e1",
        client_order_id="o1",
        symbol="BTCUSDT",
        side=Side.BUY if qty > 0 else Side.SELL,
        qty=abs(qty),
        price=price,
        fee=Decimal(fee),
        fee_currency=currency,
    )


def linear() -> Position:
    return Position(symbol="BTCUSDT", base_currency="BTC", pnl_currency="USDT")


def spot() -> Position:
    return Position(
        symbol="BTC/USDT", category=Category.SPOT, base_currency="BTC", pnl_currency="USDT"
    )


def inverse() -> Position:
    return Position(
        symbol="BTCUSD", category=Category.INVERSE, base_currency="BTC", pnl_currency="BTC"
    )


def test_adding_averages_and_reducing_leaves_the_average_alone() -> None:
    position = booked(linear(), (1, 100), (2, 101))
    average = position.avg_entry_price
    assert average == Decimal("100.6666666666666666666666667")
    booked(position, (-1, 120))
    assert position.avg_entry_price is average
    assert position.realized_pnl == Decimal("19.333333333333333333")


def test_a_flat_position_has_realized_exactly_the_cash_that_moved() -> None:
    position = booked(linear(), (1, 100), (2, 101), (-1, 103), (-1, 102), (-1, 102))
    assert position.qty == 0
    assert position.cost == 0
    assert position.avg_entry_price is None
    assert position.realized_pnl == 5


def test_a_flip_closes_at_zero_and_opens_the_rest() -> None:
    position = booked(linear(), (1, 100), (-3, 90))
    assert position.qty == -2
    assert position.avg_entry_price == 90
    assert position.cost == -180
    assert position.realized_pnl == -10


def test_an_unpriced_position_has_no_unrealized_pnl_and_no_net() -> None:
    position = booked(linear(), (2, 100))
    assert (position.unrealized_pnl, position.net_pnl, position.exposure_at(None)) == (None,) * 3
    assert position.unrealized_at(Decimal(0)) is None


def test_a_mark_prices_what_is_open() -> None:
    position = booked(linear(), (-2, 100), (1, 90))
    position.fees = Decimal(3)
    position.mark_price = Decimal(95)
    assert position.unrealized_pnl == 5
    assert position.realized_pnl == 10
    assert position.net_pnl == 12
    assert position.exposure_at(Decimal(95)) == 95


def test_a_flat_position_needs_no_mark() -> None:
    position = booked(linear(), (2, 100), (-2, 101))
    assert position.unrealized_pnl == 0
    assert position.net_pnl == 2
    assert position.exposure_at(None) == 0


def test_an_inverse_position_gains_coins() -> None:
    position = booked(inverse(), (600, 30000), (600, 20000))
    assert position.avg_entry_price == 24000
    assert position.cost == Decimal("0.05")
    assert position.unrealized_at(Decimal(30000)) == Decimal("0.01")
    assert position.exposure_at(Decimal(30000)) == Decimal("0.04")


@pytest.mark.parametrize("currency", ["USDT", ""])
def test_a_fee_in_the_markets_own_currency_counts_against_it(currency: str) -> None:
    position = linear()
    position.book(fill(Decimal(1), Decimal(100), "0.5", currency))
    assert (position.fees, position.fees_paid) == (Decimal("0.5"), {"USDT": Decimal("0.5")})
    assert position.foreign_fees() == {}


def test_without_a_known_market_the_first_fee_names_the_currency() -> None:
    position = Position(symbol="BTCUSDT")
    position.book(fill(Decimal(1), Decimal(100), "0.5", "USDT"))
    assert (position.pnl_currency, position.fees) == ("USDT", Decimal("0.5"))


def test_a_fee_in_another_currency_is_kept_apart() -> None:
    position = linear()
    position.book(fill(Decimal(1), Decimal(100), "0.5", "MNT"))
    position.book(fill(Decimal(1), Decimal(100), "0.25", "MNT"))
    assert position.qty == 2
    assert position.fees == 0
    assert position.foreign_fees() == {"MNT": Decimal("0.75")}


def test_a_spot_fee_in_base_shrinks_the_inventory_and_shows_in_quote() -> None:
    position = spot()
    position.book(fill(Decimal(1), Decimal(50000), "0.001", "BTC"))
    assert position.qty == Decimal("0.999")
    assert position.fees == 50
    assert position.avg_entry_price == 50000
    assert position.realized_pnl == 0
    assert position.fees_paid == {"BTC": Decimal("0.001")}
    assert position.foreign_fees() == {}


def test_with_a_fee_in_base_the_net_is_still_what_is_held_less_what_was_paid() -> None:
    position = booked(spot(), (1, 40000))
    position.book(fill(Decimal(1), Decimal(50000), "0.001", "BTC"))
    position.mark_price = Decimal(60000)
    assert position.net_pnl == Decimal("1.999") * 60000 - 90000


def test_a_cost_too_large_for_eighteen_decimals_is_released_to_all_digits_there_are() -> None:
    position = booked(Position(symbol="BTCUSDT"), (3, 10**11), (-1, 10**11))
    assert (position.qty, position.cost) == (Decimal(2), Decimal(2 * 10**11))
    assert position.avg_entry_price == 10**11
    assert position.realized_pnl == 0
