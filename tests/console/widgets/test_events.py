"""The event list: newest on top, standing still when asked to."""

from __future__ import annotations

from textual.pilot import Pilot

from console.widgets.events import EventsPanel
from engine.core import events as ev
from engine.core.events import EventType
from engine.core.state import State
from engine.core.status import LinkUpdate
from tests.console.fakes import NOW, happened
from tests.console.widgets.harness import Desk, Repaints, heard, lines, show


def _more(text: str) -> ev.Event:
    return happened("c-004", EventType.CANCEL_REJECT, 0, text=text)


def test_the_newest_event_is_on_top() -> None:
    panel, desk = EventsPanel(), Desk()

    async def steps(pilot: Pilot[None]) -> None:
        panel.sync(desk.frame().events)
        panel.sync(desk.frame(_more("too late")).events)
        await pilot.pause()
        assert lines(panel)[1] == (
            " 14:03:22.442 c-004        ACKED             cancel refused too late"
        )
        assert str(panel.border_title).startswith("6 Events/audit ── #")

    show(panel, steps)


def test_without_events_it_says_so_and_without_news_it_repaints_nothing() -> None:
    panel, desk = EventsPanel(), Desk()

    async def steps(pilot: Pilot[None]) -> None:
        assert lines(panel)[1] == " nothing has happened yet"
        panel.sync(desk.frame().events)
        await pilot.pause()
        repaints = Repaints(panel)
        panel.sync(desk.frame().events)
        assert repaints.lines() == []

    show(panel, steps)


def test_while_paused_the_list_stands_still_and_counts_what_it_holds_back() -> None:
    panel, desk = EventsPanel(), Desk()

    async def steps(pilot: Pilot[None]) -> None:
        panel.sync(desk.frame().events)
        panel.toggle_pause()
        before = lines(panel)
        panel.sync(desk.frame(_more("one"), _more("two")).events)
        await pilot.pause()
        assert lines(panel) == before
        assert "PAUSED +2" in str(panel.border_title)
        panel.toggle_pause()
        await pilot.pause()
        assert lines(panel)[1].endswith("two")

    show(panel, steps)


def test_after_a_move_the_viewport_stays_with_its_events() -> None:
    panel, desk = EventsPanel(), Desk()

    async def steps(pilot: Pilot[None]) -> None:
        panel.sync(desk.frame().events)
        panel.focus()
        await pilot.press("down", "down")
        before = panel.visible_ids()
        panel.sync(desk.frame(_more("one"), _more("two")).events)
        await pilot.pause()
        assert panel.visible_ids() == before
        assert "not following" in str(panel.border_title)
        await pilot.press("home")
        assert lines(panel)[1].endswith("two")
        panel.toggle_follow()
        assert not panel.following
        panel.toggle_follow()
        assert panel.following

    show(panel, steps, (140, 8))


def test_scrolling_with_the_wheel_ends_following() -> None:
    panel, desk = EventsPanel(), Desk()

    async def steps(pilot: Pilot[None]) -> None:
        panel.sync(desk.frame().events)
        panel.on_mouse_scroll_down()
        assert not panel.following

    show(panel, steps, (140, 8))


def test_enter_names_the_event_and_its_order() -> None:
    panel, desk = EventsPanel(), Desk()

    async def steps(pilot: Pilot[None]) -> None:
        panel.sync(desk.frame(_more("no"), ev.Reconciled(ts=NOW)).events)
        panel.focus()
        messages = heard(panel, EventsPanel.Selected)
        await pilot.press("down", "enter", "down", "enter")
        seq = desk.replica.state.seq
        assert [(m.seq, m.order_id) for m in messages] == [  # type: ignore[attr-defined]
            (seq, ""),
            (seq - 1, "c-004"),
        ]

    show(panel, steps)


def test_a_snapshot_of_an_earlier_moment_empties_the_list() -> None:
    panel, desk = EventsPanel(), Desk()

    async def steps(pilot: Pilot[None]) -> None:
        panel.sync(desk.frame().events)
        panel.focus()
        await pilot.press("down")
        update = LinkUpdate(snapshot=State().encode(), snapshot_seq=0)
        panel.sync(desk.frame(update=update).events)
        await pilot.pause()
        assert lines(panel)[1] == " nothing has happened yet"
        await pilot.press("enter", "down")
        assert panel.row_index("7") is None

    show(panel, steps)
