"""What a lookup proves about a place request."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from engine.core.reports import FillEvent, OrderLookup, OrderReport, Outcome, VenueStatus
from engine.core.types import Side
from engine.router.answers import from_lookup
from engine.venues.reasons import Reason
from tests.engine.router.venue import request

ROW = OrderReport(
    client_order_id="o-1",
    exchange_order_id="x-1",
    symbol="BTCUSDT",
    side=Side.BUY,
    status=VenueStatus.NEW,
    qty=Decimal("0.010"),
    price=Decimal("50000.0"),
    cum_qty=Decimal(0),
    avg_price=None,
)


def _lookup(row: OrderReport | None, *fills: FillEvent) -> OrderLookup:
    return OrderLookup(client_order_id="o-1", order=row, fills=fills)


def test_an_order_with_the_same_terms_is_ours() -> None:
    answer = from_lookup(request(), _lookup(ROW))
    assert answer is not None
    assert (answer.outcome, answer.exchange_order_id) == (Outcome.ACCEPTED, "x-1")


def test_an_execution_proves_an_order_that_no_list_shows() -> None:
    fill = FillEvent(
        exec_id="e",
        client_order_id="o-1",
        symbol="BTCUSDT",
        side=Side.BUY,
        qty=Decimal(1),
        price=Decimal(1),
        exchange_order_id="x-1",
    )
    answer = from_lookup(request(), _lookup(None, fill))
    assert answer is not None
    assert (answer.outcome, answer.exchange_order_id) == (Outcome.ACCEPTED, "x-1")


def test_nothing_found_proves_nothing() -> None:
    assert from_lookup(request(), _lookup(None)) is None


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"symbol": "ETHUSDT"}, "symbol"),
        ({"side": Side.SELL}, "side"),
        ({"qty": Decimal(1)}, "quantity"),
        ({"price": Decimal(1)}, "price"),
    ],
)
def test_another_orders_terms_are_named(changes: dict[str, Any], name: str) -> None:
    answer = from_lookup(request(), _lookup(replace(ROW, **changes)))
    assert answer is not None
    assert (answer.outcome, answer.reason) == (Outcome.REJECTED, Reason.DUPLICATE_ID)
    assert answer.text == f"the venue has o-1 with another {name}"


def test_an_amended_order_may_have_other_terms_but_not_another_side() -> None:
    moved = _lookup(replace(ROW, qty=Decimal(1), price=Decimal(1)))
    answer = from_lookup(request(), moved, amended=True)
    assert answer is not None
    assert answer.accepted
    other = from_lookup(request(), _lookup(replace(ROW, side=Side.SELL)), amended=True)
    assert other is not None
    assert not other.accepted


def test_a_reduce_only_order_may_have_been_cut() -> None:
    cut = replace(ROW, qty=Decimal("0.005"))
    answer = from_lookup(request(reduce_only=True), _lookup(cut))
    assert answer is not None
    assert answer.accepted
