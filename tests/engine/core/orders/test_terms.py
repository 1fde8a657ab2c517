"""What few orders say: triggers, exits and slippage, by themselves."""

from __future__ import annotations

import pytest

from engine.core.orders.terms import (
    Attached,
    Exit,
    Slippage,
    SlippageUnit,
    Trigger,
    TriggerDirection,
    exits,
    stop_direction,
)
from engine.core.types import Side
from tests.support.desk import d

RISES, FALLS = TriggerDirection.RISES, TriggerDirection.FALLS


@pytest.mark.parametrize(
    ("direction", "now", "met"),
    [
        (RISES, 99, False), (RISES, 100, True), (RISES, 101, True),
        (FALLS, 101, False), (FALLS, 100, True), (FALLS, 99, True),
    ],
)  # fmt: skip
def test_a_trigger_is_met_at_its_price_and_beyond(
    direction: TriggerDirection, now: int, met: bool
) -> None:
    assert Trigger(d(100), direction).is_met(d(now)) is met


def test_a_stop_buys_on_the_way_up_and_sells_on_the_way_down() -> None:
    assert (stop_direction(Side.BUY), stop_direction(Side.SELL)) == (RISES, FALLS)


def test_an_order_brings_only_the_exits_that_it_names() -> None:
    assert exits(None, None) is None
    profit, loss = Exit(d(110)), Exit(d(90))
    both = exits(profit, loss)
    assert both == Attached(profit, loss)
    assert both.exits == (("take-profit", profit), ("stop-loss", loss))
    only = exits(None, loss, partial=True)
    assert only == Attached(None, loss, partial=True)
    assert only.exits == (("stop-loss", loss),)


def test_an_exit_with_a_limit_is_for_what_its_order_has_filled() -> None:
    assert exits(Exit(d(110), limit_price=d(109)), Exit(d(90))) == Attached(
        Exit(d(110), limit_price=d(109)), Exit(d(90)), partial=True
    )


def test_slippage_in_ticks_is_a_share_of_the_price() -> None:
    assert Slippage(SlippageUnit.PERCENT, d("0.5")).share(d(100), d("0.1")) == d("0.005")
    assert Slippage(SlippageUnit.TICKS, d(5)).share(d(100), d("0.1")) == d("0.005")
