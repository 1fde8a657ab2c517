"""The ticket: errors beside the field, review before sending, nothing by itself."""

from __future__ import annotations

from decimal import Decimal as D

from console.screens.fields import Choice, Field
from console.screens.ticket import SELDOM
from engine.core import events as ev
from engine.core.commands import PlaceOrder
from engine.core.limits import RiskLimits
from engine.core.orders.terms import Attached, Exit, Trigger, TriggerBy, TriggerDirection
from engine.core.types import OrderType, Side, TimeInForce, TradingState
from tests.console.driving import Console
from tests.console.fakes import BTC, NOW, SELL, order_events


def fill_in(c: Console, **texts: str) -> None:
    for name, text in texts.items():
        c.app.screen.query_one(f"#{name}", Field).value = text


def orders(c: Console) -> list[PlaceOrder]:
    return [command for command in c.link.commands if isinstance(command, PlaceOrder)]


def test_safe_needs_a_review_and_a_second_enter() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("b", "enter")
        assert orders(c) == []
        assert c.text("#review") == "BUY 0.002 BTCUSDT @ 60999.9 GTC\nEnter sends, Esc leaves"
        await c.press("enter")
        (order,) = orders(c)
        assert (order.symbol, order.side, order.qty, order.price) == (
            "BTCUSDT", Side.BUY, D("0.002"), D("60999.9"),
        )  # fmt: skip
        assert c.sheet == "MainScreen"

    console.run(play)


def test_an_enter_held_down_reviews_and_never_sends() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("b", "enter")
        await c.press(*["enter"] * 20, gap=0.033)
        assert orders(c) == []
        await c.press("enter", gap=0.4)
        assert len(orders(c)) == 1

    console.run(play)


def test_armed_sends_with_one_enter() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("f8", "s", "enter")
        (order,) = orders(c)
        assert (order.side, order.price) == (Side.SELL, D("61000.10"))

    console.run(play)


def test_f8_in_the_ticket_arms_without_leaving_it() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("b")
        assert c.text("#keys").startswith("Enter reviews")
        await c.press("f8")
        assert c.sheet == "Ticket"
        assert c.text("#keys").startswith("Enter sends")

    console.run(play)


def test_a_malformed_quantity_is_an_error_beside_it_and_nothing_is_sent() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("f8", "b")
        for text, error in (
            ("1x", "'1x' is not a number"),
            ("", "empty"),
            ("1,5", "no commas: write 1.5 or 15"),
            ("0.0025", "not a multiple of the lot 0.001; nearest 0.002 or 0.003"),
        ):
            fill_in(c, qty=text)
            await c.press("enter")
            assert c.text("#error-qty") == error
            assert c.app.screen.query_one("#qty").has_focus
        assert orders(c) == []

    console.run(play)


def test_an_empty_field_complains_only_once_it_was_to_be_sent() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("b")
        fill_in(c, qty="")
        await c.frame()
        assert c.text("#error-qty") == ""
        await c.press("enter")
        assert c.text("#error-qty") == "empty"

    console.run(play)


def test_a_change_after_the_review_voids_it() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("b", "enter")
        fill_in(c, qty="0.005")
        await c.frame()
        assert c.text("#review") == ""
        await c.press("enter")
        assert orders(c) == []
        await c.press("enter")
        assert [order.qty for order in orders(c)] == [D("0.005")]

    console.run(play)


def test_a_question_needs_the_review_even_when_armed() -> None:
    console = Console()

    async def play(c: Console) -> None:
        c.link.push(*order_events("mine", BTC, SELL, "0.100", "60999.9", 30))
        await c.frame()
        await c.press("f8", "b", "enter")
        assert orders(c) == []
        assert "would meet your own mine?" in c.text("#review")
        await c.press("enter")
        assert len(orders(c)) == 1

    console.run(play)


def test_the_same_order_again_is_asked_about() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("f8", "b", "enter", "b", "enter")
        assert len(orders(c)) == 1
        assert "same as td-run-1 a moment ago?" in c.text("#review")

    console.run(play)


def test_presets_and_steps_fill_in_the_quantity_and_the_price() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("b", "f4")
        assert c.app.screen.query_one("#qty", Field).value == "0.020"
        await c.press("up", "up", "down")
        assert c.app.screen.query_one("#qty", Field).value == "0.021"
        await c.press("tab", "down")
        assert c.app.screen.query_one("#price", Field).value == "60999.80"
        await c.press("tab", "down")
        assert c.app.screen.query_one("#tif", Choice).value == "IOC"
        await c.press("up")
        assert c.app.screen.query_one("#tif", Choice).value == "GTC"

    console.run(play)


def test_a_market_order_has_no_price_to_type() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("b", "shift+tab", "m")
        assert not c.app.screen.query_one("#row-price").display
        assert not c.app.screen.query_one("#row-tif").display
        await c.press("enter", "enter")
        (order,) = orders(c)
        assert (order.type, order.price, order.time_in_force) == (
            OrderType.MARKET, None, TimeInForce.IOC,
        )  # fmt: skip

    console.run(play)


def test_flags_go_with_the_order() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("s")
        c.app.screen.query_one("#post_only", Choice).choose("yes")
        c.app.screen.query_one("#reduce_only", Choice).choose("yes")
        await c.press("enter", "enter")
        (order,) = orders(c)
        assert (order.post_only, order.reduce_only) == (True, True)

    console.run(play)


def test_another_market_brings_its_own_price_and_size() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("b")
        c.app.screen.query_one("#symbol", Choice).choose("SOLUSDT")
        await c.frame()
        assert c.app.screen.query_one("#price", Field).value == "149.99"
        assert c.app.screen.query_one("#qty", Field).value == "1.0"
        assert c.app.screen.query_one("#sheet").border_title == "BUY SOLUSDT"

    console.run(play)


def test_the_preview_shows_value_touch_and_the_position_after() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("b")
        assert c.text("#preview") == (
            "value 122.00 USDT  bid 60,999.9 ask 61,000.1\nposition +0.900 → +0.902  at the mark"
        )

    console.run(play)


def test_a_halt_under_an_open_ticket_stops_the_send() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("b", "enter")
        c.link.push(ev.TradingStateChanged(ts=NOW, state=TradingState.HALTED, by="limits"))
        await c.frame()
        await c.press("enter")
        assert orders(c) == []
        assert c.text("#review").startswith("cannot send: trading is halted")

    console.run(play)


def test_a_denial_is_told_with_code_value_and_limit() -> None:
    console = Console()

    async def play(c: Console) -> None:
        c.link.respond = False
        await c.press("f8", "b", "enter")
        (order,) = orders(c)
        c.link.push(
            ev.OrderDenied(
                ts=NOW, command_id=order.command_id, client_order_id=order.client_order_id,
                symbol=order.symbol, side=order.side, qty=order.qty, price=order.price,
                code="MAX_POSITION", value="5", limit="1",
            )
        )  # fmt: skip
        await c.frame()
        assert c.toasts[-1] == "td-run-1 denied: MAX_POSITION 5, limit 1"

    console.run(play)


def test_what_the_engine_would_deny_is_said_beside_its_field_before_it_is_sent() -> None:
    console = Console()

    async def play(c: Console) -> None:
        tight = RiskLimits(max_order_notional_usd=D(100), symbols_allow=("BTCUSDT", "ETHUSDT"))
        c.link.push(ev.Reconciled(ts=NOW), ev.LimitsChanged(ts=NOW, limits=tight, by="me"))
        await c.frame()
        await c.press("b")
        fill_in(c, qty="0.002", price="60000.00")
        await c.frame()
        assert c.text("#error-qty") == (
            "MAX_ORDER_NOTIONAL 120, limit 100; would pass: at most 0.001"
        )
        fill_in(c, qty="0.001", price="10000.00")
        await c.frame()
        assert c.text("#error-qty") == ""
        assert c.text("#error-price") == (
            "PRICE_COLLAR 10,000, limit 48,800 to 67,100; would pass: at least 48,800"
        )
        assert c.text("#keys").startswith("Cannot send  F2")
        await c.press("enter", "enter", "f8", "enter")
        assert (c.sheet, c.link.commands, c.text("#review")) == ("Ticket", [], "")
        assert c.app.focused is c.app.screen.query_one("#price")
        fill_in(c, qty="0.001", price="60000.00")
        await c.frame()
        assert c.text("#keys").startswith("Enter asks once more  F2")

    console.run(play)


def test_a_denial_that_is_about_no_field_is_said_below_them() -> None:
    console = Console()

    async def play(c: Console) -> None:
        c.link.push(ev.Reconciled(ts=NOW), ev.LimitsChanged(
            ts=NOW, limits=RiskLimits(max_open_orders=1), by="me",
        ))  # fmt: skip
        await c.frame()
        await c.press("b")
        fill_in(c, qty="0.002", price="60000.00")
        await c.frame()
        assert c.text("#preview").startswith("would be denied: MAX_OPEN_ORDERS ")

    console.run(play)


def bound(c: Console, most: int) -> None:
    """Hold to this largest value of an order, in dollars."""
    limits = RiskLimits(max_order_notional_usd=D(most))
    c.link.push(ev.LimitsChanged(ts=NOW, limits=limits, by="me"))


def test_more_than_half_of_a_limit_is_asked_about_once_more() -> None:
    console = Console()

    async def play(c: Console) -> None:
        bound(c, 100)
        await c.press("b")
        fill_in(c, qty="0.001", price="60000.0")
        await c.frame()
        await c.press("enter")
        order = "BUY 0.001 BTCUSDT @ 60000.0 GTC"
        assert c.text("#review") == f"{order}\nEnter asks once more, Esc leaves"
        assert c.text("#keys").startswith("Enter asks once more")
        await c.press("enter", gap=0.4)
        assert orders(c) == []
        assert c.text("#review") == (
            f"{order}\nUNUSUAL SIZE: 60 % of MAX_ORDER_NOTIONAL. Really?  Enter sends, Esc leaves"
        )
        await c.press("enter", gap=0.4)
        assert len(orders(c)) == 1

    console.run(play)


def test_an_unusual_size_is_asked_about_while_armed_too() -> None:
    console = Console()

    async def play(c: Console) -> None:
        bound(c, 100)
        await c.press("f8", "b")
        fill_in(c, qty="0.001", price="60000.0")
        await c.frame()
        await c.press("enter")
        assert orders(c) == []
        assert "UNUSUAL SIZE: 60 % of MAX_ORDER_NOTIONAL. Really?" in c.text("#review")
        await c.press("enter", gap=0.1)
        assert orders(c) == []
        await c.press("enter", gap=0.4)
        assert len(orders(c)) == 1

    console.run(play)


def test_another_size_is_asked_about_anew() -> None:
    console = Console()

    async def play(c: Console) -> None:
        bound(c, 200)
        await c.press("f8", "b")
        fill_in(c, qty="0.002", price="60000.0")
        await c.frame()
        await c.press("enter")
        fill_in(c, qty="0.003")
        await c.frame()
        await c.press("enter", gap=0.4)
        assert orders(c) == []
        assert "UNUSUAL SIZE: 90 % of MAX_ORDER_NOTIONAL" in c.text("#review")
        fill_in(c, qty="0.001")
        await c.frame()
        await c.press("enter", gap=0.4)
        assert [order.qty for order in orders(c)] == [D("0.001")]

    console.run(play)


def test_a_stop_is_typed_reviewed_and_sent() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("b")
        fill_in(c, price="62010", trigger="62000 mark", stop_loss="61500")
        await c.press("enter")
        assert c.text("#review").startswith(
            "BUY 0.002 BTCUSDT @ 62010 GTC once mark rises to 62000 SL 61500"
        )
        await c.press("enter")
        (order,) = orders(c)
        assert order.trigger == Trigger(D(62_000), TriggerDirection.RISES, TriggerBy.MARK)
        assert order.attached == Attached(None, Exit(D(61_500)))

    console.run(play)


def test_a_trigger_on_the_wrong_side_is_foreseen_beside_its_field() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("b")
        fill_in(c, price="60010", trigger="60000")
        await c.frame()
        assert c.text("#error-trigger").startswith("TRIGGER_SIDE Rises to 60,000, limit above")
        fill_in(c, trigger="60000 sideways")
        await c.frame()
        assert c.text("#error-trigger").startswith("'sideways' is none of last, mark, index")

    console.run(play)


def test_slippage_is_asked_for_where_it_counts() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("b", "f7")
        shown = c.app.screen.query_one("#row-slippage")
        assert not shown.display
        c.app.screen.query_one("#type", Choice).choose("Market")
        await c.frame()
        assert shown.display
        fill_in(c, trigger="62000")
        await c.frame()
        assert not shown.display

    console.run(play)


def test_what_few_orders_say_is_shown_by_a_key_and_never_hidden_once_it_is_typed() -> None:
    console = Console()

    async def play(c: Console) -> None:
        def shown() -> list[str]:
            rows = {name: c.app.screen.query_one(f"#row-{name}") for name in SELDOM}
            return [name for name, row in rows.items() if row.display]

        await c.press("b")
        assert shown() == []
        await c.press("f7")
        assert shown() == ["trigger", "take_profit", "stop_loss"]
        assert c.app.screen.query_one("#trigger").has_focus
        fill_in(c, stop_loss="60500")
        await c.press("f7")
        assert shown() == ["stop_loss"]
        assert c.app.screen.query_one("#qty").has_focus

    console.run(play)


def test_another_market_clears_the_prices_of_the_old_one() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("b")
        fill_in(c, trigger="62000", take_profit="64000", stop_loss="61000")
        symbol = c.app.screen.query_one("#symbol", Choice)
        symbol.choose(next(word for word in symbol.words if word != "BTCUSDT"))
        await c.frame()
        typed = [c.app.screen.query_one(f"#{n}", Field).value for n in ("trigger", "stop_loss")]
        assert typed == ["", ""]

    console.run(play)
