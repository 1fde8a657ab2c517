"""The reconciliation panel at work."""

from __future__ import annotations

from textual.pilot import Pilot

from console.widgets.recon import ReconPanel
from tests.console.widgets.harness import Desk, lines, show


def test_agreement_says_when_and_on_what() -> None:
    panel, desk = ReconPanel(), Desk()

    async def steps(pilot: Pilot[None]) -> None:
        panel.sync(desk.frame().recon)
        await pilot.pause()
        shown = lines(panel)
        assert shown[:2] == [" last ok 14:03:18 (4s)", " orders ✓  pos ✓  fills ✓"]
        assert shown[3] == " no differences"

    show(panel, steps, (42, 8))
