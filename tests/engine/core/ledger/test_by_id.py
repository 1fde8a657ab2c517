from decimal import Decimal

from engine.core.ledger.by_id import LedgerAnomaly
from engine.core.ledger.tracker import PositionTracker, create_tracker
from engine.core.reports import FillEvent
from engine.core.types import ZERO, Side


def bought(exec_id: str, *, fee_assumed: bool = False) -> FillEvent:
    return FillEvent(
        exec_id=exec_id,
        client_order_id="a1",
        symbol="BTCUSDT",
        side=Side.BUY,
        qty=Decimal(2),
        price=Decimal(100),
        fee_assumed=fee_assumed,
    )


def test_an_execution_is_the_order_s_that_it_was_booked_on() -> None:
    tracker = create_tracker()
    tracker.book(bought("e1"))
    assert not tracker.belongs_elsewhere("e1", "a1")
    assert not tracker.belongs_elsewhere("e2", "a2")
    assert tracker.anomalies == {}
    assert tracker.is_of("e1", "a1")
    assert not tracker.is_of("e1", "a2")
    assert not tracker.is_of("e2", "a1")
    assert tracker.belongs_elsewhere("e1", "a2")
    assert tracker.anomalies == {LedgerAnomaly.FILL_CONFLICT: 1}


def test_an_execution_that_was_taken_back_unseen_is_its_order_s_too() -> None:
    tracker = create_tracker()
    tracker.bust("e1", "a1")
    assert not tracker.belongs_elsewhere("e1", "a1")
    assert not tracker.belongs_elsewhere("e2", "a2")
    assert tracker.belongs_elsewhere("e1", "a2")


def test_an_execution_whose_order_nobody_knows_may_be_any_order_s() -> None:
    tracker = create_tracker()
    tracker.suspend(bought("e1"))
    assert not tracker.belongs_elsewhere("e1", "a2")


def test_an_execution_counts_as_the_venue_has_amended_it() -> None:
    tracker = create_tracker()
    assert tracker.counted("e1") is None
    tracker.book(bought("e1"))
    assert tracker.counted("e1") == (Decimal(2), Decimal(100))
    tracker.bust("e1")
    assert tracker.counted("e1") == (ZERO, ZERO)


def test_the_ledger_lacks_executions_and_fees_that_nobody_has_told() -> None:
    tracker = create_tracker()
    assert tracker.lacks(bought("e1"))
    tracker.book(bought("e1", fee_assumed=True))
    assert not tracker.lacks(bought("e1", fee_assumed=True))
    assert tracker.lacks(bought("e1"))


def test_booked_fills_are_told_in_booked_order_also_after_a_restart() -> None:
    tracker = create_tracker()
    fills = [
        FillEvent(
            exec_id=f"e{n}",
            client_order_id="a1",
            symbol=symbol,
            side=Side.BUY,
            qty=Decimal(1),
            price=Decimal(100),
            ts=n,
        )
        for n, symbol in enumerate(("BTCUSDT", "ETHUSDT", "BTCUSDT"))
    ]
    for fill in fills:
        tracker.apply_fill(fill)
    assert list(tracker.booked_fills()) == fills
    again = PositionTracker.from_builtins(tracker.to_builtins())
    assert list(again.booked_fills()) == fills
