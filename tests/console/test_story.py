"""An order's whole story in plain lines."""

from __future__ import annotations

from decimal import Decimal as D

from console.glyphs import ASCII
from console.story import story
from engine.core import events as ev
from engine.core.events import EventType as E
from engine.core.orders.terms import Attached, Exit, Trigger, TriggerBy, TriggerDirection
from engine.core.risk import Explanation
from engine.core.state import State, evolve
from engine.core.types import Side
from tests.console.fakes import BTC, ETH, NOW, busy_link, happened


def test_terms_state_route_timeline_and_fills_are_all_there() -> None:
    order = busy_link().order("c-003")
    assert story(order, BTC).splitlines() == [
        "TERMS",
        "  BUY 0.500 BTCUSDT @ 60,999.0  Limit GTC",
        "  our id    c-003",
        "  venue id  x-c-003",
        "  placed by operator",
        "",
        "STATE",
        "  ◐ PARTIAL",
        "  filled 0.200  left 0.300  average 60,999.0",
        "",
        "ROUTE",
        "  attempts    1",
        "  to ack      4.1 ms",
        "  to 1st fill 4,000 ms",
        "",
        "TIMELINE",
        "  14:03:10.442        +0.0 ms  ORDER_SENT      SENT",
        "  14:03:10.446        +4.1 ms  ORDER_ACK       ACKED",
        "  14:03:14.442      +3,996 ms  PARTIAL_FILL    PARTIAL    0.200 @ 60999.0",
        "",
        "FILLS 1",
        "           0.200 @ 60,999.0       e-3",
    ]


def test_a_rejection_shows_the_venues_words_as_they_are() -> None:
    text = story(busy_link().order("c-007"), None)
    assert "  POST_ONLY would take [/b] \\[red]" in text.splitlines()


def test_a_proof_of_absence_has_a_line_for_each_round() -> None:
    link = busy_link()
    rounds = [f"round {n}: open 0 at 14:03:2{n}.000, history 0 at 14:03:2{n}.004" for n in (1, 2)]
    text = "; ".join(["sent by 14:03:10.000", *rounds])
    proven = happened("c-006", E.PROVEN_ABSENT, 0, reason="NOT_AT_VENUE", text=text)
    link.push(proven)
    told = story(link.order("c-006"), BTC).splitlines()
    assert "  NOT_AT_VENUE sent by 14:03:10.000" in told
    at = next(n for n, line in enumerate(told) if "PROVEN_ABSENT" in line)
    assert told[at].endswith("REJECTED   NOT_AT_VENUE: sent by 14:03:10.000")
    assert told[at + 1 : at + 3] == [f"      {line}" for line in rounds]


def test_an_amend_under_way_and_an_overfill_are_told() -> None:
    link = busy_link()
    link.push(happened("c-004", E.REPLACE_REQUEST, 0, price=D("2709.00")))
    told = story(link.order("c-004"), ETH)
    assert "  asked to become 2.00 @ 2,709.00" in told.splitlines()
    assert "price 2710.20 → 2709.00" in told
    assert "price 2710.20 -> 2709.00" in story(link.order("c-004"), ETH, ASCII)
    link.push(ev.OrderEvent(E.PARTIAL_FILL, "c-003", NOW, exec_id="e-9", last_qty=D("0.400"),
                            last_price=D("60999.0")))  # fmt: skip
    assert "  OVERFILLED by 0.100" in story(link.order("c-003"), BTC).splitlines()


def test_a_busted_fill_is_marked() -> None:
    link = busy_link()
    link.push(ev.OrderEvent(E.FILL_BUSTED, "c-003", NOW, exec_id="e-3"))
    assert story(link.order("c-003"), BTC).endswith("e-3  amended by the venue")


def test_a_plain_terminal_gets_plain_signs() -> None:
    text = story(busy_link().order("c-005"), None, ASCII)
    assert ".x CANCEL~" in text


def test_a_denied_order_has_no_venue_id_and_no_ack() -> None:
    state = State()
    for event in [e for e in busy_events() if getattr(e, "client_order_id", "") == "c-009"]:
        evolve(state, event)
    lines = story(state.orders.orders["c-009"], None).splitlines()
    assert "  venue id  –" in lines
    assert "  to ack      –" in lines


def busy_events() -> list[ev.Event]:
    return [envelope.event for envelope in busy_link().poll().events]


def test_a_denied_order_is_told_with_the_limits_it_met() -> None:
    link = busy_link()
    denied = ev.OrderDenied(
        ts=NOW, command_id="k", client_order_id="z1", symbol="BTCUSDT", side=Side.BUY, qty=D("2"),
        price=D("61000"), code="MAX_QTY", value="2", limit="1", passes="at most 1",
    )  # fmt: skip
    link.push(denied)
    lines = story(link.order("z1"), BTC, explanation=Explanation(denied)).splitlines()
    at = lines.index("DENIED MAX_QTY")
    assert lines[at + 1 : at + 4] == [
        "  value       2",
        "  limit       1",
        "  would pass  at most 1",
    ]


def test_what_an_order_waits_for_and_brings_along_is_among_its_terms() -> None:
    order = busy_link().order("c-003")
    order.trigger = Trigger(D("61500.0"), TriggerDirection.RISES, TriggerBy.MARK)
    order.attached = Attached(None, Exit(D("60500.0")))
    order.pending_trigger = D("61600.0")
    lines = story(order, BTC).splitlines()
    assert lines[2:4] == ["  once mark rises to 61500.0", "  SL 60500.0"]
    assert "  asked to become 0.500 @ 60,999.0 once at 61,600.0" in lines
