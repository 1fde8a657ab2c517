"""Which reports of a venue may change places: all that one venue says of one order, bar five pairs.

Reports carry evidence, and evidence adds up. Order matters only where a report gets its meaning
from what was known when it came, and carries nothing to tell its place by:

- two statements of terms, and a suspension and its end: the last one heard holds;
- two contents of one execution, and two endings: the first one heard holds;
- a quantity below what had filled means what had filled, when it was heard;
- a status report counts executions that are later taken back;
- our own requests and our proof of absence: they are judged by what was known.

The rows of a venue do carry their time, which settles the first: see `test_venue_rows`.
"""

from __future__ import annotations

from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.state import State, evolve
from tests.support.order_words import order_event

Report = tuple[Any, ...]
BEGINNING: list[Report] = [("sent",)]


def end_of(told: list[Report]) -> dict[str, Any]:
    """What a trader reads of an order of 10 at 100 when all of this has been said."""
    state = State()
    order = state.orders.create_order("o1", "BTCUSDT", "Buy", 10, 100)
    for ts, report in enumerate(told, start=1):
        evolve(state, order_event("o1", ts, *report))
    return {
        "state": order.state.name,
        "cum": order.cum_qty,
        "leaves": order.leaves_qty,
        "avg": None if order.avg_price is None else round(order.avg_price, 20),
        "terms": (order.qty, order.price),
        "overfill": order.overfill_qty,
        "fills": order.fills,
        "position": state.positions.get_position("BTCUSDT").qty,
        "inferred": order.inferred_qty,
    }


sizes, prices = st.integers(1, 5), st.integers(90, 110)


@st.composite
def stories(draw: st.DrawFn) -> list[Report]:
    """All that a venue has to say of one order, each thing once."""
    told: list[Report] = [("ack",)]
    if draw(st.booleans()):
        told += [("untriggered",), ("triggered",)]
    fills = draw(st.lists(st.tuples(sizes, prices), max_size=5))
    told += [("fill", f"e{i}", qty, price) for i, (qty, price) in enumerate(fills)]
    cum = sum(qty for qty, _ in fills)
    counted: bool = draw(st.booleans())
    if fills and counted:
        value = Decimal(0)
        for i, (qty, price) in enumerate(fills):
            value += qty * price
            so_far = sum(each for each, _ in fills[: i + 1])
            told.append(("venue_cum", so_far, value / so_far))
    else:
        taken_back = draw(st.sets(st.integers(0, 7), max_size=2))
        told += [("bust", f"e{i}") for i in sorted(taken_back)]
        mended = draw(st.sets(st.integers(0, 7), max_size=2))
        told += [("correct", f"e{i}", draw(sizes), draw(prices)) for i in sorted(mended)]
        cum += sum(qty for word, *_, qty, _ in [r for r in told if r[0] == "correct"])
    if draw(st.booleans()):
        told.append((draw(st.sampled_from(["restated", "replace_ack"])), max(cum, 1) + 2, 99))
    told += [(word,) for word in draw(st.sampled_from([[], ["cancel_ack"], ["expired"]]))]
    return told


asked = st.sampled_from([[], [("send_unknown",)], [("cancel_req",)], [("replace_req", 12, 99)]])


def check(before: list[Report], story: list[Report], data: st.DataObject) -> None:
    again = data.draw(st.lists(st.sampled_from(story), max_size=5))
    mixed = data.draw(st.permutations(story + again))
    plain = end_of(BEGINNING + before + story)
    assert end_of(BEGINNING + before + mixed) == plain, mixed


@settings(max_examples=300)
@given(asked, stories(), st.data())
def test_reports_in_any_order_and_twice_end_in_the_same_state(
    before: list[Report], story: list[Report], data: st.DataObject
) -> None:
    check(before, story, data)


@pytest.mark.slow
@settings(max_examples=20_000)
@given(asked, stories(), st.data())
def test_twenty_thousand_stories_end_in_the_same_state(
    before: list[Report], story: list[Report], data: st.DataObject
) -> None:
    check(before, story, data)


@pytest.mark.parametrize(
    "story",
    [
        [("ack",), ("fill", "a", 4, 100), ("fill", "b", 6, 103), ("cancel_ack",)],
        [("ack",), ("fill", "a", 4, 100), ("bust", "a"), ("fill", "b", 2, 99), ("expired",)],
        [("fill", "a", 10, 100), ("correct", "a", 9, 101), ("replace_ack", 12, 99), ("ack",)],
        [("untriggered",), ("triggered",), ("venue_cum", 3, 100), ("fill", "a", 3, 100)],
        [("send_unknown",), ("ack",), ("fill", "a", 8, 100), ("fill", "b", 5, 101)],
        [("fill", "a", 1, 100), ("fill", "b", 2, 100), ("venue_cum", 3, 100), ("cancel_ack",)],
    ],
    ids=lambda story: " ".join(word for word, *_ in story),
)
def test_every_single_order_of_a_story_ends_in_the_same_state(story: list[Report]) -> None:
    plain = end_of(BEGINNING + story)
    for mixed in permutations(story):
        assert end_of(BEGINNING + list(mixed)) == plain, mixed


@pytest.mark.parametrize(
    ("first", "second", "differs"),
    [
        (("restated", 8), ("restated", 9), "terms"),
        (("suspend",), ("resume",), "state"),
        (("fill", "a", 1, 100), ("fill", "a", 2, 100), "cum"),
        (("cancel_ack",), ("expired",), "state"),
        (("fill", "a", 9, 100), ("replace_ack", 8), "overfill"),
        (("bust", "a"), ("venue_cum", 4, 100), "cum"),
        (("give_up",), ("ack",), "state"),
    ],
)
def test_the_pairs_that_may_not_change_places(first: Report, second: Report, differs: str) -> None:
    before = [*BEGINNING, ("fill", "a", 4, 100)] if first[0] == "bust" else BEGINNING
    one, other = end_of([*before, first, second]), end_of([*before, second, first])
    assert one[differs] != other[differs]
