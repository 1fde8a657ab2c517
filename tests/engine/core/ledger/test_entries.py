from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.ledger.entries import CHECKPOINT_EVERY
from engine.core.ledger.tracker import PositionTracker
from engine.core.reports import FillEvent
from engine.core.types import Side


def made(number: int, side: Side, qty: int | str, price: int | str, **more: Any) -> FillEvent:
    """Execution number `number` of a symbol: one a millisecond, as the venue numbers them."""
    values: dict[str, Any] = {
        "exec_id": f"e{number}",
        "client_order_id": "o1",
        "symbol": "BTCUSDT",
        "exec_ts": 1_000 + number,
        "seq": number,
        **more,
    }
    return FillEvent(side=side, qty=Decimal(qty), price=Decimal(price), **values)


def tracker_of(*fills: FillEvent) -> PositionTracker:
    tracker = PositionTracker()
    for fill in fills:
        tracker.apply_fill(fill)
    return tracker


def row(number: int) -> FillEvent:
    """One of a long, varied run of executions."""
    side = Side.BUY if number * 7 % 5 < 3 else Side.SELL
    return made(number, side, 1 + number % 4, 100 + number * 13 % 17)


def test_a_late_execution_counts_where_the_venue_made_it() -> None:
    opened, closed, flipped = (
        made(1, Side.BUY, 1, 100),
        made(2, Side.SELL, 1, 110),
        made(3, Side.SELL, 2, 120),
    )
    late = tracker_of(opened, flipped, closed)
    assert late.positions == tracker_of(opened, closed, flipped).positions
    assert [fill.exec_id for fill in late.executions["BTCUSDT"]] == ["e1", "e2", "e3"]
    assert [fill.exec_id for fill in late.booked_fills()] == ["e1", "e3", "e2"]


def test_an_execution_that_is_known_better_later_stays_where_the_venue_made_it() -> None:
    opened = made(1, Side.BUY, 1, 100, ts=2_000, fee_assumed=True)
    closed = made(2, Side.SELL, 1, 110, ts=2_001)
    better = made(1, Side.BUY, 1, 100, ts=2_002, fee=Decimal("0.1"))
    tracker = tracker_of(opened, closed, better)
    assert [fill.exec_id for fill in tracker.executions["BTCUSDT"]] == ["e1", "e2"]
    assert tracker.get_position("BTCUSDT").fees == Decimal("0.1")


def test_an_equal_timestamp_drops_nothing_and_the_venues_number_decides() -> None:
    first = made(1, Side.BUY, 1, 100, exec_ts=5)
    second = made(2, Side.SELL, 2, 110, exec_ts=5)
    position = tracker_of(second, first).get_position("BTCUSDT")
    assert (position.qty, position.realized_pnl, position.avg_entry_price) == (
        Decimal(-1),
        Decimal(10),
        Decimal(110),
    )


@pytest.mark.parametrize(("side", "best", "worst"), [(Side.BUY, 100, 101), (Side.SELL, 101, 100)])
def test_one_sweep_of_a_book_counts_from_the_best_price_on(
    side: Side, best: int, worst: int
) -> None:
    opened = made(1, side.opposite, 1, 100)
    sweep = [made(2, side, 1, best, exec_id="z"), made(2, side, 1, worst, exec_id="a")]
    position = tracker_of(opened, *reversed(sweep)).get_position("BTCUSDT")
    assert position == tracker_of(opened, *sweep).get_position("BTCUSDT")
    assert position.avg_entry_price == worst


def test_what_the_venue_has_not_numbered_counts_as_it_was_heard_of() -> None:
    untimed = [made(n, Side.BUY, 1, 100 + n, exec_ts=0, seq=0, ts=n) for n in (3, 1)]
    timed = made(9, Side.SELL, 1, 104, exec_ts=2, ts=4)
    assert [f.exec_id for f in tracker_of(*untimed, timed).executions["BTCUSDT"]] == [
        "e3", "e1", "e9",
    ]  # fmt: skip
    tied = made(8, Side.SELL, 1, 104, exec_ts=1, ts=4)
    assert tracker_of(*untimed, tied).executions["BTCUSDT"][-1] is tied


def test_a_clock_that_was_set_back_begins_a_new_stretch() -> None:
    before = made(1, Side.BUY, 1, 100, exec_ts=500, ts=500)
    after = made(2, Side.SELL, 1, 100, exec_ts=100, ts=100)
    assert tracker_of(before, after).executions["BTCUSDT"] == [before, after]


def test_a_bust_in_a_long_ledger_gives_what_it_would_be_without_that_execution() -> None:
    count = CHECKPOINT_EVERY * 3 + 7
    rows = [row(number) for number in range(count)]
    for number in (0, CHECKPOINT_EVERY - 1, CHECKPOINT_EVERY, CHECKPOINT_EVERY * 2 + 3, count - 1):
        tracker = tracker_of(*rows)
        assert tracker.bust(f"e{number}")
        rest = rows[:number] + rows[number + 1 :]
        assert tracker.positions == tracker_of(*rest).positions


def test_a_restored_ledger_folds_again_from_its_beginning() -> None:
    rows = [row(number) for number in range(CHECKPOINT_EVERY + 40)]
    tracker = PositionTracker.from_builtins(tracker_of(*rows).to_builtins())
    more = [row(number) for number in range(CHECKPOINT_EVERY + 40, CHECKPOINT_EVERY * 2 + 9)]
    for fill in more:
        tracker.apply_fill(fill)
    tracker.bust(f"e{CHECKPOINT_EVERY + 60}")
    tracker.bust("e3")
    kept = [f for f in rows + more if f.exec_id not in ("e3", f"e{CHECKPOINT_EVERY + 60}")]
    assert tracker.positions == tracker_of(*kept).positions


@settings(max_examples=150)
@given(st.data())
def test_any_order_of_executions_busts_and_corrections_ends_in_the_same_position(
    data: st.DataObject,
) -> None:
    count = data.draw(st.integers(1, 9))
    fills = [
        made(
            number,
            data.draw(st.sampled_from(Side)),
            data.draw(st.integers(1, 5)),
            data.draw(st.integers(90, 110)),
            exec_ts=1_000 + data.draw(st.integers(0, 3)),
            seq=data.draw(st.integers(0, 2)),
        )
        for number in range(count)
    ]
    steps: list[tuple[str, Any]] = [("fill", fill) for fill in fills]
    for number in data.draw(st.sets(st.integers(0, count - 1))):
        what = data.draw(st.sampled_from(["bust", "correct"]))
        steps.append((what, fills[number]))
    steps += data.draw(st.lists(st.sampled_from(steps), max_size=4))

    def after(order: list[tuple[str, Any]]) -> PositionTracker:
        tracker = PositionTracker()
        for what, fill in order:
            if what == "fill":
                tracker.apply_fill(fill)
            elif what == "bust":
                tracker.bust(fill.exec_id)
            else:
                tracker.correct(fill.exec_id, fill.qty + 1, fill.price + 2, unseen=fill)
        return tracker

    one, other = after(data.draw(st.permutations(steps))), after(data.draw(st.permutations(steps)))
    assert one.positions == other.positions
    assert one.executions == other.executions
    assert one.anomalies == other.anomalies == {}
