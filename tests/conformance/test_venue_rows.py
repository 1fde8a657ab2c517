"""What a venue tells of one order, through the engine's own judgement: rows, executions, replies.

A small venue lives one order to its end and writes down each row and execution. However they then
reach us (in any order, several times, rows lost but for the newest), the order ends as it ended
there. Rows carry the venue's time; of two rows at one instant the one that shows more is newer.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.events import EventType, OrderEvent, OrderSubmitted
from engine.core.reports import (
    FillEvent,
    OrderReport,
    Outcome,
    RequestKind,
    RequestOutcome,
    VenueStatus,
)
from engine.core.state import evolve
from tests.support.desk import Desk, d, fill, outcome, row

Heard = OrderReport | FillEvent | RequestOutcome


class VenueOrder:
    """The order as the venue has it: 10 at 100 to begin with. `told` is all it says, in order."""

    def __init__(self, *, conditional: bool = False) -> None:
        self.qty, self.price, self.cum, self.value = d(10), d(100), d(0), d(0)
        self.status = VenueStatus.UNTRIGGERED if conditional else VenueStatus.NEW
        self.ts = 1
        self.told: list[Heard] = []
        self._tell()

    @property
    def is_over(self) -> bool:
        return self.status in (VenueStatus.FILLED, VenueStatus.CANCELED, VenueStatus.EXPIRED)

    def trigger(self, *, pause: int) -> None:
        """Become a working order, with both rows in one instant or apart."""
        if self.status is VenueStatus.UNTRIGGERED:
            for status in (VenueStatus.TRIGGERED, VenueStatus.NEW):
                self.status = status
                self.ts += pause
                self._tell()

    def trade(self, qty: Decimal, price: Decimal, *, pause: int, row_first: bool) -> None:
        """Fill some of it; what fills has triggered."""
        if self.is_over:
            return
        self.trigger(pause=pause)
        qty = min(qty, self.qty - self.cum)
        self.cum += qty
        self.value += qty * price
        self.ts += pause
        filled = self.cum == self.qty
        self.status = VenueStatus.FILLED if filled else VenueStatus.PARTIALLY_FILLED
        execution = fill(f"e{len(self.told)}", str(qty), price=price)
        if not row_first:
            self.told.append(execution)
        self._tell()
        if row_first:
            self.told.append(execution)

    def amend(self, qty: Decimal, price: Decimal) -> None:
        """Change the terms: ours, the venue's, or somebody's at its screens."""
        if self.is_over or qty <= self.cum:
            return
        self.qty, self.price = qty, price
        self.ts += 1
        self._tell()

    def end(self, status: VenueStatus, *, pause: int) -> None:
        """Be cancelled or expire."""
        if not self.is_over:
            self.status = status
            self.ts += pause
            self._tell()

    def _tell(self) -> None:
        self.told.append(
            row(
                status=self.status,
                qty=self.qty,
                price=self.price,
                cum_qty=self.cum,
                avg_price=self.value / self.cum if self.cum else None,
                ts=self.ts,
            )
        )

    def answers(self) -> dict[str, Any]:
        """What a trader would read at the venue."""
        return {
            "state": {VenueStatus.TRIGGERED: "New"}.get(self.status, str(self.status)),
            "cum": self.cum,
            "leaves": d(0) if self.is_over else self.qty - self.cum,
            "avg": self.value / self.cum if self.cum else None,
            "terms": (self.qty, self.price),
            "overfill": d(0),
            "position": self.cum,
        }


def submitted() -> Desk:
    """A desk that has sent the order and heard nothing yet."""
    house = Desk()
    order = house.place(qty=d(10), price=d(100))
    terms = {name: getattr(order, name) for name in ("client_order_id", "symbol", "side", "qty")}
    sent = OrderSubmitted(ts=1, command_id=order.command_id, price=order.price, **terms)
    evolve(house.state, sent)
    return house


def ours(house: Desk) -> dict[str, Any]:
    """What a trader reads here."""
    order = house.order()
    return {
        "state": str(order.state),
        "cum": order.cum_qty,
        "leaves": order.leaves_qty,
        "avg": order.avg_price,
        "terms": (order.qty, order.price),
        "overfill": order.overfill_qty,
        "position": house.state.positions.get_position("BTCUSDT").qty,
    }


# What can happen at the venue: pauses of 0 put rows into one instant of its clock.
pauses = st.integers(0, 1)
prices = st.integers(95, 105).map(d)
trades = st.tuples(st.just("trade"), st.integers(1, 6).map(d), prices, pauses, st.booleans())
happenings = st.one_of(
    trades,
    trades,
    st.tuples(st.just("amend"), st.integers(2, 14).map(d), prices),
    st.tuples(st.just("trigger"), pauses),
    st.tuples(st.just("end"), st.sampled_from([VenueStatus.CANCELED, VenueStatus.EXPIRED]), pauses),
)
lives = st.tuples(st.booleans(), st.lists(happenings, max_size=8))


def lived(life: tuple[bool, list[tuple[Any, ...]]]) -> VenueOrder:
    """The venue's order after this life."""
    conditional, what = life
    order = VenueOrder(conditional=conditional)
    for word, *about in what:
        if word == "trade":
            qty, price, pause, row_first = about
            order.trade(qty, price, pause=pause, row_first=row_first)
        elif word == "amend":
            order.amend(*about)
        elif word == "trigger":
            order.trigger(pause=about[0])
        else:
            order.end(about[0], pause=about[1])
    return order


def hear(house: Desk, told: list[Heard]) -> dict[str, Any]:
    """Tell the desk all of it; returns what it reads then, the average to 20 decimals."""
    for heard in told:
        house.give(heard)
    return rounded(ours(house))


def rounded(answers: dict[str, Any]) -> dict[str, Any]:
    average = answers["avg"]
    return answers | {"avg": None if average is None else round(average, 20)}


def check_any_order(life: tuple[bool, list[tuple[Any, ...]]], data: st.DataObject) -> None:
    venue = lived(life)
    told = venue.told
    again = data.draw(st.lists(st.sampled_from(told), max_size=4))
    mixed = data.draw(st.permutations(told + again))
    assert hear(submitted(), mixed) == rounded(venue.answers()), mixed


def check_lost_rows(life: tuple[bool, list[tuple[Any, ...]]], data: st.DataObject) -> None:
    venue = lived(life)
    newest = [heard for heard in venue.told if isinstance(heard, OrderReport)][-1]
    kept = [
        heard
        for heard in venue.told
        if isinstance(heard, FillEvent) or heard is newest or data.draw(st.booleans())
    ]
    mixed = data.draw(st.permutations(kept))
    assert hear(submitted(), mixed) == rounded(venue.answers()), mixed


def check_replies(
    life: tuple[bool, list[tuple[Any, ...]]], asked: str, data: st.DataObject
) -> None:
    """A cancel or an amend of ours is under way when the rows come; its reply is one more report.

    Nobody else amends after us: then only a query could tell that ours had been carried out.
    """
    conditional, what = life
    venue = lived((conditional, [step for step in what if step[0] != "amend"]))
    before = venue.answers()
    house = submitted()
    if asked == "cancel":
        evolve(house.state, OrderEvent(EventType.CANCEL_REQUEST, "a1", 2))
        venue.end(VenueStatus.CANCELED, pause=1)
        kind = RequestKind.CANCEL
    else:
        wanted, price = d(12), d(99)
        evolve(house.state, OrderEvent(EventType.REPLACE_REQUEST, "a1", 2, qty=wanted, price=price))
        venue.amend(wanted, price)
        kind = RequestKind.AMEND
    done = venue.answers() != before
    results = [Outcome.ACCEPTED, Outcome.UNKNOWN] if done else [Outcome.REJECTED]
    told = [
        *venue.told,
        outcome(kind=kind, result=data.draw(st.sampled_from(results))),
        outcome(result=data.draw(st.sampled_from([Outcome.ACCEPTED, Outcome.UNKNOWN]))),
    ]
    mixed = data.draw(st.permutations(told))
    assert hear(house, mixed) == rounded(venue.answers()), mixed


@settings(max_examples=300)
@given(lives, st.data())
def test_rows_and_executions_in_any_order_and_twice_end_as_at_the_venue(
    life: tuple[bool, list[tuple[Any, ...]]], data: st.DataObject
) -> None:
    check_any_order(life, data)


@settings(max_examples=300)
@given(lives, st.data())
def test_the_newest_row_and_the_executions_are_enough(
    life: tuple[bool, list[tuple[Any, ...]]], data: st.DataObject
) -> None:
    check_lost_rows(life, data)


@pytest.mark.parametrize("asked", ["cancel", "amend"])
@settings(max_examples=200)
@given(lives, st.data())
def test_replies_to_our_requests_may_come_anywhere_among_the_rows(
    asked: str, life: tuple[bool, list[tuple[Any, ...]]], data: st.DataObject
) -> None:
    check_replies(life, asked, data)


@pytest.mark.slow
@settings(max_examples=10_000)
@given(lives, st.data())
def test_ten_thousand_lives_end_as_at_the_venue(
    life: tuple[bool, list[tuple[Any, ...]]], data: st.DataObject
) -> None:
    check_any_order(life, data)
    check_lost_rows(life, data)
    check_replies(life, data.draw(st.sampled_from(["cancel", "amend"])), data)
