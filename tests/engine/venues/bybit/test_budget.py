"""The address never sends more than the venue allows it, and cancels always find room."""

from __future__ import annotations

from engine.clock import NS, SimClock
from engine.venues.bybit.budget import AddressBudget

T0 = 1_700_000_000 * NS


def test_requests_are_counted_over_a_window_that_slides() -> None:
    clock = SimClock(T0)
    budget = AddressBudget(clock, ordinary=3, urgent=3)
    assert [budget.take(urgent=False) for _ in range(2)] == [0, 0]
    clock.move_to(T0 + NS)
    assert budget.take(urgent=False) == 0
    assert budget.take(urgent=False) == T0 + 5 * NS
    clock.move_to(T0 + 5 * NS - 1)
    assert budget.take(urgent=False) == T0 + 5 * NS
    clock.move_to(T0 + 5 * NS)
    assert [budget.take(urgent=False) for _ in range(3)] == [0, 0, T0 + 6 * NS]


def test_a_part_is_kept_for_cancels() -> None:
    clock = SimClock(T0)
    budget = AddressBudget(clock, ordinary=3, urgent=5)
    assert [budget.take(urgent=False) for _ in range(4)] == [0, 0, 0, T0 + 5 * NS]
    assert [budget.take(urgent=True) for _ in range(3)] == [0, 0, T0 + 5 * NS]
    clock.move_to(T0 + NS)
    assert budget.take(urgent=False) == T0 + 5 * NS
