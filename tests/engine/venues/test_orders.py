"""Orders in plain words."""

from __future__ import annotations

from decimal import Decimal

import pytest

from engine.core.types import OrderType, Side, TimeInForce
from engine.venues.orders import order_request


def test_text_and_floats_become_exact_decimals() -> None:
    request = order_request("o1", "BTCUSDT", "Buy", 0.1, "61000.5")
    assert (request.qty, request.price) == (Decimal("0.1"), Decimal("61000.5"))
    assert (request.side, request.type) == (Side.BUY, OrderType.LIMIT)
    assert request.time_in_force is TimeInForce.GTC


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"side": "buy"},
            "side: 'buy' is not one of Buy, Sell; did you mean \"Buy\"?",
        ),
        ({"side": "Hold"}, "side: 'Hold' is not one of Buy, Sell"),
        ({"qty": "many"}, "qty: 'many' is not a number"),
        ({"qty": "NaN"}, "qty: 'NaN' is not a finite number"),
        ({"price": None}, "price: a limit order needs one, a market order takes none"),
        ({"type": "Market"}, "price: a limit order needs one, a market order takes none"),
        (
            {"time_in_force": "gtc"},
            "time_in_force: 'gtc' is not one of GTC, IOC, FOK, PostOnly; did you mean \"GTC\"?",
        ),
    ],
)
def test_a_field_that_is_off_is_named(changed: dict[str, str | None], message: str) -> None:
    terms = {"side": "Buy", "qty": "1", "price": "2", **changed}
    with pytest.raises(ValueError) as raised:  # noqa: PT011 - the whole message is compared
        order_request("o1", "BTCUSDT", **terms)  # type: ignore[arg-type]
    assert str(raised.value) == message
