from engine.core.commands import AmendOrder, CancelOrder, Kill
from engine.core.context import Policy
from engine.core.events import EventType, OrderEvent, Reconciled
from engine.core.react import react
from engine.core.reports import LinkReport, Outcome
from engine.core.requests import (
    AmendRequest,
    CancelRequest,
    OrderRequest,
    QueryAccount,
    QueryOrder,
    StartTimer,
    Sweep,
)
from tests.support.desk import Desk, d, outcome, row


def kinds(desk: Desk) -> list[type]:
    return [type(request) for request in desk.requests]


def test_each_event_that_needs_the_venue_says_what_to_send_and_when_to_look_again() -> None:
    desk = Desk()
    desk.give(desk.place())
    assert kinds(desk) == [OrderRequest, StartTimer]
    desk.give(outcome(result=Outcome.UNKNOWN))
    assert kinds(desk) == [QueryOrder, StartTimer]
    desk.give(row())
    desk.give(AmendOrder(command_id="m", client_order_id="a1", qty=d("0.020"), price=d(60_000)))
    assert desk.requests[0] == AmendRequest(
        client_order_id="a1", symbol="BTCUSDT", qty=d("0.020"), price=None
    )
    assert kinds(desk) == [AmendRequest, StartTimer]
    desk.give(CancelOrder(command_id="x", client_order_id="a1"))
    assert kinds(desk) == [CancelRequest, StartTimer]
    desk.give(Kill(command_id="k"))
    assert kinds(desk) == [Sweep]
    desk.give(LinkReport(link="private", up=True))
    assert kinds(desk) == [QueryAccount]


def test_what_only_tells_calls_for_nothing() -> None:
    desk = Desk()
    desk.working()
    assert desk.requests == []
    for event in (
        Reconciled(ts=1),
        OrderEvent(EventType.ORDER_ACK, "a1", 1),
        OrderEvent(EventType.CANCEL_REQUEST, "zz", 1),
    ):
        assert list(react(desk.state, event, Policy())) == []


def test_an_external_order_is_named_by_the_venues_id() -> None:
    desk = Desk()
    desk.give(row("web-1"))
    desk.give(CancelOrder(command_id="x", client_order_id="web-1"))
    assert desk.requests[0] == CancelRequest(
        client_order_id="web-1", symbol="BTCUSDT", exchange_order_id="x-web-1"
    )
