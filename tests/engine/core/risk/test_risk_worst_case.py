"""No interleaving of orders, answers, fills, amends and cancels gets past a position limit.

A model of its own keeps, from what was sent and what the venue did, the most that every order can
still fill; positions and these sums must stay within the limits, whatever is lost on the way.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.core.commands import AmendOrder, CancelOrder
from engine.core.events import InstrumentsChanged, OrderEvent, OrderSubmitted, SettingsChanged
from engine.core.limits import PAPER_LIMITS, RiskLimits
from engine.core.market import Quote
from engine.core.reports import Outcome, RequestKind, VenueStatus, WalletReport
from engine.core.settings import MarketSettings
from engine.core.state import evolve
from engine.core.types import Side
from tests.support.desk import Desk, d, fill, outcome, perpetual, row

MARKS = {"BTCUSDT": d(60_000), "ETHUSDT": d(3_000)}
VALUES = replace(
    PAPER_LIMITS,
    max_position_notional_usd=d(3_000),
    max_gross_notional_usd=d(4_000),
    max_net_notional_usd=d(3_500),
)
MARGINS = replace(PAPER_LIMITS, max_leverage=d("3.8"), max_margin_use=d("0.9"))
EQUITY = d(1_000)
LEVERAGE = {"BTCUSDT": d(5), "ETHUSDT": d(3)}
STEP = d("0.010")
Move = tuple[str, int, int, bool]
OFTEN = ("place", "place", "place", "amend", "amend", "amend", "fill", "answer")
SELDOM = ("lose", "amended", "refuse", "cancel", "cancelled", "absent")
MOVES = st.lists(
    st.tuples(st.sampled_from(OFTEN + SELDOM), st.integers(0, 3), st.integers(1, 4), st.booleans()),
    min_size=20,
    max_size=60,
)


class Venue:
    """Our orders as the venue could have them: the most of each that may still fill."""

    def __init__(self, limits: RiskLimits) -> None:
        self.desk = Desk(limits=limits)
        evolve(
            self.desk.state,
            InstrumentsChanged(ts=1, instruments=(perpetual("ETHUSDT", tick="0.01"),)),
        )
        told = tuple(MarketSettings(symbol, leverage=times) for symbol, times in LEVERAGE.items())
        evolve(self.desk.state, SettingsChanged(ts=1, markets=told))
        self.desk.give(WalletReport(equity=EQUITY))
        self.desk.quotes["ETHUSDT"] = Quote(symbol="ETHUSDT", mark=MARKS["ETHUSDT"])
        self.terms: dict[str, tuple[str, Side]] = {}
        self.most: dict[str, Decimal] = {}
        self.agreed: dict[str, Decimal] = {}
        self.asked: dict[str, Decimal] = {}
        self.filled: dict[str, Decimal] = {}
        self.fills = 0

    def play(self, move: Move) -> None:
        what, which, size, flag = move
        order_id = self._open(which)
        if what == "place":
            self._place(size, flag)
        elif order_id is not None:
            getattr(self, f"_{what}")(order_id, size, flag)

    def _open(self, which: int) -> str | None:
        alive = sorted(self.most)
        return alive[which % len(alive)] if alive else None

    def _place(self, size: int, flag: bool) -> None:
        order_id = f"o{len(self.filled)}"
        symbol = "BTCUSDT" if size % 2 else "ETHUSDT"
        qty = STEP * size * (1 if symbol == "BTCUSDT" else 10)
        side = Side.BUY if flag else Side.SELL
        terms: dict[str, Any] = {"symbol": symbol, "side": side, "qty": qty, "price": MARKS[symbol]}
        (event,) = self.desk.give(self.desk.place(order_id, **terms))
        self.filled[order_id] = d(0)
        if isinstance(event, OrderSubmitted):
            self.terms[order_id] = symbol, side
            self.most[order_id] = self.agreed[order_id] = qty

    def _answer(self, order_id: str, _size: int, _flag: bool) -> None:
        self.desk.give(outcome(order_id))

    def _lose(self, order_id: str, _size: int, _flag: bool) -> None:
        self.desk.give(outcome(order_id, result=Outcome.UNKNOWN))

    def _fill(self, order_id: str, size: int, _flag: bool) -> None:
        symbol, side = self.terms[order_id]
        left = self.most[order_id] - self.filled[order_id]
        qty = min(left, STEP * size)
        if qty <= 0:
            return
        self.fills += 1
        self.filled[order_id] += qty
        self.desk.give(
            fill(f"e{self.fills}", f"{qty}", order_id, symbol=symbol, side=side,
                 price=MARKS[symbol], fee=d(0))
        )  # fmt: skip
        if self.filled[order_id] >= self.agreed[order_id] and order_id not in self.asked:
            del self.most[order_id]

    def _amend(self, order_id: str, size: int, flag: bool) -> None:
        qty = self.agreed[order_id] + (STEP * size if flag else -STEP * size)
        events = self.desk.give(
            AmendOrder(command_id=self.desk.command_id(), client_order_id=order_id, qty=qty)
        )
        if any(isinstance(event, OrderEvent) for event in events):
            self.asked[order_id] = qty
            self.most[order_id] = max(self.most[order_id], qty)

    def _amended(self, order_id: str, _size: int, _flag: bool) -> None:
        if order_id in self.asked and self.asked[order_id] > self.filled[order_id]:
            self.agreed[order_id] = self.most[order_id] = self.asked.pop(order_id)
            self._row(order_id, VenueStatus.NEW)

    def _refuse(self, order_id: str, _size: int, _flag: bool) -> None:
        if order_id in self.asked and self.agreed[order_id] > self.filled[order_id]:
            del self.asked[order_id]
            self.most[order_id] = self.agreed[order_id]
            self.desk.give(outcome(order_id, kind=RequestKind.AMEND, result=Outcome.REJECTED))

    def _cancel(self, order_id: str, _size: int, _flag: bool) -> None:
        self.desk.give(CancelOrder(command_id=self.desk.command_id(), client_order_id=order_id))

    def _cancelled(self, order_id: str, _size: int, _flag: bool) -> None:
        self.asked.pop(order_id, None)
        del self.most[order_id]
        self._row(order_id, VenueStatus.CANCELED)

    def _absent(self, order_id: str, _size: int, _flag: bool) -> None:
        if not self.filled[order_id]:
            del self.most[order_id]
            self.asked.pop(order_id, None)
            self.desk.give(outcome(order_id, result=Outcome.REJECTED))

    def _row(self, order_id: str, status: VenueStatus) -> None:
        symbol, side = self.terms[order_id]
        self.desk.give(
            row(order_id, symbol=symbol, side=side, status=status, qty=self.agreed[order_id],
                price=MARKS[symbol], cum_qty=self.filled[order_id],
                avg_price=MARKS[symbol] if self.filled[order_id] else None)
        )  # fmt: skip

    def worst(self, symbol: str) -> tuple[Decimal, Decimal]:
        """The largest and the smallest position that what was sent can still lead to, in money."""
        held = self.desk.state.positions.get_position(symbol).qty
        long = short = held
        for order_id, most in self.most.items():
            other, side = self.terms[order_id]
            left = max(most - self.filled[order_id], d(0))
            if other == symbol:
                long += left if side is Side.BUY else 0
                short -= left if side is Side.SELL else 0
        return long * MARKS[symbol], short * MARKS[symbol]


def check_values(venue: Venue, move: Move) -> None:
    worst = [venue.worst(symbol) for symbol in MARKS]
    assert all(max(abs(long), abs(short)) <= 3_000 for long, short in worst), move
    assert sum(max(abs(long), abs(short)) for long, short in worst) <= 4_000, move
    assert sum(long for long, _ in worst) <= 3_500, move
    assert sum(short for _, short in worst) >= -3_500, move


def check_margins(venue: Venue, move: Move) -> None:
    worst = {symbol: max(map(abs, venue.worst(symbol))) for symbol in MARKS}
    assert sum(worst.values()) <= d("3.8") * EQUITY, move
    assert sum(worst[symbol] / LEVERAGE[symbol] for symbol in MARKS) <= d("0.9") * EQUITY, move


CHECKS = pytest.mark.parametrize(
    ("limits", "check"), [(VALUES, check_values), (MARGINS, check_margins)], ids=["value", "margin"]
)
Check = Callable[[Venue, Move], None]


def check_every_step(limits: RiskLimits, check: Check, moves: list[Move]) -> None:
    venue = Venue(limits)
    for move in moves:
        venue.play(move)
        check(venue, move)


@CHECKS
@settings(max_examples=150, deadline=None)
@given(MOVES)
def test_what_was_sent_can_never_lead_beyond_a_limit(
    limits: RiskLimits, check: Check, moves: list[Move]
) -> None:
    check_every_step(limits, check, moves)


@pytest.mark.slow
@CHECKS
@settings(max_examples=5_000, deadline=None)
@given(MOVES)
def test_what_was_sent_can_never_lead_beyond_a_limit_in_very_many_ways(
    limits: RiskLimits, check: Check, moves: list[Move]
) -> None:
    check_every_step(limits, check, moves)


def test_a_filled_order_counts_for_what_an_amend_on_its_way_may_have_added() -> None:
    desk = Desk()
    desk.working(qty=d("0.010"))
    desk.give(AmendOrder(command_id="c", client_order_id="a1", qty=d("0.030")))
    desk.give(fill("e1", "0.010"))
    assert desk.state.exposure.working("BTCUSDT", Side.BUY) == d("0.020")
    desk.give(outcome("a1", kind=RequestKind.AMEND, result=Outcome.REJECTED))
    assert desk.state.exposure.working("BTCUSDT", Side.BUY) == 0
