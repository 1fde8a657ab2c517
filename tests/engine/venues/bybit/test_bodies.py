"""Request bodies, byte for byte."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from engine.core.requests import AmendRequest, CancelRequest, OrderRequest
from engine.core.types import Category, OrderType, Side, TimeInForce
from engine.venues.bybit import bodies

_LIMIT: dict[str, Any] = {
    "client_order_id": "o-1",
    "symbol": "BTCUSDT",
    "side": Side.BUY,
    "qty": Decimal("0.010"),
    "price": Decimal("61000.5"),
}


def _place(category: Category = Category.LINEAR, **changes: Any) -> dict[str, object]:
    request = OrderRequest(**(_LIMIT | changes))
    body: dict[str, object] = json.loads(bodies.place(request, category, "BTCUSDT"))
    return body


def test_a_limit_order_says_what_it_must_and_no_more() -> None:
    request = OrderRequest(**_LIMIT)
    assert bodies.place(request, Category.LINEAR, "BTCUSDT") == (
        b'{"category":"linear","symbol":"BTCUSDT","side":"Buy","orderType":"Limit","qty":"0.010",'
        b'"orderLinkId":"o-1","timeInForce":"GTC","price":"61000.5"}'
    )


@pytest.mark.parametrize(
    ("terms", "wire"),
    [
        ({"time_in_force": TimeInForce.IOC}, "IOC"),
        ({"time_in_force": TimeInForce.FOK}, "FOK"),
        ({"time_in_force": TimeInForce.POST_ONLY}, "PostOnly"),
        ({"post_only": True}, "PostOnly"),
        ({"type": OrderType.MARKET, "price": None}, "IOC"),
    ],
)
def test_the_time_in_force_on_the_wire(terms: dict[str, Any], wire: str) -> None:
    assert _place(**terms)["timeInForce"] == wire


def test_a_market_order_has_no_price_and_on_spot_is_sized_in_base_coin() -> None:
    linear = _place(type=OrderType.MARKET, price=None)
    assert (linear["orderType"], "price" in linear, "marketUnit" in linear) == (
        "Market",
        False,
        False,
    )
    assert _place(Category.SPOT, type=OrderType.MARKET, price=None)["marketUnit"] == "baseCoin"


def test_reduce_only_is_not_said_on_spot() -> None:
    assert _place(reduce_only=True)["reduceOnly"] is True
    assert "reduceOnly" not in _place(Category.SPOT, reduce_only=True)


def test_an_amend_leaves_out_what_stays() -> None:
    amend = AmendRequest(client_order_id="o-1", symbol="BTCUSDT", price=Decimal("1E+3"))
    assert bodies.amend(amend, Category.LINEAR, "BTCUSDT") == (
        b'{"category":"linear","symbol":"BTCUSDT","orderLinkId":"o-1","price":"1000"}'
    )


def test_a_cancel_names_the_venues_id_where_the_order_is_not_ours() -> None:
    ours = CancelRequest(client_order_id="o-1", symbol="BTCUSDT")
    assert bodies.cancel(ours, Category.LINEAR, "BTCUSDT") == (
        b'{"category":"linear","symbol":"BTCUSDT","orderLinkId":"o-1"}'
    )
    foreign = CancelRequest(client_order_id="", symbol="BTCUSDT", exchange_order_id="123")
    assert bodies.cancel(foreign, Category.LINEAR, "BTCUSDT") == (
        b'{"category":"linear","symbol":"BTCUSDT","orderId":"123"}'
    )


@pytest.mark.parametrize("bad", ["", "x" * 37, "a b", "a&b", "é", "a\n"])
def test_ids_the_venue_would_not_take_are_known(bad: str) -> None:
    assert bodies.is_link_id(bad) is None
    assert bodies.is_link_id("order-1_A") is not None
