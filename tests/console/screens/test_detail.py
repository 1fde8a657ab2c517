"""Drill-down follows its order while it is open."""

from __future__ import annotations

from console.screens.fields import Field
from engine.core import events as ev
from engine.core.commands import ReadOrder
from engine.core.events import EventType as E
from tests.console.driving import Console
from tests.console.fakes import NOW, fill


def test_new_events_of_the_order_appear_as_they_come() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("down", "enter")
        assert "FILLS 0" in c.text("#reader-text")
        c.link.push(fill("c-010", "e-new", "0.100", "62500.0", 0))
        await c.frame()
        assert "FILLS 1" in c.text("#reader-text")
        assert "e-new" in c.text("#reader-text")

    console.run(play)


def test_other_orders_change_nothing() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("down", "enter")
        before = c.text("#reader-text")
        c.link.push(ev.OrderEvent(E.CANCEL_ACK, "c-005", NOW))
        await c.frame()
        assert c.text("#reader-text") == before

    console.run(play)


def test_a_snapshot_replaces_the_order_it_shows() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("down", "enter")
        c.link.push(ev.OrderEvent(E.CANCEL_ACK, "c-010", NOW))
        c.link.update.events.clear()
        c.link.update.snapshot = c.link.state.encode()
        c.link.update.snapshot_seq = c.link.state.seq
        await c.frame()
        assert "CANCELED" in c.text("#reader-text")

    console.run(play)


def test_an_order_is_opened_by_its_id_ours_or_the_venues() -> None:
    console = Console()

    async def play(c: Console) -> None:
        venue_id = c.link.state.orders.orders["c-010"].exchange_order_id
        for name in ("c-010", venue_id):
            await open_by_id(c, name)
            assert "our id    c-010" in c.text("#reader-text")
            await c.press("escape")
        assert c.link.commands == []

    console.run(play)


def test_an_order_that_has_left_memory_is_asked_for_and_shown_when_it_is_back() -> None:
    console = Console()

    async def play(c: Console) -> None:
        left = c.link.state.orders.orders["c-001"]
        c.link.push(
            ev.EngineStarted(
                ts=NOW, account="paper", venue="bybit", environment="local", closed_kept=1
            )
        )
        await c.frame()
        await open_by_id(c, "x-c-001")
        assert c.text("#reader-text") == "Not in memory: the journal is asked for it."
        (command,) = c.link.commands
        assert isinstance(command, ReadOrder)
        assert (command.name, command.by) == ("x-c-001", "operator")
        c.link.push(ev.OrderRecalled(ts=NOW, client_order_id="c-001", order=left))
        await c.frame()
        assert "our id    c-001" in c.text("#reader-text")

    console.run(play)


async def open_by_id(c: Console, name: str) -> None:
    c.app.perform("view.find")
    await c.settle()
    c.app.screen.query_one("#typed-0", Field).value = name
    await c.press("enter")
