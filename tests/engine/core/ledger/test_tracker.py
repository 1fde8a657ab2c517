from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.instruments import Instrument
from engine.core.ledger.tracker import LedgerAnomaly, PositionTracker, create_tracker
from engine.core.reports import FillEvent
from engine.core.types import Category, Side

ZERO = Decimal(0)


def fill(exec_id: str, side: Side, qty: Any, price: Any, **more: Any) -> FillEvent:
    terms = {"client_order_id": "o1", "symbol": "BTCUSDT", **more}
    return FillEvent(exec_id=exec_id, side=side, qty=qty, price=price, **terms)


def bought(exec_id: str, qty: int | str, price: int | str, **more: Any) -> FillEvent:
    return fill(exec_id, Side.BUY, Decimal(qty), Decimal(price), **more)


def sold(exec_id: str, qty: int | str, price: int | str, **more: Any) -> FillEvent:
    return fill(exec_id, Side.SELL, Decimal(qty), Decimal(price), **more)


def tracker_of(*fills: FillEvent) -> PositionTracker:
    tracker = create_tracker()
    for each in fills:
        assert tracker.apply_fill(each)
    return tracker


def market(category: Category, symbol: str = "BTCUSDT", quote: str = "USDT") -> Instrument:
    return Instrument(
        symbol=symbol,
        category=category,
        venue_symbol="BTCUSDT",
        base="BTC",
        quote=quote,
        settle="BTC" if category is Category.INVERSE else quote,
        tick_size=Decimal("0.1"),
        qty_step=Decimal("0.001"),
        min_qty=Decimal("0.001"),
        max_qty=Decimal(100),
        max_market_qty=Decimal(100),
        min_notional=Decimal(5),
    )


def test_a_symbol_that_was_never_traded_is_flat() -> None:
    tracker = create_tracker()
    position = tracker.get_position("BTCUSDT")
    assert position.qty == 0
    assert position.avg_entry_price is None
    assert position.realized_pnl == 0
    assert tracker.positions == {}


def test_an_execution_is_booked_once() -> None:
    tracker = tracker_of(bought("e1", 2, 100))
    assert not tracker.apply_fill(bought("e1", "2.0", 100, ts=9))
    assert tracker.get_position("BTCUSDT").qty == 2
    assert len(tracker.executions["BTCUSDT"]) == 1
    assert tracker.anomalies == {}


@pytest.mark.parametrize(
    "other",
    [
        bought("e1", 3, 100),
        bought("e1", 2, 101),
        sold("e1", 2, 100),
        bought("e1", 2, 100, symbol="ETHUSDT"),
        bought("e1", 2, 100, fee=Decimal(1)),
    ],
)
def test_other_content_under_a_booked_id_is_a_conflict(other: FillEvent) -> None:
    tracker = tracker_of(bought("e1", 2, 100))
    assert not tracker.apply_fill(other)
    assert tracker.anomalies == {LedgerAnomaly.FILL_CONFLICT: 1}
    assert set(tracker.positions) == {"BTCUSDT"}


@pytest.mark.parametrize(
    "broken", [bought("", 1, 100), bought("e1", 0, 100), bought("e1", -1, 100), bought("e1", 1, 0)]
)
def test_what_is_no_execution_is_counted_and_not_booked(broken: FillEvent) -> None:
    tracker = create_tracker()
    assert not tracker.apply_fill(broken)
    assert (tracker.positions, tracker.executions) == ({}, {})
    assert tracker.anomalies == {LedgerAnomaly.BAD_FILL: 1}


def test_scripts_may_give_floats_and_words() -> None:
    tracker = tracker_of(fill("e1", "Sell", 0.1, "100.5", fee=0.25))  # type: ignore[arg-type]
    assert tracker.executions["BTCUSDT"] == [sold("e1", "0.1", "100.5", fee=Decimal("0.25"))]
    position = tracker.get_position("BTCUSDT")
    assert (position.qty, position.fees) == (Decimal("-0.1"), Decimal("0.25"))


def test_a_number_that_is_none_names_its_field() -> None:
    with pytest.raises(ValueError, match="price: 'cheap' is not a number"):
        create_tracker().apply_fill(fill("e1", Side.BUY, 1, "cheap"))


def test_a_busted_execution_is_as_if_it_had_never_been() -> None:
    first, second = bought("e1", 1, 100, fee=Decimal(1)), sold("e2", 1, 90)
    tracker = tracker_of(first, second)
    assert tracker.bust("e1")
    assert not tracker.bust("e1")
    assert tracker.positions == tracker_of(second).positions
    assert tracker.executions["BTCUSDT"] == [first, second]
    assert not tracker.correct("e1", 2, 100)


def test_a_bust_may_come_before_its_execution() -> None:
    tracker = create_tracker()
    assert tracker.bust("e1")
    assert tracker.apply_fill(bought("e1", 1, 100))
    assert tracker.get_position("BTCUSDT").qty == 0


def test_a_correction_counts_as_if_it_had_been_told_so_at_first() -> None:
    tracker = tracker_of(bought("e1", 1, 100), sold("e2", 1, 90))
    assert tracker.correct("e1", "2", 95.5)
    assert not tracker.correct("e1", 2, "95.50")
    assert tracker.positions == tracker_of(bought("e1", 2, "95.5"), sold("e2", 1, 90)).positions
    assert not tracker.apply_fill(bought("e1", 2, "95.5"))
    assert tracker.anomalies == {}


def test_a_correction_to_what_is_booked_changes_nothing() -> None:
    tracker = tracker_of(bought("e1", 1, 100))
    assert not tracker.correct("e1", 1, 100)


@pytest.mark.parametrize(("qty", "price"), [(-1, 100), (0, 100), (1, 0)])
def test_a_correction_to_what_is_no_execution_is_counted(qty: int, price: int) -> None:
    tracker = tracker_of(bought("e1", 1, 100))
    assert not tracker.correct("e1", qty, price)
    assert tracker.get_position("BTCUSDT").qty == 1
    assert tracker.anomalies == {LedgerAnomaly.BAD_FILL: 1}


def test_a_mark_is_kept_for_a_position_that_comes_later() -> None:
    tracker = create_tracker()
    tracker.update_mark_price("BTCUSDT", "101.5")
    tracker.apply_fill(bought("e1", 2, 100))
    assert tracker.get_position("BTCUSDT").unrealized_pnl == 3
    tracker.update_mark_price("BTCUSDT", 99)
    assert tracker.get_position("BTCUSDT").unrealized_pnl == -2


def test_a_market_that_becomes_known_later_is_folded_anew() -> None:
    coins = bought("e1", 1, 50000, fee=Decimal("0.001"), fee_currency="BTC")
    tracker = tracker_of(coins)
    assert tracker.get_position("BTCUSDT").qty == 1
    tracker.set_instrument(market(Category.SPOT))
    position = tracker.get_position("BTCUSDT")
    assert position.qty == Decimal("0.999")
    assert position.fees == 50
    assert position.pnl_currency == "USDT"
    tracker.set_instrument(market(Category.SPOT))
    assert tracker.get_position("BTCUSDT") is position


def test_an_inverse_market_settles_in_base() -> None:
    tracker = create_tracker()
    tracker.set_instrument(market(Category.INVERSE, quote="USD"))
    tracker.apply_fill(bought("e1", 100, 50000))
    assert tracker.get_position("BTCUSDT").pnl_currency == "BTC"
    assert tracker.get_position("ETHUSDT").pnl_currency == ""


@pytest.mark.parametrize(
    ("qty", "average", "agrees"),
    [
        ("3", None, True),
        ("3", "100.67", True),
        ("3", "100.66", True),
        ("3", "101", True),
        ("3", "100.6", True),
        ("3", "100.68", False),
        ("3", "102", False),
        ("3", Decimal("1E+2"), True),
        ("2.9", "100.67", False),
    ],
)
def test_figures_agree_to_the_last_digit_the_venue_states(
    qty: str, average: str | None, agrees: bool
) -> None:
    tracker = tracker_of(bought("e1", 1, 100), bought("e2", 2, 101))
    same = tracker.reconcile_position("BTCUSDT", exchange_qty=qty, exchange_avg_price=average)
    assert same is agrees


def test_drift_is_the_venues_figure_less_ours_at_the_last_comparison() -> None:
    tracker = tracker_of(bought("e1", 1, 100))
    assert tracker.drift("BTCUSDT") == 0
    assert tracker.avg_price_drift("BTCUSDT") == 0
    assert not tracker.reconcile_position("BTCUSDT", exchange_qty=1.5, exchange_avg_price=101)
    assert tracker.drift("BTCUSDT") == Decimal("0.5")
    assert tracker.avg_price_drift("BTCUSDT") == 1
    assert tracker.reconcile_position("BTCUSDT", exchange_qty=1, exchange_avg_price=100)
    assert tracker.drift("BTCUSDT") == 0
    assert tracker.avg_price_drift("BTCUSDT") == 0


def test_two_flat_positions_agree_whatever_average_the_venue_leaves_there() -> None:
    tracker = create_tracker()
    assert tracker.reconcile_position("BTCUSDT", exchange_qty=0, exchange_avg_price=0)


def sample() -> PositionTracker:
    tracker = create_tracker()
    tracker.set_instrument(market(Category.LINEAR))
    for each in (
        bought("e1", "0.3", "100.1", fee=Decimal("0.00000001"), fee_currency="USDT", ts=5),
        sold("e2", "0.1", 99),
        bought("e3", 7, 3),
        bought("e4", 1, 2000, symbol="ETHUSDT", fee=Decimal(1), fee_currency="MNT"),
        bought("", 1, 1),
    ):
        tracker.apply_fill(each)
    tracker.bust("e3")
    tracker.correct("e2", "0.2", 98)
    tracker.update_mark_price("SOLUSDT", 150)
    tracker.reconcile_position("ETHUSDT", exchange_qty=2, exchange_avg_price=1999)
    return tracker


def test_what_is_saved_is_json_and_comes_back_as_it_was() -> None:
    tracker = sample()
    saved = tracker.to_builtins()
    back = PositionTracker.from_builtins(json.loads(json.dumps(saved)))
    assert back.saved() == tracker.saved()
    assert back.to_builtins() == saved
    assert not back.apply_fill(sold("e2", "0.1", 99))
    assert back.get_position("SOLUSDT").mark_price == 150
    assert back.drift("ETHUSDT") == 1


def test_the_fast_message_reads_back_like_the_saved_dict() -> None:
    tracker = sample()
    raw = msgspec.json.decode(msgspec.json.encode(tracker.saved()))
    assert PositionTracker.from_builtins(raw).saved() == tracker.saved()


def test_a_damaged_save_says_where() -> None:
    saved = json.loads(json.dumps(sample().to_builtins()))
    saved["executions"]["ETHUSDT"][0]["side"] = "Long"
    with pytest.raises(ValueError, match=r"saved positions: .*side"):
        PositionTracker.from_builtins(saved)


# Properties

quantities = st.integers(1, 50).map(lambda number: Decimal(number) / 10)
prices = st.integers(1, 1000).map(lambda number: Decimal(number) / 4)
trades = st.lists(st.tuples(st.sampled_from(Side), quantities, prices), min_size=1, max_size=12)


def ledger(rows: list[tuple[Side, Decimal, Decimal]]) -> list[FillEvent]:
    return [fill(f"e{i}", side, qty, price) for i, (side, qty, price) in enumerate(rows)]


def signed(fills: list[FillEvent]) -> Decimal:
    return sum((each.qty * each.side.sign for each in fills), ZERO)


@settings(max_examples=200)
@given(st.data())
def test_any_order_and_repetition_gives_the_signed_sum(data: st.DataObject) -> None:
    fills = ledger(data.draw(trades))
    again = data.draw(st.lists(st.sampled_from(fills), max_size=5))
    tracker = create_tracker()
    for each in data.draw(st.permutations(fills + again)):
        tracker.apply_fill(each)
    assert tracker.get_position("BTCUSDT").qty == signed(fills)
    assert signed(tracker.executions["BTCUSDT"]) == signed(fills)
    assert tracker.anomalies == {}


@settings(max_examples=200)
@given(trades, prices)
def test_closing_everything_realizes_exactly_the_cash_that_moved(
    rows: list[tuple[Side, Decimal, Decimal]], price: Decimal
) -> None:
    fills = ledger(rows)
    held = signed(fills)
    if held:
        side = Side.SELL if held > 0 else Side.BUY
        fills.append(fill("last", side, abs(held), price))
    position = tracker_of(*fills).get_position("BTCUSDT")
    cash = sum((-each.side.sign * each.qty * each.price for each in fills), ZERO)
    assert position.qty == 0
    assert position.cost == 0
    assert position.avg_entry_price is None
    assert round(position.realized_pnl - cash, 20) == 0


@settings(max_examples=200)
@given(trades, prices)
def test_realized_and_unrealized_together_are_what_is_held_less_what_was_paid(
    rows: list[tuple[Side, Decimal, Decimal]], mark: Decimal
) -> None:
    fills = ledger(rows)
    tracker = tracker_of(*fills)
    tracker.update_mark_price("BTCUSDT", mark)
    paid = sum((each.side.sign * each.qty * each.price for each in fills), ZERO)
    net = tracker.get_position("BTCUSDT").net_pnl
    assert net is not None
    assert round(net - (signed(fills) * mark - paid), 20) == 0


@settings(max_examples=200)
@given(st.data())
def test_busts_and_corrections_fold_like_a_ledger_that_was_right_at_once(
    data: st.DataObject,
) -> None:
    fills = ledger(data.draw(trades))
    tracker = tracker_of(*fills)
    right = []
    for each in fills:
        change = data.draw(st.sampled_from(["keep", "bust", "correct"]))
        if change == "bust":
            tracker.bust(each.exec_id)
            continue
        if change == "correct":
            qty, price = data.draw(quantities), data.draw(prices)
            tracker.correct(each.exec_id, qty, price)
            each = msgspec.structs.replace(each, qty=qty, price=price)
        right.append(each)
    assert tracker.get_position("BTCUSDT") == tracker_of(*right).get_position("BTCUSDT")
