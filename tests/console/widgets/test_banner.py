"""The banner on screen: one line or two, repainted when it says something else."""

from __future__ import annotations

from rich.color import Color
from textual.pilot import Pilot

from console.widgets.banner import Banner
from engine.core import events as ev
from engine.core.types import TradingState
from tests.console.fakes import NOW
from tests.console.widgets.harness import Desk, Repaints, lines, show


def test_one_line_where_it_is_wide_and_two_where_it_is_not() -> None:
    banner, desk = Banner(), Desk()

    async def steps(pilot: Pilot[None]) -> None:
        banner.sync(desk.frame().banner)
        await pilot.pause()
        assert len(lines(banner)) == 1
        assert lines(banner)[0].startswith(" PAPER  │ acct paper │ SAFE (F8 arm)")
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        assert len(lines(banner)) == 2
        assert lines(banner)[1].endswith("14:03:22 UTC")

    show(banner, steps, (140, 24))


def test_the_same_banner_is_not_painted_again() -> None:
    banner, desk = Banner(), Desk()

    async def steps(pilot: Pilot[None]) -> None:
        banner.sync(desk.frame().banner)
        await pilot.pause()
        repaints = Repaints(banner)
        banner.sync(desk.frame().banner)
        assert repaints.lines() == []
        desk.ui.arm = "ARMED"
        banner.sync(desk.frame().banner)
        assert repaints.lines() == [0]

    show(banner, steps, (140, 24))


def test_a_halt_colours_all_of_it() -> None:
    banner, desk = Banner(), Desk()

    async def steps(pilot: Pilot[None]) -> None:
        banner.sync(desk.frame().banner)
        await pilot.pause()
        halt = ev.TradingStateChanged(ts=NOW, state=TradingState.HALTED, by="ops")
        banner.sync(desk.frame(halt).banner)
        await pilot.pause()
        strip = banner.render_line(0)
        assert {s.style.bgcolor for s in strip if s.style} == {Color.parse("#d0021b")}
        assert strip.cell_length == 140

    show(banner, steps, (140, 24))


def test_before_the_first_frame_it_is_blank() -> None:
    banner = Banner()

    async def steps(pilot: Pilot[None]) -> None:
        assert lines(banner) == [""]

    show(banner, steps, (140, 24))
