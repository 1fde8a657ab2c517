"""The bar of a recording is one line as wide as the screen, and absent on a live market."""

from __future__ import annotations

from textual.pilot import Pilot

from console.widgets.replay_bar import ReplayBar
from tests.console.fakes import replaying, status
from tests.console.widgets.harness import Desk, Repaints, show


def test_progress_is_words_and_a_bar() -> None:
    bar, desk = ReplayBar(), Desk()

    async def steps(pilot: Pilot[None]) -> None:
        assert not bar.display
        desk.link.tell(replaying())
        bar.sync(desk.frame().replay)
        await pilot.pause()
        assert bar.render_line(0).text == (
            " ▶ PLAYING 1x 14:03:22 ███████░░░░░░░░░░░░░░░  33% 1:40 / 5:00 "
        )
        repaints = Repaints(bar)
        desk.link.tell(replaying())
        bar.sync(desk.frame().replay)
        assert repaints.lines() == []

    show(bar, steps, (63, 5))


def test_a_live_market_hides_it() -> None:
    bar, desk = ReplayBar(), Desk()

    async def steps(pilot: Pilot[None]) -> None:
        desk.link.tell(replaying())
        bar.sync(desk.frame().replay)
        assert bar.display
        desk.link.tell(status())
        bar.sync(desk.frame().replay)
        assert not bar.display
        assert bar.render_line(0).text.strip() == ""

    show(bar, steps, (63, 5))
