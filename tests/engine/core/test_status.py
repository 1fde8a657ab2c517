from __future__ import annotations

import pytest

from engine.core.events import EventType, OrderEvent
from engine.core.market import Quote, TradeTick
from engine.core.reports import Scope
from engine.core.status import (
    BookView,
    DcpStatus,
    EngineStatus,
    Envelope,
    LinkUpdate,
    ReconcileStatus,
)
from engine.core.types import NS, Side
from tests.support.desk import d


@pytest.mark.parametrize(
    ("wanted_s", "set_s", "holds"),
    [(10, 10, True), (10, 0, False), (10, 30, False), (0, 0, False), (0, 10, False)],
)
def test_cancelling_on_disconnect_holds_once_the_venue_confirms_what_was_asked_for(
    wanted_s: int, set_s: int, holds: bool
) -> None:
    assert DcpStatus(wanted_s=wanted_s, set_s=set_s, read_ts=1).holds is holds


def test_an_account_that_was_not_compared_for_long_is_not_known_any_more() -> None:
    status = ReconcileStatus(last_ok_ts=100 * NS)
    assert not status.is_stale(Scope.ORDERS, 115 * NS)
    assert status.is_stale(Scope.ORDERS, 115 * NS + 1)
    assert not ReconcileStatus().is_stale(Scope.ORDERS, 115 * NS), "never compared: nothing shown"


@pytest.mark.parametrize(
    "update",
    [
        LinkUpdate(snapshot=b"{}"),
        LinkUpdate(events=[Envelope(1, OrderEvent(EventType.ORDER_ACK, "a1"))]),
        LinkUpdate(quotes={"BTCUSDT": Quote(symbol="BTCUSDT")}),
        LinkUpdate(books={"BTCUSDT": BookView(symbol="BTCUSDT")}),
        LinkUpdate(trades=[TradeTick(symbol="BTCUSDT", side=Side.BUY, qty=d(1), price=d(2), ts=3)]),
        LinkUpdate(status=EngineStatus(ts=1)),
    ],
    ids=["snapshot", "events", "quotes", "books", "trades", "status"],
)
def test_an_update_with_anything_new_in_it_is_drawn(update: LinkUpdate) -> None:
    assert bool(update) is True


def test_an_update_with_nothing_new_in_it_is_not_drawn() -> None:
    assert bool(LinkUpdate(snapshot_seq=5)) is False
