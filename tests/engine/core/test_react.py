from msgspec.structs import replace

from engine.core.commands import AmendOrder, CancelOrder, Kill
from engine.core.context import Policy
from engine.core.events import EventType, LimitsChanged, OrderEvent, Reconciled
from engine.core.limits import PAPER_LIMITS
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


def test_limits_that_need_the_watch_start_it() -> None:
    desk = Desk()
    for limits, expected in (
        (
            replace(PAPER_LIMITS, daily_loss_usd=d(5)),
            [StartTimer(kind="watch", key="0", after_s=1)],
        ),
        (replace(PAPER_LIMITS, orders_per_s=5), []),
    ):
        changed = LimitsChanged(ts=1, limits=limits, by="configuration")
        assert list(react(desk.state, changed, Policy())) == expected
