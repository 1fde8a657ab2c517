from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from engine.core.ledger.executions import exact, is_same, position_key, split_key
from engine.core.reports import FillEvent
from engine.core.types import Side

FILL = FillEvent(
    exec_id="e1",
    client_order_id="o1",
    symbol="BTCUSDT",
    side=Side.BUY,
    qty=Decimal(1),
    price=Decimal(100),
    fee=Decimal("0.1"),
    fee_currency="USDT",
)


def test_a_position_is_named_by_its_symbol_and_in_hedge_mode_by_its_side_too() -> None:
    assert [position_key("BTCUSDT", index) for index in range(3)] == [
        "BTCUSDT", "BTCUSDT#1", "BTCUSDT#2",
    ]  # fmt: skip


def test_an_exact_execution_is_left_as_it_is() -> None:
    assert exact(FILL) is FILL
    rough: Any = replace(FILL, qty=1.0, price="100", fee="0.1", side="Buy")
    assert exact(rough) == FILL


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ({}, True),
        ({"client_order_id": "o2", "ts": 9, "seq": 3}, True),
        ({"qty": Decimal(2)}, False),
        ({"side": Side.SELL}, False),
        ({"fee": Decimal(1)}, False),
        ({"fee_currency": "BTC"}, False),
        ({"fee": Decimal(0), "fee_currency": "", "fee_assumed": True}, True),
    ],
)
def test_an_execution_is_the_same_when_all_that_both_tell_is(
    other: dict[str, Any], same: bool
) -> None:
    assert is_same(FILL, replace(FILL, **other)) is same
    assert is_same(replace(FILL, **other), FILL) is same


def test_a_position_key_can_be_taken_apart_again() -> None:
    for symbol, index in (("BTCUSDT", 0), ("BTCUSDT", 2), ("BTC/USDT", 0)):
        assert split_key(position_key(symbol, index)) == (symbol, index)
