"""Request bodies, byte for byte."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from engine.core.orders.terms import (
    Attached,
    Exit,
    Slippage,
    SlippageUnit,
    Trigger,
    TriggerBy,
    TriggerDirection,
)
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


STOP = Trigger(Decimal("60000.5"), TriggerDirection.FALLS, TriggerBy.MARK)
BOTH = Attached(
    Exit(Decimal(62_000), limit_price=Decimal("61999.5")),
    Exit(Decimal(60_000), TriggerBy.INDEX),
    partial=True,
)


def test_an_order_that_waits_says_for_what() -> None:
    body = _place(side=Side.SELL, type=OrderType.MARKET, price=None, trigger=STOP)
    assert {key: body[key] for key in body if key.startswith("trigger")} == {
        "triggerPrice": "60000.5",
        "triggerDirection": 2,
        "triggerBy": "MarkPrice",
    }
    rises = _place(trigger=Trigger(Decimal(61_000), TriggerDirection.RISES))
    assert (rises["triggerDirection"], rises["triggerBy"]) == (1, "LastPrice")


def test_on_spot_a_conditional_order_is_a_kind_of_its_own() -> None:
    body = _place(Category.SPOT, trigger=Trigger(Decimal(61_000), TriggerDirection.RISES))
    assert (body["orderFilter"], body["triggerPrice"]) == ("StopOrder", "61000")
    assert not body.keys() & {"triggerDirection", "triggerBy"}


def test_an_order_brings_its_take_profit_and_stop_loss() -> None:
    body = _place(attached=BOTH)
    plain = _place()
    assert {key: body[key] for key in body.keys() - plain.keys()} == {
        "tpslMode": "Partial",
        "takeProfit": "62000",
        "tpTriggerBy": "LastPrice",
        "tpOrderType": "Limit",
        "tpLimitPrice": "61999.5",
        "stopLoss": "60000",
        "slTriggerBy": "IndexPrice",
        "slOrderType": "Market",
    }
    assert _place(attached=Attached(None, Exit(Decimal(60_000))))["tpslMode"] == "Full"
    spot = _place(Category.SPOT, attached=Attached(Exit(Decimal(62_000))))
    assert {key: spot[key] for key in spot.keys() - plain.keys()} == {
        "takeProfit": "62000",
        "tpOrderType": "Market",
    }


def test_a_market_order_says_how_far_it_may_slip() -> None:
    slippage = Slippage(SlippageUnit.TICKS, Decimal(50))
    body = _place(type=OrderType.MARKET, price=None, slippage=slippage)
    assert (body["slippageToleranceType"], body["slippageTolerance"]) == ("TickSize", "50")


def test_an_order_of_a_hedge_says_which_side_it_is() -> None:
    assert _place(position_index=2)["positionIdx"] == 2
    assert "positionIdx" not in _place()


def test_a_trigger_price_is_amended_by_itself() -> None:
    amend = AmendRequest(client_order_id="o-1", symbol="BTCUSDT", trigger_price=Decimal(60_000))
    assert bodies.amend(amend, Category.LINEAR, "BTCUSDT") == (
        b'{"category":"linear","symbol":"BTCUSDT","orderLinkId":"o-1","triggerPrice":"60000"}'
    )


def test_on_spot_what_waits_is_cancelled_as_the_kind_that_it_is() -> None:
    waits = CancelRequest(client_order_id="o-1", symbol="BTCUSDT", waiting=True)
    assert bodies.cancel(waits, Category.SPOT, "BTCUSDT") == (
        b'{"category":"spot","symbol":"BTCUSDT","orderLinkId":"o-1","orderFilter":"StopOrder"}'
    )
    assert b"orderFilter" not in bodies.cancel(waits, Category.LINEAR, "BTCUSDT")
    foreign = CancelRequest(
        client_order_id="", symbol="BTCUSDT", exchange_order_id="123", waiting=True
    )
    assert bodies.cancel(foreign, Category.SPOT, "BTCUSDT") == (
        b'{"category":"spot","symbol":"BTCUSDT","orderId":"123","orderFilter":"StopOrder"}'
    )
