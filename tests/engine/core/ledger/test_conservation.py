from __future__ import annotations

from itertools import chain

import pytest

from engine.core.ledger import conservation
from engine.core.ledger.conservation import (
    ledger_disagreements,
    orders_disagreements,
    recent_disagreements,
)
from engine.core.orders.machine import Fill
from engine.core.reports import FillEvent
from engine.core.types import Side
from tests.support.desk import Desk, d, fill


def booked() -> Desk:
    desk = Desk()
    desk.working()
    desk.give(fill("e1", "0.004"))
    return desk


def test_a_right_ledger_has_nothing_to_say() -> None:
    desk = booked()
    desk.give(fill("e9", "0.001", "", exchange_order_id="x-9"))
    assert list(ledger_disagreements(desk.state)) == []


def test_an_order_whose_fills_are_not_what_it_shows_is_named() -> None:
    desk = booked()
    desk.order().cum_qty = d("0.005")
    assert list(orders_disagreements(desk.state, [desk.order()])) == [
        "order a1 shows 0.005 filled, its fills are 0.004"
    ]


def test_an_execution_that_the_ledger_lacks_or_counts_otherwise_is_named() -> None:
    desk = booked()
    order = desk.order()
    order.amend("e2", Fill(d("0.001"), d(1)))
    order.amend("e1", Fill(d("0.003"), d(1)))
    assert list(ledger_disagreements(desk.state)) == [
        "execution e1 is 0.003 on order a1 and 0.004 in the ledger",
        "execution e2 is 0.001 on order a1 and 0 in the ledger",
    ]


def test_an_execution_that_its_order_lacks_is_named() -> None:
    desk = booked()
    other = fill("e2", "0.001")
    desk.state.positions.apply_fill(other)
    assert list(ledger_disagreements(desk.state)) == [
        "execution e2 is booked, its order a1 lacks it"
    ]


def test_an_execution_of_an_order_that_has_left_is_only_part_of_its_position() -> None:
    desk = booked()
    desk.state.positions.apply_fill(fill("e2", "0.001", "gone"))
    assert list(ledger_disagreements(desk.state)) == []


def test_what_only_one_side_infers_is_named() -> None:
    desk = booked()
    inferred = FillEvent(
        exec_id="",
        client_order_id="a1",
        symbol="BTCUSDT",
        side=Side.BUY,
        qty=d("0.002"),
        price=d(60_000),
    )
    desk.state.positions.infer(inferred)
    assert list(ledger_disagreements(desk.state)) == ["order a1 has 0 inferred, the ledger 0.002"]


def test_a_position_that_is_not_its_executions_is_named() -> None:
    desk = booked()
    desk.state.positions.positions["BTCUSDT"].qty = d(1)
    assert list(ledger_disagreements(desk.state)) == [
        "position BTCUSDT is 1, its executions are 0.004"
    ]


def recent(desk: Desk, *client_order_ids: str) -> list[str]:
    return list(
        chain.from_iterable(recent_disagreements(desk.state, client_order_ids, orders_a_slice=10))
    )


def test_what_was_just_booked_is_checked_alone_and_long_positions_are_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = booked()
    desk.working("b1", symbol="ETHUSDT")
    assert recent(desk, "a1", "b1", "gone") == []
    desk.state.positions.positions["BTCUSDT"].qty = d(1)
    assert recent(desk, "a1") == ["position BTCUSDT is 1, its executions are 0.004"]
    assert recent(desk) == []
    monkeypatch.setattr(conservation, "ROWS_MAX", 0)
    assert recent(desk, "a1") == []


def test_what_was_just_booked_is_checked_in_slices() -> None:
    desk = booked()
    desk.state.positions.positions["BTCUSDT"].qty = d(1)
    slices = list(recent_disagreements(desk.state, ["a1", "gone", "a1"], orders_a_slice=2))
    assert slices == [[], [], ["position BTCUSDT is 1, its executions are 0.004"]]
