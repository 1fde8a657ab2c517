"""What became of the operator's own commands, in one plain line each."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

import msgspec

from console.denial import denial_line
from engine.core.events import CommandRefused, Event, EventType, OrderDenied, OrderEvent
from engine.core.status import Envelope
from engine.core.types import NOT_ARRIVED

MOST_AT_ONCE = 3

_BAD_NEWS = {
    EventType.ORDER_REJECT: "rejected by the venue",
    EventType.CANCEL_REJECT: "cancel refused by the venue",
    EventType.REPLACE_REJECT: "change refused by the venue",
    EventType.SEND_UNKNOWN: "no answer yet: its fate is being asked for",
    EventType.EXPIRED: "expired",
}
_NOT_REFUSED = {
    EventType.CANCEL_REJECT: "cancel did not arrive",
    EventType.REPLACE_REJECT: "change did not arrive",
}


class Notice(msgspec.Struct, frozen=True):
    """One line for a toast; `bad` when something that was asked for did not happen."""

    text: str
    order_id: str = ""
    bad: bool = True


def notices(envelopes: Iterable[Envelope], sent: Collection[str]) -> list[Notice]:
    """Bad news about what `sent` names, newest last; a flood becomes its count and its last one."""
    found = [notice for envelope in envelopes for notice in _about(envelope.event, sent)]
    if len(found) > MOST_AT_ONCE:
        last = found[-1]
        return [Notice(f"{len(found)} refusals at once; the last: {last.text}", last.order_id)]
    return found


def _about(event: Event, sent: Collection[str]) -> Iterator[Notice]:
    if isinstance(event, OrderDenied):
        if event.client_order_id in sent:
            text = f"{event.client_order_id} denied: {denial_line(event)}"
            yield Notice(text, event.client_order_id)
    elif isinstance(event, CommandRefused):
        if event.command_id in sent:
            yield Notice(f"refused: {event.code} {event.text}".rstrip(), event.client_order_id)
    elif isinstance(event, OrderEvent):
        news = _BAD_NEWS.get(event.type)
        if news and event.client_order_id in sent:
            detail = " ".join(filter(None, (event.reason, event.text)))
            if event.reason == NOT_ARRIVED:
                news, detail = _NOT_REFUSED[event.type], event.text
            yield Notice(
                f"{event.client_order_id} {news}" + (f": {detail}" if detail else ""),
                event.client_order_id,
            )
