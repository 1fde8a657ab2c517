"""Random histories, told to the engine and to a reference model that share no code: they agree.

A history is a list of moves. A move says something new, repeats something old, or works on what is
under way: reports are held back, dropped, made known by a status report, and arrive in the end.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.state import State, evolve
from tests.support.order_model import ReferenceOrder
from tests.support.order_words import order_event

QTY = 10
REPORTS = ("ack", "fill", "fill", "fill", "cancel_ack", "cancel_rej", "replace_ack", "replace_rej")
RARE = ("reject", "expired", "restated", "bust", "correct", "suspend", "resume", "untriggered")
OURS = ("cancel_req", "replace_req", "send_unknown", "give_up")
WORDS = (*REPORTS, *REPORTS, *RARE, "triggered", "venue_cum", "stale", *OURS)
DELIVERY = ("again", "again", "hold", "hold", "release", "recover")

Report = tuple[Any, ...]

small = st.integers(0, 7)
moves = st.lists(
    st.tuples(st.sampled_from(WORDS) | st.sampled_from(DELIVERY), small, small), max_size=18
)
beginnings = st.sampled_from([("sent",), ("sent",), ("sent",), ("deny",), ("stale", "New")])


def about(word: str, a: int, b: int) -> Report:
    """The word with arguments: few executions, so that they meet again under the same id."""
    price = 100 + b
    if word in ("fill", "correct"):
        # Mostly one content an execution; sometimes another, which is a conflict.
        return word, f"e{a}", 1 + a % 4 + (b == 7), 100 + a * 3
    if word == "bust":
        return word, f"e{a}"
    if word in ("replace_req", "replace_ack", "restated"):
        return (word, 4 + a, price) if b % 2 else (word, 8 + a)
    if word == "venue_cum":
        return (word, 1 + a, None) if b == 7 else (word, 1 + a, price)
    return (word, "New") if word == "stale" else (word,)


class Wire:
    """What is under way between the venue and us, and in which order it comes out."""

    def __init__(self) -> None:
        self.told: list[Report] = []
        self.held: list[Report] = []
        self.holding = False

    def move(self, word: str, a: int, b: int) -> list[Report]:
        """The reports that this move lets through."""
        if word == "hold":
            self.holding = True
            return []
        if word == "again":
            return [self.told[(a * 8 + b) % len(self.told)]] if self.told else []
        if word == "release":
            return [self.held.pop(a % len(self.held))] if self.held else []
        if word == "recover":
            return self._recovered()
        report = about(word, a, b)
        if self.holding and word not in OURS:
            self.holding = False
            self.held.append(report)
            return []
        self.told.append(report)
        return [report]

    def _recovered(self) -> list[Report]:
        """A status report that counts every execution of the venue, those held back too."""
        fills = {r[1]: r for r in reversed(self.told + self.held) if r[0] == "fill"}.values()
        cum = sum(qty for _, _, qty, _ in fills)
        value = sum(qty * price for _, _, qty, price in fills)
        return [("venue_cum", cum, Decimal(value) / cum)] if cum else []


class Pair:
    """One order in both hands."""

    def __init__(self) -> None:
        self.state = State()
        self.order = self.state.orders.create_order("o1", "BTCUSDT", "Buy", QTY, 100)
        self.model = ReferenceOrder(QTY, 100)
        self.heard: list[Report] = []

    def hear(self, report: Report) -> None:
        """Tell both, and compare everything that a trader reads."""
        self.heard.append(report)
        if report[0] == "stale" and not self.order.cum_qty:
            return  # it would show nothing less than what is known, so it would not be old
        evolve(self.state, order_event("o1", len(self.heard), *report))
        self.model.hear(*report)
        order, expect = self.order, self.model.answers()
        seen = {
            "status": order.state.name,
            "cum": order.cum_qty,
            "leaves": order.leaves_qty,
            "order_qty": order.qty,
            "overfill": order.overfill_qty,
        }
        assert seen == {name: expect[name] for name in seen}, self.heard
        if expect["avg"] is None:
            assert order.avg_price is None, self.heard
        else:
            assert order.avg_price is not None, self.heard
            assert abs(order.avg_price - expect["avg"]) < Decimal("1e-15"), self.heard


def live(beginning: Report, history: list[tuple[str, int, int]]) -> None:
    """Tell one history to the end, when everything held back has come."""
    pair, wire = Pair(), Wire()
    pair.hear(beginning)
    for move in history:
        for report in wire.move(*move):
            pair.hear(report)
    for report in wire.held:
        pair.hear(report)


@settings(max_examples=500)
@given(beginnings, moves)
def test_engine_and_model_agree_after_every_report(
    beginning: Report, history: list[tuple[str, int, int]]
) -> None:
    live(beginning, history)


@pytest.mark.slow
@settings(max_examples=20_000)
@given(beginnings, moves)
def test_engine_and_model_agree_over_twenty_thousand_histories(
    beginning: Report, history: list[tuple[str, int, int]]
) -> None:
    live(beginning, history)
