"""How much of a limit one order uses by itself."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from engine.core.limits import PAPER_LIMITS
from engine.core.risk import size_share
from engine.core.types import OrderType
from tests.support.desk import Desk, d


def share(limits: dict[str, Any], **terms: Any) -> tuple[str, Decimal] | None:
    desk = Desk(limits=replace(PAPER_LIMITS, **limits))
    return size_share(desk.state, desk.place(**terms), desk.quotes)


def test_the_limit_that_is_used_most_is_named() -> None:
    assert share({}) == ("MAX_ORDER_NOTIONAL", d("0.0006"))
    assert share({"max_order_qty": d("0.020")}) == ("MAX_QTY", d("0.5"))
    assert share({"max_position_notional_usd": d(800)}) == ("MAX_POSITION", d("0.75"))
    assert share({"max_gross_notional_usd": d(1_200)}) == ("MAX_GROSS", d("0.5"))
    assert share({"max_net_notional_usd": d(600)}) == ("MAX_NET", d(1))


def test_a_markets_own_limits_count_but_for_those_of_the_account() -> None:
    own = replace(PAPER_LIMITS, max_order_notional_usd=d(1_000), max_net_notional_usd=d(1))
    assert share({"symbols": {"BTCUSDT": own}}) == ("MAX_ORDER_NOTIONAL", d("0.6"))


def test_an_order_that_reduces_is_held_against_the_orders_limits_alone() -> None:
    limits = {"max_position_notional_usd": d(800), "max_order_notional_usd": d(6_000)}
    assert share(limits, reduce_only=True) == ("MAX_ORDER_NOTIONAL", d("0.1"))


def test_a_market_order_is_worth_what_the_market_says() -> None:
    market = {"type": OrderType.MARKET, "price": None}
    assert share({"max_order_notional_usd": d(6_000)}, **market) == ("MAX_ORDER_NOTIONAL", d("0.1"))


def test_without_a_price_or_a_market_nothing_is_known() -> None:
    desk = Desk()
    order = desk.place(type=OrderType.MARKET, price=None)
    assert size_share(desk.state, order, {}) is None
    desk.quotes["BTCUSDT"].mark = None
    assert size_share(desk.state, order, desk.quotes) is None
    assert size_share(desk.state, desk.place(symbol="XUSDT"), desk.quotes) is None
