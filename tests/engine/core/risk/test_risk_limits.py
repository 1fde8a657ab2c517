"""Every limit of the table: what equals it passes, one step beyond it does not, and what would."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from msgspec.structs import replace

from engine.core.commands import CancelOrder
from engine.core.events import (
    CommandRefused,
    InstrumentsChanged,
    OrderDenied,
    OrderEvent,
    OrderSubmitted,
)
from engine.core.limits import LIVE_LIMITS, PAPER_LIMITS, RiskLimits
from engine.core.market import Quote
from engine.core.reports import Outcome, VenueStatus
from engine.core.requests import OrderRequest
from engine.core.risk import RULES
from engine.core.state import evolve
from engine.core.status import BreakerStatus, ClockStatus, VenueJoin
from engine.core.types import Category, JoinState, OrderType, Side, TimeInForce
from tests.support.desk import NS, Desk, d, fill, outcome, perpetual, row

MARKET: dict[str, Any] = {
    "type": OrderType.MARKET, "price": None, "time_in_force": TimeInForce.IOC,
}  # fmt: skip
SELL = {"side": Side.SELL}


def desk_with(**limits: Any) -> Desk:
    """A desk with paper's limits but for these, and two markets."""
    desk = Desk(limits=replace(PAPER_LIMITS, **limits))
    eth = perpetual("ETHUSDT", tick="0.01")
    evolve(desk.state, InstrumentsChanged(ts=1, instruments=(eth,)))
    desk.quotes["ETHUSDT"] = Quote(symbol="ETHUSDT", mark=d(3_000), ts=desk.now_ns)
    return desk


def verdict(desk: Desk, order_id: str = "z1", **terms: Any) -> OrderDenied | None:
    """Place an order: its denial, or None when it left."""
    (event,) = desk.give(desk.place(order_id, **terms))
    assert isinstance(event, OrderDenied | OrderSubmitted)
    return event if isinstance(event, OrderDenied) else None


def said(denied: OrderDenied | None) -> tuple[str, str, str, str]:
    assert denied is not None
    return denied.code, denied.value, denied.limit, denied.passes


class Case(NamedTuple):
    """Terms at a limit and one step beyond it, with what is said of those."""

    limits: dict[str, Any]
    at: dict[str, Any]
    beyond: dict[str, Any]
    says: tuple[str, str, str, str]
    before: Callable[[Desk], object] = lambda desk: None


def held(qty: str, side: Side = Side.BUY, symbol: str = "BTCUSDT") -> Callable[[Desk], object]:
    """A position, made by one filled order."""

    def make(desk: Desk) -> None:
        price = desk.quotes[symbol].mark
        desk.working("held", qty=d(qty), side=side, symbol=symbol, price=price)
        desk.give(fill("e-held", qty, "held", side=side, symbol=symbol, price=price))

    return make


ETH = {"symbol": "ETHUSDT", "price": d(3_000)}
CASES = {
    "tick": Case(
        {}, {"price": d("60000.1")}, {"price": d("60000.15")},
        ("TICK_SIZE", "60000.15", "steps of 0.1", "60000.1 or 60000.2"),
    ),
    "step": Case(
        {}, {"qty": d("0.011")}, {"qty": d("0.0115")},
        ("QTY_STEP", "0.0115", "steps of 0.001", "0.011 or 0.012"),
    ),
    "step, less than one": Case(
        {}, {"qty": d("0.001")}, {"qty": d("0.0005")},
        ("QTY_STEP", "0.0005", "steps of 0.001", "0.001"),
    ),
    "venue's largest": Case(
        {"max_order_notional_usd": d(10**9), "max_position_notional_usd": d(10**9)},
        {"qty": d(100)}, {"qty": d("100.001")},
        ("MAX_QTY", "100.001", "100", "at most 100"),
    ),
    "venue's largest at market": Case(
        {"max_order_notional_usd": d(10**9), "max_position_notional_usd": d(10**9)},
        {**MARKET, "qty": d(50)}, {**MARKET, "qty": d("50.001")},
        ("MAX_QTY", "50.001", "50", "at most 50"),
    ),
    "own largest": Case(
        {"max_order_qty": d("0.5")}, {"qty": d("0.5")}, {"qty": d("0.501")},
        ("MAX_QTY", "0.501", "0.5", "at most 0.5"),
    ),
    "order notional": Case(
        {"max_order_notional_usd": d(600)}, {}, {"qty": d("0.011")},
        ("MAX_ORDER_NOTIONAL", "660", "600", "at most 0.01"),
    ),
    "order notional too small for any": Case(
        {"max_order_notional_usd": d(59)}, {"qty": d("0.001"), "price": d(59_000)},
        {"qty": d("0.001"), "price": d("59000.1")},
        ("MAX_ORDER_NOTIONAL", "59.0001", "59", "no quantity"),
    ),
    "buy above the mark": Case(
        {"price_collar": d("0.01")}, {"price": d(60_600)}, {"price": d("60600.1")},
        ("PRICE_COLLAR", "60600.1", "54000.00 to 60600.00", "at most 60600"),
    ),
    "buy below the mark": Case(
        {"price_collar": d("0.01")}, {"price": d(54_000)}, {"price": d("53999.9")},
        ("PRICE_COLLAR", "53999.9", "54000.00 to 60600.00", "at least 54000"),
    ),
    "sell below the mark": Case(
        {"price_collar": d("0.2")}, {**SELL, "price": d(48_000)}, {**SELL, "price": d("47999.9")},
        ("PRICE_COLLAR", "47999.9", "48000.0 to 84000.0", "at least 48000"),
    ),
    "position": Case(
        {"max_position_notional_usd": d(1_200)}, {}, {"qty": d("0.011")},
        ("MAX_POSITION", "1260", "1200", "at most 0.01"), held("0.010"),
    ),
    "position, sold short": Case(
        {"max_position_notional_usd": d(1_200)}, SELL, {**SELL, "qty": d("0.011")},
        ("MAX_POSITION", "1260", "1200", "at most 0.01"), held("0.010", Side.SELL),
    ),
    "position, turned over": Case(
        {"max_position_notional_usd": d(600)}, {**SELL, "qty": d("0.020")},
        {**SELL, "qty": d("0.021")},
        ("MAX_POSITION", "660", "600", "at most 0.02"), held("0.010"),
    ),
    "gross": Case(
        {"max_gross_notional_usd": d(900)}, {**ETH, **SELL, "qty": d("0.100")},
        {**ETH, **SELL, "qty": d("0.101")},
        ("MAX_GROSS", "903", "900", "at most 0.1"), held("0.010"),
    ),
    "net": Case(
        {"max_net_notional_usd": d(900)}, {**ETH, "qty": d("0.100")},
        {**ETH, "qty": d("0.101")},
        ("MAX_NET", "903", "900", "at most 0.1"), held("0.010"),
    ),
    "net, sold short": Case(
        {"max_net_notional_usd": d(900)}, {**ETH, **SELL, "qty": d("0.500")},
        {**ETH, **SELL, "qty": d("0.501")},
        ("MAX_NET", "903", "900", "at most 0.5"), held("0.010"),
    ),
    "reduce-only": Case(
        {"check_reduce_only": True}, {**SELL, "reduce_only": True},
        {**SELL, "reduce_only": True, "qty": d("0.011")},
        ("NOT_REDUCING", "Sell 0.011", "0.01 to reduce", "at most 0.01"), held("0.010"),
    ),
    "reduce-only on the position's side": Case(
        {"check_reduce_only": True}, {}, {"reduce_only": True},
        ("NOT_REDUCING", "Buy 0.01", "-0.01 to reduce", "the other side, or no reduce-only"),
        held("0.010"),
    ),
    "own orders": Case(
        {"deny_self_trade": True}, {**SELL, "price": d("60000.1")}, {**SELL, "price": d(60_000)},
        ("SELF_TRADE", "a1", "no own order on the other side of the price",
         "a price short of it, or cancel it first"),
        lambda desk: desk.working("a1"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_reaches_a_limit_passes_and_one_step_beyond_does_not(case: Case) -> None:
    at, beyond = desk_with(**case.limits), desk_with(**case.limits)
    for desk in (at, beyond):
        case.before(desk)
    assert verdict(at, **case.at) is None
    assert said(verdict(beyond, **case.beyond)) == case.says


OPTIONAL = {name: case for name, case in CASES.items() if case.limits}


@pytest.mark.parametrize("case", OPTIONAL.values(), ids=OPTIONAL)
def test_a_limit_that_is_not_set_denies_nothing(case: Case) -> None:
    desk = desk_with(max_order_notional_usd=d(10**9), max_position_notional_usd=d(10**9))
    case.before(desk)
    denied = verdict(desk, **case.beyond)
    assert denied is None or denied.code in {"MAX_QTY", "PRICE_COLLAR"}


def test_the_smallest_quantity_and_value_say_what_is_enough() -> None:
    desk = Desk()
    coarse = replace(perpetual(), min_qty=d("0.002"), min_notional=d(660))
    evolve(desk.state, InstrumentsChanged(ts=1, instruments=(coarse,)))
    assert said(verdict(desk, "a1", qty=d("0.001"))) == (
        "MIN_QTY",
        "0.001",
        "0.002",
        "at least 0.002",
    )
    assert said(verdict(desk, "a2")) == ("MIN_NOTIONAL", "600", "660", "at least 0.011")
    assert verdict(desk, "a3", qty=d("0.011")) is None


def test_contracts_that_are_money_are_worth_their_quantity() -> None:
    desk = Desk(limits=replace(PAPER_LIMITS, max_order_notional_usd=d(200)))
    inverse = replace(
        perpetual("BTCUSD"), category=Category.INVERSE, qty_step=d(1), min_qty=d(1),
        max_qty=d(1_000), settle="BTC", quote="USD",
    )  # fmt: skip
    evolve(desk.state, InstrumentsChanged(ts=1, instruments=(inverse,)))
    desk.quotes["BTCUSD"] = Quote(symbol="BTCUSD", mark=d(60_000))
    assert verdict(desk, "a1", symbol="BTCUSD", qty=d(200)) is None
    denied = verdict(desk, "a2", symbol="BTCUSD", qty=d(201))
    assert said(denied) == ("MAX_ORDER_NOTIONAL", "201", "200", "at most 200")


def test_only_the_allowed_markets_are_traded() -> None:
    desk = desk_with(symbols_allow=("ETHUSDT",))
    assert said(verdict(desk, "a1")) == ("SYMBOL_NOT_ALLOWED", "BTCUSDT", "ETHUSDT", "ETHUSDT")
    assert verdict(desk, "a2", **ETH, qty=d(1)) is None
    nothing = desk_with(symbols_allow=())
    assert said(verdict(nothing)) == ("SYMBOL_NOT_ALLOWED", "BTCUSDT", "none", "none")


def test_an_old_comparison_lets_only_reducing_orders_pass() -> None:
    desk = desk_with(reconcile_age_s=d(60))
    desk.compared_ns = desk.now_ns - 60 * NS
    assert verdict(desk, "a1") is None
    desk.compared_ns -= 1
    assert said(verdict(desk, "a2")) == ("RECONCILE_AGE", "60 s", "60 s", "reduce-only orders")
    assert verdict(desk, "a3", reduce_only=True) is None
    desk.compared_ns = 0
    assert said(verdict(desk, "a4"))[1] == "never"


@pytest.mark.parametrize("sign", [1, -1])
def test_with_a_clock_far_from_the_venues_only_reducing_orders_pass(sign: int) -> None:
    desk = desk_with(max_clock_offset_ms=500)
    desk.clock = ClockStatus(ts=desk.now_ns, offset_ns=sign * 500_000_000)
    assert verdict(desk, "a1") is None
    desk.clock = ClockStatus(ts=desk.now_ns, offset_ns=sign * 500_100_000)
    denied = ("CLOCK_OFFSET", f"{sign * 500.1:+.1f} ms", "500 ms", "reduce-only orders")
    assert said(verdict(desk, "a2")) == denied
    assert verdict(desk, "a3", reduce_only=True) is None
    desk.working("a4", reduce_only=True)
    (event,) = desk.give(CancelOrder(command_id="x1", client_order_id="a4"))
    assert isinstance(event, OrderEvent)


def test_f107_while_the_venue_does_not_answer_only_reducing_orders_pass() -> None:
    desk = desk_with()
    now_ns = desk.now_ns
    desk.breaker = BreakerStatus(
        name="place", state="open", since_ts=now_ns, probe_ts=now_ns + 3 * NS - 1, reason="HTTP 502"
    )
    denied = ("BREAKER_OPEN", "place: HTTP 502", "next probe in 3 s", "reduce-only orders")
    assert said(verdict(desk, "a1")) == denied
    assert verdict(desk, "a2", reduce_only=True) is None
    desk.breaker = BreakerStatus(name="place", state="half-open", reason="HTTP 502")
    assert said(verdict(desk, "a3"))[2] == "the next probe is under way"
    assert desk.breaker.denial(now_ns) == (
        "the place breaker is half-open: HTTP 502; the next probe is under way"
    )
    assert not desk.breaker.closed


def test_before_the_venue_was_reached_every_order_stays_here() -> None:
    desk = desk_with()
    desk.join = VenueJoin(state=JoinState.JOINING)
    assert said(verdict(desk, "a1")) == (
        "VENUE_AWAY", "joining: no answer yet", "it is being tried", "cancels",
    )  # fmt: skip
    desk.join = VenueJoin(
        state=JoinState.UNREACHABLE, retry_ts=desk.now_ns + 2 * NS, error="HTTP 502"
    )
    assert said(verdict(desk, "a2", reduce_only=True)) == (
        "VENUE_AWAY", "unreachable: HTTP 502", "next try in 2 s", "cancels",
    )  # fmt: skip
    assert desk.join.told(desk.now_ns) == "venue unreachable: HTTP 502; next try in 2 s"
    desk.join = VenueJoin(state=JoinState.REFUSED, error="bad key")
    assert said(verdict(desk, "a3"))[2] == "it is not tried again: correct that and restart"


def test_a_clock_not_measured_for_ten_minutes_or_set_back_since_is_not_known() -> None:
    desk = desk_with(max_clock_offset_ms=500)
    assert said(verdict(desk, "a1"))[:2] == ("CLOCK_OFFSET", "not measured lately")
    desk.clock = ClockStatus(ts=desk.now_ns - 600 * NS)
    assert verdict(desk, "a2") is None
    desk.clock = ClockStatus(ts=desk.now_ns - 600 * NS - 1)
    assert said(verdict(desk, "a3"))[1] == "not measured lately"
    desk.clock = ClockStatus(ts=desk.now_ns + 1)
    assert said(verdict(desk, "a4"))[1] == "not measured lately"


@pytest.mark.parametrize(
    ("key", "field", "code"),
    [("quote_age_s", "ts", "STALE_QUOTE"), ("mark_age_s", "mark_ts", "STALE_MARK")],
)
def test_old_market_data_measures_nothing(key: str, field: str, code: str) -> None:
    desk = desk_with(**{key: d(2)})
    quote = desk.quotes["BTCUSDT"]
    setattr(quote, field, desk.now_ns - 2 * NS)
    assert verdict(desk, "a1") is None
    setattr(quote, field, desk.now_ns - 2 * NS - 1)
    assert said(verdict(desk, "a2")) == (code, "2 s", "2 s", "wait for market data")
    setattr(quote, field, desk.now_ns - 200 * NS)
    assert said(verdict(desk, "a3"))[1] == "200 s"
    del desk.quotes["BTCUSDT"]
    assert said(verdict(desk, "a4"))[:2] == (code, "none yet")


def test_a_mark_far_from_the_book_measures_nothing() -> None:
    desk = desk_with(mark_outlier=d("0.1"))
    quote = desk.quotes["BTCUSDT"]
    quote.bid, quote.ask = d(59_990), d(60_010)
    quote.mark = d(66_000)
    assert verdict(desk, "a1") is None
    quote.mark = d("66000.1")
    assert said(verdict(desk, "a2")) == (
        "BAD_MARK", "66000.1", "within 10 % of 60000", "wait for mark and book to agree",
    )  # fmt: skip
    quote.mark = None
    assert verdict(desk, "a3") is None
    quote.mark, quote.ask = d(90_000), None
    assert said(verdict(desk, "a4"))[0] == "PRICE_COLLAR"


@pytest.mark.parametrize(
    "quote",
    [
        Quote(symbol="BTCUSDT", mark=d(0), bid=d(1), ask=d(2)),
        Quote(symbol="BTCUSDT", mark=Decimal("NaN")),
        Quote(symbol="BTCUSDT", bid=d(60_001), ask=d(60_000), last=d(60_000)),
        Quote(symbol="BTCUSDT", bid=d(60_000), ask=d(60_000), last=d(60_000)),
        Quote(symbol="BTCUSDT", bid=d(60_000), last=d(60_000)),
        Quote(symbol="BTCUSDT", ask=d(60_000), last=d(60_000)),
        Quote(symbol="BTCUSDT"),
    ],
    ids=["zero mark", "no number", "crossed", "locked", "bid only", "ask only", "nothing"],
)
def test_without_a_price_that_can_be_relied_on_nothing_passes(quote: Quote) -> None:
    desk = Desk()
    desk.quotes["BTCUSDT"] = quote
    assert said(verdict(desk))[0] == "NO_REFERENCE_PRICE"


@pytest.mark.parametrize(
    ("side", "at", "beyond", "nearest"),
    [
        (Side.BUY, "61950.0", "61950.1", "at most 61950"),
        (Side.SELL, "56050.0", "56049.9", "at least 56050"),
    ],
)
def test_an_order_may_not_run_after_a_market_that_went_too_far(
    side: Side, at: str, beyond: str, nearest: str
) -> None:
    desk = desk_with(drift_collar=d("0.05"))
    assert verdict(desk, "a0", side=side) is None
    desk.quotes["BTCUSDT"].earlier = d(59_000)
    assert verdict(desk, "a1", side=side, price=d(at)) is None
    denied = verdict(desk, "a2", side=side, price=d(beyond))
    assert said(denied) == ("DRIFT_COLLAR", beyond, "5 % past 59000", nearest)


def test_a_market_order_may_be_bounded_and_goes_out_as_a_limit() -> None:
    desk = desk_with(market_slippage=d("0.005"))
    desk.quotes["BTCUSDT"].mark = d("60000.5")
    for order_id, side, bound in (("a1", Side.BUY, "60300.5"), ("a2", Side.SELL, "59700.5")):
        (event,) = desk.give(desk.place(order_id, side=side, **MARKET))
        assert isinstance(event, OrderSubmitted)
        assert (event.worst_price, event.price, event.type) == (d(bound), None, OrderType.MARKET)
        request = desk.requests[0]
        assert isinstance(request, OrderRequest)
        assert (request.price, request.type, request.time_in_force) == (
            d(bound), OrderType.LIMIT, TimeInForce.IOC,
        )  # fmt: skip
    (event,) = desk.give(desk.place("a3"))
    assert isinstance(event, OrderSubmitted)
    assert event.worst_price is None


def test_a_row_of_a_bounded_market_order_is_no_other_order() -> None:
    desk = desk_with(market_slippage=d("0.005"))
    desk.give(desk.place("a1", **MARKET))
    limit = row("a1", price=d(60_300), type=OrderType.LIMIT, time_in_force=TimeInForce.IOC)
    desk.give(limit)
    assert (desk.order().price, desk.order().state) == (None, "New")


def test_what_brings_a_position_back_passes_however_far_beyond_it_is() -> None:
    desk = desk_with()
    held("0.010")(desk)
    small = {
        "max_position_notional_usd": d(60), "max_gross_notional_usd": d(60),
        "max_net_notional_usd": d(60),
    }  # fmt: skip
    desk.change_limits(replace(PAPER_LIMITS, **small))
    assert verdict(desk, "a1", **SELL) is None
    assert said(verdict(desk, "a2"))[0] == "MAX_POSITION"
    assert verdict(desk, "a3", reduce_only=True) is None


def test_a_sum_without_every_price_passes_nothing() -> None:
    for key, code in (("max_gross_notional_usd", "MAX_GROSS"), ("max_net_notional_usd", "MAX_NET")):
        desk = desk_with(**{key: d(10**9)})
        held("0.010", symbol="ETHUSDT")(desk)
        desk.quotes["ETHUSDT"].mark = None
        denied = verdict(desk, "a1")
        assert said(denied) == (code, "no price of ETHUSDT", "1000000000", "wait for a price")
        del desk.quotes["ETHUSDT"]
        assert said(verdict(desk, "a2"))[0] == code
        assert verdict(desk, "a3", reduce_only=True) is None


@pytest.mark.parametrize("side", Side)
def test_an_amend_replaces_what_the_order_counted_for_in_every_sum(side: Side) -> None:
    desk = desk_with(max_gross_notional_usd=d(1_200), max_net_notional_usd=d(1_200))
    desk.working("a1", side=side)
    (refused,) = desk.give(desk.amend("a1", qty=d("0.021")))
    assert isinstance(refused, CommandRefused)
    assert refused.code == "MAX_GROSS"
    assert isinstance(desk.give(desk.amend("a1", qty=d("0.020")))[0], OrderEvent)


def counts(desk: Desk, **limits: Any) -> None:
    desk.change_limits(replace(PAPER_LIMITS, **limits))


def test_open_orders_of_a_symbol_are_limited_apart_from_the_accounts() -> None:
    desk = desk_with(max_open_orders_symbol=1)
    desk.working("a1")
    assert said(verdict(desk, "a2")) == (
        "MAX_OPEN_ORDERS_SYMBOL", "1", "1", "once one of them has ended",
    )  # fmt: skip
    assert verdict(desk, "a3", **ETH, qty=d(1)) is None
    counts(desk, max_open_orders=2)
    assert said(verdict(desk, "a4"))[:3] == ("MAX_OPEN_ORDERS", "2", "2")


@pytest.mark.parametrize(("key", "code"), [
    ("max_inflight_symbol", "MAX_INFLIGHT_SYMBOL"), ("max_inflight", "MAX_INFLIGHT"),
])  # fmt: skip
def test_orders_that_the_venue_has_not_answered_are_limited(key: str, code: str) -> None:
    desk = desk_with(**{key: 1})
    assert verdict(desk, "a1") is None
    assert said(verdict(desk, "a2")) == (code, "1", "1", "once one of them is answered")
    desk.give(outcome("a1"))
    assert verdict(desk, "a3") is None


@pytest.mark.parametrize(("key", "code"), [
    ("max_unknown_symbol", "MAX_UNKNOWN_SYMBOL"), ("max_unknown", "MAX_UNKNOWN"),
])  # fmt: skip
def test_with_too_many_orders_of_unknown_fate_nothing_new_leaves(key: str, code: str) -> None:
    desk = desk_with(**{key: 1})
    for order_id in ("a1", "a2"):
        assert verdict(desk, order_id) is None
        desk.give(outcome(order_id, result=Outcome.UNKNOWN))
    desk.give(CancelOrder(command_id="x1", client_order_id="a2"))
    assert said(verdict(desk, "a3")) == (code, "2", "1", "once one of them is answered")
    desk.give(row("a2", status=VenueStatus.CANCELED))
    assert verdict(desk, "a4") is None


@pytest.mark.parametrize(
    ("key", "code", "word", "window"),
    [
        ("orders_per_s_symbol", "ORDER_RATE_SYMBOL", "second", 1.0),
        ("orders_per_s", "ORDER_RATE", "second", 1.0),
        ("orders_per_min", "ORDER_RATE_MINUTE", "minute", 60.0),
    ],
)
def test_rates_slide_and_the_order_that_is_a_window_old_is_out(
    key: str, code: str, word: str, window: float
) -> None:
    desk = desk_with(**{key: 2})
    desk.working("a1")
    desk.later(window / 4)
    desk.working("a2")
    desk.later(window / 4)
    wait = "0.5 s" if window == 1 else "30 s"
    assert said(verdict(desk, "a3")) == (
        code, f"2 in the last {word}", f"2 a {word}", f"in {wait}",
    )  # fmt: skip
    desk.later(window / 2)
    assert verdict(desk, "a4") is None


def test_only_the_symbols_own_orders_count_in_its_rate() -> None:
    desk = desk_with(orders_per_s_symbol=1)
    desk.working("a1")
    assert verdict(desk, "a2", **ETH, qty=d(1)) is None
    assert said(verdict(desk, "a3"))[0] == "ORDER_RATE_SYMBOL"


def test_a_day_of_orders_ends_at_midnight_utc() -> None:
    desk = desk_with(orders_per_day=1)
    assert verdict(desk, "a1") is None
    assert said(verdict(desk, "a2")) == (
        "ORDER_RATE_DAY", "1", "1", "in 85400 s, when the UTC day ends",
    )  # fmt: skip
    desk.later(85_400)
    desk.quotes["BTCUSDT"].ts = desk.now_ns
    assert verdict(desk, "a3") is None


def test_the_same_order_again_must_be_meant() -> None:
    desk = desk_with(duplicate_window_s=d("0.5"))
    assert verdict(desk, "a1") is None
    desk.later(0.4)
    assert said(verdict(desk, "a2")) == (
        "DUPLICATE", "the same 0.4 s ago", "once in 0.5 s", "in 0.1 s, or marked as meant",
    )  # fmt: skip
    for other in ({"qty": d("0.011")}, {"price": d(59_999)}, SELL, {**ETH, "qty": d("0.010")}):
        assert verdict(desk, f"b{len(str(other))}", **other) is None
    assert verdict(desk, "a3", repeat=True) is None
    desk.later(0.5)
    assert verdict(desk, "a4") is None


def test_too_many_messages_for_the_fills_of_the_day_stop_new_orders() -> None:
    desk = desk_with(messages_per_fill=150)
    held("0.010")(desk)
    for number in range(99):
        desk.working(f"a{number}")
        desk.give(CancelOrder(command_id=f"x{number}", client_order_id=f"a{number}"))
    assert verdict(desk, "b1") is None
    assert said(verdict(desk, "b2")) == (
        "MESSAGE_RATIO", "200 messages today", "150 for the fills of today",
        "in 85400 s, when the UTC day ends",
    )  # fmt: skip
    desk.give(fill("e1", "0.001", "b1"))
    assert verdict(desk, "b3") is None


def test_a_limit_that_is_set_to_false_is_off() -> None:
    desk = desk_with(deny_self_trade=False, check_reduce_only=False)
    desk.working("a1")
    assert verdict(desk, "a2", **SELL) is None
    assert verdict(desk, "a3", reduce_only=True) is None


def test_a_market_order_meets_every_own_order_of_the_other_side() -> None:
    desk = desk_with(deny_self_trade=True)
    desk.working("a1", price=d(59_000))
    assert said(verdict(desk, "a2", **SELL, **MARKET))[:2] == ("SELF_TRADE", "a1")


def test_every_rule_that_has_a_key_is_a_limit_that_can_be_configured() -> None:
    keys = {rule.key for rule in RULES} - {""}
    assert keys <= set(RiskLimits.__struct_fields__)
    for rule in RULES:
        if rule.key:
            assert getattr(LIVE_LIMITS, rule.key) is not None or rule.key == "deny_self_trade"


def test_the_rules_are_judged_in_the_order_of_their_table() -> None:
    assert [rule.code for rule in RULES] == [
        "TICK_SIZE", "QTY_STEP", "MIN_QTY", "MAX_QTY", "MIN_NOTIONAL", "MAX_ORDER_NOTIONAL",
        "TRIGGER_TICK", "TRIGGER_SIDE", "EXIT_SIDE", "SLIPPAGE",
        "PRICE_COLLAR", "DRIFT_COLLAR", "MAX_POSITION", "MAX_GROSS", "MAX_NET",
        "NO_EQUITY", "MAX_LEVERAGE", "NO_EQUITY", "MAX_MARGIN_USE", "NO_LIQ_PRICE",
        "MIN_LIQ_DISTANCE",
        "MAX_OPEN_ORDERS_SYMBOL", "MAX_OPEN_ORDERS", "MAX_INFLIGHT_SYMBOL", "MAX_INFLIGHT",
        "MAX_UNKNOWN_SYMBOL", "MAX_UNKNOWN", "ORDER_RATE_SYMBOL", "ORDER_RATE",
        "ORDER_RATE_MINUTE", "ORDER_RATE_DAY", "DUPLICATE", "MESSAGE_RATIO", "SELF_TRADE",
        "NOT_REDUCING",
    ]  # fmt: skip
