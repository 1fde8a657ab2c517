"""What the console shows of itself has quiet defaults."""

from __future__ import annotations

from console.glyphs import UNICODE
from console.ui_state import UiState


def test_a_console_starts_safe_and_says_nothing_of_itself() -> None:
    ui = UiState()
    assert (ui.arm, ui.arm_left_s, ui.symbol, ui.size) == ("SAFE", 0.0, "", "")
    assert (ui.tty_slow, ui.frame_ms, ui.loop_lag_ms, ui.glyphs) == (False, 0.0, 0.0, UNICODE)
