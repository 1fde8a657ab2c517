from __future__ import annotations

from decimal import Decimal

from msgspec.structs import replace

from engine.core.instruments import Instrument
from engine.core.ledger.pnl import Totals, conversion_rates, convert, totals
from engine.core.ledger.position import Position
from engine.core.types import Category
from tests.support.desk import perpetual


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


def test_funding_is_a_part_of_its_own_and_an_estimate_marks_the_sum() -> None:
    exact = position("BTCUSDT", 0, 0, realized_pnl=7, fees=Decimal(1), funding=Decimal(-2))
    estimated = position("ETHUSDT", 0, 0, inferred_qty=Decimal(1))
    total = totals([exact])["USDT"]
    assert (total.funding, total.net_pnl, total.is_estimated) == (Decimal(-2), Decimal(4), False)
    assert totals([exact, estimated])["USDT"].is_estimated
    assert totals([estimated, exact])["USDT"].is_estimated


def test_currencies_are_converted_at_the_rates_that_are_given() -> None:
    sums = [
        Totals(currency="USDT", realized_pnl=Decimal(5), fees=Decimal(1)),
        Totals(currency="BTC", realized_pnl=Decimal("0.5"), funding=Decimal("-0.1")),
    ]
    whole = convert(sums, "USDT", {"BTC": Decimal(1_000)})
    assert (whole.realized_pnl, whole.funding, whole.fees) == (
        Decimal(505),
        Decimal(-100),
        Decimal(1),
    )
    assert whole.net_pnl == 404


def test_a_missing_rate_leaves_what_it_would_price_unknown_and_never_zero() -> None:
    sums = [
        Totals(currency="USDT", realized_pnl=Decimal(5), fees=Decimal(1)),
        Totals(currency="BTC", realized_pnl=Decimal("0.5"), is_estimated=True),
        Totals(currency="ETH", unrealized_pnl=None),
    ]
    whole = convert(sums, "USDT", {"ETH": Decimal(2)})
    assert (whole.realized_pnl, whole.unrealized_pnl, whole.net_pnl) == (None, None, None)
    assert (whole.fees, whole.funding, whole.is_estimated) == (Decimal(1), Decimal(0), True)


def test_a_fee_or_a_funding_without_a_rate_leaves_the_net_unknown() -> None:
    paid = Totals(currency="MNT", fees=Decimal(1))
    received = Totals(currency="MNT", funding=Decimal(1))
    assert convert([paid], "USDT", {}).net_pnl is None
    assert convert([received], "USDT", {}).net_pnl is None


def test_the_rate_of_a_coin_is_its_spot_price_else_its_perpetuals() -> None:
    def market(symbol: str, category: Category, base: str, quote: str = "USDT") -> Instrument:
        return replace(perpetual(symbol), category=category, base=base, quote=quote)

    markets = [
        market("BTC/USDT", Category.SPOT, "BTC"),
        market("BTCUSDT", Category.LINEAR, "BTC"),
        market("ETHUSDT", Category.LINEAR, "ETH"),
        market("SOLUSDT", Category.LINEAR, "SOL"),
        market("BTCUSD", Category.INVERSE, "BTC", "USD"),
        market("XRP/BTC", Category.SPOT, "XRP", "BTC"),
    ]
    marks = {
        "BTC/USDT": 60_000,
        "BTCUSDT": 60_100,
        "ETHUSDT": 2_700,
        "BTCUSD": 59_000,
        "XRP/BTC": 1,
    }
    prices = {name: Decimal(mark) for name, mark in marks.items()}
    assert conversion_rates(markets, prices, "USDT") == {
        "BTC": Decimal(60_000),
        "ETH": Decimal(2_700),
    }
