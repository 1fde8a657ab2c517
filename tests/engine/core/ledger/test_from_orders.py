from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.events import EventType, InstrumentsChanged, OrderAdopted, OrderEvent
from engine.core.instruments import Instrument
from engine.core.ledger.conservation import ledger_disagreements
from engine.core.ledger.position import Position
from engine.core.state import State, evolve
from engine.core.types import Category, ExecutionKind, OrderState, Side
from tests.support.desk import Desk, d, fill, perpetual

MARKETS = {
    Category.LINEAR: perpetual(),
    Category.SPOT: Instrument(
        symbol="BTC/USDT",
        category=Category.SPOT,
        venue_symbol="BTCUSDT",
        base="BTC",
        quote="USDT",
        settle="USDT",
        tick_size=d("0.1"),
        qty_step=d("0.001"),
        min_qty=d("0.001"),
        max_qty=d(100),
        max_market_qty=d(50),
        min_notional=d(5),
    ),
    Category.INVERSE: Instrument(
        symbol="BTCUSD",
        category=Category.INVERSE,
        venue_symbol="BTCUSD",
        base="BTC",
        quote="USD",
        settle="BTC",
        tick_size=d("0.1"),
        qty_step=d(1),
        min_qty=d(1),
        max_qty=d(10_000),
        max_market_qty=d(10_000),
        min_notional=d(1),
    ),
}


def account(
    category: Category = Category.LINEAR, sides: tuple[Side, ...] = (Side.BUY,), **terms: Any
) -> State:
    """An account with one order of 10 for each of `sides`: o0, o1, …"""
    state = State()
    evolve(state, InstrumentsChanged(ts=1, instruments=(MARKETS[category],)))
    for number, side in enumerate(sides):
        values: dict[str, Any] = {"qty": d(10), "price": d(100), **terms}
        evolve(
            state,
            OrderAdopted(
                ts=1,
                client_order_id=f"o{number}",
                exchange_order_id=f"x{number}",
                symbol=MARKETS[category].symbol,
                side=side,
                **values,
            ),
        )
    return state


def tell(state: State, kind: EventType, exec_id: str = "", order: str = "o0", **more: Any) -> None:
    """Give an event, and see that ledger and orders agree after it."""
    evolve(state, OrderEvent(kind, order, exec_id=exec_id, **more))
    assert list(ledger_disagreements(state)) == []


def executed(
    state: State,
    exec_id: str,
    qty: int | Decimal,
    price: int | Decimal = 100,
    order: str = "o0",
    **more: Any,
) -> None:
    terms = {"fee": d(0), **more, "last_qty": Decimal(qty), "last_price": Decimal(price)}
    tell(state, EventType.PARTIAL_FILL, exec_id, order, **terms)


def held(state: State, symbol: str = "BTCUSDT") -> Position:
    return state.positions.get_position(symbol)


def test_what_a_status_report_proves_is_in_the_position_and_marked_estimated() -> None:
    state = account()
    executed(state, "e1", 4)
    assert not held(state).is_estimated
    tell(state, EventType.STATUS_REPORT, cum_qty=d(6), avg_price=d(101))
    position = held(state)
    assert (position.qty, position.inferred_qty, position.is_estimated) == (d(6), d(2), True)
    assert position.avg_entry_price == 101
    assert next(state.positions.booked_fills()).exec_id == "e1"
    assert len(state.positions.executions["BTCUSDT"]) == 1


def test_the_real_executions_take_the_place_of_the_inferred_one_and_figures_are_exact() -> None:
    state = account()
    tell(state, EventType.STATUS_REPORT, cum_qty=d(5), avg_price=d(100))
    executed(state, "e1", 2, 99)
    assert (held(state).qty, held(state).inferred_qty) == (d(5), d(3))
    executed(state, "e2", 3, 101)
    plain = account()
    executed(plain, "e1", 2, 99)
    executed(plain, "e2", 3, 101)
    assert held(state) == held(plain)
    assert not held(state).is_estimated


def test_an_execution_larger_than_what_was_inferred_adds_the_rest() -> None:
    state = account()
    tell(state, EventType.STATUS_REPORT, cum_qty=d(2), avg_price=d(100))
    executed(state, "e1", 5)
    assert (held(state).qty, held(state).is_estimated) == (d(5), False)


def test_an_inferred_price_that_makes_no_sense_falls_back_on_the_orders() -> None:
    state = account()
    executed(state, "e1", 4)
    tell(state, EventType.STATUS_REPORT, cum_qty=d(5), avg_price=d(10))
    assert held(state).qty == 5
    assert held(state).cash == -500
    market = account(price=None)
    executed(market, "e1", 4)
    tell(market, EventType.STATUS_REPORT, cum_qty=d(5), avg_price=d(10))
    assert held(market).cash == -410


def test_an_inverse_position_survives_an_inference_at_no_price() -> None:
    state = account(Category.INVERSE, price=None)
    executed(state, "e1", 4)
    tell(state, EventType.STATUS_REPORT, cum_qty=d(5), avg_price=d(-1))
    assert held(state, "BTCUSD").qty == 5


@pytest.mark.parametrize(
    "ending",
    [EventType.ORDER_REJECT, EventType.EXPIRED, EventType.CANCEL_ACK, EventType.PROVEN_ABSENT],
)
def test_fills_after_the_end_and_beyond_the_quantity_are_booked(ending: EventType) -> None:
    state = account()
    tell(state, ending)
    executed(state, "e1", 4)
    executed(state, "e2", 9)
    assert held(state).qty == 13


def test_a_fill_of_a_denied_order_is_booked() -> None:
    desk = Desk()
    desk.give(desk.place(qty=d(-1)))
    assert desk.order().state is OrderState.DENIED
    desk.give(fill("e1", "0.004"))
    assert held(desk.state).qty == d("0.004")
    assert list(ledger_disagreements(desk.state)) == []


def test_a_bust_and_a_correction_may_come_before_their_execution() -> None:
    state = account()
    tell(state, EventType.FILL_BUSTED, "e1")
    tell(state, EventType.FILL_CORRECTED, "e2", last_qty=d(3), last_price=d(99))
    assert (held(state).qty, held(state).is_estimated) == (d(3), True)
    executed(state, "e1", 4)
    executed(state, "e2", 2, 98, fee=d("0.5"), fee_currency="USDT")
    position = held(state)
    assert (position.qty, position.cash, position.fees) == (d(3), d(-297), d("0.5"))
    assert not position.is_estimated
    assert [fill.qty for fill in state.positions.executions["BTCUSDT"]] == [4, 2]


def test_what_is_said_of_an_execution_without_an_id_changes_nothing() -> None:
    state = account()
    executed(state, "", 4)
    tell(state, EventType.FILL_BUSTED)
    tell(state, EventType.FILL_CORRECTED, "e1", last_qty=d(0), last_price=d(1))
    assert held(state).qty == 0


def test_an_exec_id_counts_on_one_order_only() -> None:
    state = account(sides=(Side.BUY, Side.BUY))
    executed(state, "e1", 4)
    executed(state, "e1", 4, order="o1")
    tell(state, EventType.FILL_BUSTED, "e1", "o1")
    assert held(state).qty == 4
    assert state.positions.anomalies == {"FILL_CONFLICT": 2}


def test_an_execution_bears_its_orders_id_at_the_venue_unless_it_came_under_another() -> None:
    state = account()
    executed(state, "e1", 1)
    executed(state, "e2", 1, exchange_order_id="x0")
    executed(state, "e3", 1, exchange_order_id="x9")
    booked = state.positions.booked_fills()
    assert [fill.exchange_order_id for fill in booked] == ["x0", "x0", "x9"]


def test_a_fee_that_nobody_told_is_none_and_estimated_until_it_is_told() -> None:
    state = account()
    executed(state, "e1", 4, fee=None)
    assert (held(state).fees, held(state).is_estimated) == (d(0), True)
    executed(state, "e1", 4, fee=d("0.2"), fee_currency="USDT")
    assert (held(state).fees, held(state).is_estimated) == (d("0.2"), False)
    assert held(state).qty == 4


def test_an_execution_counts_on_its_orders_side_of_a_hedge() -> None:
    state = account(position_index=2, sides=(Side.SELL,))
    executed(state, "e1", 4, exec_kind=ExecutionKind.ADL)
    assert state.positions.get_position("BTCUSDT").qty == 0
    assert state.positions.get_position("BTCUSDT", 2).qty == -4
    assert list(state.positions.positions) == ["BTCUSDT#2"]
    assert state.positions.anomalies == {"ADL": 1}


def test_what_the_venue_says_that_executions_realized_is_kept_beside_ours() -> None:
    state = account(sides=(Side.BUY, Side.SELL))
    executed(state, "e1", 2, 100)
    executed(state, "e2", 1, 110, order="o1", exec_pnl=d("9.9"))
    executed(state, "e2", 1, 110, order="o1", exec_pnl=d("9.9"))
    assert state.positions.stated == {"BTCUSDT": (d("9.9"), d(10))}


# Properties

steps = st.lists(
    st.tuples(
        st.sampled_from(["fill", "bust", "correct", "report"]),
        st.integers(0, 1),
        st.integers(0, 5),
        st.integers(1, 6),
        st.integers(90, 110),
    ),
    max_size=25,
)


@pytest.mark.parametrize("category", list(Category))
@settings(max_examples=60, deadline=None)
@given(rows=steps)
def test_executions_orders_and_positions_agree_after_every_event(
    category: Category, rows: list[tuple[str, int, int, int, int]]
) -> None:
    state = account(category, (Side.BUY, Side.SELL))
    for what, order, number, qty, price in rows:
        name, exec_id = f"o{order}", f"e{number}"
        if what == "fill":
            currency = "BTC" if category is not Category.LINEAR and order == 0 else "USDT"
            executed(state, exec_id, qty, price, name, fee=d("0.01"), fee_currency=currency)
        elif what == "bust":
            tell(state, EventType.FILL_BUSTED, exec_id, name)
        elif what == "correct":
            tell(
                state, EventType.FILL_CORRECTED, exec_id, name, last_qty=d(qty), last_price=d(price)
            )
        else:
            tell(state, EventType.STATUS_REPORT, order=name, cum_qty=d(qty * 2), avg_price=d(price))


trades = st.lists(
    st.tuples(st.sampled_from(Side), st.integers(1, 50), st.integers(1, 1_000), st.integers(-5, 9)),
    min_size=1,
    max_size=15,
)


@settings(max_examples=120)
@given(rows=trades, mark=st.integers(1, 1_000), funding=st.integers(-9, 9))
def test_a_linear_account_neither_makes_nor_loses_money(
    rows: list[tuple[Side, int, int, int]], mark: int, funding: int
) -> None:
    state = account(sides=(Side.BUY, Side.SELL))
    cash = Decimal(0)
    for number, (side, qty, price, fee) in enumerate(rows):
        order = "o0" if side is Side.BUY else "o1"
        size, at, cost = d(qty) / 10, d(price) / 4, d(fee) / 100
        executed(state, f"e{number}", size, at, order, fee=cost, fee_currency="USDT")
        cash -= side.sign * size * at + cost
    state.positions.add_funding("BTCUSDT", d(funding), "USDT")
    cash += funding
    state.positions.update_mark_price("BTCUSDT", mark)
    position = held(state)
    unrealized = position.unrealized_pnl
    assert unrealized is not None
    parts = position.realized_pnl + unrealized - position.fees + position.funding
    assert parts == position.net_pnl == cash + position.qty * mark


@settings(max_examples=120)
@given(rows=trades, mark=st.integers(1, 1_000))
def test_a_spot_account_neither_makes_nor_loses_coins_or_money(
    rows: list[tuple[Side, int, int, int]], mark: int
) -> None:
    state = account(Category.SPOT, (Side.BUY, Side.SELL))
    coins = cash = Decimal(0)
    for number, (side, qty, price, fee) in enumerate(rows):
        order = "o0" if side is Side.BUY else "o1"
        size, at, cost = d(qty) / 10, d(price) / 4, d(fee) / 1_000
        currency = "BTC" if side is Side.BUY else "USDT"
        executed(state, f"e{number}", size, at, order, fee=cost, fee_currency=currency)
        coins += side.sign * size - (cost if side is Side.BUY else 0)
        cash -= side.sign * size * at + (cost if side is Side.SELL else 0)
    state.positions.update_mark_price("BTC/USDT", mark)
    position = held(state, "BTC/USDT")
    assert position.qty == coins
    assert position.net_pnl == cash + coins * mark


@settings(max_examples=120)
@given(rows=trades, mark=st.integers(1, 1_000))
def test_an_inverse_account_conserves_coins_to_eighteen_decimals(
    rows: list[tuple[Side, int, int, int]], mark: int
) -> None:
    state = account(Category.INVERSE, (Side.BUY, Side.SELL))
    coins = Decimal(0)
    for number, (side, qty, price, fee) in enumerate(rows):
        order = "o0" if side is Side.BUY else "o1"
        executed(state, f"e{number}", qty, price, order, fee=d(fee) / 1_000, fee_currency="BTC")
        coins += Decimal(side.sign * qty) / price - d(fee) / 1_000
    state.positions.update_mark_price("BTCUSD", mark)
    position = held(state, "BTCUSD")
    net = position.net_pnl
    assert net is not None
    assert abs(net - (coins - position.qty / mark)) <= (len(rows) + 1) * Decimal("1E-18")
