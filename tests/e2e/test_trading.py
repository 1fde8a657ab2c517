"""One morning on paper: every panel, a resting order changed and cancelled, a fill, leaving."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from engine.core.types import OrderState
from tests.e2e.console import console, recovered

PANELS = ("1 Blotter", "2 Positions", "3 Ladder", "4 Retry", "5 Recon", "6 Events")


def test_a_morning_on_paper_from_the_first_key_to_leaving(tmp_path: Path) -> None:
    with console(tmp_path) as desk:
        # Six panels where there is room, five and the ladder on demand where there is less.
        desk.resize(200, 60)
        desk.wait_for(lambda text: all(panel in text for panel in PANELS))
        desk.wait_for("3 Ladder ── BTCUSDT")
        desk.resize(120, 40)
        desk.wait_for("3 Ladder", gone=True)
        desk.press("3")
        desk.wait_for("3 Ladder ── BTCUSDT")
        desk.press("1")
        desk.wait_for("5 Recon")
        assert "PAPER" in desk.lines[0]
        assert "SAFE" in desk.lines[0]

        # A number that is wrong is an error beside its field, and Enter sends nothing.
        desk.ticket("b", qty="0.0.1", price="55000")
        desk.press("enter", after_s=0.2)
        beside = desk.wait_for("'0.0.1' is not a number")
        assert "Quantity" in next(line for line in beside.splitlines() if "is not a number" in line)
        desk.press("enter", after_s=0.2)
        assert "all 0" in desk.wait_for("'0.0.1' is not a number")
        desk.press("escape")
        desk.wait_for("Quantity", gone=True)

        # A passive order rests; it is changed; it is cancelled.
        desk.order("b", qty="0.010", price="55000")
        desk.wait_for_row("B▲ 0.010 55,000.0 0.000 ○ ACKED")
        desk.act("m", "MODIFY")
        desk.press("ctrl+u", "55100")
        desk.send()
        desk.wait_for_row("B▲ 0.010 55,100.0 0.000 ○ ACKED")
        desk.act("c", "Cancel BUY 0.010 BTCUSDT @ 55,100")
        desk.press("y", after_s=0.2)
        desk.wait_for_row("B▲ 0.010 55,100.0 0.000 ✕ CANCELED")
        desk.wait_for("open 0")

        # A market order fills and the position appears.
        desk.order("b", qty="0.020", market=True)
        desk.wait_for_row("B▲ 0.020 MARKET 0.020 ● FILLED")
        desk.wait_for_row("BTCUSDT ▲+0.020")
        assert "rPnL" in desk.lines[0]

        # Leaving asks what becomes of an open order; Esc stays.
        desk.order("s", qty="0.010", price="66000")
        desk.wait_for("open 1")
        desk.press("q")
        desk.wait_for("1 open order on paper")
        desk.press("escape")
        desk.wait_for("1 open order on paper", gone=True)
        desk.press("q")
        desk.wait_for("1 open order on paper")
        desk.press("c")
        assert desk.wait() == 0
        assert desk.is_restored()

    state = recovered(tmp_path)
    rested, filled, left = state.orders.orders.values()
    assert (rested.state, rested.price) == (OrderState.CANCELED, Decimal("55100"))
    assert (filled.state, filled.cum_qty) == (OrderState.FILLED, Decimal("0.020"))
    assert (left.state, left.cum_qty) == (OrderState.CANCELED, Decimal(0))
    assert state.positions.positions["BTCUSDT"].qty == Decimal("0.020")


def test_pasted_text_and_a_held_key_trade_nothing(tmp_path: Path) -> None:
    with console(tmp_path, size=(80, 24)) as desk:
        desk.send_bytes(b"\x1b[200~bsbscC\rmX\r\x1b[201~")
        desk.send_bytes(b"bbbb\r\r\r\r")
        desk.wait_for("buy ignored")
        # What was said goes again: it covers what is below it.
        desk.wait_for("buy ignored", gone=True)
        assert "Quantity" not in desk.text
        assert "all 0" in desk.text
        assert desk.quit() == 0
