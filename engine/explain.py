"""A denial found in a journal: the state is folded up to it, and the decision is taken again."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from engine.core.events import CommandRefused, OrderDenied
from engine.core.risk import Explanation, explain
from engine.core.state import State, evolve
from engine.errors import InputError, did_you_mean
from engine.journal.reader import JournalReader

Refusals = list[CommandRefused]


def explain_from_journal(path: Path, client_order_id: str) -> tuple[Explanation | None, Refusals]:
    """Why this order was denied, and which commands about it were refused, oldest first.

    Raises InputError for an order that the journal does not know, JournalError for a journal that
    cannot be read.
    """
    state = State()
    explanation: Explanation | None = None
    refusals: Refusals = []
    with closing(JournalReader(path)) as reader:
        for _seq, event in reader.replay():
            if type(event) is OrderDenied and event.client_order_id == client_order_id:
                explanation = explain(state, event)
            elif type(event) is CommandRefused and event.client_order_id == client_order_id:
                refusals.append(event)
            evolve(state, event)
    if client_order_id not in state.orders.orders and not refusals:
        hint = did_you_mean(client_order_id, state.orders.orders)
        raise InputError(f"{path}: no order {client_order_id!r} in this journal{hint}")
    return explanation, refusals
