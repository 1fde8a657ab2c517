"""Which side of a hedge an order is about."""

from __future__ import annotations

import pytest

from engine.core.settings import LONG, ONE_WAY, SHORT, MarketSettings
from engine.core.types import Side


@pytest.mark.parametrize(
    ("side", "reduce_only", "index"),
    [
        (Side.BUY, False, LONG),
        (Side.SELL, True, LONG),
        (Side.SELL, False, SHORT),
        (Side.BUY, True, SHORT),
    ],
)
def test_a_hedge_is_opened_on_one_side_and_reduced_from_the_other(
    side: Side, reduce_only: bool, index: int
) -> None:
    hedged = MarketSettings("BTCUSDT", hedged=True)
    assert hedged.index_of(side, reduce_only=reduce_only) == index
    assert MarketSettings("BTCUSDT").index_of(side, reduce_only=reduce_only) == ONE_WAY
