from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from engine.core.commands import AmendOrder, Kill, PlaceOrder
from engine.core.context import Context
from engine.core.events import (
    CommandRefused,
    InstrumentsChanged,
    OrderDenied,
    OrderEvent,
    OrderSubmitted,
    TradingStateChanged,
)
from engine.core.limits import PAPER_LIMITS
from engine.core.market import Quote
from engine.core.risk import Denied, check_flatten
from engine.core.state import evolve
from engine.core.types import KillLevel, OrderType, Side, TimeInForce, TradingState
from tests.support.desk import Desk, d, fill, perpetual


def denial(desk: Desk, **terms: Any) -> tuple[str, str, str]:
    """Place an order that must be denied; code, value and limit of the denial."""
    events = desk.give(desk.place(**terms))
    assert [type(event) for event in events] == [OrderDenied], events
    event = events[0]
    assert isinstance(event, OrderDenied)
    return event.code, event.value, event.limit


MARKET = {"type": OrderType.MARKET, "price": None, "time_in_force": TimeInForce.IOC}

CASES: list[tuple[dict[str, Any], tuple[str, str, str]]] = [
    ({"price": d("60000.05")}, ("TICK_SIZE", "60000.05", "steps of 0.1")),
    ({"qty": d("0.0105")}, ("QTY_STEP", "0.0105", "steps of 0.001")),
    ({"qty": d(101), "price": d(59_000)}, ("MAX_QTY", "101", "100")),
    ({**MARKET, "qty": d(51)}, ("MAX_QTY", "51", "50")),
    ({"qty": d(17)}, ("MAX_ORDER_NOTIONAL", "1020000", "1000000")),
    ({"price": d(66_001)}, ("PRICE_COLLAR", "66001", "48000.00 to 66000.00")),
    ({"price": d(47_999)}, ("PRICE_COLLAR", "47999", "48000.00 to 66000.00")),
    (
        {"side": Side.SELL, "price": d(53_999)},
        ("PRICE_COLLAR", "53999", "54000.00 to 72000.00"),
    ),
    ({"qty": d(0)}, ("BAD_NUMBER", "qty 0", "greater than 0")),
    ({"qty": Decimal("NaN")}, ("BAD_NUMBER", "qty NaN", "greater than 0")),
    ({"price": d("-1")}, ("BAD_NUMBER", "price -1", "greater than 0")),
    ({"qty": d("1E+13")}, ("BAD_NUMBER", "qty 1.000E+13", "between 1E-18 and 1E+12")),
    ({"price": None}, ("BAD_PRICE", "Limit with price None", "a price")),
    ({"type": OrderType.MARKET}, ("BAD_PRICE", "Market with price 60000", "no price")),
    (
        {"post_only": True, "time_in_force": TimeInForce.IOC},
        ("POST_ONLY_TAKES", "Limit IOC", "Limit GTC"),
    ),
    ({**MARKET, "post_only": True}, ("POST_ONLY_TAKES", "Market IOC", "Limit GTC")),
    ({"symbol": "DOGEUSDT"}, ("UNKNOWN_SYMBOL", "DOGEUSDT", "BTCUSDT")),
    (
        {"client_order_id": "no spaces"},
        ("BAD_ID", "no spaces", "1 to 36 of A-Z a-z 0-9 _ -"),
    ),
]


@pytest.mark.parametrize(("terms", "expected"), CASES, ids=lambda case: str(case)[:40])
def test_a_denial_says_the_rule_the_value_and_the_limit(
    terms: dict[str, Any], expected: tuple[str, str, str]
) -> None:
    assert denial(Desk(), **terms) == expected


def test_an_order_within_every_limit_is_submitted() -> None:
    desk = Desk()
    events = desk.give(desk.place())
    assert [type(event) for event in events] == [OrderSubmitted]


def test_the_smallest_quantity_and_value_are_the_instruments() -> None:
    desk = Desk()
    coarse = replace(perpetual(), min_qty=d("0.002"))
    evolve(desk.state, InstrumentsChanged(ts=1, instruments=(coarse,)))
    assert denial(desk, qty=d("0.001")) == ("MIN_QTY", "0.001", "0.002")
    cheap = replace(perpetual(), min_notional=d(700))
    evolve(desk.state, InstrumentsChanged(ts=1, instruments=(cheap,)))
    assert denial(desk, client_order_id="a2") == ("MIN_NOTIONAL", "600", "700")
    assert isinstance(desk.give(desk.place("a4", reduce_only=True))[0], OrderSubmitted)


def test_a_market_without_trading_is_unknown() -> None:
    desk = Desk()
    closed = replace(perpetual(), trading=False)
    evolve(desk.state, InstrumentsChanged(ts=1, instruments=(closed,)))
    assert denial(desk)[0] == "UNKNOWN_SYMBOL"


def test_without_a_price_to_measure_by_an_order_is_refused() -> None:
    desk = Desk()
    desk.quotes = {}
    assert denial(desk) == ("NO_REFERENCE_PRICE", "BTCUSDT", "a mark price or a book")
    desk.quotes = {"BTCUSDT": Quote(symbol="BTCUSDT", mark=d(0))}
    assert denial(desk, client_order_id="a2")[0] == "NO_REFERENCE_PRICE"


def test_before_the_first_mark_the_middle_of_the_book_is_the_reference() -> None:
    desk = Desk()
    desk.quotes = {"BTCUSDT": Quote(symbol="BTCUSDT", bid=d(59_999), ask=d(60_001))}
    assert isinstance(desk.give(desk.place())[0], OrderSubmitted)
    assert denial(desk, client_order_id="a2", price=d(66_001))[0] == "PRICE_COLLAR"


def test_open_orders_count_in_the_position_limit_before_they_fill() -> None:
    limits = replace(PAPER_LIMITS, max_position_notional_usd=d(1_500))
    desk = Desk(limits=limits)
    desk.working("a1")
    desk.working("a2")
    assert denial(desk, client_order_id="a3") == ("MAX_POSITION", "1800", "1500")
    assert isinstance(desk.give(desk.place("a4", side=Side.SELL))[0], OrderSubmitted)
    assert isinstance(desk.give(desk.place("a5", reduce_only=True))[0], OrderSubmitted)


def test_fifty_orders_each_inside_a_limit_cannot_exceed_it_together() -> None:
    desk = Desk(limits=replace(PAPER_LIMITS, max_position_notional_usd=d(6_000)))
    verdicts = [desk.give(desk.place(f"a{n}"))[0] for n in range(50)]
    assert sum(isinstance(event, OrderSubmitted) for event in verdicts) == 10


def test_a_symbol_may_have_limits_of_its_own() -> None:
    own = replace(PAPER_LIMITS, max_order_qty=d("0.005"))
    desk = Desk(limits=replace(PAPER_LIMITS, symbols={"BTCUSDT": own}))
    assert denial(desk) == ("MAX_QTY", "0.01", "0.005")


def test_the_number_of_open_orders_is_limited() -> None:
    desk = Desk(limits=replace(PAPER_LIMITS, max_open_orders=2))
    desk.working("a1")
    desk.working("a2")
    assert denial(desk, client_order_id="a3") == ("MAX_OPEN_ORDERS", "2", "2")


def test_orders_a_second_are_limited_and_time_frees_them() -> None:
    desk = Desk(limits=replace(PAPER_LIMITS, orders_per_s=2))
    desk.working("a1")
    desk.working("a2")
    assert denial(desk, client_order_id="a3") == (
        "ORDER_RATE",
        "2 in the last second",
        "2 a second",
    )
    desk.later(1.0)
    assert isinstance(desk.give(desk.place("a4"))[0], OrderSubmitted)


def test_nothing_is_placed_before_the_account_was_compared() -> None:
    desk = Desk()
    desk.state.ready = False
    assert denial(desk)[0] == "RECONCILING"


def test_halted_denies_and_reducing_lets_only_reduce_only_pass() -> None:
    desk = Desk()
    desk.give(Kill(command_id="k1", level=KillLevel.PAUSE))
    assert denial(desk) == ("REDUCING", "order adds exposure", "reduce-only orders")
    assert isinstance(desk.give(desk.place("a2", reduce_only=True))[0], OrderSubmitted)
    desk.give(Kill(command_id="k2", level=KillLevel.HALT, reason="drill"))
    assert denial(desk, client_order_id="a3") == ("HALTED", "drill", "release first")
    bare = TradingStateChanged(ts=1, state=TradingState.HALTED, by="test")
    evolve(desk.state, bare)
    assert denial(desk, client_order_id="a4")[1] == "trading is halted"


def test_one_market_can_be_narrowed_while_the_others_trade() -> None:
    desk = Desk()
    eth = perpetual("ETHUSDT", tick="0.01")
    evolve(desk.state, InstrumentsChanged(ts=1, instruments=(eth,)))
    desk.quotes["ETHUSDT"] = Quote(symbol="ETHUSDT", mark=d(3_000))
    reducing = TradingState.REDUCING
    evolve(desk.state, TradingStateChanged(ts=1, state=reducing, by="risk", symbol="BTCUSDT"))
    assert denial(desk)[0] == "REDUCING"
    others = desk.place("a2", symbol="ETHUSDT", price=d(3_000))
    assert isinstance(desk.give(others)[0], OrderSubmitted)
    halted = TradingState.HALTED
    evolve(
        desk.state,
        TradingStateChanged(ts=1, state=halted, by="risk", reason="drift", symbol="BTCUSDT"),
    )
    assert denial(desk, client_order_id="a3") == ("HALTED", "drift", "release first")


def test_an_amend_is_judged_by_the_order_it_would_become() -> None:
    limits = replace(PAPER_LIMITS, max_position_notional_usd=d(1_500), orders_per_s=1)
    desk = Desk(limits=limits)
    desk.working("a1", qty=d("0.020"))
    refused = desk.give(AmendOrder(command_id="m1", client_order_id="a1", qty=d("0.030")))[0]
    assert isinstance(refused, CommandRefused)
    assert (refused.code, refused.text) == ("MAX_POSITION", "1800 (limit 1500)")
    agreed = desk.give(AmendOrder(command_id="m2", client_order_id="a1", qty=d("0.025")))[0]
    assert isinstance(agreed, OrderEvent)
    assert desk.order().pending_qty == d("0.025")


def test_an_order_of_a_flatten_must_reduce_what_is_there() -> None:
    desk = Desk()
    desk.working("a1")
    desk.give(fill("e1", "0.010"))
    context = Context(now_ns=desk.now_ns, quotes=desk.quotes)

    def verdict(**terms: Any) -> object:
        values = {"side": Side.SELL, "qty": d("0.010"), "price": None, "type": OrderType.MARKET}
        order: PlaceOrder = desk.place("f1", **{**values, "reduce_only": True, **terms})
        return check_flatten(desk.state, order, context)

    assert not isinstance(verdict(), Denied)
    for wrong in ({"side": Side.BUY}, {"qty": d("0.011")}, {"reduce_only": False}):
        refused = verdict(**wrong)
        assert isinstance(refused, Denied)
        assert refused.denial.code == "NOT_REDUCING"


def test_without_mark_and_book_the_last_trade_is_the_reference() -> None:
    desk = Desk()
    desk.quotes = {"BTCUSDT": Quote(symbol="BTCUSDT", last=d(60_000))}
    assert isinstance(desk.give(desk.place())[0], OrderSubmitted)
