"""From typed text to an order: every malformed field is an error, never a default."""

from __future__ import annotations

from decimal import Decimal as D

import msgspec
import pytest

from console.entry import (
    Market,
    TicketText,
    describe,
    read_amend,
    read_ticket,
)
from engine.core.commands import PlaceOrder
from engine.core.orders.machine import Order
from engine.core.orders.terms import (
    Attached,
    Exit,
    Slippage,
    SlippageUnit,
    Trigger,
    TriggerBy,
    TriggerDirection,
)
from engine.core.settings import MarketSettings
from engine.core.types import Category, OrderType, Side, TimeInForce
from tests.console.fakes import BTC, NOW, NS, quote

MARKET = Market(instrument=BTC, quote=quote(BTC), now_ns=NOW)
GOOD = TicketText("BTCUSDT", Side.BUY, "0.010", "60999.9")


def text(**changes: object) -> TicketText:
    return msgspec.structs.replace(GOOD, **changes)


def market(**changes: object) -> Market:
    return msgspec.structs.replace(MARKET, **changes)


def order(side: Side, qty: str, price: str | None, age_s: float = 60) -> Order:
    return Order(
        client_order_id="td-1",
        symbol="BTCUSDT",
        side=side,
        qty=D(qty),
        price=None if price is None else D(price),
        created_ts=NOW - round(age_s * NS),
    )


def test_a_whole_ticket_becomes_an_order_without_ids() -> None:
    entry = read_ticket(GOOD, MARKET)
    assert entry.errors == {}
    assert entry.questions == ()
    assert entry.notional == D("609.9990")
    assert entry.order == PlaceOrder(
        command_id="",
        client_order_id="",
        symbol="BTCUSDT",
        side=Side.BUY,
        qty=D("0.010"),
        price=D("60999.9"),
    )


@pytest.mark.parametrize(
    ("changes", "field", "error"),
    [
        ({"qty": "1x"}, "qty", "'1x' is not a number"),
        ({"qty": "0.0105"}, "qty", "not a multiple of the lot 0.001; nearest 0.010 or 0.011"),
        ({"qty": "0.0001"}, "qty", "least is 0.001"),
        ({"qty": "1001"}, "qty", "most is 1,000"),
        ({"price": ""}, "price", "empty"),
        ({"price": "61000.05"}, "price",
         "not a multiple of the tick 0.1; nearest 61,000.0 or 61,000.1"),
        ({"price": "0.05"}, "price", "not a multiple of the tick 0.1; nearest 0.1"),
        ({"post_only": True, "time_in_force": TimeInForce.IOC}, "post_only",
         "IOC never rests; use GTC"),
        ({"post_only": True, "type": OrderType.MARKET}, "post_only",
         "a market order always takes"),
        ({"reduce_only": True}, "reduce_only", "a buy reduces nothing; position is 0"),
        ({"symbol": "XRPUSDT"}, "symbol", "XRPUSDT is not traded here"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_beside_its_field(
    changes: dict[str, object], field: str, error: str
) -> None:
    where = market(instrument=None) if field == "symbol" else MARKET
    entry = read_ticket(text(**changes), where)
    assert entry.order is None
    assert entry.errors == {field: error}


def test_a_market_that_the_account_does_not_name_is_refused_unless_to_be_closed() -> None:
    elsewhere = market(ours=False, held=(D("-0.020"),))
    entry = read_ticket(text(), elsewhere)
    assert entry.order is None
    assert entry.errors == {"symbol": "BTCUSDT is not among this account's symbols"}
    assert read_ticket(text(reduce_only=True), elsewhere).order is not None


def test_every_wrong_field_is_named_at_once() -> None:
    entry = read_ticket(text(qty="x", price="y"), MARKET)
    assert set(entry.errors) == {"qty", "price"}


def test_an_order_worth_too_little_is_refused_with_its_value() -> None:
    entry = read_ticket(text(qty="0.001", price="1000.0"), MARKET)
    assert entry.errors == {"qty": "1 is under the least order value 5"}


def test_a_market_order_has_no_price_and_is_ioc() -> None:
    entry = read_ticket(text(type=OrderType.MARKET, price="junk"), MARKET)
    assert entry.order is not None
    assert entry.order.price is None
    assert entry.order.time_in_force is TimeInForce.IOC
    assert entry.notional == D("0.010") * D("61000.1")


def test_a_market_order_has_its_own_largest_size() -> None:
    entry = read_ticket(text(type=OrderType.MARKET, qty="101"), MARKET)
    assert entry.errors == {"qty": "most is 100"}


def test_reduce_only_never_flips_the_position() -> None:
    long = market(held=(D("0.5"),))
    sell = text(side=Side.SELL, reduce_only=True)
    assert read_ticket(msgspec.structs.replace(sell, qty="0.5"), long).errors == {}
    assert read_ticket(msgspec.structs.replace(sell, qty="0.501"), long).errors == {
        "qty": "would flip the position; most is 0.5"
    }


def test_spot_has_nothing_to_reduce() -> None:
    spot = market(instrument=msgspec.structs.replace(BTC, category=Category.SPOT))
    assert read_ticket(text(reduce_only=True), spot).errors == {
        "reduce_only": "spot has no positions to reduce"
    }


def test_the_same_order_twice_within_ten_seconds_is_asked_about() -> None:
    twin = order(Side.BUY, "0.010", "60999.9", age_s=3)
    entry = read_ticket(GOOD, market(recent=[twin]))
    assert entry.questions == ("same as td-1 a moment ago",)
    assert entry.order is not None
    assert entry.order.repeat
    assert not read_ticket(GOOD, market()).order.repeat  # type: ignore[union-attr]
    old = order(Side.BUY, "0.010", "60999.9", age_s=11)
    assert read_ticket(GOOD, market(recent=[old])).questions == ()


def test_an_own_order_on_the_other_side_that_would_be_met_is_asked_about() -> None:
    met = market(working=[order(Side.SELL, "1", "60999.9")])
    clear = market(working=[order(Side.SELL, "1", "61000.0"), order(Side.BUY, "1", "70000.0")])
    assert read_ticket(GOOD, met).questions == ("would meet your own td-1",)
    assert read_ticket(GOOD, clear).questions == ()


def test_a_market_order_meets_any_own_order_on_the_other_side() -> None:
    resting = market(working=[order(Side.BUY, "1", "100.0")])
    sell = text(side=Side.SELL, type=OrderType.MARKET)
    assert read_ticket(sell, resting).questions == ("would meet your own td-1",)


def test_a_price_far_through_the_mark_is_asked_about_and_a_passive_one_is_not() -> None:
    assert read_ticket(text(price="67100.0"), MARKET).questions == ("10.0 % through the mark",)
    assert read_ticket(text(price="50000.0"), MARKET).questions == ()
    low_sell = text(side=Side.SELL, price="54900.0")
    assert read_ticket(low_sell, MARKET).questions == ("10.0 % through the mark",)


def test_the_hint_says_how_far_the_price_is_from_the_mark() -> None:
    assert read_ticket(text(price="60390.0"), MARKET).hint == "-1.00 % from the mark"
    assert read_ticket(GOOD, MARKET).hint == "at the mark"
    assert read_ticket(GOOD, market(quote=None)).hint == ""


def test_the_hint_warns_of_a_post_only_order_that_would_take() -> None:
    crossing = text(price="61000.1", post_only=True)
    assert read_ticket(crossing, MARKET).hint == (
        "would take: the venue cancels a post-only order that crosses"
    )


def test_an_order_is_described_whole() -> None:
    entry = read_ticket(text(post_only=True), MARKET)
    assert entry.order is not None
    assert describe(entry.order) == "BUY 0.010 BTCUSDT @ 60999.9 GTC post-only"
    sell = text(side=Side.SELL, type=OrderType.MARKET, reduce_only=True)
    close = read_ticket(sell, market(held=(D("0.010"),)))
    assert close.order is not None
    assert describe(close.order) == "SELL 0.010 BTCUSDT at market IOC reduce-only"


def test_an_amend_names_only_what_changes() -> None:
    resting = order(Side.BUY, "0.010", "60000.0")
    price_only = read_amend(resting, BTC, "0.010", "60001.0").command
    both = read_amend(resting, BTC, "0.020", "60001.0").command
    assert price_only is not None
    assert both is not None
    assert (price_only.qty, price_only.price) == (None, D("60001.0"))
    assert (both.qty, both.price) == (D("0.020"), D("60001.0"))


def test_an_amend_cannot_go_below_what_has_filled() -> None:
    partly = order(Side.BUY, "0.010", "60000.0")
    partly.cum_qty = D("0.005")
    assert read_amend(partly, BTC, "0.005", "60000.0").errors == {
        "qty": "0.005 is filled already; cancel it instead"
    }


def test_an_amend_that_changes_nothing_says_so() -> None:
    resting = order(Side.BUY, "0.010", "60000.0")
    assert read_amend(resting, BTC, "0.010", "60000.0").errors == {"qty": "nothing changed"}


def test_a_malformed_amend_is_an_error_beside_its_field() -> None:
    resting = order(Side.BUY, "0.010", "60000.0")
    assert set(read_amend(resting, BTC, "x", "").errors) == {"qty", "price"}


# --- what waits, and what it brings --------------------------------------------------------------

RISES = Trigger(D(62_000), TriggerDirection.RISES)


def test_a_ticket_may_wait_and_bring_exits() -> None:
    typed = text(trigger="62000", price="62010", take_profit="64000", stop_loss="61000 mark")
    entry = read_ticket(typed, MARKET)
    assert entry.order is not None
    assert entry.order.trigger == RISES
    assert entry.order.attached == Attached(Exit(D(64_000)), Exit(D(61_000), TriggerBy.MARK))
    assert describe(entry.order) == (
        "BUY 0.010 BTCUSDT @ 62010 GTC once last rises to 62000 TP 64000 SL 61000 mark"
    )
    assert (entry.questions, entry.hint) == ((), "waits +1.64 % from the mark")


def test_a_stop_at_market_is_worth_what_its_trigger_says() -> None:
    entry = read_ticket(text(type=OrderType.MARKET, trigger="62000"), MARKET)
    assert entry.order is not None
    assert (entry.order.price, entry.notional) == (None, D(620))


def test_only_a_market_order_that_does_not_wait_is_asked_for_its_slippage() -> None:
    market_order = read_ticket(text(type=OrderType.MARKET, slippage="0.5"), MARKET).order
    assert market_order is not None
    assert market_order.slippage == Slippage(SlippageUnit.PERCENT, D("0.5"))
    for changes in (
        {"slippage": "x"},
        {"type": OrderType.MARKET, "slippage": "x", "trigger": "62000"},
    ):
        order = read_ticket(text(**changes), MARKET).order
        assert order is not None
        assert order.slippage is None
    assert read_ticket(text(type=OrderType.MARKET, slippage="x"), MARKET).errors == {
        "slippage": "'x' is not a number"
    }


def test_every_field_that_is_wrong_says_so() -> None:
    typed = text(trigger="1 x", take_profit="y", stop_loss="z")
    assert set(read_ticket(typed, MARKET).errors) == {"trigger", "take_profit", "stop_loss"}


def test_what_waits_is_no_twin_of_what_waits_for_another_price_and_meets_nothing() -> None:
    other = order(Side.BUY, "0.010", "60999.9", age_s=1)
    other.trigger = RISES
    sell = order(Side.SELL, "0.010", "60000.0")
    known = market(recent=[other], working=[sell])
    assert read_ticket(text(trigger="62000"), known).questions == ("same as td-1 a moment ago",)
    assert read_ticket(text(trigger="62001"), known).questions == ()


def test_the_trigger_of_a_stop_is_changed_while_it_waits() -> None:
    stop = order(Side.BUY, "0.010", None)
    stop.type, stop.trigger = OrderType.MARKET, RISES
    entry = read_amend(stop, BTC, "0.010", "", "62100")
    assert entry.command is not None
    assert (entry.command.price, entry.command.qty, entry.command.trigger_price) == (
        None,
        None,
        D(62_100),
    )
    assert entry.notional == D(621)
    assert read_amend(stop, BTC, "0.010", "", "62000").errors == {"qty": "nothing changed"}
    assert read_amend(stop, BTC, "0.010", "", "x").errors == {"trigger": "'x' is not a number"}
    stop.triggered = True
    assert read_amend(stop, BTC, "0.010", "", "62100").errors == {"qty": "nothing changed"}


def test_reduce_only_is_measured_by_the_side_of_a_hedge_that_it_reduces() -> None:
    hedged = market(
        held=(D(0), D("0.5"), D("-0.2")), settings=MarketSettings("BTCUSDT", hedged=True)
    )
    close = text(side=Side.SELL, qty="0.3", price="61000.1", reduce_only=True)
    assert read_ticket(close, hedged).errors == {}
    cover = text(side=Side.BUY, qty="0.3", reduce_only=True)
    assert read_ticket(cover, hedged).errors == {"qty": "would flip the position; most is 0.2"}
    assert hedged.position(Side.BUY, reduce_only=False) == D("0.5")
