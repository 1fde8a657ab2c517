"""The requests panel at work."""

from __future__ import annotations

from textual.pilot import Pilot

from console.widgets.requests import RequestsPanel
from tests.console.widgets.harness import Desk, lines, show


def test_requests_and_health() -> None:
    panel, desk = RequestsPanel(), Desk()

    async def steps(pilot: Pilot[None]) -> None:
        panel.sync(desk.frame().requests)
        await pilot.pause()
        shown = lines(panel)
        assert shown[0].split() == ["OP", "N", "P50", "P99", "MAX", "RETRY", "429", "TMO"]
        assert shown[1].split() == ["place", "812", "4.1", "19.3", "88.0", "3", "0", "1"]
        assert shown[-2].startswith(" ws gap")
        assert shown[-1].startswith(" ui loop")

    show(panel, steps, (60, 10))


def test_nothing_can_be_chosen_in_it() -> None:
    panel, desk = RequestsPanel(), Desk()

    async def steps(pilot: Pilot[None]) -> None:
        panel.sync(desk.frame().requests)
        panel.focus()
        await pilot.press("down", "enter")
        assert panel.cursor_id is None

    show(panel, steps, (60, 10))
