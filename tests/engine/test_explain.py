"""A denial found in a journal and explained as it was decided."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from engine.core.events import Event, OrderDenied
from engine.core.types import Side
from engine.errors import InputError
from engine.explain import explain_from_journal
from tests.support.desk import Desk, d
from tests.support.journals import open_journal


def journal(path: Path) -> tuple[Path, list[Event]]:
    """The journal of a desk that placed a1, had its amend refused, and was denied z1."""
    desk = Desk()
    desk.working("a1")
    desk.working("b1", side=Side.SELL)
    desk.give(desk.amend("a1", price=d(90_000)))
    desk.give(desk.place("z1", price=d(90_000)))
    events = [*desk.founding, *desk.events]
    book = open_journal(path / "journal.db")
    asyncio.run(book.append(events))
    book.close()
    return path / "journal.db", events


def test_the_state_is_folded_up_to_the_denial(tmp_path: Path) -> None:
    path, events = journal(tmp_path)
    explanation, refusals = explain_from_journal(path, "z1")
    assert explanation is not None
    assert explanation.order == events[-1]
    assert isinstance(explanation.order, OrderDenied)
    assert refusals == []
    open_orders = {r.code: r.value for r in explanation.readings}["MAX_OPEN_ORDERS"]
    assert open_orders == "2"


def test_refused_commands_about_an_order_are_found_too(tmp_path: Path) -> None:
    path, _ = journal(tmp_path)
    explanation, (refused,) = explain_from_journal(path, "a1")
    assert explanation is None
    assert (refused.code, refused.command) == ("PRICE_COLLAR", "AmendOrder")


def test_an_unknown_order_is_met_with_the_nearest_one(tmp_path: Path) -> None:
    path, _ = journal(tmp_path)
    with pytest.raises(InputError, match=r"no order 'zz1' in this journal.*z1"):
        explain_from_journal(path, "zz1")
