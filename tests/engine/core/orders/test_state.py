from __future__ import annotations

from collections import Counter
from decimal import Decimal
from itertools import combinations

import msgspec
import pytest

from engine.core.orders.history import Execution, Fill, HistoryEntry
from engine.core.orders.state import (
    PRECEDENCE,
    TRANSITIONS,
    Anomalies,
    Anomaly,
    Order,
    Refusal,
    derive_state,
    show_life,
    why_not_cancel,
    why_not_replace,
)
from engine.core.types import CLOSED_STATES, OrderState, Side


def order(**known: object) -> Order:
    """An order for 10 at 100 of which this is known, showing the state that follows."""
    terms = {"client_order_id": "o1", "symbol": "BTCUSDT", "side": Side.BUY}
    numbers = {"qty": Decimal(10), "price": Decimal(100)}
    made = Order(**{**terms, **numbers, **known})  # type: ignore[arg-type]
    made.state = derive_state(made)
    return made


SHOWING: dict[OrderState, dict[str, object]] = {
    OrderState.FILLED: {"cum_qty": Decimal(10)},
    **{state: {"terminal": state} for state in CLOSED_STATES - {OrderState.FILLED}},
    OrderState.PENDING_CANCEL: {"pending_cancel": True},
    OrderState.PENDING_REPLACE: {"pending_price": Decimal(9)},
    OrderState.UNKNOWN: {"unknown": True},
    OrderState.SUSPENDED: {"suspended": True},
    OrderState.PARTIALLY_FILLED: {"cum_qty": Decimal(1)},
    OrderState.UNTRIGGERED: {"untriggered": True},
    OrderState.NEW: {"acked": True},
    OrderState.PENDING: {"sent": True},
    OrderState.INITIALIZED: {},
}
"""What makes an order show each state."""


def test_of_all_that_is_true_the_highest_in_precedence_shows() -> None:
    ranks = [(rank, state) for rank, states in enumerate(PRECEDENCE) for state in states]
    for (high, higher), (low, lower) in combinations(ranks, 2):
        if high < low:
            assert order(**{**SHOWING[lower], **SHOWING[higher]}).state is higher


@pytest.mark.parametrize(
    ("known", "state"),
    [
        ({}, OrderState.INITIALIZED),
        ({"sent": True}, OrderState.PENDING),
        ({"sent": True, "acked": True}, OrderState.NEW),
        ({"acked": True, "untriggered": True}, OrderState.UNTRIGGERED),
        ({"acked": True, "untriggered": True, "triggered": True}, OrderState.NEW),
        ({"acked": True, "untriggered": True, "cum_qty": Decimal(1)}, OrderState.PARTIALLY_FILLED),
        ({"acked": True, "suspended": True, "cum_qty": Decimal(1)}, OrderState.SUSPENDED),
        ({"unknown": True, "suspended": True}, OrderState.UNKNOWN),
        ({"unknown": True, "pending_price": Decimal(9)}, OrderState.PENDING_REPLACE),
        ({"pending_cancel": True, "pending_qty": Decimal(9)}, OrderState.PENDING_CANCEL),
        ({"pending_cancel": True, "terminal": OrderState.EXPIRED}, OrderState.EXPIRED),
        ({"cum_qty": Decimal(10), "terminal": OrderState.CANCELED}, OrderState.FILLED),
        ({"qty": Decimal(0), "terminal": OrderState.DENIED}, OrderState.DENIED),
    ],
)
def test_of_all_that_is_true_the_highest_precedence_shows(
    known: dict[str, object], state: OrderState
) -> None:
    assert order(**known).state is state


def test_every_state_has_its_transitions_and_none_leads_to_itself() -> None:
    assert set(TRANSITIONS) == set(OrderState)
    assert all(state not in after for state, after in TRANSITIONS.items())


def test_only_evidence_about_fills_or_endings_reopens_a_closed_order() -> None:
    reopening = {state for state in CLOSED_STATES if TRANSITIONS[state] - CLOSED_STATES}
    assert reopening == {OrderState.FILLED, OrderState.CANCELED, OrderState.REJECTED}


def test_an_order_without_fills_has_no_average_and_all_left() -> None:
    resting = order(acked=True)
    assert resting.avg_price is None
    assert resting.leaves_qty == Decimal(10)
    assert resting.overfill_qty == 0
    assert resting.is_open


def test_an_overfilled_order_has_nothing_left_and_says_how_much_too_much() -> None:
    over = order(
        acked=True,
        cum_qty=Decimal(13),
        apart={"e1": Fill(Decimal(9), Decimal(101)), "e2": Fill(Decimal(4), Decimal(99))},
    )
    assert over.leaves_qty == 0
    assert over.overfill_qty == 3
    assert over.avg_price == Decimal("100.3846153846153846153846154")
    assert not over.is_open


def test_an_execution_is_known_by_its_id_and_content() -> None:
    fills = {"e1": Fill(Decimal(4), Decimal(100)), "e2": Fill(Decimal(0), Decimal(0), amended=True)}
    known = order(apart=fills)
    assert known.has_execution("e1", Decimal("4.0"), Decimal(100))
    assert not known.has_execution("e1", Decimal(5), Decimal(100))
    assert not known.has_execution("e1", Decimal(4), Decimal(101))
    assert not known.has_execution("e3", Decimal(4), Decimal(100))


def test_an_execution_is_a_line_of_the_history_until_the_venue_amends_it() -> None:
    told = Execution(Decimal(4), Decimal(100), exec_id="e1")
    line = HistoryEntry(1, "FULL_FILL", OrderState.NEW, told)
    known = order(inferred_value=Decimal(7), history=[HistoryEntry(1, "note", line.state), line])
    assert known.execution("e1") is told
    assert known.execution("e2") is None
    assert known.fills == {"e1": Fill(Decimal(4), Decimal(100))}
    assert known.filled_value == 407
    amended = Fill(Decimal(3), Decimal(100), amended=True)
    known.amend("e1", amended)
    assert known.execution("e1") is amended
    assert known.fills == {"e1": amended}
    assert known.filled_value == 307


def test_an_order_in_words_is_the_same_order() -> None:
    told = Execution(Decimal(4), Decimal(100), exec_id="e1")
    known = order(history=[HistoryEntry(1, "FULL_FILL", OrderState.NEW, told)])
    words = known.in_words()
    assert words.history[0].told == "4 @ 100"
    assert words == known
    assert words != order()
    assert words != "o1"


def test_an_order_whose_history_has_executions_without_ids_reads_back() -> None:
    written = b"""{"client_order_id": "o1", "symbol": "BTCUSDT", "side": "Buy", "qty": "10",
        "cum_qty": "4", "filled_value": "400",
        "fills": {"e1": {"qty": "4", "price": "100", "amended": false}},
        "history": [{"ts": 1, "type": "PARTIAL_FILL", "state": "PartiallyFilled",
                     "text": {"qty": "4", "price": "100", "amended": false}}]}"""
    read = msgspec.json.decode(written, type=Order)
    assert read.fills == {"e1": Fill(Decimal(4), Decimal(100))}
    assert read.avg_price == 100
    assert read.history[0].text == "4 @ 100"


def test_nothing_more_is_expected_of_an_execution_that_the_venue_amended() -> None:
    known = order(apart={"e1": Fill(Decimal(0), Decimal(0), amended=True)})
    assert known.has_execution("e1", Decimal(4), Decimal(100))


@pytest.mark.parametrize(
    ("known", "refusal"),
    [
        ({}, Refusal.NOT_SENT),
        ({"sent": True}, Refusal.NONE),
        ({"unknown": True}, Refusal.NONE),
        ({"acked": True, "pending_price": Decimal(9)}, Refusal.NONE),
        ({"acked": True, "pending_cancel": True}, Refusal.CANCEL_PENDING),
        ({"terminal": OrderState.CANCELED}, Refusal.CLOSED),
    ],
)
def test_a_cancel_is_refused_with_its_reason(known: dict[str, object], refusal: Refusal) -> None:
    assert why_not_cancel(order(**known)) is refusal


@pytest.mark.parametrize(
    ("qty", "price", "refusal"),
    [
        (11, None, Refusal.NONE),
        (None, 101, Refusal.NONE),
        (10, 101, Refusal.NONE),
        (5, 100, Refusal.NONE),
        (4, 101, Refusal.QTY_BELOW_FILLED),
        (3, None, Refusal.QTY_BELOW_FILLED),
        (-1, None, Refusal.QTY_BELOW_FILLED),
        (None, None, Refusal.NO_CHANGE),
        (10, None, Refusal.NO_CHANGE),
        (10, 100, Refusal.NO_CHANGE),
    ],
)
def test_an_amend_is_refused_with_its_reason(
    qty: int | None, price: int | None, refusal: Refusal
) -> None:
    part_filled = order(acked=True, cum_qty=Decimal(4))
    new_qty = None if qty is None else Decimal(qty)
    new_price = None if price is None else Decimal(price)
    assert why_not_replace(part_filled, new_qty, new_price) is refusal


def test_an_amend_waits_for_the_one_before_it_and_yields_to_a_cancel() -> None:
    amending = order(acked=True, pending_qty=Decimal(8))
    assert why_not_replace(amending, Decimal(7), None) is Refusal.REPLACE_PENDING
    canceling = order(acked=True, pending_cancel=True)
    assert why_not_replace(canceling, Decimal(7), None) is Refusal.CANCEL_PENDING


def test_a_refusal_is_its_code_and_no_refusal_is_empty() -> None:
    assert str(Refusal.CLOSED) == "CLOSED"
    assert not Refusal.NONE


def test_life_is_news_once() -> None:
    pending = order(unknown=True)
    anomalies: Anomalies = Counter()
    assert show_life(pending, 7, anomalies)
    assert (pending.acked, pending.sent, pending.unknown, pending.acked_ts) == (
        True,
        True,
        False,
        7,
    )
    assert not show_life(pending, 8, anomalies)
    assert pending.acked_ts == 7
    assert anomalies == {}


def test_only_the_venue_can_end_an_order_beyond_recall() -> None:
    assert order(terminal=OrderState.REJECTED, synthetic=True).is_reversible
    assert not order(terminal=OrderState.REJECTED).is_reversible


def test_anomaly_codes_are_their_own_spelling() -> None:
    assert all(kind.name == kind.value for kind in Anomaly)
