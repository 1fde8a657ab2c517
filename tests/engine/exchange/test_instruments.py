"""Reading instrument rows."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from engine.exchange.instruments import parse_instrument
from tests.engine.exchange.venue import LINEAR, SPOT

D = Decimal


def test_a_linear_row_gives_its_filters() -> None:
    found = parse_instrument(LINEAR)
    assert found.key == ("linear", "BTCUSDT")
    assert (found.tick, found.step, found.min_notional) == (D("0.1"), D("0.01"), D(5))
    assert (found.max_qty, found.max_market_qty) == (D(1000), D(500))


def test_a_spot_row_steps_by_its_base_precision_and_settles_in_quote() -> None:
    found = parse_instrument(SPOT)
    assert (found.category, found.settle) == ("spot", "USDT")
    assert (found.step, found.min_qty, found.max_market_qty) == (D("0.01"), D("0.01"), D(500))


def test_missing_ceilings_have_a_default() -> None:
    row = LINEAR | {"priceFilter": {"tickSize": "1"}, "lotSizeFilter": {"qtyStep": "1"}}
    found = parse_instrument(row)
    assert (found.max_qty, found.max_market_qty, found.max_price) == (
        D(10**12),
        D(10**12),
        D(10**7),
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"contractType": "InversePerpetual"}, "not traded here"),
        ({"symbol": ""}, "no symbol"),
        ({"settleCoin": None}, "no settleCoin"),
        ({"priceFilter": "0.1"}, "no priceFilter"),
        ({"priceFilter": {"tickSize": "0"}}, "tickSize must be above zero"),
        ({"priceFilter": {"tickSize": "x"}}, "tickSize is not a number: 'x'"),
        ({"lotSizeFilter": {"qtyStep": 1}}, "qtyStep is not a number: 1"),
        ({"lotSizeFilter": {}}, "qtyStep must be above zero"),
    ],
)
def test_a_wrong_row_is_refused_by_the_name_of_the_field(
    change: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        parse_instrument(LINEAR | change)
