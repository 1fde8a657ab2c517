"""The positions panel shows totals below, and the curve where there is room."""

from __future__ import annotations

from textual.pilot import Pilot

from console.widgets.positions import PositionsPanel
from engine.core.status import LinkUpdate
from tests.console.fakes import NOW, NS, status
from tests.console.widgets.harness import Desk, Repaints, heard, lines, show


def test_positions_totals_and_curve() -> None:
    panel, desk = PositionsPanel(), Desk()

    async def steps(pilot: Pilot[None]) -> None:
        panel.sync(desk.frame().positions)
        frame = desk.frame(update=LinkUpdate(status=status(ts=NOW + NS)))
        panel.sync(frame.positions)
        await pilot.pause()
        shown = lines(panel)
        assert shown[0].split() == ["SYM", "NET", "AVG", "MARK", "uPNL", "rPNL", "FEES"]
        assert shown[1].startswith("▸BTCUSDT")
        assert " Σ exposure 60,300 USDT  net ▲+92.70" in shown
        assert " net P&L 0:02  low +92.70  high +92.70" in shown
        assert "⠉" in "".join(shown[-8:])

    show(panel, steps, (80, 20))


def test_where_there_is_no_room_the_curve_gives_way() -> None:
    panel, desk = PositionsPanel(), Desk()

    async def steps(pilot: Pilot[None]) -> None:
        panel.sync(desk.frame().positions)
        panel.sync(desk.frame(update=LinkUpdate(status=status(ts=NOW + NS))).positions)
        await pilot.pause()
        shown = lines(panel)
        assert shown[-1] == " uPnL ▲+94.20  rPnL 0.00  fees 1.50"
        assert not any("net P&L" in line for line in shown)
        await pilot.resize_terminal(80, 20)
        await pilot.pause()
        assert any("net P&L" in line for line in lines(panel))

    show(panel, steps, (80, 8))


def test_the_same_frame_twice_repaints_nothing() -> None:
    panel, desk = PositionsPanel(), Desk()

    async def steps(pilot: Pilot[None]) -> None:
        panel.sync(desk.frame().positions)
        await pilot.pause()
        repaints = Repaints(panel)
        panel.sync(desk.frame(update=LinkUpdate(status=status())).positions)
        assert repaints.lines() == []

    show(panel, steps)


def test_the_cursor_names_a_symbol_and_enter_chooses_it() -> None:
    panel, desk = PositionsPanel(), Desk()

    async def steps(pilot: Pilot[None]) -> None:
        panel.sync(desk.frame().positions)
        await pilot.pause()
        panel.focus()
        messages = heard(panel, PositionsPanel.Selected)
        await pilot.press("down", "enter")
        assert panel.cursor_id == "ETHUSDT"
        assert [m.symbol for m in messages] == ["ETHUSDT"]  # type: ignore[attr-defined]

    show(panel, steps)


def test_without_positions_it_says_so() -> None:
    panel = PositionsPanel()

    async def steps(pilot: Pilot[None]) -> None:
        assert lines(panel)[1] == " no positions"

    show(panel, steps)
