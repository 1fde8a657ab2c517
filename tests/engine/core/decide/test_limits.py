"""Limits that change while the engine runs: tighter at once, looser in two steps."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from engine.core.activity import DAY_NS
from engine.core.commands import ChangeLimit, WithdrawLimit
from engine.core.events import CommandRefused, Event, LimitsChanged, LimitsPending
from engine.core.limits import PAPER_LIMITS, LimitChange
from engine.core.requests import StartTimer, TimerFired
from engine.core.state import State
from tests.support.desk import NS, Desk, d

QTY = "max_order_qty"


def desk_with(**limits: Any) -> Desk:
    return Desk(limits=replace(PAPER_LIMITS, **{QTY: d(5), **limits}))


def change(desk: Desk, key: str, value: Any, symbol: str = "") -> Event:
    (event,) = desk.give(
        ChangeLimit(command_id=desk.command_id(), by="ann", key=key, value=value, symbol=symbol)
    )
    return event


def look(desk: Desk) -> list[Event]:
    """Let the timer of every loosening that waits fire."""
    dues = {change.due_ts for change in desk.state.risk.pending}
    return [
        event
        for due in sorted(dues)
        for event in desk.give(TimerFired(kind="limits", key=str(due)))
    ]


def test_a_tighter_limit_holds_at_once() -> None:
    desk = desk_with()
    event = change(desk, QTY, d(4))
    assert isinstance(event, LimitsChanged)
    assert (event.by, event.text, event.loosened) == ("ann", "max_order_qty from 5 to 4", ())
    (denied,) = desk.give(desk.place(qty=d("4.001"), price=d(10_000)))
    assert getattr(denied, "code", "") == "MAX_QTY"
    assert desk.state.risk.limits == replace(PAPER_LIMITS, **{QTY: d(4)})


def test_a_limit_turned_on_holds_at_once() -> None:
    desk = desk_with()
    assert isinstance(change(desk, "daily_loss_usd", d(500)), LimitsChanged)
    assert StartTimer(kind="watch", key="2", after_s=1.0) in desk.requests


def test_a_looser_limit_waits_a_minute() -> None:
    desk = desk_with()
    event = change(desk, QTY, d(6))
    due = desk.now_ns + 60 * NS
    waiting = LimitChange(key=QTY, value=d(6), due_ts=due, by="ann")
    assert event == LimitsPending(
        ts=desk.now_ns,
        pending=(waiting,),
        by="ann",
        text="max_order_qty from 5 to 6 in 60 s",
        command_id="c1",
    )
    assert desk.requests == [StartTimer(kind="limits", key=str(due), after_s=1.0)]
    desk.now_ns = due - 1
    assert look(desk) == []
    assert desk.requests == [StartTimer(kind="limits", key=str(due), after_s=1.0)]
    assert desk.state.risk.limits.max_order_qty == 5
    desk.now_ns = due
    (changed,) = look(desk)
    assert isinstance(changed, LimitsChanged)
    assert (changed.by, changed.text) == ("ann", "max_order_qty from 5 to 6")
    assert changed.loosened == (QTY,)
    assert desk.state.risk.limits.max_order_qty == 6
    assert desk.state.risk.pending == ()


def test_how_long_a_looser_limit_waits_is_a_limit_itself() -> None:
    desk = desk_with(loosen_after_s=d(5))
    change(desk, QTY, d(6))
    change(desk, "loosen_after_s", d(4))
    desk.later(5)
    assert [type(event) for event in look(desk)] == [LimitsChanged, LimitsChanged]
    assert desk.state.risk.limits.loosen_after_s == 4


@pytest.mark.parametrize("value", [d("10.1"), None])
def test_more_than_twice_as_much_waits_for_the_next_day(value: Any) -> None:
    desk = desk_with()
    change(desk, QTY, value)
    (waiting,) = desk.state.risk.pending
    assert waiting.due_ts == DAY_NS
    desk.now_ns = DAY_NS
    assert [type(event) for event in look(desk)] == [LimitsChanged]
    assert desk.state.risk.limits.max_order_qty == value


def test_the_next_day_is_no_shorter_than_the_usual_wait() -> None:
    desk = desk_with()
    desk.now_ns = DAY_NS - NS
    change(desk, QTY, d(50))
    assert desk.state.risk.pending[0].due_ts == DAY_NS + 59 * NS


def test_a_withdrawn_loosening_never_holds() -> None:
    desk = desk_with()
    change(desk, QTY, d(6))
    (waiting,) = desk.state.risk.pending
    (event,) = desk.give(WithdrawLimit(command_id="w1", by="bob", key=QTY))
    assert isinstance(event, LimitsPending)
    assert (event.pending, event.by, event.text) == ((), "bob", "max_order_qty withdrawn")
    desk.later(60)
    assert desk.give(TimerFired(kind="limits", key=str(waiting.due_ts))) == []
    assert desk.state.risk.limits.max_order_qty == 5
    (refused,) = desk.give(WithdrawLimit(command_id="w2", key=QTY))
    assert isinstance(refused, CommandRefused)
    assert (refused.code, refused.text) == ("NOT_PENDING", "max_order_qty does not wait")


def test_a_second_thought_takes_the_place_of_the_first_and_waits_anew() -> None:
    desk = desk_with()
    change(desk, QTY, d(6))
    change(desk, "max_open_orders", 2_001)
    desk.later(30)
    change(desk, QTY, d(7))
    assert [(c.key, c.value) for c in desk.state.risk.pending] == [
        ("max_open_orders", 2_001), (QTY, d(7)),
    ]  # fmt: skip
    desk.later(30)
    look(desk)
    assert desk.state.risk.limits.max_order_qty == 5
    assert desk.state.risk.limits.max_open_orders == 2_001


def test_whoever_tightens_ends_what_waits_to_loosen_it() -> None:
    desk = desk_with()
    change(desk, QTY, d(6))
    change(desk, QTY, d(7), "BTCUSDT")
    change(desk, QTY, d(4))
    assert desk.state.risk.pending == ()
    desk.later(60)
    assert look(desk) == []


def test_a_market_has_its_own() -> None:
    desk = desk_with()
    event = change(desk, QTY, d(1), "BTCUSDT")
    assert isinstance(event, LimitsChanged)
    assert event.text == "max_order_qty of BTCUSDT from 5 to 1"
    assert desk.state.risk.limits.for_symbol("BTCUSDT").max_order_qty == 1
    assert desk.state.risk.limits.max_order_qty == 5


@pytest.mark.parametrize(
    ("key", "value", "symbol", "code", "text"),
    [
        ("max_ordr", d(1), "", "UNKNOWN_LIMIT", "no limit is called max_ordr"),
        ("symbols", None, "", "UNKNOWN_LIMIT", "no limit is called symbols"),
        (
            "max_order_notional_ceiling_usd", None, "", "FIXED_LIMIT",
            "max_order_notional_ceiling_usd is changed in the configuration alone",
        ),
        (QTY, d(1), "NOPE", "UNKNOWN_SYMBOL", "NOPE"),
        (
            "max_open_orders", 1, "BTCUSDT", "ACCOUNT_LIMIT",
            "max_open_orders is the account's; no market has its own",
        ),
        (QTY, d(0), "", "BAD_LIMIT", "max_order_qty must be a number greater than 0"),
        (
            "max_order_notional_usd", d(10_001), "", "ABOVE_CEILING",
            "max_order_notional_usd can be at most 10000",
        ),
        (QTY, d("5.0"), "", "NO_CHANGE", "max_order_qty is 5.0 already"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_limit_is_refused(
    key: str, value: Any, symbol: str, code: str, text: str
) -> None:
    desk = desk_with(max_order_notional_usd=d(9_000), max_order_notional_ceiling_usd=d(10_000))
    refused = change(desk, key, value, symbol)
    assert isinstance(refused, CommandRefused)
    assert (refused.code, refused.text) == (code, text)
    assert desk.state.risk.pending == ()


def test_the_ceiling_itself_may_be_reached() -> None:
    desk = desk_with(max_order_notional_usd=d(9_000), max_order_notional_ceiling_usd=d(10_000))
    assert isinstance(change(desk, "max_order_notional_usd", d(10_000)), LimitsPending)


def test_what_waits_is_in_a_snapshot() -> None:
    desk = desk_with()
    change(desk, QTY, d(6))
    change(desk, "check_reduce_only", True)
    change(desk, "symbols_allow", ("BTCUSDT",))
    change(desk, "symbols_allow", ("BTCUSDT", "ETHUSDT"))
    assert State.decode(desk.state.encode()).risk == desk.state.risk
