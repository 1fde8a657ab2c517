"""Changing a working order: checked, reviewed, and against the order as it is by then."""

from __future__ import annotations

from decimal import Decimal as D

from console.screens.fields import Field
from engine.core.commands import AmendOrder
from engine.core.events import EventType as E
from engine.core.orders.terms import Trigger, TriggerDirection
from tests.console.driving import Console
from tests.console.fakes import NOW, fill, happened


def field(c: Console, name: str) -> Field:
    return c.app.screen.query_one(f"#{name}", Field)


def sent(c: Console) -> list[tuple[D | None, D | None]]:
    return [(o.qty, o.price) for o in c.link.commands if isinstance(o, AmendOrder)]


async def open_amend(c: Console) -> None:
    """The order under the cursor is c-010: sell 0.700 BTCUSDT at 62,500.0."""
    await c.press("down", "m")
    assert c.sheet == "Amend"


def test_safe_needs_a_review_and_a_second_enter() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await open_amend(c)
        field(c, "qty").value = "0.600"
        await c.press("enter")
        assert sent(c) == []
        assert c.text("#review") == (
            "MODIFY BTCUSDT: quantity 0.700 → 0.600\nEnter sends, Esc leaves"
        )
        await c.press("enter")
        assert sent(c) == [(D("0.600"), None)]
        assert c.sheet == "MainScreen"

    console.run(play)


def test_armed_sends_with_one_enter() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("f8")
        await open_amend(c)
        await c.press("up", "enter")
        assert sent(c) == [(None, D("62500.10"))]

    console.run(play)


def test_what_enter_does_is_said_safe_reviewed_and_armed() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await open_amend(c)
        assert c.text("#keys") == "Enter reviews  ↑↓ step  Tab field  F8 arm  Esc leaves"
        await c.press("up", "enter")
        assert c.text("#keys").startswith("Enter sends  ")
        await c.press("up")
        assert c.text("#keys").startswith("Enter reviews  ")
        await c.press("f8")
        await c.frame()
        assert (c.sheet, sent(c)) == ("Amend", [])
        assert c.text("#keys").startswith("Enter sends  ")

    console.run(play)


def test_an_enter_held_down_never_sends() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await open_amend(c)
        await c.press("down", "enter")
        await c.press(*["enter"] * 10, gap=0.033)
        assert sent(c) == []

    console.run(play)


def test_a_change_after_the_review_voids_it() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await open_amend(c)
        await c.press("up", "enter", "up", "enter")
        assert sent(c) == []
        await c.press("enter")
        assert sent(c) == [(None, D("62500.20"))]

    console.run(play)


def test_malformed_fields_are_errors_beside_them() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await open_amend(c)
        field(c, "qty").value = "lots"
        field(c, "price").value = ""
        await c.press("enter", "enter")
        assert c.text("#error-qty") == "'lots' is not a number"
        assert c.text("#error-price") == "empty"
        assert sent(c) == []

    console.run(play)


def test_enter_without_a_change_just_leaves() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await open_amend(c)
        await c.press("enter")
        assert c.sheet == "MainScreen"
        assert sent(c) == []

    console.run(play)


def test_an_order_that_ended_meanwhile_cannot_be_changed() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await open_amend(c)
        await c.press("up")
        c.link.push(fill("c-010", "e-x", "0.700", "62500.0", 0, full=True))
        await c.frame()
        assert c.text("#review") == "cannot send: the order is Filled"
        await c.press("enter", "enter")
        assert sent(c) == []

    console.run(play)


def test_fills_are_live_and_limit_the_quantity() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await open_amend(c)
        c.link.push(fill("c-010", "e-x", "0.300", "62500.0", 0))
        await c.frame()
        assert c.text("#terms") == "SELL 0.700 BTCUSDT, 0.300 filled, PartiallyFilled"
        field(c, "qty").value = "0.200"
        await c.frame()
        assert c.text("#error-qty") == "0.300 is filled already; cancel it instead"

    console.run(play)


def test_a_market_order_cannot_be_modified() -> None:
    console = Console()

    async def play(c: Console) -> None:
        c.link.order("c-010").price = None
        c.session.replica.state.orders.orders["c-010"].price = None
        await c.press("down", "m")
        assert c.toasts == ["only a priced order of a known market can be modified"]

    console.run(play)


def test_another_orders_news_changes_nothing_here() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await open_amend(c)
        await c.press("up", "enter")
        before = c.text("#review")
        c.link.push(happened("c-004", E.CANCEL_REQUEST, 0))
        await c.frame()
        assert c.text("#review") == before
        assert c.session.replica.engine_ns >= NOW

    console.run(play)


def test_the_trigger_of_an_order_that_waits_is_changed() -> None:
    console = Console()

    async def play(c: Console) -> None:
        order = c.app.desk.order("c-010")
        assert order is not None
        order.trigger = Trigger(D("62400.0"), TriggerDirection.RISES)
        await open_amend(c)
        assert field(c, "trigger").has_focus
        field(c, "trigger").value = "62450.0"
        await c.press("enter")
        assert c.text("#review") == (
            "MODIFY BTCUSDT: trigger 62400.0 → 62450.0\nEnter sends, Esc leaves"
        )
        await c.press("enter")
        (command,) = [o for o in c.link.commands if isinstance(o, AmendOrder)]
        assert (command.qty, command.price, command.trigger_price) == (None, None, D("62450.0"))

    console.run(play)
