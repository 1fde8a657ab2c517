"""Drill-down follows its order while it is open."""

from __future__ import annotations

from engine.core import events as ev
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
