"""Bad news about the operator's own commands, in plain lines."""

from __future__ import annotations

from decimal import Decimal as D

from console.feedback import Notice, notices
from engine.core import events as ev
from engine.core.events import EventType as E
from engine.core.status import Envelope
from engine.core.types import NOT_ARRIVED, Side

SENT = {"td-1", "cmd-1"}


def told(*events: ev.Event) -> list[Notice]:
    return notices([Envelope(n, event) for n, event in enumerate(events, 1)], SENT)


def denied(order_id: str = "td-1", limit: str = "1000000") -> ev.OrderDenied:
    return ev.OrderDenied(
        ts=1, command_id="cmd-1", client_order_id=order_id, symbol="BTCUSDT", side=Side.BUY,
        qty=D(900), code="MAX_ORDER_NOTIONAL", value="54900000", limit=limit,
    )  # fmt: skip


def test_a_denial_says_code_value_and_limit() -> None:
    assert told(denied()) == [
        Notice("td-1 denied: MAX_ORDER_NOTIONAL 54,900,000, limit 1,000,000", "td-1")
    ]
    assert told(denied(limit=""))[0].text == "td-1 denied: MAX_ORDER_NOTIONAL 54,900,000"


def test_a_rejection_says_the_venues_words() -> None:
    event = ev.OrderEvent(E.ORDER_REJECT, "td-1", reason="POST_ONLY", text="would take [/b]")
    assert told(event)[0].text == "td-1 rejected by the venue: POST_ONLY would take [/b]"


def test_what_nobody_refused_is_not_called_refused() -> None:
    text = "terms unchanged at the venue"
    event = ev.OrderEvent(E.REPLACE_REJECT, "td-1", reason=NOT_ARRIVED, text=text)
    assert told(event)[0].text == f"td-1 change did not arrive: {text}"


def test_a_refused_command_says_why() -> None:
    event = ev.CommandRefused(
        ts=1, command_id="cmd-1", command="release", code="WRONG_ACCOUNT", text="type paper"
    )
    assert told(event)[0].text == "refused: WRONG_ACCOUNT type paper"


def test_good_news_is_on_the_blotter_already() -> None:
    assert told(ev.OrderEvent(E.ORDER_ACK, "td-1"), ev.OrderEvent(E.FULL_FILL, "td-1")) == []


def test_other_peoples_news_is_not_told() -> None:
    other = ev.CommandRefused(ts=1, command_id="cmd-9", command="cancel", code="X")
    assert told(denied("td-9"), ev.OrderEvent(E.ORDER_REJECT, "td-9"), other) == []


def test_a_flood_becomes_its_count_and_its_last() -> None:
    assert told(*[denied()] * 4) == [
        Notice(
            "4 refusals at once; the last: "
            "td-1 denied: MAX_ORDER_NOTIONAL 54,900,000, limit 1,000,000",
            "td-1",
        )
    ]
