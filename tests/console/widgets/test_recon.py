"""The reconciliation panel at work."""

from __future__ import annotations

from decimal import Decimal as D

from textual.pilot import Pilot

from console.glyphs import UNICODE
from console.keymap import read_keymap
from console.replica import Replica
from console.views.recon import ReconView, view
from console.widgets.recon import ReconPanel
from engine.core.events import Drift
from engine.core.reports import Scope
from engine.core.status import ReconcileRun, ReconcileStatus
from tests.console.fakes import NOW, NS, busy_link, status
from tests.console.widgets.harness import Desk, lines, show


def test_agreement_says_when_and_on_what() -> None:
    panel, desk = ReconPanel(read_keymap(None)), Desk()

    async def steps(pilot: Pilot[None]) -> None:
        panel.sync(desk.frame().recon)
        await pilot.pause()
        shown = lines(panel)
        assert shown[:2] == [" last ok 14:03:18 (4s)", " orders ✓  pos ✓  fills ✓"]
        assert shown[3] == " no differences"

    show(panel, steps, (42, 8))


def drifting(runs: int = 0, cause: str = "") -> ReconView:
    """Two differences, and some runs."""
    drifts = tuple(
        Drift(
            symbol=symbol, ours=D("0.9"), venue=D("0.8"), since_ts=NOW - 65 * NS,
            ours_avg=D("60922"), venue_avg=D("60900"), cause=cause,
        )
        for symbol in ("BTCUSDT", "ETHUSDT")
    )  # fmt: skip
    run = ReconcileRun(ts=NOW, duration_s=0.0124, scopes=tuple(Scope))
    link, replica = busy_link(), Replica()
    link.tell(status(reconcile=ReconcileStatus(drift=drifts, history=(run,) * runs)))
    replica.apply(link.poll(), NOW)
    return view(replica, UNICODE, stale=False)


def test_a_narrow_panel_says_in_a_line_what_it_has_no_columns_for() -> None:
    panel = ReconPanel(read_keymap(None))

    async def steps(pilot: Pilot[None]) -> None:
        panel.sync(drifting(runs=3))
        await pilot.pause()
        panel.move_cursor("ETHUSDT")
        panel.sync(drifting(runs=3))
        await pilot.pause()
        assert lines(panel)[2:] == [
            " SYM         VENUE     DIFF CLASS",
            " BTCUSDT    +0.800  !-0.100 unexplained",
            "▸ETHUSDT     +0.80   !-0.10 unexplained",
            " A adopt  F flatten  I ignore",
            " ours +0.90 avg -22.00 P&L ▼-46,584",
            " 14:03:22   12.4 ms ✓ all",
        ]

    show(panel, steps, (42, 10))


def test_a_wide_panel_has_a_column_for_everything_and_a_line_for_causes_alone() -> None:
    panel = ReconPanel(read_keymap(None))

    async def steps(pilot: Pilot[None]) -> None:
        panel.sync(drifting())
        await pilot.pause()
        assert lines(panel)[3] == (
            "▸BTCUSDT       +0.900     +0.800    !-0.100      -22.0     ▲+9.80 unexplained  1m05"
        )
        assert lines(panel)[5:] == ["", " A adopt  F flatten  I ignore"]
        panel.sync(drifting(cause="ignored: known"))
        await pilot.pause()
        assert lines(panel)[6] == " ours +0.900 avg -22.0 P&L ▲+9.80  ignored: known"

    show(panel, steps, (90, 9))
