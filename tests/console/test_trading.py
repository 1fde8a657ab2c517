"""Operations that lead to orders and cancels, as keys on the running app."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from console.screens.fields import Choice
from console.widgets.ladder import LadderPanel
from engine.core import events as ev
from engine.core.commands import (
    AmendOrder,
    CancelAll,
    CancelOrder,
    PlaceOrder,
    Reconcile,
    SettleDrift,
)
from engine.core.reports import FillEvent
from engine.core.settings import MarketSettings
from engine.core.status import ReconcileStatus, VenueJoin
from engine.core.types import (
    DriftAction,
    DriftKind,
    JoinState,
    OrderType,
    Side,
    TimeInForce,
    TradingState,
)
from tests.console.driving import Console
from tests.console.fakes import NOW, NS, FakeLink, busy_link, status


def test_buy_and_sell_open_a_ticket_at_the_touch_and_send_nothing() -> None:
    console = Console()

    async def play(c: Console) -> None:
        for key, side, price in (("b", Side.BUY, "60999.9"), ("s", Side.SELL, "61000.1")):
            await c.press(key)
            assert c.sheet == "Ticket"
            text = c.app.screen.ticket_text()  # type: ignore[attr-defined]
            assert (text.symbol, text.side, text.qty, text.price) == (
                "BTCUSDT", side, "0.002", price,
            )  # fmt: skip
            await c.press("escape")
        assert c.link.commands == []

    console.run(play)


def test_a_level_picked_in_the_ladder_opens_a_ticket_at_its_price() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("2")  # where positions have the keys, but a click is on the ladder
        c.app.main.post_message(LadderPanel.Picked("BTCUSDT", Side.SELL, D("61000.50")))
        await c.settle()
        text = c.app.screen.ticket_text()  # type: ignore[attr-defined]
        assert (text.symbol, text.side, text.price) == ("BTCUSDT", Side.SELL, "61000.5")

    console.run(play)


def test_in_positions_the_row_is_meant_and_enter_shows_its_market() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("2", "down", "X")
        text = c.app.screen.ticket_text()  # type: ignore[attr-defined]
        assert (text.symbol, text.side, text.qty) == ("ETHUSDT", Side.BUY, "2.00")
        assert c.session.ui.symbol == "BTCUSDT"
        await c.press("escape", "enter")
        assert c.session.ui.symbol == "ETHUSDT"

    console.run(play)


def test_without_a_market_there_is_no_ticket() -> None:
    console = Console(FakeLink())

    async def play(c: Console) -> None:
        await c.press("b", "X", "c", "C", "m")
        assert c.sheet == "MainScreen"
        assert c.toasts == [
            "no market yet: the engine is still starting",
            "no position",
            "no order under the cursor",
            "the engine is still starting",
            "no order under the cursor",
        ]

    console.run(play)


def test_close_position_opens_a_reduce_only_market_ticket_of_its_size() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("X", "enter", "enter")
        (order,) = c.link.commands
        assert isinstance(order, PlaceOrder)
        assert (order.side, order.qty, order.reduce_only) == (Side.SELL, D("0.900"), True)
        assert (order.type, order.price, order.time_in_force) == (
            OrderType.MARKET, None, TimeInForce.IOC,
        )  # fmt: skip

    console.run(play)


def test_close_position_without_one_says_so() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("right_square_bracket", "right_square_bracket", "X")
        assert c.toasts == ["no position in SOLUSDT"]

    console.run(play)


def test_safe_cancel_asks_on_the_row_and_y_sends() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("down", "c")
        question = c.app.main.question
        assert question.display
        assert str(question.content) == " Cancel SELL 0.700 BTCUSDT @ 62,500 c-010?  y / N "
        assert question.region.y == c.app.main.cursor_line()
        await c.press("y")
        assert [type(command) for command in c.link.commands] == [CancelOrder]
        assert not question.display
        assert c.app.main.blotter.has_focus

    console.run(play)


def test_anything_but_y_is_no() -> None:
    console = Console()

    async def play(c: Console) -> None:
        for key in ("n", "escape", "enter", "c", "Y"):
            await c.press("down", "c", key)
            assert not c.app.main.question.display
        assert c.link.commands == []

    console.run(play)


def test_a_y_that_came_with_the_question_is_not_an_answer() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("down", "c")
        await c.press("y", gap=0.01)
        assert c.link.commands == []
        assert c.app.main.question.display

    console.run(play)


def test_armed_cancel_sends_at_once() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("f8", "down", "d")
        assert [o.client_order_id for o in c.link.commands] == ["c-010"]  # type: ignore[union-attr]

    console.run(play)


def test_a_closed_order_cannot_be_cancelled_or_modified() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("down", "down", "c", "m")
        assert c.toasts == ["c-009 is Denied already"] * 2
        assert c.link.commands == []

    console.run(play)


def test_cancel_many_sends_the_ids_that_were_counted() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("C", "s")
        (command,) = c.link.commands
        assert isinstance(command, CancelAll)
        assert set(command.client_order_ids or ()) == {"c-004", "c-006", "c-010"}

    console.run(play)


def test_cancel_many_of_the_filter_spares_what_it_hides() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("slash", *"sym:ETH*", "enter", "C", "f", gap=0.2)
        (command,) = c.link.commands
        assert isinstance(command, CancelAll)
        assert command.client_order_ids == ("c-004",)

    console.run(play)


def test_modify_changes_the_rows_order() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("down", "m", "up", "enter", "enter")
        (command,) = c.link.commands
        assert isinstance(command, AmendOrder)
        assert (command.client_order_id, command.price, command.qty) == (
            "c-010", D("62500.1"), None,
        )  # fmt: skip

    console.run(play)


def test_reconcile_asks_the_venue_now() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("r")
        assert [type(command) for command in c.link.commands] == [Reconcile]

    console.run(play)


def drifting(kind: DriftKind = DriftKind.UNEXPLAINED) -> FakeLink:
    """A link whose engine holds 0.9 BTC where the venue shows 0.7."""
    link = busy_link()
    drift = ev.Drift(
        symbol="BTCUSDT", ours=D("0.9"), venue=D("0.7"), since_ts=NOW, kind=kind, cause="why"
    )
    unexplained = kind is DriftKind.UNEXPLAINED
    told = ReconcileStatus(
        last_ok_ts=NOW,
        drift=(drift,) if unexplained else (),
        pending=() if unexplained else (drift,),
    )
    link.tell(status(reconcile=told))
    return link


def test_the_markets_of_the_account_are_offered_and_no_others() -> None:
    link = busy_link()
    link.tell(status(symbols=("BTCUSDT", "SOLUSDT")))
    console = Console(link)

    async def play(c: Console) -> None:
        assert c.session.symbols() == ["BTCUSDT", "SOLUSDT"]
        await c.press("b")
        assert c.app.screen.query_one("#symbol", Choice).words == ("BTCUSDT", "SOLUSDT")
        await c.press("escape", "2", "down", "X")  # what is held elsewhere can be closed
        text = c.app.screen.ticket_text()  # type: ignore[attr-defined]
        assert (text.symbol, text.reduce_only) == ("ETHUSDT", True)
        assert c.text("#error-symbol") == ""
        c.app.screen.query_one("#reduce_only", Choice).choose("no")
        await c.settle()
        assert c.text("#error-symbol") == "ETHUSDT is not among this account's symbols"

    console.run(play)


def test_symbols_that_the_venue_does_not_have_open_no_ticket() -> None:
    link = busy_link()
    link.tell(status(symbols=("XRPUSDT",)))
    console = Console(link)

    async def play(c: Console) -> None:
        await c.press("b")
        assert c.toasts == ["no market yet: the venue has none of this account's symbols: XRPUSDT"]

    console.run(play)


def test_without_a_market_a_ticket_says_why_the_venue_was_not_reached() -> None:
    link = FakeLink()
    join = VenueJoin(state=JoinState.UNREACHABLE, retry_ts=NOW + 6 * NS, error="name unknown")
    link.tell(status(join=join))
    console = Console(link)

    async def play(c: Console) -> None:
        await c.press("b")
        assert c.toasts[-1] == (
            "no market yet: the venue has not been reached: name unknown; next try in 6 s"
        )

    console.run(play)


@pytest.mark.parametrize(
    ("key", "action", "more", "for_s"),
    [
        ("A", DriftAction.ADOPT, (), 0.0),
        ("F", DriftAction.FLATTEN, (), 0.0),
        ("I", DriftAction.IGNORE, ("enter", "3", "0"), 1800.0),
    ],
)
def test_a_difference_is_settled_with_the_symbol_typed_and_a_reason(
    key: str, action: DriftAction, more: tuple[str, ...], for_s: float
) -> None:
    console = Console(drifting())

    async def play(c: Console) -> None:
        await c.press("5", key, *"BTCUSDT", "enter", *"web", *more)
        assert c.link.commands == []
        await c.press("enter")
        (command,) = c.link.commands
        assert isinstance(command, SettleDrift)
        assert (command.symbol, command.action, command.qty, command.reason, command.for_s) == (
            "BTCUSDT", action, D("-0.2"), "web", for_s,
        )  # fmt: skip

    console.run(play)


def test_a_difference_is_left_alone_when_the_sheet_is_left() -> None:
    console = Console(drifting())

    async def play(c: Console) -> None:
        await c.press("5", "A", "escape")
        assert c.link.commands == []

    console.run(play)


def test_without_a_difference_or_while_fills_are_on_their_way_there_is_nothing_to_settle() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("A")
        assert c.toasts == ["no difference to settle"]

    console.run(play)
    waiting = Console(drifting(DriftKind.PENDING))

    async def wait(c: Console) -> None:
        await c.press("I")
        assert c.toasts == ["BTCUSDT: why; it is compared again by itself"]

    waiting.run(wait)
    silent = Console(drifting())

    async def play_silent(c: Console) -> None:
        c.alive = False
        c.wait(3.0)
        await c.press("A")
        assert c.toasts == ["the engine has not been heard from; only the kill key is left"]

    silent.run(play_silent)


def test_a_silent_engine_takes_no_cancels() -> None:
    console = Console()

    async def play(c: Console) -> None:
        c.alive = False
        c.wait(3.0)
        await c.press("C", "r")
        assert c.link.commands == []
        assert c.toasts == ["the engine has not been heard from; only the kill key is left"] * 2

    console.run(play)


def test_while_halted_cancels_go_and_orders_do_not() -> None:
    console = Console()

    async def play(c: Console) -> None:
        c.link.push(ev.TradingStateChanged(ts=NOW, state=TradingState.HALTED, by="limits"))
        c.link.tell(status())
        await c.frame()
        await c.press("b", "enter", "enter")
        assert c.link.commands == []
        assert "cannot send: trading is halted" in c.text("#review")
        await c.press("escape", "down", "c", "y")
        assert [type(command) for command in c.link.commands] == [CancelOrder]

    console.run(play)


def test_own_orders_at_a_level_are_cancelled_after_a_question() -> None:
    console = Console()

    async def play(c: Console) -> None:
        message = LadderPanel.CancelAt("BTCUSDT", D("60999.0"), ("c-003",))
        c.app.main.post_message(message)
        await c.settle()
        assert "Cancel 1 own order at 60,999?" in str(c.app.main.question.content)
        await c.press("y")
        (command,) = c.link.commands
        assert isinstance(command, CancelAll)
        assert command.client_order_ids == ("c-003",)
        await c.press("f8")
        c.app.main.post_message(LadderPanel.CancelAt("BTCUSDT", D("1"), ("c-004", "c-010")))
        await c.settle()
        assert len(c.link.commands) == 2

    console.run(play)


def test_of_a_hedge_the_side_under_the_cursor_is_closed() -> None:
    console = Console()

    async def play(c: Console) -> None:
        market = MarketSettings("SOLUSDT", hedged=True)
        c.link.push(ev.SettingsChanged(ts=NOW, markets=(market,)))
        await c.frame()
        for index, side in ((1, Side.BUY), (2, Side.SELL)):
            c.app.replica.state.positions.apply_fill(
                FillEvent(
                    exec_id=f"h{index}", client_order_id="h", symbol="SOLUSDT", side=side,
                    qty=D(index), price=D(150), position_index=index,
                )
            )  # fmt: skip
        c.app.session.show_symbol("SOLUSDT")
        await c.press("X")
        assert c.toasts == ["SOLUSDT is hedged: choose a side of it in panel 2"]
        c.link.push(ev.ConnectivityChanged(ts=NOW, link="public", up=True))
        await c.frame()
        await c.press("2")
        c.app.main.positions.move_cursor("SOLUSDT#2")
        await c.press("X")
        text = c.app.screen.ticket_text()  # type: ignore[attr-defined]
        assert (text.symbol, text.side, text.qty, text.reduce_only) == (
            "SOLUSDT", Side.BUY, "2", True,
        )  # fmt: skip

    console.run(play)
