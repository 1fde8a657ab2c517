"""Retired orders, when somebody names one: first it is read back, then the input is judged.

Whatever names a retired order becomes a question, `RecallOrder`, that carries the input with it.
The answer brings both back: the order as it was becomes an event, and the input is decided as on
any other order. Nothing waits in the state, so nothing can be forgotten there; what a crash takes
on its way is shown again by the venue, as everything it takes.

Where the journal cannot answer, a fill is booked all the same, on an order known by the venue's id
alone; a command is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from typing import TypeVar

import msgspec

from engine.core.commands import AmendOrder, CancelOrder, Command, PlaceOrder, ReadOrder
from engine.core.context import Context
from engine.core.events import CommandRefused, OrderRecalled
from engine.core.reports import FillEvent, OrderLookup, OrderReport, Report, VenueStatus
from engine.core.requests import RecallAnswer, RecallOrder, Step, TimerFired
from engine.core.state import State

Nameable = Command | Report | TimerFired
"""What may name an order."""

_I = TypeVar("_I", bound=Nameable)
Decider = Callable[[State, _I, Context], Iterator[Step]]


def recalling(decide: Decider[_I]) -> Decider[_I]:
    """The decision `decide`, put off while the order that its input names is retired."""

    @wraps(decide)
    def decide_on_whole_order(state: State, item: _I, context: Context) -> Iterator[Step]:
        recall = recall_for(state, item)
        if recall is None:
            return decide(state, item, context)
        return iter((recall,) if _may_matter(state, item) else ())

    return decide_on_whole_order


def recall_for(state: State, item: Nameable) -> RecallOrder | None:
    """What has to be read back before `item` can be judged; None when nothing has."""
    retired = state.orders.retired
    if not retired.count:
        return None
    ours, theirs = _names(item)
    if state.orders.find(ours, theirs) is not None:
        return None
    for name in (ours, theirs):
        found = None if name in state.unreadable else retired.find(name)
        if found is not None:
            return RecallOrder(
                name=name, first_seq=found.first_seq, last_seq=found.last_seq, waiting=item
            )
    return None


def decide_recalled(
    state: State, answer: RecallAnswer, context: Context, decide: Decider[Nameable]
) -> Iterator[Step]:
    """Take the order back in and go on, by `decide`, with what waits for it."""
    recall, order = answer.recall, answer.order
    waiting, missing = recall.waiting, recall_for(state, recall.waiting)
    if missing is not None and missing != recall:
        yield missing  # it was here since the question, and is more than the answer knows
        return
    if missing is not None and order is not None:
        yield OrderRecalled(ts=context.now_ns, client_order_id=order.client_order_id, order=order)
        missing = None
    if missing is None:
        yield from decide(state, waiting, context)
        return
    items: Iterable[Nameable] = (waiting,)  # it is the name of no order of ours, after all
    if answer.error:
        yield OrderRecalled(ts=context.now_ns, client_order_id=recall.name, error=answer.error)
        if isinstance(waiting, _NAMING):
            yield _refused(waiting, answer.error, context)
            return
        items = _evidence(waiting)
    try:
        for item in items:
            state.unreadable = frozenset((*_names(waiting), *_names(item)))
            yield from decide(state, item, context)
    finally:
        state.unreadable = frozenset()


_NAMING = (PlaceOrder, AmendOrder, CancelOrder, ReadOrder)


def _refused(command: Command, error: str, context: Context) -> CommandRefused:
    return CommandRefused(
        ts=context.now_ns,
        command_id=command.command_id,
        command=type(command).__name__,
        code="NOT_RECALLED",
        text=f"the id is an earlier order's, which the journal does not give back: {error}",
    )


def _evidence(item: Nameable) -> Iterator[FillEvent | OrderReport]:
    """What must be known of an order that cannot be read back: fills, and that it works."""
    if isinstance(item, FillEvent):
        place = item.exchange_order_id or item.exec_id
        yield msgspec.structs.replace(item, client_order_id="", exchange_order_id=place)
    elif isinstance(item, OrderReport):
        if item.status in _WORKING and item.exchange_order_id:
            yield msgspec.structs.replace(item, client_order_id="")
    elif isinstance(item, OrderLookup):
        for fill in item.fills:
            yield from _evidence(fill)
        if item.order is not None:
            yield from _evidence(item.order)


_WORKING = frozenset(
    {
        VenueStatus.NEW,
        VenueStatus.PARTIALLY_FILLED,
        VenueStatus.UNTRIGGERED,
        VenueStatus.TRIGGERED,
        VenueStatus.OTHER,
    }
)


def _may_matter(state: State, item: Nameable) -> bool:
    """False for what can tell nothing new about an order that is closed."""
    if isinstance(item, TimerFired):
        return item.key in state.promised
    return not (isinstance(item, FillEvent) and is_booked(state, item))


def is_booked(state: State, fill: FillEvent) -> bool:
    """True when this execution would add nothing, whether its order is in memory or retired."""
    if state.positions.lacks(fill):
        return False
    as_told = state.positions.counted(fill.exec_id) == (fill.qty, fill.price)
    order = state.orders.find(fill.client_order_id, fill.exchange_order_id)
    if order is None or (as_told and state.positions.is_of(fill.exec_id, order.client_order_id)):
        return as_told
    return order.has_execution(fill.exec_id, fill.qty, fill.price)


def _names(item: Nameable) -> tuple[str, str]:
    """The ids, ours and the venue's, by which `item` names an order; empty where it does not."""
    if isinstance(item, TimerFired):
        return item.key, ""
    return getattr(item, "client_order_id", ""), getattr(item, "exchange_order_id", "")
