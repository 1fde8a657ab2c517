"""Equity, margin and the way to liquidation: what the venue said, and what is old looks old."""

from __future__ import annotations

from decimal import Decimal as D
from typing import Any

import pytest
from msgspec.structs import replace

from console.glyphs import UNICODE
from console.replica import Replica
from console.views.cells import Cell
from console.views.margin import margin_lines
from engine.core.limits import LIVE_LIMITS
from engine.core.margin import AccountMargin, PositionMargin
from engine.core.status import LinkUpdate
from tests.console.fakes import NOW, NS, busy_link, status

TOLD = AccountMargin(
    equity=D("25000.5"),
    initial_margin=D(3000),
    ts=NOW,
    positions={
        "BTCUSDT": PositionMargin(qty=D("0.9"), liq_price=D(48_800)),
        "ETHUSDT": PositionMargin(qty=D(-2), liq_price=D(3_510)),
    },
)


@pytest.fixture
def replica() -> Replica:
    made = Replica()
    made.apply(busy_link().poll(), NOW)
    return made


def told(replica: Replica, margin: AccountMargin = TOLD, **changes: Any) -> list[Cell]:
    """The cells of the lines after the venue has said this."""
    replica.apply(LinkUpdate(status=status(margin=margin, **changes)), NOW)
    return [cell for line in margin_lines(replica, UNICODE) for cell in line]


def text(cells: list[Cell]) -> str:
    return "".join(cell.text for cell in cells)


def test_the_lines_in_full_with_the_position_that_is_nearest(replica: Replica) -> None:
    assert replica.quotes["BTCUSDT"].reference == 61_000
    assert text(told(replica)) == ("equity 25,000  margin 12.0 %nearest liquidation BTCUSDT 20.0 %")


def test_nothing_is_shown_that_was_not_told(replica: Replica) -> None:
    assert margin_lines(Replica(), UNICODE) == ()
    assert told(replica, AccountMargin()) == []
    assert text(told(replica, AccountMargin(equity=D(10), ts=NOW))) == "equity 10.00"
    assert text(told(replica, AccountMargin(equity=D(0), initial_margin=D(5), ts=NOW))) == (
        "equity 0.00"
    )


def test_positions_without_a_liquidation_price_a_mark_or_a_quantity_are_left_out(
    replica: Replica,
) -> None:
    none = {
        "BTCUSDT": PositionMargin(qty=D("0.9")),
        "ETHUSDT": PositionMargin(qty=D(-2), liq_price=D(9_000)),
    }
    del replica.quotes["ETHUSDT"]
    assert "liq" not in text(told(replica, replace(TOLD, positions=none)))
    replica.state.positions.positions["BTCUSDT"].qty = D(0)
    assert "liq" not in text(told(replica))


def test_a_liquidation_farther_away_than_the_price_is_far_enough(replica: Replica) -> None:
    far = {"ETHUSDT": PositionMargin(qty=D(-2), liq_price=D(90_000))}
    assert text(told(replica, replace(TOLD, positions=far))).endswith("ETHUSDT > 100 %")


def test_what_is_old_looks_old(replica: Replica) -> None:
    assert "~" not in text(told(replica, ts=NOW + 60 * NS))
    cells = told(replica, ts=NOW + 75 * NS)
    assert text(cells) == (
        "equity ~25,000 (1m15)  margin ~12.0 %nearest liquidation BTCUSDT ~20.0 %"
    )
    assert [cell.style for cell in cells if "~" in cell.text] == ["stale"] * 3


def test_what_is_beyond_a_limit_stands_out(replica: Replica) -> None:
    replica.state.risk.limits = LIVE_LIMITS
    styles = {cell.text: cell.style for cell in told(replica)}
    assert (styles["12.0 %"], styles["20.0 %"]) == ("value", "value")
    near = {"BTCUSDT": PositionMargin(qty=D("0.9"), liq_price=D(52_000))}
    margin = replace(TOLD, initial_margin=D("12500.3"), positions=near)
    styles = {cell.text: cell.style for cell in told(replica, margin)}
    assert (styles["50.1 %"], styles["14.7 %"]) == ("warn", "warn")
