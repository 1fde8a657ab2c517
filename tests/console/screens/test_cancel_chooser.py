"""Cancel many: counts before the key, live, and protective orders named."""

from __future__ import annotations

from console.screens.cancel_chooser import cancel_groups
from engine.core import events as ev
from engine.core.events import EventType as E
from tests.console.driving import Console
from tests.console.fakes import NOW, FakeLink, busy_link, status


def test_every_group_counts_open_orders_only() -> None:
    orders = busy_link().state.orders.open_orders()
    groups = cancel_groups(orders, "SOLUSDT", ["c-003", "c-001"], "sym:BTC*")
    assert [(g.action_id, g.name, len(g.orders)) for g in groups] == [
        ("cancel.buys", "buys", 3),
        ("cancel.sells", "sells", 3),
        ("cancel.symbol", "SOLUSDT", 2),
        ("cancel.filter", "filter sym:BTC*", 1),
        ("cancel.all", "all", 6),
    ]


def test_protective_orders_are_named_in_the_count() -> None:
    link = busy_link()
    link.push(ev.OrderEvent(E.UNTRIGGERED, "c-010", NOW))
    groups = cancel_groups(link.state.orders.open_orders(), "BTCUSDT", [], "")
    assert [group.protective for group in groups] == [0, 1, 1, 0, 1]


def test_counts_follow_the_orders_while_it_is_open() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("C")
        assert "a  all                          6" in c.text("#groups")
        c.link.push(ev.OrderEvent(E.CANCEL_ACK, "c-005", NOW))
        await c.frame()
        assert "a  all                          5" in c.text("#groups")

    console.run(play)


def test_an_empty_group_cannot_be_chosen() -> None:
    link = FakeLink()
    link.tell(status())
    console = Console(link)

    async def play(c: Console) -> None:
        await c.press("C", "a")
        assert c.sheet == "CancelChooser"
        assert c.toasts == ["no open orders: all"]
        assert c.link.commands == []

    console.run(play)


def test_esc_cancels_nothing() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("C", "escape")
        assert c.link.commands == []

    console.run(play)
