"""The requests panel at work."""

from __future__ import annotations

from textual.pilot import Pilot

from console.widgets.requests import RequestsPanel
from engine.core.status import BreakerStatus
from tests.console.fakes import NOW, status
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


def test_every_breaker_has_its_line_where_there_is_room_and_an_open_one_everywhere() -> None:
    desk = Desk()
    desk.link.tell(
        status(
            breakers=(
                BreakerStatus(name="place", state="open", since_ts=NOW, probe_ts=NOW, reason="502"),
                BreakerStatus(name="cancel"),
                BreakerStatus(name="query"),
            )
        )
    )
    for height, expected in ((14, ["place", "cancel", "query"]), (8, ["place"])):
        panel = RequestsPanel()

        async def steps(
            pilot: Pilot[None], panel: RequestsPanel = panel, names: list[str] = expected
        ) -> None:
            panel.sync(desk.frame().requests)
            await pilot.pause()
            shown = lines(panel)
            assert [line.split()[0] for line in shown[-len(names) :]] == names

        show(panel, steps, (60, height))
