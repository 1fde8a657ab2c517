from __future__ import annotations

from decimal import Decimal

from engine.core.pnl import totals
from engine.core.position import Position
from engine.core.types import Category


def position(symbol: str, qty: int, cost: int, **more: object) -> Position:
    known = {"pnl_currency": "USDT", "base_currency": symbol[:3], **more}
    known["cash"] = Decimal(str(known.pop("realized_pnl", 0))) - cost
    return Position(symbol=symbol, qty=Decimal(qty), cost=Decimal(cost), **known)  # type: ignore[arg-type]


def test_an_account_without_positions_has_no_totals() -> None:
    assert totals([]) == {}


def test_positions_of_one_currency_add_up() -> None:
    one = position("BTCUSDT", 2, 200, realized_pnl=Decimal(7), fees=Decimal(1))
    two = position("ETHUSDT", -3, -30, realized_pnl=Decimal(-2), fees=Decimal(2))
    total = totals([one, two], {"BTCUSDT": Decimal(110), "ETHUSDT": Decimal(9)})["USDT"]
    assert total.realized_pnl == 5
    assert total.unrealized_pnl == 23
    assert total.fees == 3
    assert total.net_pnl == 25
    assert total.exposure == 247


def test_one_unpriced_position_leaves_the_sum_unknown_but_not_what_is_realized() -> None:
    priced = position("BTCUSDT", 2, 200, realized_pnl=Decimal(7))
    unpriced = position("ETHUSDT", 1, 10)
    total = totals([priced, unpriced, priced], {"BTCUSDT": Decimal(110)})["USDT"]
    assert (total.unrealized_pnl, total.net_pnl, total.exposure) == (None, None, None)
    assert total.realized_pnl == 14


def test_without_a_newer_mark_the_positions_own_counts() -> None:
    own = position("BTCUSDT", 2, 200, mark_price=Decimal(101))
    assert totals([own])["USDT"].unrealized_pnl == 2
    assert totals([own], {"BTCUSDT": Decimal(105)})["USDT"].unrealized_pnl == 10


def test_currencies_are_never_added_together() -> None:
    coin = position("BTCUSD", 100, 1, pnl_currency="BTC", category=Category.INVERSE)
    tether = position(
        "ETHUSDT",
        0,
        0,
        realized_pnl=Decimal(4),
        fees_paid={"USDT": Decimal(1), "MNT": Decimal(3)},
        fees=Decimal(1),
    )
    by_currency = totals([coin, tether], {"BTCUSD": Decimal(50)})
    assert list(by_currency) == ["BTC", "USDT", "MNT"]
    assert by_currency["BTC"].unrealized_pnl == -1
    assert by_currency["BTC"].exposure == 2
    assert by_currency["USDT"].net_pnl == 3
    assert by_currency["MNT"].fees == 3
    assert by_currency["MNT"].net_pnl == -3
